//! The tap: GStreamer elements that watch a call without touching it.
//!
//! A program registers them with [`plugin_register_static`] right after `gst::init`; `gst-launch-1.0` loads
//! `libgstcallguard.so`. See [`audio`] for the element that hears. What all elements share: how they find their engine
//! ([`context()`], [`EngineHandle`]), what they post ([`CallguardMessage`]) and how buffers get their media time.

extern crate gstreamer as gst;
extern crate gstreamer_audio as gst_audio;
extern crate gstreamer_base as gst_base;
extern crate gstreamer_video as gst_video;

mod attendant;
pub mod audio;
mod base;
mod context;
mod filter;
mod finder;
mod fresh;
mod held;
mod message;
pub mod overlay;
mod plugin;
mod settings;
mod supply;
mod tap;
mod timeline;
mod upright;
pub mod video;

pub use context::{CONTEXT_TYPE, context, engine};
pub use filter::CallguardFilter;
pub use message::{CallguardMessage, Fault, MessageError, NAME as MESSAGE_NAME};
pub use plugin::plugin_register_static;
pub use settings::OnMissingEngine;
pub use supply::{EngineHandle, Started};
