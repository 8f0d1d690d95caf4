//! What travels from the tap to the workers.

use std::time::{Duration, Instant};

use callguard_core::{EpochReason, MediaTime};

use crate::AudioFormat;

/// Media time in one block. Ten make a second: a turn of a worker is short, and an overflow takes little at a time.
pub(crate) const BLOCK: Duration = Duration::from_millis(100);

/// A stretch of one stream. The buffer is recycled: see [`super::StreamQueue`].
#[derive(Debug)]
pub(crate) struct Block {
    /// Counts the stream's blocks, so that the reader sees what overflow took.
    pub seq: u64,
    /// Media time of the first frame.
    pub at: MediaTime,
    /// How `pcm` is laid out.
    pub format: AudioFormat,
    /// Nothing joins it to the block before.
    pub discontinuity: bool,
    /// Made up by the pipeline: no evidence.
    pub filled: bool,
    /// How long it is. A gap has a duration and no samples.
    pub duration: Duration,
    /// When the last of it was pushed.
    pub pushed: Instant,
    /// Interleaved frames, whole ones only.
    pub pcm: Vec<u8>,
}

impl Block {
    pub(crate) fn frames(&self) -> u64 {
        (self.pcm.len() / self.format.frame_bytes().max(1)) as u64
    }
}

/// What must arrive even where blocks are lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    /// It holds from this block on.
    pub from_seq: u64,
    pub what: What,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// Whoever speaks now may be another: judge anew.
    Epoch(EpochReason),
    /// The stream ended.
    End,
}
