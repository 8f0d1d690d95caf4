//! Pictures go through as if the element were not there.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use callguard_core::EventType;
use common::faces::{HEIGHT, ONE, Script, WIDTH, picture, show, stamped, video_caps};
use common::gst::prelude::*;
use common::{How, eventually, gst, gst_check, harness_of, init, stat, wait_for};

const FORMATS: [&str; 19] = [
    "I420", "YV12", "NV12", "NV21", "Y42B", "Y444", "YUY2", "UYVY", "RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR",
    "RGBA", "BGRA", "ARGB", "ABGR", "GRAY8",
];

fn harness(engine: Option<&callguard_engine::Engine>, caps: gst::Caps) -> (gst_check::Harness, gst::Bus) {
    harness_of("callguardvideo", engine, &[("call", "call"), ("models", "/nonexistent")], caps)
}

/// A buffer as these caps have it, filled with something.
fn filled(caps: &gst::Caps) -> gst::Buffer {
    let size = gstreamer_video::VideoInfo::from_caps(caps).unwrap().size();
    gst::Buffer::from_mut_slice((0..size).map(|i| (i * 7) as u8).collect::<Vec<_>>())
}

fn frame(n: u64, caps: &gst::Caps, fps: u64) -> gst::Buffer {
    stamped(filled(caps), n, gst::ClockTime::SECOND / fps)
}

#[test]
fn the_very_same_buffer_goes_on() {
    let engine = Script::new(&[ONE], 0.0).engine(How::Says(0.0));
    for format in FORMATS {
        for (width, height) in [(WIDTH, HEIGHT), (33, 17), (1, 1)] {
            let caps = video_caps(format, width, height, 25);
            let (mut h, _bus) = harness(Some(&engine), caps.clone());
            let mut sent = frame(0, &caps, 25);
            sent.get_mut().unwrap().set_offset(7);
            let (pointer, memory) = (sent.as_ptr(), sent.peek_memory(0).as_ptr());
            let copy = sent.copy_deep().unwrap();
            let got = h.push_and_pull(sent).unwrap();
            assert_eq!((got.as_ptr(), got.peek_memory(0).as_ptr()), (pointer, memory), "{format} {width}x{height}");
            assert_eq!((got.pts(), got.duration(), got.offset()), (copy.pts(), copy.duration(), copy.offset()));
            assert_eq!(got.flags(), copy.flags());
            assert!(got.map_readable().unwrap().as_slice() == copy.map_readable().unwrap().as_slice());
            let unobserved = u64::from(width < 16);
            assert_eq!(
                (stat(&h, "frames"), stat(&h, "unobserved-frames")),
                (1, unobserved),
                "{format} {width}x{height}"
            );
            let read = || engine.live("call").snapshot().streams.iter().map(|s| s.stats.refused_frames).sum::<u64>();
            assert_eq!(read(), 0, "{format} {width}x{height}: read as its caps say");
        }
    }
}

#[test]
fn latency_is_what_it_was() {
    init();
    let engine = Script::new(&[ONE], 0.0).engine(How::Says(0.0));
    for ms in [0, 40] {
        let (mut with, _bus) = harness(Some(&engine), video_caps("I420", WIDTH, HEIGHT, 25));
        with.set_live(true);
        with.set_upstream_latency(gst::ClockTime::from_mseconds(ms));
        assert_eq!(with.query_latency(), Some(gst::ClockTime::from_mseconds(ms)));
    }
}

#[test]
fn what_is_no_raw_picture_in_system_memory_is_not_negotiated() {
    let mut elsewhere = video_caps("NV12", WIDTH, HEIGHT, 25);
    elsewhere.make_mut().set_features(0, Some(gst::CapsFeatures::new(["memory:DMABuf"])));
    for refused in [video_caps("P010_10LE", WIDTH, HEIGHT, 25), elsewhere] {
        let (mut h, _bus) = harness(None, refused.clone());
        assert_eq!(h.push(gst::Buffer::from_mut_slice(vec![0; 16])), Err(gst::FlowError::NotNegotiated), "{refused}");
    }
}

#[test]
fn a_new_format_in_midstream_goes_on() {
    let engine = Script::new(&[ONE], 0.0).engine(How::Says(0.0));
    let (mut h, _bus) = harness(Some(&engine), video_caps("GRAY8", WIDTH, HEIGHT, 10));
    show(&mut h, &engine, "call", 0..5);
    for (n, caps) in [video_caps("NV12", 320, 180, 10), video_caps("RGB", 641, 359, 10)].into_iter().enumerate() {
        h.set_src_caps(caps.clone());
        h.push_and_pull(frame(5 + n as u64, &caps, 10)).unwrap();
        assert!(h.sinkpad().unwrap().current_caps().unwrap().is_subset(&caps), "{caps}");
    }
    assert_eq!((stat(&h, "frames"), stat(&h, "unobserved-frames")), (7, 0));
}

#[track_caller]
fn warned(bus: &gst::Bus, of: &str) {
    let warning = bus.timed_pop_filtered(gst::ClockTime::from_seconds(5), &[gst::MessageType::Warning]);
    let gst::MessageView::Warning(warning) = warning.as_ref().expect("a warning").view() else { unreachable!() };
    assert!(warning.error().message().contains(of), "{warning:?}");
    assert!(bus.pop_filtered(&[gst::MessageType::Warning, gst::MessageType::Error]).is_none(), "once");
}

#[test]
fn what_cannot_be_looked_at_passes_after_one_warning() {
    let engine = Script::new(&[ONE], 0.0).engine(How::Says(0.0));
    let with = |name: &str, value: &str, width, height| {
        let mut caps = video_caps("I420", width, height, 25);
        caps.make_mut().set(name, value);
        caps
    };
    for (caps, why) in [
        (video_caps("I420", 8, 8, 25), "8x8 pixels"),
        (video_caps("GRAY8", 10_000, 16, 25), "10000x16 pixels"),
        (with("interlace-mode", "fields", WIDTH, HEIGHT), "expected interleaved"),
    ] {
        let (mut h, bus) = harness(Some(&engine), caps.clone());
        for n in 0..5 {
            h.push_and_pull(frame(n, &caps, 25)).unwrap();
        }
        assert_eq!((stat(&h, "frames"), stat(&h, "unobserved-frames")), (5, 5), "{caps}");
        warned(&bus, why);
    }
}

#[test]
fn ten_a_second_are_looked_at_whatever_the_rate() {
    let engine = Script::new(&[], 0.0).engine(How::Says(0.0));
    for (fps, frames, looks) in [(1, 5, 5), (10, 20, 20), (25, 50, 20), (60, 120, 20)] {
        let caps = video_caps("GRAY8", 64, 64, fps);
        // Each in a call of its own: a stream that joins a call late begins where that is.
        let call = fps.to_string();
        let (mut h, _bus) = harness_of("callguardvideo", Some(&engine), &[("call", &call)], caps.clone());
        for n in 0..frames {
            h.push_and_pull(frame(n, &caps, fps as u64)).unwrap();
        }
        assert_eq!((stat(&h, "frames"), stat(&h, "taken-frames")), (frames, looks), "{fps} fps");
    }
}

#[test]
fn of_interlaced_pictures_one_field_is_looked_at() {
    let script = Script::new(&[ONE], 0.0);
    for mode in ["interleaved", "mixed", "alternate"] {
        let engine = script.engine(How::Says(0.0));
        let mut caps = video_caps("GRAY8", WIDTH, HEIGHT, 10);
        caps.make_mut().set("interlace-mode", mode);
        if mode == "alternate" {
            caps.make_mut().set_features(0, Some(gst::CapsFeatures::new(["format:Interlaced"])));
        }
        let (mut h, _bus) = harness(Some(&engine), caps);
        for n in 0..12 {
            let rows = if mode == "alternate" { HEIGHT / 2 } else { HEIGHT };
            h.push_and_pull(picture(n, WIDTH, rows)).unwrap();
            std::thread::sleep(Duration::from_millis(30));
        }
        eventually(mode, || engine.live("call").view().participants.iter().any(|p| p.face.is_some()));
        let face = engine.live("call").view().participants[0].face.unwrap();
        assert_eq!(face.size, (WIDTH, HEIGHT), "{mode}: as high as the picture of both fields");
    }
}

#[test]
fn a_stuck_detector_slows_nothing_and_what_it_misses_is_counted() {
    let script = Script::new(&[ONE], 0.0);
    script.stuck.store(true, Relaxed);
    let engine = script.engine(How::Says(0.0));
    let caps = video_caps("I420", WIDTH, HEIGHT, 25);
    let (mut h, _bus) = harness(Some(&engine), caps.clone());
    let mut worst = Duration::ZERO;
    for n in 0..250 {
        let buffer = frame(n, &caps, 25);
        let begun = Instant::now();
        h.push_and_pull(buffer).unwrap();
        worst = worst.max(begun.elapsed());
    }
    // Far above what a reference takes on a busy machine, far below an answer of the detector.
    assert!(worst < Duration::from_millis(500), "{worst:?}");
    let (taken, dropped) = (stat(&h, "taken-frames"), stat(&h, "dropped-frames"));
    assert_eq!((stat(&h, "buffers"), taken), (250, 100));
    assert!(dropped >= 90 && dropped < taken, "{dropped} of {taken}");
    script.stuck.store(false, Relaxed);
}

/// A camera's pool: a held buffer is one less to capture into. One may wait for the worker, which then copies it.
#[test]
fn a_pool_of_three_buffers_never_runs_dry_on_a_stuck_detector() {
    let script = Script::new(&[ONE], 0.0);
    script.stuck.store(true, Relaxed);
    let engine = script.engine(How::Says(0.0));
    let caps = video_caps("GRAY8", WIDTH, HEIGHT, 25);
    let (mut h, _bus) = harness(Some(&engine), caps.clone());
    let pool = gst::BufferPool::new();
    let mut config = pool.config();
    config.set_params(Some(&caps), WIDTH * HEIGHT, 3, 3);
    pool.set_config(config).unwrap();
    pool.set_active(true).unwrap();
    let at_once = gst::BufferPoolAcquireParams::with_flags(gst::BufferPoolAcquireFlags::DONTWAIT);
    for n in 0..250 {
        let buffer = pool.acquire_buffer(Some(&at_once)).unwrap_or_else(|e| panic!("buffer {n}: {e}"));
        h.push_and_pull(stamped(buffer, n, gst::ClockTime::from_mseconds(40))).unwrap();
    }
    script.stuck.store(false, Relaxed);
    pool.set_active(false).unwrap();
}

#[test]
fn without_an_engine_it_warns_and_passes() {
    let caps = video_caps("I420", WIDTH, HEIGHT, 25);
    let (mut h, bus) = harness(None, caps.clone());
    let message = wait_for(&bus, |m| m.event.r#type == EventType::EngineUnavailable);
    assert_eq!(message.fault.unwrap().code, "models-missing");
    h.push_and_pull(frame(0, &caps, 25)).unwrap();
    assert_eq!(stat(&h, "unobserved-frames"), 1);
}

#[test]
fn flushes_gaps_and_the_end_go_through() {
    let engine = Script::new(&[ONE], 0.0).engine(How::Says(0.0));
    let caps = video_caps("I420", WIDTH, HEIGHT, 25);
    let (mut h, _bus) = harness(Some(&engine), caps.clone());
    h.push_and_pull(frame(0, &caps, 25)).unwrap();
    let ms = gst::ClockTime::from_mseconds;
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    for event in [
        gst::event::Gap::builder(ms(40)).duration(ms(500)).build(),
        gst::event::FlushStart::new(),
        gst::event::FlushStop::new(true),
        gst::event::Segment::new(segment.upcast_ref()),
        gst::event::Eos::new(),
    ] {
        let kind = event.type_();
        assert!(h.push_event(event), "{kind:?}");
        let got = std::iter::from_fn(|| h.try_pull_event()).map(|e| e.type_()).collect::<Vec<_>>();
        assert!(got.contains(&kind), "{kind:?} in {got:?}");
    }
    assert_eq!(h.push(frame(1, &caps, 25)), Err(gst::FlowError::Eos));
}
