//! The GObject side of `callguardoverlay`.
// The accessors that `Properties` derives have no place for a text; the blurbs are it.
#![allow(missing_docs)]

use std::sync::{LazyLock, Mutex};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::BaseTransformMode;
use gst_base::subclass::prelude::*;

use super::stage::Stage;
use super::watch::Watch;
use crate::filter::pad_templates;
use crate::finder::Finder;
use crate::settings::call_name;
use crate::supply::lock;

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(super::NAME, gst::DebugColorFlags::empty(), Some("Callguard: draws how a call stands"))
});

#[derive(Clone, Debug, Default)]
struct Settings {
    call: Option<String>,
    stream: Option<String>,
}

// Lock order: settings, finder, stage.
#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::CallguardOverlay)]
pub struct CallguardOverlay {
    #[property(
        name = "call",
        get,
        set,
        type = Option<String>,
        member = call,
        nick = "Call",
        blurb = "Name of the call that is drawn (null: the name of the pipeline); taken up when leaving NULL",
        default = Settings::default().call.as_deref()
    )]
    #[property(
        name = "stream",
        get,
        set,
        type = Option<String>,
        member = stream,
        nick = "Stream",
        blurb = "Name of the video stream within the call whose faces are drawn (null: the faces of all); taken up when leaving NULL",
        default = Settings::default().stream.as_deref()
    )]
    settings: Mutex<Settings>,
    finder: Finder,
    stage: Mutex<Option<Stage>>,
}

#[glib::object_subclass]
impl ObjectSubclass for CallguardOverlay {
    const NAME: &'static str = "GstCallguardOverlay";
    // A program that has the plugin built in may find the plugin file loaded already.
    const ALLOW_NAME_CONFLICT: bool = true;
    type Type = super::CallguardOverlay;
    type ParentType = gst_base::BaseTransform;
}

#[glib::derived_properties]
impl ObjectImpl for CallguardOverlay {
    fn constructed(&self) {
        self.parent_constructed();
        let element = self.obj();
        // A buffer that nothing is drawn on goes on as it came; one that is drawn on is made writable on its own.
        element.set_passthrough(true);
        // With QoS on, the base class drops media that is late.
        element.set_qos(false);
    }
}

impl GstObjectImpl for CallguardOverlay {}

impl ElementImpl for CallguardOverlay {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Callguard overlay",
                "Filter/Effect/Video",
                "Draws boxes, verdicts, reasons and their age on a call's video",
                "Callguard",
            )
        });
        Some(&*METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| pad_templates(&super::template()));
        &TEMPLATES
    }

    fn set_context(&self, context: &gst::Context) {
        if !self.finder.set_context(context) {
            gst::warning!(CAT, imp = self, "ignoring an engine of another build of the plugin");
        }
        self.parent_set_context(context);
    }

    fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        if transition == gst::StateChange::NullToReady {
            let settings = lock(&self.settings).clone();
            let watch = Watch::new(call_name(settings.call.as_ref(), self.obj().upcast_ref()));
            if let Some(engine) = self.finder.find(self.obj().upcast_ref()) {
                watch.follow(engine);
            }
            *lock(&self.stage) = Some(Stage::new(watch, settings.stream));
        }
        let result = self.parent_change_state(transition);
        if transition == gst::StateChange::ReadyToNull
            || (transition == gst::StateChange::NullToReady && result.is_err())
        {
            let stage = lock(&self.stage).take();
            // May hold the call's or the engine's last share.
            drop(stage);
            self.finder.forget();
        }
        result
    }
}

impl BaseTransformImpl for CallguardOverlay {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = true;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        self.look_again();
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        if let Some(stage) = lock(&self.stage).as_mut() {
            stage.clear();
        }
        Ok(())
    }

    fn set_caps(&self, incaps: &gst::Caps, _outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let info = gst_video::VideoInfo::from_caps(incaps).map_err(|e| gst::loggable_error!(CAT, "{incaps}: {e}"))?;
        if let Some(stage) = lock(&self.stage).as_mut() {
            stage.set_info(info);
        }
        Ok(())
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        self.finder.answer(query) || BaseTransformImplExt::parent_query(self, direction, query)
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        if let Some(stage) = lock(&self.stage).as_mut() {
            stage.event(&event);
        }
        self.parent_sink_event(event)
    }

    fn submit_input_buffer(&self, is_discont: bool, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let alone = lock(&self.stage).as_mut().is_some_and(Stage::is_due_to_look);
        if alone {
            self.look_again();
        }
        let buffer = match lock(&self.stage).as_mut() {
            Some(stage) => stage.draw(buffer),
            None => return Err(gst::FlowError::Flushing),
        };
        self.parent_submit_input_buffer(is_discont, buffer)
    }
}

impl CallguardOverlay {
    /// Elements that started an engine meanwhile have it by now.
    fn look_again(&self) {
        let Some(watch) = lock(&self.stage).as_ref().map(Stage::watch).cloned() else { return };
        if watch.is_alone()
            && let Some(engine) = self.finder.look_again(self.obj().upcast_ref())
        {
            watch.follow(engine);
        }
    }
}
