//! Page's test, knowing that windows of one guest are alike.

/// A one-sided cumulative sum with the guest effect.
///
/// With weights summing to `n` and weighted llr summing to `s` since the sum last left zero, the score is
/// `S = s / (1 + max(n − 1, 0)·ρ)`, back to zero whenever `s ≤ 0`. At ρ = 0 this is Page's test (E. S. Page, *Continuous inspection
/// schemes*, Biometrika 41, 1954). For ρ > 0 the divisor is the design effect of cluster sampling (Kish 1965): `n` windows of one
/// guest carry only `n / (1 + (n − 1)ρ)` windows' worth of evidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Page {
    rho: f64,
    cap: f64,
    s: f64,
    n: f64,
}

impl Page {
    /// A sum at zero for windows with intraclass correlation `rho` (0 to 1).
    #[must_use]
    pub fn new(rho: f64) -> Self {
        Self { rho, cap: f64::INFINITY, s: 0.0, n: 0.0 }
    }

    /// The same with a score that never exceeds `cap` nats.
    #[must_use]
    pub fn capped(rho: f64, cap: f64) -> Self {
        Self { cap, ..Self::new(rho) }
    }

    /// Adds one instant: `llr` already weighted, and the weight it counts for. Returns the score.
    #[inline]
    pub fn step(&mut self, llr: f64, weight: f64) -> f64 {
        self.s += llr;
        if !(self.s > 0.0) {
            (self.s, self.n) = (0.0, 0.0);
            return 0.0;
        }
        self.n += weight;
        // The sum itself is held down, not just what is shown: else a long good record would have to be used up first.
        self.s = self.s.min(self.cap * self.design_effect());
        self.score()
    }

    #[inline]
    fn design_effect(&self) -> f64 {
        design_effect(self.n, self.rho)
    }

    /// The score now, in nats; zero at rest.
    #[inline]
    #[must_use]
    pub fn score(&self) -> f64 {
        self.s / self.design_effect()
    }

    /// Whether the sum is at zero.
    #[must_use]
    pub fn at_zero(&self) -> bool {
        !(self.s > 0.0)
    }
}

/// `1 + max(n − 1, 0)·ρ`: how many times less `n` alike windows say than `n` independent ones.
#[inline]
#[must_use]
pub fn design_effect(n: f64, rho: f64) -> f64 {
    1.0 + (n - 1.0).max(0.0) * rho
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_guest_effect_it_is_a_cumulative_sum() {
        let mut page = Page::new(0.0);
        assert_eq!([2.0, -1.0, 3.0].map(|x| page.step(x, 1.0)), [2.0, 1.0, 4.0]);
        assert_eq!(page.step(-9.0, 1.0), 0.0);
        assert_eq!(page.step(1.0, 1.0), 1.0, "a past below zero is forgotten");
    }

    #[test]
    fn with_full_correlation_ten_windows_say_what_one_says() {
        let mut page = Page::new(1.0);
        for _ in 0..10 {
            page.step(2.0, 1.0);
        }
        assert!((page.score() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_capped_sum_falls_at_once() {
        let mut page = Page::capped(0.0, 1.0);
        for _ in 0..100 {
            page.step(2.0, 1.0);
        }
        assert_eq!(page.score(), 1.0);
        assert_eq!(page.step(-1.0, 1.0), 0.0);
    }
}
