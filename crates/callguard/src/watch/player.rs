//! One source as a pipeline: source → `callguardaudio` → sink in real time. A source that fails ends alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstreamer as gst;

use super::source::Source;
use crate::capture::element::make;
use crate::capture::mic::Mic;
use crate::capture::open::open;
use crate::capture::{Guard, Kinds, Place, trouble_of};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// How a source ended.
pub type Ended = Result<(), Trouble>;

/// What a source is watched as.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The call's name.
    pub call: String,
    /// The stream's name within it.
    pub stream: String,
    /// Also to the loudspeaker.
    pub listen: bool,
}

/// A running source.
#[derive(Debug)]
pub struct Player {
    pipeline: gst::Pipeline,
    guard: Guard,
    shown: String,
    local: bool,
    live: bool,
    limits: Limits,
    heard: Arc<Heard>,
    /// What is played begins once all its streams are there: a clock that ran while it opened would have it hurry to catch up.
    playing: bool,
    begun: Instant,
    last: (u64, Instant),
    // After the pipeline: its feeder ends once nothing takes its buffers any more.
    _mic: Option<Mic>,
}

#[derive(Debug, Default)]
struct Heard {
    buffers: AtomicU64,
    /// No more streams will come.
    complete: AtomicBool,
    streams: AtomicU32,
}

impl Player {
    /// Begins playing or recording. `context` carries the engine.
    ///
    /// # Errors
    /// Where an element is missing, or the microphone cannot be opened.
    pub fn start(source: &Source, watched: &Watched, context: &gst::Context, limits: &Limits) -> Result<Self, Trouble> {
        let pipeline = gst::Pipeline::new();
        pipeline.set_context(context);
        let shown = format!("{}/{}", watched.call, watched.stream);
        let guard = Guard::new(limits, &shown, Kinds { sound: true, pictures: false });
        let heard = Arc::new(Heard::default());
        let branch = Branch {
            watched: watched.clone(),
            limits: limits.clone(),
            heard: Arc::clone(&heard),
            shown: shown.clone(),
        };
        let mut mic = None;
        match source {
            Source::Play(place) => {
                let decoder = play(place, &pipeline, &guard, branch)?;
                let heard = Arc::clone(&heard);
                decoder.connect("no-more-pads", false, move |_| {
                    heard.complete.store(true, Ordering::Release);
                    None
                });
            }
            Source::Mic(device) => {
                // The clock is fixed beforehand: the recorder stamps by it from its first block on.
                let clock = gst::SystemClock::obtain();
                let base = clock.time();
                pipeline.use_clock(Some(&clock));
                pipeline.set_start_time(gst::ClockTime::NONE);
                pipeline.set_base_time(base);
                let recording = Mic::start(device.as_deref(), &clock, base)?;
                pipeline.add(recording.element()).map_err(|e| broken(&shown, &e))?;
                branch.connect(&pipeline, &static_pad(recording.element(), "src", &shown)?)?;
                mic = Some(recording);
            }
            Source::Test => {
                let tone = make("audiotestsrc")?;
                tone.set_property("is-live", true);
                tone.set_property_from_str("wave", "sine");
                tone.set_property("volume", 0.2);
                pipeline.add(&tone).map_err(|e| broken(&shown, &e))?;
                branch.connect(&pipeline, &static_pad(&tone, "src", &shown)?)?;
            }
        }
        let (local, live) = (!matches!(source, Source::Play(Place::Remote(_))), !matches!(source, Source::Play(_)));
        let now = Instant::now();
        let player = Self {
            pipeline,
            guard,
            shown,
            local,
            live,
            limits: limits.clone(),
            heard,
            playing: live,
            begun: now,
            last: (0, now),
            _mic: mic,
        };
        let wanted = if live { gst::State::Playing } else { gst::State::Paused };
        if player.pipeline.set_state(wanted).is_err() {
            return Err(player.error().unwrap_or_else(|| broken(&player.shown, &"it does not start")));
        }
        Ok(player)
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
                _ if self.heard.streams.load(Ordering::Acquire) == 0 => Err(self.guard.nothing()),
                _ => Ok(()),
            });
        }
        if !self.playing && self.heard.complete.load(Ordering::Acquire) {
            self.playing = true;
            if self.pipeline.set_state(gst::State::Playing).is_err() {
                return Some(Err(self.error().unwrap_or_else(|| broken(&self.shown, &"it does not start"))));
            }
        }
        self.watchdog()
    }

    /// Live sources have their own watchdog, or cannot stall.
    fn watchdog(&mut self) -> Option<Ended> {
        let buffers = self.heard.buffers.load(Ordering::Acquire);
        if buffers != self.last.0 {
            self.last = (buffers, Instant::now());
        }
        let (late, after, what, code) = if buffers == 0 {
            (self.begun.elapsed(), self.limits.open_timeout, "did not open within", code::OPEN_TIMEOUT)
        } else {
            (self.last.1.elapsed(), self.limits.data_timeout, "gave nothing more for", code::DATA_TIMEOUT)
        };
        if self.live || late <= after {
            return None;
        }
        let message = format!("{}: {what} {:.1} s", self.shown, after.as_secs_f64());
        Some(Err(Trouble::new(code, Stage::Capture, message, "Check the source; trying again may help.")))
    }

    fn error(&self) -> Option<Trouble> {
        let message =
            self.pipeline.bus()?.timed_pop_filtered(gst::ClockTime::from_mseconds(100), &[gst::MessageType::Error])?;
        match message.view() {
            gst::MessageView::Error(error) => Some(self.explain(&error.error())),
            _ => None,
        }
    }

    fn explain(&self, error: &gst::glib::Error) -> Trouble {
        if self.guard.lacks() {
            return self.guard.nothing();
        }
        trouble_of(&self.shown, error, self.local, self.heard.buffers.load(Ordering::Acquire) > 0)
    }

    /// Ends it as if the source had ended: what is on its way still reaches the analysis.
    pub fn end(&self) {
        self.pipeline.send_event(gst::event::Eos::new());
        if let Some(bus) = self.pipeline.bus() {
            let wait = gst::ClockTime::try_from(Duration::from_millis(500)).ok();
            let _ = bus.timed_pop_filtered(wait, &[gst::MessageType::Eos, gst::MessageType::Error]);
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn broken(shown: &str, error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(
        code::INTERNAL,
        Stage::Open,
        format!("{shown}: {error}"),
        "Run `callguard doctor`; if all is well there, please report this.",
    )
}

fn static_pad(element: &gst::Element, name: &str, shown: &str) -> Result<gst::Pad, Trouble> {
    element.static_pad(name).ok_or_else(|| broken(shown, &format!("{} has no pad {name}", element.name())))
}

fn play(place: &Place, pipeline: &gst::Pipeline, guard: &Guard, branch: Branch) -> Result<gst::Element, Trouble> {
    let decoder = open(place, pipeline, guard)?;
    let (weak, guard) = (pipeline.downgrade(), guard.clone());
    decoder.connect_pad_added(move |_, pad| {
        let sound = pad
            .current_caps()
            .unwrap_or_else(|| pad.query_caps(None))
            .structure(0)
            .is_some_and(|s| s.name() == "audio/x-raw");
        if let Some(pipeline) = weak.upgrade().filter(|_| sound)
            && let Err(trouble) = branch.connect(&pipeline, pad)
        {
            guard.note(trouble);
        }
    });
    Ok(decoder)
}

/// What every stream of a source goes through.
struct Branch {
    watched: Watched,
    limits: Limits,
    heard: Arc<Heard>,
    shown: String,
}

impl Branch {
    fn connect(&self, pipeline: &gst::Pipeline, from: &gst::Pad) -> Result<(), Trouble> {
        let number = self.heard.streams.fetch_add(1, Ordering::AcqRel) + 1;
        if number > self.limits.streams {
            let what = format!("{}: more than {} audio streams", self.shown, self.limits.streams);
            return Err(Trouble::new(code::STREAMS_LIMIT, Stage::Open, what, "Split the source."));
        }
        let convert = make("audioconvert")?;
        let guard = make("callguardaudio")?;
        let stream =
            if number == 1 { self.watched.stream.clone() } else { format!("{} #{number}", self.watched.stream) };
        guard.set_property("call", &self.watched.call);
        guard.set_property("stream", &stream);
        let sink = if self.watched.listen { self.loudspeaker()? } else { self.silence()? };
        let mut parts = vec![convert, guard];
        parts.extend(sink);
        pipeline.add_many(&parts).map_err(|e| broken(&self.shown, &e))?;
        gst::Element::link_many(&parts).map_err(|e| broken(&self.shown, &e))?;
        let heard = Arc::clone(&self.heard);
        static_pad(&parts[1], "src", &self.shown)?.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            heard.buffers.fetch_add(1, Ordering::AcqRel);
            gst::PadProbeReturn::Ok
        });
        for part in parts.iter().rev() {
            part.sync_state_with_parent().map_err(|e| broken(&self.shown, &e))?;
        }
        let into = static_pad(&parts[0], "sink", &self.shown)?;
        from.link(&into).map_err(|e| broken(&self.shown, &format!("a stream cannot be linked: {e:?}")))?;
        Ok(())
    }

    /// A sink that keeps real-time pace and makes no sound.
    fn silence(&self) -> Result<Vec<gst::Element>, Trouble> {
        let sink = make("fakesink")?;
        sink.set_property("sync", true);
        Ok(vec![sink])
    }

    fn loudspeaker(&self) -> Result<Vec<gst::Element>, Trouble> {
        Ok(vec![make("audioconvert")?, make("audioresample")?, make("autoaudiosink")?])
    }
}
