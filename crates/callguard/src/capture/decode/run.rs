//! Waiting for the end of a decoding.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstreamer as gst;

use super::internal;
use super::link::State;
use crate::capture::guard::{Guard, trouble_of};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// After an error, what is already on its way is still taken; it is all there once nothing came for so long.
const DRAINED: Duration = Duration::from_millis(500);

pub(super) struct Run<'a> {
    pub pipeline: &'a gst::Pipeline,
    pub guard: &'a Guard,
    pub state: &'a State,
    pub limits: &'a Limits,
    pub shown: &'a str,
    pub local: bool,
    pub progress: &'a dyn Fn(f64),
}

impl Run<'_> {
    /// Waits for the end, an error, a breach of the limits, or silence.
    pub(super) fn run(&self) -> Result<(), Trouble> {
        let bus = self.pipeline.bus().ok_or_else(|| internal(self.shown, &"a pipeline without a bus"))?;
        if self.pipeline.set_state(gst::State::Playing).is_err() {
            let message = bus.timed_pop_filtered(gst::ClockTime::ZERO, &[gst::MessageType::Error]);
            return Err(message.map_or_else(|| internal(self.shown, &"it does not start"), |m| self.explain(&m)));
        }
        let (begin, mut last, mut seen) = (Instant::now(), Instant::now(), 0);
        loop {
            let message = bus.timed_pop_filtered(
                gst::ClockTime::from_mseconds(50),
                &[gst::MessageType::Error, gst::MessageType::Eos],
            );
            if let Some(trouble) = self.guard.found() {
                return Err(trouble);
            }
            if let Some(message) = message {
                return match message.view() {
                    gst::MessageView::Eos(_) => self.ended(),
                    _ => {
                        let trouble = self.explain(&message);
                        self.drain();
                        Err(self.guard.found().unwrap_or(trouble))
                    }
                };
            }
            if self.all_ended() {
                // The message of the end may not come where a stream ended while its sink was still starting. An error that
                // was posted before the end is on the bus by now.
                let error = bus.pop_filtered(&[gst::MessageType::Error]).map(|m| self.explain(&m));
                return error.map_or_else(|| self.ended(), Err);
            }
            let blocks = self.state.blocks.load(Ordering::Acquire);
            if blocks != seen || self.state.busy.load(Ordering::Acquire) > 0 {
                (last, seen) = (Instant::now(), blocks);
                self.report();
            } else if self.state.complete.load(Ordering::Acquire) && self.streams() == 0 {
                return Err(self.guard.nothing());
            }
            if seen == 0 && begin.elapsed() > self.limits.open_timeout && self.state.busy.load(Ordering::Acquire) == 0 {
                return Err(self.late(code::OPEN_TIMEOUT, "did not open within", self.limits.open_timeout));
            }
            if seen > 0 && last.elapsed() > self.limits.data_timeout {
                return Err(self.late(code::DATA_TIMEOUT, "gave nothing more for", self.limits.data_timeout));
            }
        }
    }

    /// Waits until what was decoded before an error is taken, so that the result does not depend on who was faster.
    fn drain(&self) {
        let (mut last, mut seen) = (Instant::now(), self.state.blocks.load(Ordering::Acquire));
        while self.state.ended.load(Ordering::Acquire) < u64::from(self.streams()) && last.elapsed() < DRAINED {
            std::thread::sleep(Duration::from_millis(5));
            let blocks = self.state.blocks.load(Ordering::Acquire);
            if blocks != seen || self.state.busy.load(Ordering::Acquire) > 0 {
                (last, seen) = (Instant::now(), blocks);
            }
        }
    }

    fn all_ended(&self) -> bool {
        let streams = u64::from(self.streams());
        streams > 0
            && self.state.complete.load(Ordering::Acquire)
            && self.state.ended.load(Ordering::Acquire) == streams
    }

    fn streams(&self) -> u32 {
        self.state.streams.lock().unwrap_or_else(PoisonError::into_inner).all()
    }

    fn ended(&self) -> Result<(), Trouble> {
        if self.streams() == 0 {
            return Err(self.guard.nothing());
        }
        if !self.state.taken.load(Ordering::Acquire) {
            let what = format!("{}: its streams are empty", self.shown);
            return Err(Trouble::new(code::NO_MEDIA, Stage::Open, what, "Was the recording finished?"));
        }
        Ok(())
    }

    fn late(&self, code: &str, what: &str, after: Duration) -> Trouble {
        let message = format!("{}: {what} {:.1} s", self.shown, after.as_secs_f64());
        Trouble::new(
            code,
            Stage::Capture,
            message,
            "Try again, or raise capture.open_timeout_s or capture.data_timeout_s.",
        )
    }

    fn report(&self) {
        let duration = self.pipeline.query_duration::<gst::ClockTime>().map_or(0.0, |d| d.nseconds() as f64);
        if duration > 0.0 {
            (self.progress)((self.state.heard_ns.load(Ordering::Acquire) as f64 / duration).min(1.0));
        }
    }

    fn explain(&self, message: &gst::MessageRef) -> Trouble {
        let gst::MessageView::Error(error) = message.view() else {
            return internal(self.shown, &"an unexpected message");
        };
        tracing::debug!(stage = "capture", input = self.shown, "{} ({:?})", error.error(), error.debug());
        if self.guard.lacks() {
            return self.guard.nothing();
        }
        let heard = self.state.blocks.load(Ordering::Acquire) > 0;
        trouble_of(self.shown, &error.error(), self.local, heard)
    }
}
