//! What the operator promises to the people on the line.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::law::outside;

/// *At most `false_alarm` of genuine guests are flagged in a call of `call_s` seconds*, and what follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Largest share of genuine guests that may be flagged synthetic in one call; above 0, at most 0.5.
    pub false_alarm: f64,
    /// The length of the call that the share refers to, seconds.
    pub call_s: f64,
    /// *Suspect* may happen to this many times more genuine guests; at least 1.
    pub suspect_factor: f64,
    /// A clearing chart at this many nats reads as genuine.
    pub clear_at: f64,
    /// Without evidence for this long a participant is unobservable, seconds.
    pub unobservable_after_s: f64,
}

impl Default for Policy {
    /// The design's promise: 1 % in 10 minutes. `clear_at` is odds of e : 1.
    fn default() -> Self {
        Self { false_alarm: 0.01, call_s: 600.0, suspect_factor: 10.0, clear_at: 1.0, unobservable_after_s: 10.0 }
    }
}

impl Policy {
    /// Everything that is wrong with it, each with its key and value. Empty: usable.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        [
            outside("false_alarm", self.false_alarm, 1e-6, 0.5, " (a share: 0.01 is 1 %)"),
            outside("call_s", self.call_s, 1.0, 86_400.0, " s"),
            outside("suspect_factor", self.suspect_factor, 1.0, 1000.0, ""),
            outside("clear_at", self.clear_at, 0.0, 20.0, " nats"),
            outside("unobservable_after_s", self.unobservable_after_s, 1.0, 600.0, " s"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Without evidence for this long a participant is unobservable.
    #[must_use]
    pub fn unobservable_after(&self) -> Duration {
        Duration::try_from_secs_f64(self.unobservable_after_s).unwrap_or(Duration::from_secs(10))
    }
}
