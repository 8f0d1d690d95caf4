//! Models on the real ONNX Runtime, with graphs whose answers are known.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::thread;
use std::time::{Duration, Instant};

use callguard_inference::{
    Dim, Element, Fallback, Model, ModelError, Options, Provider, Request, RunError, Score, SubmitError, Tensor,
};
use support::{on_cpu, slow, spec, start, try_start, weighed, weights};

#[test]
fn known_weights_give_known_scores() {
    let model = start(&weights(), &on_cpu());
    assert_eq!(model.run(vec![1.0, 2.0, 3.0]), Ok(weighed([1.0, 2.0, 3.0])));
    assert_eq!(model.provider(), Provider::Cpu);
    let identity = start(&spec("identity", ("x", 4), ("y", &[4])), &on_cpu());
    let values = vec![0.1, -2.0, f32::MIN_POSITIVE, 7e30];
    assert_eq!(identity.run(values.clone()), Ok(values), "bit for bit");
}

#[test]
fn bytes_go_in_as_bytes() {
    let mut spec = spec("bytes", ("pixels", 0), ("logit", &[]));
    spec.inputs[0].element = Element::U8;
    spec.inputs[0].shape = vec![Dim::Batch, Dim::Fixed(3), Dim::Fixed(2), Dim::Fixed(2)];
    let model = start(&spec, &Options { max_batch: Some(4), ..on_cpu() });
    let tickets: Vec<_> =
        (0..7_u8).map(|n| model.submit(Request { input: vec![n; 12].into(), deadline: None }).unwrap()).collect();
    for (n, ticket) in tickets.into_iter().enumerate() {
        assert_eq!(ticket.wait(), Ok(vec![n as f32]));
    }
    let refused = model.submit(vec![0.0; 12].into()).unwrap_err().to_string();
    assert_eq!(refused, "model bytes: expected an input of 12 uint8 values, got 12 float32 values");
}

/// Many callers, several sessions, batches of any size: everybody gets the answer to their own question.
#[test]
fn every_thread_gets_its_own_answers() {
    let model = start(
        &weights(),
        &Options { replicas: 2, max_batch: Some(4), max_delay: Duration::from_micros(200), ..on_cpu() },
    );
    thread::scope(|scope| {
        for caller in 0..8_u8 {
            let model = model.clone();
            scope.spawn(move || {
                for n in 0..200_u8 {
                    let x = [f32::from(n), f32::from(caller), 1.0];
                    assert_eq!(model.run(x.to_vec()), Ok(weighed(x)));
                }
            });
        }
    });
    let stats = model.stats();
    assert_eq!((stats.answered, stats.failed, stats.waiting), (1600, 0, 0));
    assert!(stats.batches < 1600, "eight callers and two sessions: some ran together, {stats:?}");
    assert!(
        stats.run.p50_us > 0 && stats.run.p50_us <= stats.run.p99_us && stats.run.p99_us <= stats.latency.max_us,
        "{stats:?}"
    );
}

#[test]
fn one_at_a_time_never_batches() {
    let model = start(&weights(), &Options { provider: Provider::Cpu, ..Options::reproducible(1) });
    let tickets: Vec<_> = (0..50_u8).map(|n| model.submit(vec![f32::from(n), 0.0, 0.0].into()).unwrap()).collect();
    for (n, ticket) in (0..50_u8).zip(tickets) {
        assert_eq!(ticket.wait(), Ok(weighed([f32::from(n), 0.0, 0.0])));
    }
    assert_eq!(model.stats().batches, 50);
}

#[test]
fn a_failing_run_concerns_only_its_own_request() {
    let model = start(
        &spec("picky", ("x", 1), ("y", &[1])),
        &Options { max_batch: Some(4), max_delay: Duration::from_millis(300), ..on_cpu() },
    );
    let tickets: Vec<_> = [0.0, 9.0, 2.0, 3.0].map(|x| model.submit(vec![x].into()).unwrap()).into();
    let answers: Vec<_> = tickets.into_iter().map(callguard_inference::Ticket::wait).collect();
    assert_eq!(answers[0], Ok(vec![10.0]));
    assert_eq!(answers[2], Ok(vec![12.0]));
    assert_eq!(answers[3], Ok(vec![13.0]));
    let Err(RunError::Failed { model: name, reason }) = &answers[1] else { panic!("{:?}", answers[1]) };
    assert!(name == "picky" && reason.contains("out of data bounds"), "{reason}");
    assert_eq!(model.run(vec![1.0]), Ok(vec![11.0]), "it goes on");
    assert_eq!((model.stats().failed, model.stats().panics), (1, 0));
}

#[test]
fn a_full_queue_refuses_and_a_passed_deadline_drops() {
    let model = start(&slow(), &Options { queue: 1, ..on_cpu() });
    let now = Instant::now();
    let request = |deadline| Request { input: vec![1.0; 64].into(), deadline };
    let first = model.submit(request(None)).unwrap();
    // The first is taken out of the queue as soon as the thread wakes; then the second has the queue for itself.
    let late = loop {
        match model.submit(request(Some(now))) {
            Ok(ticket) => break ticket,
            Err(SubmitError::Full { .. }) => thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    };
    let before = model.stats().queue_full;
    assert_eq!(model.submit(request(None)).unwrap_err(), SubmitError::Full { model: "slow".into(), queue: 1 });
    assert_eq!(model.stats().queue_full, before + 1);
    assert_eq!(late.wait(), Err(RunError::Deadline));
    assert_eq!(first.wait(), Ok(vec![64.0]));
    assert_eq!(model.stats().deadline_missed, 1);
    assert_eq!(model.score_by(Tensor::F32(vec![1.0; 64]), Some(now)), Err(RunError::Deadline), "through the seam too");
}

#[test]
fn stopping_answers_everything_that_is_in_flight() {
    let model = start(&slow(), &Options { queue: 16, ..on_cpu() });
    let tickets: Vec<_> = (0..8).map(|_| model.submit(vec![1.0; 64].into()).unwrap()).collect();
    let waiting = {
        let model = model.clone();
        thread::spawn(move || (0..20).map(|_| model.run(vec![1.0; 64])).collect::<Vec<_>>())
    };
    model.stop();
    for ticket in tickets {
        let answer = ticket.wait();
        assert!(matches!(&answer, Ok(_) | Err(RunError::Stopped)), "{answer:?}");
    }
    assert_eq!(waiting.join().unwrap().last(), Some(&Err(RunError::Stopped)));
    assert_eq!(model.run(vec![1.0; 64]), Err(RunError::Stopped));
    assert_eq!(model.submit(vec![1.0; 64].into()).unwrap_err(), SubmitError::Stopped);
    model.stop();
}

#[test]
fn dropping_the_last_handle_stops_it_and_tickets_still_read() {
    let model = start(&slow(), &on_cpu());
    let tickets: Vec<_> = (0..4).map(|_| model.submit(vec![1.0; 64].into()).unwrap()).collect();
    drop(model);
    let stopped = tickets.iter().filter_map(|t| t.try_take()).filter(|a| *a == Err(RunError::Stopped)).count();
    assert!(stopped >= 3, "the drop waited for the threads, so every answer is there: {stopped}");
}

#[track_caller]
fn refused(spec: &callguard_inference::ModelSpec) -> String {
    try_start(spec, &on_cpu()).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn another_file_than_the_manifest_means_is_refused() {
    let mut tampered = weights();
    tampered.sha256 = tampered.sha256.replace('4', "5");
    let error = try_start(&tampered, &on_cpu()).unwrap_err();
    let ModelError::Hash { model, expected, actual, .. } = &error else { panic!("{error}") };
    assert_eq!((model.as_str(), expected, actual), ("weights", &tampered.sha256, &weights().sha256));
    let mut missing = weights();
    missing.file = missing.file.with_file_name("nothing.onnx");
    assert!(matches!(try_start(&missing, &on_cpu()), Err(ModelError::Read { .. })));
}

#[test]
fn a_corrupt_graph_is_refused() {
    let corrupt = spec("corrupt", ("x", 3), ("logit", &[]));
    let error = try_start(&corrupt, &on_cpu()).unwrap_err();
    assert!(matches!(error, ModelError::Graph { .. }), "{error}");
    assert!(error.to_string().starts_with("model corrupt: "), "{error}");
}

#[test]
fn names_types_and_shapes_are_compared_with_the_graph() {
    let wide = spec("wide", ("x", 3), ("logit", &[]));
    assert_eq!(refused(&wide), "model wide: input \"x\": expected float32 [batch, 3], found f32 [any, 5]");
    let named = spec("weights", ("samples", 3), ("logit", &[]));
    assert_eq!(
        refused(&named),
        "model weights: input \"samples\": expected float32 [batch, 3], found none of that name; it has [\"x\"]"
    );
    let output = spec("weights", ("x", 3), ("logit", &[2]));
    assert_eq!(refused(&output), "model weights: output \"logit\": expected float32 [batch, 2], found f32 [any]");
    let fixed = spec("one-at-a-time", ("x", 3), ("logit", &[]));
    assert_eq!(refused(&fixed), "model one-at-a-time: input \"x\": expected float32 [batch, 3], found f32 [1, 3]");
    let mut bytes = weights();
    bytes.inputs[0].element = Element::U8;
    assert_eq!(refused(&bytes), "model weights: input \"x\": expected uint8 [batch, 3], found f32 [any, 3]");
}

#[test]
fn settings_out_of_range_are_refused() {
    for options in [
        Options { replicas: 0, ..on_cpu() },
        Options { queue: 0, ..on_cpu() },
        Options { max_batch: Some(0), ..on_cpu() },
    ] {
        assert!(matches!(try_start(&weights(), &options), Err(ModelError::Setting { actual: 0, .. })), "{options:?}");
    }
    let mut two = weights();
    two.outputs.push(two.outputs[0].clone());
    assert!(matches!(try_start(&two, &on_cpu()), Err(ModelError::Unsupported { .. })));
}

/// Holds on a machine with a GPU and on one without: what is reported is what was asked for, or an error.
#[test]
fn a_provider_that_cannot_be_had_is_an_error_unless_falling_back_was_allowed() {
    for asked in [Provider::Cuda, Provider::TensorRt] {
        let strict = try_start(&weights(), &Options { provider: asked, ..Options::default() });
        let lenient = start(&weights(), &Options { provider: asked, fallback: Fallback::Cpu, ..Options::default() });
        match strict {
            Ok(model) => assert_eq!((model.provider(), lenient.provider()), (asked, asked)),
            Err(error) => {
                assert!(matches!(error, ModelError::Provider { provider, .. } if provider == asked), "{error}");
                assert_eq!(lenient.provider(), Provider::Cpu);
            }
        }
        assert_eq!(lenient.run(vec![1.0, 2.0, 3.0]), Ok(weighed([1.0, 2.0, 3.0])));
    }
    let auto = start(&weights(), &Options::default());
    assert_ne!(auto.provider(), Provider::Auto, "what really runs is named");
}

#[test]
fn a_wrong_input_is_the_callers_mistake_and_not_queued() {
    let model: Model = start(&weights(), &on_cpu());
    let error = model.run(vec![1.0]).unwrap_err();
    assert_eq!(error.to_string(), "model weights: expected an input of 3 float32 values, got 1 float32 values");
    assert_eq!(model.stats().batches, 0);
}
