//! A recording is judged without drops, and as the same audio would be live.
#![allow(missing_docs)]

mod common;

use std::time::Duration;

use callguard_core::{MediaTime, Policy, State};
use callguard_engine::{AudioFormat, CallReport, Engine, EngineConfig, ErrorCode, Flags, SampleFormat};
use common::{FORMAT, How, at, engine, engine_with, eventually, say, speech};

fn heard(engine: &Engine, block: usize) -> CallReport {
    let mut call = engine.offline("file");
    let stream = call.audio("audio").expect("it hears");
    for (i, pcm) in speech().chunks(block).enumerate() {
        call.push(stream, pcm, FORMAT, at(i * block), Flags::default()).expect("it is speech");
    }
    call.finish(Some(at(speech().len()).since(MediaTime::ZERO))).expect("a report")
}

fn told(report: &CallReport) -> String {
    let p = &report.participants[0];
    format!("{:?} {:?} {:?} {:?} {:?}", p.charts, p.sources, p.conclusion, p.timeline.windows, report.alerts)
}

#[test]
fn how_a_recording_is_cut_makes_no_difference() {
    let engine = engine(How::Says(2.0));
    let whole = heard(&engine, speech().len());
    assert_eq!(whole.participants[0].conclusion, State::Synthetic);
    assert_eq!(whole.alerts.len(), 1);
    assert_eq!(told(&whole), told(&heard(&engine, 882)));
    assert_eq!(told(&whole), told(&heard(&engine, 65_536)));
}

#[test]
fn live_and_recorded_give_the_same_windows() {
    let engine = engine(How::Says(0.3));
    let recorded = heard(&engine, 4096);
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    tap.end();
    eventually("all is heard", || tap.stats().waiting == 0 && call.snapshot().now >= at(speech().len() - 44_100));
    call.close();
    let live = call.snapshot();
    let windows = |r: &CallReport| r.participants.first().map(|p| p.timeline.windows.clone());
    assert_eq!(tap.stats().dropped_frames, 0);
    assert_eq!(windows(&recorded).map(|w| w.len()), Some(1));
    assert_eq!(windows(&live), windows(&recorded));
}

#[test]
fn a_recording_shorter_than_a_window_gives_exactly_one() {
    let engine = engine(How::Says(1.0));
    let mut call = engine.offline("file");
    let stream = call.audio("audio").expect("it hears");
    call.push(stream, &speech()[..2 * 2 * common::RATE as usize], FORMAT, MediaTime::ZERO, Flags::default())
        .expect("speech");
    let report = call.finish(None).expect("a report");
    assert_eq!(report.participants[0].sources[0].windows, 1);
    assert!((report.policy.call_s - 2.0).abs() < 0.1, "a file is a call of its own length: {}", report.policy.call_s);
}

#[test]
fn what_cannot_be_heard_is_said() {
    let engine = engine(How::Says(1.0));
    let mut call = engine.offline("file");
    let stream = call.audio("audio").expect("it hears");
    let format = AudioFormat { rate_hz: 1_000, channels: 1, sample: SampleFormat::S16 };
    let error = call.push(stream, &[0; 200], format, MediaTime::ZERO, Flags::default()).expect_err("too low a rate");
    assert_eq!(error.code, ErrorCode::FormatRefused);
    assert!(error.message.contains("1000 Hz") && !error.hint.is_empty(), "{error:?}");
    let report = call.finish(Some(Duration::from_secs(1))).expect("a report");
    assert_eq!(report.participants[0].conclusion, State::Gathering);
}

#[test]
fn a_detector_that_panics_is_an_error_not_a_verdict() {
    let engine = engine(How::Panics);
    let mut call = engine.offline("file");
    let stream = call.audio("audio").expect("it hears");
    let error = call.push(stream, speech(), FORMAT, MediaTime::ZERO, Flags::default()).expect_err("it panics");
    assert_eq!(error.code, ErrorCode::DetectorFailed);
}

/// Two talkers: a loud one, a second of silence, and twice as long a quiet one.
fn in_turns() -> Vec<u8> {
    let seconds = |s: usize| 2 * s * common::RATE as usize;
    let loud = &speech()[..seconds(8)];
    let quiet = |pcm: &[u8]| -> Vec<u8> {
        let quieter = |x: &[u8; 2]| (i16::from_le_bytes(*x) / 12).to_le_bytes();
        pcm.as_chunks().0.iter().flat_map(quieter).collect()
    };
    [loud, &vec![0; seconds(1)], &quiet(&speech()[..seconds(16)])].concat()
}

#[test]
fn another_talker_does_not_clear_a_turn_of_a_mixed_stream() {
    let policy = Policy { false_alarm: 0.1, ..Policy::default() };
    let engine = engine_with(How::Loud(4.0), EngineConfig { policy, ..EngineConfig::default() });
    let pcm = in_turns();
    let heard = |mixed: bool| {
        let mut call = engine.offline("file");
        let stream = if mixed { call.mixed_audio("mix") } else { call.audio("mix") }.expect("it hears");
        call.push(stream, &pcm, FORMAT, MediaTime::ZERO, Flags::default()).expect("it is speech");
        call.finish(None).expect("a report")
    };
    let (one, mixed) = (heard(false), heard(true));
    let score = |r: &CallReport| r.participants[0].charts[0].score;
    assert_eq!((score(&one), one.alerts[0].1.stands()), (0.0, false), "one voice is cleared by what it says later");
    let alert = &mixed.alerts[0].1;
    assert!(alert.stands() && score(&mixed) >= alert.score, "{} {alert:?}", score(&mixed));
    let turn = alert.reasons[0].turn.expect("the turn is named").as_secs_f64();
    assert!(turn < 0.5 && alert.reasons[0].to.as_secs_f64() < 8.5, "{alert:?}");
    let windows = mixed.participants[0].timeline.windows.values().flatten();
    for w in windows {
        let (from, to) = (w.span.from.as_secs_f64(), w.span.to.as_secs_f64());
        assert!(to < 8.5 || from > 8.5, "no window has both: {from} to {to}");
    }
    assert!(mixed.participants[0].mixed && !one.participants[0].mixed);

    let call = engine.live("desk");
    let mut tap = call.audio("mix");
    tap.mix();
    for (i, second) in pcm.chunks(44_100).enumerate() {
        say(&mut tap, second, at(i * 44_100));
        eventually("there is room", || tap.stats().waiting < 50);
    }
    tap.end();
    eventually("all is heard", || tap.stats().waiting == 0 && call.snapshot().now >= at(pcm.len() - 44_100));
    call.close();
    let live = call.snapshot();
    let told = |r: &CallReport| {
        let p = &r.participants[0];
        let chart = (p.charts[0].score, p.charts[0].peak, p.charts[0].llr);
        format!("{chart:?} {:?} {:?}", p.timeline.windows, p.reasons)
    };
    assert_eq!(tap.stats().dropped_frames, 0);
    assert_eq!(told(&live), told(&mixed), "live and recorded");
}
