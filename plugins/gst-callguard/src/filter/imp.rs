//! The GObject side of both filters.
// The accessors that `Properties` derives have no place for a text; the blurbs are it.
#![allow(missing_docs)]

use std::sync::{LazyLock, Mutex, OnceLock};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::BaseTransformMode;
use gst_base::subclass::prelude::*;

use super::side::Side;
use crate::settings::{OnMissingEngine, Settings};
use crate::supply::lock;

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("callguard", gst::DebugColorFlags::empty(), Some("Callguard: observes streams of a call"))
});

const STATS: &str = "stats";

// Lock order: settings, then those of the side.
#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::CallguardFilter)]
pub struct CallguardFilter {
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
    side: OnceLock<Box<dyn Side>>,
}

#[glib::object_subclass]
impl ObjectSubclass for CallguardFilter {
    const NAME: &'static str = "GstCallguardFilter";
    const ABSTRACT: bool = true;
    // A program that has the plugin built in may find the plugin file loaded already.
    const ALLOW_NAME_CONFLICT: bool = true;
    type Type = super::CallguardFilter;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for CallguardFilter {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            // Last, so that the derived ones keep the numbers they count on.
            let stats = glib::ParamSpecBoxed::builder::<gst::Structure>(STATS)
                .nick("Statistics")
                .blurb(
                    "Since the element left NULL: engine (starting, ready, unavailable, none), buffers, frames (of sound: at its rate; \
                     of video: pictures), taken-frames (handed to the analysis), unobserved-frames (no engine yet, refused, or not \
                     played as recorded), filled-frames (gap or droppable: no evidence), dropped-frames (analysis was late)",
                )
                .read_only()
                .build();
            CallguardFilter::derived_properties().iter().cloned().chain([stats]).collect()
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
    match (args[0].get::<super::CallguardFilter>(), args[1].get::<u64>()) {
        (Ok(element), Ok(number)) => element.imp().side().is_some_and(|side| side.acknowledge(number)),
        _ => false,
    }
}

impl GstObjectImpl for CallguardFilter {}

impl ElementImpl for CallguardFilter {
    fn set_context(&self, context: &gst::Context) {
        if self.side().is_some_and(|side| !side.set_context(context)) {
            gst::warning!(CAT, imp = self, "ignoring an engine of another build of the plugin");
        }
        self.parent_set_context(context);
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        if transition == gst::StateChange::NullToReady
            && let Some(side) = self.side()
        {
            let settings = lock(&self.settings).clone();
            let engine = side.attend(self.obj().upcast_ref(), &settings);
            gst::debug!(CAT, imp = self, "engine is {engine}");
        }
        let result = self.parent_change_state(transition);
        if transition == gst::StateChange::ReadyToNull
            || (transition == gst::StateChange::NullToReady && result.is_err())
        {
            self.side().inspect(|side| side.dismiss());
        }
        result
    }
}

impl BaseTransformImpl for CallguardFilter {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = true;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        self.side().inspect(|side| side.start());
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.side().inspect(|side| side.stop());
        Ok(())
    }

    fn set_caps(&self, incaps: &gst::Caps, _outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let Some(side) = self.side() else { return Ok(()) };
        let refusal = side.caps(incaps).map_err(|e| gst::loggable_error!(CAT, "{incaps}: {e}"))?;
        if let Some(why) = refusal {
            gst::element_imp_warning!(self, gst::StreamError::Format, ("Not guarded: {why}"), ["{incaps}"]);
        }
        Ok(())
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        self.side().is_some_and(|side| side.answer(query)) || BaseTransformImplExt::parent_query(self, direction, query)
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        self.side().inspect(|side| side.event(&event));
        self.parent_sink_event(event)
    }

    fn submit_input_buffer(&self, is_discont: bool, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let buffer = match self.side() {
            Some(side) => side.buffer(buffer)?,
            None => buffer,
        };
        self.parent_submit_input_buffer(is_discont, buffer)
    }
}

impl CallguardFilter {
    pub(super) fn observe(&self, side: Box<dyn Side>) {
        // Who makes an element says so once.
        let _ = self.side.set(side);
    }

    fn side(&self) -> Option<&dyn Side> {
        self.side.get().map(|side| &**side)
    }

    fn stats(&self) -> gst::Structure {
        self.side().map_or_else(|| gst::Structure::new_empty("callguard-stats"), Side::stats)
    }
}
