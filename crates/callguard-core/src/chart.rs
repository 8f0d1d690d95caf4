//! One attack hypothesis of one participant: evidence adds up, or returns to zero.

use crate::page::{Page, design_effect};
use crate::rules::ChartRule;
use crate::{AlertKey, ChartView, Evidence, MediaTime, Reason, Span, Thresholds};

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

/// The turns of a stream in which several people speak. Each has the chart to itself, which begins at zero, and leaves here what it reached.
#[derive(Clone, Debug, Default)]
struct Turns {
    /// How many are over.
    over: u64,
    /// When the one that goes on began, as far as there is evidence of it.
    from: Option<MediaTime>,
    /// The highest score with which one ended, and what gave it.
    left: f64,
    reasons: Vec<Reason>,
    /// One that is over was suspect.
    suspect: bool,
    /// In which of them the alert was raised, and whether a person knows of it by now.
    raised: u64,
    known: bool,
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
    /// Of a mixed stream.
    turns: Option<Turns>,
    total: f64,
    weight: f64,
    peak: f64,
    evidence: u64,
}

impl Chart {
    /// `mixed`: of a stream in which several people speak. Nobody is vouched for there, so its clearing chart stays at zero.
    pub fn new(rule: usize, rules: &ChartRule, mixed: bool) -> Self {
        Self {
            rule,
            level: Level::Quiet,
            attack: Page::new(rules.rho),
            clear: Page::capped(rules.rho, if mixed { 0.0 } else { rules.vouch }),
            given: vec![Given::default(); rules.members.len()],
            onset: MediaTime::ZERO,
            turns: mixed.then(Turns::default),
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
        if let Some(turns) = &mut self.turns {
            turns.from = turns.from.or_else(|| self.given.iter().filter_map(|g| g.span).map(|s| s.from).min());
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

    /// A pause ended a turn of a mixed stream: who speaks next may be another, and begins at zero. What was reached stays.
    pub fn end_turn(&mut self, rule: &ChartRule) {
        let (score, reasons) = (self.attack.score(), self.reasons_now(rule));
        let Some(turns) = &mut self.turns else { return };
        if turns.from.take().is_none() {
            return;
        }
        turns.over += 1;
        turns.suspect |= self.level == Level::Suspect;
        if score > turns.left {
            (turns.left, turns.reasons) = (score, reasons);
        }
        self.attack = Page::new(rule.rho);
        self.given.iter_mut().for_each(Given::forget);
    }

    /// An alert was raised.
    pub fn latch(&mut self, key: AlertKey) {
        self.level = Level::Synthetic(key);
        if let Some(turns) = &mut self.turns {
            (turns.raised, turns.known) = (turns.over, false);
        }
    }

    /// A person knows of an alert: in a mixed stream a later turn may raise one of its own.
    pub fn acknowledge(&mut self, key: AlertKey) {
        if let Some(turns) = self.turns.as_mut().filter(|_| self.level == Level::Synthetic(key)) {
            turns.known = true;
        }
    }

    fn may_raise(&self) -> bool {
        !matches!(self.level, Level::Synthetic(_))
            || self.turns.as_ref().is_some_and(|turns| turns.known && turns.over > turns.raised)
    }

    /// Moves the level: up at once, down from *Suspect* at zero, down from an alert only once the clearing chart has
    /// crossed too. In a mixed stream nothing brings down what a turn that is over reached.
    pub fn settle(&mut self, rule: &ChartRule, clear_at: f64) -> Option<Crossing> {
        let (score, thresholds) = (self.attack.score(), self.thresholds(rule));
        if self.may_raise() && thresholds.synthetic.is_some_and(|h| score >= h) {
            return Some(Crossing::Raise);
        }
        let stays = self.turns.as_ref().is_some_and(|turns| turns.suspect);
        match self.level {
            Level::Quiet if score >= thresholds.suspect => self.level = Level::Suspect,
            Level::Suspect if self.attack.at_zero() && !stays => self.level = Level::Quiet,
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

    fn thresholds(&self, rule: &ChartRule) -> Thresholds {
        if self.turns.is_some() { rule.mixed } else { rule.thresholds }
    }

    /// The score now; of a mixed stream that of the turn which goes on.
    pub fn score(&self) -> f64 {
        self.attack.score()
    }

    /// As others may see it: of a mixed stream the turn that reached most.
    pub fn view(&self, rule: &ChartRule) -> ChartView {
        ChartView {
            hypothesis: rule.hypothesis,
            llr: self.total / design_effect(self.weight, rule.rho),
            score: self.turns.as_ref().map_or(0.0, |turns| turns.left).max(self.score()),
            peak: self.peak,
            clearing: self.clear.score(),
            thresholds: self.thresholds(rule),
            evidence: self.evidence,
        }
    }

    /// What each source gave of the score that others see, most first.
    pub fn reasons(&self, rule: &ChartRule) -> Vec<Reason> {
        match &self.turns {
            Some(turns) if turns.left > self.score() => turns.reasons.clone(),
            _ => self.reasons_now(rule),
        }
    }

    /// The same of the score now.
    pub fn reasons_now(&self, rule: &ChartRule) -> Vec<Reason> {
        let turn = self.turns.as_ref().and_then(|turns| turns.from);
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
                    turn,
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
