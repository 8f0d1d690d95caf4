//! Guests simulated from the measured laws: where thresholds come from.
//!
//! A genuine guest's windows are drawn from [`Law`]: mean `−v/2`, variance `v`, a share ρ of it drawn once for the whole call,
//! the rest a moving average over the window's length, so that windows that overlap are alike by as much as they
//! overlap. Promises may be rare (10⁻⁵), so guests are drawn by *importance sampling*: the guest's own effect from a mixture
//! of shifted Gaussians, and the rest turned synthetic at a random instant or never. The likelihood ratio of that
//! mixture against the genuine law is the Shiryaev-Roberts statistic `R_t = (R_{t−1} + π_t)·e^{λ_t}` (Roberts 1966; Asmussen &
//! Glynn, *Stochastic Simulation*, 2007, ch. V-VI), and a guest who crosses at `t` counts for the inverse of it.

use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Law;
use crate::page::Page;

/// One source as a chart weighs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// Its measured law.
    pub law: Law,
    /// Its weight in the chart's sum.
    pub weight: f64,
    /// One window's llr is limited to ± this, nats.
    pub clip: f64,
}

/// Everything that decides how one chart behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartLaw {
    /// The chart's sources.
    pub members: Vec<Member>,
    /// Correlation between the sources' llrs, 0 to 1.
    pub correlation: f64,
    /// ρ in the chart's own formula: [`ChartLaw::guest_share`], or 0 for plain Page.
    pub rho: f64,
}

/// Shifts of the guest's own effect, in its standard deviations; each is drawn equally often. Half stay unshifted, so that no
/// guest counts for more than [`HEAVIEST`].
const GUEST_SHIFTS: [f64; 6] = [0.0, 1.0, 0.0, 2.0, 0.0, 3.0];
/// Share of guests who turn synthetic at some instant; the others stay as they are, so that common events stay well estimated.
const TURNING: f64 = 0.5;
/// What one guest may count for at most: unturned and unshifted in a mixture that holds half of each.
const HEAVIEST: f64 = 4.0;
/// Steps that one simulation may take: about half a second of one core of 2024.
const BUDGET: usize = 25_000_000;

impl ChartLaw {
    /// The chart of these sources, with the guest effect their laws imply.
    #[must_use]
    pub fn new(members: Vec<Member>, correlation: f64) -> Self {
        let mut law = Self { members, correlation, rho: 0.0 };
        law.rho = law.guest_share();
        law
    }

    /// The share of the weighted sum's variance that is the guest's own.
    #[must_use]
    pub fn guest_share(&self) -> f64 {
        let (guest, rest) = (self.guest_axes(), self.rest_axes());
        let (g, r) = (square(&guest), square(&rest));
        if g + r > 0.0 { (g / (g + r)).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Loadings of the weighted sum on (common, own₁, own₂ …) of the guest effect.
    fn guest_axes(&self) -> Vec<f64> {
        self.axes(|m| (m.law.rho * m.law.variance).sqrt())
    }

    /// The same of what is not the guest's.
    fn rest_axes(&self) -> Vec<f64> {
        self.axes(|m| ((1.0 - m.law.rho) * m.law.variance).sqrt())
    }

    fn axes(&self, deviation: impl Fn(&Member) -> f64) -> Vec<f64> {
        let (common, own) = (self.correlation.sqrt(), (1.0 - self.correlation).sqrt());
        let loads: Vec<f64> = self.members.iter().map(|m| m.weight * deviation(m)).collect();
        let mut axes = vec![common * loads.iter().sum::<f64>()];
        axes.extend(loads.iter().map(|l| own * l));
        axes
    }

    /// The shortest hop of its sources, seconds: the grid that is simulated.
    #[must_use]
    pub fn tick_s(&self) -> f64 {
        self.members.iter().map(|m| m.law.hop_s).fold(f64::INFINITY, f64::min)
    }

    /// Instants in a call of `call_s` seconds, both ends counted.
    #[must_use]
    pub fn ticks(&self, call_s: f64) -> usize {
        ((call_s / self.tick_s()).floor() as usize).saturating_add(1)
    }
}

fn square(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum()
}

/// The windows of one guest, instant by instant.
struct Guest {
    voices: Vec<Voice>,
    own: f64,
    common: f64,
    dims: usize,
    noise: [f64; 8],
}

/// One source listening to the guest.
struct Voice {
    clip: f64,
    weight: f64,
    /// Mean of this guest's llr in this source.
    level: f64,
    /// Scale of one innovation.
    scale: f64,
    window: Vec<f64>,
    sum: f64,
    at: usize,
    every: usize,
    step_weight: f64,
}

/// At most this many sources in one chart: innovations are kept in an array.
pub const MAX_MEMBERS: usize = 7;

impl Guest {
    /// A guest with the given effects on (common, own…) axes; `turned` is the mean's sign: −1 genuine, +1 synthetic.
    fn new(law: &ChartLaw, effects: &[f64], turned: f64) -> Self {
        let tick = law.tick_s();
        let (common, own) = (law.correlation.sqrt(), (1.0 - law.correlation).sqrt());
        let voices = law
            .members
            .iter()
            .enumerate()
            .map(|(i, m)| {
                let (v, rho) = (m.law.variance, m.law.rho);
                let span = ((m.law.independence_s / tick).round() as usize).max(1);
                Voice {
                    clip: m.clip,
                    weight: m.weight,
                    level: turned * v / 2.0 + (rho * v).sqrt() * (common * effects[0] + own * effects[i + 1]),
                    scale: ((1.0 - rho) * v / span as f64).sqrt(),
                    window: vec![0.0; span],
                    sum: 0.0,
                    at: 0,
                    every: ((m.law.hop_s / tick).round() as usize).max(1),
                    step_weight: (m.law.hop_s / m.law.independence_s).min(1.0),
                }
            })
            .collect::<Vec<_>>();
        Self { dims: voices.len() + 1, voices, own, common, noise: [0.0; 8] }
    }

    fn draw(&mut self, rng: &mut Xoshiro256PlusPlus) {
        // One source alone has no common part: a draw saved.
        let from = usize::from(self.common == 0.0);
        for x in &mut self.noise[from..self.dims] {
            *x = rng.sample(StandardNormal);
        }
    }

    /// Feeds the drawn innovations without looking: the window fills before the call begins.
    fn prime(&mut self, rng: &mut Xoshiro256PlusPlus) {
        let longest = self.voices.iter().map(|v| v.window.len()).max().unwrap_or(0);
        for _ in 0..longest {
            self.draw(rng);
            self.feed();
        }
    }

    fn feed(&mut self) {
        for (i, voice) in self.voices.iter_mut().enumerate() {
            let x = self.common * self.noise[0] + self.own * self.noise[i + 1];
            voice.sum += x - voice.window[voice.at];
            voice.window[voice.at] = x;
            voice.at = if voice.at + 1 == voice.window.len() { 0 } else { voice.at + 1 };
        }
    }

    /// What the chart adds at instant `t`: weighted llr and weight; `None` where no source has a window.
    fn emit(&self, t: usize) -> Option<(f64, f64)> {
        let (mut llr, mut weight) = (0.0, 0.0f64);
        for v in &self.voices {
            if t.is_multiple_of(v.every) {
                let w = if t == 0 { 1.0 } else { v.step_weight };
                llr += v.weight * w * (v.level + v.scale * v.sum).clamp(-v.clip, v.clip);
                weight = weight.max(w);
            }
        }
        (weight > 0.0).then_some((llr, weight))
    }
}

/// A new highest score of one guest.
#[derive(Clone, Copy, Debug)]
struct Record {
    tick: u32,
    score: f32,
    /// What a guest who crosses here counts for.
    weight: f64,
}

/// Genuine guests and how high each one's chart rose, when.
#[derive(Clone, Debug)]
pub struct GenuineGuests {
    tick_s: f64,
    ticks: usize,
    records: Vec<Record>,
    /// Where each guest's records end.
    ends: Vec<u32>,
}

/// An estimated share with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The estimate.
    pub share: f64,
    /// Its standard error.
    pub error: f64,
}

impl Share {
    /// Upper end of the one-sided 95 % interval.
    #[must_use]
    pub fn upper95(self) -> f64 {
        self.share + 1.645 * self.error
    }
}

impl GenuineGuests {
    /// Guests of calls of `call_s` seconds. The same seed gives the same guests on every machine.
    ///
    /// `guests`: how many; `None` takes what fits the time limit.
    #[must_use]
    pub fn simulate(law: &ChartLaw, call_s: f64, guests: Option<usize>, seed: u64) -> Self {
        let ticks = law.ticks(call_s);
        let count = guests.unwrap_or_else(|| (BUDGET / ticks.max(1)).clamp(2_000, 10_000));
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let dims = law.members.len() + 1;
        let guest_axis = unit(&law.guest_axes());
        // Guests who are all alike (ρ = 0) have nothing to shift.
        let shifted = if law.guest_share() > 0.0 { GUEST_SHIFTS.as_slice() } else { &GUEST_SHIFTS[..1] };
        let rest_axis = unit(&innovation_axes(law));
        // A full window's shift from genuine to synthetic is its variance; per innovation that is deviation / √span.
        let span = law.members.iter().map(|m| m.law.independence_s / law.tick_s()).fold(1.0, f64::max);
        let drift = (square(&law.rest_axes()) / span).sqrt().min(1.0);
        let before = (span.round() as usize).saturating_sub(1);
        let turn = turning_points(before + ticks, span);
        let masses: Vec<f64> = (0..before + ticks).map(|t| turn.mass(t)).collect();
        let mut found = Self {
            tick_s: law.tick_s(),
            ticks,
            records: Vec::with_capacity(count * 8),
            ends: Vec::with_capacity(count),
        };
        let mut effects = vec![0.0; dims];
        for i in 0..count {
            let shift = shifted[i % shifted.len()];
            for (e, u) in effects.iter_mut().zip(&guest_axis) {
                *e = rng.sample::<f64, _>(StandardNormal) + shift * u;
            }
            let z: f64 = effects.iter().zip(&guest_axis).map(|(e, u)| e * u).sum();
            let guest_ratio = shifted.iter().map(|m| (m * z - m * m / 2.0).exp()).sum::<f64>() / shifted.len() as f64;
            let at = turn.draw(&mut rng);
            let mut guest = Guest::new(law, &effects, -1.0);
            let mut page = Page::new(law.rho);
            let (mut turned, mut left, mut best) = (0.0f64, 1.0f64, 0.0f64);
            for (drawn, mass) in masses.iter().enumerate() {
                guest.draw(&mut rng);
                if drawn >= at {
                    for (x, u) in guest.noise.iter_mut().zip(&rest_axis) {
                        *x += drift * u;
                    }
                }
                let z: f64 = guest.noise.iter().zip(&rest_axis).map(|(x, u)| x * u).sum();
                turned = (turned + mass) * (drift * z - drift * drift / 2.0).exp();
                left -= mass;
                guest.feed();
                // The window fills before the call begins.
                let Some(t) = drawn.checked_sub(before) else { continue };
                let Some((llr, weight)) = guest.emit(t) else { continue };
                let score = page.step(llr, weight);
                if score > best {
                    best = score;
                    found.records.push(Record {
                        tick: t as u32,
                        score: score as f32,
                        weight: 1.0 / (guest_ratio * (turned + left)),
                    });
                }
            }
            found.ends.push(found.records.len() as u32);
        }
        found
    }

    /// Share of genuine guests whose chart reaches `threshold` within `call_s` seconds.
    #[must_use]
    pub fn flagged(&self, threshold: f64, call_s: f64) -> Share {
        let last = ((call_s / self.tick_s).floor() as usize).min(self.ticks.saturating_sub(1)) as u32;
        let (mut sum, mut squares, mut from) = (0.0, 0.0, 0usize);
        for &end in &self.ends {
            let records = &self.records[from..end as usize];
            from = end as usize;
            let first = records.partition_point(|r| f64::from(r.score) < threshold);
            if let Some(r) = records.get(first).filter(|r| r.tick <= last) {
                sum += r.weight;
                squares += r.weight * r.weight;
            }
        }
        estimate(sum, squares, self.ends.len() as f64)
    }

    /// The smallest threshold at which at most `share` of genuine guests are flagged within `call_s` seconds; in nats, at
    /// most [`HIGHEST`]. Four standard errors are spared, and two guests of the heaviest kind that chance may have left out (where few
    /// guests cross, the standard error itself is too small).
    #[must_use]
    pub fn threshold(&self, share: f64, call_s: f64) -> f64 {
        smallest(|h| self.keeps(self.flagged(h, call_s), share))
    }

    /// As [`threshold`](Self::threshold), where the call is cut into turns and the chart begins at zero in each, whoever speaks: one guest in all of
    /// them, another in each, or anything between. `filling_s`: speech that fills the first window of a turn.
    ///
    /// A chart that begins anew can be *above* one that went on: the guest effect divides by what has been heard, and that is forgotten too. So turns ask for
    /// more. What more needs no other simulation (Boole's inequality): a turn of t seconds after its first window is the first t seconds of some guest's call, so a
    /// call with turns of t₁, t₂ … is flagged with at most Σ p(tᵢ). As Σ (tᵢ + filling) ≤ call + filling, that is at most
    /// (call + filling)·max p(t) / (t + filling). A turn too short for a whole window weighs by the time since the last one.
    #[must_use]
    pub fn threshold_in_turns(&self, share: f64, call_s: f64, filling_s: f64) -> f64 {
        let last = (call_s / self.tick_s).floor() as usize;
        smallest(|h| {
            let turns = |tick: usize| (call_s + filling_s) / (tick as f64 * self.tick_s + filling_s);
            self.flagged_by(h).take(last + 1).enumerate().all(|(tick, got)| self.keeps(got, share / turns(tick)))
        })
    }

    /// Whether what was found keeps a promise. A rare one is met by guests that were shifted and turned: light ones, so what may be missing is light too.
    fn keeps(&self, got: Share, share: f64) -> bool {
        let unseen = 2.0 * HEAVIEST / self.ends.len().max(1) as f64;
        got.share + 4.0 * got.error + unseen.min(share / 10.0) <= share
    }

    /// Share of genuine guests whose chart has reached `threshold` by each instant.
    fn flagged_by(&self, threshold: f64) -> impl Iterator<Item = Share> {
        let mut found = vec![(0.0, 0.0); self.ticks];
        let mut from = 0usize;
        for &end in &self.ends {
            let records = &self.records[from..end as usize];
            from = end as usize;
            let first = records.partition_point(|r| f64::from(r.score) < threshold);
            if let Some(r) = records.get(first) {
                let (sum, squares) = &mut found[r.tick as usize];
                *sum += r.weight;
                *squares += r.weight * r.weight;
            }
        }
        let n = self.ends.len() as f64;
        let mut so_far = (0.0, 0.0);
        found.into_iter().map(move |(sum, squares)| {
            so_far = (so_far.0 + sum, so_far.1 + squares);
            estimate(so_far.0, so_far.1, n)
        })
    }
}

fn estimate(sum: f64, squares: f64, n: f64) -> Share {
    let share = sum / n;
    Share { share, error: ((squares / n - share * share).max(0.0) / n).sqrt() }
}

/// The smallest threshold for which `kept` holds, as it does for every larger one.
fn smallest(kept: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, HIGHEST);
    // 2⁻⁴⁰ of the range is a ten-millionth of a nat.
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if kept(middle) { high = middle } else { low = middle }
    }
    high
}

/// No threshold is above this: more than any chart can gather in a day (4 nats in each of 21,600 windows).
pub const HIGHEST: f64 = 1e5;

/// Unit loadings of the summed innovation.
fn innovation_axes(law: &ChartLaw) -> Vec<f64> {
    let axes = law.rest_axes();
    if law.correlation == 0.0 { std::iter::once(0.0).chain(axes.into_iter().skip(1)).collect() } else { axes }
}

fn unit(v: &[f64]) -> Vec<f64> {
    let norm = square(v).sqrt();
    v.iter().map(|x| if norm > 0.0 { x / norm } else { 0.0 }).collect()
}

/// When a drawn guest turns: early instants are likelier, as short calls need them too.
struct TurningPoints {
    scale: f64,
    offset: f64,
    ticks: usize,
}

fn turning_points(ticks: usize, span: f64) -> TurningPoints {
    let offset = span.max(1.0);
    TurningPoints { scale: TURNING / ((ticks as f64 + offset) / offset).ln(), offset, ticks }
}

impl TurningPoints {
    /// Probability of turning exactly at `t` (0 …): the integral of a density that falls as 1/(t + offset).
    fn mass(&self, t: usize) -> f64 {
        let t = t as f64;
        self.scale * ((t + 1.0 + self.offset) / (t + self.offset)).ln()
    }

    /// The instant from which a guest is turned, `usize::MAX` for never.
    fn draw(&self, rng: &mut Xoshiro256PlusPlus) -> usize {
        let u: f64 = rng.random();
        // Inverse of the summed mass: Σ_{k=0..t} mass = scale · ln((t + 1 + offset)/offset).
        let t = (u / self.scale).exp() * self.offset - self.offset;
        if t < self.ticks as f64 { t as usize } else { usize::MAX }
    }
}

/// When a chart with `threshold` flags guests who turn synthetic at `onset_s` (0: from the start), in seconds of speech after the
/// onset; `None` where it does not within `within_s`. A guest who is flagged before the onset is not counted. From the start,
/// the first window comes when it is full.
#[must_use]
pub fn delays(
    law: &ChartLaw,
    threshold: f64,
    onset_s: f64,
    within_s: f64,
    guests: usize,
    seed: u64,
) -> Vec<Option<f64>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let tick = law.tick_s();
    let onset = (onset_s / tick).round() as usize;
    let full_s = law.members.iter().map(|m| m.law.independence_s).fold(0.0, f64::max);
    let filling_s = if onset == 0 { full_s.min(within_s) } else { 0.0 };
    let ticks = law.ticks(onset_s + within_s - filling_s);
    let mut found = Vec::with_capacity(guests);
    for _ in 0..guests {
        let effects: Vec<f64> = (0..=law.members.len()).map(|_| rng.sample(StandardNormal)).collect();
        let mut guest = Guest::new(law, &effects, if onset == 0 { 1.0 } else { -1.0 });
        // The voice that comes is another guest: a level of its own.
        let other: Vec<f64> = (0..=law.members.len()).map(|_| rng.sample(StandardNormal)).collect();
        let turned = Guest::new(law, &other, 1.0);
        guest.prime(&mut rng);
        let mut page = Page::new(law.rho);
        let mut caught = None;
        let mut early = false;
        for t in 0..ticks {
            if t > 0 {
                guest.draw(&mut rng);
                guest.feed();
            }
            if onset > 0 && t > onset {
                // A window that straddles the onset holds both voices in proportion.
                for (v, to) in guest.voices.iter_mut().zip(&turned.voices) {
                    let span = v.window.len() as f64;
                    if ((t - onset) as f64) <= span {
                        v.level += (to.level - v.level) / (span - (t - onset) as f64 + 1.0);
                    }
                }
            }
            let Some((llr, weight)) = guest.emit(t) else { continue };
            if page.step(llr, weight) >= threshold {
                if t < onset {
                    early = true;
                } else {
                    caught = Some(filling_s + (t - onset) as f64 * tick);
                }
                break;
            }
        }
        if !early {
            found.push(caught);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Share of `streams` of turns of `turn_s` whose chart reaches `threshold`; `another`: in each turn another guest speaks.
    fn flagged_in_turns(law: &ChartLaw, threshold: f64, call_s: f64, turn_s: f64, another: bool, streams: u32) -> f64 {
        let filling_s = law.members[0].law.independence_s;
        let ticks = law.ticks(turn_s - filling_s);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
        let flagged = (0..streams).filter(|_| {
            let mut own: [f64; 2] = [0.0, rng.sample(StandardNormal)];
            (0..(call_s / turn_s) as usize).any(|_| {
                if another {
                    own[1] = rng.sample(StandardNormal);
                }
                let (mut guest, mut page) = (Guest::new(law, &own, -1.0), Page::new(law.rho));
                guest.prime(&mut rng);
                (0..ticks).any(|t| {
                    if t > 0 {
                        guest.draw(&mut rng);
                        guest.feed();
                    }
                    guest.emit(t).is_some_and(|(llr, weight)| page.step(llr, weight) >= threshold)
                })
            })
        });
        flagged.count() as f64 / f64::from(streams)
    }

    #[test]
    fn the_promise_holds_in_turns_whoever_speaks_in_them() {
        let (share, call_s, filling_s, streams) = (0.05, 300.0, 4.0, 2_000);
        // Three standard errors of a share of 5 %.
        let most = share + 3.0 * (share * (1.0 - share) / f64::from(streams)).sqrt();
        for (variance, rho) in [(1.6, 0.59), (7.0, 0.3), (3.0, 0.0)] {
            let law = Law { variance, rho, epsilon: 0.2, independence_s: filling_s, hop_s: 0.5 };
            let law = ChartLaw::new(vec![Member { law, weight: 1.0, clip: 4.0 }], 0.0);
            let guests = GenuineGuests::simulate(&law, call_s, Some(4_000), 7);
            let (one, turns) = (guests.threshold(share, call_s), guests.threshold_in_turns(share, call_s, filling_s));
            assert!(one <= turns && turns < HIGHEST, "{one} {turns}");
            for turn_s in [4.5, 8.0, 20.0, 100.0] {
                for another in [false, true] {
                    let got = flagged_in_turns(&law, turns, call_s, turn_s, another, streams);
                    assert!(
                        got <= most,
                        "variance {variance}, rho {rho}, turns of {turn_s} s, another {another}: {got}"
                    );
                }
            }
            if rho > 0.5 {
                let got = flagged_in_turns(&law, one, call_s, 8.0, true, streams);
                assert!(got > 2.0 * share, "what is asked of one guest is too little where they change: {got}");
            }
        }
    }
}
