//! Where all calls stand: what the views show, kept up to date by events alone.

use std::collections::{BTreeMap, VecDeque};

use callguard_core::{AlertEvent, CallEvent, ChartEvent, EventType, ReasonEvent, State};

/// How far back a participant's course is kept for the view: at one update a second, ten minutes.
const COURSE: usize = 600;

/// One participant.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The call's name.
    pub call: String,
    /// Within the call.
    pub participant: u32,
    /// What the stream is called.
    pub name: String,
    /// The state now; `None` before the first event that tells it.
    pub state: Option<State>,
    /// Media time of the newest event, seconds.
    pub at_s: f64,
    /// Seconds since the newest evidence.
    pub age_s: Option<f64>,
    /// The charts.
    pub charts: Vec<ChartEvent>,
    /// What speaks for synthetic.
    pub reasons: Vec<ReasonEvent>,
    /// Why nothing is observed.
    pub unobserved: Option<String>,
    /// Time and highest score over threshold, for the course.
    pub course: VecDeque<(f64, f64)>,
    /// Alerts, by number.
    pub alerts: BTreeMap<u64, AlertEvent>,
    /// The stream has ended.
    pub left: bool,
}

impl Row {
    /// The chart nearest to its threshold, as score over threshold. A chart that cannot raise an alert is held against *Suspect*.
    #[must_use]
    pub fn worst(&self) -> Option<(&ChartEvent, f64)> {
        let share = |c: &ChartEvent| c.score / c.synthetic_at.unwrap_or(c.suspect_at).max(f64::MIN_POSITIVE);
        self.charts.iter().map(|c| (c, share(c))).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Raised, neither cleared nor acknowledged.
    pub fn standing(&self) -> impl Iterator<Item = &AlertEvent> {
        self.alerts.values().filter(|a| a.cleared_s.is_none() && a.acknowledged_s.is_none())
    }
}

/// All participants of all calls, in the order they came.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// The participants.
    pub rows: Vec<Row>,
    /// Frames that were not analysed, by call.
    pub dropped: BTreeMap<String, u64>,
    /// Calls whose engine broke down, and why.
    pub unavailable: BTreeMap<String, String>,
}

impl Board {
    /// Takes an event of a call; `name` is what the participant's stream is called, where that is known.
    pub fn take(&mut self, event: &CallEvent, name: Option<String>) {
        self.dropped.insert(event.call.clone(), event.dropped);
        if event.r#type == EventType::EngineUnavailable {
            self.unavailable.insert(event.call.clone(), event.unobserved.clone().unwrap_or_default());
        }
        let Some(participant) = event.participant else { return };
        let row = self.row(&event.call, participant);
        if let Some(name) = name {
            row.name = name;
        }
        row.at_s = row.at_s.max(event.t_media_s);
        row.state = event.verdict.or(row.state);
        row.age_s = event.age_s;
        if event.r#type == EventType::Epoch {
            row.charts.clear();
            row.reasons.clear();
        }
        if !event.charts.is_empty() {
            row.charts.clone_from(&event.charts);
            row.reasons.clone_from(&event.reasons);
        }
        row.unobserved.clone_from(&event.unobserved);
        if let Some(alert) = &event.alert {
            row.alerts.insert(alert.number, alert.clone());
        }
        row.left |= event.r#type == EventType::Left;
        if let Some(share) = row.worst().map(|(_, share)| share)
            && row.course.back().is_none_or(|(t, _)| event.t_media_s >= *t)
        {
            if row.course.len() == COURSE {
                row.course.pop_front();
            }
            row.course.push_back((event.t_media_s, share));
        }
    }

    fn row(&mut self, call: &str, participant: u32) -> &mut Row {
        let at = self.rows.iter().position(|r| r.call == call && r.participant == participant).unwrap_or_else(|| {
            let name = format!("participant {participant}");
            self.rows.push(Row { call: call.to_owned(), participant, name, ..Row::default() });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    /// The row of a participant.
    #[must_use]
    pub fn find(&self, call: &str, participant: u32) -> Option<&Row> {
        self.rows.iter().find(|r| r.call == call && r.participant == participant)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use callguard_core::{EVENT_SCHEMA, Hypothesis};

    /// An event as the engine makes them.
    pub fn event(kind: EventType, t_media_s: f64, verdict: State, score: f64) -> CallEvent {
        CallEvent {
            schema: EVENT_SCHEMA.into(),
            id: "0199-x".into(),
            seq: 1,
            call: "desk".into(),
            participant: Some(1),
            kind: Some(callguard_core::ParticipantKind::Voice),
            epoch: Some(0),
            t_media_s,
            t_wall: "2026-01-01T00:00:00Z".into(),
            r#type: kind,
            verdict: Some(verdict),
            age_s: Some(0.5),
            charts: vec![ChartEvent {
                hypothesis: Hypothesis::VoiceSynthetic,
                llr: score,
                score,
                peak: score,
                clearing: 0.0,
                suspect_at: 3.0,
                synthetic_at: Some(6.0),
            }],
            reasons: vec![ReasonEvent {
                source: "voice-clone".into(),
                llr: score,
                from_s: 0.5,
                to_s: t_media_s,
                windows: vec![],
            }],
            unobserved: None,
            dropped: 0,
            alert: None,
        }
    }

    #[test]
    fn rows_follow_their_events() {
        let mut board = Board::default();
        board.take(&event(EventType::Joined, 0.0, State::Gathering, 0.0), Some("guest".into()));
        board.take(&event(EventType::Update, 2.0, State::Suspect, 4.5), None);
        let row = board.find("desk", 1).unwrap();
        assert_eq!((row.name.as_str(), row.state, row.course.len()), ("guest", Some(State::Suspect), 2));
        assert_eq!(row.worst().map(|(_, share)| share), Some(0.75));
        assert!(!board.rows[0].left);
        board.take(&event(EventType::Left, 3.0, State::Suspect, 4.5), None);
        assert!(board.rows[0].left);
    }
}
