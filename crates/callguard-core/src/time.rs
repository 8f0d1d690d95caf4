//! Media time: what the stream says, never what a wall clock says.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point on a call's media timeline, in nanoseconds of running time since the call began.
///
/// Nanoseconds are what GStreamer counts in; as an integer two equal instants are equal on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaTime(u64);

impl MediaTime {
    /// The begin of the call.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds of running time.
    #[must_use]
    pub const fn from_nanos(ns: u64) -> Self {
        Self(ns)
    }

    /// From milliseconds of running time.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * 1_000_000)
    }

    /// The instant of sample `frame` in a stream of `rate_hz` that began at zero.
    ///
    /// # Panics
    /// Never for a rate above zero; a rate of zero gives [`MediaTime::ZERO`].
    #[must_use]
    pub fn from_frames(frame: u64, rate_hz: u32) -> Self {
        if rate_hz == 0 {
            return Self::ZERO;
        }
        let ns = u128::from(frame) * 1_000_000_000 / u128::from(rate_hz);
        Self(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// Nanoseconds of running time.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds of running time.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The time passed since `earlier`, zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for MediaTime {
    type Output = Self;
    fn add(self, d: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl std::ops::Sub<Duration> for MediaTime {
    type Output = Self;
    fn sub(self, d: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.as_secs_f64())
    }
}

/// A stretch of media time, `from` included and `to` not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First instant.
    pub from: MediaTime,
    /// First instant after it.
    pub to: MediaTime,
}

impl Span {
    /// The stretch between two instants, in either order.
    #[must_use]
    pub fn between(a: MediaTime, b: MediaTime) -> Self {
        Self { from: a.min(b), to: a.max(b) }
    }

    /// How long it is.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.to.since(self.from)
    }
}
