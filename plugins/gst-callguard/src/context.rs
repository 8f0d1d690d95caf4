//! How elements find their engine: a `GstContext`, as upstream's elements share a display or a GL context.

use gst::prelude::*;

use crate::supply::EngineHandle;

/// The type of the context, and the name of its one field's structure.
pub const CONTEXT_TYPE: &str = "callguard.engine";
const FIELD: &str = "engine";

/// The context an application answers `need-context` with, or sets on its pipeline. It outlives the NULL state.
#[must_use]
pub fn context(engine: &EngineHandle) -> gst::Context {
    carry(engine, true)
}

/// A context that goes when its pipeline goes to NULL.
pub(crate) fn passing_context(engine: &EngineHandle) -> gst::Context {
    carry(engine, false)
}

fn carry(engine: &EngineHandle, persistent: bool) -> gst::Context {
    let mut context = gst::Context::new(CONTEXT_TYPE, persistent);
    context.get_mut().expect("nobody else has a context that was just made").structure_mut().set(FIELD, engine);
    context
}

/// The engine a context carries. `None`: another type, or from another build of the plugin.
#[must_use]
pub fn engine(context: &gst::ContextRef) -> Option<EngineHandle> {
    context.has_context_type(CONTEXT_TYPE).then(|| context.structure().get::<EngineHandle>(FIELD).ok()).flatten()
}

/// Asks the neighbours: downstream first, then upstream, as GStreamer's documentation of contexts has it.
pub(crate) fn ask_neighbours(element: &gst::Element) -> Option<EngineHandle> {
    let pads = element.src_pads().into_iter().chain(element.sink_pads());
    pads.into_iter().find_map(|pad| {
        let mut query = gst::query::Context::new(CONTEXT_TYPE);
        pad.peer_query(&mut query).then(|| query.context().and_then(engine)).flatten()
    })
}

/// Answers a neighbour. `false`: not asked for an engine, or there is none.
pub(crate) fn answer(query: &mut gst::QueryRef, handle: Option<&EngineHandle>) -> bool {
    match (query.view_mut(), handle) {
        (gst::QueryViewMut::Context(query), Some(handle)) if query.context_type() == CONTEXT_TYPE => {
            query.set_context(&passing_context(handle));
            true
        }
        _ => false,
    }
}

/// Asks the application: its answer comes as `set_context` before this returns, or not at all.
pub(crate) fn ask_application(element: &gst::Element) {
    let _ = element.post_message(gst::message::NeedContext::builder(CONTEXT_TYPE).src(element).build());
}

/// Tells the application and, through the pipeline, the other elements.
pub(crate) fn announce(element: &gst::Element, handle: &EngineHandle) {
    let _ = element.post_message(gst::message::HaveContext::builder(passing_context(handle)).src(element).build());
}
