//! Making GStreamer elements, with an error that says what to install.

use gst::prelude::*;
use gstreamer as gst;

use crate::trouble::{Stage, Trouble, code};

/// Which Debian package brings an element that the program itself makes.
fn package(factory: &str) -> &'static str {
    match factory {
        "appsink" | "appsrc" | "uridecodebin" | "decodebin" | "audioconvert" | "audioresample" | "audiotestsrc"
        | "videoconvert" | "videoscale" | "videotestsrc" | "volume" | "opusdec" | "vorbisdec" => {
            "gstreamer1.0-plugins-base"
        }
        "wavparse" | "flacdec" | "qtdemux" | "matroskademux" | "matroskamux" | "webmmux" | "mp4mux" | "vp8dec"
        | "vp8enc" | "jpegdec" | "deinterlace" | "videoflip" | "v4l2src" | "autoaudiosink" | "autovideosink"
        | "souphttpsrc" | "rtpjitterbuffer" | "udpsrc" | "rtspsrc" | "flvdemux" | "ximagesrc" => {
            "gstreamer1.0-plugins-good"
        }
        "pipewiresrc" => "gstreamer1.0-pipewire",
        "nicesrc" => "gstreamer1.0-nice",
        "spanplc" | "srtsrc" | "srtsink" | "mpegtsmux" | "rtmp2src" | "webrtcbin" | "tsdemux" | "h264parse"
        | "openh264enc" => "gstreamer1.0-plugins-bad",
        name if name.starts_with("av") => "gstreamer1.0-libav",
        _ => "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav",
    }
}

/// Makes an element.
///
/// # Errors
/// [`code::MISSING_ELEMENT`] with the package that brings it.
pub fn make(factory: &str) -> Result<gst::Element, Trouble> {
    gst::ElementFactory::make(factory).build().map_err(|_| missing(factory))
}

/// Adds a source to the pipeline, held to `caps`.
///
/// # Errors
/// Where they do not fit.
pub fn filtered(pipeline: &gst::Pipeline, source: &gst::Element, caps: &gst::Caps) -> Result<gst::Element, Trouble> {
    let filter = make("capsfilter")?;
    filter.set_property("caps", caps);
    pipeline
        .add_many([source, &filter])
        .and_then(|()| source.link(&filter))
        .map_err(|e| Trouble::defect(Stage::Open, e.to_string()))?;
    Ok(filter)
}

/// What to say where an element cannot be made.
#[must_use]
pub fn missing(factory: &str) -> Trouble {
    let fix = match factory {
        "callguardaudio" | "callguardvideo" | "callguardoverlay" => {
            "It travels inside the program: build callguard anew, and report this if that does not help.".to_owned()
        }
        "ndisrc" | "ndisrcdemux" => {
            "Debian ships neither: build gst-plugin-ndi of gst-plugins-rs, and install the NDI library (ndi.video) beside it.".to_owned()
        }
        _ => format!("Install {} (`make setup` does).", package(factory)),
    };
    Trouble::new(code::MISSING_ELEMENT, Stage::Open, format!("GStreamer has no element {factory}"), fix)
}
