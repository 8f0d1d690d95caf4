//! What is known of where a stream comes from, and what becomes of it.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use callguard_core::{
    CallEvent, EpochReason, EventType, Finding, Found, Hypothesis, MediaTime, ParticipantKind, Provenance, State, Worth,
};
use callguard_engine::{EngineConfig, LiveCall, Origin, Subscription};
use common::{How, at, engine_with, eventually, say, speech};

fn virtual_microphone() -> Origin {
    let found = vec![Found { finding: Finding::VirtualMicrophone, detail: "a null sink".into() }];
    Origin { found, looked_for: Vec::new() }
}

fn engine(worth: Worth, says: f32) -> callguard_engine::Engine {
    let provenance = Provenance::default().with(Finding::VirtualMicrophone, worth);
    engine_with(How::Says(says), EngineConfig { provenance, ..EngineConfig::default() })
}

fn state(call: &LiveCall) -> Option<State> {
    call.snapshot().participants.first().map(|p| p.verdict.state)
}

fn findings(events: &Subscription) -> Vec<Arc<CallEvent>> {
    std::iter::from_fn(|| events.try_recv()).filter(|e| e.r#type == EventType::Finding).collect()
}

#[test]
fn an_allowed_finding_is_not_told_and_a_note_is_told_and_decides_nothing() {
    for (worth, told) in [(Worth::Allow, 0), (Worth::Note, 1)] {
        let engine = engine(worth, -2.0);
        let call = engine.live("desk");
        let events = call.subscribe();
        call.comes_from("line", ParticipantKind::Voice, virtual_microphone());
        let mut tap = call.audio("line");
        say(&mut tap, speech(), MediaTime::ZERO);
        eventually("genuine", || state(&call) == Some(State::Genuine));
        let told_of = findings(&events);
        assert_eq!((told_of.len(), call.snapshot().streams[0].findings.len()), (told, told));
        assert!(told_of.iter().all(|e| e.participant.is_none() && e.finding.as_ref().unwrap().stands));
        assert_eq!(engine.rules().thresholds(Hypothesis::SourceInjected), None, "no chart is kept for it");
    }
}

#[test]
fn a_suspicion_holds_in_every_epoch_until_the_device_is_another() {
    let engine = engine(Worth::Suspect, -2.0);
    let call = engine.live("desk");
    let events = call.subscribe();
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    eventually("genuine", || state(&call) == Some(State::Genuine));
    call.comes_from("line", ParticipantKind::Voice, virtual_microphone());
    eventually("suspect", || state(&call) == Some(State::Suspect));
    let seat = &call.snapshot().participants[0];
    assert_eq!((seat.reasons[0].source.as_str(), seat.conclusion), ("provenance", State::Suspect));
    tap.source_changed(EpochReason::NewDevice);
    say(&mut tap, speech(), at(speech().len()));
    eventually("another epoch", || call.snapshot().participants[0].epoch == 1);
    eventually("suspect again", || state(&call) == Some(State::Suspect));
    assert_eq!(findings(&events).len(), 1, "told once");

    call.comes_from("line", ParticipantKind::Voice, Origin::default());
    tap.source_changed(EpochReason::NewDevice);
    say(&mut tap, speech(), at(2 * speech().len()));
    eventually("genuine", || state(&call) == Some(State::Genuine));
    let gone = findings(&events);
    assert!(gone.len() == 1 && !gone[0].finding.as_ref().unwrap().stands, "{gone:?}");
    assert_eq!(findings(&call.subscribe()), [], "whoever comes now is not told of it");
    assert!(call.snapshot().alerts.is_empty());
}

#[test]
fn an_alert_says_what_is_known_beside_its_reasons() {
    let engine = engine(Worth::Note, 3.0);
    let call = engine.live("desk");
    let events = call.subscribe();
    call.comes_from("line", ParticipantKind::Voice, virtual_microphone());
    let mut tap = call.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    eventually("an alert", || call.snapshot().alerts.len() == 1);
    let alert = std::iter::from_fn(|| events.try_recv()).find_map(|e| e.alert.clone()).unwrap();
    assert_eq!(alert.hypothesis, Hypothesis::VoiceSynthetic);
    assert_eq!(alert.findings.iter().map(|f| f.finding).collect::<Vec<_>>(), [Finding::VirtualMicrophone]);
}
