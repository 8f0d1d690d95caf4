//! Detectors that see faces where they are told to, and pictures to show them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callguard_core::{Calibration, Hypothesis, Law, SourceId};
use callguard_engine::{Detectors, Engine, EngineConfig};
use callguard_inference::{Dim, Element, ModelSpec, RunError, Score, SourceSpec, Tensor, TensorSpec};

use super::{Fake, How, gst, gst_check, spec as voice_spec};

pub const WIDTH: u32 = 640;
pub const HEIGHT: u32 = 360;
/// Pixels of the picture for one of the detector's input.
pub const SCALE: f32 = 2.0;
/// A face in pixels of a picture of 640 x 360: left, top, side.
pub const ONE: [f32; 3] = [240.0, 100.0, 120.0];

/// What the detectors of an engine say; may be changed while it runs.
#[derive(Clone)]
pub struct Script {
    /// Faces, in pixels of a picture of 640 pixels at its longer side.
    pub faces: Arc<Mutex<Vec<[f32; 3]>>>,
    /// Logit of every crop.
    pub logit: Arc<Mutex<f32>>,
    /// While true, no face detector answers.
    pub stuck: Arc<AtomicBool>,
}

impl Script {
    pub fn new(faces: &[[f32; 3]], logit: f32) -> Self {
        Self { faces: Arc::new(Mutex::new(faces.to_vec())), logit: Arc::new(Mutex::new(logit)), stuck: Arc::default() }
    }

    /// An engine that sees by the script, and hears this of every voice.
    pub fn engine(&self, how: How) -> Engine {
        let detectors = Detectors {
            voice: Some(Arc::new(Fake(how, voice_spec()))),
            faces: Some(Arc::new(Finder(self.clone(), finder_spec()))),
            forgery: Some(Arc::new(Judge(self.clone(), judge_spec()))),
            ..Detectors::default()
        };
        Engine::with(detectors, EngineConfig::default()).unwrap()
    }
}

struct Finder(Script, ModelSpec);

impl Score for Finder {
    fn score(&self, _input: Tensor) -> Result<Vec<f32>, RunError> {
        while self.0.stuck.load(Relaxed) {
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut anchors = vec![0.0; 4 * 15];
        for (anchor, face) in anchors.chunks_exact_mut(15).zip(&*self.0.faces.lock().unwrap()) {
            let [x, y, side] = face.map(|pixels| pixels / SCALE);
            let at = |u: f32, v: f32| [x + u * side, y + v * side];
            let points = [at(0.3, 0.4), at(0.7, 0.4), at(0.5, 0.58), at(0.34, 0.78), at(0.66, 0.78)];
            anchor[..5].copy_from_slice(&[0.95, x, y, side, side]);
            anchor[5..].copy_from_slice(&points.concat());
        }
        Ok(anchors)
    }

    fn spec(&self) -> &ModelSpec {
        &self.1
    }
}

struct Judge(Script, ModelSpec);

impl Score for Judge {
    fn score(&self, _input: Tensor) -> Result<Vec<f32>, RunError> {
        Ok(vec![*self.0.logit.lock().unwrap()])
    }

    fn spec(&self) -> &ModelSpec {
        &self.1
    }
}

fn finder_spec() -> ModelSpec {
    spec("face-detector", 320 * 320 * 3, vec![Dim::Batch, Dim::Fixed(4), Dim::Fixed(15)], None)
}

fn judge_spec() -> ModelSpec {
    let evidence = SourceSpec {
        source: SourceId::new("face-forgery"),
        hypotheses: vec![Hypothesis::FaceSynthetic],
        calibration: Calibration { offset: 0.0, slope: 1.0, clip: 4.0, quality: Vec::new() },
        law: Some(Law { variance: 3.0, rho: 0.1, epsilon: 0.05, independence_s: 1.0, hop_s: 0.5 }),
    };
    spec("face-forgery", 160 * 160 * 3, vec![Dim::Batch, Dim::Fixed(1)], Some(evidence))
}

fn spec(task: &str, input: usize, output: Vec<Dim>, evidence: Option<SourceSpec>) -> ModelSpec {
    ModelSpec {
        id: task.into(),
        version: "1".into(),
        file: PathBuf::new(),
        sha256: String::new(),
        task: task.into(),
        licence: "none".into(),
        inputs: vec![TensorSpec { name: "x".into(), element: Element::U8, shape: vec![Dim::Batch, Dim::Fixed(input)] }],
        outputs: vec![TensorSpec { name: "y".into(), element: Element::F32, shape: output }],
        batch_buckets: vec![1],
        evidence,
        card: PathBuf::new(),
    }
}

pub fn video_caps(format: &str, width: u32, height: u32, fps: i32) -> gst::Caps {
    super::init();
    gst::Caps::builder("video/x-raw")
        .field("format", format)
        .field("width", width as i32)
        .field("height", height as i32)
        .field("framerate", gst::Fraction::new(fps, 1))
        .build()
}

/// A picture of a texture that moves and never repeats, as no still picture is a person: GRAY8, the `n`th at ten a second.
pub fn picture(n: u64, width: u32, height: u32) -> gst::Buffer {
    let t = n as f32 * 0.1;
    let (dx, dy) = (9.0 * (1.7 * t).sin(), 5.0 * (1.1 * t).cos());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(n + 1);
    let mut pixels = Vec::with_capacity((width * height) as usize);
    for y in 0..height {
        let (y, v) = (y as f32, y as f32 + dy);
        let (bent, down) = (dx + 3.0 * (0.02 * y + 2.3 * t).sin(), (0.23 * v).cos());
        for x in 0..width {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let u = x as f32 + bent;
            let stripes = (0.19 * u).sin() * down + 0.6 * (0.53 * u - 0.31 * v).sin();
            // Light that goes over it: of fine stripes too much cancels out for a face to count as moving.
            let light = 25.0 * (0.03 * x as f32 + 2.0 * t).sin();
            pixels.push((128.0 + 45.0 * stripes + light + (state % 17) as f32 - 8.0).clamp(1.0, 254.0) as u8);
        }
    }
    stamped(gst::Buffer::from_mut_slice(pixels), n, gst::ClockTime::from_mseconds(100))
}

/// The `n`th buffer of a stream.
pub fn stamped(mut buffer: gst::Buffer, n: u64, interval: gst::ClockTime) -> gst::Buffer {
    let b = buffer.get_mut().unwrap();
    b.set_pts(interval * n);
    b.set_duration(interval);
    if n == 0 {
        b.set_flags(gst::BufferFlags::DISCONT);
    }
    buffer
}

/// Pushes pictures of 640 x 360, each once the one before was taken up, and returns what came out last.
#[track_caller]
pub fn show(h: &mut gst_check::Harness, engine: &Engine, call: &str, n: std::ops::Range<u64>) -> gst::Buffer {
    let mut last = None;
    for n in n {
        last = Some(h.push_and_pull(picture(n, WIDTH, HEIGHT)).unwrap());
        super::eventually("the picture is taken up", || {
            engine.live(call).snapshot().streams.iter().all(|s| s.stats.waiting == 0)
        });
        // As long as an answer takes: live, nobody shows ten pictures at once.
        std::thread::sleep(Duration::from_millis(20));
    }
    last.unwrap()
}
