//! One thread and one bounded queue per target: a slow receiver holds up neither a call nor another receiver.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use callguard_core::{CallEvent, EventType};
use tracing::{debug, error, info_span, warn};

use super::{Backoff, Target, backoff, command, webhook};
use crate::config::AlertSettings;

/// What became of the alerts of one target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelStats {
    /// Delivered.
    pub delivered: u64,
    /// Given up: refused, tried too often, pushed out of the queue, or still waiting at the end.
    pub lost: u64,
}

#[derive(Debug)]
struct Letter {
    id: String,
    json: String,
}

#[derive(Debug, Default)]
struct Waiting {
    letters: VecDeque<Letter>,
    in_work: bool,
    closing: bool,
    stats: ChannelStats,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Shared {
    /// A poisoned lock holds plain data that is whole at every step.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits `time`, or until the channel closes.
    fn pause(&self, time: Duration) {
        let guard = self.lock();
        let _ = self.changed.wait_timeout_while(guard, time, |w| !w.closing);
    }
}

/// One target with its queue.
#[derive(Debug)]
pub struct Channel {
    target: Target,
    limit: usize,
    shared: Arc<Shared>,
    worker: Option<JoinHandle<()>>,
}

impl Channel {
    /// Begins delivering to `target`.
    #[must_use]
    pub fn start(target: Target, settings: &AlertSettings) -> Self {
        let shared = Arc::new(Shared::default());
        let worker = Worker { target: target.clone(), settings: settings.clone(), shared: Arc::clone(&shared) };
        let worker = std::thread::Builder::new().name("alert".into()).spawn(move || worker.run());
        if let Err(e) = &worker {
            error!(stage = "alert", "no thread for {}: {e}", target.label());
        }
        Self { target, limit: settings.queue, shared, worker: worker.ok() }
    }

    /// Hands an event over. Never waits: past the limit the oldest that waits is given up, with an error in the log.
    pub fn send(&self, event: &CallEvent) {
        let json = match serde_json::to_string(event) {
            Ok(json) => json,
            Err(e) => return error!(stage = "alert", "an alert that cannot be written as JSON: {e}"),
        };
        let mut waiting = self.shared.lock();
        if waiting.letters.len() >= self.limit {
            waiting.letters.pop_front();
            waiting.stats.lost += 1;
            error!(stage = "alert", target = self.target.label(), "too many alerts wait: the oldest is given up");
        }
        waiting.letters.push_back(Letter { id: event.id.clone(), json });
        drop(waiting);
        self.shared.changed.notify_all();
    }

    /// Waits until everything is delivered or given up, `grace` at most.
    #[must_use]
    pub fn finish(mut self, grace: Duration) -> ChannelStats {
        let end = Instant::now() + grace;
        let mut waiting = self.shared.lock();
        while (waiting.in_work || !waiting.letters.is_empty()) && Instant::now() < end {
            let left = end.saturating_duration_since(Instant::now());
            waiting = self.shared.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let undelivered = waiting.letters.len() as u64 + u64::from(waiting.in_work);
        waiting.closing = true;
        let stats = ChannelStats { lost: waiting.stats.lost + undelivered, ..waiting.stats };
        drop(waiting);
        self.shared.changed.notify_all();
        // One that is still at it is left behind: the process ends, and a try takes no longer than its time-out.
        if undelivered == 0
            && let Some(worker) = self.worker.take()
        {
            let _ = worker.join();
        }
        if stats.lost > 0 {
            error!(stage = "alert", target = self.target.label(), lost = stats.lost, "alerts were not delivered");
        }
        stats
    }
}

struct Worker {
    target: Target,
    settings: AlertSettings,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(&self) {
        let agent = webhook::agent(self.settings.timeout);
        while let Some(letter) = self.next() {
            let _span = info_span!("alert", target = self.target.label(), event = letter.id).entered();
            let delivered = self.deliver(&agent, &letter);
            let mut waiting = self.shared.lock();
            waiting.in_work = false;
            if delivered {
                waiting.stats.delivered += 1;
            } else {
                waiting.stats.lost += 1;
            }
            drop(waiting);
            self.shared.changed.notify_all();
        }
    }

    fn next(&self) -> Option<Letter> {
        let waiting = self.shared.lock();
        let mut waiting = self
            .shared
            .changed
            .wait_while(waiting, |w| w.letters.is_empty() && !w.closing)
            .unwrap_or_else(PoisonError::into_inner);
        if waiting.closing {
            return None;
        }
        waiting.in_work = true;
        waiting.letters.pop_front()
    }

    fn deliver(&self, agent: &ureq::Agent, letter: &Letter) -> bool {
        let waits = Backoff { first: self.settings.first_delay, longest: self.settings.max_delay };
        for attempt in 1..=self.settings.attempts {
            let (trouble, retry) = match &self.target {
                Target::Command(line) => match command::deliver(line, &letter.json, self.settings.timeout) {
                    Ok(()) => return true,
                    Err(trouble) => (trouble, true),
                },
                Target::Webhook(url) => match webhook::deliver(agent, url, &letter.id, &letter.json) {
                    Ok(()) => return true,
                    Err(refused) => (refused.trouble, refused.retry),
                },
            };
            if !retry || attempt == self.settings.attempts || self.shared.lock().closing {
                error!(stage = "alert", attempt, "alert not delivered: {trouble}");
                return false;
            }
            let wait = waits.wait(attempt, backoff::draw());
            warn!(stage = "alert", attempt, ?wait, "trying again: {trouble}");
            self.shared.pause(wait);
        }
        debug!(stage = "alert", "no attempts are configured");
        false
    }
}

/// All targets.
#[derive(Debug)]
pub struct Channels(Vec<Channel>);

impl Channels {
    /// Begins delivering to every target of the settings.
    #[must_use]
    pub fn start(settings: &AlertSettings) -> Self {
        Self(settings.targets.iter().map(|t| Channel::start(t.clone(), settings)).collect())
    }

    /// Passes on what people are to be told: a raised alert. Everything else stays in the event file.
    pub fn notice(&self, event: &CallEvent) {
        if event.r#type == EventType::AlertRaised {
            self.0.iter().for_each(|channel| channel.send(event));
        }
    }

    /// Waits for what is on its way, `grace` at most in all.
    #[must_use]
    pub fn finish(self, grace: Duration) -> ChannelStats {
        let end = Instant::now() + grace;
        self.0.into_iter().map(|c| c.finish(end.saturating_duration_since(Instant::now()))).fold(
            ChannelStats::default(),
            |sum, one| ChannelStats { delivered: sum.delivered + one.delivered, lost: sum.lost + one.lost },
        )
    }
}
