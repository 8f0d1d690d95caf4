//! How a source's llr behaves on genuine people: what the promise is computed from.

use serde::{Deserialize, Serialize};

/// The measured law of a source's calibrated llr.
///
/// The model: the llr of one window of a genuine guest is Gaussian with mean `−variance/2` and variance `variance`, the only
/// Gaussian pair that is calibrated (for a synthetic one the mean is `+variance/2`: Good 1985; van Leeuwen & Brümmer 2013). A share `rho` of
/// the variance is the guest's own (speaker, microphone, room), the same in all windows of the call; the rest averages out
/// over windows that do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Law {
    /// Variance of the calibrated llr of one full window over genuine windows, before clipping, nats².
    pub variance: f64,
    /// Intraclass correlation over independent windows of one guest, 0 to 1.
    pub rho: f64,
    /// Share of unseen systems that the source misses, 0 to 1: what bounds how far it may vouch.
    pub epsilon: f64,
    /// Time after which two windows share no media, seconds.
    pub independence_s: f64,
    /// Time between windows, seconds.
    pub hop_s: f64,
}

impl Law {
    /// Everything that is wrong with it, each with its key and value. Empty: usable.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        [
            outside("variance", self.variance, 1e-6, 100.0, " nats²"),
            outside("rho", self.rho, 0.0, 1.0, ""),
            outside("epsilon", self.epsilon, 0.0, 1.0, ""),
            outside("independence_s", self.independence_s, 0.04, 60.0, " s"),
            outside("hop_s", self.hop_s, 0.04, 60.0, " s"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What is wrong with a number that must lie in a range, if anything. NaN lies in none.
pub(crate) fn outside(key: &str, x: f64, low: f64, high: f64, unit: &str) -> Option<String> {
    (!(x >= low && x <= high)).then(|| format!("{key} = {x}: must be from {low} to {high}{unit}"))
}
