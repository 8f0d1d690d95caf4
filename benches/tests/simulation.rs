//! The promise is kept: genuine guests drawn from every law of the grid, other guests than the thresholds came from.

use callguard_benches::simulation::{CALLS_S, Case, Effort, PROMISE, run, table};
use callguard_core::simulate::GenuineGuests;

const SHORT: Effort = Effort { steps: 4_000_000, tried: 2, synthetic: 400 };

#[test]
fn the_promise_is_kept_for_every_law() {
    let rows = table(SHORT);
    assert_eq!(rows.len(), 48, "the whole grid was run");
    for row in rows {
        for (flagged, call_s) in row.flagged.iter().zip(CALLS_S) {
            println!("{:?} in {call_s} s: {flagged:?}", row.case);
            assert!(flagged.upper95() <= PROMISE, "{:?} in {call_s} s: {flagged:?}", row.case);
        }
        assert!(
            row.caught[1] >= row.plain_caught[1] - 0.05 || row.case.rho == 0.0,
            "the guest effect must not catch less than plain Page at the same promise: {row:?}"
        );
    }
}

#[test]
fn a_rare_promise_is_kept_too() {
    for rho in [0.0, 0.3, 0.6] {
        let law = Case { variance: 3.0, sliding: true, rho, sources: 1 }.law();
        let rare = 1e-4;
        let threshold = GenuineGuests::simulate(&law, 600.0, None, 1).threshold(rare, 600.0);
        let flagged = GenuineGuests::simulate(&law, 600.0, Some(20_000), 2).flagged(threshold, 600.0);
        assert!(flagged.upper95() <= rare, "ρ = {rho}: {flagged:?}");
        assert!(
            flagged.share > rare / 20.0,
            "the threshold must not be wasteful, ρ = {rho}: {flagged:?} at {threshold}"
        );
    }
}

/// Importance sampling must agree with counting, where counting can.
#[test]
fn weighted_guests_agree_with_counted_ones() {
    for rho in [0.0, 0.6] {
        let case = Case { variance: 3.0, sliding: true, rho, sources: 1 };
        let law = case.law();
        let threshold = 3.0;
        let weighted = GenuineGuests::simulate(&law, 120.0, Some(20_000), 5).flagged(threshold, 120.0);
        let counted = counted(case, threshold, 120.0, 20_000);
        let gap = (weighted.share - counted.0).abs();
        let error = (weighted.error.powi(2) + counted.1.powi(2)).sqrt();
        assert!(gap <= 3.5 * error, "ρ = {rho}: weighted {weighted:?}, counted {counted:?}");
    }
}

/// Genuine guests one by one, without any weighting: written out again, so that it shares no code with what it checks.
fn counted(case: Case, threshold: f64, call_s: f64, guests: usize) -> (f64, f64) {
    use rand::{RngExt, SeedableRng};
    use rand_distr::StandardNormal;
    let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(9);
    let (v, rho, span) = (case.variance, case.rho, 8usize);
    let mut crossed = 0usize;
    for _ in 0..guests {
        let guest: f64 = rng.sample(StandardNormal);
        let mut noise: Vec<f64> = (0..span).map(|_| rng.sample(StandardNormal)).collect();
        let (mut s, mut n) = (0.0f64, 0.0f64);
        for t in 0..=((call_s / 0.5) as usize) {
            if t > 0 {
                noise.remove(0);
                noise.push(rng.sample(StandardNormal));
            }
            let rest: f64 = noise.iter().sum::<f64>() / (span as f64).sqrt();
            let llr = (-v / 2.0 + (rho * v).sqrt() * guest + ((1.0 - rho) * v).sqrt() * rest).clamp(-4.0, 4.0);
            let w = if t == 0 { 1.0 } else { 0.125 };
            s += w * llr;
            if s <= 0.0 {
                (s, n) = (0.0, 0.0);
            } else {
                n += w;
                if s / (1.0 + (n - 1.0).max(0.0) * rho) >= threshold {
                    crossed += 1;
                    break;
                }
            }
        }
    }
    let share = crossed as f64 / guests as f64;
    (share, (share * (1.0 - share) / guests as f64).sqrt())
}

#[test]
fn the_same_seed_gives_the_same_guests() {
    let case = Case { variance: 7.0, sliding: false, rho: 0.3, sources: 2 };
    let effort = Effort { steps: 200_000, tried: 2, synthetic: 200 };
    assert_eq!(format!("{:?}", run(case, effort)), format!("{:?}", run(case, effort)));
}
