//! What is said of a participant.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Hypothesis, MediaTime, Thresholds};

/// The state of a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Evidence is being gathered; nothing is said yet.
    Gathering,
    /// No sign of synthesis in what was observed.
    Genuine,
    /// A chart crossed the looser threshold.
    Suspect,
    /// A chart crossed the promise's threshold: an alert is raised.
    Synthetic,
    /// No evidence for a while: nothing can be said.
    Unobservable,
}

impl State {
    /// The name in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Genuine => "genuine",
            Self::Suspect => "suspect",
            Self::Synthetic => "synthetic",
            Self::Unobservable => "unobservable",
        }
    }

    /// The name in a report of something that is over: what was never decided is inconclusive.
    #[must_use]
    pub const fn conclusion(self) -> &'static str {
        match self {
            Self::Gathering | Self::Unobservable => "inconclusive",
            decided => decided.as_str(),
        }
    }

    /// For comparing: the worse, the higher. What is undecided is no worse than what is genuine.
    #[must_use]
    pub const fn severity(self) -> u8 {
        match self {
            Self::Gathering | Self::Unobservable | Self::Genuine => 0,
            Self::Suspect => 1,
            Self::Synthetic => 2,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A state with what makes it worth believing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The state.
    pub state: State,
    /// Since when.
    pub since: MediaTime,
    /// The largest chart's evidence over the whole epoch, nats; `None` without evidence.
    pub llr: Option<f64>,
    /// Time since the newest evidence (without any: since the epoch began).
    pub age: Duration,
}

/// One chart as others may see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartView {
    /// What it is about.
    pub hypothesis: Hypothesis,
    /// Evidence of the whole epoch: `s / (1 + max(n − 1, 0)·ρ)` without return to zero, nats.
    pub llr: f64,
    /// `S` now, nats.
    pub score: f64,
    /// The highest `S` of the epoch, nats.
    pub peak: f64,
    /// The clearing chart now, nats.
    pub clearing: f64,
    /// What `S` is held against.
    pub thresholds: Thresholds,
    /// Windows that were added.
    pub evidence: u64,
}
