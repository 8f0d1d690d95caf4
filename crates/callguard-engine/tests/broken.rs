//! A call that breaks down says so, and takes no other call with it.
#![allow(missing_docs)]

mod common;

use std::time::Duration;

use callguard_core::{EventType, MediaTime};
use callguard_engine::{Flags, FrameBuffer, PictureFormat};
use common::faces::engine_that_sees;

use common::{How, eventually, say, speech};

/// A picture that panics where nothing is guarded: when it is let go.
struct Breaks;

impl FrameBuffer for Breaks {
    fn copy(&self, _to: &mut Vec<u8>) -> Result<PictureFormat, String> {
        panic!("a picture that cannot be copied")
    }
}

impl Drop for Breaks {
    fn drop(&mut self) {
        panic!("a picture that is gone");
    }
}

#[test]
fn a_turn_that_panics_is_told_and_ends_its_call_alone() {
    let engine = engine_that_sees(How::Says(-2.0));
    let (call, other) = (engine.live("desk"), engine.live("other"));
    let events = call.subscribe();
    let mut tap = call.audio("line");
    let half = speech().len() / 4 * 2;
    say(&mut tap, &speech()[..half], MediaTime::ZERO);
    eventually("it joined", || call.snapshot().participants.len() == 1);
    let mut pictures = call.video("camera");
    pictures.push(Box::new(Breaks), MediaTime::ZERO, Flags::default());
    eventually("it is over", || call.is_closed());
    let mut told = None;
    while !events.is_closed() {
        let event = events.recv_timeout(Duration::from_secs(5));
        told = event.filter(|e| e.r#type == EventType::EngineUnavailable).and_then(|e| e.unobserved.clone()).or(told);
    }
    assert!(told.is_some_and(|t| t.contains("a picture that is gone")));
    assert!(call.view().unavailable.is_some());
    let mut tap = other.audio("line");
    say(&mut tap, speech(), MediaTime::ZERO);
    eventually("the other call is judged", || {
        other.snapshot().participants.first().is_some_and(|p| !p.charts.is_empty())
    });
    eventually("the engine lets go of what is over", || engine.calls() == ["other"]);
}
