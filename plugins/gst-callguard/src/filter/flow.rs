//! What the streaming thread does with a buffer and an event, whatever is in the stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use callguard_core::EpochReason;
use callguard_engine::LiveCall;

use crate::attendant::{Link, Opened};
use crate::held::{Held, Panicked};
use crate::tap::Tap;
use crate::timeline::Timeline;

/// How sound or pictures are left in a tap. Nothing here may wait, map what it need not, or convert.
pub(crate) trait Medium: Send + 'static {
    /// Where they are left.
    type Tap: Tap;
    /// The name of the statistics.
    const STATS: &str;

    /// New caps. `Ok(true)`: nothing joins what comes to what was.
    ///
    /// # Errors
    /// They are of another medium.
    fn caps(&mut self, caps: &gst::CapsRef) -> Result<bool, gst::glib::BoolError>;
    /// Why buffers of these caps pass unobserved, for people.
    fn refusal(&self) -> Option<String>;
    /// How much there is in a buffer, frames.
    fn frames(&self, buffer: &gst::BufferRef) -> u64;
    /// Leaves a buffer in the tap, where there is one. `None`: nobody looks at it.
    fn observe(&mut self, stream: &mut Stream<Self::Tap>, buffer: &gst::Buffer) -> Option<Seen>;
    /// What tags say of the stream.
    fn tags(&mut self, _tags: &gst::TagListRef) {}
    /// Another stream begins: what tags said of the one before is not true of it.
    fn begin(&mut self) {}
    /// The buffer to pass on: as it came, unless something else was asked for.
    fn pass(&self, _stream: &Stream<Self::Tap>, buffer: gst::Buffer) -> gst::Buffer {
        buffer
    }
    /// The element stopped: caps and tags are forgotten.
    fn reset(&mut self);
}

/// What became of a buffer, frames.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Handed to the analysis.
    pub taken: u64,
    /// Left out, since the segment leaves them out.
    pub outside: u64,
    /// Made up by the pipeline.
    pub filled: u64,
    /// Of an earlier buffer: the analysis was late for them.
    pub dropped: u64,
}

/// Counters of the element since it left NULL.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    buffers: AtomicU64,
    frames: AtomicU64,
    taken: AtomicU64,
    unobserved: AtomicU64,
    filled: AtomicU64,
    dropped: AtomicU64,
}

impl Counters {
    fn count(&self, frames: u64, seen: Option<Seen>) {
        let Seen { taken, outside, filled, dropped } = seen.unwrap_or(Seen { outside: frames, ..Seen::default() });
        let all = [(&self.buffers, 1), (&self.frames, frames), (&self.taken, taken)];
        let rest = [(&self.unobserved, outside), (&self.filled, filled), (&self.dropped, dropped)];
        for (counter, n) in all.into_iter().chain(rest) {
            counter.fetch_add(n, Relaxed);
        }
    }

    pub(super) fn structure(&self, name: &str, engine: &str) -> gst::Structure {
        gst::Structure::builder(name)
            .field("engine", engine)
            .field("buffers", self.buffers.load(Relaxed))
            .field("frames", self.frames.load(Relaxed))
            .field("taken-frames", self.taken.load(Relaxed))
            .field("unobserved-frames", self.unobserved.load(Relaxed))
            .field("filled-frames", self.filled.load(Relaxed))
            .field("dropped-frames", self.dropped.load(Relaxed))
            .build()
    }
}

/// Of which buffers the pipeline says that they are not what was recorded.
const FILLED: gst::BufferFlags = gst::BufferFlags::GAP
    .union(gst::BufferFlags::DROPPABLE)
    .union(gst::BufferFlags::CORRUPTED)
    .union(gst::BufferFlags::DECODE_ONLY);
/// Which buffers do not follow the one before.
const CUT: gst::BufferFlags = gst::BufferFlags::DISCONT.union(gst::BufferFlags::RESYNC);

/// A stream on its way into a call.
pub(crate) struct Stream<T: Tap> {
    link: Arc<Link<T>>,
    pub timeline: Timeline,
    tap: Held<T>,
    call: Option<LiveCall>,
    id: Option<String>,
    ended: bool,
}

impl<T: Tap> Stream<T> {
    /// Whether something is there to leave buffers in. Takes the tap that was opened meanwhile.
    pub(crate) fn is_tapped(&mut self) -> bool {
        if self.tap.is_empty()
            && let Some(Opened { tap, call, now }) = self.link.take()
        {
            self.timeline.join(now);
            self.tap.put(tap);
            self.call = Some(call);
        }
        !self.tap.is_empty()
    }

    /// Whether a buffer does not follow the one before, and whether the pipeline made it up.
    pub(crate) fn flags(buffer: &gst::BufferRef) -> (bool, bool) {
        (buffer.flags().intersects(CUT), buffer.flags().intersects(FILLED))
    }

    /// Runs what belongs to the engine. `None`: there is no tap, or there was one.
    pub(crate) fn tapped<R>(&mut self, run: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.tap.with(run).unwrap_or_else(|Panicked| {
            self.link.lose("the tap panicked");
            None
        })
    }

    /// The call, and the stream's name in it.
    pub(crate) fn seat(&self) -> Option<(&LiveCall, &str)> {
        Some((self.call.as_ref()?, self.tap.get()?.stream()))
    }

    fn event(&mut self, event: &gst::Event) {
        match event.view() {
            gst::EventView::StreamStart(start) => self.stream_start(start.stream_id()),
            gst::EventView::Segment(segment) => self.timeline.set_segment(segment.segment()),
            gst::EventView::Gap(gap) => {
                let (pts, duration) = gap.get();
                if let Some((at, duration)) = self.timeline.place_gap(pts, duration) {
                    self.tapped(|tap| tap.gap(at, duration));
                }
            }
            gst::EventView::FlushStop(flush) => {
                self.timeline.flush(flush.resets_time());
                self.tapped(T::discontinuity);
                self.begin_again();
            }
            gst::EventView::Eos(_) => self.end(),
            _ => {}
        }
    }

    fn stream_start(&mut self, id: &str) {
        let other = self.id.as_deref().is_some_and(|before| before != id);
        self.id = Some(id.into());
        if other && !self.ended {
            self.tapped(|tap| tap.source_changed(EpochReason::NewDevice));
        }
        self.begin_again();
    }

    /// After the end of a stream another may follow.
    fn begin_again(&mut self) {
        if std::mem::take(&mut self.ended) {
            self.link.want();
        }
    }

    /// Nothing more will come.
    fn end(&mut self) {
        self.ended = true;
        self.tapped(T::end);
        self.tap.clear();
        self.call = None;
    }
}

/// The state of the streaming thread. Nothing slow ever holds its lock.
pub(super) struct Flow<M: Medium> {
    stream: Stream<M::Tap>,
    medium: M,
    counters: Arc<Counters>,
}

impl<M: Medium> Flow<M> {
    pub(super) fn new(link: Arc<Link<M::Tap>>, medium: M, counters: Arc<Counters>) -> Self {
        let (timeline, tap) = (Timeline::default(), Held::default());
        Self { stream: Stream { link, timeline, tap, call: None, id: None, ended: false }, medium, counters }
    }

    pub(super) fn link(&self) -> &Arc<Link<M::Tap>> {
        &self.stream.link
    }

    /// Why buffers of these caps pass unobserved, where that is so.
    pub(super) fn caps(&mut self, caps: &gst::CapsRef) -> Result<Option<String>, gst::glib::BoolError> {
        if self.medium.caps(caps)? {
            self.stream.timeline.cut();
        }
        Ok(self.medium.refusal())
    }

    pub(super) fn buffer(&mut self, buffer: gst::Buffer) -> gst::Buffer {
        let frames = self.medium.frames(&buffer);
        let seen = self.medium.observe(&mut self.stream, &buffer);
        if seen.is_none() {
            self.stream.timeline.cut();
        }
        self.counters.count(frames, seen);
        self.medium.pass(&self.stream, buffer)
    }

    pub(super) fn event(&mut self, event: &gst::Event) {
        match event.view() {
            gst::EventView::StreamStart(_) => self.medium.begin(),
            gst::EventView::Tag(tag) => self.medium.tags(tag.tag()),
            _ => {}
        }
        self.stream.event(event);
    }

    /// The element stopped: another start may follow.
    pub(super) fn stop(&mut self) {
        self.stream.end();
        self.stream.ended = false;
        self.stream.timeline.stop();
        self.stream.id = None;
        self.medium.reset();
    }
}
