//! What the elements' tests share: an engine with a fake detector, a harness around an element, speech to push.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

pub mod faces;

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use callguard_core::{Calibration, Hypothesis, Law, SourceId};
use callguard_engine::{Detectors, Engine, EngineConfig};
use callguard_inference::{Dim, Element, ModelSpec, RunError, Score, SourceSpec, Tensor, TensorSpec};
use gst::prelude::*;
use gstcallguard::{CallguardMessage, EngineHandle};

pub extern crate gstreamer as gst;
pub extern crate gstreamer_check as gst_check;

/// Sampling rate of the tests' audio, hertz: espeak-ng's.
pub const RATE: u32 = 22_050;
/// Frames in 20 ms.
pub const FRAMES: usize = 441;

const TEXT: &str = "The quick brown fox jumps over the lazy dog while seven wizards quietly boxed for a prize of gold. \
    Early in the morning the ferry leaves the harbour, and whoever comes late has to wait for the evening. Nobody in the village \
    remembers how the old bridge was built, though everyone has crossed it. Please tell the committee that their letter has \
    arrived, that it was read with care, and that an answer will follow before the end of the month.";

pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gst::init().unwrap();
        gstcallguard::plugin_register_static().unwrap();
    });
}

/// How the fake detector behaves.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// Answers every window with this llr at once.
    Says(f32),
    /// Takes so long for an answer.
    Slow(Duration),
    /// Never answers.
    Stuck,
    Panics,
}

struct Fake(How, ModelSpec);

impl Score for Fake {
    fn score(&self, _input: Tensor) -> Result<Vec<f32>, RunError> {
        match self.0 {
            How::Says(llr) => Ok(vec![llr]),
            How::Slow(time) => {
                std::thread::sleep(time);
                Ok(vec![1.0])
            }
            How::Stuck => loop {
                std::thread::park();
            },
            How::Panics => panic!("a detector that panics"),
        }
    }

    fn spec(&self) -> &ModelSpec {
        &self.1
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

/// An engine whose only detector is a fake.
pub fn engine(how: How) -> Engine {
    Engine::with(
        Detectors { voice: Some(Arc::new(Fake(how, spec()))), ..Detectors::default() },
        EngineConfig::default(),
    )
    .unwrap()
}

/// `callguardaudio` with a bus of its own, not yet in any harness.
pub fn element(engine: Option<&Engine>, properties: &[(&str, &str)]) -> (gst::Element, gst::Bus) {
    element_of("callguardaudio", engine, properties)
}

/// One of the elements with a bus of its own.
pub fn element_of(factory: &str, engine: Option<&Engine>, properties: &[(&str, &str)]) -> (gst::Element, gst::Bus) {
    init();
    let element = gst::ElementFactory::make(factory).build().unwrap();
    for (name, value) in properties {
        element.set_property_from_str(name, value);
    }
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    if let Some(engine) = engine {
        element.set_context(&gstcallguard::context(&EngineHandle::new(engine.clone())));
    }
    (element, bus)
}

/// The element in a harness that is ready for mono S16LE at [`RATE`].
pub fn harness(engine: Option<&Engine>, properties: &[(&str, &str)]) -> (gst_check::Harness, gst::Bus) {
    harness_of("callguardaudio", engine, properties, caps("S16LE", RATE, 1))
}

/// One of the elements in a harness.
pub fn harness_of(
    factory: &str,
    engine: Option<&Engine>,
    properties: &[(&str, &str)],
    caps: gst::Caps,
) -> (gst_check::Harness, gst::Bus) {
    let (element, bus) = element_of(factory, engine, properties);
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(caps);
    (harness, bus)
}

pub fn caps(format: &str, rate: u32, channels: u32) -> gst::Caps {
    init();
    let mut caps = gst::Caps::builder("audio/x-raw")
        .field("format", format)
        .field("rate", rate as i32)
        .field("channels", channels as i32)
        .field("layout", "interleaved")
        .build();
    if channels > 2 {
        caps.make_mut().set("channel-mask", gst::Bitmask::new(0));
    }
    caps
}

/// The `n`th buffer of 20 ms.
pub fn buffer(n: u64, pcm: Vec<u8>) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_mut_slice(pcm);
    let b = buffer.get_mut().unwrap();
    b.set_pts(gst::ClockTime::from_mseconds(20 * n));
    b.set_duration(gst::ClockTime::from_mseconds(20));
    if n == 0 {
        b.set_flags(gst::BufferFlags::DISCONT);
    }
    buffer
}

/// Seconds of synthesised sentences that the speech gate takes for speech, S16LE mono at [`RATE`].
pub fn speech(seconds: f64) -> Vec<u8> {
    let said =
        Command::new("espeak-ng").args(["--stdout", TEXT]).output().expect("espeak-ng is installed by `make setup`");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    // Behind the header of the WAV file.
    let pcm = &said.stdout[44..];
    let bytes = (seconds * f64::from(RATE)) as usize * 2;
    assert!(bytes <= pcm.len(), "the text lasts only {} s", pcm.len() / 2 / RATE as usize);
    pcm[..bytes].to_vec()
}

/// Pushes speech in buffers of 20 ms, the first of which is number `first`, and expects every one of them back.
#[track_caller]
pub fn push_speech(harness: &mut gst_check::Harness, first: u64, seconds: f64) {
    for (n, pcm) in speech(seconds).chunks_exact(2 * FRAMES).enumerate() {
        let buffer = buffer(first + n as u64, pcm.to_vec());
        harness.push_and_pull(buffer).unwrap();
    }
}

/// The first `callguard` message that fits, waiting 20 s at most; what came instead otherwise.
#[track_caller]
pub fn wait_for(bus: &gst::Bus, what: impl Fn(&CallguardMessage) -> bool) -> CallguardMessage {
    let until = Instant::now() + Duration::from_secs(20);
    let mut seen = Vec::new();
    while Instant::now() < until {
        let Some(message) = bus.timed_pop(gst::ClockTime::from_mseconds(100)) else { continue };
        match CallguardMessage::parse(&message) {
            Some(message) if what(&message) => return message,
            Some(message) => seen.push(format!("{:?} {:?}", message.event.r#type, message.event.verdict)),
            None => seen.push(format!("{message:?}")),
        }
    }
    panic!("no such message, but {seen:#?}");
}

/// A counter out of the element's `stats`.
#[track_caller]
pub fn stat(harness: &gst_check::Harness, name: &str) -> u64 {
    harness.element().unwrap().property::<gst::Structure>("stats").get(name).unwrap()
}

/// Waits until something holds, 20 s at most.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
