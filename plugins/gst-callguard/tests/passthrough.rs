//! The stream goes through as if the element were not there.
#![allow(clippy::unwrap_used)]

mod common;

use common::gst::prelude::*;
use common::{FRAMES, How, RATE, buffer, caps, element, engine, eventually, gst, gst_check, harness, init, stat};

#[test]
fn the_very_same_buffer_goes_on() {
    let engine = engine(How::Says(0.0));
    for (format, bytes) in [("S16LE", 2), ("S24LE", 3), ("S32LE", 4), ("F32LE", 4), ("F64LE", 8)] {
        for channels in [1, 2, 8] {
            let (mut h, _bus) = harness(Some(&engine), &[("call", format)]);
            h.set_src_caps(caps(format, RATE, channels));
            let mut sent = buffer(0, vec![0x11; FRAMES * bytes * channels as usize]);
            sent.get_mut().unwrap().set_offset(7);
            let (pointer, copy) = (sent.as_ptr(), sent.copy_deep().unwrap());
            let got = h.push_and_pull(sent).unwrap();
            assert_eq!(got.as_ptr(), pointer, "{format} {channels}");
            assert_eq!((got.pts(), got.duration(), got.offset()), (copy.pts(), copy.duration(), copy.offset()));
            assert_eq!(got.flags(), copy.flags());
            assert_eq!(got.map_readable().unwrap().as_slice(), copy.map_readable().unwrap().as_slice());
            assert_eq!(stat(&h, "frames"), FRAMES as u64);
            assert_eq!(stat(&h, "unobserved-frames"), 0, "heard from the first buffer on");
        }
    }
}

#[test]
fn latency_is_what_it_was() {
    init();
    let engine = engine(How::Says(0.0));
    for ms in [0, 35] {
        let latency = gst::ClockTime::from_mseconds(ms);
        let mut without = gst_check::Harness::new("identity");
        let (mut with, _bus) = harness(Some(&engine), &[]);
        for h in [&mut without, &mut with] {
            h.set_live(true);
            h.set_upstream_latency(latency);
        }
        assert_eq!(with.query_latency(), without.query_latency());
        assert_eq!(with.query_latency(), Some(latency));
    }
}

#[test]
fn formats_it_cannot_hear_are_not_negotiated() {
    init();
    let engine = engine(How::Says(0.0));
    let mut planar = caps("S16LE", RATE, 2);
    planar.make_mut().set("layout", "non-interleaved");
    for refused in [caps("S16BE", RATE, 1), caps("S16LE", RATE, 9), planar] {
        let (mut h, _bus) = harness(Some(&engine), &[]);
        h.set_src_caps(refused.clone());
        assert_eq!(h.push(buffer(0, vec![0; 1764])), Err(gst::FlowError::NotNegotiated), "{refused}");
    }
}

#[test]
fn rates_out_of_range_pass_unheard() {
    let engine = engine(How::Says(0.0));
    let (mut h, _bus) = harness(Some(&engine), &[]);
    h.set_src_caps(caps("S16LE", 2_000, 1));
    h.push_and_pull(buffer(0, vec![0; 80])).unwrap();
    assert_eq!(stat(&h, "frames"), 40);
    assert_eq!(stat(&h, "unobserved-frames"), 40);
}

#[test]
fn a_new_format_in_midstream_goes_on() {
    let engine = engine(How::Says(0.0));
    let (mut h, _bus) = harness(Some(&engine), &[]);
    h.push_and_pull(buffer(0, vec![0; FRAMES * 2])).unwrap();
    for (n, (format, rate, channels, bytes)) in
        [("F32LE", 48_000, 2, 4), ("S16LE", 8_000, 1, 2)].into_iter().enumerate()
    {
        h.set_src_caps(caps(format, rate, channels));
        let frames = rate as usize / 50;
        h.push_and_pull(buffer(n as u64 + 1, vec![0; frames * bytes * channels as usize])).unwrap();
        let got = h.sinkpad().unwrap().current_caps().unwrap();
        assert!(got.is_subset(&caps(format, rate, channels)), "{got}");
    }
    assert_eq!(stat(&h, "frames"), (FRAMES + 960 + 160) as u64);
    assert_eq!(stat(&h, "unobserved-frames"), 0);
}

#[test]
fn events_pass_in_order() {
    let engine = engine(How::Says(0.0));
    let (mut h, _bus) = harness(Some(&engine), &[]);
    h.push_and_pull(buffer(0, vec![0; FRAMES * 2])).unwrap();
    while h.try_pull_event().is_some() {}
    let ms = gst::ClockTime::from_mseconds;
    let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
    segment.set_start(ms(5_000));
    for event in [
        gst::event::Gap::builder(ms(20)).duration(ms(20)).build(),
        gst::event::FlushStart::new(),
        gst::event::FlushStop::new(true),
        gst::event::Segment::new(segment.upcast_ref()),
        gst::event::CustomDownstream::new(gst::Structure::new_empty("anything")),
        gst::event::Eos::new(),
    ] {
        let kind = event.type_();
        assert!(h.push_event(event), "{kind:?}");
        // The harness's source pad sends its sticky events again after a flush.
        let got = std::iter::from_fn(|| h.try_pull_event()).map(|e| e.type_()).collect::<Vec<_>>();
        assert!(got.contains(&kind), "{kind:?} in {got:?}");
    }
    assert_eq!(h.push(buffer(1, vec![0; FRAMES * 2])), Err(gst::FlowError::Eos));
}

#[test]
fn after_the_end_another_stream_may_follow() {
    let engine = engine(How::Says(0.0));
    let (mut h, _bus) = harness(Some(&engine), &[]);
    h.push_and_pull(buffer(0, vec![0; FRAMES * 2])).unwrap();
    h.push_event(gst::event::Eos::new());
    h.push_event(gst::event::FlushStart::new());
    h.push_event(gst::event::FlushStop::new(true));
    h.push_event(gst::event::Segment::new(gst::FormattedSegment::<gst::ClockTime>::new().upcast_ref()));
    let mut n = 0;
    eventually("heard again", || {
        let before = stat(&h, "unobserved-frames");
        h.push_and_pull(buffer(n, vec![0; FRAMES * 2])).unwrap();
        n += 1;
        stat(&h, "unobserved-frames") == before
    });
}

#[test]
fn up_and_down_again_and_again() {
    let engine = engine(How::Says(0.0));
    for engine in [Some(&engine), None] {
        let (tap, _bus) = element(engine, &[("models", "/nonexistent")]);
        let pipeline = gst::Pipeline::new();
        let source = gst::ElementFactory::make("audiotestsrc").property("num-buffers", 1_000_000).build().unwrap();
        let sink = gst::ElementFactory::make("fakesink").build().unwrap();
        pipeline.add_many([&source, &tap, &sink]).unwrap();
        gst::Element::link_many([&source, &tap, &sink]).unwrap();
        for _ in 0..10 {
            pipeline.set_state(gst::State::Playing).unwrap();
            let (result, state, _) = pipeline.state(gst::ClockTime::from_seconds(10));
            assert_eq!((result.is_ok(), state), (true, gst::State::Playing));
            pipeline.set_state(gst::State::Paused).unwrap();
            pipeline.set_state(gst::State::Playing).unwrap();
            pipeline.set_state(gst::State::Ready).unwrap();
            pipeline.set_state(gst::State::Playing).unwrap();
            pipeline.set_state(gst::State::Null).unwrap();
        }
    }
}
