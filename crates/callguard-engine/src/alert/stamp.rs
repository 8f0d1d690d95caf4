//! A change becomes an event: identifiers, sequence, wall-clock time.

use std::collections::BTreeMap;

use callguard_core::{
    AlertEvent, AlertKey, CallEvent, Change, ChartEvent, EVENT_SCHEMA, EventType, MediaTime, ParticipantId,
    ReasonEvent, State,
};
use uuid::Uuid;

use crate::fuse::{Changed, Fusion};

/// Stamps one call's events.
pub(crate) struct Stamp {
    call: String,
    seq: u64,
    alerts: BTreeMap<AlertKey, String>,
}

/// What an event is about beside the change itself.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'a> {
    /// Frames dropped in the call so far.
    pub dropped: u64,
    /// Why nothing is observed, where the fusion does not know better.
    pub unobserved: Option<&'a str>,
}

impl Stamp {
    pub(crate) fn new(call: &str) -> Self {
        Self { call: call.into(), seq: 0, alerts: BTreeMap::new() }
    }

    /// The identifiers given to alerts.
    pub(crate) fn alerts(&self) -> &BTreeMap<AlertKey, String> {
        &self.alerts
    }

    /// The event that tells of a change.
    pub(crate) fn change(&mut self, changed: &Changed, fusion: &Fusion, about: About<'_>) -> CallEvent {
        let of_alert = |key: &AlertKey| fusion.alerts().iter().find(|a| a.key == *key);
        let (kind, participant, alert, state) = match &changed.change {
            Change::Joined { participant, .. } => (EventType::Joined, Some(*participant), None, None),
            Change::Epoch { participant, .. } => (EventType::Epoch, Some(*participant), None, None),
            Change::Verdict { participant, to, .. } => (EventType::Verdict, Some(*participant), None, Some(*to)),
            Change::AlertRaised(key) => {
                (EventType::AlertRaised, of_alert(key).map(|a| a.participant), Some(*key), None)
            }
            Change::AlertCleared(key) => {
                (EventType::AlertCleared, of_alert(key).map(|a| a.participant), Some(*key), None)
            }
            Change::AlertAcknowledged(key) => {
                (EventType::AlertAcknowledged, of_alert(key).map(|a| a.participant), Some(*key), None)
            }
            Change::Left { participant } => (EventType::Left, Some(*participant), None, None),
        };
        let mut event = self.event(kind, participant, changed.at, fusion, about);
        if state.is_some() {
            event.verdict = state;
        }
        if let Some(alert) = alert.as_ref().and_then(of_alert) {
            let id = self.alerts.entry(alert.key).or_insert_with(|| Uuid::now_v7().to_string()).clone();
            event.epoch = Some(alert.epoch);
            event.reasons = alert.reasons.iter().map(ReasonEvent::from).collect();
            event.alert = Some(AlertEvent::new(id, alert));
        }
        event
    }

    /// An event with how things stand.
    pub(crate) fn event(
        &mut self,
        kind: EventType,
        participant: Option<ParticipantId>,
        at: MediaTime,
        fusion: &Fusion,
        about: About<'_>,
    ) -> CallEvent {
        self.seq += 1;
        let seat = participant.and_then(|id| fusion.participant(id));
        let rules = fusion.rules();
        let verdict = seat.map(|s| s.verdict(rules, fusion.now()));
        let reason = participant.and_then(|id| fusion.unobserved(id)).map(|a| a.as_str());
        CallEvent {
            schema: EVENT_SCHEMA.into(),
            id: Uuid::now_v7().to_string(),
            seq: self.seq,
            call: self.call.clone(),
            participant: participant.map(|id| id.0),
            kind: seat.map(|s| s.kind()),
            mixed: seat.is_some_and(callguard_core::Participant::is_mixed),
            epoch: seat.map(|s| s.epoch()),
            t_media_s: at.as_secs_f64(),
            t_wall: jiff::Timestamp::now().to_string(),
            r#type: kind,
            verdict: verdict.map(|v| v.state),
            age_s: verdict.map(|v| v.age.as_secs_f64()),
            charts: seat.map(|s| s.charts(rules).iter().map(ChartEvent::from).collect()).unwrap_or_default(),
            reasons: seat.map(|s| s.reasons(rules).iter().map(ReasonEvent::from).collect()).unwrap_or_default(),
            unobserved: about.unobserved.or(reason.filter(|_| verdict.is_some_and(quiet))).map(str::to_owned),
            dropped: about.dropped,
            alert: None,
            finding: None,
        }
    }
}

fn quiet(v: callguard_core::Verdict) -> bool {
    // Within a second of evidence a breath is no reason to explain anything.
    v.state == State::Unobservable || v.age.as_secs_f64() > 1.0
}
