//! The GObject side of `callguardaudio`.
// The accessors that `Properties` derives have no place for a text; the blurbs are it.
#![allow(missing_docs)]

use std::sync::{Arc, LazyLock, Mutex};

use callguard_engine::AudioTap;
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::BaseTransformMode;
use gst_base::subclass::prelude::*;

use super::flow::{Counters, Flow};
use crate::base::Base;
use crate::settings::{OnMissingEngine, Settings};
use crate::supply::lock;

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(super::NAME, gst::DebugColorFlags::empty(), Some("Callguard: hears a stream of a call"))
});

const STATS: &str = "stats";

// Lock order: settings, base, counters, flow.
#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::CallguardAudio)]
pub struct CallguardAudio {
    #[property(
        name = "call",
        get,
        set,
        type = Option<String>,
        member = call,
        nick = "Call",
        blurb = "Name of the call this stream belongs to; elements with the same name under one engine share it \
                 (null: the name of the pipeline); taken up when leaving NULL",
        default = Settings::default().call.as_deref()
    )]
    #[property(
        name = "stream",
        get,
        set,
        type = Option<String>,
        member = stream,
        nick = "Stream",
        blurb = "Name of the stream within the call, unique there (null: the name of the element); taken up when leaving NULL",
        default = Settings::default().stream.as_deref()
    )]
    #[property(
        name = "models",
        get,
        set,
        type = Option<String>,
        member = models,
        nick = "Models",
        blurb = "Folder or file of the model manifest, for an engine that the element starts itself \
                 (null: CALLGUARD_MODELS, then the usual places); taken up when leaving NULL",
        default = Settings::default().models.as_deref()
    )]
    #[property(
        name = "library",
        get,
        set,
        type = Option<String>,
        member = library,
        nick = "Library",
        blurb = "File of the ONNX Runtime library, for an engine that the element starts itself \
                 (null: ORT_DYLIB_PATH, then the usual places); taken up when leaving NULL",
        default = Settings::default().library.as_deref()
    )]
    #[property(
        name = "on-missing-engine",
        get,
        set,
        type = OnMissingEngine,
        member = on_missing_engine,
        nick = "On missing engine",
        blurb = "What to do where the engine cannot be started or is lost; taken up when leaving NULL",
        builder(Settings::default().on_missing_engine)
    )]
    #[property(
        name = "update-interval",
        get,
        set,
        type = u32,
        member = update_interval_ms,
        nick = "Update interval",
        blurb = "Least time between two update messages, milliseconds; changes of verdict and alerts are posted at once; taken up when leaving NULL",
        minimum = 1000,
        default = Settings::default().update_interval_ms
    )]
    settings: Mutex<Settings>,
    base: Base<AudioTap>,
    counters: Mutex<Arc<Counters>>,
    flow: Mutex<Option<Flow>>,
}

#[glib::object_subclass]
impl ObjectSubclass for CallguardAudio {
    const NAME: &'static str = "GstCallguardAudio";
    // A program that has the plugin built in may find the plugin file loaded already.
    const ALLOW_NAME_CONFLICT: bool = true;
    type Type = super::CallguardAudio;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for CallguardAudio {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            // Last, so that the derived ones keep the numbers they count on.
            let stats = glib::ParamSpecBoxed::builder::<gst::Structure>(STATS)
                .nick("Statistics")
                .blurb(
                    "Since the element left NULL: engine (starting, ready, unavailable, none), buffers, frames, unobserved-frames \
                     (no engine yet, or not played as recorded), filled-frames (gap or droppable: no evidence), dropped-frames \
                     (analysis was late)",
                )
                .read_only()
                .build();
            CallguardAudio::derived_properties().iter().cloned().chain([stats]).collect()
        });
        &PROPERTIES
    }

    fn set_property(&self, id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        self.derived_set_property(id, value, pspec);
    }

    fn property(&self, id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        if pspec.name() == STATS { self.stats().to_value() } else { self.derived_property(id, pspec) }
    }

    fn constructed(&self) {
        self.parent_constructed();
        let element = self.obj();
        element.set_passthrough(true);
        // With QoS on, the base class drops media that is late.
        element.set_qos(false);
    }

    fn signals() -> &'static [glib::subclass::Signal] {
        static SIGNALS: LazyLock<Vec<glib::subclass::Signal>> = LazyLock::new(|| {
            // Acknowledges an alert of the call by its number; false: no engine runs.
            let acknowledge =
                glib::subclass::Signal::builder("acknowledge").param_types([u64::static_type()]).return_type::<bool>();
            vec![acknowledge.action().class_handler(|args| Some(acknowledge_alert(args).to_value())).build()]
        });
        &SIGNALS
    }
}

fn acknowledge_alert(args: &[glib::Value]) -> bool {
    match (args[0].get::<super::CallguardAudio>(), args[1].get::<u64>()) {
        (Ok(element), Ok(number)) => element.imp().base.acknowledge(number),
        _ => false,
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
            let always = |name, direction| gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps);
            [always("sink", gst::PadDirection::Sink), always("src", gst::PadDirection::Src)]
                .into_iter()
                .filter_map(Result::ok)
                .collect()
        });
        &TEMPLATES
    }

    fn set_context(&self, context: &gst::Context) {
        if !self.base.set_context(context) {
            gst::warning!(CAT, imp = self, "ignoring an engine of another build of the plugin");
        }
        self.parent_set_context(context);
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        if transition == gst::StateChange::NullToReady {
            self.attend();
        }
        let result = self.parent_change_state(transition);
        if transition == gst::StateChange::ReadyToNull
            || (transition == gst::StateChange::NullToReady && result.is_err())
        {
            self.dismiss();
        }
        result
    }
}

impl BaseTransformImpl for CallguardAudio {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = true;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = true;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let link = lock(&self.flow).as_ref().map(|flow| flow.link().clone());
        if let Some(link) = link {
            link.want_now();
        }
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        if let Some(flow) = lock(&self.flow).as_mut() {
            flow.link().unwant();
            flow.stop();
        }
        Ok(())
    }

    fn set_caps(&self, incaps: &gst::Caps, _outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let info =
            gst_audio::AudioInfo::from_caps(incaps).map_err(|_| gst::loggable_error!(CAT, "not audio: {incaps}"))?;
        if let Some(flow) = lock(&self.flow).as_mut() {
            flow.caps(&info);
        }
        Ok(())
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        self.base.answer(query) || BaseTransformImplExt::parent_query(self, direction, query)
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        if let Some(flow) = lock(&self.flow).as_mut() {
            flow.event(&event);
        }
        self.parent_sink_event(event)
    }

    fn transform_ip_passthrough(&self, buffer: &gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut flow = lock(&self.flow);
        let flow = flow.as_mut().ok_or(gst::FlowError::Flushing)?;
        if flow.link().refuses() {
            return Err(gst::FlowError::Error);
        }
        flow.buffer(buffer);
        Ok(gst::FlowSuccess::Ok)
    }
}

impl CallguardAudio {
    fn attend(&self) {
        let settings = lock(&self.settings).clone();
        let link = self.base.attend(self.obj().upcast_ref(), &settings);
        gst::debug!(CAT, imp = self, "engine is {}", link.engine_state());
        let counters = Arc::new(Counters::default());
        *lock(&self.counters) = counters.clone();
        *lock(&self.flow) = Some(Flow::new(link, counters));
    }

    fn dismiss(&self) {
        *lock(&self.flow) = None;
        self.base.dismiss();
    }

    fn stats(&self) -> gst::Structure {
        let counters = lock(&self.counters).clone();
        counters.structure(self.base.engine_state())
    }
}
