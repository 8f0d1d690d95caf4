//! What `callguardaudio` and `callguardvideo` have in common: an abstract class between them and `GstBaseTransform`.
//!
//! The class has the properties, finds the engine and passes every buffer on; a [`Medium`] knows how to leave one in a tap.

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::subclass::prelude::*;

mod flow;
mod imp;
mod side;

pub(crate) use flow::{Medium, Seen, Stream};

glib::wrapper! {
    /// An element that passes a stream of a call on untouched, and has it observed.
    pub struct CallguardFilter(ObjectSubclass<imp::CallguardFilter>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

impl CallguardFilter {
    /// Says what is in the element's stream. Once, when the element is made.
    pub(crate) fn observe<M: Medium>(&self, medium: impl Fn() -> M + Send + Sync + 'static) {
        imp::CallguardFilter::from_obj(self).observe(Box::new(side::Observed::new(medium)));
    }
}

// SAFETY: the class adds nothing to the structures of its parent.
unsafe impl<T: BaseTransformImpl + ObjectSubclass<Type: IsA<CallguardFilter>>> IsSubclassable<T> for CallguardFilter {}

/// The same on both sides.
pub(crate) fn pad_templates(caps: &gst::Caps) -> Vec<gst::PadTemplate> {
    [("sink", gst::PadDirection::Sink), ("src", gst::PadDirection::Src)]
        .into_iter()
        .filter_map(|(name, direction)| gst::PadTemplate::new(name, direction, gst::PadPresence::Always, caps).ok())
        .collect()
}
