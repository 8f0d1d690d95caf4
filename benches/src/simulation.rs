//! The promise, simulated: laws × windows × guest effect × sources, and what is caught while it is kept.

use callguard_core::Law;
use callguard_core::simulate::{ChartLaw, GenuineGuests, Member, Share, delays};

/// The promise that the table is about: at most this share of genuine guests …
pub const PROMISE: f64 = 0.01;
/// … in a call of so many seconds; the first is the shipped one.
pub const CALLS_S: [f64; 2] = [600.0, 3600.0];
/// Delays that the table names, seconds.
pub const WITHIN_S: [f64; 3] = [15.0, 30.0, 120.0];
/// When the voice turns synthetic in mid-call, seconds.
pub const TURN_S: f64 = 120.0;

/// One cell of the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Variance of the calibrated llr, nats².
    pub variance: f64,
    /// Whether 4 s windows slide by 0.5 s; else they follow one another.
    pub sliding: bool,
    /// Intraclass correlation.
    pub rho: f64,
    /// One source, or two with llrs that correlate by .7.
    pub sources: usize,
}

impl Case {
    /// The whole grid.
    #[must_use]
    pub fn grid() -> Vec<Self> {
        let mut grid = Vec::new();
        for sources in [1, 2] {
            for sliding in [false, true] {
                for variance in [0.3, 3.0, 7.0, 12.0] {
                    for rho in [0.0, 0.3, 0.6] {
                        grid.push(Self { variance, sliding, rho, sources });
                    }
                }
            }
        }
        grid
    }

    /// The chart's law.
    #[must_use]
    pub fn law(self) -> ChartLaw {
        const CORRELATION: f64 = 0.7;
        let hop_s = if self.sliding { 0.5 } else { 4.0 };
        let law = Law { variance: self.variance, rho: self.rho, epsilon: 0.1, independence_s: 4.0, hop_s };
        // Two calibrated llrs of equal variance that correlate by r fuse to (l₁ + l₂)/(1 + r).
        let weight = if self.sources == 2 { 1.0 / (1.0 + CORRELATION) } else { 1.0 };
        let correlation = if self.sources == 2 { CORRELATION } else { 0.0 };
        ChartLaw::new(vec![Member { law, weight, clip: 4.0 }; self.sources], correlation)
    }
}

/// What came out for one case.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// Threshold for each of [`CALLS_S`], nats.
    pub thresholds: [f64; 2],
    /// Share of other genuine guests flagged in each of [`CALLS_S`].
    pub flagged: [Share; 2],
    /// Share caught within each of [`WITHIN_S`], synthetic from the start.
    pub caught: [f64; 3],
    /// The same for a voice that turns synthetic at [`TURN_S`].
    pub caught_turning: [f64; 3],
    /// Threshold of plain Page for the same promise in the shorter call, nats.
    pub plain_threshold: f64,
    /// Share that plain Page catches within each of [`WITHIN_S`].
    pub plain_caught: [f64; 3],
}

/// How much to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Steps of the simulation that a threshold comes from.
    pub steps: usize,
    /// How many times as many guests it is tried on.
    pub tried: usize,
    /// Synthetic guests.
    pub synthetic: usize,
}

/// Runs one case.
#[must_use]
pub fn run(case: Case, effort: Effort) -> Row {
    let law = case.law();
    let genuine = |law: &ChartLaw, call_s: f64, times: usize, seed| {
        let guests = (effort.steps / law.ticks(call_s)).clamp(2_000, 20_000) * times;
        GenuineGuests::simulate(law, call_s, Some(guests), seed)
    };
    // Each call length has guests of its own, thresholds come from one set and are tried on another.
    let kept = CALLS_S.map(|call_s| {
        let threshold = genuine(&law, call_s, 1, 1).threshold(PROMISE, call_s);
        (threshold, genuine(&law, call_s, effort.tried, 2).flagged(threshold, call_s))
    });
    let thresholds = kept.map(|k| k.0);
    let plain = ChartLaw { rho: 0.0, ..law.clone() };
    let plain_threshold = genuine(&plain, CALLS_S[0], 1, 1).threshold(PROMISE, CALLS_S[0]);
    Row {
        case,
        thresholds,
        flagged: kept.map(|k| k.1),
        caught: caught(&law, thresholds[0], 0.0, effort),
        caught_turning: caught(&law, thresholds[0], TURN_S, effort),
        plain_threshold,
        plain_caught: caught(&plain, plain_threshold, 0.0, effort),
    }
}

fn caught(law: &ChartLaw, threshold: f64, onset_s: f64, effort: Effort) -> [f64; 3] {
    let longest = WITHIN_S[WITHIN_S.len() - 1];
    let found = delays(law, threshold, onset_s, longest, effort.synthetic, 3);
    WITHIN_S.map(|s| found.iter().filter(|d| d.is_some_and(|d| d <= s)).count() as f64 / found.len().max(1) as f64)
}

/// Runs the whole grid on both cores of a small machine.
#[must_use]
pub fn table(effort: Effort) -> Vec<Row> {
    let grid = Case::grid();
    let (even, odd): (Vec<_>, Vec<_>) = grid.iter().copied().enumerate().partition(|(i, _)| i % 2 == 0);
    let mut rows: Vec<(usize, Row)> = std::thread::scope(|scope| {
        let work =
            |part: Vec<(usize, Case)>| move || part.into_iter().map(|(i, c)| (i, run(c, effort))).collect::<Vec<_>>();
        let other = scope.spawn(work(odd));
        let mut rows = work(even)();
        rows.extend(other.join().unwrap_or_default());
        rows
    });
    rows.sort_by_key(|(i, _)| *i);
    rows.into_iter().map(|(_, r)| r).collect()
}
