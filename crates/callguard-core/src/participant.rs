//! A seat in a call: charts, epochs and the verdict they make.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chart::{Chart, Crossing, Level};
use crate::rules::Rules;
use crate::{
    Abstain, AlertKey, ChartView, Evidence, Hypothesis, MediaTime, Observation, ParticipantId, Reason, SourceId, State,
    Verdict,
};

/// What is observed of a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParticipantKind {
    /// A tracked face.
    Face,
    /// A voice in an audio stream.
    Voice,
}

impl ParticipantKind {
    /// The name in events and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Voice => "voice",
        }
    }
}

/// Why a new epoch began: what was known no longer speaks for whoever sits there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EpochReason {
    /// The participant came.
    Joined,
    /// Out of sight for too long.
    Lost,
    /// The face jumped between tiles.
    TileJump,
    /// The picture was cut.
    SceneCut,
    /// The stream comes from another device.
    NewDevice,
    /// The stream broke off and began again.
    Restarted,
}

/// What one source has said in an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceView {
    /// The source.
    pub source: SourceId,
    /// Mean of its llrs before clipping, nats; `None` without a window.
    pub mean_llr: Option<f64>,
    /// Windows judged.
    pub windows: u64,
    /// Net observation, overlaps counted once.
    pub observed: Duration,
    /// Time it said nothing of, by reason.
    pub abstained: BTreeMap<Abstain, Duration>,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    sum: f64,
    windows: u64,
    observed: Duration,
    abstained: BTreeMap<Abstain, Duration>,
}

/// What a chart asks of its call.
pub(crate) enum Step {
    Raise { chart: usize },
    Clear(AlertKey),
}

/// A participant of a call.
#[derive(Clone, Debug)]
pub struct Participant {
    id: ParticipantId,
    kind: ParticipantKind,
    mixed: bool,
    epoch: u32,
    epoch_from: MediaTime,
    charts: Vec<Chart>,
    tallies: Vec<(SourceId, Tally)>,
    newest: Option<MediaTime>,
    /// When its source was lost: unobservable at once, until there is evidence of later.
    lost: Option<MediaTime>,
    state: State,
    since: MediaTime,
    /// The last state that was not [`State::Unobservable`].
    known: State,
    worst: State,
}

impl Participant {
    pub(crate) fn new(id: ParticipantId, kind: ParticipantKind, mixed: bool, now: MediaTime) -> Self {
        Self {
            id,
            kind,
            mixed,
            epoch: 0,
            epoch_from: now,
            charts: Vec::new(),
            tallies: Vec::new(),
            newest: None,
            lost: None,
            state: State::Gathering,
            since: now,
            known: State::Gathering,
            worst: State::Gathering,
        }
    }

    /// Its seat.
    #[must_use]
    pub fn id(&self) -> ParticipantId {
        self.id
    }

    /// What is observed of it.
    #[must_use]
    pub fn kind(&self) -> ParticipantKind {
        self.kind
    }

    /// Whether several people speak in its stream: then it is a voice in this stream, whosever, and never *Genuine*.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        self.mixed
    }

    /// How often it had to be begun anew.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// When the epoch began.
    #[must_use]
    pub fn epoch_from(&self) -> MediaTime {
        self.epoch_from
    }

    /// The state as of the last tick.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// What to conclude of the epoch: the worst state reached at any time; without *Suspect* or *Synthetic* the last one
    /// that was not unobservable, as *Genuine* must still hold in the end.
    #[must_use]
    pub fn conclusion(&self) -> State {
        if self.worst.severity() > 0 { self.worst } else { self.known }
    }

    /// The verdict at `now`, with its age.
    #[must_use]
    pub fn verdict(&self, rules: &Rules, now: MediaTime) -> Verdict {
        let llr = self.charts(rules).iter().map(|c| c.llr).reduce(f64::max);
        Verdict { state: self.state, since: self.since, llr, age: now.since(self.newest.unwrap_or(self.epoch_from)) }
    }

    /// Its charts with evidence.
    #[must_use]
    pub fn charts(&self, rules: &Rules) -> Vec<ChartView> {
        self.charts.iter().map(|c| c.view(&rules.charts[c.rule])).collect()
    }

    /// What its sources said.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceView> {
        let view = |(source, t): &(SourceId, Tally)| SourceView {
            source: source.clone(),
            mean_llr: (t.windows > 0).then(|| t.sum / t.windows as f64),
            windows: t.windows,
            observed: t.observed,
            abstained: t.abstained.clone(),
        };
        self.tallies.iter().map(view).collect()
    }

    /// What speaks most for the worst chart now, most first; empty while nothing does.
    #[must_use]
    pub fn reasons(&self, rules: &Rules) -> Vec<Reason> {
        self.worst(rules).map(|(_, reasons)| reasons).unwrap_or_default()
    }

    /// The chart nearest to its threshold, and what each source gave to it, most first.
    #[must_use]
    pub fn worst(&self, rules: &Rules) -> Option<(Hypothesis, Vec<Reason>)> {
        let worst = self.charts.iter().max_by(|a, b| {
            let share = |c: &Chart| {
                let view = c.view(&rules.charts[c.rule]);
                view.score / view.thresholds.suspect
            };
            a.level.cmp(&b.level).then_with(|| share(a).total_cmp(&share(b)))
        });
        worst.map(|c| (rules.charts[c.rule].hypothesis, c.reasons(&rules.charts[c.rule])))
    }

    pub(crate) fn chart(&self, index: usize) -> &Chart {
        &self.charts[index]
    }

    pub(crate) fn latch(&mut self, index: usize, key: AlertKey) {
        self.charts[index].latch(key);
    }

    pub(crate) fn acknowledge(&mut self, key: AlertKey) {
        self.charts.iter_mut().for_each(|chart| chart.acknowledge(key));
    }

    /// A pause ended a turn of a mixed stream.
    pub(crate) fn end_turn(&mut self, rules: &Rules) {
        for chart in &mut self.charts {
            chart.end_turn(&rules.charts[chart.rule]);
        }
    }

    /// Begins anew: nothing that speaks for or against anyone is inherited.
    pub(crate) fn begin_epoch(&mut self, now: MediaTime) {
        *self = Self { epoch: self.epoch + 1, ..Self::new(self.id, self.kind, self.mixed, now) };
    }

    /// Nothing comes of it any more: its verdict must not stand as if it were fresh.
    pub(crate) fn lose(&mut self, now: MediaTime) {
        self.lost = Some(now);
    }

    /// Adds what was observed at one instant, in canonical order.
    pub(crate) fn add(&mut self, rules: &Rules, observations: &[&Observation]) {
        for o in observations {
            self.tally(o);
        }
        let evidence = || {
            observations.iter().filter_map(|o| match o {
                Observation::Evidence(e) => Some(e),
                Observation::Abstention(_) => None,
            })
        };
        for (i, rule) in rules.charts.iter().enumerate() {
            let speaks = |e: &&Evidence| rule.members.iter().any(|m| m.source == e.source);
            if !evidence().any(|e| speaks(&e)) {
                continue;
            }
            let at = match self.charts.iter().position(|c| c.rule == i) {
                Some(at) => at,
                None => {
                    // A rule is about the stream, whoever speaks in it.
                    self.charts.push(Chart::new(i, rule, self.mixed && !rule.by_rule));
                    self.charts.len() - 1
                }
            };
            self.charts[at].add(rule, evidence().filter(speaks));
            // A rule looks at the source, not at the person: nobody is observed by it.
            if rule.by_rule {
                continue;
            }
            self.newest = evidence().filter(speaks).map(|e| e.span.to).max().max(self.newest);
            self.lost = self.lost.filter(|lost| self.newest.is_none_or(|newest| newest <= *lost));
        }
    }

    fn tally(&mut self, observation: &Observation) {
        let source = match observation {
            Observation::Evidence(e) => &e.source,
            Observation::Abstention(a) => &a.source,
        };
        let at = self.tallies.iter().position(|(id, _)| id == source).unwrap_or_else(|| {
            self.tallies.push((source.clone(), Tally::default()));
            self.tallies.len() - 1
        });
        let tally = &mut self.tallies[at].1;
        match observation {
            Observation::Evidence(e) => {
                tally.sum += e.llr.nats();
                tally.windows += 1;
                tally.observed += e.fresh;
            }
            Observation::Abstention(a) => *tally.abstained.entry(a.reason).or_default() += a.span.duration(),
        }
    }

    /// The next thing a chart asks for, if any.
    pub(crate) fn settle(&mut self, rules: &Rules) -> Option<Step> {
        let clear_at = rules.policy().clear_at;
        self.charts.iter_mut().enumerate().find_map(|(i, chart)| {
            Some(match chart.settle(&rules.charts[chart.rule], clear_at)? {
                Crossing::Raise => Step::Raise { chart: i },
                Crossing::Clear(key) => Step::Clear(key),
            })
        })
    }

    /// Moves the state. Returns the old one where it changed.
    pub(crate) fn assess(&mut self, rules: &Rules, now: MediaTime) -> Option<State> {
        let silent = self.lost.is_some()
            || now.since(self.newest.unwrap_or(self.epoch_from)) > rules.policy().unobservable_after();
        let new = if silent { State::Unobservable } else { self.judged(rules) };
        if new != State::Unobservable {
            self.known = new;
        }
        if new.severity() > self.worst.severity() {
            self.worst = new;
        }
        if new == self.state {
            return None;
        }
        self.since = now;
        Some(std::mem::replace(&mut self.state, new))
    }

    fn judged(&self, rules: &Rules) -> State {
        match self.charts.iter().map(|c| c.level).max().unwrap_or(Level::Quiet) {
            Level::Synthetic(_) => State::Synthetic,
            Level::Suspect => State::Suspect,
            Level::Quiet => {
                let clear_at = rules.policy().clear_at;
                // Held until half of it is gone, so that a verdict does not flicker with every window.
                let needed = if self.known == State::Genuine { clear_at / 2.0 } else { clear_at };
                let mut observed = self.charts.iter().filter(|c| c.observed()).peekable();
                if observed.peek().is_some() && observed.all(|c| c.cleared(needed)) {
                    State::Genuine
                } else {
                    State::Gathering
                }
            }
        }
    }
}
