//! Every state and every transition, read aloud.
#![allow(missing_docs)]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use callguard_core::{
    AlertKey, Call, Change, EpochReason, Evidence, Hypothesis, Law, Llr, MediaTime, Observation, Participant,
    ParticipantId, ParticipantKind, Policy, Rules, Source, SourceId, Span, State,
};

/// Windows follow one another, so that each counts whole and sums can be done in the head.
const LAW: Law = Law { variance: 3.0, rho: 0.0, epsilon: 0.1, independence_s: 4.0, hop_s: 4.0 };

static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    let source = Source {
        id: SourceId::new("voice"),
        hypotheses: vec![Hypothesis::VoiceSynthetic],
        law: Some(LAW),
        clip: 4.0,
        rule: false,
    };
    Arc::new(Rules::new(Policy { call_s: 60.0, ..Policy::default() }, vec![source], &[]).expect("in range"))
});

/// A stream in which several people speak.
impl Line {
    fn mixed() -> Self {
        let mut call = Call::new(RULES.clone());
        let who = call.reserve();
        call.seat(who, ParticipantKind::Voice, true, MediaTime::ZERO);
        Self { call, who, t: 0 }
    }

    fn seat(&self) -> &Participant {
        self.call.participant(self.who).expect("seated")
    }

    fn score(&self) -> f64 {
        self.seat().charts(&RULES)[0].score
    }

    /// A turn of windows with these llrs.
    fn turn(&mut self, llrs: &[f64]) -> Vec<Change> {
        let changes = llrs.iter().flat_map(|llr| self.hears(*llr)).collect();
        self.call.end_turn(self.who);
        changes
    }
}

struct Line {
    call: Call,
    who: ParticipantId,
    t: u64,
}

impl Line {
    fn new() -> Self {
        let mut call = Call::new(RULES.clone());
        let who = call.join(ParticipantKind::Voice, MediaTime::ZERO);
        Self { call, who, t: 0 }
    }

    fn hears(&mut self, llr: f64) -> Vec<Change> {
        let from = MediaTime::from_millis(self.t * 4000);
        self.t += 1;
        let to = MediaTime::from_millis(self.t * 4000);
        let e = Evidence {
            source: SourceId::new("voice"),
            subject: self.who,
            span: Span { from, to },
            llr: Llr::new(llr).expect("finite"),
            observed: Duration::from_secs(4),
            fresh: Duration::from_secs(4),
        };
        self.call.tick(to, &[Observation::Evidence(e)])
    }

    fn waits(&mut self, seconds: u64) -> Vec<Change> {
        let before = self.t * 4000;
        self.t += seconds.div_ceil(4);
        self.call.tick(MediaTime::from_millis(before + seconds * 1000), &[])
    }

    fn state(&self) -> State {
        self.call.participant(self.who).expect("seated").state()
    }
}

/// What is done to reach a state from a fresh call.
fn in_state(state: State) -> Line {
    let mut line = Line::new();
    match state {
        State::Gathering => {}
        State::Genuine => drop(line.hears(-2.0)),
        State::Suspect => drop(line.hears(3.6)),
        State::Synthetic => {
            line.hears(4.0);
            line.hears(4.0);
        }
        State::Unobservable => drop(line.waits(11)),
    }
    assert_eq!(line.state(), state, "{:?}", RULES.thresholds(Hypothesis::VoiceSynthetic));
    line
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Hears(f64),
    Waits(u64),
    NewDevice,
    IsLost,
}

#[test]
fn every_transition() {
    use State::{Gathering, Genuine, Suspect, Synthetic, Unobservable};
    use Then::{Hears, IsLost, NewDevice, Waits};
    let thresholds = RULES.thresholds(Hypothesis::VoiceSynthetic).expect("a chart");
    let (suspect, synthetic) = (thresholds.suspect, thresholds.synthetic.expect("it has a law"));
    assert!(
        suspect < 3.6 && synthetic > 3.6 + 0.5 && synthetic < 7.0,
        "what the table below is written for: {thresholds:?}"
    );
    let table = [
        (Gathering, Hears(0.5), Gathering),
        (Gathering, Hears(-0.5), Gathering),
        (Gathering, Hears(-2.0), Genuine),
        (Gathering, Hears(3.6), Suspect),
        (Gathering, Waits(9), Gathering),
        (Gathering, Waits(11), Unobservable),
        (Gathering, NewDevice, Gathering),
        (Gathering, IsLost, Unobservable),
        (Genuine, Hears(-2.0), Genuine),
        (Genuine, Hears(0.5), Genuine),
        (Genuine, Hears(1.8), Gathering),
        (Genuine, Hears(3.6), Suspect),
        (Genuine, Waits(11), Unobservable),
        (Genuine, NewDevice, Gathering),
        (Genuine, IsLost, Unobservable),
        (Suspect, Hears(0.5), Suspect),
        (Suspect, Hears(-1.0), Suspect),
        (Suspect, Hears(-4.0), Genuine),
        (Suspect, Hears(4.0), Synthetic),
        (Suspect, Waits(11), Unobservable),
        (Suspect, NewDevice, Gathering),
        (Synthetic, Hears(4.0), Synthetic),
        (Synthetic, Hears(-4.0), Synthetic),
        (Synthetic, Waits(11), Unobservable),
        (Synthetic, NewDevice, Gathering),
        (Synthetic, IsLost, Unobservable),
        (Unobservable, Hears(0.5), Gathering),
        (Unobservable, Hears(-2.0), Genuine),
        (Unobservable, Hears(3.6), Suspect),
        (Unobservable, Waits(11), Unobservable),
        (Unobservable, NewDevice, Gathering),
        (Unobservable, IsLost, Unobservable),
    ];
    for (from, then, to) in table {
        let mut line = in_state(from);
        let changes = match then {
            Hears(llr) => line.hears(llr),
            Waits(s) => line.waits(s),
            NewDevice => {
                let now = MediaTime::from_millis(line.t * 4000);
                line.call.begin_epoch(line.who, EpochReason::NewDevice, now)
            }
            IsLost => line.call.lose(line.who, MediaTime::from_millis(line.t * 4000)),
        };
        assert_eq!(line.state(), to, "{from:?}, {then:?}: {changes:?}");
        let told =
            changes.iter().any(|c| matches!(c, Change::Verdict { from: f, to: t, .. } if (*f, *t) == (from, to)));
        assert_eq!(told, from != to, "a change of state is told, and nothing else is: {from:?}, {then:?}: {changes:?}");
    }
}

#[test]
fn what_was_heard_before_a_source_was_lost_does_not_bring_it_back() {
    let mut line = in_state(State::Genuine);
    let now = MediaTime::from_millis(line.t * 4000 + 5000);
    line.call.lose(line.who, now);
    line.hears(-2.0);
    assert_eq!(line.state(), State::Unobservable, "a window that ended before it, judged late");
    assert_eq!(line.call.participant(line.who).unwrap().conclusion(), State::Genuine, "what was found stays");
    line.hears(-2.0);
    assert_eq!(line.state(), State::Genuine, "heard again");
}

#[test]
fn an_alert_clears_only_at_zero_with_the_clearing_chart_across() {
    let mut line = in_state(State::Synthetic);
    assert!(line.call.alerts()[0].stands());
    line.hears(-4.0);
    assert_eq!(line.state(), State::Synthetic, "the clearing chart has crossed, its own is not at zero");
    let changes = line.hears(-4.0);
    assert!(changes.contains(&Change::AlertCleared(AlertKey(1))), "{changes:?}");
    assert_eq!(line.state(), State::Genuine);
    assert_eq!(line.call.alerts().len(), 1, "it stays in the history");
    assert_eq!(
        line.call.participant(line.who).map(|p| p.conclusion()),
        Some(State::Synthetic),
        "and in the conclusion"
    );
}

#[test]
fn an_alert_says_why() {
    let mut line = Line::new();
    line.hears(-1.0);
    line.hears(4.0);
    line.hears(3.0);
    let alert = &line.call.alerts()[0];
    assert_eq!((alert.onset, alert.raised), (MediaTime::from_millis(4000), MediaTime::from_millis(12_000)));
    let reason = &alert.reasons[0];
    assert_eq!(reason.source.as_str(), "voice");
    assert!((reason.llr - 7.0).abs() < 1e-9 && (alert.score - 7.0).abs() < 1e-9, "{alert:?}");
    assert_eq!(reason.windows.iter().map(|w| w.1).collect::<Vec<_>>(), [4.0, 3.0], "the strongest first");
    assert_eq!((reason.from, reason.to), (MediaTime::from_millis(4000), MediaTime::from_millis(12_000)));
}

#[test]
fn vanishing_for_a_second_washes_nobody_clean() {
    let mut line = in_state(State::Synthetic);
    line.call.begin_epoch(line.who, EpochReason::Lost, MediaTime::from_millis(9000));
    for _ in 0..20 {
        line.hears(-4.0);
    }
    assert_eq!(line.state(), State::Genuine, "the new epoch speaks for itself");
    assert!(line.call.alerts()[0].stands(), "the alert stays on the seat");
    let now = MediaTime::from_millis(100_000);
    assert_eq!(line.call.acknowledge(AlertKey(1), now), [Change::AlertAcknowledged(AlertKey(1))]);
    assert!(!line.call.alerts()[0].stands());
    assert_eq!(line.call.acknowledge(AlertKey(1), now), [], "once is enough");
}

#[test]
fn a_blind_detector_cannot_vouch_for_anyone() {
    let blind = Law { epsilon: 1.0, ..LAW };
    let source = Source {
        id: SourceId::new("voice"),
        hypotheses: vec![Hypothesis::VoiceSynthetic],
        law: Some(blind),
        clip: 4.0,
        rule: false,
    };
    let rules = Arc::new(Rules::new(Policy::default(), vec![source], &[]).expect("in range"));
    let mut line = Line::new();
    line.call = Call::new(rules);
    line.who = line.call.join(ParticipantKind::Voice, MediaTime::ZERO);
    for _ in 0..50 {
        line.hears(-4.0);
    }
    assert_eq!(line.state(), State::Gathering);
}

#[test]
fn windows_that_overlap_count_once() {
    let mut call = Call::new(RULES.clone());
    let who = call.join(ParticipantKind::Voice, MediaTime::ZERO);
    for i in 0..9u64 {
        let to = MediaTime::from_millis(4000 + i * 500);
        let e = Evidence {
            source: SourceId::new("voice"),
            subject: who,
            span: Span { from: MediaTime::from_millis(i * 500), to },
            llr: Llr::new(1.0).expect("finite"),
            observed: Duration::from_secs(4),
            fresh: Duration::from_millis(500),
        };
        call.tick(to, &[Observation::Evidence(e)]);
    }
    // One whole window and eight eighths: eight seconds of media, two windows' worth.
    let score = call.participant(who).expect("seated").charts(&RULES)[0].score;
    assert!((score - 2.0).abs() < 1e-9, "{score}");
}

#[test]
fn whoever_left_is_gone_and_their_alerts_are_not() {
    let mut line = in_state(State::Synthetic);
    assert_eq!(line.call.leave(line.who), [Change::Left { participant: line.who }]);
    assert_eq!(line.call.participants().count(), 0);
    assert_eq!(line.call.alerts().len(), 1);
    assert!(line.hears(4.0).is_empty(), "evidence about nobody here is passed over");
}

#[test]
fn a_broken_rule_is_suspect_and_never_more() {
    let source = Source::rule(SourceId::new("provenance"), Hypothesis::SourceInjected);
    let mut call =
        Call::new(Arc::new(Rules::new(Policy::default(), vec![source], &[]).expect("nothing to be out of range")));
    let who = call.join(ParticipantKind::Face, MediaTime::ZERO);
    for i in 1..20 {
        let to = MediaTime::from_millis(400 * i);
        let e = Evidence {
            source: SourceId::new("provenance"),
            subject: who,
            span: Span { from: MediaTime::ZERO, to },
            llr: Llr::new(Source::RULE).expect("finite"),
            observed: Duration::ZERO,
            fresh: Duration::ZERO,
        };
        call.tick(to, &[Observation::Evidence(e)]);
        assert_eq!(call.participant(who).expect("seated").state(), State::Suspect);
    }
    assert!(call.alerts().is_empty());
    call.tick(MediaTime::from_millis(10_001), &[]);
    assert_eq!(call.participant(who).expect("seated").state(), State::Unobservable, "nobody was observed by it");
}

#[test]
fn another_talker_neither_lowers_a_turn_nor_brings_suspect_down() {
    let mut line = Line::mixed();
    line.turn(&[-1.0, 3.0, 2.5]);
    assert_eq!((line.state(), line.score()), (State::Suspect, 5.5));
    for _ in 0..20 {
        line.turn(&[-4.0, -4.0]);
    }
    assert_eq!((line.state(), line.score()), (State::Suspect, 5.5));
    let reason = &line.seat().reasons(&RULES)[0];
    assert_eq!(reason.turn, Some(MediaTime::ZERO), "the turn that is named is the one that spoke");
    assert_eq!((reason.from, reason.to), (MediaTime::from_millis(4000), MediaTime::from_millis(12_000)));
    let now = MediaTime::from_millis(line.t * 4000);
    line.call.begin_epoch(line.who, EpochReason::NewDevice, now);
    assert_eq!(line.state(), State::Gathering, "an epoch forgets it");
    line.hears(0.5);
    assert_eq!(line.score(), 0.5);
}

#[test]
fn two_talkers_do_not_add_up() {
    let mut line = Line::mixed();
    for _ in 0..20 {
        line.turn(&[2.0]);
    }
    assert_eq!((line.state(), line.score()), (State::Gathering, 2.0), "each turn begins at zero");
}

#[test]
fn what_a_turn_says_of_itself_counts() {
    let mut line = Line::mixed();
    line.hears(4.0);
    assert_eq!(line.state(), State::Suspect, "{:?}", RULES.mixed_thresholds(Hypothesis::VoiceSynthetic));
    line.hears(-4.0);
    assert_eq!(
        (line.state(), line.score()),
        (State::Gathering, 0.0),
        "it is not over: the same talker, as far as can be told"
    );
}

#[test]
fn a_mixed_stream_is_never_genuine_and_its_alert_does_not_clear() {
    let mut line = Line::mixed();
    for _ in 0..50 {
        line.turn(&[-4.0]);
        assert_eq!(line.state(), State::Gathering, "nobody can vouch for all its talkers");
    }
    let changes = line.turn(&[4.0, 4.0]);
    assert!(changes.contains(&Change::AlertRaised(AlertKey(1))), "{changes:?}");
    let alert = &line.call.alerts()[0];
    assert_eq!(
        (alert.onset, alert.reasons[0].turn),
        (MediaTime::from_millis(200_000), Some(MediaTime::from_millis(200_000)))
    );
    for _ in 0..50 {
        line.turn(&[-4.0, -4.0]);
    }
    assert!(line.call.alerts()[0].stands());
    assert_eq!((line.state(), line.score()), (State::Synthetic, 8.0));
}

#[test]
fn a_later_turn_raises_its_own_alert_once_a_person_knows_of_the_last() {
    let mut line = Line::mixed();
    line.turn(&[4.0, 4.0, 4.0]);
    line.turn(&[4.0, 4.0]);
    assert_eq!(line.call.alerts().len(), 1, "one alert stands: no more of the same");
    line.hears(4.0);
    line.call.acknowledge(AlertKey(1), MediaTime::from_millis(24_000));
    line.turn(&[4.0]);
    let second = &line.call.alerts()[1];
    assert_eq!((second.score, second.reasons[0].turn), (8.0, Some(MediaTime::from_millis(20_000))));
    line.hears(4.0);
    line.hears(4.0);
    assert_eq!(line.call.alerts().len(), 2, "that one stands now");
}
