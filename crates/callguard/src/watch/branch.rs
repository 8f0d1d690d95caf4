//! What every stream of a source goes through: to the element that observes it, and on to where it is shown, played or dropped.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use callguard_core::{Finding, ParticipantKind};
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_video as gst_video;

use super::conceal;
use super::overlay::{self, Overlay, Recording};
use crate::capture::element::make;
use crate::capture::provenance::{Pace, Said, Tell, odd_format};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// What a source is watched as.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The call's name.
    pub call: String,
    /// The name of its streams within it.
    pub stream: String,
    /// Several people speak in its sound.
    pub mixed: bool,
    /// Also to the loudspeaker.
    pub listen: bool,
    /// Where overlaid pictures go, and how many streams of the call have their place there.
    pub overlay: Option<(Overlay, Arc<AtomicU32>)>,
}

impl Watched {
    /// What people are told it is.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}/{}", self.call, self.stream)
    }
}

/// How far a source has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Buffers that were observed.
    pub buffers: AtomicU64,
    /// No more streams will come.
    pub complete: AtomicBool,
    sound: AtomicU32,
    pictures: AtomicU32,
    recordings: Mutex<Vec<Recording>>,
}

impl Progress {
    /// Streams of any kind.
    pub fn streams(&self) -> u32 {
        self.sound.load(Ordering::Acquire) + self.pictures()
    }

    /// Video streams.
    pub fn pictures(&self) -> u32 {
        self.pictures.load(Ordering::Acquire)
    }

    /// Files that are being written.
    pub fn recordings(&self) -> Vec<Recording> {
        self.recordings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// See the module.
#[derive(Debug)]
pub struct Branch {
    /// As what.
    pub watched: Watched,
    /// What may come in.
    pub limits: Limits,
    /// Counted here.
    pub progress: Arc<Progress>,
    /// What it claims to come from.
    pub claim: Claim,
    /// Where it is said what is found out about that.
    pub tell: Tell,
}

/// What a source claims its pictures come from: that is what they are held to.
#[derive(Clone, Debug)]
pub enum Claim {
    /// A sensor of this machine. Where coded pictures of it are decoded, this pad takes them: coding hides noise.
    Sensor(Option<gst::Pad>),
    /// Somebody's, somewhere: they were coded and stamped anew on the way.
    Sender,
    /// Nothing: a recording, a screen, a test signal.
    Nothing,
}

impl Claim {
    /// What pictures are looked at for.
    fn looked_for(&self) -> Vec<Finding> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Sender => vec![Finding::FileLoop],
            Self::Sensor(coded) => {
                let caps = coded.as_ref().and_then(|pad| pad.current_caps());
                let raw = caps.is_none_or(|caps| caps.structure(0).is_some_and(|s| s.name() == "video/x-raw"));
                [Finding::FileLoop].into_iter().chain(raw.then_some(Finding::NoNoise)).collect()
            }
        }
    }
}

impl Branch {
    /// Links a source's pad; one that carries neither sound nor pictures is left alone.
    ///
    /// # Errors
    /// Where an element is missing, or there are too many streams.
    pub fn connect(&self, pipeline: &gst::Pipeline, from: &gst::Pad) -> Result<(), Trouble> {
        let caps = from.current_caps().unwrap_or_else(|| from.query_caps(None));
        match caps.structure(0).map(|s| s.name().as_str()) {
            Some("audio/x-raw") if matches!(self.claim, Claim::Sender) => {
                let mut parts = self.hear()?;
                conceal::forgive(&static_pad(&parts[0], "sink", &self.watched.shown())?);
                if is_telephone(&caps) {
                    parts.insert(0, conceal::filler()?);
                }
                self.link(pipeline, from, &parts)
            }
            Some("audio/x-raw") => self.link(pipeline, from, &self.hear()?),
            Some("video/x-raw") => self.link(pipeline, from, &self.watch(&caps, from)?),
            _ => Ok(()),
        }
    }

    /// As [`connect`](Self::connect), of a pad that will give sound and does not know yet which.
    ///
    /// # Errors
    /// As there.
    pub fn connect_sound(&self, pipeline: &gst::Pipeline, from: &gst::Pad) -> Result<(), Trouble> {
        self.link(pipeline, from, &self.hear()?)
    }

    fn link(&self, pipeline: &gst::Pipeline, from: &gst::Pad, parts: &[gst::Element]) -> Result<(), Trouble> {
        let shown = self.watched.shown();
        pipeline.add_many(parts).map_err(|e| broken(&shown, &e))?;
        gst::Element::link_many(parts).map_err(|e| broken(&shown, &e))?;
        let progress = Arc::clone(&self.progress);
        static_pad(&parts[1], "src", &shown)?.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            progress.buffers.fetch_add(1, Ordering::AcqRel);
            gst::PadProbeReturn::Ok
        });
        for part in parts.iter().rev() {
            part.sync_state_with_parent().map_err(|e| broken(&shown, &e))?;
        }
        let into = static_pad(&parts[0], "sink", &shown)?;
        from.link(&into).map_err(|e| broken(&shown, &format!("a stream cannot be linked: {e:?}")))?;
        Ok(())
    }

    fn hear(&self) -> Result<Vec<gst::Element>, Trouble> {
        let stream = self.count(&self.progress.sound)?;
        let observer = self.observer("callguardaudio", &stream)?;
        observer.set_property("mixed", self.watched.mixed);
        let mut parts = vec![make("audioconvert")?, observer];
        if self.watched.listen {
            parts.extend([make("audioconvert")?, make("audioresample")?, make("autoaudiosink")?]);
        } else {
            parts.push(nowhere()?);
        }
        Ok(parts)
    }

    fn watch(&self, caps: &gst::CapsRef, from: &gst::Pad) -> Result<Vec<gst::Element>, Trouble> {
        let stream = self.count(&self.progress.pictures)?;
        self.inquire(&stream, from);
        let mut parts = vec![make("videoconvert")?, self.observer("callguardvideo", &stream)?];
        let Some((overlay, used)) = &self.watched.overlay else {
            parts.push(nowhere()?);
            return Ok(parts);
        };
        let number = used.fetch_add(1, Ordering::AcqRel) + 1;
        let overlay = if number == 1 { overlay.clone() } else { overlay.marked(&number.to_string()) };
        let shown = self.watched.shown();
        overlay::check(&overlay, &shown)?;
        let Some(tail) = overlay.tail(&self.watched.call, &stream, caps)? else {
            tracing::warn!(stage = "report", source = shown, "the overlay shows another stream: an address takes one");
            parts.push(nowhere()?);
            return Ok(parts);
        };
        if let Some(recording) = Recording::of(&overlay, &tail, &shown)? {
            self.progress.recordings.lock().unwrap_or_else(PoisonError::into_inner).push(recording);
        }
        parts.extend(tail);
        Ok(parts)
    }

    /// Watches what pictures are and when they come, before anything is done to them.
    fn inquire(&self, stream: &str, from: &gst::Pad) {
        if matches!(self.claim, Claim::Nothing) {
            return;
        }
        let (claim, tell, stream) = (self.claim.clone(), self.tell.clone(), stream.to_owned());
        let sensor = matches!(claim, Claim::Sensor(_));
        let clock = gst::SystemClock::obtain();
        // The streaming thread's alone; the lock is for the compiler.
        let pace: Mutex<Option<Pace>> = Mutex::new(None);
        let looked_at = from.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            let Ok(mut pace) = pace.try_lock() else { return gst::PadProbeReturn::Ok };
            let pace = pace.get_or_insert_with(|| {
                let caps = pad.current_caps();
                let info = caps.and_then(|caps| gst_video::VideoInfo::from_caps(&caps).ok());
                let odd = info.as_ref().filter(|_| sensor).and_then(odd_format);
                tell.say(&stream, ParticipantKind::Face, Said::Format(odd, claim.looked_for()));
                let fps = info.map(|i| i.fps()).filter(|fps| fps.numer() > 0);
                Pace::new(fps.map(|fps| f64::from(fps.numer()) / f64::from(fps.denom().max(1))))
            });
            if !sensor {
                return gst::PadProbeReturn::Remove;
            }
            if let Some(stamp) = info.buffer().and_then(|buffer| buffer.pts())
                && let Some(found) = pace.note(stamp.nseconds(), clock.time().nseconds())
            {
                tell.say(&stream, ParticipantKind::Face, Said::Clock(found));
            }
            gst::PadProbeReturn::Ok
        });
        if looked_at.is_none() {
            tracing::debug!(stage = "capture", "a stream's clock is not watched");
        }
    }

    /// Counts one more stream of a kind, and names it.
    fn count(&self, kind: &AtomicU32) -> Result<String, Trouble> {
        let Watched { stream, .. } = &self.watched;
        let number = kind.fetch_add(1, Ordering::AcqRel) + 1;
        if self.progress.streams() > self.limits.streams {
            let what = format!("{}: more than {} streams", self.watched.shown(), self.limits.streams);
            return Err(Trouble::new(code::STREAMS_LIMIT, Stage::Open, what, "Split the source."));
        }
        Ok(if number == 1 { stream.clone() } else { format!("{stream} #{number}") })
    }

    fn observer(&self, factory: &str, stream: &str) -> Result<gst::Element, Trouble> {
        let element = make(factory)?;
        element.set_property("call", &self.watched.call);
        element.set_property("stream", stream);
        Ok(element)
    }
}

/// One channel of 16 bit at a telephone's rate.
fn is_telephone(caps: &gst::CapsRef) -> bool {
    caps.structure(0).is_some_and(|s| {
        s.get("format") == Ok("S16LE")
            && s.get("channels") == Ok(1i32)
            && matches!(s.get("rate"), Ok(8_000i32 | 16_000))
    })
}

/// A sink that keeps real-time pace and does nothing. Without preroll: one that waited for the first buffer of another stream would hold
/// up the demuxer that is to bring it.
fn nowhere() -> Result<gst::Element, Trouble> {
    let sink = make("fakesink")?;
    sink.set_property("sync", true);
    sink.set_property("async", false);
    Ok(sink)
}

/// What should not happen.
pub fn broken(shown: &str, error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(
        code::INTERNAL,
        Stage::Open,
        format!("{shown}: {error}"),
        "Run `callguard doctor`; if all is well there, please report this.",
    )
}

/// A pad that an element always has.
pub fn static_pad(element: &gst::Element, name: &str, shown: &str) -> Result<gst::Pad, Trouble> {
    element.static_pad(name).ok_or_else(|| broken(shown, &format!("{} has no pad {name}", element.name())))
}
