//! `callguardaudio`: hears a stream of a call without touching it.
//!
//! ```text
//! gst-launch-1.0 -m filesrc location=call.wav ! decodebin ! audioconvert ! callguardaudio ! audioconvert ! autoaudiosink
//! ```
//!
//! Every buffer goes on as it came: the same buffer, at the same time, with no latency added. A copy of its samples goes into
//! a bounded ring that the engine's workers read; where they are late, the ring loses its oldest samples, never the stream. What
//! the engine finds is posted on the bus as [`callguard`](crate::CallguardMessage) element messages.
//!
//! Put it as near to the source as raw audio gets, before anything that fills gaps (`audiorate`, `audiomixer`, a jitter buffer's
//! concealment): filled-in sound is not the guest's.
//!
//! Where several people speak in the stream (`mixed=true`: a meeting's mix), a pause ends a turn, each turn is judged by itself, and nobody is
//! said to be genuine.
//!
//! # What is no evidence
//! Buffers flagged `GAP`, `DROPPABLE`, `CORRUPTED` or `DECODE_ONLY`, gap events, whatever a segment does not play, and any rate
//! but 1. After a discontinuity (flag, hole of more than 40 ms, flush, new segment, new caps) analysis begins a new window.
//!
//! # The engine
//! Comes in a [`callguard.engine`](crate::context) context: set on the pipeline, answered by a neighbour, or by the application to
//! `need-context`. Elements with the same `call` under one engine share a call. Where nobody answers, the element starts an engine
//! that the whole process shares, on a thread of its own: until it runs, buffers pass and count as `unobserved-frames`.
//! Without models or ONNX Runtime the element warns, posts `engine-unavailable` with the fix, and passes buffers.

use gst::glib;
use gst::prelude::*;

use crate::filter::CallguardFilter;

mod hear;
mod imp;

glib::wrapper! {
    /// The element.
    pub struct CallguardAudio(ObjectSubclass<imp::CallguardAudio>)
        @extends CallguardFilter, gst_base::BaseTransform, gst::Element, gst::Object;
}

/// The element's factory name.
pub const NAME: &str = "callguardaudio";

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), NAME, gst::Rank::NONE, CallguardAudio::static_type())
}
