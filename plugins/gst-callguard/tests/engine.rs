//! Buffers flow, whatever becomes of the engine.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use callguard_core::{EventType, State};
use common::gst::prelude::*;
use common::{
    FRAMES, How, RATE, buffer, element, engine, eventually, gst, harness, push_speech, speech, stat, wait_for,
};
use gstcallguard::CallguardMessage;

const NO_MODELS: (&str, &str) = ("models", "/nonexistent");

#[test]
fn without_an_engine_it_warns_and_passes() {
    let (mut h, bus) = harness(None, &[NO_MODELS, ("call", "studio")]);
    push_speech(&mut h, 0, 1.0);
    let message = wait_for(&bus, |m| m.event.r#type == EventType::EngineUnavailable);
    assert_eq!((message.event.call.as_str(), message.event.verdict), ("studio", Some(State::Unobservable)));
    let fault = message.fault.unwrap();
    assert_eq!(fault.code, "models-missing", "{fault:?}");
    assert!(!fault.hint.is_empty());
    let warning = bus.timed_pop_filtered(gst::ClockTime::from_seconds(5), &[gst::MessageType::Warning]).unwrap();
    let gst::MessageView::Warning(warning) = warning.view() else { unreachable!() };
    assert!(warning.error().message().contains(&fault.hint), "{warning:?}");
    push_speech(&mut h, 50, 1.0);
    assert_eq!(stat(&h, "buffers"), 100);
    assert_eq!(stat(&h, "unobserved-frames"), stat(&h, "frames"));
    assert!(bus.pop_filtered(&[gst::MessageType::Error]).is_none());
}

const MANIFEST: &str = r#"
schema = "callguard.models/1"

[[model]]
id = "none"
version = "1"
file = "none.onnx"
sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
task = "voice-clone"
source = "voice-clone"
hypotheses = ["voice-synthetic"]
licence = "MIT"
card = "none.md"
batch_buckets = [1]

[[model.input]]
name = "samples"
type = "float32"
shape = ["batch", 64000]

[[model.output]]
name = "logit"
type = "float32"
shape = ["batch"]

[model.calibration]
offset = 0.0
slope = 1.0
"#;

#[test]
fn without_onnx_runtime_it_warns_and_passes() {
    let models = tempfile::tempdir().unwrap();
    for file in ["none.onnx", "none.md"] {
        std::fs::write(models.path().join(file), "").unwrap();
    }
    std::fs::write(models.path().join("manifest.toml"), MANIFEST).unwrap();
    let library = models.path().join("libonnxruntime.so");
    let properties = [("models", models.path().to_str().unwrap()), ("library", library.to_str().unwrap())];
    let (mut h, bus) = harness(None, &properties);
    let message = wait_for(&bus, |m| m.event.r#type == EventType::EngineUnavailable);
    assert_eq!(message.fault.unwrap().code, "library-missing");
    push_speech(&mut h, 0, 1.0);
}

#[test]
fn without_an_engine_it_stops_where_that_was_wished_for() {
    let (mut h, bus) = harness(None, &[NO_MODELS, ("on-missing-engine", "error")]);
    let error = bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &[gst::MessageType::Error]);
    assert!(error.is_some());
    assert_eq!(h.push(buffer(0, vec![0; FRAMES * 2])), Err(gst::FlowError::Error));
}

/// An element whose engine starts by `start`.
fn starting(
    start: impl FnOnce() -> Result<callguard_engine::Engine, callguard_engine::EngineError> + Send + 'static,
) -> (common::gst_check::Harness, gst::Bus) {
    let (element, bus) = element(None, &[]);
    element.set_context(&gstcallguard::context(&gstcallguard::EngineHandle::start_with(start)));
    let mut harness = common::gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(common::caps("S16LE", RATE, 1));
    (harness, bus)
}

#[test]
fn while_the_engine_starts_buffers_pass_unobserved() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (mut h, _bus) = starting(move || {
        let _ = wait.recv();
        Ok(engine(How::Says(0.0)))
    });
    push_speech(&mut h, 0, 1.0);
    assert_eq!(stat(&h, "unobserved-frames"), u64::from(RATE));
    assert_eq!(h.element().unwrap().property::<gst::Structure>("stats").get::<&str>("engine"), Ok("starting"));
    go.send(()).unwrap();
    let mut n = 50;
    eventually("heard", || {
        let before = stat(&h, "unobserved-frames");
        h.push_and_pull(buffer(n, vec![0; FRAMES * 2])).unwrap();
        n += 1;
        stat(&h, "unobserved-frames") == before
    });
}

#[test]
fn a_start_that_panics_is_a_missing_engine() {
    let (mut h, bus) = starting(|| panic!("in the start"));
    let message = wait_for(&bus, |m| m.event.r#type == EventType::EngineUnavailable);
    assert_eq!(message.fault.unwrap().code, "detector-failed");
    push_speech(&mut h, 0, 1.0);
}

#[test]
fn a_stopped_engine_is_said_and_buffers_pass() {
    let engine = engine(How::Says(0.0));
    let (mut h, bus) = harness(Some(&engine), &[]);
    push_speech(&mut h, 0, 1.0);
    engine.stop();
    let message = wait_for(&bus, |m| m.event.r#type == EventType::EngineUnavailable);
    assert_eq!(message.fault.unwrap().code, "engine-stopped");
    push_speech(&mut h, 50, 1.0);
}

#[test]
fn a_panicking_detector_is_said_and_buffers_pass() {
    let engine = engine(How::Panics);
    let (mut h, bus) = harness(Some(&engine), &[]);
    push_speech(&mut h, 0, 6.0);
    let message = wait_for(&bus, |m| m.event.r#type == EventType::EngineUnavailable);
    assert_ne!(message.event.verdict, Some(State::Genuine));
    assert_eq!(message.fault.unwrap().code, "detector-failed");
    assert!(bus.timed_pop_filtered(gst::ClockTime::from_seconds(5), &[gst::MessageType::Warning]).is_some());
    push_speech(&mut h, 300, 1.0);
    assert_eq!(stat(&h, "buffers"), 350);
}

#[test]
fn a_slow_detector_slows_nothing() {
    for how in [How::Slow(Duration::from_secs(3)), How::Stuck] {
        let engine = engine(how);
        let (mut h, _bus) = harness(Some(&engine), &[]);
        let pcm = speech(20.0);
        let mut worst = Duration::ZERO;
        for (n, pcm) in pcm.chunks_exact(2 * FRAMES).enumerate() {
            let buffer = buffer(n as u64, pcm.to_vec());
            let begun = Instant::now();
            h.push_and_pull(buffer).unwrap();
            worst = worst.max(begun.elapsed());
        }
        // Far above what a copy takes on a busy machine, far below an answer of the detector.
        assert!(worst < Duration::from_millis(500), "{how:?}: {worst:?}");
        assert_eq!(stat(&h, "buffers"), 1000, "{how:?}");
    }
}

/// A camera's or sound card's pool: a held buffer is one less to capture into.
#[test]
fn a_pool_of_four_buffers_never_runs_dry_on_a_stuck_model() {
    let engine = engine(How::Stuck);
    let (mut h, _bus) = harness(Some(&engine), &[]);
    let pool = gst::BufferPool::new();
    let mut config = pool.config();
    config.set_params(Some(&common::caps("S16LE", RATE, 1)), (FRAMES * 2) as u32, 4, 4);
    pool.set_config(config).unwrap();
    pool.set_active(true).unwrap();
    let at_once = gst::BufferPoolAcquireParams::with_flags(gst::BufferPoolAcquireFlags::DONTWAIT);
    for (n, pcm) in speech(20.0).chunks_exact(2 * FRAMES).enumerate() {
        // Fails where all four are out.
        let mut buffer = pool.acquire_buffer(Some(&at_once)).unwrap_or_else(|e| panic!("buffer {n}: {e}"));
        let b = buffer.get_mut().unwrap();
        b.set_pts(gst::ClockTime::from_mseconds(20 * n as u64));
        b.copy_from_slice(0, pcm).unwrap();
        h.push_and_pull(buffer).unwrap();
    }
    assert_eq!(stat(&h, "buffers"), 1000);
    pool.set_active(false).unwrap();
}

#[test]
fn drops_are_counted() {
    let engine = engine(How::Says(0.0));
    let (mut h, _bus) = harness(Some(&engine), &[]);
    // A minute at once into a ring of ten seconds.
    let silence = vec![0; RATE as usize * 2 * 60];
    h.push_and_pull(buffer(0, silence)).unwrap();
    let (frames, dropped) = (stat(&h, "frames"), stat(&h, "dropped-frames"));
    assert_eq!(frames, u64::from(RATE) * 60);
    assert!(dropped > frames / 10 && dropped < frames, "{dropped} of {frames}");
}

#[test]
fn an_application_answers_need_context() {
    common::init();
    let engine = engine(How::Says(4.0));
    let pipeline = gst::Pipeline::with_name("asked");
    let source = gst::ElementFactory::make("audiotestsrc").property("num-buffers", 10).build().unwrap();
    let tap = gst::ElementFactory::make("callguardaudio").property_from_str("models", NO_MODELS.1).build().unwrap();
    let sink = gst::ElementFactory::make("fakesink").build().unwrap();
    pipeline.add_many([&source, &tap, &sink]).unwrap();
    gst::Element::link_many([&source, &tap, &sink]).unwrap();
    let bus = pipeline.bus().unwrap();
    let handle = gstcallguard::EngineHandle::new(engine.clone());
    bus.set_sync_handler(move |_, message| {
        if let gst::MessageView::NeedContext(need) = message.view()
            && need.context_type() == gstcallguard::CONTEXT_TYPE
        {
            let element = message.src().unwrap().downcast_ref::<gst::Element>().unwrap();
            element.set_context(&gstcallguard::context(&handle));
        }
        gst::BusSyncReply::Pass
    });
    pipeline.set_state(gst::State::Playing).unwrap();
    let end =
        bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &[gst::MessageType::Eos, gst::MessageType::Error]);
    assert_eq!(end.unwrap().type_(), gst::MessageType::Eos);
    eventually("the call is named after the pipeline", || !engine.live("asked").snapshot().participants.is_empty());
    let stats = tap.property::<gst::Structure>("stats");
    assert_eq!(stats.get::<&str>("engine"), Ok("ready"));
    assert_eq!(stats.get::<u64>("unobserved-frames"), Ok(0));
    pipeline.set_state(gst::State::Null).unwrap();
}

#[test]
fn neighbours_share_the_engine_that_one_was_given() {
    let engine = engine(How::Says(0.0));
    common::init();
    let pipeline = gst::Pipeline::new();
    let make = |factory: &str| gst::ElementFactory::make(factory).build().unwrap();
    let (source, first, second, sink) =
        (make("audiotestsrc"), make("callguardaudio"), make("callguardaudio"), make("fakesink"));
    first.set_property_from_str("models", NO_MODELS.1);
    pipeline.add_many([&source, &first, &second, &sink]).unwrap();
    gst::Element::link_many([&source, &first, &second, &sink]).unwrap();
    second.set_context(&gstcallguard::context(&gstcallguard::EngineHandle::new(engine)));
    pipeline.set_state(gst::State::Ready).unwrap();
    assert_eq!(first.property::<gst::Structure>("stats").get::<&str>("engine"), Ok("ready"));
    pipeline.set_state(gst::State::Null).unwrap();
}

/// Stopping the element from a handler of its own message is what an application does on an alert.
#[test]
fn a_handler_may_stop_the_element() {
    common::init();
    let pipeline = gst::parse::launch(&format!(
        "audiotestsrc is-live=true ! callguardaudio name=tap models={} ! fakesink",
        NO_MODELS.1
    ));
    let pipeline = pipeline.unwrap().downcast::<gst::Pipeline>().unwrap();
    let (done, stopped) = std::sync::mpsc::channel();
    let weak = pipeline.downgrade();
    pipeline.bus().unwrap().set_sync_handler(move |_, message| {
        if CallguardMessage::parse(message).is_some_and(|m| m.event.r#type == EventType::EngineUnavailable) {
            let tap = weak.upgrade().unwrap().by_name("tap").unwrap();
            // What state the sink waits in does not matter here: the element's own way down does.
            tap.set_locked_state(true);
            done.send(tap.set_state(gst::State::Null)).unwrap();
        }
        gst::BusSyncReply::Drop
    });
    pipeline.set_state(gst::State::Playing).unwrap();
    let result = stopped.recv_timeout(Duration::from_secs(20)).expect("no deadlock");
    assert!(result.is_ok());
    pipeline.set_state(gst::State::Null).unwrap();
}
