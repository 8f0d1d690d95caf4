//! WAV files as a stream of blocks.

use std::path::Path;

use anyhow::{Context, Result, bail};
use callguard_audio::{Block, Format, Heard, SampleFormat, VoiceWindows};
use callguard_core::MediaTime;

/// Frames of a block: what a live source would hand over at once.
const BLOCK: usize = 4_096;

/// Plays a file from begin to end.
pub fn play(path: &Path, windows: &mut VoiceWindows, heard: &mut Vec<Heard>) -> Result<()> {
    let mut wav = hound::WavReader::open(path).with_context(|| format!("open {}", path.display()))?;
    let spec = wav.spec();
    let bits = u32::from(spec.bits_per_sample);
    let mut bytes = Vec::new();
    let sample = match spec.sample_format {
        hound::SampleFormat::Float => {
            for x in wav.samples::<f32>() {
                bytes.extend(x?.to_le_bytes());
            }
            SampleFormat::F32
        }
        hound::SampleFormat::Int if bits <= 32 => {
            for x in wav.samples::<i32>() {
                bytes.extend((x? << (32 - bits)).to_le_bytes());
            }
            SampleFormat::S32
        }
        hound::SampleFormat::Int => bail!("{bits} bits a sample: expected at most 32"),
    };
    let format = Format { rate_hz: spec.sample_rate, channels: spec.channels, sample };
    format.check()?;
    for (i, chunk) in bytes.chunks(BLOCK * format.frame_bytes()).enumerate() {
        let at = MediaTime::from_frames((i * BLOCK) as u64, spec.sample_rate);
        windows.push(&Block { format, bytes: chunk, at, discontinuity: false, filled: false }, heard)?;
    }
    windows.flush(heard);
    Ok(())
}
