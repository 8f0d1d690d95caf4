//! The GObject side of `callguardvideo`: what its base class does not know.
// The accessors that `Properties` derives have no place for a text; the blurbs are it.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::subclass::BaseTransformMode;
use gst_base::subclass::prelude::*;

use super::see::See;
use super::shape;
use crate::filter::{CallguardFilter, pad_templates};

#[derive(Debug, Default, glib::Properties)]
#[properties(wrapper_type = super::CallguardVideo)]
pub struct CallguardVideo {
    #[property(
        name = "attach-meta",
        get = |this: &Self| this.attach.load(Relaxed),
        set = |this: &Self, attach: bool| this.attach.store(attach, Relaxed),
        type = bool,
        nick = "Attach metadata",
        blurb = "Attach a GstVideoRegionOfInterestMeta of type callguard for each face seen in the last second, which makes such a \
                 buffer another one over the same memory (false: the very same buffer goes on)",
        default = false
    )]
    attach: Arc<AtomicBool>,
}

#[glib::object_subclass]
impl ObjectSubclass for CallguardVideo {
    const NAME: &'static str = "GstCallguardVideo";
    // A program that has the plugin built in may find the plugin file loaded already.
    const ALLOW_NAME_CONFLICT: bool = true;
    type Type = super::CallguardVideo;
    type ParentType = CallguardFilter;
}

#[glib::derived_properties]
impl ObjectImpl for CallguardVideo {
    fn constructed(&self) {
        self.parent_constructed();
        let attach = self.attach.clone();
        self.obj().upcast_ref::<CallguardFilter>().observe(move || See::new(attach.clone()));
    }
}

impl GstObjectImpl for CallguardVideo {}

impl ElementImpl for CallguardVideo {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Callguard video tap",
                "Filter/Analyzer/Video",
                "Passes a call's video on untouched and says when a face in it is synthetic or replayed",
                "Callguard",
            )
        });
        Some(&*METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| pad_templates(&shape::template()));
        &TEMPLATES
    }
}

impl BaseTransformImpl for CallguardVideo {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = true;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;
}
