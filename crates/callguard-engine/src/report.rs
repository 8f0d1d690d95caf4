//! How a call stands, or stood: what pages, terminals and files show.

use std::time::Duration;

use callguard_core::{
    Alert, AlertKey, ChartView, FindingEvent, MediaTime, ParticipantId, ParticipantKind, Policy, Reason, SourceView,
    State, Verdict,
};

use crate::capture::TapStats;
use crate::detect::Thumbnail;
use crate::fuse::{Fusion, Timeline};

/// A call with everything known of it.
#[derive(Clone, Debug)]
pub struct CallReport {
    /// UUIDv7; empty for a call that is not live.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Media time up to which it was followed.
    pub now: MediaTime,
    /// The promise it was judged by.
    pub policy: Policy,
    /// Who is in it.
    pub participants: Vec<ParticipantReport>,
    /// Every alert, in order of raising, with its identifier (empty for a call that is not live).
    pub alerts: Vec<(String, Alert)>,
    /// Its streams.
    pub streams: Vec<StreamReport>,
}

/// One participant.
#[derive(Clone, Debug)]
pub struct ParticipantReport {
    /// Seat.
    pub id: ParticipantId,
    /// What is observed.
    pub kind: ParticipantKind,
    /// Several people speak in the stream: it is a voice in it, whosever, and never genuine.
    pub mixed: bool,
    /// How often they were begun anew.
    pub epoch: u32,
    /// When this epoch began.
    pub from: MediaTime,
    /// Where things stand.
    pub verdict: Verdict,
    /// What to conclude of the epoch, see [`callguard_core::Participant::conclusion`].
    pub conclusion: State,
    /// Charts with evidence.
    pub charts: Vec<ChartView>,
    /// What each source said.
    pub sources: Vec<SourceView>,
    /// What speaks most for synthetic now, most first.
    pub reasons: Vec<Reason>,
    /// Why nothing is observed just now, if so.
    pub unobserved: Option<String>,
    /// All of it over time.
    pub timeline: Timeline,
    /// The moments that spoke most, in order of time; only where the operator wants pictures to be kept.
    pub thumbnails: Vec<Thumbnail>,
}

/// One stream.
#[derive(Clone, Debug)]
pub struct StreamReport {
    /// Its name.
    pub name: String,
    /// What is observed in it.
    pub kind: ParticipantKind,
    /// Who is: nobody until the first sample, and in a video stream until the first face.
    pub participants: Vec<ParticipantId>,
    /// Counters.
    pub stats: TapStats,
    /// How far the analysis is behind the newest sample, wall-clock time; zero where nothing is live.
    pub latency: Duration,
    /// Why it cannot be judged any more, if so.
    pub failed: Option<String>,
    /// What was found out about where it comes from.
    pub findings: Vec<FindingEvent>,
}

impl CallReport {
    pub(crate) fn add_thumbnails(&mut self, participant: Option<ParticipantId>, thumbnails: Vec<Thumbnail>) {
        if let Some(p) = self.participants.iter_mut().find(|p| Some(p.id) == participant) {
            p.thumbnails = thumbnails;
        }
    }

    pub(crate) fn of(
        fusion: &Fusion,
        id: String,
        name: &str,
        alert_id: impl Fn(AlertKey) -> String,
        streams: Vec<StreamReport>,
    ) -> Self {
        let rules = fusion.rules();
        let seat = |seat: &callguard_core::Participant| ParticipantReport {
            id: seat.id(),
            kind: seat.kind(),
            mixed: seat.is_mixed(),
            epoch: seat.epoch(),
            from: seat.epoch_from(),
            verdict: seat.verdict(rules, fusion.now()),
            conclusion: seat.conclusion(),
            charts: seat.charts(rules),
            sources: seat.sources(),
            reasons: seat.reasons(rules),
            unobserved: fusion.unobserved(seat.id()).map(|a| a.as_str().to_owned()),
            timeline: fusion.timeline(seat.id()).cloned().unwrap_or_default(),
            thumbnails: Vec::new(),
        };
        Self {
            id,
            name: name.to_owned(),
            now: fusion.now(),
            policy: rules.policy().clone(),
            participants: fusion.participants().map(seat).collect(),
            alerts: fusion.alerts().iter().map(|a| (alert_id(a.key), a.clone())).collect(),
            streams,
        }
    }
}
