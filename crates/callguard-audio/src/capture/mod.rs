//! Capture: blocks of any rate and channel count to 16 kHz mono frames on one grid, each with what is known against it.

mod flags;
mod mono;
mod recording;
mod repeats;
mod resample;

use std::time::Duration;

use callguard_core::{MediaTime, Span};

use crate::{Block, FRAME, Format, RATE_HZ};
use flags::Ledger;
use mono::Mono;
pub use recording::Recording;
use repeats::Repeats;
use resample::To16k;

/// A time stamp this far from where the block before it ended is a jump. GStreamer's own default for audio
/// (`alignment-threshold` of `audiobuffersplit` and the base sink): less is jitter of the clock that stamps.
const JUMP: Duration = Duration::from_millis(40);
/// Fastest drift between a sound card's clock and the pipeline's that is taken for drift, not loss. Crystals keep within 0.01 %; ten times that.
const DRIFT: f64 = 1e-3;

/// 16 ms of sound and what is known of it.
pub(crate) struct Frame {
    /// Nominal −1 to 1; zero past `len`.
    pub samples: [f32; FRAME],
    /// Samples that are real: `FRAME` but for the last of a stretch.
    pub len: usize,
    /// Where it lies.
    pub span: Span,
    /// Some of it was made up by the pipeline, or was no number.
    pub filled: bool,
    /// Share of the stream's own samples at full scale.
    pub full_scale: f32,
    /// Places compared with what was heard before, and those that repeat it.
    pub compared: u16,
    pub repeated: u16,
}

/// One stretch of sound without a break. After a break a new one is made.
pub(crate) struct Capture {
    format: Format,
    mono: Mono,
    repeats: Repeats,
    resampler: To16k,
    ledger: Ledger,
    /// Sample 0 of the 16 kHz stream would lie here; shifted when a drift is followed.
    anchor: (u64, MediaTime),
    /// End of the last block by its own stamps.
    stamped_end: MediaTime,
    decoded: Vec<f32>,
    mixed: Vec<f32>,
    resampled: Vec<f32>,
    /// 16 kHz samples that went into frames.
    framed: u64,
}

impl Capture {
    /// Begins at `first`, which has been checked.
    pub(crate) fn new(first: &Block<'_>) -> Self {
        let Format { rate_hz, channels, .. } = first.format;
        Self {
            format: first.format,
            mono: Mono::new(rate_hz, channels),
            repeats: Repeats::new(rate_hz),
            resampler: To16k::new(rate_hz),
            ledger: Ledger::default(),
            anchor: (0, first.at),
            stamped_end: first.at,
            decoded: Vec::new(),
            mixed: Vec::new(),
            resampled: Vec::new(),
            framed: 0,
        }
    }

    /// Whether `block` goes on where the last one ended.
    pub(crate) fn continues(&self, block: &Block<'_>) -> bool {
        if block.discontinuity || block.format != self.format {
            return false;
        }
        let late = block.at.since(self.stamped_end).max(self.stamped_end.since(block.at));
        if late > JUMP {
            return false;
        }
        let counted = self.counted_end();
        let off = block.at.since(counted).max(counted.since(block.at));
        off <= JUMP || off.as_secs_f64() <= DRIFT * counted.since(self.anchor.1).as_secs_f64()
    }

    /// Takes a block that continues this stretch.
    pub(crate) fn push(&mut self, block: &Block<'_>, out: &mut Vec<Frame>) {
        self.follow_drift(block.at);
        self.stamped_end =
            block.at + MediaTime::from_frames(block.frames() as u64, self.format.rate_hz).since(MediaTime::ZERO);
        block.decode(&mut self.decoded);
        self.mixed.clear();
        let first = self.resampler.taken();
        for (i, frame) in self.decoded.chunks_exact(self.format.channels.into()).enumerate() {
            let x = self.mono.mix(frame);
            let filled = block.filled || x.is_nan();
            let x = if filled { 0.0 } else { x };
            self.ledger.note(self.resampler.place(first + i as u64), x, filled, self.repeats.push(x));
            self.mixed.push(x);
        }
        self.resampler.push(&self.mixed, &mut self.resampled);
        self.frames(false, out);
    }

    /// The end of the stretch: what is still in the filter, and the last frame though it may be short.
    pub(crate) fn flush(&mut self, out: &mut Vec<Frame>) {
        self.resampler.flush(&mut self.resampled);
        self.frames(true, out);
    }

    /// Media time up to which blocks were taken.
    pub(crate) fn end(&self) -> MediaTime {
        self.stamped_end
    }

    fn counted_end(&self) -> MediaTime {
        self.time(self.resampler.place(self.resampler.taken()))
    }

    fn time(&self, sample: u64) -> MediaTime {
        self.anchor.1 + MediaTime::from_frames(sample.saturating_sub(self.anchor.0), RATE_HZ).since(MediaTime::ZERO)
    }

    /// Samples are counted, not stamped, so that jitter moves nothing; only when count and stamps have drifted apart by a jump is the
    /// count moved to the stamp.
    fn follow_drift(&mut self, at: MediaTime) {
        let counted = self.counted_end();
        if at.since(counted).max(counted.since(at)) > JUMP {
            self.anchor = (self.resampler.place(self.resampler.taken()), at);
        }
    }

    fn frames(&mut self, last: bool, out: &mut Vec<Frame>) {
        let mut at = 0;
        while at < self.resampled.len() {
            let len = FRAME.min(self.resampled.len() - at);
            if len < FRAME && !last {
                break;
            }
            let mut samples = [0.0; FRAME];
            samples[..len].copy_from_slice(&self.resampled[at..at + len]);
            let flags = self.ledger.take();
            let from = self.time(self.framed);
            self.framed += len as u64;
            at += len;
            out.push(Frame {
                samples,
                len,
                span: Span::between(from, self.time(self.framed)),
                filled: flags.filled,
                full_scale: flags.full_scale_share(),
                compared: flags.compared,
                repeated: flags.repeated,
            });
        }
        self.resampled.drain(..at);
    }
}
