//! One attack hypothesis of one participant: evidence adds up, or returns to zero.

use crate::page::{Page, design_effect};
use crate::rules::ChartRule;
use crate::{AlertKey, ChartView, Evidence, MediaTime, Reason, Span};

/// How many of a source's strongest windows are kept to look at.
const STRONGEST: usize = 3;

/// How far a chart has gone. It comes down only by the rules of [`Chart::settle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Quiet,
    Suspect,
    Synthetic(AlertKey),
}

/// What the participant must do about a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crossing {
    Raise,
    Clear(AlertKey),
}

/// What one source has given.
#[derive(Clone, Debug, Default)]
struct Given {
    /// End of its newest window.
    newest: Option<MediaTime>,
    /// Since the chart left zero.
    sum: f64,
    span: Option<Span>,
    strongest: Vec<(Span, f64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// Index of its rule.
    pub rule: usize,
    pub level: Level,
    attack: Page,
    clear: Page,
    given: Vec<Given>,
    onset: MediaTime,
    total: f64,
    weight: f64,
    peak: f64,
    evidence: u64,
}

impl Chart {
    pub fn new(rule: usize, rules: &ChartRule) -> Self {
        Self {
            rule,
            level: Level::Quiet,
            attack: Page::new(rules.rho),
            clear: Page::capped(rules.rho, rules.vouch),
            given: vec![Given::default(); rules.members.len()],
            onset: MediaTime::ZERO,
            total: 0.0,
            weight: 0.0,
            peak: 0.0,
            evidence: 0,
        }
    }

    /// Adds all evidence of one instant. `evidence` is sorted, so that sums come out alike in any order of arrival.
    pub fn add<'a>(&mut self, rule: &ChartRule, evidence: impl Iterator<Item = &'a Evidence>) {
        let (mut llr, mut weight, mut any) = (0.0, 0.0f64, false);
        let begins = self.attack.at_zero();
        for e in evidence {
            let Some(i) = rule.members.iter().position(|m| m.source == e.source) else { continue };
            let (member, given) = (&rule.members[i], &mut self.given[i]);
            let w = match given.newest {
                None => 1.0,
                Some(newest) => (e.span.to.since(newest).as_secs_f64() / member.independence.as_secs_f64()).min(1.0),
            };
            given.newest = given.newest.max(Some(e.span.to));
            let clipped = e.llr.clipped(member.clip).nats();
            let x = member.weight * w * clipped;
            given.note(e.span, x, clipped);
            llr += x;
            weight = weight.max(w);
            self.evidence += 1;
            any = true;
        }
        if !any {
            return;
        }
        self.total += llr;
        self.weight += weight;
        self.clear.step(-llr, weight);
        let score = self.attack.step(llr, weight);
        self.peak = self.peak.max(score);
        if self.attack.at_zero() {
            self.given.iter_mut().for_each(Given::forget);
        } else if begins {
            self.onset = self.given.iter().filter_map(|g| g.span).map(|s| s.from).min().unwrap_or_default();
        }
    }

    /// Moves the level: up at once, down from *Suspect* at zero, down from an alert only once the clearing chart has
    /// crossed too.
    pub fn settle(&mut self, rule: &ChartRule, clear_at: f64) -> Option<Crossing> {
        let score = self.attack.score();
        if !matches!(self.level, Level::Synthetic(_)) && rule.thresholds.synthetic.is_some_and(|h| score >= h) {
            return Some(Crossing::Raise);
        }
        match self.level {
            Level::Quiet if score >= rule.thresholds.suspect => self.level = Level::Suspect,
            Level::Suspect if self.attack.at_zero() => self.level = Level::Quiet,
            Level::Synthetic(key) if self.attack.at_zero() && self.cleared(clear_at) => {
                self.level = Level::Quiet;
                return Some(Crossing::Clear(key));
            }
            _ => {}
        }
        None
    }

    /// Whether the clearing chart is at `clear_at` nats. One that may not vouch at all (ε = 1) never is.
    pub fn cleared(&self, clear_at: f64) -> bool {
        !self.clear.at_zero() && self.clear.score() >= clear_at
    }

    pub fn observed(&self) -> bool {
        self.evidence > 0
    }

    pub fn onset(&self) -> MediaTime {
        self.onset
    }

    pub fn view(&self, rule: &ChartRule) -> ChartView {
        ChartView {
            hypothesis: rule.hypothesis,
            llr: self.total / design_effect(self.weight, rule.rho),
            score: self.attack.score(),
            peak: self.peak,
            clearing: self.clear.score(),
            thresholds: rule.thresholds,
            evidence: self.evidence,
        }
    }

    /// What each source gave of the score, most first.
    pub fn reasons(&self, rule: &ChartRule) -> Vec<Reason> {
        let sum: f64 = self.given.iter().map(|g| g.sum).sum();
        let scale = if sum > 0.0 { self.attack.score() / sum } else { 0.0 };
        let mut reasons: Vec<Reason> = self
            .given
            .iter()
            .zip(&rule.members)
            .filter_map(|(g, m)| {
                let span = g.span?;
                Some(Reason {
                    source: m.source.clone(),
                    llr: g.sum * scale,
                    from: span.from,
                    to: span.to,
                    windows: g.strongest.clone(),
                })
            })
            .collect();
        reasons.sort_by(|a, b| b.llr.total_cmp(&a.llr).then_with(|| a.source.cmp(&b.source)));
        reasons
    }
}

impl Given {
    /// The chart is at zero: what was given no longer counts.
    fn forget(&mut self) {
        self.sum = 0.0;
        self.span = None;
        self.strongest.clear();
    }

    fn note(&mut self, span: Span, x: f64, llr: f64) {
        self.sum += x;
        self.span = Some(self.span.map_or(span, |s| Span { from: s.from.min(span.from), to: s.to.max(span.to) }));
        if llr > 0.0 && (self.strongest.len() < STRONGEST || self.strongest.last().is_some_and(|l| llr > l.1)) {
            self.strongest.truncate(STRONGEST - 1);
            let at = self.strongest.partition_point(|w| w.1 >= llr);
            self.strongest.insert(at, (span, llr));
        }
    }
}
