//! An alert and its reasons.

use serde::{Deserialize, Serialize};

use crate::{Hypothesis, MediaTime, ParticipantId, SourceId, Span};

/// An alert within its call, in order of raising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertKey(pub u64);

/// A participant appears synthetic, and why.
///
/// It stays on the participant's seat through new epochs until it is acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Which.
    pub key: AlertKey,
    /// Of whom.
    pub participant: ParticipantId,
    /// In which epoch of theirs.
    pub epoch: u32,
    /// What the chart that crossed is about.
    pub hypothesis: Hypothesis,
    /// When the chart last left zero.
    pub onset: MediaTime,
    /// End of the deciding window.
    pub raised: MediaTime,
    /// When the chart was back at zero and the clearing chart had crossed; never of a mixed stream.
    pub cleared: Option<MediaTime>,
    /// When a person said they know.
    pub acknowledged: Option<MediaTime>,
    /// What each source gave.
    pub reasons: Vec<Reason>,
    /// `S` when it was raised, nats.
    pub score: f64,
    /// What it had to reach, nats.
    pub threshold: f64,
}

impl Alert {
    /// Neither cleared nor acknowledged.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.cleared.is_none() && self.acknowledged.is_none()
    }
}

/// What one source gave to a chart since it last left zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The source.
    pub source: SourceId,
    /// Its share of `S`, nats.
    pub llr: f64,
    /// Begin of its first window since then.
    pub from: MediaTime,
    /// End of its last.
    pub to: MediaTime,
    /// Of a stream in which several people speak: when the turn began in which it was given. It is that turn's, and nobody else's.
    pub turn: Option<MediaTime>,
    /// Its strongest windows and their clipped llrs: what to look at first.
    pub windows: Vec<(Span, f64)>,
}
