//! The lanes on which windows and pictures wait for their model, apart from the workers: a model that never answers holds a lane, not a call.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use callguard_inference::{RunError, Score, Tensor};
use crossbeam_channel::{Receiver, Sender, bounded, select};

use crate::pool;

/// What may wait for a lane, over all calls: at 256 kB a window of speech or 300 kB a picture, some 70 MB.
const QUEUE: usize = 256;

/// One window, crop or picture on its way to its model.
pub(crate) struct Job {
    pub stream: usize,
    pub ask: u64,
    pub input: Tensor,
    pub deadline: Instant,
    pub reply: Arc<dyn Reply>,
}

/// Where answers go.
pub(crate) trait Reply: Send + Sync {
    fn answer(&self, stream: usize, ask: u64, answer: Answer);
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// The model's raw output.
    Scores(Vec<f32>),
    /// Too late to count.
    Late,
    /// The model said something else than it should, or refused this input.
    Bad(String),
    /// The model is gone and does not come back by itself.
    Gone(String),
}

/// One input through its model, whatever the model does.
pub(crate) fn score(model: &dyn Score, input: Tensor, deadline: Option<Instant>) -> Answer {
    let run = catch_unwind(AssertUnwindSafe(|| {
        let scores = match deadline {
            Some(_) => model.score_by(input, deadline),
            None => model.score(input),
        };
        scores.map(|scores| (scores, model.spec().output_len()))
    }));
    match run {
        // NaN is answered as it is: calibration refuses it with the same reason for all.
        Ok(Ok((scores, wanted))) if scores.len() == wanted => Answer::Scores(scores),
        Ok(Ok((scores, wanted))) => Answer::Bad(format!("expected {wanted} values, got {}", scores.len())),
        Ok(Err(RunError::Deadline | RunError::Full { .. })) => Answer::Late,
        Ok(Err(e @ RunError::Stopped)) => Answer::Gone(e.to_string()),
        Ok(Err(e)) => Answer::Bad(e.to_string()),
        Err(panic) => Answer::Gone(format!("the detector panicked: {}", words(&*panic))),
    }
}

/// What a panic said.
pub(crate) fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no words")
}

/// The lanes of one model.
pub(crate) struct Lanes {
    /// Dropping it is the signal: entries to the lanes live on in calls.
    stop: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

/// A way onto the lanes.
#[derive(Clone)]
pub(crate) struct Entry(Sender<Job>);

impl Entry {
    /// Puts a job on; with no room it comes back.
    pub(crate) fn submit(&self, job: Job) -> Result<(), Job> {
        self.0.try_send(job).map_err(crossbeam_channel::TrySendError::into_inner)
    }
}

impl Lanes {
    pub(crate) fn start(model: &Arc<dyn Score>, lanes: usize) -> std::io::Result<(Self, Entry)> {
        let (sender, receiver) = bounded(QUEUE);
        let (stop, stopped) = bounded::<()>(0);
        let mut threads = Vec::new();
        for i in 0..lanes.max(1) {
            let (model, receiver, stopped) = (model.clone(), receiver.clone(), stopped.clone());
            let thread = std::thread::Builder::new().name(format!("callguard-lane-{i}"));
            threads.push(thread.spawn(move || drive(&*model, &receiver, &stopped))?);
        }
        Ok((Self { stop: Some(stop), threads }, Entry(sender)))
    }

    pub(crate) fn stop(&mut self, at_most: Duration) {
        self.stop = None;
        pool::join(&mut self.threads, at_most);
    }
}

fn drive(model: &dyn Score, receiver: &Receiver<Job>, stopped: &Receiver<()>) {
    loop {
        let job = select! {
            recv(receiver) -> job => job,
            recv(stopped) -> _ => return,
        };
        let Ok(Job { stream, ask, input, deadline, reply }) = job else { return };
        let answer = if Instant::now() > deadline { Answer::Late } else { score(model, input, Some(deadline)) };
        reply.answer(stream, ask, answer);
    }
}
