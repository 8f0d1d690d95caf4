//! What every stream of a source goes through: to the element that observes it, and on to where it is shown, played or dropped.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;
use gstreamer as gst;

use super::overlay::{self, Overlay, Recording};
use crate::capture::element::make;
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// What a source is watched as.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The call's name.
    pub call: String,
    /// The name of its streams within it.
    pub stream: String,
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
}

impl Branch {
    /// Links a source's pad; one that carries neither sound nor pictures is left alone.
    ///
    /// # Errors
    /// Where an element is missing, or there are too many streams.
    pub fn connect(&self, pipeline: &gst::Pipeline, from: &gst::Pad) -> Result<(), Trouble> {
        let caps = from.current_caps().unwrap_or_else(|| from.query_caps(None));
        match caps.structure(0).map(|s| s.name().as_str()) {
            Some("audio/x-raw") => self.link(pipeline, from, &self.hear()?),
            Some("video/x-raw") => self.link(pipeline, from, &self.watch(&caps)?),
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
        let mut parts = vec![make("audioconvert")?, self.observer("callguardaudio", &stream)?];
        if self.watched.listen {
            parts.extend([make("audioconvert")?, make("audioresample")?, make("autoaudiosink")?]);
        } else {
            parts.push(nowhere()?);
        }
        Ok(parts)
    }

    fn watch(&self, caps: &gst::CapsRef) -> Result<Vec<gst::Element>, Trouble> {
        let stream = self.count(&self.progress.pictures)?;
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
