//! The bounded queue of one stream: one producer, one consumer, no lock.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};

use crossbeam_queue::ArrayQueue;

use super::block::{BLOCK, Block};
use super::door::Door;
use super::tap::TapStats;

/// Media time that may wait. What is older than this when its turn comes is of no use to a live verdict.
const RING_S: usize = 10;
/// Blocks in the ring.
pub(crate) const RING_BLOCKS: usize = RING_S * 1000 / BLOCK.as_millis() as usize;
/// Buffers kept ready for the producer beyond what waits. Two would do for a worker that is never late; a dozen
/// rides out a late one without the producer having to allocate.
const SPARE: usize = 12;
/// Counters that producer and readers share.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub frames: AtomicU64,
    pub dropped_frames: AtomicU64,
    pub refused_frames: AtomicU64,
    pub dropped_hops: AtomicU64,
    pub discontinuities: AtomicU64,
    pub late_windows: AtomicU64,
    pub allocations: AtomicU64,
}

impl Counters {
    pub(crate) fn stats(&self, waiting: usize) -> TapStats {
        TapStats {
            frames: self.frames.load(Relaxed),
            dropped_frames: self.dropped_frames.load(Relaxed),
            refused_frames: self.refused_frames.load(Relaxed),
            dropped_hops: self.dropped_hops.load(Relaxed),
            late_windows: self.late_windows.load(Relaxed),
            discontinuities: self.discontinuities.load(Relaxed),
            waiting,
            allocations: self.allocations.load(Relaxed),
        }
    }
}

/// Blocks on their way to a worker, and empty buffers on their way back.
#[derive(Debug)]
pub(crate) struct StreamQueue {
    ring: ArrayQueue<Block>,
    spare: ArrayQueue<Vec<u8>>,
    pub door: Door,
    /// Blocks in one hop of the analysis: what an overflow takes.
    hop_blocks: usize,
    pub counters: Counters,
    /// Several people speak in it.
    pub mixed: AtomicBool,
}

impl StreamQueue {
    /// A queue whose producer is there.
    pub(crate) fn new(hop_blocks: usize) -> Self {
        Self {
            ring: ArrayQueue::new(RING_BLOCKS),
            spare: ArrayQueue::new(RING_BLOCKS + SPARE),
            door: Door::new(),
            hop_blocks: hop_blocks.clamp(1, RING_BLOCKS),
            counters: Counters::default(),
            mixed: AtomicBool::new(false),
        }
    }

    /// An empty buffer. Allocates only where the spare ones are used up, that is while a worker is late.
    pub(crate) fn take_buffer(&self, capacity: usize) -> Vec<u8> {
        if capacity == 0 {
            return Vec::new();
        }
        let mut buffer = self.spare.pop().unwrap_or_default();
        if buffer.capacity() < capacity {
            self.counters.allocations.fetch_add(1, Relaxed);
            buffer.reserve_exact(capacity);
        }
        buffer
    }

    /// Puts a block in; where there is no room the oldest whole hop goes. Returns the frames that went.
    pub(crate) fn put(&self, mut block: Block) -> u64 {
        block.seq = self.door.count();
        let Some(oldest) = self.ring.force_push(block) else {
            return 0;
        };
        let mut lost = oldest.frames();
        self.recycle(oldest);
        for _ in 1..self.hop_blocks {
            let Some(next) = self.ring.pop() else { break };
            lost += next.frames();
            self.recycle(next);
        }
        self.counters.dropped_frames.fetch_add(lost, Relaxed);
        self.counters.dropped_hops.fetch_add(1, Relaxed);
        lost
    }

    /// The next block, for the consumer.
    pub(crate) fn take(&self) -> Option<Block> {
        self.ring.pop()
    }

    /// Gives a block's buffer back.
    pub(crate) fn recycle(&self, block: Block) {
        let mut pcm = block.pcm;
        if pcm.capacity() > 0 {
            pcm.clear();
            // Full: one too many, let it go.
            let _ = self.spare.push(pcm);
        }
    }

    /// The consumer keeps a few buffers ready, so that the producer never needs to make one.
    pub(crate) fn top_up(&self, capacity: usize) {
        while capacity > 0 && self.spare.len() < SPARE {
            if self.spare.push(Vec::with_capacity(capacity)).is_err() {
                break;
            }
        }
    }

    /// Whether no block waits.
    pub(crate) fn is_drained(&self) -> bool {
        self.ring.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ring.is_empty() && self.door.is_quiet()
    }

    pub(crate) fn stats(&self) -> TapStats {
        self.counters.stats(self.ring.len())
    }
}
