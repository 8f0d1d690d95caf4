//! The thread that owns a session: takes what waits, runs it, answers it, and goes on whatever happens.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, select};

use super::request::{Job, RunError, Tensor};
use super::stats::Counters;

/// A graph ready to run; never leaves the thread that built it.
pub(super) trait Executor {
    /// Scores of each item, in order. An error concerns all of them.
    fn run(&mut self, items: &[&Tensor]) -> Result<Vec<Vec<f32>>, String>;
}

/// Builds the executor anew after a panic.
pub(super) type Rebuild = Box<dyn FnMut() -> Result<Box<dyn Executor>, String>>;

/// How many run together.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Sizes a run may have: ascending, the first is 1.
    pub buckets: Vec<usize>,
    /// How long the oldest request may wait for company.
    pub max_delay: Duration,
}

impl Plan {
    fn most(&self) -> usize {
        self.buckets.last().copied().unwrap_or(1)
    }

    /// The largest run that `waiting` requests fill. Nothing is padded: a row of zeros costs as much as a real one.
    fn fit(&self, waiting: usize) -> usize {
        self.buckets.iter().copied().rev().find(|b| *b <= waiting).unwrap_or(waiting.min(1))
    }
}

pub(super) struct Owner {
    pub model: String,
    pub jobs: Receiver<Job>,
    /// Disconnected when the model is to stop.
    pub stop: Receiver<Infallible>,
    pub plan: Plan,
    pub counters: Arc<Counters>,
    pub executor: Option<Box<dyn Executor>>,
    pub rebuild: Rebuild,
    pub waiting: VecDeque<Job>,
}

impl Owner {
    /// Until the model is stopped. What is not answered by then answers itself when it is dropped.
    pub(super) fn serve(mut self) {
        while !self.stopping() {
            if self.waiting.is_empty() {
                select! {
                    recv(self.jobs) -> job => match job {
                        Ok(job) => self.waiting.push_back(job),
                        Err(_) => return,
                    },
                    recv(self.stop) -> _ => return,
                }
            }
            self.gather();
            self.drop_late();
            let size = self.plan.fit(self.waiting.len());
            let batch: Vec<Job> = self.waiting.drain(..size).collect();
            if !batch.is_empty() {
                self.answer(batch);
            }
        }
    }

    fn stopping(&self) -> bool {
        self.stop.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Takes what waits, up to one full run; waits for more no longer than the oldest may.
    fn gather(&mut self) {
        while self.waiting.len() < self.plan.most() {
            if let Ok(job) = self.jobs.try_recv() {
                self.waiting.push_back(job);
                continue;
            }
            let Some(oldest) = self.waiting.front() else { return };
            let left = self.plan.max_delay.saturating_sub(oldest.submitted.elapsed());
            if left.is_zero() {
                return;
            }
            select! {
                recv(self.jobs) -> job => match job {
                    Ok(job) => self.waiting.push_back(job),
                    Err(_) => return,
                },
                recv(self.stop) -> _ => return,
                default(left) => return,
            }
        }
    }

    fn drop_late(&mut self) {
        let now = Instant::now();
        for job in std::mem::take(&mut self.waiting) {
            if job.deadline.is_some_and(|deadline| now > deadline) {
                self.counters.deadline_missed.fetch_add(1, Ordering::Relaxed);
                job.answer(Err(RunError::Deadline));
            } else {
                self.waiting.push_back(job);
            }
        }
    }

    fn answer(&mut self, batch: Vec<Job>) {
        match self.run(&batch) {
            Ok(outputs) => {
                for (job, output) in batch.into_iter().zip(outputs) {
                    self.counters.answered(job.submitted.elapsed());
                    job.answer(Ok(output));
                }
            }
            // Dropping the batch answers it.
            Err(_) if self.stopping() => {}
            // One call's bad window must not cost the others theirs.
            Err(_) if batch.len() > 1 => batch.into_iter().for_each(|job| self.answer(vec![job])),
            Err(reason) => {
                for job in batch {
                    self.counters.failed.fetch_add(1, Ordering::Relaxed);
                    job.answer(Err(RunError::Failed { model: self.model.clone(), reason: reason.clone() }));
                }
            }
        }
    }

    fn run(&mut self, batch: &[Job]) -> Result<Vec<Vec<f32>>, String> {
        let items: Vec<&Tensor> = batch.iter().map(|job| &job.input).collect();
        let mut executor = match self.executor.take() {
            Some(executor) => executor,
            None => self.start_again()?,
        };
        let started = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| executor.run(&items))) {
            Ok(result) => {
                self.counters.ran(started.elapsed());
                self.executor = Some(executor);
                result.and_then(|outputs| {
                    if outputs.len() == items.len() {
                        Ok(outputs)
                    } else {
                        Err(format!("{} items went in, {} came out", items.len(), outputs.len()))
                    }
                })
            }
            Err(panic) => {
                self.counters.panics.fetch_add(1, Ordering::Relaxed);
                // Nothing is known of the session's state: the next run builds a new one.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(executor)));
                let reason = format!("panicked: {}", words(&*panic));
                tracing::error!(model = %self.model, "the run {reason}");
                Err(reason)
            }
        }
    }

    fn start_again(&mut self) -> Result<Box<dyn Executor>, String> {
        catch_unwind(AssertUnwindSafe(|| (self.rebuild)()))
            .unwrap_or_else(|panic| Err(words(&*panic)))
            .map_err(|reason| format!("it could not be started again: {reason}"))
    }
}

/// What a panic said.
pub(super) fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
