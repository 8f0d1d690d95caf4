//! An audio stream's samples as blocks.

use std::time::Duration;

use callguard_audio::{Block, Format, SampleFormat};
use callguard_core::MediaTime;
use gstreamer as gst;
use gstreamer_audio as gst_audio;

use super::link::{Common, Take, lasting, stamp};
use super::{Hear, damaged};
use crate::capture::guard::caps_trouble;
use crate::trouble::Trouble;

/// Jumps in time stamps up to this are rounding of containers (the coarsest in use count milliseconds; MP3 and AAC frames last
/// up to 26 ms at 44.1 kHz, so a lost frame must show).
const JITTER: Duration = Duration::from_millis(20);

/// What the converter may leave.
pub(super) fn formats() -> gst::Caps {
    use gst_audio::AudioFormat::{F32le, F64le, S16le, S32le};
    gst_audio::AudioCapsBuilder::new_interleaved().format_list([S16le, F32le, S32le, F64le]).build()
}

pub(super) struct Sound {
    common: Common,
    hear: Hear,
    /// Where the next block begins if nothing is missing: anchor, frames since, rate.
    next: Option<(MediaTime, u64, u32)>,
}

impl Take for Sound {
    fn take(&mut self, sample: &gst::Sample) -> Result<(), Trouble> {
        let broken = |what: &dyn std::fmt::Display| damaged(&self.common.shown, what);
        let (Some(buffer), Some(caps)) = (sample.buffer(), sample.caps()) else { return Ok(()) };
        let info = gst_audio::AudioInfo::from_caps(caps).map_err(|e| broken(&e))?;
        if let Some(trouble) = caps.structure(0).and_then(|s| caps_trouble(&self.common.limits, &self.common.shown, s))
        {
            return Err(trouble);
        }
        let format = format_of(&info).ok_or_else(|| broken(&"an unexpected sample format"))?;
        let map = buffer.map_readable().map_err(|e| broken(&e))?;
        let frames = (map.size() as u64) / u64::from(info.bpf().max(1));
        let (at, discontinuity) = self.place(stamp(sample), format.rate_hz, frames);
        let filled = buffer.flags().intersects(gst::BufferFlags::GAP | gst::BufferFlags::DROPPABLE);
        (self.hear)(Block { bytes: &map[..frames as usize * info.bpf() as usize], format, at, discontinuity, filled })?;
        self.common.reached(at + lasting(frames, format.rate_hz))
    }
}

impl Sound {
    pub(super) fn new(common: Common, hear: Hear) -> Self {
        Self { common, hear, next: None }
    }

    /// Time of a block: counted in frames while the stamps agree, so that their rounding does not reach the analysis.
    fn place(&mut self, stamp: Option<MediaTime>, rate_hz: u32, frames: u64) -> (MediaTime, bool) {
        let expected = self
            .next
            .filter(|(_, _, rate)| *rate == rate_hz)
            .map(|(anchor, since, rate)| (anchor, since, anchor + lasting(since, rate)));
        let (anchor, since, at, jump) = match (expected, stamp) {
            (Some((anchor, since, expected)), Some(stamp)) => {
                let off = stamp.since(expected).max(expected.since(stamp));
                if off <= JITTER { (anchor, since, expected, false) } else { (stamp, 0, stamp, true) }
            }
            (Some((anchor, since, expected)), None) => (anchor, since, expected, false),
            (None, stamp) => {
                let stamp = stamp.unwrap_or_default();
                (stamp, 0, stamp, self.next.is_some())
            }
        };
        self.next = Some((anchor, since + frames, rate_hz));
        (at, jump)
    }
}

fn format_of(info: &gst_audio::AudioInfo) -> Option<Format> {
    use gst_audio::AudioFormat::{F32le, F64le, S16le, S32le};
    let sample = match info.format() {
        S16le => SampleFormat::S16,
        S32le => SampleFormat::S32,
        F32le => SampleFormat::F32,
        F64le => SampleFormat::F64,
        _ => return None,
    };
    Some(Format { rate_hz: info.rate(), channels: u16::try_from(info.channels()).ok()?, sample })
}
