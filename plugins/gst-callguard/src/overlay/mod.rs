//! `callguardoverlay`: draws on the picture how a call stands.
//!
//! ```text
//! gst-launch-1.0 -m v4l2src ! videoconvert ! callguardvideo ! videoconvert ! callguardoverlay ! videoconvert ! autovideosink
//! ```
//!
//! Each face has a box and a tag, each voice a line at the bottom: the verdict by colour, by shape and as a word, the reason that speaks
//! most for synthetic, and how old the verdict's newest evidence is. Words are so large that they can be read where the picture is
//! shown at a sixteenth of a screen; colours are those of Okabe and Ito, which colour-blind eyes tell apart, and no two verdicts share
//! a shape.
//!
//! # Nothing stale
//! A box is drawn for a second after its face was last seen. Where the call was not looked at for two seconds, a grey *no verdict* takes the
//! place of all verdicts. Without an engine the picture says *not guarded*.
//!
//! # Where it belongs
//! Behind the `callguardvideo` of the same pipeline and call, with nothing in between that crops or adds borders; behind `videoflip
//! video-direction=auto` where pictures come turned. It finds the engine as the other elements do, but starts none. What it draws on is
//! its own copy where someone else still holds the buffer.

use gst::glib;
use gst::prelude::*;

mod compose;
mod imp;
mod look;
mod paint;
mod scene;
mod stage;
mod watch;

glib::wrapper! {
    /// The element.
    pub struct CallguardOverlay(ObjectSubclass<imp::CallguardOverlay>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// The element's factory name.
pub const NAME: &str = "callguardoverlay";

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), NAME, gst::Rank::NONE, CallguardOverlay::static_type())
}

/// What can be drawn on.
fn template() -> gst::Caps {
    gst_video::VideoCapsBuilder::new().format_list(crate::video::formats()).build()
}
