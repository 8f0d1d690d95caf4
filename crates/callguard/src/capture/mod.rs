//! Where media comes in: files, URIs, cameras, microphones. What comes from outside is checked here first.

mod announcements;
pub mod camera;
pub mod contribution;
pub mod decode;
pub mod element;
mod expand;
mod guard;
mod hls;
mod kinds;
pub mod mic;
pub mod open;
mod place;
pub mod provenance;
pub mod screen;
pub mod whip;
mod whole;

pub use announcements::announcements;
pub use contribution::{Feed, Srt};
pub use expand::{MEDIA_EXTENSIONS, expand};
pub use guard::{Guard, trouble_of};
pub use kinds::Kinds;
pub use place::{Place, argument_text, mixed};
pub use screen::Screen;

use crate::trouble::{Stage, Trouble, code};

/// Starts GStreamer, and registers the elements that travel inside the program.
///
/// # Errors
/// Where GStreamer itself does not start.
pub fn init() -> Result<(), Trouble> {
    let broken = |what: String| {
        Trouble::new(
            code::MISSING_ELEMENT,
            Stage::Configure,
            what,
            "Run `callguard doctor`; `make setup` installs what is needed.",
        )
    };
    gstreamer::init().map_err(|e| broken(format!("GStreamer does not start: {e}")))?;
    gstcallguard::plugin_register_static()
        .map_err(|e| broken(format!("the callguard elements cannot be registered: {e}")))
}
