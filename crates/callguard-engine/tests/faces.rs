//! Faces from pictures to verdicts, live and recorded.
#![allow(missing_docs)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use callguard_core::{EventType, MediaTime, ParticipantKind, SourceId, State};
use callguard_engine::{
    CallReport, Detectors, Engine, EngineConfig, ErrorCode, Flags, Picture, PictureFormat, PixelFormat,
};
use common::faces::{FRAME, Finder, Judge, engine_with_faces, format, picture, show};
use common::{FORMAT, Fake, How, eventually, speech};

const ONE: [[f32; 3]; 1] = [[100.0, 40.0, 60.0]];

fn engine(logit: f32) -> Engine {
    engine_with_faces(How::Says(0.0), Finder::new(&ONE), logit, EngineConfig::default())
}

/// `seconds` of pictures judged where they are shown.
fn seen(engine: &Engine, seconds: u32) -> CallReport {
    let mut call = engine.offline("file");
    let stream = call.video("picture").expect("it sees");
    for i in 0..seconds * 25 {
        let at = MediaTime::ZERO + FRAME * i;
        if call.takes(stream, at) {
            let format = format();
            call.show(stream, &Picture { format: &format, bytes: &picture(at), at }, Flags::default())
                .expect("a picture");
        }
    }
    call.finish(None).expect("a report")
}

fn windows(report: &CallReport) -> String {
    report.participants.iter().map(|p| format!("{:?} {:?}\n", p.kind, p.timeline.windows)).collect()
}

#[test]
fn a_forged_face_raises_an_alert_and_a_genuine_one_does_not() {
    let forged = seen(&engine(3.0), 8);
    let p = &forged.participants[0];
    assert_eq!((p.kind, p.conclusion), (ParticipantKind::Face, State::Synthetic));
    assert_eq!(forged.alerts[0].1.reasons[0].source.as_str(), "face-forgery");
    assert!(p.thumbnails.is_empty(), "nobody asked for pictures");
    let genuine = seen(&engine(-3.0), 8);
    assert_eq!(genuine.participants.len(), 1);
    assert_ne!(genuine.participants[0].conclusion, State::Synthetic);
    assert!(genuine.alerts.is_empty());
}

/// With a replay model beside the forgery model.
fn engine_with_replay(logit: f32) -> Engine {
    let detectors = Detectors {
        faces: Some(Arc::new(Finder::new(&ONE))),
        forgery: Some(Arc::new(Judge::forgery(-1.0))),
        replay: Some(Arc::new(Judge::replay(logit))),
        ..Detectors::default()
    };
    Engine::with(detectors, EngineConfig { thumbnails: true, ..EngineConfig::default() }).expect("an engine")
}

#[test]
fn a_presented_face_raises_an_alert_of_its_own_hypothesis() {
    let report = seen(&engine_with_replay(3.0), 8);
    let p = &report.participants[0];
    assert_eq!(p.conclusion, State::Synthetic);
    let (_, alert) = &report.alerts[0];
    assert_eq!(alert.reasons[0].source.as_str(), "face-replay");
    let windows = |source: &str| p.timeline.windows[&SourceId::new(source)].len();
    assert!(windows("face-replay") > 10 && windows("face-replay").abs_diff(windows("face-forgery")) <= 1);
    let wide = p.thumbnails.iter().find(|t| t.source.as_str() == "face-replay").expect("a picture of it");
    assert_eq!((wide.side, wide.rgb.len(), wide.map.len()), (128, 128 * 128 * 3, 4));
    assert!(seen(&engine_with_replay(-3.0), 8).alerts.is_empty());
}

#[test]
fn live_and_recorded_give_the_same_evidence() {
    let engine = engine_with_replay(0.4);
    let recorded = seen(&engine, 5);
    let call = engine.live("desk");
    let mut tap = call.video("camera");
    let handed = show(&mut tap, 5, Duration::from_millis(60));
    tap.end();
    eventually("all is seen", || tap.stats().waiting == 0 && call.snapshot().now >= MediaTime::from_millis(4_500));
    call.close();
    assert!(handed >= 49, "ten looks a second: {handed}");
    let stats = tap.stats();
    // A machine that is too busy to look ten times a second drops looks, which is right, and proves nothing here.
    if stats.dropped_frames + stats.late_windows > 0 {
        eprintln!("skipped: {stats:?}");
        return;
    }
    assert_eq!(windows(&call.snapshot()), windows(&recorded));
}

#[test]
fn pictures_are_kept_where_asked_for() {
    let config = EngineConfig { thumbnails: true, ..EngineConfig::default() };
    let report = seen(&engine_with_faces(How::Says(0.0), Finder::new(&ONE), 1.0, config), 6);
    let kept = &report.participants[0].thumbnails;
    assert!((1..=9).contains(&kept.len()), "{}", kept.len());
    let forgery: Vec<_> = kept.iter().filter(|t| t.source.as_str() == "face-forgery").collect();
    assert!(!forgery.is_empty() && forgery.len() <= 3);
    assert_eq!((forgery[0].rgb.len(), forgery[0].side, forgery[0].map.len()), (160 * 160 * 3, 160, 4));
    assert!(kept.windows(2).all(|w| w[0].span <= w[1].span), "in order");
}

#[test]
fn two_faces_are_two_participants_and_a_voice_is_a_third() {
    let finder = Finder::new(&[[40.0, 40.0, 60.0], [200.0, 50.0, 60.0]]);
    let engine = engine_with_faces(How::Says(0.0), finder, 0.0, EngineConfig::default());
    let report = |sound_first: bool| {
        let mut call = engine.offline("file");
        let (sound, pictures) = (call.audio("sound").expect("it hears"), call.video("picture").expect("it sees"));
        let hear = |call: &mut callguard_engine::OfflineCall| {
            call.push(sound, &speech()[..4 * 44_100], FORMAT, MediaTime::ZERO, Flags::default()).expect("speech");
        };
        if sound_first {
            hear(&mut call);
        }
        for i in 0..100 {
            let at = MediaTime::ZERO + FRAME * i;
            if call.takes(pictures, at) {
                let shown = Picture { format: &format(), bytes: &picture(at), at };
                call.show(pictures, &shown, Flags::default()).expect("a picture");
            }
        }
        if !sound_first {
            hear(&mut call);
        }
        call.finish(None).expect("a report")
    };
    let (first, second) = (report(true), report(false));
    let kinds: Vec<_> = first.participants.iter().map(|p| p.kind).collect();
    assert_eq!(kinds, [ParticipantKind::Voice, ParticipantKind::Face, ParticipantKind::Face]);
    assert_eq!(windows(&first), windows(&second), "the order of decoders is chance");
    assert_eq!(first.streams[1].participants.len(), 2);
}

#[test]
fn a_slow_detector_drops_looks_and_never_holds_the_stream() {
    let finder = Finder::new(&ONE);
    let stuck = finder.stuck.clone();
    let engine = engine_with_faces(How::Says(0.0), finder, 0.0, EngineConfig::default());
    let call = engine.live("desk");
    let mut tap = call.video("camera");
    stuck.store(true, std::sync::atomic::Ordering::Relaxed);
    let begun = Instant::now();
    let handed = show(&mut tap, 20, Duration::ZERO);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(tap.stats().dropped_frames as usize >= handed - 3, "{:?} of {handed}", tap.stats());
    assert_eq!(call.snapshot().participants.len(), 0);
    call.close();
    stuck.store(false, std::sync::atomic::Ordering::Relaxed);
}

#[test]
fn sound_and_picture_of_one_pipeline_share_their_time() {
    let engine = engine(0.0);
    let call = engine.live("desk");
    let (mut sound, mut pictures) = (call.audio("guest"), call.video("guest"));
    let begin = MediaTime::from_millis(7_200_000);
    // 40 ms of sound to each picture, as they come out of one pipeline that has been running for two hours.
    for (i, pcm) in (0..100).zip(speech().chunks(2 * 882)) {
        let at = begin + FRAME * i;
        sound.push(pcm, FORMAT, at, Flags::default());
        if pictures.takes(at) {
            pictures.push(Box::new(common::faces::Shown(at)), at, Flags::default());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    eventually("both are there", || call.snapshot().participants.len() == 2);
    let report = call.snapshot();
    for p in &report.participants {
        let from = p.timeline.from.as_secs_f64();
        assert!((7200.0..7204.0).contains(&from), "{:?} from {from}", p.kind);
    }
    let names: Vec<_> = report.streams.iter().map(|s| (s.name.as_str(), s.kind)).collect();
    assert_eq!(names, [("guest", ParticipantKind::Voice), ("guest", ParticipantKind::Face)]);
    eventually("the view has the face's place", || {
        call.view().participants.iter().any(|p| p.face.is_some_and(|f| f.size == (640, 360) && f.bounds.w > 100.0))
    });
}

#[test]
fn without_a_model_that_finds_faces_it_is_said() {
    let detectors = Detectors { voice: Some(std::sync::Arc::new(Fake::new(How::Says(0.0)))), ..Detectors::default() };
    let engine = Engine::with(detectors, EngineConfig::default()).expect("an engine");
    assert!(!engine.sees());
    assert_eq!(engine.offline("file").video("picture").expect_err("nobody sees").code, ErrorCode::NoModel);
    let call = engine.live("desk");
    let events = call.subscribe();
    let mut tap = call.video("camera");
    show(&mut tap, 1, Duration::ZERO);
    let told = events.recv_timeout(Duration::from_secs(5)).expect("an event");
    assert_eq!(told.r#type, EventType::EngineUnavailable);
    assert!(told.unobserved.as_ref().is_some_and(|why| why.contains("no model finds faces")), "{told:?}");
}

#[test]
fn a_picture_outside_the_limits_is_refused_and_the_rest_goes_on() {
    let engine = engine(0.0);
    let mut call = engine.offline("file");
    let stream = call.video("picture").expect("it sees");
    let tiny: PictureFormat = PictureFormat::packed(PixelFormat::Gray8, 4, 4);
    let shown = Picture { format: &tiny, bytes: &[0; 16], at: MediaTime::ZERO };
    let refused = call.show(stream, &shown, Flags::default()).expect_err("too small");
    assert_eq!(refused.code, ErrorCode::FormatRefused);
    assert!(refused.message.contains("4x4"), "{refused:?}");
    let report = call.finish(Some(Duration::from_secs(1))).expect("a report");
    assert_eq!(report.streams[0].stats.refused_frames, 1);
    assert!(report.participants.is_empty());
}
