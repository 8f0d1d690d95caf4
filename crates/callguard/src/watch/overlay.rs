//! Where the overlaid picture goes: a window, a file or an SRT address.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gst::prelude::*;
use gstreamer as gst;

use super::branch::static_pad;
use super::relay::Relay;
use crate::capture::Srt;
use crate::capture::element::make;
use crate::trouble::{Stage, Trouble, code};

/// Pictures that may wait for the encoder: a hiccup of a quarter of a second.
const WAITING: u32 = 8;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// A window per video stream.
    Window,
    /// A file per video stream.
    File(PathBuf, Kind),
    /// H.264 in MPEG-TS, to whoever receives it.
    Srt(Relay),
}

/// What a file is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// VP8 in WebM.
    WebM,
    /// VP8 in Matroska.
    Matroska,
    /// H.264 in MP4.
    Mp4,
}

impl Overlay {
    /// Reads the flag's value. A file named `window` is written `./window`.
    ///
    /// # Errors
    /// [`code::CONFIG`] for another extension, an address that cannot be, a folder that is not there, or a window without a display.
    pub fn parse(argument: &OsStr) -> Result<Self, Trouble> {
        let refuse = |what: String, hint: &str| Trouble::new(code::CONFIG, Stage::Configure, what, hint);
        let files = "Name a file that ends in .webm, .mkv or .mp4.";
        if argument == "window" {
            let there = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
            return if there {
                Ok(Self::Window)
            } else {
                Err(refuse("--overlay window: there is no display here".to_owned(), files))
            };
        }
        if let Some((text, address)) = argument.to_str().and_then(|text| Some((text, text.strip_prefix("srt://")?))) {
            return Srt::parse(text, address).map(|to| Self::Srt(Relay::new(to)));
        }
        let path = Path::new(argument);
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        let kind = match extension.as_str() {
            "webm" => Kind::WebM,
            "mkv" => Kind::Matroska,
            "mp4" => Kind::Mp4,
            _ => return Err(refuse(format!("--overlay {}: what kind of file?", path.display()), files)),
        };
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() || path.is_dir() {
            let what = format!("--overlay {}: there is no folder {}", path.display(), folder.display());
            return Err(refuse(what, "Name a file in a folder that is there."));
        }
        Ok(Self::File(path.to_owned(), kind))
    }

    /// The same for one of several: a file's name gets a mark before its extension.
    #[must_use]
    pub fn marked(&self, mark: &str) -> Self {
        let Self::File(path, kind) = self else { return self.clone() };
        let plain: String =
            mark.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        let part = |s: Option<&OsStr>| s.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let name = format!("{}-{plain}.{}", part(path.file_stem()), part(path.extension()));
        Self::File(path.with_file_name(name), *kind)
    }

    /// Everything behind `callguardvideo`, in the order of the flow; `None`: another stream is shown there. `caps` are the stream's.
    ///
    /// # Errors
    /// Where an element is missing.
    pub fn tail(&self, call: &str, stream: &str, caps: &gst::CapsRef) -> Result<Option<Vec<gst::Element>>, Trouble> {
        let Some(sink) = self.sink(&format!("{call}/{stream}"))? else { return Ok(None) };
        let (pace, queue) = (make("clocksync")?, make("queue")?);
        queue.set_property("max-size-buffers", WAITING);
        queue.set_property("max-size-bytes", 0u32);
        queue.set_property("max-size-time", 0u64);
        if let Self::Srt(_) = self {
            // Who receives it wants what is now, and may come late to an encoder that is slow.
            queue.set_property_from_str("leaky", "downstream");
        }
        let (weave, flip, draw) = (make("deinterlace")?, make("videoflip")?, make("callguardoverlay")?);
        // As many pictures as come in.
        weave.set_property_from_str("fields", "top");
        flip.set_property_from_str("video-direction", "auto");
        draw.set_property("call", call);
        draw.set_property("stream", stream);
        let mut parts = vec![pace, queue, make("videoconvert")?];
        parts.extend(self.scaled(caps)?);
        parts.extend([weave, flip, make("videoconvert")?, draw, make("videoconvert")?]);
        parts.extend(sink);
        Ok(Some(parts))
    }

    /// What is coded keeps one size, an even one, whatever its stream does later.
    fn scaled(&self, caps: &gst::CapsRef) -> Result<Vec<gst::Element>, Trouble> {
        let even = |key: &str| caps.structure(0).and_then(|s| s.get::<i32>(key).ok()).map(|n| (n & !1).max(2));
        let (false, Some(width), Some(height)) = (*self == Self::Window, even("width"), even("height")) else {
            return Ok(Vec::new());
        };
        let (scale, filter) = (make("videoscale")?, make("capsfilter")?);
        scale.set_property("add-borders", false);
        let size = gst::Caps::builder("video/x-raw").field("width", width).field("height", height);
        filter.set_property("caps", size.build());
        Ok(vec![scale, filter])
    }

    fn sink(&self, shown: &str) -> Result<Option<Vec<gst::Element>>, Trouble> {
        let (path, kind) = match self {
            Self::Window => return Ok(Some(vec![make("autovideosink")?])),
            Self::File(path, kind) => (path, kind),
            Self::Srt(relay) => {
                let mut parts = h264()?;
                let muxer = make("mpegtsmux")?;
                // As many packets as an SRT message holds.
                muxer.set_property("alignment", 7i32);
                let Some(sink) = relay.sink(shown)? else { return Ok(None) };
                parts.extend([muxer, sink]);
                return Ok(Some(parts));
            }
        };
        let (mut parts, muxer) = match kind {
            Kind::WebM => (vec![vp8()?], "webmmux"),
            Kind::Matroska => (vec![vp8()?], "matroskamux"),
            Kind::Mp4 => (h264()?, "mp4mux"),
        };
        let sink = make("filesink")?;
        sink.set_property("location", path);
        // The pace is kept before it; whatever comes late is still written.
        sink.set_property("sync", false);
        sink.set_property("async", false);
        parts.extend([make(muxer)?, sink]);
        Ok(Some(parts))
    }
}

fn vp8() -> Result<gst::Element, Trouble> {
    let encoder = make("vp8enc")?;
    encoder.set_property("deadline", 1i64);
    encoder.set_property("cpu-used", 8i32);
    encoder.set_property("target-bitrate", 2_000_000i32);
    encoder.set_property("keyframe-max-dist", 60i32);
    Ok(encoder)
}

fn h264() -> Result<Vec<gst::Element>, Trouble> {
    let encoder = make("openh264enc")?;
    encoder.set_property_from_str("complexity", "low");
    encoder.set_property("bitrate", 2_000_000u32);
    encoder.set_property("gop-size", 60u32);
    let parse = make("h264parse")?;
    // Whoever comes late needs what every picture is decoded by.
    parse.set_property("config-interval", -1i32);
    Ok(vec![encoder, parse])
}

/// A file that is being written: it must be ended before its pipeline stops, or nothing can play it.
#[derive(Clone, Debug)]
pub struct Recording {
    queue: gst::Pad,
    finished: Arc<AtomicBool>,
}

impl Recording {
    /// Of a tail; `None` where it is no file.
    ///
    /// # Errors
    /// Where the tail is not whole.
    pub fn of(overlay: &Overlay, tail: &[gst::Element], shown: &str) -> Result<Option<Self>, Trouble> {
        let (Overlay::File(..), [_, queue, .., sink]) = (overlay, tail) else { return Ok(None) };
        let finished = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&finished);
        static_pad(sink, "sink", shown)?.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            // The muxer has written everything by the time it passes this on.
            if info.event().is_some_and(|e| e.type_() == gst::EventType::Eos) {
                done.store(true, Ordering::Release);
            }
            gst::PadProbeReturn::Ok
        });
        Ok(Some(Self { queue: static_pad(queue, "sink", shown)?, finished }))
    }

    /// Ends the file; what comes later is not written.
    pub fn end(&self) {
        let _ = self.queue.send_event(gst::event::Eos::new());
    }

    /// Whether it is whole.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

/// Checks before anything is started that a file can be written: a sink's own complaint comes late and says less.
///
/// # Errors
/// [`code::OUTPUT`] where it cannot.
pub fn check(overlay: &Overlay, shown: &str) -> Result<(), Trouble> {
    let Overlay::File(path, _) = overlay else { return Ok(()) };
    std::fs::File::create(path).map(drop).map_err(|e| {
        let what = format!("{shown}: {}: {e}", path.display());
        Trouble::new(code::OUTPUT, Stage::Report, what, "Name a file that can be written.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_tells_the_kind() {
        let kind = |name: &str| match Overlay::parse(OsStr::new(name)) {
            Ok(Overlay::File(_, kind)) => Ok(kind),
            Ok(other) => Err(format!("{other:?}")),
            Err(trouble) => Err(trouble.message),
        };
        assert_eq!(kind("a.webm"), Ok(Kind::WebM));
        assert_eq!(kind("/tmp/a.MKV"), Ok(Kind::Matroska));
        assert_eq!(kind("a.b.mp4"), Ok(Kind::Mp4));
        assert!(kind("a.avi").unwrap_err().contains("what kind"));
        assert!(kind("./window").unwrap_err().contains("what kind"));
        assert!(kind("no/such/folder/a.mp4").unwrap_err().contains("no/such/folder"));
        assert!(kind("srt://viewer.example:9000").unwrap_err().contains("mode=caller"));
        assert!(kind("srt://:9000").unwrap_err().contains("without a passphrase"));
        assert!(kind("srt://viewer.example").unwrap_err().contains("no port"));
    }

    #[test]
    fn several_calls_have_several_files() {
        let file = Overlay::File("out/all.webm".into(), Kind::WebM);
        assert_eq!(file.marked("guest 1/2"), Overlay::File("out/all-guest_1_2.webm".into(), Kind::WebM));
        assert_eq!(Overlay::Window.marked("x"), Overlay::Window);
    }
}
