//! What GStreamer reads of the plugin.
// `plugin_define!` makes public items without a text.
#![allow(missing_docs)]

use gst::glib;

fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    crate::audio::register(plugin)?;
    crate::video::register(plugin)?;
    crate::overlay::register(plugin)
}

gst::plugin_define!(
    callguard,
    "Guards calls: says when a participant's voice or face is synthetic or replayed",
    plugin_init,
    env!("CARGO_PKG_VERSION"),
    // One of the two licences, in the spelling GStreamer knows.
    "MIT/X11",
    "callguard",
    "Callguard",
    "Callguard",
    env!("BUILD_REL_DATE")
);
