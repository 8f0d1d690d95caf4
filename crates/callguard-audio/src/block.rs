//! What goes in: a block of interleaved samples and its place in media time.

use callguard_core::MediaTime;

/// Lowest sample rate taken, hertz: below, nothing of a voice above 2 kHz is left to judge.
pub const LEAST_RATE_HZ: u32 = 4_000;
/// Highest sample rate taken, hertz.
pub const MOST_RATE_HZ: u32 = 384_000;
/// Most channels taken: the limit on what comes from outside.
pub const MOST_CHANNELS: u16 = 8;

/// How one sample lies in memory. All are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleFormat {
    /// Signed 16 bit.
    S16,
    /// Signed 24 bit in three bytes.
    S24,
    /// Signed 32 bit.
    S32,
    /// 32-bit float, nominal −1 to 1.
    F32,
    /// 64-bit float, nominal −1 to 1.
    F64,
}

impl SampleFormat {
    /// Size of one sample, bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// The format of a stream. A change of it acts as a discontinuity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// Frames per second.
    pub rate_hz: u32,
    /// Interleaved channels.
    pub channels: u16,
    /// How a sample lies in memory.
    pub sample: SampleFormat,
}

impl Format {
    /// # Errors
    /// Names the first limit that the format exceeds.
    pub const fn check(self) -> Result<Self, BlockError> {
        if self.rate_hz < LEAST_RATE_HZ || self.rate_hz > MOST_RATE_HZ {
            return Err(BlockError::Rate { actual_hz: self.rate_hz });
        }
        if self.channels == 0 || self.channels > MOST_CHANNELS {
            return Err(BlockError::Channels { actual: self.channels });
        }
        Ok(self)
    }

    /// Size of one frame (a sample of every channel), bytes.
    #[must_use]
    pub const fn frame_bytes(self) -> usize {
        self.sample.bytes() * self.channels as usize
    }
}

/// Some consecutive frames of a stream, borrowed for the call.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// How `bytes` are to be read.
    pub format: Format,
    /// Whole frames, interleaved.
    pub bytes: &'a [u8],
    /// Media time of the first frame.
    pub at: MediaTime,
    /// Something was lost right before this block.
    pub discontinuity: bool,
    /// The content is not what was recorded (gap, concealment, droppable filler): no evidence.
    pub filled: bool,
}

/// Why a block was not taken. The stream goes on: the next block may be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Convert the stream before, or refuse it.
    #[error("sample rate {actual_hz} Hz: expected {LEAST_RATE_HZ} to {MOST_RATE_HZ} Hz")]
    Rate {
        /// What the block has.
        actual_hz: u32,
    },
    /// Down-mix the stream before, or refuse it.
    #[error("{actual} channels: expected 1 to {MOST_CHANNELS}")]
    Channels {
        /// What the block has.
        actual: u16,
    },
    /// The caller cut inside a frame.
    #[error("{actual} bytes: expected whole frames of {frame} bytes")]
    PartialFrame {
        /// Bytes in the block.
        actual: usize,
        /// Bytes of a frame.
        frame: usize,
    },
}

/// Largest value let through, full scale being 1: 12 dB of headroom for float streams that run hot. Beyond it a sample is
/// not sound, and one of 1e30 would ruin a whole transform.
const MOST_VALUE: f32 = 4.0;

impl Block<'_> {
    /// # Errors
    /// When the format is outside the limits or the bytes are not whole frames.
    pub fn check(&self) -> Result<(), BlockError> {
        self.format.check()?;
        let frame = self.format.frame_bytes();
        if !self.bytes.len().is_multiple_of(frame) {
            return Err(BlockError::PartialFrame { actual: self.bytes.len(), frame });
        }
        Ok(())
    }

    /// Frames in the block.
    #[must_use]
    pub const fn frames(&self) -> usize {
        self.bytes.len() / self.format.frame_bytes()
    }

    /// All samples, interleaved, nominal −1 to 1. What is not a number stays NaN (infinities become it), for the caller to
    /// tell it from silence.
    pub(crate) fn decode(&self, into: &mut Vec<f32>) {
        into.clear();
        let bytes = self.bytes;
        match self.format.sample {
            SampleFormat::S16 => {
                into.extend(bytes.as_chunks().0.iter().map(|b| f32::from(i16::from_le_bytes(*b)) / 32_768.0));
            }
            SampleFormat::S24 => into.extend(bytes.as_chunks().0.iter().map(|[a, b, c]| {
                // In the upper three bytes, so that the sign comes along.
                (i32::from_le_bytes([0, *a, *b, *c]) >> 8) as f32 / 8_388_608.0
            })),
            SampleFormat::S32 => {
                into.extend(bytes.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b) as f32 / 2_147_483_648.0));
            }
            SampleFormat::F32 => into.extend(bytes.as_chunks().0.iter().map(|b| bounded(f32::from_le_bytes(*b)))),
            SampleFormat::F64 => {
                into.extend(bytes.as_chunks().0.iter().map(|b| bounded(f64::from_le_bytes(*b) as f32)))
            }
        }
    }
}

fn bounded(x: f32) -> f32 {
    if x.is_finite() { x.clamp(-MOST_VALUE, MOST_VALUE) } else { f32::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(sample: SampleFormat, bytes: &[u8]) -> Vec<f32> {
        let format = Format { rate_hz: 16_000, channels: 1, sample };
        let mut out = Vec::new();
        Block { format, bytes, at: MediaTime::ZERO, discontinuity: false, filled: false }.decode(&mut out);
        out
    }

    #[test]
    fn every_format_reads_the_same_values() {
        let s16: Vec<u8> = [-32_768i16, 0, 16_384].iter().flat_map(|s| s.to_le_bytes()).collect();
        let s24: Vec<u8> = [-8_388_608i32, 0, 4_194_304].iter().flat_map(|s| s.to_le_bytes()[..3].to_vec()).collect();
        let s32: Vec<u8> = [i32::MIN, 0, 1 << 30].iter().flat_map(|s| s.to_le_bytes()).collect();
        let f32s: Vec<u8> = [-1f32, 0.0, 0.5].iter().flat_map(|s| s.to_le_bytes()).collect();
        let f64s: Vec<u8> = [-1f64, 0.0, 0.5].iter().flat_map(|s| s.to_le_bytes()).collect();
        for (format, bytes) in [
            (SampleFormat::S16, s16),
            (SampleFormat::S24, s24),
            (SampleFormat::S32, s32),
            (SampleFormat::F32, f32s),
            (SampleFormat::F64, f64s),
        ] {
            assert_eq!(decoded(format, &bytes), [-1.0, 0.0, 0.5], "{format:?}");
        }
    }

    #[test]
    fn what_is_no_number_stays_visible() {
        let bytes: Vec<u8> = [f32::NAN, f32::INFINITY, 1e30].iter().flat_map(|s| s.to_le_bytes()).collect();
        let got = decoded(SampleFormat::F32, &bytes);
        assert!(got[0].is_nan() && got[1].is_nan());
        assert_eq!(got[2], MOST_VALUE);
    }

    #[test]
    fn limits_are_errors() {
        let check = |rate_hz, channels, bytes: &[u8]| {
            let format = Format { rate_hz, channels, sample: SampleFormat::S16 };
            Block { format, bytes, at: MediaTime::ZERO, discontinuity: false, filled: false }.check()
        };
        assert_eq!(check(16_000, 2, &[0; 8]), Ok(()));
        assert_eq!(check(3_999, 2, &[]), Err(BlockError::Rate { actual_hz: 3_999 }));
        assert_eq!(check(16_000, 9, &[]), Err(BlockError::Channels { actual: 9 }));
        assert_eq!(check(16_000, 0, &[]), Err(BlockError::Channels { actual: 0 }));
        assert_eq!(check(16_000, 2, &[0; 6]), Err(BlockError::PartialFrame { actual: 6, frame: 4 }));
    }
}
