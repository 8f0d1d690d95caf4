//! What was seen and decided of one participant over time: for reports and plots.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use callguard_core::{Abstain, ChartView, Hypothesis, MediaTime, Observation, SourceId, Span, State};

/// A chart at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartPoint {
    /// When.
    pub at: MediaTime,
    /// `S`, nats.
    pub score: f64,
    /// The clearing chart, nats.
    pub clearing: f64,
}

/// A judged window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowPoint {
    /// Where it lies.
    pub span: Span,
    /// Its llr before clipping, nats.
    pub llr: f64,
    /// Net observation in it.
    pub observed: Duration,
}

/// One participant over time. In live calls the oldest goes when there is too much.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// When the participant came.
    pub from: MediaTime,
    /// Charts after each window.
    pub charts: BTreeMap<Hypothesis, VecDeque<ChartPoint>>,
    /// Windows by source.
    pub windows: BTreeMap<SourceId, VecDeque<WindowPoint>>,
    /// Stretches of which a source said nothing, joined where they touch.
    pub abstained: BTreeMap<SourceId, VecDeque<(Span, Abstain)>>,
    /// Every state and when it began.
    pub states: VecDeque<(MediaTime, State)>,
    /// When each epoch after the first began.
    pub epochs: VecDeque<MediaTime>,
    keep: Option<usize>,
    newest: Option<MediaTime>,
    quiet: Option<(MediaTime, Abstain)>,
}

impl Timeline {
    pub(crate) fn new(from: MediaTime, keep: Option<usize>) -> Self {
        Self { from, keep, states: VecDeque::from([(from, State::Gathering)]), ..Self::default() }
    }

    pub(crate) fn observed(&mut self, observation: &Observation, charts: &[ChartView]) {
        let keep = self.keep;
        match observation {
            Observation::Evidence(e) => {
                let at = e.span.to;
                if !e.observed.is_zero() {
                    self.newest = self.newest.max(Some(at));
                }
                let point = WindowPoint { span: e.span, llr: e.llr.nats(), observed: e.observed };
                add(self.windows.entry(e.source.clone()).or_default(), point, keep);
                for c in charts {
                    let points = self.charts.entry(c.hypothesis).or_default();
                    let point = ChartPoint { at, score: c.score, clearing: c.clearing };
                    match points.back_mut() {
                        // Several charts or sources of one hypothesis: the worst stands.
                        Some(last) if last.at == at => {
                            if c.score > last.score {
                                *last = point;
                            }
                        }
                        _ => add(points, point, keep),
                    }
                }
            }
            Observation::Abstention(a) => {
                self.quiet = self.quiet.max(Some((a.span.to, a.reason)));
                let spans = self.abstained.entry(a.source.clone()).or_default();
                match spans.back_mut() {
                    Some((span, reason)) if *reason == a.reason && span.to == a.span.from => span.to = a.span.to,
                    _ => add(spans, (a.span, a.reason), keep),
                }
            }
        }
    }

    pub(crate) fn verdict(&mut self, at: MediaTime, state: State) {
        add(&mut self.states, (at, state), self.keep);
    }

    pub(crate) fn epoch(&mut self, at: MediaTime) {
        add(&mut self.epochs, at, self.keep);
        (self.newest, self.quiet) = (None, None);
    }

    pub(crate) fn lost(&mut self, at: MediaTime) {
        self.quiet = self.quiet.max(Some((at, Abstain::SourceLost)));
    }

    pub(crate) fn unobserved(&self) -> Option<Abstain> {
        self.quiet.filter(|(at, _)| self.newest.is_none_or(|newest| *at > newest)).map(|(_, reason)| reason)
    }
}

fn add<T>(to: &mut VecDeque<T>, item: T, keep: Option<usize>) {
    if keep.is_some_and(|most| to.len() >= most) {
        to.pop_front();
    }
    to.push_back(item);
}
