//! Fuse: what was observed goes to the decision in order of media time, and what it decided is kept for the report.

mod timeline;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use callguard_core::{
    Abstain, Alert, AlertKey, Call, Change, EpochReason, MediaTime, Observation, Participant, ParticipantId,
    ParticipantKind, Rules,
};

pub use timeline::{ChartPoint, Timeline, WindowPoint};

/// Longest stretch without anything that is stepped through instant by instant: all that time alone can change has
/// happened by then (the policy's `unobservable_after_s` is at most this).
const STEPPED: Duration = Duration::from_secs(600);

/// What is to be done at an instant.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub at: MediaTime,
    pub participant: ParticipantId,
    pub what: Doing,
}

#[derive(Clone, Debug)]
pub(crate) enum Doing {
    Join {
        kind: ParticipantKind,
        mixed: bool,
    },
    Observe(Observation),
    /// A pause in a mixed stream: who speaks next may be another.
    EndTurn,
    Epoch(EpochReason),
    /// Nothing comes of the source any more.
    Lose,
}

/// A change with its instant.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub at: MediaTime,
    pub change: Change,
}

/// The decision about one call, its clock and its records.
pub(crate) struct Fusion {
    call: Call,
    hop: Duration,
    now: MediaTime,
    begun: bool,
    /// Points kept of each chart and windows of each source; `None`: all.
    keep: Option<usize>,
    timelines: BTreeMap<ParticipantId, Timeline>,
}

impl Fusion {
    pub(crate) fn new(rules: Arc<Rules>, hop: Duration, keep: Option<usize>) -> Self {
        Self { call: Call::new(rules), hop, now: MediaTime::ZERO, begun: false, keep, timelines: BTreeMap::new() }
    }

    pub(crate) fn now(&self) -> MediaTime {
        self.now
    }

    pub(crate) fn rules(&self) -> &Rules {
        self.call.rules()
    }

    pub(crate) fn participant(&self, id: ParticipantId) -> Option<&Participant> {
        self.call.participant(id)
    }

    pub(crate) fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.call.participants()
    }

    /// Sets the clock back to where the media is: it had gone on alone while a pipeline was paused.
    pub(crate) fn resume(&mut self, at: MediaTime) {
        self.now = self.now.min(at);
    }

    /// Whether a stream began, and with it the clock.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun
    }

    pub(crate) fn alerts(&self) -> &[Alert] {
        self.call.alerts()
    }

    pub(crate) fn timeline(&self, id: ParticipantId) -> Option<&Timeline> {
        self.timelines.get(&id)
    }

    /// The first stream began: the clock begins where it does, as a pipeline may have been running for hours. Later calls change nothing.
    pub(crate) fn begin(&mut self, at: MediaTime) {
        if !self.begun {
            (self.now, self.begun) = (at, true);
        }
    }

    /// An id for someone who will [join](Doing::Join).
    pub(crate) fn reserve(&mut self) -> ParticipantId {
        self.call.reserve()
    }

    fn join(&mut self, participant: ParticipantId, kind: ParticipantKind, mixed: bool, at: MediaTime) -> Changed {
        self.call.seat(participant, kind, mixed, at);
        self.timelines.insert(participant, Timeline::new(at, self.keep));
        Changed { at, change: Change::Joined { participant, kind } }
    }

    pub(crate) fn acknowledge(&mut self, key: AlertKey) -> Vec<Changed> {
        let at = self.now;
        self.call.acknowledge(key, at).into_iter().map(|change| Changed { at, change }).collect()
    }

    /// Does `acts` in order of time and lets time pass to `to`, instant by instant of the grid.
    ///
    /// What came later than the clock is done at once; the decision goes by the end of each window all the same.
    pub(crate) fn advance(&mut self, to: MediaTime, mut acts: Vec<Act>) -> Vec<Changed> {
        // Stable: what one participant did at one instant stays in the order it was done.
        acts.sort_by_key(|a| a.at);
        let mut changes = Vec::new();
        let mut rest = acts.as_slice();
        let mut still_from = self.now;
        loop {
            let grid = self.next_instant();
            let next = rest.first().map(|a| a.at);
            let due = match next {
                Some(at) if at <= grid => at,
                None if grid > to => break,
                // Nothing for so long: straight on to what comes.
                _ if grid.since(still_from) > STEPPED => next.unwrap_or(to).max(grid),
                _ => grid,
            };
            let together = rest.iter().take_while(|a| a.at <= due).count();
            let (these, later) = rest.split_at(together);
            rest = later;
            self.now = self.now.max(due);
            if !these.is_empty() {
                still_from = self.now;
            }
            self.instant(these, &mut changes);
        }
        self.now = self.now.max(to);
        changes
    }

    fn next_instant(&self) -> MediaTime {
        let hop = u64::try_from(self.hop.as_nanos()).unwrap_or(u64::MAX).max(1);
        MediaTime::from_nanos((self.now.as_nanos() / hop).saturating_add(1).saturating_mul(hop))
    }

    fn instant(&mut self, acts: &[Act], changes: &mut Vec<Changed>) {
        let mut observed: Vec<Observation> = Vec::new();
        for act in acts {
            match &act.what {
                Doing::Observe(o) => observed.push(o.clone()),
                Doing::Join { kind, mixed } => {
                    let joined = self.join(act.participant, *kind, *mixed, act.at);
                    changes.push(joined);
                }
                Doing::EndTurn => {
                    self.observe(&mut observed, changes);
                    self.call.end_turn(act.participant);
                }
                Doing::Epoch(reason) => {
                    self.observe(&mut observed, changes);
                    let new = self.call.begin_epoch(act.participant, *reason, act.at);
                    if let Some(t) = self.timelines.get_mut(&act.participant) {
                        t.epoch(act.at);
                    }
                    self.note(new, act.at, changes);
                }
                Doing::Lose => {
                    self.observe(&mut observed, changes);
                    let new = self.call.lose(act.participant, act.at);
                    if let Some(t) = self.timelines.get_mut(&act.participant) {
                        t.lost(act.at);
                    }
                    self.note(new, act.at, changes);
                }
            }
        }
        self.observe(&mut observed, changes);
    }

    fn observe(&mut self, observed: &mut Vec<Observation>, changes: &mut Vec<Changed>) {
        let new = self.call.tick(self.now, observed);
        for o in observed.drain(..) {
            let subject = o.subject();
            let (Some(timeline), Some(seat)) = (self.timelines.get_mut(&subject), self.call.participant(subject))
            else {
                continue;
            };
            timeline.observed(&o, &seat.charts(self.call.rules()));
        }
        let now = self.now;
        self.note(new, now, changes);
    }

    fn note(&mut self, new: Vec<Change>, now: MediaTime, changes: &mut Vec<Changed>) {
        for change in new {
            let at = match &change {
                Change::Verdict { participant, to, at, .. } => {
                    if let Some(t) = self.timelines.get_mut(participant) {
                        t.verdict(*at, *to);
                    }
                    *at
                }
                Change::AlertRaised(key) => self.call.alert(*key).map_or(now, |a| a.raised),
                Change::AlertCleared(key) => self.call.alert(*key).and_then(|a| a.cleared).unwrap_or(now),
                _ => now,
            };
            changes.push(Changed { at, change });
        }
    }

    /// Why nothing is observed of a participant just now, if so.
    pub(crate) fn unobserved(&self, id: ParticipantId) -> Option<Abstain> {
        self.timelines.get(&id)?.unobserved()
    }
}
