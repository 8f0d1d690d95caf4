//! A started model: what callers hold.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TrySendError, select};

use ort::session::RunOptions;

use super::ModelError;
use super::options::Options;
use super::owner::{Executor, Owner, Plan, Rebuild, words};
use super::request::{Job, Request, RunError, SubmitError, Tensor, Ticket, check_input};
use super::session::{OrtSession, Terminator};
use super::stats::{Counters, Stats};
use crate::{Element, Fallback, Library, ModelSpec, Provider};

/// A running model. Clones share it; when the last is dropped, or on [`stop`](Self::stop), it stops.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    spec: Arc<ModelSpec>,
    provider: Provider,
    queue: usize,
    jobs: Sender<Job>,
    stopped: Receiver<Infallible>,
    running: Mutex<Option<Running>>,
    counters: Arc<Counters>,
}

/// Dropping `stop` is the signal.
struct Running {
    stop: Sender<Infallible>,
    terminator: Option<Terminator>,
    threads: Vec<JoinHandle<()>>,
}

/// Builds an executor on the thread that will own it.
pub(super) type Build = Arc<dyn Fn() -> Result<Box<dyn Executor>, ModelError> + Send + Sync>;

impl Model {
    /// Verifies hash, names, types and shapes, opens the sessions, warms every bucket; returns when the model is ready.
    ///
    /// # Errors
    /// See [`ModelError`]; names the model, what was expected and what was found.
    pub fn start(library: &Library, spec: &ModelSpec, options: &Options) -> Result<Self, ModelError> {
        check(spec, options)?;
        let spec = Arc::new(spec.clone());
        // The environment comes first: options of a run are made by the runtime too.
        library.environment()?;
        let start = |provider: Provider| {
            // One for each attempt: an attempt that fails ends its runs for good.
            let terminator: Terminator = Arc::new(
                RunOptions::new()
                    .map_err(|e| ModelError::Panicked { model: spec.id.clone(), reason: e.to_string() })?,
            );
            let gpu = provider != Provider::Cpu;
            let most = options.max_batch.unwrap_or(if gpu { usize::MAX } else { 1 });
            let buckets: Vec<usize> = spec.batch_buckets.iter().copied().filter(|b| *b <= most).collect();
            let plan = Plan { buckets: buckets.clone(), max_delay: options.max_delay };
            let replicas = if gpu { 1 } else { options.replicas };
            let (library, own, ends) = (library.clone(), Arc::clone(&spec), Arc::clone(&terminator));
            let build: Build = Arc::new(move || {
                let session = OrtSession::build(&library, &own, provider, &buckets, &ends)?;
                Ok(Box::new(session))
            });
            Self::start_with(&spec, provider, &plan, replicas, options.queue, &build, Some(terminator))
        };
        let model = match (options.provider, options.fallback) {
            (Provider::Cpu, _) => start(Provider::Cpu)?,
            (Provider::Auto, _) => start(Provider::Cuda).or_else(|gpu| {
                tracing::debug!(model = %spec.id, "no GPU: {gpu}");
                start(Provider::Cpu)
            })?,
            (gpu, Fallback::None) => start(gpu)?,
            (gpu, Fallback::Cpu) => start(gpu).or_else(|error| {
                tracing::warn!(model = %spec.id, "running on the CPU instead: {error}");
                start(Provider::Cpu)
            })?,
        };
        tracing::info!(model = %spec.id, version = %spec.version, provider = %model.provider(), "ready");
        Ok(model)
    }

    pub(super) fn start_with(
        spec: &Arc<ModelSpec>,
        provider: Provider,
        plan: &Plan,
        replicas: usize,
        queue: usize,
        build: &Build,
        terminator: Option<Terminator>,
    ) -> Result<Self, ModelError> {
        let (jobs, taken) = crossbeam_channel::bounded(queue);
        let (stop, stopped) = crossbeam_channel::bounded(0);
        let counters = Arc::new(Counters::new());
        // From here on an error drops `model`, which stops and joins the threads that run already.
        let model = Self(Arc::new(Inner {
            spec: Arc::clone(spec),
            provider,
            queue,
            jobs,
            stopped: stopped.clone(),
            running: Mutex::new(Some(Running { stop, terminator, threads: Vec::new() })),
            counters: Arc::clone(&counters),
        }));
        for replica in 0..replicas {
            let (build, ready) = (Arc::clone(build), crossbeam_channel::bounded(1));
            let (id, plan, counters) = (spec.id.clone(), plan.clone(), Arc::clone(&counters));
            let (taken, stopped, tell) = (taken.clone(), stopped.clone(), ready.0);
            let body = move || {
                let again = Arc::clone(&build);
                let rebuild: Rebuild = Box::new(move || again().map_err(|e| e.to_string()));
                let built = catch_unwind(AssertUnwindSafe(|| build()))
                    .unwrap_or_else(|panic| Err(ModelError::Panicked { model: id.clone(), reason: words(&*panic) }));
                let executor = match built {
                    Ok(executor) => Some(executor),
                    Err(error) => {
                        let _ = tell.send(Err(error));
                        return;
                    }
                };
                let _ = tell.send(Ok(()));
                let owner = Owner {
                    model: id,
                    jobs: taken,
                    stop: stopped,
                    plan,
                    counters,
                    executor,
                    rebuild,
                    waiting: VecDeque::new(),
                };
                owner.serve();
            };
            let thread = thread::Builder::new()
                .name(format!("{}-{replica}", spec.id))
                .spawn(body)
                .map_err(|source| ModelError::Thread { model: spec.id.clone(), source })?;
            if let Some(running) = model.0.lock().as_mut() {
                running.threads.push(thread);
            }
            let died = || Err(ModelError::Panicked { model: spec.id.clone(), reason: "its thread ended".into() });
            ready.1.recv().unwrap_or_else(|_| died())?;
        }
        Ok(model)
    }

    /// Its entry in the manifest.
    #[must_use]
    pub fn spec(&self) -> &ModelSpec {
        &self.0.spec
    }

    /// What it really runs on; never [`Provider::Auto`].
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.0.provider
    }

    /// What it did so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.counters.snapshot(self.0.jobs.len())
    }

    /// Queues a request; never waits.
    ///
    /// # Errors
    /// [`SubmitError::Full`] is part of live operation: the caller drops the window, and it is counted here.
    pub fn submit(&self, request: Request) -> Result<Ticket, SubmitError> {
        check_input(&self.0.spec, &request.input)?;
        let (job, ticket) = Job::new(request, Instant::now(), &self.0.stopped);
        match self.0.jobs.try_send(job) {
            Ok(()) => Ok(ticket),
            Err(TrySendError::Full(_)) => {
                self.0.counters.queue_full.fetch_add(1, Ordering::Relaxed);
                Err(SubmitError::Full { model: self.0.spec.id.clone(), queue: self.0.queue })
            }
            Err(TrySendError::Disconnected(_)) => Err(SubmitError::Stopped),
        }
    }

    /// Runs one item: waits for room in the queue and for the answer.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn run(&self, input: impl Into<Tensor>) -> Result<Vec<f32>, RunError> {
        let request = Request { input: input.into(), deadline: None };
        check_input(&self.0.spec, &request.input)?;
        let (job, ticket) = Job::new(request, Instant::now(), &self.0.stopped);
        select! {
            send(self.0.jobs, job) -> sent => sent.map_err(|_| RunError::Stopped)?,
            recv(self.0.stopped) -> _ => return Err(RunError::Stopped),
        }
        ticket.wait()
    }

    /// Stops: the run in work is cut short where the runtime can, everything that waits is answered with
    /// [`RunError::Stopped`], and the threads have ended when this returns.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("id", &self.0.spec.id).field("provider", &self.0.provider).finish_non_exhaustive()
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        let Some(Running { stop, terminator, threads }) = self.lock().take() else { return };
        drop(stop);
        if let Some(Err(e)) = terminator.map(|runs| runs.terminate()) {
            tracing::debug!(model = %self.spec.id, "its run goes on to the end: {e}");
        }
        for thread in threads {
            // It caught its panics and has nothing to say.
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn check(spec: &ModelSpec, options: &Options) -> Result<(), ModelError> {
    for (key, actual) in
        [("replicas", options.replicas), ("queue", options.queue), ("max_batch", options.max_batch.unwrap_or(1))]
    {
        if actual == 0 {
            return Err(ModelError::Setting { model: spec.id.clone(), key, expected: "at least 1", actual });
        }
    }
    let unsupported = |expected, actual| Err(ModelError::Unsupported { model: spec.id.clone(), expected, actual });
    if spec.inputs.len() != 1 || spec.outputs.len() != 1 {
        return unsupported("one input and one output", format!("{} and {}", spec.inputs.len(), spec.outputs.len()));
    }
    if spec.outputs.iter().any(|output| output.element != Element::F32) {
        return unsupported("an output of float32", spec.outputs.iter().map(ToString::to_string).collect());
    }
    Ok(())
}
