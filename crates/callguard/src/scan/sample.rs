//! A call made by hand: what tests of results and pages are made from.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use callguard_core::{
    Abstain, Alert, AlertKey, ChartView, Hypothesis, MediaTime, ParticipantId, ParticipantKind, Policy, Reason,
    SourceId, SourceView, Span, State, Thresholds, Verdict,
};
use callguard_engine::{
    CallReport, ChartPoint, ParticipantReport, StreamReport, TapStats, Thumbnail, Timeline, WindowPoint,
};

fn at(seconds: f64) -> MediaTime {
    MediaTime::ZERO + Duration::from_secs_f64(seconds)
}

fn span(from: f64, to: f64) -> Span {
    Span { from: at(from), to: at(to) }
}

const END: f64 = 45.0;

/// A face that is swapped, a face that is gone before anything can be said, and a genuine voice.
pub fn call() -> CallReport {
    let alert = Alert {
        key: AlertKey(1),
        participant: ParticipantId(1),
        epoch: 0,
        hypothesis: Hypothesis::FaceSynthetic,
        onset: at(9.0),
        raised: at(17.5),
        cleared: None,
        acknowledged: None,
        score: 6.4,
        threshold: 6.1,
        reasons: vec![Reason {
            source: SourceId::new("face-forgery"),
            llr: 6.4,
            from: at(9.0),
            to: at(17.5),
            turn: None,
            windows: vec![(span(12.0, 14.0), 3.2), (span(15.5, 17.5), 3.9)],
        }],
    };
    let policy = Policy::default();
    let stream = |name: &str, kind, participants: &[u32], frames| StreamReport {
        name: name.into(),
        kind,
        participants: participants.iter().map(|id| ParticipantId(*id)).collect(),
        stats: TapStats { frames, ..TapStats::default() },
        latency: Duration::from_millis(140),
        failed: None,
        findings: Vec::new(),
    };
    CallReport {
        id: String::new(),
        name: "guest.mp4".into(),
        now: at(END),
        policy,
        participants: vec![swapped(), gone(), voice()],
        alerts: vec![("0199a2b4-5d6e-8f70-8a1b-2c3d4e5f6071".into(), alert)],
        streams: vec![
            stream("stream 1", ParticipantKind::Face, &[1, 2], 1125),
            stream("stream 2", ParticipantKind::Voice, &[3], 2_160_000),
        ],
    }
}

fn participant(id: u32, kind: ParticipantKind, state: State) -> ParticipantReport {
    ParticipantReport {
        id: ParticipantId(id),
        kind,
        mixed: false,
        epoch: 0,
        from: MediaTime::ZERO,
        verdict: Verdict { state, since: at(20.0), llr: None, age: Duration::from_millis(400) },
        conclusion: state,
        charts: Vec::new(),
        sources: Vec::new(),
        reasons: Vec::new(),
        unobserved: None,
        timeline: Timeline::default(),
        thumbnails: Vec::new(),
    }
}

fn chart(hypothesis: Hypothesis, llr: f64, peak: f64, suspect: f64, synthetic: Option<f64>) -> ChartView {
    let thresholds = Thresholds { suspect, synthetic };
    ChartView { hypothesis, llr, score: peak, peak, clearing: 0.0, thresholds, evidence: 60 }
}

fn source(name: &str, mean_llr: Option<f64>, windows: u64, abstained: &[(Abstain, f64)]) -> SourceView {
    let seconds = |(reason, s): &(Abstain, f64)| (*reason, Duration::from_secs_f64(*s));
    SourceView {
        source: SourceId::new(name),
        mean_llr,
        windows,
        observed: Duration::from_secs_f64(windows as f64 / 2.0),
        abstained: abstained.iter().map(seconds).collect(),
    }
}

/// Windows of `length` seconds every half second of `spans`, with the llr that `law` gives their end, and the score they add up to.
fn course(
    spans: &[(f64, f64)],
    length: f64,
    law: impl Fn(f64) -> f64,
) -> (VecDeque<WindowPoint>, VecDeque<ChartPoint>) {
    let (mut windows, mut points) = (VecDeque::new(), VecDeque::new());
    for (from, to) in spans {
        // Each stretch counts from zero.
        let mut score = 0.0_f64;
        let mut end = from + length;
        while end <= *to {
            let llr = law(end);
            score = (score + llr / 6.5).max(0.0);
            windows.push_back(WindowPoint {
                span: span(end - length, end),
                llr,
                observed: Duration::from_secs_f64(length),
            });
            points.push_back(ChartPoint { at: at(end), score, clearing: 0.0 });
            end += 0.5;
        }
    }
    (windows, points)
}

fn swapped() -> ParticipantReport {
    let (forgery, synthetic) = course(&[(0.0, 24.0), (31.0, END)], 2.0, |t| {
        let swapped = if (9.0..30.0).contains(&t) { 2.2 } else { -0.8 };
        swapped + 1.4 * (t * 2.7).sin() + 0.5 * (t * 7.1).cos()
    });
    let (flat, presented) = course(&[(6.0, 15.0), (33.0, 41.0)], 1.0, |t| -0.6 + 0.7 * (t * 3.3).sin());
    let abstained =
        |spans: &[(f64, f64, Abstain)]| spans.iter().map(|(f, t, why)| (span(*f, *t), *why)).collect::<VecDeque<_>>();
    let mut timeline = Timeline::default();
    timeline.charts = BTreeMap::from([(Hypothesis::FaceSynthetic, synthetic), (Hypothesis::FacePresented, presented)]);
    timeline.windows = BTreeMap::from([(SourceId::new("face-forgery"), forgery), (SourceId::new("face-flat"), flat)]);
    timeline.abstained = BTreeMap::from([
        (SourceId::new("face-forgery"), abstained(&[(24.0, 28.5, Abstain::TurnedAway), (28.5, 31.0, Abstain::NoFace)])),
        (
            SourceId::new("face-flat"),
            abstained(&[
                (0.0, 6.0, Abstain::TooStill),
                (15.0, 24.0, Abstain::TooStill),
                (24.0, 28.5, Abstain::Occluded),
                (28.5, 31.0, Abstain::NoFace),
                (41.0, 42.0, Abstain::TooBright),
                (42.0, END, Abstain::TooStill),
            ]),
        ),
        (
            SourceId::new("face-repeat"),
            abstained(&[(0.0, 24.0, Abstain::TooShort), (28.5, 31.0, Abstain::NoFace), (31.0, END, Abstain::Late)]),
        ),
    ]);
    timeline.states = VecDeque::from([
        (at(0.0), State::Gathering),
        (at(4.0), State::Genuine),
        (at(13.0), State::Suspect),
        (at(17.5), State::Synthetic),
        (at(31.0), State::Gathering),
        (at(38.0), State::Genuine),
    ]);
    timeline.epochs = VecDeque::from([at(31.0)]);
    let thumbnail = |from: f64, llr: f64, name: &str, spot: Option<(f32, f32)>| Thumbnail {
        span: span(from, from + 2.0),
        source: SourceId::new(name),
        llr,
        side: SIDE,
        rgb: face(from as f32 / 20.0),
        map: spot.map_or_else(Vec::new, |spot| map(spot, llr as f32)),
    };
    ParticipantReport {
        epoch: 1,
        from: at(31.0),
        charts: vec![
            chart(Hypothesis::FaceSynthetic, 5.8, 6.4, 3.8, Some(6.1)),
            chart(Hypothesis::FacePresented, -2.1, 0.7, 4.2, None),
        ],
        sources: vec![
            source("face-forgery", Some(1.31), 70, &[(Abstain::TurnedAway, 4.5), (Abstain::NoFace, 2.5)]),
            source(
                "face-flat",
                Some(-0.58),
                32,
                &[(Abstain::TooStill, 18.0), (Abstain::Occluded, 4.5), (Abstain::NoFace, 2.5)],
            ),
            source("face-repeat", None, 0, &[(Abstain::TooShort, 24.0), (Abstain::Late, 14.0)]),
        ],
        timeline,
        thumbnails: vec![
            thumbnail(8.0, 0.4, "face-flat", None),
            thumbnail(12.0, 3.2, "face-forgery", Some((0.5, 0.72))),
            thumbnail(15.5, 3.9, "face-forgery", Some((0.42, 0.68))),
            thumbnail(21.0, 2.9, "face-forgery", Some((0.6, 0.75))),
        ],
        ..participant(1, ParticipantKind::Face, State::Genuine)
    }
}

fn gone() -> ParticipantReport {
    let why = VecDeque::from([(span(32.0, 36.0), Abstain::TooSmall), (span(36.0, END), Abstain::TooDark)]);
    let mut timeline = Timeline::default();
    timeline.from = at(32.0);
    timeline.abstained = BTreeMap::from([(SourceId::new("face-forgery"), why)]);
    timeline.states = VecDeque::from([(at(32.0), State::Gathering), (at(42.0), State::Unobservable)]);
    let sources = vec![source("face-forgery", None, 0, &[(Abstain::TooSmall, 4.0), (Abstain::TooDark, 9.0)])];
    ParticipantReport {
        from: at(32.0),
        sources,
        timeline,
        ..participant(2, ParticipantKind::Face, State::Unobservable)
    }
}

fn voice() -> ParticipantReport {
    let (windows, points) = course(&[(2.0, 20.0), (26.0, 44.0)], 4.0, |t| -1.9 + 1.6 * (t * 1.9).sin());
    let quiet = VecDeque::from([
        (span(0.0, 2.0), Abstain::Silence),
        (span(20.0, 26.0), Abstain::NoSpeech),
        (span(44.0, END), Abstain::Silence),
    ]);
    let mut timeline = Timeline::default();
    timeline.charts = BTreeMap::from([(Hypothesis::VoiceSynthetic, points)]);
    timeline.windows = BTreeMap::from([(SourceId::new("voice-clone"), windows)]);
    timeline.abstained = BTreeMap::from([(SourceId::new("voice-clone"), quiet)]);
    timeline.states = VecDeque::from([(at(0.0), State::Gathering), (at(11.0), State::Genuine)]);
    ParticipantReport {
        charts: vec![chart(Hypothesis::VoiceSynthetic, -6.2, 0.1, 4.4, Some(7.0))],
        sources: vec![source("voice-clone", Some(-1.87), 58, &[(Abstain::NoSpeech, 6.0), (Abstain::Silence, 3.0)])],
        timeline,
        ..participant(3, ParticipantKind::Voice, State::Genuine)
    }
}

const SIDE: usize = 160;
const CELLS: usize = 10;

/// Something like a face, lit from one side.
fn face(turn: f32) -> Vec<u8> {
    let within = |x: f32, y: f32, (cx, cy): (f32, f32), (rx, ry): (f32, f32)| {
        ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) < 1.0
    };
    let pixel = |i: usize| {
        let (x, y) = ((i % SIDE) as f32 / SIDE as f32, (i / SIDE) as f32 / SIDE as f32);
        let light = 0.65 + 0.5 * (x - turn * 0.2);
        let tone = if within(x, y, (0.33, 0.42), (0.06, 0.03)) || within(x, y, (0.67, 0.42), (0.06, 0.03)) {
            [40.0, 30.0, 30.0]
        } else if within(x, y, (0.5, 0.74), (0.15, 0.035)) {
            [150.0, 60.0, 60.0]
        } else if within(x, y, (0.5, 0.52), (0.36, 0.46)) {
            [205.0, 160.0, 130.0]
        } else {
            [70.0, 90.0, 110.0]
        };
        tone.map(|v: f32| (v * light).clamp(0.0, 255.0) as u8)
    };
    (0..SIDE * SIDE).flat_map(pixel).collect()
}

/// Cells, the strongest at a spot.
fn map((x, y): (f32, f32), most: f32) -> Vec<f32> {
    let cell = |i: usize| {
        let (dx, dy) = ((i % CELLS) as f32 / CELLS as f32 - x, (i / CELLS) as f32 / CELLS as f32 - y);
        most * (-(dx * dx + dy * dy) * 14.0).exp() - 0.35
    };
    (0..CELLS * CELLS).map(cell).collect()
}
