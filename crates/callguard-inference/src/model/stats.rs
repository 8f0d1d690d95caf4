//! What a model did so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// Longest time the histograms tell apart; longer counts as this.
const LONGEST_US: u64 = 60_000_000;

/// Percentiles of a time, microseconds; 0 where nothing was measured yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// Half were at most this.
    pub p50_us: u64,
    /// 95 % were at most this.
    pub p95_us: u64,
    /// 99 % were at most this.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// What a model did since it started; all counts rise only. Warm-up is not in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests that were answered with scores.
    pub answered: u64,
    /// Runs of the graph.
    pub batches: u64,
    /// Requests whose run failed.
    pub failed: u64,
    /// Panics in the runtime; after each the session was built anew.
    pub panics: u64,
    /// Requests refused because the queue was full.
    pub queue_full: u64,
    /// Requests dropped because their deadline had passed.
    pub deadline_missed: u64,
    /// Requests that wait right now.
    pub waiting: usize,
    /// Time of one run.
    pub run: Percentiles,
    /// From submission to answer.
    pub latency: Percentiles,
}

/// The live counters. Only owner threads and `stats()` take the locks.
#[derive(Debug)]
pub(super) struct Counters {
    pub answered: AtomicU64,
    pub batches: AtomicU64,
    pub failed: AtomicU64,
    pub panics: AtomicU64,
    pub queue_full: AtomicU64,
    pub deadline_missed: AtomicU64,
    run: Mutex<Histogram<u64>>,
    latency: Mutex<Histogram<u64>>,
}

impl Counters {
    pub(super) fn new() -> Self {
        // Three digits: a bucket is at most 0.1 % wide.
        let histogram = || {
            Mutex::new(
                Histogram::new_with_bounds(1, LONGEST_US, 3)
                    .expect("the bounds are constants that satisfy 1 <= low, 2 low <= high"),
            )
        };
        Self {
            answered: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            queue_full: AtomicU64::new(0),
            deadline_missed: AtomicU64::new(0),
            run: histogram(),
            latency: histogram(),
        }
    }

    pub(super) fn ran(&self, time: Duration) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        record(&self.run, time);
    }

    pub(super) fn answered(&self, latency: Duration) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        record(&self.latency, latency);
    }

    pub(super) fn snapshot(&self, waiting: usize) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            answered: read(&self.answered),
            batches: read(&self.batches),
            failed: read(&self.failed),
            panics: read(&self.panics),
            queue_full: read(&self.queue_full),
            deadline_missed: read(&self.deadline_missed),
            waiting,
            run: percentiles(&self.run),
            latency: percentiles(&self.latency),
        }
    }
}

fn record(histogram: &Mutex<Histogram<u64>>, time: Duration) {
    let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).clamp(1, LONGEST_US);
    histogram.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(us);
}

fn percentiles(histogram: &Mutex<Histogram<u64>>) -> Percentiles {
    let histogram = histogram.lock().unwrap_or_else(PoisonError::into_inner);
    Percentiles {
        p50_us: histogram.value_at_quantile(0.5),
        p95_us: histogram.value_at_quantile(0.95),
        p99_us: histogram.value_at_quantile(0.99),
        max_us: histogram.max(),
    }
}
