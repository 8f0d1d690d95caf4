//! What the streaming thread does with a buffer: place it in media time, leave a copy in the tap.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use callguard_core::EpochReason;
use callguard_engine::{AudioFormat, AudioTap, Flags, SampleFormat};

use crate::attendant::{Link, Opened};
use crate::held::{Held, Panicked};
use crate::timeline::Timeline;

/// Counters of the element since it left NULL.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub buffers: AtomicU64,
    pub frames: AtomicU64,
    pub unobserved: AtomicU64,
    pub filled: AtomicU64,
    pub dropped: AtomicU64,
}

impl Counters {
    pub(super) fn structure(&self, engine: &str) -> gst::Structure {
        gst::Structure::builder("callguard-audio-stats")
            .field("engine", engine)
            .field("buffers", self.buffers.load(Relaxed))
            .field("frames", self.frames.load(Relaxed))
            .field("unobserved-frames", self.unobserved.load(Relaxed))
            .field("filled-frames", self.filled.load(Relaxed))
            .field("dropped-frames", self.dropped.load(Relaxed))
            .build()
    }
}

/// The state of the streaming thread. Nothing slow ever holds its lock.
pub(super) struct Flow {
    link: Arc<Link<AudioTap>>,
    counters: Arc<Counters>,
    timeline: Timeline,
    format: Option<AudioFormat>,
    tap: Held<AudioTap>,
    stream_id: Option<String>,
    ended: bool,
}

impl Flow {
    pub(super) fn new(link: Arc<Link<AudioTap>>, counters: Arc<Counters>) -> Self {
        Self {
            link,
            counters,
            timeline: Timeline::default(),
            format: None,
            tap: Held::default(),
            stream_id: None,
            ended: false,
        }
    }

    pub(super) fn link(&self) -> &Arc<Link<AudioTap>> {
        &self.link
    }

    pub(super) fn caps(&mut self, info: &gst_audio::AudioInfo) {
        let sample = match info.format() {
            gst_audio::AudioFormat::S16le => Some(SampleFormat::S16),
            gst_audio::AudioFormat::S24le => Some(SampleFormat::S24),
            gst_audio::AudioFormat::S32le => Some(SampleFormat::S32),
            gst_audio::AudioFormat::F32le => Some(SampleFormat::F32),
            gst_audio::AudioFormat::F64le => Some(SampleFormat::F64),
            _ => None,
        };
        let channels = u16::try_from(info.channels()).ok();
        let format =
            sample.zip(channels).map(|(sample, channels)| AudioFormat { rate_hz: info.rate(), channels, sample });
        if self.format != format {
            self.timeline.set_rate(info.rate());
            self.format = format;
        }
    }

    pub(super) fn buffer(&mut self, buffer: &gst::BufferRef) {
        let Some(format) = self.format else { return };
        let frames = buffer.size() / format.frame_bytes().max(1);
        self.counters.buffers.fetch_add(1, Relaxed);
        self.counters.frames.fetch_add(frames as u64, Relaxed);
        if !self.observe(buffer, format, frames) {
            self.counters.unobserved.fetch_add(frames as u64, Relaxed);
            self.timeline.cut();
        }
    }

    /// `false`: nobody looks at these frames.
    fn observe(&mut self, buffer: &gst::BufferRef, format: AudioFormat, frames: usize) -> bool {
        use gst::BufferFlags as F;
        if format.check().is_err() {
            return false;
        }
        let flags = buffer.flags();
        let cut = flags.intersects(F::DISCONT | F::RESYNC);
        let filled = flags.intersects(F::GAP | F::DROPPABLE | F::CORRUPTED | F::DECODE_ONLY);
        if self.tap.is_empty()
            && let Some(Opened { tap, now }) = self.link.take()
        {
            self.timeline.join(now);
            self.tap.put(tap);
        }
        let Some(placed) = self.timeline.place(buffer.pts(), cut, frames) else { return false };
        if self.tap.is_empty() {
            return false;
        }
        let Ok(map) = buffer.map_readable() else { return false };
        let frame = format.frame_bytes();
        let from = placed.skip * frame;
        let Some(pcm) = map.get(from..from + placed.frames * frame) else { return false };
        let flags = Flags { discontinuity: placed.discontinuity, filled };
        let Some(pushed) = self.tapped(|tap| tap.push(pcm, format, placed.at, flags)) else { return false };
        if filled {
            self.counters.filled.fetch_add(placed.frames as u64, Relaxed);
        }
        self.counters.unobserved.fetch_add((frames - placed.frames) as u64, Relaxed);
        self.counters.dropped.fetch_add(pushed.dropped_frames, Relaxed);
        true
    }

    pub(super) fn event(&mut self, event: &gst::Event) {
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
                self.tapped(AudioTap::discontinuity);
                self.begin_again();
            }
            gst::EventView::Eos(_) => self.end(),
            _ => {}
        }
    }

    fn stream_start(&mut self, id: &str) {
        let other = self.stream_id.as_deref().is_some_and(|before| before != id);
        self.stream_id = Some(id.into());
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
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.tapped(AudioTap::end);
        self.tap.clear();
    }

    /// The element stopped: another start may follow.
    pub(super) fn stop(&mut self) {
        self.end();
        self.ended = false;
        self.timeline.stop();
        self.format = None;
        self.stream_id = None;
    }

    /// Runs what belongs to the engine. `None`: there is no tap, or there was one.
    fn tapped<R>(&mut self, run: impl FnOnce(&mut AudioTap) -> R) -> Option<R> {
        self.tap.with(run).unwrap_or_else(|Panicked| {
            self.link.lose("the tap panicked");
            None
        })
    }
}
