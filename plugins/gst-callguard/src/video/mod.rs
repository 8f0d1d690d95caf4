//! `callguardvideo`: watches the faces in a stream of a call without touching it.
//!
//! ```text
//! gst-launch-1.0 -m v4l2src ! videoconvert ! callguardvideo ! videoconvert ! callguardoverlay ! videoconvert ! autovideosink
//! ```
//!
//! Every buffer goes on as it came: the same buffer, at the same time, with no latency added. Ten times a second the element keeps a
//! reference of one until a worker has copied it, and lets it go before any model runs; where the analysis is slow, the newest
//! picture takes the place of the one that waits (`dropped-frames`), and the stream goes on. What the engine finds is posted on the
//! bus as [`callguard`](crate::CallguardMessage) element messages.
//!
//! Put it as near to the source as raw pictures get, before anything that repeats or blends them (`videorate`, `compositor`).
//!
//! # Pictures
//! Any of the formats of the pad template, in system memory, from 16x16 to 8192x8192 pixels, at any rate; strides and offsets of
//! `GstVideoMeta` are followed. Pixels need not be square, `image-orientation` tags are followed, and of interlaced pictures one field is
//! looked at. What cannot be looked at (sizes beyond those, `interlace-mode=fields`) passes unobserved after one warning.
//!
//! # Regions of interest
//! With `attach-meta=true` each face that was seen in the last second is on the buffer as a `GstVideoRegionOfInterestMeta` of the type
//! `callguard`, in pixels of that buffer. Its parameters `callguard` are `participant`, `stream`, `verdict`, `alert`, `hypothesis` and `reason` (a
//! source; both absent where nothing speaks for synthetic), `verdict-age-ms`, `analysed-pts` (the timestamp of the picture the face was
//! seen in) and `age-ms` (how much older that picture is). Such a buffer is another one over the same memory.
//!
//! # What is no evidence, and the engine
//! As for [`audio`](crate::audio). Sound and pictures of one pipeline are aligned by running time.

use gst::glib;
use gst::prelude::*;

use crate::filter::CallguardFilter;

mod imp;
mod lent;
mod regions;
mod see;
mod shape;

pub use crate::upright::turn_of;
pub use shape::{Shape, formats};

glib::wrapper! {
    /// The element.
    pub struct CallguardVideo(ObjectSubclass<imp::CallguardVideo>)
        @extends CallguardFilter, gst_base::BaseTransform, gst::Element, gst::Object;
}

/// The element's factory name.
pub const NAME: &str = "callguardvideo";

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), NAME, gst::Rank::NONE, CallguardVideo::static_type())
}
