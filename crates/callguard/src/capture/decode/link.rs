//! From a decoder's pad to what takes its stream.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callguard_core::MediaTime;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;

use super::{Takers, internal, pictures, sound};
use crate::capture::element;
use crate::capture::guard::{Guard, caps_trouble};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// What the decoder's threads tell the one that waits.
#[derive(Debug, Default)]
pub(super) struct State {
    pub streams: Mutex<Streams>,
    pub complete: AtomicBool,
    /// Media time up to which any stream has come.
    pub heard_ns: AtomicU64,
    /// Counts blocks and pictures; a change is progress.
    pub blocks: AtomicU64,
    /// One was taken.
    pub taken: AtomicBool,
    /// Streams that have ended.
    pub ended: AtomicU64,
    /// Takers at work: their time is not the input's silence.
    pub busy: AtomicU64,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Streams {
    sound: u32,
    pictures: u32,
}

impl Streams {
    pub(super) fn all(self) -> u32 {
        self.sound + self.pictures
    }
}

/// Takes one stream's samples.
pub(super) trait Take: Send {
    fn take(&mut self, sample: &gst::Sample) -> Result<(), Trouble>;

    /// How the stream's pictures lie may be told by tags.
    fn tags(&mut self, _tags: &gst::TagListRef) {}
}

/// What every stream needs to know.
#[derive(Clone)]
pub(super) struct Common {
    pub limits: Limits,
    pub shown: String,
    pub state: Arc<State>,
}

impl Common {
    /// Notes that the stream has come so far.
    pub(super) fn reached(&self, end: MediaTime) -> Result<(), Trouble> {
        self.state.heard_ns.fetch_max(end.as_nanos(), Ordering::AcqRel);
        if end.since(MediaTime::ZERO) <= self.limits.duration {
            return Ok(());
        }
        let most = self.limits.duration.as_secs();
        Err(Trouble::new(
            code::DURATION_LIMIT,
            Stage::Capture,
            format!("{}: longer than {most} s; the rest was not judged", self.shown),
            "Raise capture.duration_s, or cut the recording.",
        ))
    }
}

/// When a sample's first frame is due: running time, as elements have it.
pub(super) fn stamp(sample: &gst::Sample) -> Option<MediaTime> {
    sample
        .segment()
        .and_then(|s| s.downcast_ref::<gst::ClockTime>())
        .zip(sample.buffer().and_then(gst::BufferRef::pts))
        .and_then(|(segment, pts)| segment.to_running_time(pts))
        .map(|t| MediaTime::from_nanos(t.nseconds()))
}

pub(super) struct Link {
    pub shown: String,
    pub limits: Limits,
    pub guard: Guard,
    pub state: Arc<State>,
    pub takers: Takers,
}

impl Link {
    pub(super) fn connect(&self, pipeline: &gst::Pipeline, pad: &gst::Pad) -> Result<(), Trouble> {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let Some(s) = caps.structure(0) else { return Ok(()) };
        let common =
            || Common { limits: self.limits.clone(), shown: self.shown.clone(), state: Arc::clone(&self.state) };
        let (convert, formats, take): (&str, gst::Caps, Box<dyn Take>) = match s.name().as_str() {
            "audio/x-raw" => {
                let Some(open) = &self.takers.sound else { return Ok(()) };
                let number = self.count(s, |streams| &mut streams.sound)?;
                ("audioconvert", sound::formats(), Box::new(sound::Sound::new(common(), open(number))))
            }
            "video/x-raw" => {
                let Some(open) = &self.takers.pictures else { return Ok(()) };
                let number = self.count(s, |streams| &mut streams.pictures)?;
                ("videoconvert", pictures::formats(), Box::new(pictures::Pictures::new(common(), open(number))))
            }
            _ => return Ok(()),
        };
        self.feed(pipeline, pad, (convert, formats), take)
    }

    /// The stream's number among its kind, if it is within the limits.
    fn count(&self, caps: &gst::StructureRef, kind: fn(&mut Streams) -> &mut u32) -> Result<u32, Trouble> {
        if let Some(trouble) = caps_trouble(&self.limits, &self.shown, caps) {
            return Err(trouble);
        }
        let mut streams = self.state.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.all() >= self.limits.streams {
            let what = format!("{}: more than {} streams", self.shown, self.limits.streams);
            return Err(Trouble::new(code::STREAMS_LIMIT, Stage::Open, what, "Split the recording."));
        }
        let number = kind(&mut streams);
        *number += 1;
        Ok(*number)
    }

    /// Pad → converter (which passes on what needs no conversion) → taker.
    fn feed(
        &self,
        pipeline: &gst::Pipeline,
        pad: &gst::Pad,
        (convert, formats): (&str, gst::Caps),
        take: Box<dyn Take>,
    ) -> Result<(), Trouble> {
        let convert = element::make(convert)?;
        // Without preroll: one that waited for the first sample of another stream would hold up the demuxer that is to bring it.
        let sink = gst_app::AppSink::builder().sync(false).async_(false).caps(&formats).max_buffers(1).build();
        sink.set_enable_last_sample(false);
        let feed = Arc::new(Mutex::new(Feed {
            shown: self.shown.clone(),
            guard: self.guard.clone(),
            state: Arc::clone(&self.state),
            take,
        }));
        let into = sink.static_pad("sink").ok_or_else(|| internal(&self.shown, &"appsink has no sink pad"))?;
        listen(&into, Arc::clone(&feed));
        let state = Arc::clone(&self.state);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .eos(move |_| {
                    state.ended.fetch_add(1, Ordering::AcqRel);
                })
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    feed.lock().unwrap_or_else(PoisonError::into_inner).sample(&sample)
                })
                .build(),
        );
        let parts = [convert.upcast_ref(), sink.upcast_ref::<gst::Element>()];
        pipeline.add_many(parts).map_err(|e| internal(&self.shown, &e))?;
        gst::Element::link_many(parts).map_err(|e| internal(&self.shown, &e))?;
        for part in parts {
            part.sync_state_with_parent().map_err(|e| internal(&self.shown, &e))?;
        }
        let into = convert.static_pad("sink").ok_or_else(|| internal(&self.shown, &"a converter has no sink pad"))?;
        pad.link(&into).map_err(|e| internal(&self.shown, &format!("a stream cannot be linked: {e:?}")))?;
        Ok(())
    }
}

/// Has tags told, and says that rows may be padded: else decoders copy each picture to have them packed.
fn listen(pad: &gst::Pad, feed: Arc<Mutex<Feed>>) {
    let kinds = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::QUERY_DOWNSTREAM;
    pad.add_probe(kinds, move |_, info| {
        if let Some(event) = info.event()
            && let gst::EventView::Tag(tag) = event.view()
        {
            feed.lock().unwrap_or_else(PoisonError::into_inner).take.tags(tag.tag());
        }
        if let Some(query) = info.query_mut()
            && let gst::QueryViewMut::Allocation(allocation) = query.view_mut()
        {
            allocation.add_allocation_meta::<gst_video::VideoMeta>(None);
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
}

struct Feed {
    shown: String,
    guard: Guard,
    state: Arc<State>,
    take: Box<dyn Take>,
}

impl Feed {
    fn sample(&mut self, sample: &gst::Sample) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.state.busy.fetch_add(1, Ordering::AcqRel);
        // A panic must not cross into C.
        let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.take.take(sample)));
        self.state.busy.fetch_sub(1, Ordering::AcqRel);
        self.state.blocks.fetch_add(1, Ordering::AcqRel);
        if matches!(taken, Ok(Ok(()))) {
            self.state.taken.store(true, Ordering::Release);
        }
        match taken {
            Ok(Ok(())) if self.guard.found().is_none() => Ok(gst::FlowSuccess::Ok),
            Ok(Ok(())) => Err(gst::FlowError::Eos),
            Ok(Err(trouble)) => {
                self.guard.note(trouble);
                Err(gst::FlowError::Eos)
            }
            Err(_) => {
                self.guard.note(internal(&self.shown, &"an analysis panicked"));
                Err(gst::FlowError::Eos)
            }
        }
    }
}

/// How long a stretch of `n` of `rate` a second is.
pub(super) fn lasting(n: u64, rate_hz: u32) -> Duration {
    MediaTime::from_frames(n, rate_hz).since(MediaTime::ZERO)
}
