//! What is drawn on the next picture, kept as long as it looks the same.

use std::sync::Arc;
use std::time::{Duration, Instant};

use callguard_core::MediaTime;
use callguard_engine::Turn;
use gst::ClockTime;

use super::compose::{Canvas, Composer};
use super::scene::{Said, scene};
use super::watch::Watch;
use crate::held::Held;
use crate::upright;

/// How often an overlay without an engine asks its neighbours again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The state of the streaming thread.
pub(super) struct Stage {
    watch: Arc<Watch>,
    stream: Option<String>,
    looked: Option<Instant>,
    info: Option<gst_video::VideoInfo>,
    turn: Turn,
    segment: Option<gst::FormattedSegment<ClockTime>>,
    composer: Held<Composer>,
    shown: Option<(Vec<Said>, Canvas)>,
    composition: Option<gst_video::VideoOverlayComposition>,
}

impl Stage {
    pub(super) fn new(watch: Arc<Watch>, stream: Option<String>) -> Self {
        let mut composer = Held::default();
        composer.put(Composer::default());
        Self {
            watch,
            stream,
            looked: None,
            info: None,
            turn: Turn::None,
            segment: None,
            composer,
            shown: None,
            composition: None,
        }
    }

    pub(super) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    pub(super) fn is_due_to_look(&mut self) -> bool {
        let due = self.watch.is_alone() && self.looked.is_none_or(|at| at.elapsed() >= LOOK_AGAIN);
        if due {
            self.looked = Some(Instant::now());
        }
        due
    }

    pub(super) fn set_info(&mut self, info: gst_video::VideoInfo) {
        self.info = Some(info);
    }

    /// The element stopped.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.watch.clone(), self.stream.take());
    }

    pub(super) fn event(&mut self, event: &gst::Event) {
        match event.view() {
            gst::EventView::StreamStart(_) => self.turn = Turn::None,
            gst::EventView::Tag(tag) => self.turn = upright::turn_of(tag.tag()).unwrap_or(self.turn),
            gst::EventView::Segment(segment) => {
                self.segment = segment.segment().downcast_ref::<ClockTime>().cloned();
            }
            gst::EventView::FlushStop(_) => self.segment = None,
            _ => {}
        }
    }

    /// The picture with all that is to be said on it. Where that is nothing, the buffer as it came.
    pub(super) fn draw(&mut self, mut buffer: gst::Buffer) -> gst::Buffer {
        self.refresh(buffer.pts());
        let (Some(composition), Some(info)) = (&self.composition, &self.info) else { return buffer };
        // What is shared is copied here, and only then.
        if let Ok(mut frame) = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.make_mut(), info) {
            // Only fails where there is nothing to blend.
            let _ = composition.blend(&mut frame);
        }
        buffer
    }

    fn refresh(&mut self, pts: Option<ClockTime>) {
        let Some(canvas) = self.info.as_ref().map(|info| canvas(info, self.turn)) else { return };
        let running = pts.and_then(|pts| self.segment.as_ref()?.to_running_time(pts));
        let running = running.map(|running| MediaTime::from_nanos(running.nseconds()));
        let said = scene(self.watch.guard(), self.stream.as_deref(), running);
        if self.shown.as_ref().is_some_and(|(before, on)| *before == said && *on == canvas) {
            return;
        }
        // A picture without words is better than none: a panic costs the words.
        let composed = self.composer.with(|composer| composer.compose(&said, canvas));
        self.composition = composed.ok().flatten().flatten();
        self.shown = Some((said, canvas));
    }
}

fn canvas(info: &gst_video::VideoInfo, turn: Turn) -> Canvas {
    let (width, height) = (info.width(), info.height());
    let aspect = f64::from(info.par().numer().max(1)) / f64::from(info.par().denom().max(1));
    // Fewer pixels than are stored would blur what is drawn.
    let (across, down) = if aspect < 1.0 { (1.0, 1.0 / aspect) } else { (aspect, 1.0) };
    let square = |pixels: u32, stretch: f64| (f64::from(pixels) * stretch).round() as u32;
    let (wide, high) = (square(width, across), square(height, down));
    let upright = if matches!(turn, Turn::Right | Turn::Left) { (high, wide) } else { (wide, high) };
    Canvas { stored: (width, height), upright, turn }
}
