//! Settings that all elements have.

use std::path::PathBuf;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;

use crate::supply::Recipe;

pub use on_missing_engine::OnMissingEngine;

mod on_missing_engine {
    use gst::glib;

    // glib-macros 0.22 puts a `String` beside a `&str` where `allow_name_conflict` is set and calls whatever `format!` is in scope.
    // What leaks is one name, and only where the program and the plugin file meet in a process.
    macro_rules! format {
        ($($args:tt)*) => { &*std::format!($($args)*).leak() };
    }

    /// What an element does where there is no engine.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
    #[enum_type(name = "CallguardOnMissingEngine", allow_name_conflict)]
    pub enum OnMissingEngine {
        /// Media matters more than the guard.
        #[default]
        #[enum_value(name = "Warn, post engine-unavailable and pass buffers on unobserved", nick = "warn")]
        Warn,
        /// No media without the guard.
        #[enum_value(name = "Post an error and stop the stream", nick = "error")]
        Error,
    }
}

/// What was wished for.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub call: Option<String>,
    pub stream: Option<String>,
    pub models: Option<String>,
    pub library: Option<String>,
    pub on_missing_engine: OnMissingEngine,
    pub update_interval_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            call: None,
            stream: None,
            models: None,
            library: None,
            on_missing_engine: OnMissingEngine::default(),
            // The engine makes at most one update a second.
            update_interval_ms: 1000,
        }
    }
}

/// Settings with every "by itself" resolved for one element.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    pub call: String,
    pub stream: String,
    pub on_missing_engine: OnMissingEngine,
    pub update_interval: Duration,
}

impl Settings {
    pub(crate) fn recipe(&self) -> Recipe {
        Recipe { models: self.models.as_ref().map(PathBuf::from), library: self.library.as_ref().map(PathBuf::from) }
    }

    pub(crate) fn wishes(&self, element: &gst::Element) -> Wishes {
        Wishes {
            call: call_name(self.call.as_ref(), element),
            stream: self.stream.clone().unwrap_or_else(|| element.name().to_string()),
            on_missing_engine: self.on_missing_engine,
            update_interval: Duration::from_millis(self.update_interval_ms.into()),
        }
    }
}

/// The call an element belongs to.
pub(crate) fn call_name(wished: Option<&String>, element: &gst::Element) -> String {
    wished.cloned().unwrap_or_else(|| outermost(element).to_string())
}

/// The name of the pipeline, or of whatever holds the element.
fn outermost(element: &gst::Element) -> glib::GString {
    let mut object: gst::Object = element.clone().upcast();
    while let Some(parent) = object.parent() {
        object = parent;
    }
    object.name()
}
