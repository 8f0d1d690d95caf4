//! Streams of one call whose clocks differ: other pipelines, pipelines that began anew, pauses.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use callguard_core::{MediaTime, State};
use callguard_engine::{EngineConfig, LiveCall};
use common::{How, at, engine, engine_with, eventually, say, speech};

/// Time in which a stream falls silent for the engine.
const SILENCE: Duration = Duration::from_millis(900);

fn heard_all(call: &LiveCall) -> bool {
    call.snapshot().streams.iter().all(|s| s.stats.waiting == 0)
}

#[test]
fn a_pipeline_that_began_later_is_judged_by_the_calls_clock() {
    let engine = engine(How::Says(-2.0));
    let call = engine.live("desk");
    let hour = Duration::from_secs(3600);
    let mut first = call.audio("first");
    say(&mut first, speech(), MediaTime::ZERO + hour);
    eventually("the first is genuine", || {
        call.snapshot().participants.first().map(|p| p.verdict.state) == Some(State::Genuine)
    });
    eventually("all is heard", || heard_all(&call));
    let mut second = call.audio("second");
    say(&mut second, speech(), MediaTime::ZERO);
    eventually("the second is genuine", || {
        call.snapshot().participants.get(1).map(|p| p.verdict.state) == Some(State::Genuine)
    });
    let snapshot = call.snapshot();
    let second = &snapshot.participants[1];
    assert!(second.verdict.age < Duration::from_secs(10), "fresh: {:?}", second.verdict.age);
    assert!(second.from >= MediaTime::ZERO + hour, "{}", second.from);
    assert!(snapshot.now < MediaTime::ZERO + hour + 3 * at(speech().len()).since(MediaTime::ZERO), "{}", snapshot.now);
}

#[test]
fn a_stream_whose_pipeline_begins_anew_at_zero_is_judged_again() {
    let engine = engine(How::Says(-2.0));
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    eventually("genuine", || call.snapshot().participants.first().map(|p| p.verdict.state) == Some(State::Genuine));
    eventually("all is heard", || heard_all(&call));
    let end = call.snapshot().now;
    tap.end();
    std::thread::sleep(SILENCE);
    let mut again = call.audio("line");
    say(&mut again, speech(), MediaTime::ZERO);
    eventually("genuine again", || {
        let s = call.snapshot();
        s.participants[0].epoch == 1 && s.participants[0].verdict.state == State::Genuine
    });
    let snapshot = call.snapshot();
    assert!(snapshot.now > end, "time goes on");
    assert!(snapshot.participants[0].verdict.age < Duration::from_secs(10));
}

#[test]
fn a_pause_does_not_make_what_follows_stale() {
    let policy = callguard_core::Policy { unobservable_after_s: 1.0, ..callguard_core::Policy::default() };
    let engine = engine_with(How::Says(-2.0), EngineConfig { policy, ..EngineConfig::default() });
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    eventually("unobservable while nothing comes", || {
        call.snapshot().participants.first().map(|p| p.verdict.state) == Some(State::Unobservable)
    });
    say(&mut tap, speech(), at(speech().len()));
    eventually("genuine at its own time", || {
        let s = call.snapshot();
        s.participants[0].verdict.state == State::Genuine && s.participants[0].epoch == 0
    });
    assert!(call.snapshot().now <= at(2 * speech().len()) + Duration::from_secs(10));
}
