//! Making GStreamer elements, with an error that says what to install.

use gstreamer as gst;

use crate::trouble::{Stage, Trouble, code};

/// Which Debian package brings an element that the program itself makes.
fn package(factory: &str) -> &'static str {
    match factory {
        "appsink" | "appsrc" | "uridecodebin" | "audioconvert" | "audioresample" | "audiotestsrc" | "volume" => {
            "gstreamer1.0-plugins-base"
        }
        "wavparse" | "autoaudiosink" | "souphttpsrc" => "gstreamer1.0-plugins-good",
        "avdec_aac" => "gstreamer1.0-libav",
        _ => "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-libav",
    }
}

/// Makes an element.
///
/// # Errors
/// [`code::MISSING_ELEMENT`] with the package that brings it.
pub fn make(factory: &str) -> Result<gst::Element, Trouble> {
    gst::ElementFactory::make(factory).build().map_err(|_| missing(factory))
}

/// What to say where an element cannot be made.
#[must_use]
pub fn missing(factory: &str) -> Trouble {
    let fix = match factory {
        "callguardaudio" => {
            "It travels inside the program: build callguard anew, and report this if that does not help.".to_owned()
        }
        _ => format!("Install {} (`make setup` does).", package(factory)),
    };
    Trouble::new(code::MISSING_ELEMENT, Stage::Open, format!("GStreamer has no element {factory}"), fix)
}
