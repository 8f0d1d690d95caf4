//! What is heard becomes evidence, what the pipeline made up does not, and the bus says so.
#![allow(clippy::unwrap_used)]

mod common;

use callguard_core::{EventType, State};
use common::gst::prelude::*;
use common::{FRAMES, How, buffer, engine, eventually, gst, harness, push_speech, speech, stat, wait_for};

#[test]
fn a_synthetic_voice_is_said_on_the_bus() {
    let engine = engine(How::Says(4.0));
    let (mut h, bus) = harness(Some(&engine), &[("call", "studio"), ("stream", "guest")]);
    push_speech(&mut h, 0, 9.0);
    let raised = wait_for(&bus, |m| m.event.r#type == EventType::AlertRaised);
    assert_eq!((raised.stream.as_str(), raised.event.call.as_str()), ("guest", "studio"));
    let alert = raised.event.alert.unwrap();
    assert_eq!(alert.reasons[0].source, "voice-clone");
    assert!(alert.raised_s > 0.5 && alert.raised_s <= 9.0, "{}", alert.raised_s);
    wait_for(&bus, |m| m.event.r#type == EventType::Verdict && m.event.verdict == Some(State::Synthetic));
    assert_eq!(stat(&h, "dropped-frames"), 0);

    let acknowledge =
        |h: &common::gst_check::Harness| h.element().unwrap().emit_by_name::<bool>("acknowledge", &[&alert.number]);
    assert!(acknowledge(&h));
    assert!(!acknowledge(&h), "known already");
    let acknowledged = wait_for(&bus, |m| m.event.r#type == EventType::AlertAcknowledged);
    assert_eq!(acknowledged.event.alert.unwrap().number, alert.number);
}

#[test]
fn what_the_pipeline_made_up_is_no_evidence() {
    let engine = engine(How::Says(4.0));
    for flag in [gst::BufferFlags::GAP, gst::BufferFlags::DROPPABLE, gst::BufferFlags::CORRUPTED] {
        let call = format!("{flag:?}");
        let (mut h, _bus) = harness(Some(&engine), &[("call", &call)]);
        for (n, pcm) in speech(8.0).chunks_exact(2 * FRAMES).enumerate() {
            let mut b = buffer(n as u64, pcm.to_vec());
            b.get_mut().unwrap().set_flags(flag);
            h.push_and_pull(b).unwrap();
        }
        assert_eq!(stat(&h, "filled-frames"), stat(&h, "frames"));
        no_evidence_in(&engine, &call);
    }
}

#[test]
fn gap_events_are_no_evidence() {
    let engine = engine(How::Says(4.0));
    let (mut h, _bus) = harness(Some(&engine), &[("call", "gaps")]);
    let s = gst::ClockTime::from_seconds;
    h.push_and_pull(buffer(0, vec![0; FRAMES * 2])).unwrap();
    for n in 0..8 {
        h.push_event(gst::event::Gap::builder(s(n) + gst::ClockTime::from_mseconds(20)).duration(s(1)).build());
    }
    no_evidence_in(&engine, "gaps");
}

/// Half a second of speech between two holes is too short for a window (0.8 s), however often it comes.
#[test]
fn no_window_spans_a_discontinuity() {
    let engine = engine(How::Says(4.0));
    for (call, flag, hole) in [("flagged", true, 0), ("holes", false, 50)] {
        let (mut h, _bus) = harness(Some(&engine), &[("call", call)]);
        for (n, pcm) in speech(8.0).chunks_exact(2 * FRAMES).enumerate() {
            let n = n as u64;
            let mut b = buffer(n + n / 25 * hole, pcm.to_vec());
            if flag && n.is_multiple_of(25) {
                b.get_mut().unwrap().set_flags(gst::BufferFlags::DISCONT);
            }
            h.push_and_pull(b).unwrap();
        }
        no_evidence_in(&engine, call);
    }
}

/// Waits until the call has heard all that was pushed, then looks whether anything came of it.
#[track_caller]
fn no_evidence_in(engine: &callguard_engine::Engine, call: &str) {
    let heard = || engine.live(call).snapshot().streams.iter().all(|s| s.stats.waiting == 0);
    eventually("all heard", heard);
    // Of the last window the answer may be on its way.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let snapshot = engine.live(call).snapshot();
    assert_eq!(snapshot.participants.len(), 1, "{call}");
    for participant in &snapshot.participants {
        assert!(participant.charts.iter().all(|c| c.evidence == 0), "{call}: {:?}", participant.charts);
    }
}

#[test]
fn two_elements_share_a_call() {
    let engine = engine(How::Says(4.0));
    let (mut guest, guest_bus) = harness(Some(&engine), &[("call", "shared"), ("stream", "guest")]);
    let (mut host, host_bus) = harness(Some(&engine), &[("call", "shared"), ("stream", "host")]);
    push_speech(&mut guest, 0, 9.0);
    for n in 0..50 {
        host.push_and_pull(buffer(n, vec![0; FRAMES * 2])).unwrap();
    }
    let verdict = wait_for(&guest_bus, |m| m.event.verdict == Some(State::Synthetic));
    assert_eq!(verdict.stream, "guest");
    eventually("two voices in one call", || engine.live("shared").snapshot().participants.len() == 2);
    let said = std::iter::from_fn(|| host_bus.pop()).filter_map(|m| gstcallguard::CallguardMessage::parse(&m));
    for message in said {
        assert_ne!(message.event.verdict, Some(State::Synthetic), "each element speaks for its own stream");
    }
}

#[test]
fn updates_come_at_most_once_a_second() {
    let engine = engine(How::Says(0.5));
    let (mut h, bus) = harness(Some(&engine), &[]);
    let begun = std::time::Instant::now();
    for (n, pcm) in speech(4.0).chunks_exact(2 * FRAMES).enumerate() {
        h.push_and_pull(buffer(n as u64, pcm.to_vec())).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(18));
    }
    let seconds = begun.elapsed().as_secs() as usize + 1;
    let messages = std::iter::from_fn(|| bus.pop()).filter_map(|m| gstcallguard::CallguardMessage::parse(&m));
    let updates = messages.filter(|m| m.event.r#type == EventType::Update).count();
    assert!(updates > 0 && updates <= seconds, "{updates} in {seconds} s");
}
