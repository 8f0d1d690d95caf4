//! The way of a picture: the newest waits, one is in work, the rest is let go at once.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use callguard_core::MediaTime;
use callguard_vision::PictureFormat;
use crossbeam_queue::ArrayQueue;

use super::door::Door;
use super::queue::Counters;
use super::tap::TapStats;

/// A picture that belongs to someone else, such as a buffer of a camera's pool. It is copied from and let go before anything slow begins: a
/// buffer that is held starves the pool it comes from.
pub trait FrameBuffer: Send {
    /// Copies all planes into `to`, which is overwritten, and says how they lie there.
    ///
    /// # Errors
    /// Why it cannot be read, for people.
    fn copy(&self, to: &mut Vec<u8>) -> Result<PictureFormat, String>;
}

/// What waits for a worker.
pub(crate) struct Waiting {
    /// Counts what was put in, so that a control knows its place.
    pub seq: u64,
    pub at: MediaTime,
    /// Nothing joins it to the picture before.
    pub discontinuity: bool,
    pub pushed: Instant,
    pub what: Shown,
}

pub(crate) enum Shown {
    Frame(Box<dyn FrameBuffer>),
    /// Nothing to be seen for so long, or what is seen was made up.
    Gap(Duration),
}

/// One producer, one consumer, no lock: room for the newest picture alone.
pub(crate) struct FrameSlot {
    newest: ArrayQueue<Waiting>,
    pub door: Door,
    pub counters: Counters,
}

impl FrameSlot {
    /// A slot whose producer is there.
    pub(crate) fn new() -> Self {
        Self { newest: ArrayQueue::new(1), door: Door::new(), counters: Counters::default() }
    }

    /// Puts a picture in the place of the one that waits. True where that one was never looked at.
    pub(crate) fn put(&self, mut waiting: Waiting) -> bool {
        waiting.seq = self.door.count();
        let lost = self.newest.force_push(waiting).is_some_and(|old| matches!(old.what, Shown::Frame(_)));
        if lost {
            self.counters.dropped_frames.fetch_add(1, Relaxed);
        }
        lost
    }

    pub(crate) fn take(&self) -> Option<Waiting> {
        self.newest.pop()
    }

    /// Whether no picture waits.
    pub(crate) fn is_drained(&self) -> bool {
        self.newest.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.newest.is_empty() && self.door.is_quiet()
    }

    pub(crate) fn stats(&self) -> TapStats {
        self.counters.stats(self.newest.len())
    }
}
