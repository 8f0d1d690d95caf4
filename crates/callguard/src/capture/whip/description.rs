//! Session descriptions between text and `webrtcbin`.
//!
//! `GstWebRTCSessionDescription` is a boxed type of libgstwebrtc, whose headers come with packages of some hundred megabytes; the library itself
//! comes with the plug-in. So its two public fields are read and written here.

use glib::translate::{FromGlibPtrNone, ToGlibPtr, ToGlibPtrMut};
use gst::glib;
use gstreamer as gst;
use gstreamer_sdp::{SDPMessage, ffi::GstSDPMessage};

/// `GstWebRTCSessionDescription` (gst/webrtc/rtcsessiondescription.h), part of its stable interface.
#[repr(C)]
struct Raw {
    kind: std::ffi::c_int,
    sdp: *mut GstSDPMessage,
}

/// `GstWebRTCSDPType`
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub enum Kind {
    /// What a sender begins with.
    Offer = 1,
    /// What comes back.
    Answer = 3,
}

/// A description as `webrtcbin` takes it; `None` where the plug-in is not loaded.
#[must_use]
pub fn value(kind: Kind, message: &SDPMessage) -> Option<glib::Value> {
    let boxed = glib::Type::from_name("GstWebRTCSessionDescription")?;
    let mut value = glib::Value::from_type(boxed);
    let message: glib::translate::Stash<'_, *const GstSDPMessage, SDPMessage> = message.to_glib_none();
    let raw = Raw { kind: kind as i32, sdp: message.0.cast_mut() };
    // SAFETY: the value is of the boxed type whose layout `Raw` has; setting it copies the struct and its message, so nothing here is kept.
    unsafe {
        glib::gobject_ffi::g_value_set_boxed(value.to_glib_none_mut().0, (&raw const raw).cast());
    }
    Some(value)
}

/// The text of a description that `webrtcbin` gave.
#[must_use]
pub fn text(value: &glib::Value) -> Option<String> {
    let boxed = glib::Type::from_name("GstWebRTCSessionDescription")?;
    if value.type_() != boxed {
        return None;
    }
    // SAFETY: the value holds a boxed `GstWebRTCSessionDescription` or null; it lives as long as the borrow, and the message is copied.
    let message = unsafe {
        let raw = glib::gobject_ffi::g_value_get_boxed(value.to_glib_none().0).cast::<Raw>();
        let raw = raw.as_ref()?;
        if raw.sdp.is_null() {
            return None;
        }
        SDPMessage::from_glib_none(raw.sdp.cast_const())
    };
    message.as_text().ok()
}
