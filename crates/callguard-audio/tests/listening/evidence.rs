//! From windows to evidence, with a closure in the model's place.

use std::cell::Cell;

use callguard_audio::{Voice, VoiceAnalyser, WINDOW, WindowSettings, logit};
use callguard_core::{Abstain, Calibration, Observation, ParticipantId, SourceId};
use callguard_inference::RunError;

use crate::signals::{MONO, block, bytes, hear, silence, speech, windows};

fn analyser() -> VoiceAnalyser {
    let calibration = Calibration { offset: -0.5, slope: 2.0, clip: 4.0, quality: vec![] };
    let voice = Voice::calibrated(SourceId::new("voice-clone"), ParticipantId(7), calibration);
    VoiceAnalyser::new(WindowSettings::default(), voice).expect("defaults are in range")
}

fn observe(signal: &[f32], mut score: impl FnMut(Vec<f32>) -> Result<f64, Abstain>) -> Vec<Observation> {
    let (mut analyser, mut out) = (analyser(), Vec::new());
    let signal = bytes(signal);
    analyser.push(&block(&signal, MONO, 0), &mut score, &mut out).expect("a valid block");
    analyser.flush(&mut score, &mut out);
    out
}

#[test]
fn every_window_is_scored_and_calibrated() {
    let asked = Cell::new(0);
    let out = observe(speech(), |samples| {
        assert_eq!(samples.len(), WINDOW);
        asked.set(asked.get() + 1);
        Ok(1.5)
    });
    let heard = hear(speech());
    let expected: Vec<_> = windows(&heard).iter().map(|w| w.facts).collect();
    assert_eq!(asked.get(), expected.len());
    let evidence = out.iter().filter_map(|o| if let Observation::Evidence(e) = o { Some(e) } else { None });
    for (e, facts) in evidence.zip(&expected) {
        assert_eq!(e.llr.nats(), 2.5);
        assert_eq!((e.span, e.observed, e.fresh), (facts.span, facts.observed, facts.fresh));
        assert_eq!((e.source.as_str(), e.subject), ("voice-clone", ParticipantId(7)));
    }
}

#[test]
fn an_answer_that_is_no_number_is_no_evidence() {
    for (answer, why) in [
        (Ok(f64::NAN), Abstain::BadOutput),
        (Ok(f64::INFINITY), Abstain::BadOutput),
        (Err(Abstain::Late), Abstain::Late),
    ] {
        let out = observe(speech(), |_| answer);
        let mut told = 0;
        for o in &out {
            let Observation::Abstention(a) = o else { panic!("evidence: {o:?}") };
            told += usize::from(a.reason == why);
        }
        assert_eq!(told, windows(&hear(speech())).len());
    }
}

#[test]
fn silence_asks_no_model() {
    let out = observe(&silence(3.0), |_| panic!("there is no speech"));
    assert!(out.iter().all(|o| matches!(o, Observation::Abstention(a) if a.reason == Abstain::Silence)));
    assert!(!out.is_empty());
}

#[test]
fn only_one_finite_number_is_a_logit() {
    assert_eq!(logit(Ok(vec![0.25])), Ok(0.25));
    assert_eq!(logit(Ok(vec![])), Err(Abstain::BadOutput));
    assert_eq!(logit(Ok(vec![1.0, 2.0])), Err(Abstain::BadOutput));
    assert_eq!(logit(Err(RunError::Deadline)), Err(Abstain::Late));
}
