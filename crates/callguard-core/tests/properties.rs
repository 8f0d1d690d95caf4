//! What must hold for any evidence.
#![allow(missing_docs)]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use callguard_core::{
    Abstain, Abstention, Call, Change, Evidence, Hypothesis, Law, Llr, MediaTime, Observation, ParticipantId,
    ParticipantKind, Policy, Quality, Rules, Source, SourceId, Span, State,
};
use proptest::prelude::*;

const LAW: Law = Law { variance: 3.0, rho: 0.3, epsilon: 0.1, independence_s: 4.0, hop_s: 0.5 };

/// Two sources of the voice, one of the face, one without a law.
static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    let source = |id, hypothesis, law| Source {
        id: SourceId::new(id),
        hypotheses: vec![hypothesis],
        law,
        clip: 4.0,
        rule: false,
    };
    let sources = vec![
        source("voice-a", Hypothesis::VoiceSynthetic, Some(LAW)),
        source("voice-b", Hypothesis::VoiceSynthetic, Some(LAW)),
        source("face", Hypothesis::FaceSynthetic, Some(LAW)),
        source("unmeasured", Hypothesis::FacePresented, None),
    ];
    Arc::new(Rules::new(Policy { call_s: 60.0, ..Policy::default() }, sources, &[]).expect("in range"))
});

const SUBJECT: ParticipantId = ParticipantId(1);

fn evidence(source: &str, ends_ms: u64, llr: f64) -> Observation {
    Observation::Evidence(Evidence {
        source: SourceId::new(source),
        subject: SUBJECT,
        span: Span { from: MediaTime::from_millis(ends_ms.saturating_sub(4000)), to: MediaTime::from_millis(ends_ms) },
        llr: Llr::new(llr).expect("finite"),
        observed: Duration::from_secs(4),
        fresh: Duration::from_millis(500),
    })
}

fn some_evidence() -> impl Strategy<Value = Observation> {
    let source = prop::sample::select(vec!["voice-a", "voice-b", "face", "unmeasured"]);
    (source, 1u64..100, -9.0..9.0).prop_map(|(source, t, llr)| evidence(source, t * 500, llr))
}

fn call() -> Call {
    let mut call = Call::new(RULES.clone());
    assert_eq!(call.join(ParticipantKind::Voice, MediaTime::ZERO), SUBJECT);
    call
}

/// A mixed stream in which these turns were heard, a window every four seconds.
fn mixed(turns: &[Vec<f64>]) -> Call {
    let mut call = Call::new(RULES.clone());
    let who = call.reserve();
    call.seat(who, ParticipantKind::Voice, true, MediaTime::ZERO);
    let mut at_ms = 0;
    for turn in turns {
        for llr in turn {
            at_ms += 4000;
            call.tick(MediaTime::from_millis(at_ms), &[evidence("voice-a", at_ms, *llr)]);
        }
        call.end_turn(who);
    }
    call
}

fn reached(call: &Call) -> (f64, bool, usize) {
    let seat = call.participant(SUBJECT).expect("seated");
    let score = seat.charts(&RULES).first().map_or(0.0, |c| c.score);
    (score, seat.state() == State::Gathering, call.alerts().iter().filter(|a| a.stands()).count())
}

fn told(call: &Call) -> String {
    let seat = call.participant(SUBJECT).expect("seated");
    format!("{:?} {:?} {:?}", seat.charts(&RULES), seat.conclusion(), call.alerts())
}

proptest! {
    #[test]
    fn order_within_a_tick_does_not_matter((observations, shuffled) in prop::collection::vec(some_evidence(), 0..60)
        .prop_flat_map(|v| (Just(v.clone()), Just(v).prop_shuffle())))
    {
        let (mut a, mut b) = (call(), call());
        let now = MediaTime::from_millis(60_000);
        prop_assert_eq!(a.tick(now, &observations), b.tick(now, &shuffled));
        prop_assert_eq!(told(&a), told(&b));
    }

    #[test]
    fn one_tick_or_many_makes_no_difference(mut observations in prop::collection::vec(some_evidence(), 0..60)) {
        observations.sort_by_key(|o| match o { Observation::Evidence(e) => e.span.to, Observation::Abstention(a) => a.span.to });
        let (mut a, mut b) = (call(), call());
        let now = MediaTime::from_millis(50_000);
        a.tick(now, &observations);
        let mut rest = observations.as_slice();
        while let Some(Observation::Evidence(first)) = rest.first() {
            let (together, later) = rest.split_at(rest.iter().take_while(|o| matches!(o, Observation::Evidence(e) if e.span.to == first.span.to)).count());
            b.tick(first.span.to, together);
            rest = later;
        }
        b.tick(now, &[]);
        // Between the ticks time passes in silence too, so only what evidence moves is compared.
        let charts = |c: &Call| format!("{:?}", c.participant(SUBJECT).map(|s| s.charts(&RULES)));
        prop_assert_eq!(charts(&a), charts(&b));
    }

    #[test]
    fn abstention_moves_nothing(observations in prop::collection::vec(some_evidence(), 0..40), at in 1u64..100) {
        let abstention = Observation::Abstention(Abstention {
            source: SourceId::new("voice-a"),
            subject: SUBJECT,
            span: Span { from: MediaTime::from_millis(at * 500 - 500), to: MediaTime::from_millis(at * 500) },
            reason: Abstain::Silence,
        });
        let now = MediaTime::from_millis(60_000);
        let (mut without, mut with) = (call(), call());
        without.tick(now, &observations);
        let mut more = observations.clone();
        more.push(abstention);
        with.tick(now, &more);
        prop_assert_eq!(told(&without), told(&with));
    }

    #[test]
    fn no_evidence_in_one_chart_changes_another(voice in prop::collection::vec(-9.0..9.0f64, 1..40), face in prop::collection::vec(-9.0..9.0f64, 1..40)) {
        let of = |source: &str, llrs: &[f64]| llrs.iter().enumerate().map(|(i, l)| evidence(source, 500 * (i as u64 + 1), *l)).collect::<Vec<_>>();
        let now = MediaTime::from_millis(60_000);
        let chart = |observations: &[Observation], hypothesis| {
            let mut call = call();
            call.tick(now, observations);
            let seat = call.participant(SUBJECT).expect("seated");
            seat.charts(&RULES).into_iter().find(|c| c.hypothesis == hypothesis)
        };
        let voices = of("voice-a", &voice);
        let faces = of("face", &face);
        let both: Vec<_> = voices.iter().chain(&faces).cloned().collect();
        prop_assert_eq!(chart(&voices, Hypothesis::VoiceSynthetic), chart(&both, Hypothesis::VoiceSynthetic));
        prop_assert_eq!(chart(&faces, Hypothesis::FaceSynthetic), chart(&both, Hypothesis::FaceSynthetic));
    }

    #[test]
    fn genuine_talkers_before_and_after_change_nothing_of_a_turn(
        before in prop::collection::vec(prop::collection::vec(-9.0..0.0f64, 1..6), 0..6),
        turn in prop::collection::vec(-9.0..9.0f64, 1..8),
        after in prop::collection::vec(prop::collection::vec(-9.0..0.0f64, 1..6), 0..6),
    ) {
        let alone = mixed(std::slice::from_ref(&turn));
        let among = mixed(&[before, vec![turn], after].concat());
        prop_assert_eq!(reached(&alone), reached(&among));
    }

    #[test]
    fn a_later_turn_lowers_nothing(turns in prop::collection::vec(prop::collection::vec(-9.0..9.0f64, 1..6), 1..8)) {
        let mut before = (0.0, true, 0);
        for n in 1..=turns.len() {
            let now = reached(&mixed(&turns[..n]));
            prop_assert!(now.0 >= before.0 && now.2 >= before.2 && (before.1 || !now.1), "{before:?} then {now:?}");
            before = now;
        }
    }

    #[test]
    fn what_is_not_finite_never_passes(score in prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]), slope in 0.0..9.0f64) {
        let calibration = callguard_core::Calibration { offset: 0.0, slope: slope + 0.1, clip: 4.0, quality: vec![] };
        prop_assert_eq!(calibration.llr(score, &Quality::default()), None);
        prop_assert!(serde_json::from_str::<Llr>("null").is_err());
        prop_assert!(Llr::try_from(score).is_err());
    }

    #[test]
    fn without_a_law_there_is_no_alert(llrs in prop::collection::vec(0.0..9.0f64, 1..100)) {
        let mut call = call();
        for (i, llr) in llrs.iter().enumerate() {
            let o = evidence("unmeasured", 4000 * (i as u64 + 1), *llr);
            let changes = call.tick(MediaTime::from_millis(4000 * (i as u64 + 1)), &[o]);
            prop_assert!(!changes.iter().any(|c| matches!(c, Change::AlertRaised(_))));
        }
        prop_assert!(call.alerts().is_empty());
    }
}
