//! What leaves the engine: `callguard.event/1`.

use serde::{Deserialize, Serialize};

use crate::{Alert, ChartView, FindingEvent, Hypothesis, ParticipantKind, Reason, State};

/// The schema's name and version, in every event.
pub const EVENT_SCHEMA: &str = "callguard.event/1";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventType {
    /// A participant came.
    Joined,
    /// A participant is begun anew.
    Epoch,
    /// A verdict changed.
    Verdict,
    /// Where things stand; at most one a second and participant.
    Update,
    /// An alert was raised.
    AlertRaised,
    /// An alert cleared.
    AlertCleared,
    /// A person knows of an alert.
    AlertAcknowledged,
    /// Something was found out about where a stream comes from, or no longer holds.
    Finding,
    /// The detectors cannot run; media flows on.
    EngineUnavailable,
    /// A participant left.
    Left,
}

impl EventType {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Epoch => "epoch",
            Self::Verdict => "verdict",
            Self::Update => "update",
            Self::AlertRaised => "alert-raised",
            Self::AlertCleared => "alert-cleared",
            Self::AlertAcknowledged => "alert-acknowledged",
            Self::Finding => "finding",
            Self::EngineUnavailable => "engine-unavailable",
            Self::Left => "left",
        }
    }
}

/// One event of a call. Identifiers and wall-clock time are stamped by the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    /// [`EVENT_SCHEMA`].
    pub schema: String,
    /// UUIDv7: unique everywhere and sortable by time.
    pub id: String,
    /// Counts the call's events from 1.
    pub seq: u64,
    /// The call's name.
    pub call: String,
    /// Whom it is about; `null` for the call as a whole.
    pub participant: Option<u32>,
    /// What is observed of them.
    #[serde(default)]
    pub kind: Option<ParticipantKind>,
    /// Several people speak in the stream: what is said is of a voice in it, and never that it is genuine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mixed: bool,
    /// In which epoch of theirs.
    pub epoch: Option<u32>,
    /// Media time, seconds since the call began.
    pub t_media_s: f64,
    /// Wall-clock time, RFC 3339 in UTC.
    pub t_wall: String,
    /// What happened.
    pub r#type: EventType,
    /// The participant's state.
    pub verdict: Option<State>,
    /// Seconds since the newest evidence behind it.
    pub age_s: Option<f64>,
    /// The participant's charts.
    pub charts: Vec<ChartEvent>,
    /// What speaks most for synthetic, most first.
    pub reasons: Vec<ReasonEvent>,
    /// Why nothing is observed just now, where that is so.
    pub unobserved: Option<String>,
    /// Media frames dropped before analysis since the call began.
    pub dropped: u64,
    /// The alert it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertEvent>,
    /// The finding it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingEvent>,
}

/// A chart in an event; all numbers in nats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChartEvent {
    /// What it is about.
    pub hypothesis: Hypothesis,
    /// Evidence of the whole epoch.
    pub llr: f64,
    /// `S` now.
    pub score: f64,
    /// The highest `S`.
    pub peak: f64,
    /// The clearing chart.
    pub clearing: f64,
    /// Threshold of *Suspect*.
    pub suspect_at: f64,
    /// Threshold of *Synthetic*; `null` where a source has no measured law.
    pub synthetic_at: Option<f64>,
}

impl From<&ChartView> for ChartEvent {
    fn from(c: &ChartView) -> Self {
        Self {
            hypothesis: c.hypothesis,
            llr: c.llr,
            score: c.score,
            peak: c.peak,
            clearing: c.clearing,
            suspect_at: c.thresholds.suspect,
            synthetic_at: c.thresholds.synthetic,
        }
    }
}

/// A reason in an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReasonEvent {
    /// The source.
    pub source: String,
    /// What it gave, nats.
    pub llr: f64,
    /// Begin, seconds of media time.
    pub from_s: f64,
    /// End, seconds of media time.
    pub to_s: f64,
    /// Of a mixed stream: when the turn began that it is about, seconds of media time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_s: Option<f64>,
    /// The windows to look at first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowEvent>,
}

/// A window to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowEvent {
    /// Begin, seconds of media time.
    pub from_s: f64,
    /// End, seconds of media time.
    pub to_s: f64,
    /// Its clipped llr, nats.
    pub llr: f64,
}

impl From<&Reason> for ReasonEvent {
    fn from(r: &Reason) -> Self {
        let window = |(span, llr): &(crate::Span, f64)| WindowEvent {
            from_s: span.from.as_secs_f64(),
            to_s: span.to.as_secs_f64(),
            llr: *llr,
        };
        Self {
            source: r.source.to_string(),
            llr: r.llr,
            from_s: r.from.as_secs_f64(),
            to_s: r.to.as_secs_f64(),
            turn_s: r.turn.map(crate::MediaTime::as_secs_f64),
            windows: r.windows.iter().map(window).collect(),
        }
    }
}

/// An alert in an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertEvent {
    /// Unique; stamped by the engine.
    pub id: String,
    /// Which of the call's alerts, counted from 1.
    pub number: u64,
    /// What the chart that crossed is about.
    pub hypothesis: Hypothesis,
    /// When the chart left zero, seconds of media time.
    pub onset_s: f64,
    /// End of the deciding window, seconds of media time.
    pub raised_s: f64,
    /// When it cleared.
    pub cleared_s: Option<f64>,
    /// When it was acknowledged.
    pub acknowledged_s: Option<f64>,
    /// `S` when it was raised, nats.
    pub score: f64,
    /// What it had to reach, nats.
    pub threshold: f64,
    /// What each source gave.
    pub reasons: Vec<ReasonEvent>,
    /// What is known of where the stream comes from; said beside the reasons, it gave nothing to this score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingEvent>,
}

impl AlertEvent {
    /// The alert under the identifier the engine gave it.
    #[must_use]
    pub fn new(id: String, alert: &Alert) -> Self {
        Self {
            id,
            number: alert.key.0,
            hypothesis: alert.hypothesis,
            onset_s: alert.onset.as_secs_f64(),
            raised_s: alert.raised.as_secs_f64(),
            cleared_s: alert.cleared.map(crate::MediaTime::as_secs_f64),
            acknowledged_s: alert.acknowledged.map(crate::MediaTime::as_secs_f64),
            score: alert.score,
            threshold: alert.threshold,
            reasons: alert.reasons.iter().map(ReasonEvent::from).collect(),
            findings: Vec::new(),
        }
    }
}
