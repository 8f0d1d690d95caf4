//! A fake detector, and speech to give it.
#![allow(dead_code, missing_docs)]

pub mod faces;

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use callguard_core::{Calibration, Hypothesis, Law, MediaTime, SourceId};
use callguard_engine::{AudioFormat, AudioTap, Detectors, Engine, EngineConfig, Flags, SampleFormat};
use callguard_inference::{Dim, Element, ModelSpec, RunError, Score, SourceSpec, Tensor, TensorSpec};

/// espeak-ng's.
pub const RATE: u32 = 22_050;
pub const FORMAT: AudioFormat = AudioFormat { rate_hz: RATE, channels: 1, sample: SampleFormat::S16 };

const TEXT: &str = "The quick brown fox jumps over the lazy dog while seven wizards quietly boxed for a prize of gold. \
    Early in the morning the ferry leaves the harbour, and whoever comes late has to wait for the evening. Nobody in the \
    village remembers how the old bridge was built, though everyone has crossed it. Please tell the committee that their \
    letter has arrived, that it was read with care, and that an answer will follow before the end of the month.";

/// Some twenty seconds of it, 16 bit.
pub fn speech() -> &'static [u8] {
    static SPEECH: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let said =
            Command::new("espeak-ng").args(["--stdout", "-s", "150", TEXT]).output().expect("espeak-ng (make setup)");
        let wav = hound::WavReader::new(std::io::Cursor::new(said.stdout)).expect("a WAV file");
        assert_eq!(wav.spec().sample_rate, RATE);
        wav.into_samples::<i16>().map_while(Result::ok).flat_map(i16::to_le_bytes).collect()
    });
    &SPEECH
}

#[derive(Clone, Copy, Debug)]
pub enum How {
    Says(f32),
    /// This until the stream has so many windows, then the other.
    Turns(f32, usize, f32),
    /// Loud sound is synthetic, quiet sound genuine.
    Loud(f32),
    Stuck,
    Panics,
}

pub struct Fake {
    how: How,
    asked: AtomicUsize,
    spec: ModelSpec,
}

impl Fake {
    pub fn new(how: How) -> Self {
        Self { how, asked: AtomicUsize::new(0), spec: spec() }
    }
}

fn spec() -> ModelSpec {
    let tensor = |name: &str, shape| TensorSpec { name: name.into(), element: Element::F32, shape };
    ModelSpec {
        id: "fake".into(),
        version: "1".into(),
        file: PathBuf::new(),
        sha256: String::new(),
        task: "voice-clone".into(),
        licence: "none".into(),
        inputs: vec![tensor("samples", vec![Dim::Batch, Dim::Fixed(64_000)])],
        outputs: vec![tensor("logit", vec![Dim::Batch])],
        batch_buckets: vec![1],
        evidence: Some(SourceSpec {
            source: SourceId::new("voice-clone"),
            hypotheses: vec![Hypothesis::VoiceSynthetic],
            calibration: Calibration { offset: 0.0, slope: 1.0, clip: 4.0, quality: Vec::new() },
            law: Some(Law { variance: 3.0, rho: 0.1, epsilon: 0.05, independence_s: 4.0, hop_s: 0.5 }),
        }),
        card: PathBuf::new(),
    }
}

impl Score for Fake {
    fn score(&self, input: Tensor) -> Result<Vec<f32>, RunError> {
        let nth = self.asked.fetch_add(1, Ordering::Relaxed);
        match self.how {
            How::Says(llr) => Ok(vec![llr]),
            How::Turns(before, windows, after) => Ok(vec![if nth < windows { before } else { after }]),
            How::Loud(llr) => {
                let Tensor::F32(samples) = input else { panic!("a voice model takes samples") };
                let mean = samples.iter().map(|x| x.abs()).sum::<f32>() / samples.len() as f32;
                Ok(vec![if mean > 0.01 { llr } else { -llr }])
            }
            How::Stuck => loop {
                std::thread::park();
            },
            How::Panics => panic!("a detector that panics"),
        }
    }

    fn spec(&self) -> &ModelSpec {
        &self.spec
    }
}

pub fn engine(how: How) -> Engine {
    engine_with(how, EngineConfig::default())
}

pub fn engine_with(how: How, config: EngineConfig) -> Engine {
    Engine::with(Detectors { voice: Some(Arc::new(Fake::new(how))), ..Detectors::default() }, config)
        .expect("an engine")
}

/// Media time of a byte of [`speech`].
pub fn at(bytes: usize) -> MediaTime {
    MediaTime::from_frames((bytes / 2) as u64, RATE)
}

/// Pushes all of `pcm` from media time `from` in blocks of 20 ms, a hundred times faster than it would be said.
pub fn say(tap: &mut AudioTap, pcm: &[u8], from: MediaTime) {
    for (i, block) in pcm.chunks(882).enumerate() {
        tap.push(block, FORMAT, from + at(i * 882).since(MediaTime::ZERO), Flags::default());
        if i % 5 == 4 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[track_caller]
pub fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
}
