//! What a decoder may do on behalf of an input: open nothing else, and stay within the limits.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use gst::prelude::*;
use gstreamer as gst;

use super::kinds::{Kinds, Seen};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// Media types that are lists of other media. Following one means opening what a stranger names.
const PLAYLISTS: [&str; 8] = [
    "application/x-hls",
    "application/dash+xml",
    "application/vnd.ms-sstr+xml",
    "application/sdp",
    "application/smil",
    "application/xspf+xml",
    "application/x-pls",
    "text/uri-list",
];

/// Watches one `uridecodebin` and keeps the first thing that is wrong.
#[derive(Clone, Debug)]
pub struct Guard {
    found: Arc<Mutex<Option<Trouble>>>,
    seen: Arc<Mutex<Seen>>,
    called: Arc<OnceLock<Instant>>,
    wanted: Kinds,
    limits: Arc<Limits>,
    shown: Arc<str>,
}

impl Guard {
    /// For the input that is shown to people as `shown`, and of which `wanted` is to be decoded.
    #[must_use]
    pub fn new(limits: &Limits, shown: &str, wanted: Kinds) -> Self {
        let limits = Arc::new(limits.clone());
        Self {
            found: Arc::default(),
            seen: Arc::default(),
            called: Arc::default(),
            wanted,
            limits,
            shown: shown.into(),
        }
    }

    /// What is to be decoded.
    #[must_use]
    pub fn wanted(&self) -> Kinds {
        self.wanted
    }

    /// What it is called.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What it is held to.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Notes what is wrong; the first note stands.
    pub fn note(&self, trouble: Trouble) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
    }

    /// When somebody called an input that listens, if so.
    #[must_use]
    pub fn called(&self) -> Option<Instant> {
        self.called.get().copied()
    }

    /// Has `listener` tell when somebody calls.
    pub(super) fn await_caller(&self, listener: &gst::Element) {
        let called = Arc::clone(&self.called);
        listener.connect("caller-added", false, move |_| {
            called.get_or_init(Instant::now);
            None
        });
    }

    /// What is wrong so far.
    #[must_use]
    pub fn found(&self) -> Option<Trouble> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Which kinds were seen so far.
    #[must_use]
    pub fn kinds(&self) -> Kinds {
        self.seen().kinds
    }

    /// Something was seen, and nothing of it is wanted.
    #[must_use]
    pub fn lacks(&self) -> bool {
        let Seen { kinds, other } = self.seen();
        let found = (kinds.sound && self.wanted.sound) || (kinds.pictures && self.wanted.pictures);
        (other || kinds != Kinds::default()) && !found
    }

    /// What to say of an input in which nothing is wanted.
    #[must_use]
    pub fn nothing(&self) -> Trouble {
        let (seen, both) = (self.kinds(), "Name a recording that has sound or pictures.");
        let (what, hint) = match self.wanted {
            Kinds::ALL => ("no audio stream, and no video stream", both),
            Kinds { pictures: true, .. } if seen.sound => {
                ("no video stream", "Name what has pictures; for its sound write --audio.")
            }
            Kinds { pictures: true, .. } => ("no video stream", "Name what has pictures."),
            _ if seen.pictures => (
                "no audio stream, and its pictures are not looked at",
                "Name what has sound. Pictures are judged where a model finds faces, and not after --audio.",
            ),
            _ => ("no audio stream", "Name what has sound."),
        };
        Trouble::new(code::NO_MEDIA, Stage::Open, format!("{}: {what}", self.shown), hint)
    }

    fn seen(&self) -> Seen {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `decoder`, inside `pipeline`, decode what is wanted, and follows everything that happens in it; what it opens must be of a scheme in
    /// `reach`.
    pub fn watch(&self, pipeline: &gst::Pipeline, decoder: &gst::Element, reach: &'static [&'static str]) {
        decoder.set_property("caps", self.wanted.caps());
        decoder.set_property("expose-all-streams", false);
        let guard = self.clone();
        pipeline.connect_deep_element_added(move |_, _, element| guard.source(element, reach));
        let guard = self.clone();
        // Later than whoever watches over it, who says more of it than "Internal data stream error".
        let timeout = (self.limits.data_timeout.max(self.limits.open_timeout).as_secs() + 5) as u32;
        // Only what makes its own source tells of it.
        let makes_source = decoder.factory().is_some_and(|f| f.name() == "uridecodebin");
        let source_setup = move |values: &[gst::glib::Value]| -> Option<gst::glib::Value> {
            if let Some(source) = values.get(1).and_then(|v| v.get::<gst::Element>().ok()) {
                guard.count_bytes(&source);
                if source.has_property("timeout") && source.type_().name() == "GstSoupHTTPSrc" {
                    source.set_property("timeout", timeout);
                }
            }
            None
        };
        if makes_source {
            decoder.connect("source-setup", false, source_setup);
        }
        let guard = self.clone();
        decoder.connect("autoplug-continue", false, move |values| {
            let caps = values.get(2).and_then(|v| v.get::<gst::Caps>().ok());
            Some(caps.is_none_or(|caps| guard.caps(&caps)).to_value())
        });
    }

    /// A new element that reads from somewhere must read from where the input lies; one that decodes sound conceals.
    fn source(&self, element: &gst::Element, reach: &[&str]) {
        // A decoder of sound that can make up for lost packets does, as any telephone does.
        if element.has_property_with_type("plc", bool::static_type()) {
            element.set_property("plc", true);
        }
        let Some(handler) = element.dynamic_cast_ref::<gst::URIHandler>() else { return };
        if handler.uri_type() != gst::URIType::Src {
            return;
        }
        let protocols: Vec<String> = handler.protocols().iter().map(ToString::to_string).collect();
        if protocols.is_empty() || protocols.iter().any(|p| reach.contains(&p.as_str())) {
            return;
        }
        // Locked before it can start: what it names is never opened.
        element.set_locked_state(true);
        self.note(self.nested(&format!("it names a source of kind {}", protocols.join("/"))));
    }

    fn nested(&self, what: &str) -> Trouble {
        Trouble::new(
            code::NESTED_SOURCE,
            Stage::Open,
            format!("{}: {what}, and an input may open nothing but itself", self.shown),
            "Name the media itself.",
        )
    }

    /// Whether decoding may go on with media of these caps. Also called for media that is not decoded, such as pictures.
    fn caps(&self, caps: &gst::CapsRef) -> bool {
        let Some(s) = caps.structure(0) else { return true };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).add(s);
        let found = if PLAYLISTS.contains(&s.name().as_str()) {
            Some(self.nested(&format!("it is a playlist ({})", s.name())))
        } else {
            caps_trouble(&self.limits, &self.shown, s)
        };
        let fine = found.is_none();
        if let Some(trouble) = found {
            self.note(trouble);
        }
        fine
    }

    /// Counts what comes in: a remote input tells its size too late or not at all.
    fn count_bytes(&self, source: &gst::Element) {
        let Some(pad) = source.static_pad("src") else { return };
        let (guard, mut seen) = (self.clone(), 0u64);
        let counter = Mutex::new(move |bytes: usize| {
            seen = seen.saturating_add(bytes as u64);
            if seen > guard.limits.input_bytes {
                let most = guard.limits.input_bytes >> 20;
                guard.note(Trouble::new(
                    code::SIZE_LIMIT,
                    Stage::Capture,
                    format!("{}: more than {most} MiB", guard.shown),
                    "Raise capture.input_mib, or cut the recording.",
                ));
            }
            seen <= guard.limits.input_bytes
        });
        // Push mode only, which is how remote inputs come; a local file's size was checked before it was opened.
        pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::PUSH, move |_, info| {
            let bytes = info.buffer().map_or(0, |b| b.size());
            let within = counter.lock().map(|mut count| count(bytes)).unwrap_or(false);
            if within { gst::PadProbeReturn::Ok } else { gst::PadProbeReturn::Drop }
        });
    }
}

/// What is past the limits in one stream's description.
pub fn caps_trouble(limits: &Limits, shown: &str, s: &gst::StructureRef) -> Option<Trouble> {
    let mut past = Vec::new();
    let mut most = |key: &str, limit: u32, what: &str| {
        if let Ok(actual) = s.get::<i32>(key)
            && !(1..=i64::from(limit)).contains(&i64::from(actual))
        {
            past.push(format!("{actual} {what} (limit {limit})"));
        }
    };
    if s.name().starts_with("audio/") {
        most("channels", limits.channels, "channels");
    }
    if s.name().starts_with("video/") || s.name().starts_with("image/") {
        most("width", limits.width, "pixels wide");
        most("height", limits.height, "pixels high");
        if let Ok(rate) = s.get::<gst::Fraction>("framerate")
            && i64::from(rate.numer()) > i64::from(limits.fps) * i64::from(rate.denom().max(1))
        {
            past.push(format!("{}/{} frames a second (limit {})", rate.numer(), rate.denom(), limits.fps));
        }
    }
    (!past.is_empty()).then(|| {
        Trouble::new(
            code::CAPS_LIMIT,
            Stage::Open,
            format!("{shown}: {}", past.join(", ")),
            "Convert the recording to fewer channels, a smaller picture or a lower frame rate.",
        )
    })
}

/// What an error of GStreamer means for the person who named the input.
#[must_use]
pub fn trouble_of(shown: &str, error: &gst::glib::Error, local: bool, heard: bool) -> Trouble {
    use gst::{CoreError, ResourceError, StreamError};
    let trouble = |code, stage, hint: &str| Trouble::new(code, stage, format!("{shown}: {error}"), hint);
    if error.matches(StreamError::CodecNotFound) || error.matches(CoreError::MissingPlugin) {
        let hint = "Install gstreamer1.0-libav (`make setup` does); `callguard doctor` lists what is missing.";
        return trouble(code::MISSING_ELEMENT, Stage::Open, hint);
    }
    if error.matches(StreamError::TypeNotFound) || error.matches(StreamError::WrongType) {
        return trouble(code::NOT_MEDIA, Stage::Open, "Is it a recording? `ffprobe FILE` may tell more.");
    }
    if !local && (error.is::<ResourceError>() || !heard) {
        return trouble(code::NETWORK, Stage::Open, "Check the address and the network; trying again may help.");
    }
    if error.matches(ResourceError::NotFound) {
        return trouble(code::NOT_FOUND, Stage::Open, "Check the path.");
    }
    if error.matches(ResourceError::OpenRead) || error.matches(ResourceError::NotAuthorized) {
        return trouble(code::NOT_READABLE, Stage::Open, "Check the file's permissions.");
    }
    trouble(
        code::DECODE,
        Stage::Capture,
        "The recording is damaged or unfinished; `ffmpeg -i IN OUT.wav` may save what is left.",
    )
}
