//! What is drawn, where, and for how long.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use callguard_core::State;
use callguard_engine::Engine;
use common::faces::{HEIGHT, ONE, Script, WIDTH, show, stamped, video_caps};
use common::gst::prelude::*;
use common::{How, eventually, gst, gst_check, harness_of};

const GREY: u8 = 90;
/// Of an RGB picture of 640 x 360: left, top, right, bottom.
type Area = (usize, usize, usize, usize);
const ALL: Area = (0, 0, WIDTH as usize, HEIGHT as usize);
/// Around the face's box and its tag.
const AROUND: Area = (100, 0, 640, 360);

fn overlay(engine: Option<&Engine>, properties: &[(&str, &str)]) -> gst_check::Harness {
    let properties: Vec<_> = [("call", "call")].iter().chain(properties).copied().collect();
    harness_of("callguardoverlay", engine, &properties, video_caps("RGB", WIDTH, HEIGHT, 10)).0
}

fn tap(engine: &Engine) -> gst_check::Harness {
    let properties = [("call", "call"), ("stream", "guest")];
    harness_of("callguardvideo", Some(engine), &properties, video_caps("GRAY8", WIDTH, HEIGHT, 10)).0
}

/// A grey picture at the `n`th tenth of a second.
fn blank(n: u64) -> gst::Buffer {
    let pixels = vec![GREY; (WIDTH * HEIGHT * 3) as usize];
    stamped(gst::Buffer::from_mut_slice(pixels), n, gst::ClockTime::from_mseconds(100))
}

/// How many pixels of an area are not as they were.
fn drawn(buffer: &gst::Buffer, (left, top, right, bottom): Area) -> usize {
    let map = buffer.map_readable().unwrap();
    let row = |y: usize| &map[(y * WIDTH as usize + left) * 3..(y * WIDTH as usize + right) * 3];
    (top..bottom).flat_map(|y| row(y).chunks(3)).filter(|p| p.iter().any(|c| *c != GREY)).count()
}

/// How many pixels have this colour, give or take what blending adds.
fn coloured(buffer: &gst::Buffer, colour: [u8; 3]) -> usize {
    let map = buffer.map_readable().unwrap();
    map.chunks(3).filter(|p| p.iter().zip(colour).all(|(is, should)| is.abs_diff(should) <= 3)).count()
}

#[test]
fn without_an_engine_it_says_so() {
    let mut h = overlay(None, &[]);
    let got = h.push_and_pull(blank(0)).unwrap();
    assert!(drawn(&got, (0, 320, 320, 360)) > 1000, "a line at the bottom left");
    assert_eq!(drawn(&got, (0, 0, 640, 300)), 0, "and nothing else");
}

#[test]
fn a_face_has_its_box_and_word_and_loses_the_box_when_it_is_stale() {
    let engine = Script::new(&[ONE], -4.0).engine(How::Says(0.0));
    let (mut seen, mut h) = (tap(&engine), overlay(Some(&engine), &[]));
    show(&mut seen, &engine, "call", 0..60);
    eventually("a verdict", || engine.live("call").view().participants.iter().any(|p| p.state == State::Genuine));
    show(&mut seen, &engine, "call", 60..61);
    let got = h.push_and_pull(blank(60)).unwrap();
    assert!(coloured(&got, [0, 158, 115]) > 500, "the ground of the word, in the verdict's colour");
    let [x, y, side] = ONE.map(|pixels| pixels as usize);
    assert!(drawn(&got, (x - 6, y - 6, x + 20, y + 20)) > 50, "the box's corner");
    assert_eq!(drawn(&got, (x + 30, y + 30, x + side - 30, y + side - 30)), 0, "the face itself is not hidden");
    assert_eq!(drawn(&got, (0, 0, 90, 360)), 0);
    // Of another second of the picture the box says nothing, however fresh the call is.
    show(&mut seen, &engine, "call", 61..62);
    assert_eq!(drawn(&h.push_and_pull(blank(80)).unwrap(), AROUND), 0);
    // And when no picture came for a second, it says nothing of any.
    std::thread::sleep(Duration::from_millis(1_300));
    assert_eq!(drawn(&h.push_and_pull(blank(62)).unwrap(), AROUND), 0);
}

#[test]
fn an_alert_stays_on_the_picture_when_the_face_is_gone() {
    let script = Script::new(&[ONE], 4.0);
    let engine = script.engine(How::Says(0.0));
    let (mut seen, mut h) = (tap(&engine), overlay(Some(&engine), &[]));
    show(&mut seen, &engine, "call", 0..70);
    eventually("an alert", || engine.live("call").view().participants.iter().any(|p| p.alert));
    script.faces.lock().unwrap().clear();
    std::thread::sleep(Duration::from_millis(1_300));
    let got = h.push_and_pull(blank(70)).unwrap();
    assert!(drawn(&got, (0, 320, 640, 360)) > 1000, "a line at the bottom");
    assert_eq!(drawn(&got, (0, 0, 640, 300)), 0, "no box");
}

#[test]
fn a_closed_call_is_not_guarded() {
    let engine = Script::new(&[ONE], -4.0).engine(How::Says(0.0));
    let (mut seen, mut h) = (tap(&engine), overlay(Some(&engine), &[]));
    show(&mut seen, &engine, "call", 0..20);
    assert!(drawn(&h.push_and_pull(blank(20)).unwrap(), AROUND) > 0);
    engine.live("call").close();
    let got = h.push_and_pull(blank(21)).unwrap();
    assert_eq!(drawn(&got, (0, 0, 640, 300)), 0);
    assert!(coloured(&got, [187, 187, 187]) > 500, "grey");
}

#[test]
fn only_the_faces_of_the_stream_asked_for() {
    let engine = Script::new(&[ONE], -4.0).engine(How::Says(0.0));
    let (mut seen, mut other) = (tap(&engine), overlay(Some(&engine), &[("stream", "host")]));
    let mut same = overlay(Some(&engine), &[("stream", "guest")]);
    show(&mut seen, &engine, "call", 0..20);
    assert_eq!(drawn(&other.push_and_pull(blank(20)).unwrap(), ALL), 0);
    assert!(drawn(&same.push_and_pull(blank(20)).unwrap(), ALL) > 0);
}

#[test]
fn where_nothing_is_drawn_the_very_same_buffer_goes_on() {
    let engine = Script::new(&[], 0.0).engine(How::Says(0.0));
    let (mut seen, mut h) = (tap(&engine), overlay(Some(&engine), &[]));
    show(&mut seen, &engine, "call", 0..5);
    let sent = blank(5);
    let pointer = sent.as_ptr();
    let got = h.push_and_pull(sent).unwrap();
    assert_eq!((got.as_ptr(), drawn(&got, ALL)), (pointer, 0));
}

#[test]
fn nobody_elses_picture_is_drawn_on() {
    let mut h = overlay(None, &[]);
    let sent = blank(0);
    let held = sent.clone();
    let got = h.push_and_pull(sent).unwrap();
    assert!(drawn(&got, ALL) > 0);
    assert_eq!(drawn(&held, ALL), 0);
}

#[test]
fn any_format_and_size_is_drawn_on() {
    for format in [
        "I420", "YV12", "NV12", "NV21", "Y42B", "Y444", "YUY2", "UYVY", "RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR",
        "RGBA", "BGRA", "ARGB", "ABGR", "GRAY8",
    ] {
        for (width, height) in [(641, 359), (33, 17), (180, 640), (1, 1)] {
            let mut caps = video_caps(format, width, height, 25);
            caps.make_mut().set("pixel-aspect-ratio", gst::Fraction::new(16, 11));
            let size = gstreamer_video::VideoInfo::from_caps(&caps).unwrap().size();
            let (mut h, bus) = harness_of("callguardoverlay", None, &[], caps);
            let sent = gst::Buffer::from_mut_slice(vec![GREY; size]);
            let before = sent.copy_deep().unwrap();
            let got = h.push_and_pull(stamped(sent, 0, gst::ClockTime::from_mseconds(40))).unwrap();
            let same = *got.map_readable().unwrap() == *before.map_readable().unwrap();
            assert!(!same || width < 30, "{format} {width}x{height}");
            assert!(bus.pop_filtered(&[gst::MessageType::Error]).is_none());
        }
    }
}

/// As in a shell: the overlay finds the engine that the tap has started.
#[test]
fn in_a_pipeline_it_finds_the_engine_behind_a_converter() {
    common::init();
    let engine = Script::new(&[ONE], -4.0).engine(How::Says(0.0));
    let pipeline = gst::parse::launch(
        "videotestsrc num-buffers=30 pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=30/1 \
         ! callguardvideo name=tap attach-meta=true ! videoconvert ! callguardoverlay ! videoconvert \
         ! video/x-raw,format=RGB ! appsink name=sink sync=false",
    );
    let pipeline = pipeline.unwrap().downcast::<gst::Pipeline>().unwrap();
    let tap = pipeline.by_name("tap").unwrap();
    tap.set_context(&gstcallguard::context(&gstcallguard::EngineHandle::new(engine.clone())));
    pipeline.set_state(gst::State::Playing).unwrap();
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let sink = pipeline.by_name("sink").unwrap();
    let mut pictures = 0;
    while let Some(sample) =
        sink.emit_by_name::<Option<gst::Sample>>("try-pull-sample", &[&gst::ClockTime::from_seconds(20).nseconds()])
    {
        assert!(sample.buffer().is_some());
        pictures += 1;
    }
    let end = pipeline.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(20), &ends).unwrap();
    assert_eq!((pictures, end.type_()), (30, gst::MessageType::Eos), "{end:?}");
    let stats = tap.property::<gst::Structure>("stats");
    assert_eq!((stats.get::<&str>("engine"), stats.get::<u64>("unobserved-frames")), (Ok("ready"), Ok(0)));
    pipeline.set_state(gst::State::Null).unwrap();
}
