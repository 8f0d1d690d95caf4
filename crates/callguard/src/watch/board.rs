//! Where all calls stand: what the views show, kept up to date by events alone.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use callguard_core::{
    AlertEvent, CallEvent, ChartEvent, EventType, FindingEvent, Hypothesis, ParticipantKind, ReasonEvent, State,
};
use callguard_engine::StreamReport;

use crate::report::words;

/// How far back a participant's course is kept for the view: at one update a second, ten minutes.
const COURSE: usize = 600;

/// One participant.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The call's name.
    pub call: String,
    /// Within the call.
    pub participant: u32,
    /// What is observed; `None` before it is known.
    pub kind: Option<ParticipantKind>,
    /// Several people speak in the stream.
    pub mixed: bool,
    /// What the stream is called; empty before it is known.
    pub stream: String,
    /// Which of its kind in the stream, counted from 1.
    pub number: usize,
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
    /// Time and score over threshold of each chart, for its course.
    pub courses: BTreeMap<Hypothesis, VecDeque<(f64, f64)>>,
    /// Alerts, by number.
    pub alerts: BTreeMap<u64, AlertEvent>,
    /// The stream has ended.
    pub left: bool,
}

/// How near a chart is to its threshold: 1 is at it. One that cannot raise an alert is held against *Suspect*.
#[must_use]
pub fn share(chart: &ChartEvent) -> f64 {
    chart.score / chart.synthetic_at.unwrap_or(chart.suspect_at).max(f64::MIN_POSITIVE)
}

impl Row {
    /// Which they are in their stream: `face 2`.
    #[must_use]
    pub fn seat(&self) -> String {
        let seat = |kind| words::seat(kind, self.mixed, self.number);
        self.kind.map_or_else(|| format!("participant {}", self.participant), seat)
    }

    /// What people call them: `face 2 in camera`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.stream.is_empty() { self.seat() } else { format!("{} in {}", self.seat(), self.stream) }
    }

    /// The charts, one for each hypothesis: where there are two, the nearer to its threshold.
    #[must_use]
    pub fn shown(&self) -> Vec<&ChartEvent> {
        let mut nearest: BTreeMap<Hypothesis, &ChartEvent> = BTreeMap::new();
        for chart in &self.charts {
            let there = nearest.entry(chart.hypothesis).or_insert(chart);
            if share(chart) > share(there) {
                *there = chart;
            }
        }
        nearest.into_values().collect()
    }

    /// The chart nearest to its threshold.
    #[must_use]
    pub fn worst(&self) -> Option<&ChartEvent> {
        self.charts.iter().max_by(|a, b| share(a).total_cmp(&share(b)))
    }

    /// Raised, neither cleared nor acknowledged.
    pub fn standing(&self) -> impl Iterator<Item = &AlertEvent> {
        self.alerts.values().filter(|a| a.cleared_s.is_none() && a.acknowledged_s.is_none())
    }
}

/// How the analysis of a stream keeps up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// How far it is behind the newest sample or picture.
    pub behind: Duration,
    /// Samples or pictures that were not looked at in time.
    pub dropped: u64,
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
    paces: BTreeMap<(String, String), Pace>,
    findings: Vec<(String, FindingEvent)>,
}

impl Board {
    /// The worst state of anyone who is there.
    #[must_use]
    pub fn worst(&self) -> Option<State> {
        let there = self.rows.iter().filter(|row| !row.left).filter_map(|row| row.state);
        // Of what is no alarm, the one that says least is the one to show.
        there.max_by_key(|state| (state.severity(), *state != State::Genuine))
    }

    /// Takes how a call's streams keep up.
    pub fn measure(&mut self, call: &str, streams: &[StreamReport]) {
        for s in streams {
            let pace = Pace { behind: s.latency, dropped: s.stats.dropped_frames };
            self.paces.insert((call.to_owned(), s.name.clone()), pace);
        }
    }

    /// How the stream of a participant keeps up; `None` where that was not measured.
    #[must_use]
    pub fn pace(&self, row: &Row) -> Option<Pace> {
        self.paces.get(&(row.call.clone(), row.stream.clone())).copied()
    }

    /// What is known of where a participant's stream comes from.
    pub fn findings<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = &'a FindingEvent> {
        let of = |(call, f): &&(String, FindingEvent)| {
            *call == row.call && f.stream == row.stream && Some(f.kind) == row.kind
        };
        self.findings.iter().filter(of).map(|(_, f)| f)
    }

    /// Takes an event of a call; `stream` is what the participant's stream is called, where that is known.
    pub fn take(&mut self, event: &CallEvent, stream: Option<String>) {
        self.dropped.insert(event.call.clone(), event.dropped);
        if event.r#type == EventType::EngineUnavailable {
            self.unavailable.insert(event.call.clone(), event.unobserved.clone().unwrap_or_default());
        }
        if let Some(found) = &event.finding {
            let same = |f: &FindingEvent| (&f.stream, f.kind, f.finding) == (&found.stream, found.kind, found.finding);
            self.findings.retain(|(call, f)| *call != event.call || !same(f));
            if found.stands {
                self.findings.push((event.call.clone(), found.clone()));
            }
        }
        let Some(participant) = event.participant else { return };
        let place = self.place(&event.call, participant);
        if let Some(stream) = stream.filter(|_| self.rows[place].stream.is_empty()) {
            let alike = |r: &&Row| r.call == event.call && r.stream == stream && r.kind == event.kind;
            let before = self.rows.iter().filter(alike).count();
            (self.rows[place].stream, self.rows[place].number) = (stream, before + 1);
        }
        let row = &mut self.rows[place];
        row.kind = event.kind.or(row.kind);
        row.mixed |= event.mixed;
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
        let points: Vec<(Hypothesis, f64)> = row.shown().into_iter().map(|c| (c.hypothesis, share(c))).collect();
        for (hypothesis, share) in points {
            let course = row.courses.entry(hypothesis).or_default();
            if course.back().is_some_and(|(t, _)| event.t_media_s < *t) {
                continue;
            }
            if course.len() == COURSE {
                course.pop_front();
            }
            course.push_back((event.t_media_s, share));
        }
    }

    fn place(&mut self, call: &str, participant: u32) -> usize {
        self.rows.iter().position(|r| r.call == call && r.participant == participant).unwrap_or_else(|| {
            self.rows.push(Row { call: call.to_owned(), participant, ..Row::default() });
            self.rows.len() - 1
        })
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
    use callguard_core::{EVENT_SCHEMA, Finding, Hypothesis, Worth};

    /// A finding, or the end of it.
    pub fn found(stands: bool) -> FindingEvent {
        FindingEvent {
            stream: "guest".into(),
            kind: ParticipantKind::Face,
            finding: Finding::VirtualCamera,
            worth: Worth::Note,
            detail: "\"OBS\u{1b}\": known".into(),
            stands,
        }
    }

    /// An event as the engine makes them.
    pub fn event(kind: EventType, t_media_s: f64, verdict: State, score: f64) -> CallEvent {
        CallEvent {
            schema: EVENT_SCHEMA.into(),
            id: "0199-x".into(),
            seq: 1,
            call: "desk".into(),
            participant: Some(1),
            kind: Some(callguard_core::ParticipantKind::Voice),
            mixed: false,
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
                turn_s: None,
                windows: vec![],
            }],
            unobserved: None,
            dropped: 0,
            alert: None,
            finding: None,
        }
    }

    /// The same of a face, which has two charts.
    pub fn seen(kind: EventType, participant: u32, t_media_s: f64, verdict: State, score: f64) -> CallEvent {
        let mut event = event(kind, t_media_s, verdict, score);
        (event.participant, event.kind) = (Some(participant), Some(ParticipantKind::Face));
        event.charts[0].hypothesis = Hypothesis::FaceSynthetic;
        event.reasons[0].source = "face-forgery".into();
        let presented =
            ChartEvent { hypothesis: Hypothesis::FacePresented, score: 1.0, synthetic_at: None, ..event.charts[0] };
        event.charts.push(presented);
        event
    }

    #[test]
    fn rows_follow_their_events() {
        let mut board = Board::default();
        board.take(&event(EventType::Joined, 0.0, State::Gathering, 0.0), Some("guest".into()));
        board.take(&event(EventType::Update, 2.0, State::Suspect, 4.5), None);
        let row = board.find("desk", 1).unwrap();
        assert_eq!((row.name().as_str(), row.state), ("voice in guest", Some(State::Suspect)));
        assert_eq!(row.courses[&Hypothesis::VoiceSynthetic], [(0.0, 0.0), (2.0, 0.75)]);
        assert_eq!(row.worst().map(share), Some(0.75));
        assert!(!board.rows[0].left);
        board.take(&event(EventType::Left, 3.0, State::Suspect, 4.5), None);
        assert!(board.rows[0].left);
    }

    #[test]
    fn findings_are_kept_by_stream_until_they_no_longer_hold() {
        let mut board = Board::default();
        board.take(&event(EventType::Joined, 0.0, State::Gathering, 0.0), Some("guest".into()));
        board.take(&seen(EventType::Joined, 2, 0.0, State::Gathering, 0.0), Some("guest".into()));
        for stands in [true, true, false] {
            let told = CallEvent {
                participant: None,
                finding: Some(found(stands)),
                ..event(EventType::Finding, 1.0, State::Gathering, 0.0)
            };
            board.take(&told, None);
            let of = |n| board.findings(board.find("desk", n).unwrap()).count();
            assert_eq!((of(1), of(2)), (0, usize::from(stands)), "the face's camera, not the voice's microphone");
        }
    }

    #[test]
    fn each_chart_has_its_course_and_faces_of_a_stream_are_numbered() {
        let mut board = Board::default();
        board.take(&event(EventType::Joined, 0.0, State::Gathering, 0.0), Some("camera".into()));
        for n in [2, 3] {
            board.take(&seen(EventType::Joined, n, 0.5, State::Gathering, 0.0), Some("camera".into()));
        }
        board.take(&seen(EventType::Update, 3, 2.0, State::Suspect, 4.5), None);
        let names: Vec<String> = board.rows.iter().map(Row::name).collect();
        assert_eq!(names, ["voice in camera", "face in camera", "face 2 in camera"]);
        let row = board.find("desk", 3).unwrap();
        assert_eq!(row.courses[&Hypothesis::FaceSynthetic].back(), Some(&(2.0, 0.75)));
        assert_eq!(row.courses[&Hypothesis::FacePresented].back(), Some(&(2.0, 1.0 / 3.0)));
    }
}
