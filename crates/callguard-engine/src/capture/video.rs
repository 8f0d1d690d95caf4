//! The tap of a video stream.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use callguard_core::{EpochReason, MediaTime};
use callguard_vision::Grid;

use super::block::What;
use super::frame::{FrameBuffer, FrameSlot, Shown, Waiting};
use super::tap::{Flags, Pushed, TapStats};
use crate::pool::{Actor, Waker};

/// One producer's way into a [`crate::LiveCall`] for pictures.
///
/// Made for realtime threads: it never waits and takes no lock. Ask [`takes`](Self::takes) of every picture first: only few are looked at, and only
/// those are worth a reference. Where the analysis is slow the newest picture takes the place of the one that waits, and that is counted.
/// Dropping the tap ends the stream.
pub struct VideoTap {
    call: Arc<dyn Actor>,
    waker: Waker,
    stream: String,
    slot: Arc<FrameSlot>,
    grid: Grid,
    step: Duration,
    cut: bool,
    ended: bool,
}

impl std::fmt::Debug for VideoTap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoTap").field("stream", &self.stream).field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl VideoTap {
    pub(crate) fn new(
        call: Arc<dyn Actor>,
        waker: Waker,
        stream: String,
        slot: Arc<FrameSlot>,
        step: Duration,
    ) -> Self {
        Self { call, waker, stream, slot, grid: Grid::new(step), step, cut: true, ended: false }
    }

    /// The stream's name: the one asked for, or that with a number where another producer has it.
    #[must_use]
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// Counts a picture at media time `at` and says whether it is one of those that are looked at: the first at or after each analysis instant.
    pub fn takes(&mut self, at: MediaTime) -> bool {
        self.slot.counters.frames.fetch_add(1, Relaxed);
        !self.ended && self.grid.takes(at)
    }

    /// Hands over a picture that [`takes`](Self::takes) took.
    pub fn push(&mut self, frame: Box<dyn FrameBuffer>, at: MediaTime, flags: Flags) -> Pushed {
        self.cut |= flags.discontinuity;
        if self.ended {
            self.slot.counters.refused_frames.fetch_add(1, Relaxed);
            return Pushed { dropped_frames: 1 };
        }
        // Made up by the pipeline: what is seen says nothing, for as long as till the next instant.
        let what = if flags.filled { Shown::Gap(self.step) } else { Shown::Frame(frame) };
        self.put(at, what)
    }

    /// The stream has nothing to see from `at` on, for so long: a gap is no evidence.
    pub fn gap(&mut self, at: MediaTime, duration: Duration) -> Pushed {
        if self.ended || duration.is_zero() {
            return Pushed::default();
        }
        let pushed = self.put(at, Shown::Gap(duration));
        self.cut = true;
        pushed
    }

    /// Something was lost: nothing joins what comes to what was.
    pub fn discontinuity(&mut self) {
        self.cut = true;
    }

    /// A picture outside the limits: nobody will look at it.
    pub fn refuse(&mut self) {
        self.slot.counters.refused_frames.fetch_add(1, Relaxed);
        self.cut = true;
    }

    /// Whoever is seen from now on may be another: everyone is judged anew, raised alerts stay.
    pub fn source_changed(&mut self, reason: EpochReason) {
        self.discontinuity();
        self.announce(What::Epoch(reason));
    }

    /// Nothing more will come. What waits is still judged.
    pub fn end(&mut self) {
        if self.ended {
            return;
        }
        self.ended = true;
        self.announce(What::End);
        self.slot.door.detach();
    }

    /// Counters since the stream was opened.
    #[must_use]
    pub fn stats(&self) -> TapStats {
        self.slot.stats()
    }

    fn announce(&self, what: What) {
        self.slot.door.announce(what);
        self.waker.wake(&self.call);
    }

    fn put(&mut self, at: MediaTime, what: Shown) -> Pushed {
        let discontinuity = std::mem::take(&mut self.cut);
        if discontinuity {
            self.slot.counters.discontinuities.fetch_add(1, Relaxed);
        }
        let lost = self.slot.put(Waiting { seq: 0, at, discontinuity, pushed: Instant::now(), what });
        self.waker.wake(&self.call);
        Pushed { dropped_frames: u64::from(lost) }
    }
}

impl Drop for VideoTap {
    fn drop(&mut self) {
        self.end();
    }
}
