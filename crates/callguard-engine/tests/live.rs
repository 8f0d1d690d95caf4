//! A live call from samples to events, whatever the detector does.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use callguard_core::{AlertKey, EpochReason, EventType, MediaTime, State};
use callguard_engine::{EngineConfig, Flags, LiveCall};
use common::{FORMAT, How, at, engine, engine_with, eventually, say, speech};

fn state(call: &LiveCall) -> Option<State> {
    call.snapshot().participants.first().map(|p| p.verdict.state)
}

#[test]
fn a_synthetic_voice_raises_an_alert_with_reasons() {
    let engine = engine(How::Says(3.0));
    let call = engine.live("desk");
    let events = call.subscribe();
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    tap.end();
    eventually("an alert", || call.snapshot().alerts.len() == 1);
    call.close();
    let mut all = Vec::new();
    while let Some(event) = events.try_recv() {
        all.push(event);
    }
    assert!(events.is_closed());
    let kinds: Vec<EventType> = all.iter().map(|e| e.r#type).filter(|t| *t != EventType::Update).collect();
    assert_eq!(kinds.first(), Some(&EventType::Joined));
    assert_eq!(kinds.last(), Some(&EventType::Left));
    let raised = all.iter().find(|e| e.r#type == EventType::AlertRaised).expect("told");
    let alert = raised.alert.as_ref().expect("the alert itself");
    assert_eq!(alert.reasons[0].source, "voice-clone");
    assert!(alert.score >= alert.threshold && alert.raised_s > alert.onset_s, "{alert:?}");
    assert!(!alert.reasons[0].windows.is_empty(), "the windows to look at");
    assert!(all.windows(2).all(|w| w[0].seq < w[1].seq), "in order");
    assert_eq!(tap.stats().dropped_frames, 0);
}

#[test]
fn a_genuine_voice_is_cleared_and_then_unobservable() {
    let engine = engine(How::Says(-2.0));
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    eventually("genuine", || state(&call) == Some(State::Genuine));
    let end = at(speech().len());
    let silence = vec![0u8; 882];
    for i in 0..600u64 {
        tap.push(&silence, FORMAT, end + Duration::from_millis(20 * i), Flags::default());
        if i % 5 == 4 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    eventually("unobservable", || state(&call) == Some(State::Unobservable));
    let snapshot = call.snapshot();
    let seat = &snapshot.participants[0];
    assert_eq!(seat.unobserved.as_deref(), Some("silence"));
    assert!(seat.verdict.age > Duration::from_secs(10));
    assert_eq!(seat.conclusion, State::Genuine, "of what was observed");
    assert!(snapshot.alerts.is_empty());
}

#[test]
fn a_source_that_stalls_or_leaves_is_lost_at_once() {
    for leaves in [false, true] {
        let engine = engine(How::Says(-2.0));
        let call = engine.live("desk");
        let mut tap = call.audio("line");
        say(&mut tap, speech(), MediaTime::ZERO);
        eventually("genuine", || state(&call) == Some(State::Genuine));
        let begin = Instant::now();
        let kept = (!leaves).then_some(tap);
        eventually("unobservable", || state(&call) == Some(State::Unobservable));
        // Ten seconds without evidence would say the same, of media time that goes on alone.
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        let seat = &call.snapshot().participants[0];
        assert_eq!((seat.unobserved.as_deref(), seat.conclusion), (Some("source-lost"), State::Genuine));
        drop(kept);
    }
}

#[test]
fn a_stuck_model_costs_the_media_thread_nothing_and_drops_are_counted() {
    let engine =
        engine_with(How::Stuck, EngineConfig { deadline: Duration::from_millis(100), ..EngineConfig::default() });
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    let mut longest = Duration::ZERO;
    for round in 0..3u64 {
        let from = at(speech().len() * round as usize);
        for (i, block) in speech().chunks(882).enumerate() {
            let t = Instant::now();
            tap.push(block, FORMAT, from + at(i * 882).since(MediaTime::ZERO), Flags::default());
            longest = longest.max(t.elapsed());
            if i % 5 == 4 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
    // Speed is measured in benches; this only tells a push from one that waits for the model, which never answers.
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    eventually("late windows are counted", || tap.stats().late_windows > 0);
    let snapshot = call.snapshot();
    assert!(snapshot.participants[0].charts.is_empty(), "no answer is no evidence");
    assert!(snapshot.participants[0].sources[0].abstained.contains_key(&callguard_core::Abstain::Late));
    assert!(tap.stats().waiting <= 100);
    let begun = Instant::now();
    engine.stop();
    assert!(begun.elapsed() < Duration::from_secs(30), "a model that hangs is left behind");
}

#[test]
fn overflow_takes_whole_hops_and_is_counted() {
    // One worker that is busy with a stuck analysis cannot be had without a stuck lock: a burst faster than any worker does the same.
    let engine = engine_with(How::Says(0.0), EngineConfig { workers: Some(1), ..EngineConfig::default() });
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    let second = vec![0u8; 2 * common::RATE as usize];
    for i in 0..600u64 {
        tap.push(&second, FORMAT, MediaTime::from_millis(1000 * i), Flags::default());
    }
    let stats = tap.stats();
    assert!(stats.dropped_hops > 0 && stats.dropped_frames > 0, "{stats:?}");
    assert_eq!(stats.frames, 600 * u64::from(common::RATE));
    eventually("the event tells", || {
        let s = call.snapshot();
        s.streams[0].stats.waiting == 0
    });
}

#[test]
fn a_panicking_detector_is_said_and_media_flows_on() {
    let engine = engine(How::Panics);
    let call = engine.live("desk");
    let events = call.subscribe();
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    let mut told = None;
    eventually("it is told", || {
        while let Some(event) = events.try_recv() {
            if event.r#type == EventType::EngineUnavailable {
                told = event.unobserved.clone();
            }
        }
        told.is_some()
    });
    assert!(told.is_some_and(|t| t.contains("panicked")));
    assert_eq!(tap.push(&speech()[..882], FORMAT, at(speech().len()), Flags::default()).dropped_frames, 0);
}

#[test]
fn nan_is_no_evidence() {
    let engine = engine(How::Says(f32::NAN));
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    eventually("abstained", || {
        let s = call.snapshot();
        s.participants
            .first()
            .is_some_and(|p| p.sources.iter().any(|s| s.abstained.contains_key(&callguard_core::Abstain::BadOutput)))
    });
    assert!(call.snapshot().participants[0].charts.is_empty());
}

#[test]
fn another_source_begins_anew_and_keeps_the_alert() {
    // Synthetic for the first stretch of speech, genuine after it.
    let engine = engine(How::Turns(3.0, 20, -2.0));
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    eventually("an alert", || call.snapshot().alerts.len() == 1);
    eventually("all is heard", || tap.stats().waiting == 0);
    tap.source_changed(EpochReason::NewDevice);
    say(&mut tap, speech(), at(speech().len()));
    eventually("a new epoch", || call.snapshot().participants[0].epoch == 1);
    eventually("genuine", || state(&call) == Some(State::Genuine));
    let snapshot = call.snapshot();
    assert_eq!(snapshot.participants.len(), 1, "the same seat");
    assert!(snapshot.alerts[0].1.stands(), "vanishing washes nobody clean");
    assert!(call.acknowledge(AlertKey(1)));
    assert!(!call.acknowledge(AlertKey(1)));
}

#[test]
fn one_name_is_one_call_and_each_stream_a_voice() {
    let engine = engine(How::Says(-2.0));
    let (a, b) = (engine.live("desk"), engine.live("desk"));
    assert_eq!(a.id(), b.id());
    let mut first = a.audio("line");
    let mut second = b.audio("line");
    assert_eq!((first.stream(), second.stream()), ("line", "line-2"));
    say(&mut first, speech(), MediaTime::ZERO);
    say(&mut second, speech(), MediaTime::ZERO);
    eventually("two voices", || a.snapshot().participants.len() == 2);
    drop(first);
    let mut again = a.audio("line");
    assert_eq!(again.stream(), "line");
    say(&mut again, speech(), at(speech().len()));
    eventually("the seat is judged anew", || a.snapshot().participants.iter().any(|p| p.epoch == 1));
    assert_eq!(a.snapshot().participants.len(), 2);
    assert_ne!(engine.live("other").id(), a.id());
}

#[test]
fn a_gap_is_no_evidence_and_no_window_spans_it() {
    let engine = engine(How::Says(1.0));
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    let half = speech().len() / 4 * 2;
    say(&mut tap, &speech()[..half], MediaTime::ZERO);
    let hole = at(half);
    tap.gap(hole, Duration::from_secs(3));
    say(&mut tap, &speech()[half..], hole + Duration::from_secs(3));
    tap.end();
    eventually("all is heard", || call.snapshot().now >= at(speech().len()));
    call.close();
    let snapshot = call.snapshot();
    let windows = &snapshot.participants.first().map(|p| p.timeline.windows.clone()).unwrap_or_default();
    let spans: Vec<_> = windows.values().flatten().map(|w| w.span).collect();
    assert!(spans.len() > 4, "{spans:?}");
    assert!(spans.iter().all(|s| s.to <= hole + Duration::from_millis(50) || s.from >= hole), "{spans:?}");
}

#[test]
fn after_stop_everything_is_closed_and_pushing_is_harmless() {
    let engine = engine(How::Says(1.0));
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    say(&mut tap, &speech()[..88_200], MediaTime::ZERO);
    engine.stop();
    assert!(call.is_closed());
    assert!(engine.live("later").is_closed());
    say(&mut tap, &speech()[..88_200], at(88_200));
    engine.stop();
}
