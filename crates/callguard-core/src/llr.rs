//! The log-likelihood ratio, the one currency of evidence.

use serde::{Deserialize, Serialize};

/// `ln( p(observation | synthetic) / p(observation | genuine) )`, natural logarithm, always finite.
///
/// Above zero speaks for synthetic, below for genuine. There is no default: no observation is no
/// evidence, and zero would be a statement ("equally likely under both").
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Llr(f64);

impl Llr {
    /// Refuses what is not finite: a model that answers NaN or infinity has said nothing.
    #[must_use]
    pub fn new(raw: f64) -> Option<Self> {
        raw.is_finite().then_some(Self(raw))
    }

    /// The value in nats.
    #[must_use]
    pub const fn nats(self) -> f64 {
        self.0
    }

    /// Limited to `± limit`, so that no single window decides alone. `limit` is in nats.
    #[must_use]
    pub fn clipped(self, limit: f64) -> Self {
        // Not `clamp`: that panics where the limit is NaN or negative.
        Self(self.0.min(limit.abs()).max(-limit.abs()))
    }
}

impl From<Llr> for f64 {
    fn from(llr: Llr) -> Self {
        llr.0
    }
}

impl TryFrom<f64> for Llr {
    type Error = NotFinite;
    fn try_from(raw: f64) -> Result<Self, NotFinite> {
        Self::new(raw).ok_or(NotFinite)
    }
}

/// A number that should be a log-likelihood ratio is NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log-likelihood ratio must be finite")]
pub struct NotFinite;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_no_evidence() {
        for raw in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Llr::new(raw), None, "{raw}");
        }
        assert_eq!(Llr::new(-1.5).map(Llr::nats), Some(-1.5));
    }

    #[test]
    fn clipping_keeps_the_sign() {
        let clip = |x| Llr::new(x).map(|l| l.clipped(4.0).nats());
        assert_eq!(clip(9.0), Some(4.0));
        assert_eq!(clip(-9.0), Some(-4.0));
        assert_eq!(clip(1.0), Some(1.0));
    }
}
