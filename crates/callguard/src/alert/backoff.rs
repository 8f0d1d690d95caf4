//! How long to wait before trying again.

use std::time::Duration;

/// Doubling waits with jitter: half of a wait is fixed and half drawn, so that many guards do not knock at once after an outage.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Before the second try.
    pub first: Duration,
    /// Never longer.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after `failures` failed tries (1 or more); `draw` is uniform in 0..1.
    #[must_use]
    pub fn wait(&self, failures: u32, draw: f64) -> Duration {
        let doubled = self.first.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1).min(30)));
        let whole = doubled.min(self.longest);
        whole / 2 + (whole / 2).mul_f64(draw.clamp(0.0, 1.0))
    }
}

/// A uniform draw in 0..1 that needs no generator to be carried along; jitter is no secret.
#[must_use]
pub fn draw() -> f64 {
    // The last 32 bits of a UUIDv7 are random in every layout; those before may count.
    f64::from(uuid::Uuid::now_v7().as_u64_pair().1 as u32) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(30) };

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<u128> = [1, 2, 3, 7, 40].map(|n| BACKOFF.wait(n, 1.0).as_millis()).to_vec();
        assert_eq!(waits, [500, 1000, 2000, 30_000, 30_000]);
        assert_eq!(BACKOFF.wait(1, 0.0), Duration::from_millis(250));
    }

    #[test]
    fn draws_differ_and_stay_in_range() {
        let draws: Vec<f64> = (0..100).map(|_| draw()).collect();
        assert!(draws.iter().all(|d| (0.0..1.0).contains(d)), "{draws:?}");
        assert!(draws.iter().any(|d| *d < 0.5) && draws.iter().any(|d| *d >= 0.5), "{draws:?}");
    }
}
