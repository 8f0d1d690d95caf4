//! The GObject side of `callguardaudio`: what its base class does not know.
// The accessors that `Properties` derives have no place for a text; the blurbs are it.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::subclass::BaseTransformMode;
use gst_base::subclass::prelude::*;

use super::hear::Hear;
use crate::filter::CallguardFilter;

#[derive(Debug, Default, glib::Properties)]
#[properties(wrapper_type = super::CallguardAudio)]
pub struct CallguardAudio {
    #[property(
        name = "mixed",
        get = |this: &Self| this.mixed.load(Relaxed),
        set = |this: &Self, mixed: bool| this.mixed.store(mixed, Relaxed),
        type = bool,
        nick = "Mixed",
        blurb = "Several people speak in the stream, as in what a loudspeaker plays of a meeting: each turn between pauses of about half a \
                 second is judged by itself, and nobody is said to be genuine (false: the stream is one voice); taken up with the first buffer",
        default = false
    )]
    mixed: Arc<AtomicBool>,
}

#[glib::object_subclass]
impl ObjectSubclass for CallguardAudio {
    const NAME: &'static str = "GstCallguardAudio";
    // A program that has the plugin built in may find the plugin file loaded already.
    const ALLOW_NAME_CONFLICT: bool = true;
    type Type = super::CallguardAudio;
    type ParentType = CallguardFilter;
}

#[glib::derived_properties]
impl ObjectImpl for CallguardAudio {
    fn constructed(&self) {
        self.parent_constructed();
        let mixed = self.mixed.clone();
        self.obj().upcast_ref::<CallguardFilter>().observe(move || Hear::new(mixed.clone()));
    }
}

impl GstObjectImpl for CallguardAudio {}

impl ElementImpl for CallguardAudio {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Callguard audio tap",
                "Filter/Analyzer/Audio",
                "Passes a call's audio on untouched and says when its voice is synthetic or replayed",
                "Callguard",
            )
        });
        Some(&*METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            use gst_audio::AudioFormat as F;
            let caps = gst_audio::AudioCapsBuilder::new_interleaved()
                .format_list([F::S16le, F::S24le, F::S32le, F::F32le, F::F64le])
                .channels_range(1..=8)
                .build();
            crate::filter::pad_templates(&caps)
        });
        &TEMPLATES
    }
}

impl BaseTransformImpl for CallguardAudio {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = true;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;
}
