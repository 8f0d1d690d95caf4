//! Events on their way to whoever listens: a queue for each that coalesces rather than grows or blocks.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use callguard_core::{CallEvent, EventType, Finding};

/// Unread events beyond which only the newest state of each thing is kept.
const UNREAD: usize = 256;
/// Alerts that a new listener is told of; older ones are in the call's history.
const ALERTS: usize = 256;

/// What an event is the newest state of. A newer one of the same slot says all that the older did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Slot {
    Presence(Option<u32>),
    Epoch(Option<u32>),
    Verdict(Option<u32>),
    Unavailable(Option<u32>),
    Alert(u64),
    /// Of a kind of stream, by its name.
    Finding(&'static str, String, Finding),
}

fn slot(e: &CallEvent) -> Slot {
    let who = e.participant;
    match e.r#type {
        EventType::Joined | EventType::Left => Slot::Presence(who),
        EventType::Epoch => Slot::Epoch(who),
        EventType::Verdict | EventType::Update => Slot::Verdict(who),
        EventType::EngineUnavailable => Slot::Unavailable(who),
        EventType::Finding => match &e.finding {
            Some(f) => Slot::Finding(f.kind.as_str(), f.stream.clone(), f.finding),
            None => Slot::Presence(None),
        },
        EventType::AlertRaised | EventType::AlertCleared | EventType::AlertAcknowledged => {
            Slot::Alert(e.alert.as_ref().map_or(0, |a| a.number))
        }
    }
}

/// Where a call's events go out.
#[derive(Default)]
pub(crate) struct Hub(Mutex<Listeners>);

#[derive(Default)]
struct Listeners {
    /// The newest of each slot: what a new listener is told first.
    table: BTreeMap<Slot, Arc<CallEvent>>,
    boxes: Vec<Weak<Outbox>>,
    closed: bool,
}

impl Hub {
    pub(crate) fn publish(&self, event: CallEvent) {
        let event = Arc::new(event);
        let mut listeners = guard(&self.0);
        listeners.note(&event);
        listeners.boxes.retain(|outbox| match outbox.upgrade() {
            Some(outbox) => {
                outbox.put(event.clone());
                true
            }
            None => false,
        });
    }

    /// A listener, told first how things stand.
    pub(crate) fn subscribe(&self) -> Subscription {
        let mut listeners = guard(&self.0);
        let mut known: Vec<_> = listeners.table.values().cloned().collect();
        known.sort_by_key(|e| e.seq);
        let closed = listeners.closed;
        let outbox = Arc::new(Outbox {
            inside: Mutex::new(Inside { queue: known.into(), coalesced: 0, closed, interrupted: false }),
            came: Condvar::new(),
        });
        listeners.boxes.push(Arc::downgrade(&outbox));
        Subscription(outbox)
    }

    /// Nothing more will come; what is unread stays.
    pub(crate) fn close(&self) {
        let mut listeners = guard(&self.0);
        listeners.closed = true;
        for outbox in listeners.boxes.drain(..).filter_map(|o| o.upgrade()) {
            guard(&outbox.inside).closed = true;
            outbox.came.notify_all();
        }
    }
}

impl Listeners {
    fn note(&mut self, event: &Arc<CallEvent>) {
        let who = event.participant;
        if event.r#type == EventType::Left {
            self.table.retain(|slot, _| {
                ![Slot::Presence(who), Slot::Epoch(who), Slot::Verdict(who), Slot::Unavailable(who)].contains(slot)
            });
            return;
        }
        if event.finding.as_ref().is_some_and(|f| !f.stands) {
            self.table.remove(&slot(event));
            return;
        }
        self.table.insert(slot(event), event.clone());
        let alerts = self.table.keys().filter(|s| matches!(s, Slot::Alert(_))).count();
        if alerts > ALERTS
            && let Some(oldest) = self.table.keys().find(|s| matches!(s, Slot::Alert(_))).cloned()
        {
            self.table.remove(&oldest);
        }
    }
}

struct Outbox {
    inside: Mutex<Inside>,
    came: Condvar,
}

struct Inside {
    queue: VecDeque<Arc<CallEvent>>,
    coalesced: u64,
    closed: bool,
    interrupted: bool,
}

impl Outbox {
    fn put(&self, event: Arc<CallEvent>) {
        let mut inside = guard(&self.inside);
        if event.r#type == EventType::Update {
            let same = |e: &Arc<CallEvent>| e.r#type == EventType::Update && e.participant == event.participant;
            if let Some(i) = inside.queue.iter().position(same) {
                inside.queue.remove(i);
                inside.coalesced += 1;
            }
        }
        inside.queue.push_back(event);
        if inside.queue.len() > UNREAD {
            inside.coalesce();
        }
        drop(inside);
        self.came.notify_one();
    }
}

impl Inside {
    /// Keeps the newest of each slot. What remains is bounded by participants, alerts and streams.
    fn coalesce(&mut self) {
        let before = self.queue.len();
        let mut seen = HashSet::new();
        let mut kept: VecDeque<_> = self.queue.drain(..).rev().filter(|e| seen.insert(slot(e))).collect();
        kept.make_contiguous().reverse();
        self.coalesced += (before - kept.len()) as u64;
        self.queue = kept;
    }
}

/// One listener's events, in order of [`CallEvent::seq`].
///
/// It first gets the newest event of everything that still stands, then what happens. An unread update gives way to a newer one; past 256
/// unread events only the newest of each participant's verdict and of each alert is kept. So whoever reads in time sees every
/// `seq`, and whoever does not still ends with every state and alert.
pub struct Subscription(Arc<Outbox>);

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").field("unread", &guard(&self.0.inside).queue.len()).finish()
    }
}

impl Subscription {
    /// The next event, waiting for it at most so long. `None`: none came, or none will ([`Self::is_closed`]).
    #[must_use]
    pub fn recv_timeout(&self, timeout: Duration) -> Option<Arc<CallEvent>> {
        let until = Instant::now() + timeout;
        let mut inside = guard(&self.0.inside);
        loop {
            if let Some(event) = inside.queue.pop_front() {
                return Some(event);
            }
            let left = until.saturating_duration_since(Instant::now());
            if inside.closed || left.is_zero() || std::mem::take(&mut inside.interrupted) {
                return None;
            }
            inside = self.0.came.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the wait of another thread in [`recv_timeout`](Self::recv_timeout), or the next wait, with `None`.
    pub fn interrupt(&self) {
        guard(&self.0.inside).interrupted = true;
        self.0.came.notify_all();
    }

    /// The next event if there is one.
    #[must_use]
    pub fn try_recv(&self) -> Option<Arc<CallEvent>> {
        guard(&self.0.inside).queue.pop_front()
    }

    /// The call is over and everything was read.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let inside = guard(&self.0.inside);
        inside.closed && inside.queue.is_empty()
    }

    /// Events that gave way to newer ones before they were read.
    #[must_use]
    pub fn coalesced(&self) -> u64 {
        guard(&self.0.inside).coalesced
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Everything under these locks is whole at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
