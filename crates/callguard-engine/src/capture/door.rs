//! A way into a stream: who produces it, what its pieces are counted by, and what must arrive even where pieces are lost.

use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{AcqRel, Relaxed, Release},
};

use crossbeam_queue::ArrayQueue;

use super::block::{Control, What};

/// Source changes that may wait; more than this within ten seconds are one change.
const CONTROLS: usize = 16;

/// See the module.
#[derive(Debug)]
pub(crate) struct Door {
    controls: ArrayQueue<Control>,
    /// The next piece's number: the producer's alone.
    seq: AtomicU64,
    /// Whether a producer has it.
    attached: AtomicBool,
}

impl Door {
    /// One whose producer is there.
    pub(crate) fn new() -> Self {
        Self { controls: ArrayQueue::new(CONTROLS), seq: AtomicU64::new(0), attached: AtomicBool::new(true) }
    }

    /// A producer takes the stream; false where another has it.
    pub(crate) fn attach(&self) -> bool {
        !self.attached.swap(true, AcqRel)
    }

    pub(crate) fn detach(&self) {
        self.attached.store(false, Release);
    }

    /// The next piece's number.
    pub(crate) fn count(&self) -> u64 {
        self.seq.fetch_add(1, Relaxed)
    }

    /// Announces something that holds from the next piece on.
    pub(crate) fn announce(&self, what: What) {
        // The oldest goes where there is no room: the newer source change stands for both.
        self.controls.force_push(Control { from_seq: self.seq.load(Relaxed), what });
    }

    pub(crate) fn next_control(&self) -> Option<Control> {
        self.controls.pop()
    }

    /// Whether nothing was announced that waits.
    pub(crate) fn is_quiet(&self) -> bool {
        self.controls.is_empty()
    }
}
