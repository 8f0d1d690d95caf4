//! Detectors of faces that see what they are told to, and pictures to give them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callguard_core::{Calibration, Hypothesis, Law, MediaTime, SourceId};
use callguard_engine::{Detectors, Engine, EngineConfig, Flags, FrameBuffer, PictureFormat, PixelFormat, VideoTap};
use callguard_inference::{CueSpec, Dim, Element, ModelSpec, RunError, Score, SourceSpec, Tensor, TensorSpec};

use super::{Fake, How};

pub const WIDTH: u32 = 640;
pub const HEIGHT: u32 = 360;
pub const FRAME: Duration = Duration::from_millis(40);

/// Boxes in the detector's input (320 pixels for 640 of the picture): x, y, side.
pub type Box3 = [f32; 3];

pub struct Finder {
    boxes: Vec<Box3>,
    /// While true, it does not answer.
    pub stuck: Arc<AtomicBool>,
    spec: ModelSpec,
}

impl Finder {
    pub fn new(boxes: &[Box3]) -> Self {
        let out = vec![Dim::Batch, Dim::Fixed(4), Dim::Fixed(15)];
        Self { boxes: boxes.to_vec(), stuck: Arc::default(), spec: spec("face-detector", 320 * 320 * 3, out, None) }
    }
}

impl Score for Finder {
    fn score(&self, _input: Tensor) -> Result<Vec<f32>, RunError> {
        while self.stuck.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut anchors = vec![0.0; 4 * 15];
        for (anchor, [x, y, side]) in anchors.chunks_exact_mut(15).zip(&self.boxes) {
            let at = |u: f32, v: f32| [x + u * side, y + v * side];
            let points = [at(0.3, 0.4), at(0.7, 0.4), at(0.5, 0.58), at(0.34, 0.78), at(0.66, 0.78)];
            anchor[..5].copy_from_slice(&[0.95, *x, *y, *side, *side]);
            anchor[5..].copy_from_slice(&points.concat());
        }
        Ok(anchors)
    }

    fn spec(&self) -> &ModelSpec {
        &self.spec
    }
}

/// A forgery or replay model with one answer.
pub struct Judge(pub f32, ModelSpec);

impl Judge {
    pub fn forgery(logit: f32) -> Self {
        Self::new("face-forgery", Hypothesis::FaceSynthetic, 160, logit)
    }

    pub fn replay(logit: f32) -> Self {
        Self::new("face-replay", Hypothesis::FacePresented, 128, logit)
    }

    fn new(task: &str, hypothesis: Hypothesis, side: usize, logit: f32) -> Self {
        let out = vec![Dim::Batch, Dim::Fixed(5)];
        Self(logit, spec(task, side * side * 3, out, Some(evidence(task, hypothesis))))
    }
}

impl Score for Judge {
    fn score(&self, input: Tensor) -> Result<Vec<f32>, RunError> {
        assert_eq!(input.len(), self.1.input_len(), "{}: a crop of its own size", self.1.id);
        Ok(vec![self.0, 0.0, 1.0, 2.0, 3.0])
    }

    fn spec(&self) -> &ModelSpec {
        &self.1
    }
}

fn evidence(source: &str, hypothesis: Hypothesis) -> SourceSpec {
    SourceSpec {
        source: SourceId::new(source),
        hypotheses: vec![hypothesis],
        calibration: Calibration { offset: 0.0, slope: 1.0, clip: 4.0, quality: Vec::new() },
        law: Some(Law { variance: 3.0, rho: 0.1, epsilon: 0.05, independence_s: 1.0, hop_s: 0.5 }),
    }
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

pub fn cue(id: &str) -> CueSpec {
    let evidence = evidence(id, Hypothesis::FacePresented);
    CueSpec {
        id: id.into(),
        version: "1".into(),
        licence: "none".into(),
        card: PathBuf::new(),
        // As shipped: what moves as a plane, as these pictures do, raises *suspect* at most.
        evidence: SourceSpec { law: evidence.law.filter(|_| id != "face-flat"), ..evidence },
    }
}

/// One that hears as told, finds these faces and gives every crop this logit.
pub fn engine_with_faces(how: How, finder: Finder, logit: f32, config: EngineConfig) -> Engine {
    let detectors = Detectors {
        voice: Some(Arc::new(Fake::new(how))),
        faces: Some(Arc::new(finder)),
        forgery: Some(Arc::new(Judge::forgery(logit))),
        cues: vec![cue("face-repeat"), cue("face-flat")],
        ..Detectors::default()
    };
    Engine::with(detectors, config).expect("an engine")
}

pub fn engine_that_sees(how: How) -> Engine {
    engine_with_faces(how, Finder::new(&[[100.0, 40.0, 60.0]]), 0.0, EngineConfig::default())
}

pub fn format() -> PictureFormat {
    PictureFormat::packed(PixelFormat::Gray8, WIDTH, HEIGHT)
}

/// The picture at an instant: a texture that moves and never repeats, with noise, as no still picture is a person.
pub fn picture(at: MediaTime) -> Vec<u8> {
    let t = at.as_secs_f64();
    let mut state = at.as_nanos() | 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 17) as f64 - 8.0
    };
    let (dx, dy) = (9.0 * (1.7 * t).sin(), 5.0 * (1.1 * t).cos());
    (0..HEIGHT)
        .flat_map(|y| (0..WIDTH).map(move |x| (f64::from(x), f64::from(y))))
        .map(|(x, y)| {
            let (u, v) = (x + dx + 3.0 * (0.02 * y + 2.3 * t).sin(), y + dy);
            let stripes = (0.19 * u).sin() * (0.23 * v).cos() + 0.6 * (0.53 * u - 0.31 * v).sin();
            (128.0 + 55.0 * stripes + noise()).clamp(1.0, 254.0) as u8
        })
        .collect()
}

pub struct Shown(pub MediaTime);

impl FrameBuffer for Shown {
    fn copy(&self, to: &mut Vec<u8>) -> Result<PictureFormat, String> {
        *to = picture(self.0);
        Ok(format())
    }
}

/// Shows `seconds` of pictures, `pause` apart; returns how many were handed over.
pub fn show(tap: &mut VideoTap, seconds: u32, pause: Duration) -> usize {
    let mut handed = 0;
    for i in 0..seconds * 25 {
        let at = MediaTime::ZERO + FRAME * i;
        if tap.takes(at) {
            tap.push(Box::new(Shown(at)), at, Flags::default());
            handed += 1;
            std::thread::sleep(pause);
        }
    }
    handed
}
