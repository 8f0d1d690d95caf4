//! How sound is left in a tap: a copy of its samples.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use callguard_engine::{AudioFormat, AudioTap, Flags, SampleFormat};
use gst::glib;

use crate::filter::{Medium, Seen, Stream};
use crate::timeline::Samples;

#[derive(Debug)]
pub(super) struct Hear {
    mixed: Arc<AtomicBool>,
    format: Option<AudioFormat>,
    samples: Samples,
}

impl Hear {
    pub(super) fn new(mixed: Arc<AtomicBool>) -> Self {
        Self { mixed, format: None, samples: Samples::default() }
    }
}

impl Medium for Hear {
    type Tap = AudioTap;
    const STATS: &str = "callguard-audio-stats";

    fn caps(&mut self, caps: &gst::CapsRef) -> Result<bool, glib::BoolError> {
        let info = gst_audio::AudioInfo::from_caps(caps)?;
        let sample = match info.format() {
            gst_audio::AudioFormat::S16le => Some(SampleFormat::S16),
            gst_audio::AudioFormat::S24le => Some(SampleFormat::S24),
            gst_audio::AudioFormat::S32le => Some(SampleFormat::S32),
            gst_audio::AudioFormat::F32le => Some(SampleFormat::F32),
            gst_audio::AudioFormat::F64le => Some(SampleFormat::F64),
            _ => None,
        };
        let channels = u16::try_from(info.channels()).ok();
        let format =
            sample.zip(channels).map(|(sample, channels)| AudioFormat { rate_hz: info.rate(), channels, sample });
        let new = self.format != format;
        if new {
            self.samples = Samples::new(info.rate());
            self.format = format;
        }
        Ok(new)
    }

    fn refusal(&self) -> Option<String> {
        self.format.and_then(|format| format.check().err()).map(|e| e.to_string())
    }

    fn frames(&self, buffer: &gst::BufferRef) -> u64 {
        self.format.map_or(0, |format| (buffer.size() / format.frame_bytes().max(1)) as u64)
    }

    fn observe(&mut self, stream: &mut Stream<AudioTap>, buffer: &gst::Buffer) -> Option<Seen> {
        let format = self.format.filter(|format| format.check().is_ok())?;
        let frame = format.frame_bytes();
        let frames = buffer.size() / frame;
        let (cut, filled) = Stream::<AudioTap>::flags(buffer);
        let tapped = stream.is_tapped();
        let placed = self.samples.place(&mut stream.timeline, buffer.pts(), cut, frames)?;
        if !tapped {
            return None;
        }
        let map = buffer.map_readable().ok()?;
        let from = placed.skip * frame;
        let pcm = map.get(from..from + placed.frames * frame)?;
        let flags = Flags { discontinuity: placed.discontinuity, filled };
        let mixed = self.mixed.load(Relaxed);
        let pushed = stream.tapped(|tap| {
            if mixed {
                tap.mix();
            }
            tap.push(pcm, format, placed.at, flags)
        })?;
        let taken = placed.frames as u64;
        Some(Seen {
            taken,
            outside: frames as u64 - taken,
            filled: if filled { taken } else { 0 },
            dropped: pushed.dropped_frames,
        })
    }

    fn reset(&mut self) {
        *self = Self::new(self.mixed.clone());
    }
}
