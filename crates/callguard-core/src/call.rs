//! A call: its participants, its alerts, and what changes from tick to tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::participant::Step;
use crate::{
    Alert, AlertKey, EpochReason, MediaTime, Observation, Participant, ParticipantId, ParticipantKind, Rules, State,
};

/// What a tick changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A participant came.
    Joined {
        /// Who.
        participant: ParticipantId,
        /// What is observed of them.
        kind: ParticipantKind,
    },
    /// A participant is begun anew.
    Epoch {
        /// Who.
        participant: ParticipantId,
        /// Which epoch it is now.
        epoch: u32,
        /// Why.
        reason: EpochReason,
    },
    /// A state changed.
    Verdict {
        /// Whose.
        participant: ParticipantId,
        /// What it was.
        from: State,
        /// What it is.
        to: State,
        /// When, in media time.
        at: MediaTime,
    },
    /// An alert was raised.
    AlertRaised(AlertKey),
    /// An alert cleared.
    AlertCleared(AlertKey),
    /// An alert was acknowledged.
    AlertAcknowledged(AlertKey),
    /// A participant left.
    Left {
        /// Who.
        participant: ParticipantId,
    },
}

/// The decision about one call. Drop it and begin anew anywhere: it only ever gathers.
#[derive(Clone, Debug)]
pub struct Call {
    rules: Arc<Rules>,
    seats: BTreeMap<ParticipantId, Participant>,
    alerts: Vec<Alert>,
    next: u32,
    /// Kinds of participant so far.
    kinds: Vec<ParticipantKind>,
}

impl Call {
    /// A call without participants.
    #[must_use]
    pub fn new(rules: Arc<Rules>) -> Self {
        Self { rules, seats: BTreeMap::new(), alerts: Vec::new(), next: 1, kinds: Vec::new() }
    }

    /// The rules it decides by.
    #[must_use]
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// Seats a participant at `now`; ids count from 1 and are not used again.
    pub fn join(&mut self, kind: ParticipantKind, now: MediaTime) -> ParticipantId {
        let id = self.reserve();
        self.seat(id, kind, false, now);
        id
    }

    /// An id for someone who will join: what they are observed to do may be on its way before it is their turn.
    pub fn reserve(&mut self) -> ParticipantId {
        let id = ParticipantId(self.next);
        self.next += 1;
        id
    }

    /// Seats a participant under an id that was [reserved](Self::reserve). One who sits there already stays. `mixed`: a voice in whose stream
    /// several people speak, each in turn.
    ///
    /// The promise is shared by the charts of those kinds of participant that the call has had: the first of a kind raises the thresholds of
    /// the others.
    pub fn seat(&mut self, id: ParticipantId, kind: ParticipantKind, mixed: bool, now: MediaTime) {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
            self.rules = Arc::new(self.rules.in_use_for(&self.kinds));
        }
        self.seats.entry(id).or_insert_with(|| Participant::new(id, kind, mixed, now));
    }

    /// Begins a participant anew: gathering again, nothing inherited; raised alerts stay on the seat.
    pub fn begin_epoch(&mut self, id: ParticipantId, reason: EpochReason, now: MediaTime) -> Vec<Change> {
        let Some(seat) = self.seats.get_mut(&id) else { return Vec::new() };
        let from = seat.state();
        seat.begin_epoch(now);
        let mut changes = vec![Change::Epoch { participant: id, epoch: seat.epoch(), reason }];
        if from != seat.state() {
            changes.push(Change::Verdict { participant: id, from, to: seat.state(), at: now });
        }
        changes
    }

    /// A pause in a mixed stream ended a turn: who speaks next may be another, whose charts begin at zero. What they say neither lowers what this turn
    /// reached, nor brings *Suspect* down, nor clears an alert. Of a stream that is not mixed it says nothing.
    pub fn end_turn(&mut self, id: ParticipantId) {
        if let Some(seat) = self.seats.get_mut(&id) {
            seat.end_turn(&self.rules);
        }
    }

    /// The source of a participant ended, failed, or gives nothing: *Unobservable* at once, whatever it was, until there is evidence again. What was
    /// found stays; alerts stay raised.
    pub fn lose(&mut self, id: ParticipantId, now: MediaTime) -> Vec<Change> {
        let Some(seat) = self.seats.get_mut(&id) else { return Vec::new() };
        seat.lose(now);
        let from = seat.assess(&self.rules, now);
        from.map(|from| Change::Verdict { participant: id, from, to: seat.state(), at: now }).into_iter().collect()
    }

    /// Adds what was observed up to `now` and lets time pass.
    ///
    /// Observations may come in any order: they are taken by the end of their window, and those that end together count as
    /// one instant. What is about nobody here is passed over.
    pub fn tick(&mut self, now: MediaTime, observations: &[Observation]) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut sorted: Vec<&Observation> = observations.iter().collect();
        sorted.sort_by(|a, b| order(a, b));
        let mut rest = sorted.as_slice();
        while let Some(first) = rest.first() {
            let (subject, at) = (first.subject(), first.end());
            let together = rest.iter().take_while(|o| o.subject() == subject && o.end() == at).count();
            let (instant, later) = rest.split_at(together);
            rest = later;
            if let Some(seat) = self.seats.get_mut(&subject) {
                seat.add(&self.rules, instant);
                settle(&self.rules, seat, &mut self.alerts, at, &mut changes);
            }
        }
        for seat in self.seats.values_mut() {
            settle(&self.rules, seat, &mut self.alerts, now, &mut changes);
        }
        changes
    }

    /// Notes that a person knows of an alert. One that is not there, or is known already, changes nothing. In a mixed stream a turn that begins later
    /// may then raise another.
    pub fn acknowledge(&mut self, key: AlertKey, now: MediaTime) -> Vec<Change> {
        match self.alerts.iter_mut().find(|a| a.key == key && a.acknowledged.is_none()) {
            Some(alert) => {
                alert.acknowledged = Some(now);
                if let Some(seat) = self.seats.get_mut(&alert.participant) {
                    seat.acknowledge(key);
                }
                vec![Change::AlertAcknowledged(key)]
            }
            None => Vec::new(),
        }
    }

    /// Frees a seat. Its alerts stay in the history.
    pub fn leave(&mut self, id: ParticipantId) -> Vec<Change> {
        self.seats.remove(&id).map(|_| vec![Change::Left { participant: id }]).unwrap_or_default()
    }

    /// Who is there, by id.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.seats.values()
    }

    /// One of them.
    #[must_use]
    pub fn participant(&self, id: ParticipantId) -> Option<&Participant> {
        self.seats.get(&id)
    }

    /// Every alert so far, in order of raising.
    #[must_use]
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// One alert.
    #[must_use]
    pub fn alert(&self, key: AlertKey) -> Option<&Alert> {
        self.alerts.iter().find(|a| a.key == key)
    }
}

fn settle(rules: &Rules, seat: &mut Participant, alerts: &mut Vec<Alert>, at: MediaTime, changes: &mut Vec<Change>) {
    while let Some(step) = seat.settle(rules) {
        match step {
            Step::Raise { chart: index } => {
                let key = AlertKey(alerts.len() as u64 + 1);
                let chart = seat.chart(index);
                let rule = &rules.charts[chart.rule];
                let view = chart.view(rule);
                alerts.push(Alert {
                    key,
                    participant: seat.id(),
                    epoch: seat.epoch(),
                    hypothesis: rule.hypothesis,
                    onset: chart.onset(),
                    raised: at,
                    cleared: None,
                    acknowledged: None,
                    reasons: chart.reasons_now(rule),
                    score: chart.score(),
                    threshold: view.thresholds.synthetic.unwrap_or(f64::INFINITY),
                });
                seat.latch(index, key);
                changes.push(Change::AlertRaised(key));
            }
            Step::Clear(key) => {
                if let Some(alert) = alerts.iter_mut().find(|a| a.key == key) {
                    alert.cleared = Some(at);
                }
                changes.push(Change::AlertCleared(key));
            }
        }
    }
    if let Some(from) = seat.assess(rules, at) {
        changes.push(Change::Verdict { participant: seat.id(), from, to: seat.state(), at });
    }
}

/// By time, then by everything else that tells two observations apart, so that sums do not depend on arrival.
fn order(a: &Observation, b: &Observation) -> std::cmp::Ordering {
    let key = |o: &Observation| (o.end(), o.subject());
    key(a).cmp(&key(b)).then_with(|| match (a, b) {
        (Observation::Evidence(a), Observation::Evidence(b)) => {
            (&a.source, a.span.from).cmp(&(&b.source, b.span.from)).then_with(|| a.llr.nats().total_cmp(&b.llr.nats()))
        }
        (Observation::Abstention(a), Observation::Abstention(b)) => {
            (&a.source, a.span.from, a.reason).cmp(&(&b.source, b.span.from, b.reason))
        }
        (Observation::Evidence(_), Observation::Abstention(_)) => std::cmp::Ordering::Less,
        (Observation::Abstention(_), Observation::Evidence(_)) => std::cmp::Ordering::Greater,
    })
}
