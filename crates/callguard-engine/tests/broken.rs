//! A call that breaks down says so, and takes no other call with it.
#![allow(missing_docs)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callguard_core::{EventType, MediaTime};
use callguard_engine::{Detectors, Engine, EngineConfig};
use callguard_inference::{ModelSpec, RunError, Score, Tensor};
use common::{Fake, How, eventually, say, speech};

/// Panics where no detector is guarded: when it is asked for its card.
struct Breaks {
    inner: Fake,
    broken: Arc<AtomicBool>,
}

impl Score for Breaks {
    fn score(&self, input: Tensor) -> Result<Vec<f32>, RunError> {
        self.inner.score(input)
    }

    fn spec(&self) -> &ModelSpec {
        assert!(!self.broken.load(Ordering::Relaxed), "a card that is gone");
        self.inner.spec()
    }
}

#[test]
fn a_turn_that_panics_is_told_and_ends_its_call_alone() {
    let broken = Arc::new(AtomicBool::new(false));
    let model = Breaks { inner: Fake::new(How::Says(-2.0)), broken: broken.clone() };
    let engine =
        Engine::with(Detectors { voice: Some(Arc::new(model)), ..Detectors::default() }, EngineConfig::default())
            .expect("an engine");
    let (call, other) = (engine.live("desk"), engine.live("other"));
    let events = call.subscribe();
    let mut tap = call.audio("line");
    let half = speech().len() / 4 * 2;
    say(&mut tap, &speech()[..half], MediaTime::ZERO);
    eventually("it joined", || call.snapshot().participants.len() == 1);
    broken.store(true, Ordering::Relaxed);
    say(&mut tap, &speech()[half..], common::at(half));
    eventually("it is over", || call.is_closed());
    broken.store(false, Ordering::Relaxed);
    let mut told = None;
    while !events.is_closed() {
        let event = events.recv_timeout(Duration::from_secs(5));
        told = event.filter(|e| e.r#type == EventType::EngineUnavailable).and_then(|e| e.unobserved.clone()).or(told);
    }
    assert!(told.is_some_and(|t| t.contains("a card that is gone")));
    let mut tap = other.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    eventually("the other call is judged", || {
        other.snapshot().participants.first().is_some_and(|p| !p.charts.is_empty())
    });
    eventually("the engine lets go of what is over", || engine.calls() == ["other"]);
}
