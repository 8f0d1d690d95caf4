//! What a call costs without its model: `cargo bench -p callguard-benches --bench engine`.
//!
//! `push` is what a media thread pays for 20 ms of audio; `hear` is gate, windows and fusion of a minute of it on one core.
#![allow(missing_docs)]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callguard_core::{Calibration, Hypothesis, Law, MediaTime, SourceId};
use callguard_engine::{AudioFormat, Detectors, Engine, EngineConfig, Flags, SampleFormat};
use callguard_inference::{Dim, Element, ModelSpec, RunError, Score, SourceSpec, Tensor, TensorSpec};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const FORMAT: AudioFormat = AudioFormat { rate_hz: 48_000, channels: 2, sample: SampleFormat::S16 };
const BLOCK: Duration = Duration::from_millis(20);

/// A model that takes no time.
struct Free(ModelSpec);

impl Score for Free {
    fn score(&self, _input: Tensor) -> Result<Vec<f32>, RunError> {
        Ok(vec![0.0])
    }
    fn spec(&self) -> &ModelSpec {
        &self.0
    }
}

fn engine() -> Engine {
    let tensor = |name: &str, shape| TensorSpec { name: name.into(), element: Element::F32, shape };
    let spec = ModelSpec {
        id: "free".into(),
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
            law: Some(Law { variance: 3.0, rho: 0.3, epsilon: 0.1, independence_s: 4.0, hop_s: 0.5 }),
        }),
        card: PathBuf::new(),
    };
    Engine::with(Detectors { voice: Some(Arc::new(Free(spec))), ..Detectors::default() }, EngineConfig::default())
        .expect("the settings are in range")
}

/// A voice-like sound: a falling pulse train through two slow swells, so that gate and windows have work to do.
fn sound(seconds: usize) -> Vec<u8> {
    let rate = FORMAT.rate_hz as f32;
    (0..seconds * FORMAT.rate_hz as usize)
        .flat_map(|i| {
            let t = i as f32 / rate;
            let pitch = 120.0 + 20.0 * (3.1 * t).sin();
            let swell = (2.0 * std::f32::consts::PI * 3.7 * t).sin().max(0.0);
            let voiced: f32 = (1..20).map(|k| (std::f32::consts::TAU * pitch * k as f32 * t).sin() / k as f32).sum();
            let sample = (3000.0 * swell * voiced) as i16;
            [sample.to_le_bytes(), sample.to_le_bytes()].concat()
        })
        .collect()
}

fn push(c: &mut Criterion) {
    let engine = engine();
    let call = engine.live("bench");
    let mut tap = call.audio("line");
    let pcm = sound(10);
    let block = FORMAT.frame_bytes() * 960;
    let mut blocks = pcm.chunks_exact(block).cycle();
    let mut at = MediaTime::ZERO;
    let mut times: Vec<Duration> = Vec::new();
    let mut group = c.benchmark_group("capture");
    group.bench_function("push 20 ms", |b| {
        b.iter_custom(|rounds| {
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                let pcm = blocks.next().unwrap_or_default();
                let begun = Instant::now();
                black_box(tap.push(pcm, FORMAT, at, Flags::default()));
                let took = begun.elapsed();
                total += took;
                times.push(took);
                at = at + BLOCK;
                // A hundred times real time: the workers keep up, as they do in a call.
                if times.len().is_multiple_of(25) {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            total
        });
    });
    group.finish();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let stats = tap.stats();
    println!(
        "push: n = {}, median {:?}, 99 % {:?}, 99.9 % {:?}, longest {:?}; {} buffers allocated by the media thread, {} frames dropped",
        times.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        stats.allocations,
        stats.dropped_frames
    );
}

fn hear(c: &mut Criterion) {
    let engine = engine();
    let pcm = sound(60);
    let mut group = c.benchmark_group("detect and fuse");
    group.sample_size(10);
    group.throughput(Throughput::Elements(60));
    group.bench_function("a minute of audio, seconds/s", |b| {
        b.iter(|| {
            let mut call = engine.offline("bench");
            let stream = call.audio("line").expect("it hears");
            let _ = call.push(stream, &pcm, FORMAT, MediaTime::ZERO, Flags::default());
            black_box(call.finish(None).map(|r| r.participants.len()))
        });
    });
    group.finish();
}

criterion_group!(benches, push, hear);
criterion_main!(benches);
