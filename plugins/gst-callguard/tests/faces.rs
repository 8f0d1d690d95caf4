//! What is seen becomes evidence, and rides on the buffers where that was asked for.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use callguard_core::{EventType, ParticipantKind, State};
use callguard_engine::Engine;
use common::faces::{HEIGHT, ONE, Script, WIDTH, picture, show, stamped, video_caps};
use common::gst::prelude::*;
use common::{How, eventually, gst, gst_check, harness_of, push_speech, stat, wait_for};
use gstreamer_video::VideoRegionOfInterestMeta as Region;

fn harness(engine: &Engine, properties: &[(&str, &str)]) -> (gst_check::Harness, gst::Bus) {
    let properties: Vec<_> = [("call", "call"), ("stream", "guest")].iter().chain(properties).copied().collect();
    harness_of("callguardvideo", Some(engine), &properties, video_caps("GRAY8", WIDTH, HEIGHT, 10))
}

const ATTACH: [(&str, &str); 1] = [("attach-meta", "true")];

#[test]
fn a_synthetic_face_is_said_on_the_bus() {
    let engine = Script::new(&[ONE], 4.0).engine(How::Says(0.0));
    let (mut h, bus) = harness(&engine, &[]);
    show(&mut h, &engine, "call", 0..70);
    let raised = wait_for(&bus, |m| m.event.r#type == EventType::AlertRaised);
    assert_eq!((raised.stream.as_str(), raised.event.kind), ("guest", Some(ParticipantKind::Face)));
    let alert = raised.event.alert.unwrap();
    assert_eq!(alert.reasons[0].source, "face-forgery");
    assert!(h.element().unwrap().emit_by_name::<bool>("acknowledge", &[&alert.number]));
    let named = engine.live("call").snapshot();
    assert_eq!(named.streams[0].stats.refused_frames, 0);
}

#[test]
fn made_up_pictures_are_no_evidence() {
    let engine = Script::new(&[ONE], 4.0).engine(How::Says(0.0));
    let (mut h, _bus) = harness(&engine, &[]);
    for n in 0..40 {
        let mut made_up = picture(n, WIDTH, HEIGHT);
        made_up.get_mut().unwrap().set_flags(gst::BufferFlags::GAP);
        h.push_and_pull(made_up).unwrap();
    }
    assert_eq!(stat(&h, "filled-frames"), 40);
    std::thread::sleep(Duration::from_millis(500));
    assert!(engine.live("call").snapshot().participants.is_empty());
}

/// What a region says.
fn said(region: &Region) -> gst::Structure {
    region.params().find(|s| s.name() == "callguard").unwrap().to_owned()
}

fn regions(buffer: &gst::BufferRef) -> Vec<gst::MetaRef<'_, Region>> {
    buffer.iter_meta::<Region>().filter(|r| r.roi_type() == "callguard").collect()
}

#[test]
fn faces_ride_on_the_buffers_where_that_was_asked_for() {
    let engine = Script::new(&[ONE], 4.0).engine(How::Says(0.0));
    let (mut h, _bus) = harness(&engine, &ATTACH);
    show(&mut h, &engine, "call", 0..70);
    eventually("an alert", || engine.live("call").view().participants.iter().any(|p| p.alert));
    let next = picture(70, WIDTH, HEIGHT);
    let (held, memory) = (next.clone(), next.peek_memory(0).as_ptr());
    let got = h.push_and_pull(next).unwrap();
    assert_ne!(got.as_ptr(), held.as_ptr(), "another header, since someone holds this one");
    assert_eq!(got.peek_memory(0).as_ptr(), memory, "over the same memory");
    assert!(regions(&held).is_empty());
    let found = regions(&got);
    assert_eq!(found.len(), 1);
    let [x, y, side] = ONE.map(|pixels| pixels as u32);
    let (left, top, width, height) = found[0].rect();
    assert!(left.abs_diff(x) <= 2 && top.abs_diff(y) <= 2, "{left} {top}");
    assert!(width.abs_diff(side) <= 2 && height.abs_diff(side) <= 2, "{width} x {height}");
    let said = said(&found[0]);
    assert_eq!(said.get::<&str>("stream"), Ok("guest"));
    assert_eq!(said.get::<&str>("verdict"), Ok("synthetic"));
    assert_eq!(said.get::<bool>("alert"), Ok(true));
    assert_eq!(said.get::<&str>("hypothesis"), Ok("face-synthetic"));
    assert_eq!(said.get::<&str>("reason"), Ok("face-forgery"));
    assert_eq!(said.get::<u32>("participant"), Ok(engine.live("call").view().participants[0].id.0));
    let (analysed, age) = (said.get::<u64>("analysed-pts").unwrap(), said.get::<u64>("age-ms").unwrap());
    assert!(analysed % 100_000_000 == 0 && age <= 1000, "{analysed} {age}");
    assert_eq!(analysed / 1_000_000 + age, 7_000, "the timestamp of a picture that was, and how long ago");
    assert!(said.get::<u64>("verdict-age-ms").is_ok());
}

#[test]
fn without_it_buffers_are_as_they_were() {
    let engine = Script::new(&[ONE], 4.0).engine(How::Says(0.0));
    let (mut h, _bus) = harness(&engine, &[]);
    show(&mut h, &engine, "call", 0..20);
    let next = picture(20, WIDTH, HEIGHT);
    let pointer = next.as_ptr();
    let got = h.push_and_pull(next).unwrap();
    assert_eq!(got.as_ptr(), pointer);
    assert!(got.iter_meta::<Region>().next().is_none());
    h.element().unwrap().set_property("attach-meta", true);
    assert_eq!(regions(&h.push_and_pull(picture(21, WIDTH, HEIGHT)).unwrap()).len(), 1, "at once");
}

#[test]
fn no_stale_face_is_attached() {
    let engine = Script::new(&[ONE], 0.0).engine(How::Says(0.0));
    let (mut h, _bus) = harness(&engine, &ATTACH);
    assert_eq!(regions(&show(&mut h, &engine, "call", 0..20)).len(), 1);
    // The picture after a hole, before anyone has looked at it.
    let later = h.push_and_pull(stamped(picture(40, WIDTH, HEIGHT), 40, gst::ClockTime::from_mseconds(100))).unwrap();
    assert!(regions(&later).is_empty());
}

#[test]
fn a_turned_picture_has_its_faces_where_they_are_stored() {
    // Stored as 640 x 360, upright 360 x 640: what the detector sees of it has 320 rows.
    let script = Script::new(&[[100.0, 200.0, 120.0]], 0.0);
    let engine = script.engine(How::Says(0.0));
    let (mut h, _bus) = harness(&engine, &ATTACH);
    let mut tags = gst::TagList::new();
    tags.get_mut().unwrap().add::<gst::tags::ImageOrientation>(&"rotate-90", gst::TagMergeMode::Replace);
    h.push_event(gst::event::Tag::new(tags));
    let last = show(&mut h, &engine, "call", 0..20);
    let (x, y, w, h) = regions(&last)[0].rect();
    // The upright top is on the stored left, the upright right on the stored top.
    for (is, should) in [(x, 200), (y, 360 - 100 - 120), (w, 120), (h, 120)] {
        assert!(is.abs_diff(should) <= 2, "{:?}", (x, y, w, h));
    }
}

#[test]
fn sound_and_picture_are_aligned_by_running_time() {
    let engine = Script::new(&[ONE], 0.0).engine(How::Says(0.0));
    let (mut seen, _bus) = harness(&engine, &[]);
    let (mut heard, _bus) = common::harness(Some(&engine), &[("call", "call"), ("stream", "guest")]);
    push_speech(&mut heard, 0, 4.0);
    show(&mut seen, &engine, "call", 0..40);
    let call = engine.live("call");
    eventually("both are there", || call.view().participants.len() == 2);
    let view = call.view();
    let face = view.participants.iter().find_map(|p| p.face).unwrap();
    assert_eq!(face.at, face.running, "neither was moved");
    assert!(face.at.as_nanos() <= 3_900_000_000 && face.at.as_nanos() >= 3_000_000_000, "{:?}", face.at);
    assert!(view.participants.iter().any(|p| p.kind == ParticipantKind::Voice && p.state != State::Synthetic));
}
