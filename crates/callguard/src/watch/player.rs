//! One source as a pipeline: source → `callguardaudio` and `callguardvideo` → sinks in real time. A source that fails ends alone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use callguard_core::ParticipantKind;
use callguard_engine::Origin;
use gst::prelude::*;
use gstreamer as gst;

use super::branch::{Branch, Claim, Progress, Watched, broken};
use super::feed::{Held, feed};
use super::source::{From, Source};
use crate::capture::provenance::Inquiry;
use crate::capture::{Feed, Guard, Place, trouble_of};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// How long a file that is being written may take to be ended.
const FINISHING: Duration = Duration::from_secs(5);

/// What is live and gives nothing for so long is opened again.
const STALLED: Duration = Duration::from_secs(3);

/// How a source ended.
pub type Ended = Result<(), Trouble>;

/// A running source.
#[derive(Debug)]
pub struct Player {
    pipeline: gst::Pipeline,
    guard: Guard,
    watched: Watched,
    local: bool,
    live: bool,
    /// A camera or microphone.
    device: bool,
    /// Whether silence before anything came is a failure: what plays, is pulled, and cameras. A microphone has its own watchdog.
    must_open: bool,
    /// How long that may take.
    open_within: Duration,
    /// Whether silence afterwards is one.
    must_go_on: bool,
    limits: Limits,
    progress: Arc<Progress>,
    /// What is played begins once all its streams are there: a clock that ran while it opened would have it hurry to catch up.
    playing: bool,
    begun: Instant,
    last: (u64, Instant),
    inquiry: Inquiry,
    // After the pipeline: its feeder ends once nothing takes its buffers any more.
    held: Option<Held>,
}

impl Player {
    /// Begins recording, or opens what is to be played. `context` carries the engine; running time of what is live counts from `base`.
    ///
    /// # Errors
    /// Where an element is missing, or a device cannot be opened.
    pub fn start(
        source: &Source,
        watched: Watched,
        context: &gst::Context,
        limits: &Limits,
        base: gst::ClockTime,
    ) -> Result<Self, Trouble> {
        let pipeline = gst::Pipeline::new();
        pipeline.set_context(context);
        // One clock and one beginning for all sources of a call, so that their running time is one.
        let clock = clock();
        pipeline.use_clock(Some(&clock));
        pipeline.set_start_time(gst::ClockTime::NONE);
        pipeline.set_base_time(base);
        let guard = Guard::new(limits, &watched.shown(), source.wanted);
        let progress = Arc::new(Progress::default());
        let inquiry = Inquiry::default();
        let branch = Branch {
            watched: watched.clone(),
            limits: limits.clone(),
            progress: Arc::clone(&progress),
            claim: Claim::Nothing,
            tell: inquiry.tell(),
        };
        let held = feed(source, &pipeline, &guard, branch, (&clock, base))?;
        let live = source.from.is_live();
        let now = Instant::now();
        let player = Self {
            pipeline,
            guard,
            watched,
            local: !matches!(source.from, From::Play(Place::Remote(_)) | From::Feed(_)),
            live,
            device: matches!(source.from, From::Camera(_) | From::Mic(_) | From::Screen(_) | From::Node(_)),
            must_open: match &source.from {
                From::Play(_) | From::Camera(_) | From::Screen(_) | From::Node(_) | From::Shared { .. } => true,
                From::Feed(feed) => feed.is_pulled(),
                From::Mic(_) | From::Test => false,
            },
            open_within: limits.open_timeout
                + if let From::Feed(feed) = &source.from { feed.lead() } else { Duration::ZERO },
            // A phone line may be silent for as long as its caller is, and goes on by itself.
            must_go_on: !matches!(source.from, From::Mic(_) | From::Test | From::Feed(Feed::Rtp(_))),
            limits: limits.clone(),
            progress,
            playing: live,
            begun: now,
            last: (0, now),
            inquiry,
            held,
        };
        let wanted = if live { gst::State::Playing } else { gst::State::Paused };
        if player.pipeline.set_state(wanted).is_err() {
            return Err(player.error());
        }
        Ok(player)
    }

    /// What a guest opens to come in, where one is waited for.
    pub fn link(&self) -> Option<String> {
        if let Some(Held::Door(door)) = &self.held { door.link() } else { None }
    }

    /// Whether it has still to begin.
    pub fn waits(&self) -> bool {
        !self.playing
    }

    /// Whether it may begin: all its streams are there.
    pub fn is_ready(&self) -> bool {
        self.progress.complete.load(Ordering::Acquire)
    }

    /// Begins to play; running time counts from `base`.
    pub fn play(&mut self, base: gst::ClockTime) {
        let now = Instant::now();
        (self.playing, self.begun, self.last.1) = (true, now, now);
        self.pipeline.set_base_time(base);
        if self.pipeline.set_state(gst::State::Playing).is_err() {
            self.guard.note(self.error());
        }
    }

    /// Whether it has given something for so long.
    pub fn has_run(&self, time: Duration) -> bool {
        self.last.0 > 0 && self.begun.elapsed() >= time
    }

    /// What was newly found out about where its streams come from.
    pub fn origins(&mut self) -> Vec<(String, ParticipantKind, Origin)> {
        self.inquiry.news()
    }

    /// What became of it, if it has ended. Never waits.
    pub fn poll(&mut self) -> Option<Ended> {
        if let Some(trouble) = self.guard.found() {
            return Some(Err(trouble));
        }
        let bus = self.pipeline.bus()?;
        if let Some(message) = bus.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Eos]) {
            return Some(match message.view() {
                gst::MessageView::Error(error) => Err(self.explain(&error.error())),
                _ if self.progress.streams() == 0 => Err(self.guard.nothing()),
                _ => Ok(()),
            });
        }
        self.watch_over()
    }

    fn watch_over(&mut self) -> Option<Ended> {
        let buffers = self.progress.buffers.load(Ordering::Acquire);
        if buffers != self.last.0 {
            self.last = (buffers, Instant::now());
        }
        // Ready, it waits for the others of its call.
        if self.waits() && self.is_ready() {
            return None;
        }
        let (late, after, what, code) = match (buffers, self.guard.called()) {
            (0, _) if self.must_open => {
                (self.begun.elapsed(), self.open_within, "did not open within", code::OPEN_TIMEOUT)
            }
            // It would keep out everyone else.
            (0, Some(at)) => {
                (at.elapsed(), self.open_within, "somebody called and gave nothing for", code::OPEN_TIMEOUT)
            }
            (1.., _) if self.must_go_on => {
                let most = if self.live { STALLED.min(self.limits.data_timeout) } else { self.limits.data_timeout };
                (self.last.1.elapsed(), most, "gave nothing more for", code::DATA_TIMEOUT)
            }
            _ => return None,
        };
        if late <= after {
            return None;
        }
        let message = format!("{}: {what} {:.1} s", self.watched.shown(), after.as_secs_f64());
        Some(Err(Trouble::new(code, Stage::Capture, message, "Check the source; trying again may help.")))
    }

    /// Why it does not start.
    fn error(&self) -> Trouble {
        let wait = gst::ClockTime::from_mseconds(100);
        let message = self.pipeline.bus().and_then(|bus| bus.timed_pop_filtered(wait, &[gst::MessageType::Error]));
        match message.as_ref().map(|m| m.view()) {
            Some(gst::MessageView::Error(error)) => self.explain(&error.error()),
            _ => broken(&self.watched.shown(), &"it does not start"),
        }
    }

    fn explain(&self, error: &gst::glib::Error) -> Trouble {
        if self.guard.lacks() {
            return self.guard.nothing();
        }
        let shown = self.watched.shown();
        if self.device {
            let hint = "Is it still plugged in, and does no other program use it?";
            return Trouble::new(code::DEVICE, Stage::Capture, format!("{shown}: {error}"), hint);
        }
        trouble_of(&shown, error, self.local, self.progress.buffers.load(Ordering::Acquire) > 0)
    }

    /// Ends it as if the source had ended: what a device has recorded still reaches the analysis.
    pub fn end(&self) {
        // What is played has no past that would be lost; and a file's source may wait for ever for a queue that has ended.
        if !self.live {
            return;
        }
        self.pipeline.send_event(gst::event::Eos::new());
        if let Some(bus) = self.pipeline.bus() {
            let wait = gst::ClockTime::try_from(Duration::from_millis(500)).ok();
            let _ = bus.timed_pop_filtered(wait, &[gst::MessageType::Eos, gst::MessageType::Error]);
        }
    }

    /// Ends files that are being written, so that they can be played.
    fn finish(&self) {
        let recordings = self.progress.recordings();
        recordings.iter().filter(|r| !r.is_finished()).for_each(|r| r.end());
        let begin = Instant::now();
        while recordings.iter().any(|r| !r.is_finished()) && begin.elapsed() < FINISHING {
            std::thread::sleep(Duration::from_millis(10));
        }
        if recordings.iter().any(|r| !r.is_finished()) {
            tracing::error!(
                stage = "report",
                source = self.watched.shown(),
                "a file with the overlay could not be ended"
            );
        }
        if self.watched.overlay.is_some() && self.progress.pictures() == 0 {
            tracing::warn!(stage = "report", source = self.watched.shown(), "no pictures, so no overlay");
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.finish();
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// The clock of all sources.
pub fn clock() -> gst::Clock {
    gst::SystemClock::obtain()
}
