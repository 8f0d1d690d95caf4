//! The tap: where a media thread leaves a copy of its samples.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use callguard_core::{EpochReason, MediaTime};

use super::block::{BLOCK, Block, What};
use super::queue::StreamQueue;
use crate::pool::{Actor, Waker};
use crate::{AudioFormat, SampleFormat};

/// A timestamp that is further than this from where the samples before it end begins a new stretch. GStreamer's audio sinks
/// take the same 40 ms for jitter (`alignment-threshold`).
const ALIGNMENT: Duration = Duration::from_millis(40);
/// Of a gap before any sample.
const NO_FORMAT: AudioFormat = AudioFormat { rate_hz: 16_000, channels: 1, sample: SampleFormat::S16 };

/// What is true of the samples of one push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Something was lost right before them.
    pub discontinuity: bool,
    /// They are not what was recorded (gap, concealment, droppable filler): no evidence.
    pub filled: bool,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Frames, older ones or these, that will not be looked at.
    pub dropped_frames: u64,
}

/// Counters of one stream since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TapStats {
    /// Frames of sound, or pictures, pushed.
    pub frames: u64,
    /// Frames that overflow took before they were looked at; of pictures, those that were to be looked at and were not.
    pub dropped_frames: u64,
    /// Frames of a format outside the limits of [`AudioFormat::check`], or pushed after the end.
    pub refused_frames: u64,
    /// Analysis hops that overflow took.
    pub dropped_hops: u64,
    /// Windows, or looks, whose answer was too late to count.
    pub late_windows: u64,
    /// Times that nothing joined a block to the one before.
    pub discontinuities: u64,
    /// Blocks of 100 ms, or pictures, that wait for a worker now.
    pub waiting: usize,
    /// Buffers that the media thread itself had to allocate.
    pub allocations: u64,
}

/// Where the samples so far end. Each block carries the stamp of its own first frame: the analysis follows a drifting
/// clock by it.
#[derive(Clone, Copy, Debug)]
struct End {
    format: AudioFormat,
    at: MediaTime,
}

impl End {
    fn joins(self, format: AudioFormat, at: MediaTime) -> bool {
        self.format == format && at.since(self.at).max(self.at.since(at)) <= ALIGNMENT
    }
}

/// One producer's way into a [`crate::LiveCall`].
///
/// Made for realtime threads: it never waits, takes no lock that slow code holds, and allocates only while a worker is late
/// (counted in [`TapStats::allocations`]). Dropping it ends the stream.
pub struct AudioTap {
    call: Arc<dyn Actor>,
    waker: Waker,
    stream: String,
    queue: Arc<StreamQueue>,
    building: Option<Block>,
    end: Option<End>,
    cut: bool,
    ended: bool,
}

impl std::fmt::Debug for AudioTap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioTap").field("stream", &self.stream).field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl AudioTap {
    pub(crate) fn new(call: Arc<dyn Actor>, waker: Waker, stream: String, queue: Arc<StreamQueue>) -> Self {
        Self { call, waker, stream, queue, building: None, end: None, cut: true, ended: false }
    }

    /// The stream's name: the one asked for, or that with a number where another producer has it.
    #[must_use]
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// Several people speak in the stream, one after the other: said before its first sample. Then turns are judged, each by itself, and nobody is
    /// said to be genuine, see [`callguard_core::Call::end_turn`].
    pub fn mix(&self) {
        self.queue.mixed.store(true, Relaxed);
    }

    /// Takes a copy of whole interleaved frames whose first is at media time `at`.
    ///
    /// Where the analysis is 10 s behind, its oldest hop goes and is counted; a window never spans what went.
    pub fn push(&mut self, pcm: &[u8], format: AudioFormat, at: MediaTime, flags: Flags) -> Pushed {
        let frame_bytes = format.frame_bytes().max(1);
        let frames = (pcm.len() / frame_bytes) as u64;
        let counters = &self.queue.counters;
        counters.frames.fetch_add(frames, Relaxed);
        if self.ended || format.check().is_err() {
            counters.refused_frames.fetch_add(frames, Relaxed);
            self.cut = true;
            return Pushed { dropped_frames: frames };
        }
        self.cut |= flags.discontinuity || !self.end.is_some_and(|end| end.joins(format, at));
        let mut dropped = 0;
        if self.cut || self.building.as_ref().is_some_and(|b| b.filled != flags.filled) {
            dropped += self.emit();
        }
        let block_frames = (u64::from(format.rate_hz) * BLOCK.as_millis() as u64 / 1000).max(1);
        let block_bytes = block_frames as usize * frame_bytes;
        let stamp = |taken: usize| at + frames_to_time((taken / frame_bytes) as u64, format.rate_hz);
        let pcm = &pcm[..frames as usize * frame_bytes];
        let mut taken = 0;
        while taken < pcm.len() {
            let mut block = match self.building.take() {
                Some(block) => block,
                None => self.begin(stamp(taken), format, flags.filled, block_bytes),
            };
            let take = (pcm.len() - taken).min(block_bytes - block.pcm.len());
            block.pcm.extend_from_slice(&pcm[taken..taken + take]);
            taken += take;
            let full = block.pcm.len() >= block_bytes;
            self.building = Some(block);
            if full {
                dropped += self.emit();
            }
        }
        self.end = Some(End { format, at: stamp(taken) });
        Pushed { dropped_frames: dropped }
    }

    /// The stream has nothing to hear from `at` on, for so long: a gap is no evidence.
    pub fn gap(&mut self, at: MediaTime, duration: Duration) -> Pushed {
        let mut dropped = self.emit();
        self.cut = true;
        if !self.ended && duration > Duration::ZERO {
            let format = self.end.map_or(NO_FORMAT, |end| end.format);
            let block = self.begin(at, format, true, 0);
            self.building = Some(Block { duration, ..block });
            dropped += self.emit();
            self.end = Some(End { format, at: at + duration });
            self.cut = true;
        }
        Pushed { dropped_frames: dropped }
    }

    /// Something was lost: nothing joins what comes to what was.
    pub fn discontinuity(&mut self) {
        self.emit();
        self.cut = true;
    }

    /// Whoever is heard from now on may be another: the participant is judged anew, its raised alerts stay.
    pub fn source_changed(&mut self, reason: EpochReason) {
        self.discontinuity();
        self.announce(What::Epoch(reason));
    }

    /// Nothing more will come. What waits is still judged.
    pub fn end(&mut self) {
        if self.ended {
            return;
        }
        self.emit();
        self.ended = true;
        self.announce(What::End);
        self.queue.door.detach();
    }

    /// Counters since the stream was opened.
    #[must_use]
    pub fn stats(&self) -> TapStats {
        self.queue.stats()
    }

    fn announce(&self, what: What) {
        self.queue.door.announce(what);
        self.waker.wake(&self.call);
    }

    fn begin(&mut self, at: MediaTime, format: AudioFormat, filled: bool, capacity: usize) -> Block {
        if self.cut && self.end.is_some() {
            self.queue.counters.discontinuities.fetch_add(1, Relaxed);
        }
        Block {
            seq: 0,
            at,
            format,
            discontinuity: std::mem::take(&mut self.cut),
            filled,
            duration: Duration::ZERO,
            pushed: Instant::now(),
            pcm: self.queue.take_buffer(capacity),
        }
    }

    /// Hands the block that is being filled to the workers.
    fn emit(&mut self) -> u64 {
        let Some(mut block) = self.building.take() else { return 0 };
        if !block.pcm.is_empty() {
            block.duration = frames_to_time(block.frames(), block.format.rate_hz);
        }
        block.pushed = Instant::now();
        let dropped = self.queue.put(block);
        self.waker.wake(&self.call);
        dropped
    }
}

impl Drop for AudioTap {
    fn drop(&mut self) {
        self.end();
    }
}

fn frames_to_time(frames: u64, rate_hz: u32) -> Duration {
    MediaTime::from_frames(frames, rate_hz).since(MediaTime::ZERO)
}
