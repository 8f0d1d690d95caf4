//! The owner thread with a graph that the test holds in its hand: who runs with whom, what a panic costs, who is too late.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callguard_core::{Calibration, DEFAULT_CLIP, Hypothesis, SourceId};
use crossbeam_channel::{Receiver, Sender, unbounded};

use super::handle::Build;
use super::owner::{Executor, Plan};
use super::{Model, ModelError, Request, RunError, Tensor, Ticket};
use crate::{Dim, Element, ModelSpec, Provider, SourceSpec, TensorSpec};

/// Long enough that only a test that fails waits for it.
const LONG: Duration = Duration::from_secs(20);

fn spec() -> Arc<ModelSpec> {
    let tensor =
        |name: &str| TensorSpec { name: name.into(), element: Element::F32, shape: vec![Dim::Batch, Dim::Fixed(1)] };
    Arc::new(ModelSpec {
        id: "fake".into(),
        version: "1".into(),
        file: PathBuf::new(),
        sha256: String::new(),
        task: "test".into(),
        licence: "MIT".into(),
        inputs: vec![tensor("x")],
        outputs: vec![tensor("y")],
        batch_buckets: vec![1, 2, 4],
        evidence: Some(SourceSpec {
            source: SourceId::new("test"),
            hypotheses: vec![Hypothesis::VoiceSynthetic],
            calibration: Calibration { offset: 0.0, slope: 1.0, clip: DEFAULT_CLIP, quality: vec![] },
            law: None,
        }),
        card: PathBuf::new(),
    })
}

/// Tells what it is about to run, then waits to be let go. Answers x + 0.5; panics at 13.
struct Fake {
    ran: Sender<Vec<f32>>,
    go: Receiver<()>,
}

impl Executor for Fake {
    fn run(&mut self, items: &[&Tensor]) -> Result<Vec<Vec<f32>>, String> {
        let values: Vec<f32> =
            items.iter().map(|item| if let Tensor::F32(v) = item { v[0] } else { f32::NAN }).collect();
        self.ran.send(values.clone()).map_err(|e| e.to_string())?;
        // Where the test is over nobody holds it back any more.
        let _ = self.go.recv_timeout(LONG);
        assert!(!values.contains(&13.0), "unlucky");
        Ok(values.into_iter().map(|x| vec![x + 0.5]).collect())
    }
}

struct Held {
    model: Model,
    ran: Receiver<Vec<f32>>,
    go: Sender<()>,
    built: Arc<AtomicUsize>,
}

fn hold(max_delay: Duration) -> Held {
    let ((tell, ran), (go, let_go)) = (unbounded(), unbounded());
    let built = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&built);
    let build: Build = Arc::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Fake { ran: tell.clone(), go: let_go.clone() }))
    });
    let plan = Plan { buckets: vec![1, 2, 4], max_delay };
    let model = Model::start_with(&spec(), Provider::Cpu, &plan, 1, 16, &build, None).unwrap();
    Held { model, ran, go, built }
}

impl Held {
    fn submit(&self, x: f32) -> Ticket {
        self.model.submit(vec![x].into()).unwrap()
    }

    #[track_caller]
    fn runs(&self, expected: &[f32]) {
        assert_eq!(self.ran.recv_timeout(LONG).as_deref(), Ok(expected));
    }

    fn let_go(&self, times: usize) {
        for _ in 0..times {
            self.go.send(()).unwrap();
        }
    }
}

#[test]
fn what_waits_runs_in_order_in_the_largest_bucket_it_fills() {
    let held = hold(Duration::ZERO);
    let first = held.submit(0.0);
    held.runs(&[0.0]);
    // Seven wait while the first is in work: 4 + 2 + 1, nothing padded, nobody overtaken.
    let rest: Vec<Ticket> = (1..8_u8).map(|n| held.submit(f32::from(n))).collect();
    held.let_go(4);
    held.runs(&[1.0, 2.0, 3.0, 4.0]);
    held.runs(&[5.0, 6.0]);
    held.runs(&[7.0]);
    assert_eq!(first.wait(), Ok(vec![0.5]));
    for (n, ticket) in (1..8_u8).zip(rest) {
        assert_eq!(ticket.wait(), Ok(vec![f32::from(n) + 0.5]));
    }
    assert_eq!(held.model.stats().batches, 4);
}

#[test]
fn a_run_waits_for_company_until_it_is_full_and_no_longer_than_it_may() {
    let held = hold(LONG);
    let tickets: Vec<Ticket> = (0..4_u8).map(|n| held.submit(f32::from(n))).collect();
    held.let_go(1);
    held.runs(&[0.0, 1.0, 2.0, 3.0]);
    assert!(tickets.into_iter().all(|t| t.wait().is_ok()));
    drop(held);
    let held = hold(Duration::from_millis(1));
    let alone = held.submit(9.0);
    held.let_go(1);
    held.runs(&[9.0]);
    assert_eq!(alone.wait(), Ok(vec![9.5]));
}

#[test]
fn a_panic_costs_one_answer_and_a_new_session() {
    let held = hold(Duration::ZERO);
    let first = held.submit(0.0);
    held.runs(&[0.0]);
    let tickets = [1.0, 13.0].map(|x| held.submit(x));
    held.let_go(4);
    held.runs(&[1.0, 13.0]);
    // The batch panicked; each of it is tried alone, on a session built anew.
    held.runs(&[1.0]);
    held.runs(&[13.0]);
    let [innocent, guilty] = tickets.map(Ticket::wait);
    assert_eq!(first.wait(), Ok(vec![0.5]));
    assert_eq!(innocent, Ok(vec![1.5]));
    assert!(matches!(&guilty, Err(RunError::Failed { reason, .. }) if reason.contains("unlucky")), "{guilty:?}");
    let after = held.submit(2.0);
    held.let_go(1);
    assert_eq!(after.wait(), Ok(vec![2.5]));
    let stats = held.model.stats();
    assert_eq!((stats.panics, stats.failed, stats.answered), (2, 1, 3));
    assert_eq!(held.built.load(Ordering::Relaxed), 3, "one at the start, one after each panic");
}

#[test]
fn who_is_too_late_when_the_turn_comes_is_not_run() {
    let held = hold(Duration::ZERO);
    let first = held.submit(0.0);
    held.runs(&[0.0]);
    let request = |x: f32, deadline| Request { input: vec![x].into(), deadline: Some(deadline) };
    let late = held.model.submit(request(1.0, Instant::now())).unwrap();
    let early = held.model.submit(request(2.0, Instant::now() + LONG)).unwrap();
    held.let_go(2);
    held.runs(&[2.0]);
    assert_eq!((first.wait(), late.wait(), early.wait()), (Ok(vec![0.5]), Err(RunError::Deadline), Ok(vec![2.5])));
    assert_eq!(held.model.stats().deadline_missed, 1);
}

#[test]
fn stopping_with_work_in_flight_answers_all_of_it() {
    let held = hold(Duration::ZERO);
    let first = held.submit(0.0);
    held.runs(&[0.0]);
    let waiting: Vec<Ticket> = (1..6_u8).map(|n| held.submit(f32::from(n))).collect();
    let stopping = {
        let model = held.model.clone();
        std::thread::spawn(move || model.stop())
    };
    for ticket in waiting {
        assert_eq!(ticket.wait(), Err(RunError::Stopped));
    }
    held.let_go(1);
    stopping.join().unwrap();
    let first = first.wait();
    assert!(matches!(first, Ok(_) | Err(RunError::Stopped)), "{first:?}");
    assert!(held.ran.is_empty(), "nothing that waited was run after the stop");
}

#[test]
fn a_replica_that_does_not_start_stops_the_others() {
    let outcomes: Mutex<VecDeque<bool>> = Mutex::new([true, false].into());
    let (tell, _ran) = unbounded();
    let (_go, let_go) = unbounded();
    let build: Build = Arc::new(move || {
        if outcomes.lock().unwrap().pop_front() == Some(true) {
            return Ok(Box::new(Fake { ran: tell.clone(), go: let_go.clone() }));
        }
        panic!("no memory")
    });
    let plan = Plan { buckets: vec![1], max_delay: Duration::ZERO };
    let error = Model::start_with(&spec(), Provider::Cpu, &plan, 2, 4, &build, None).map(|_| ()).unwrap_err();
    assert!(matches!(&error, ModelError::Panicked { reason, .. } if reason == "no memory"), "{error}");
}
