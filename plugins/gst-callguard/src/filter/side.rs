//! The side of an element that knows its medium, behind what the GObject class asks of every medium.

use std::sync::{Arc, Mutex};

use super::flow::{Counters, Flow, Medium};
use crate::base::Base;
use crate::settings::Settings;
use crate::supply::lock;

/// What the class asks.
pub(super) trait Side: Send + Sync {
    /// On the way to READY. Says how the engine is.
    fn attend(&self, element: &gst::Element, settings: &Settings) -> &'static str;
    fn dismiss(&self);
    fn set_context(&self, context: &gst::Context) -> bool;
    fn answer(&self, query: &mut gst::QueryRef) -> bool;
    fn acknowledge(&self, number: u64) -> bool;
    fn stats(&self) -> gst::Structure;
    fn start(&self);
    fn stop(&self);
    /// Why buffers of these caps pass unobserved, where that is so.
    fn caps(&self, caps: &gst::CapsRef) -> Result<Option<String>, gst::glib::BoolError>;
    fn event(&self, event: &gst::Event);
    fn buffer(&self, buffer: gst::Buffer) -> Result<gst::Buffer, gst::FlowError>;
}

// Lock order: base, counters, flow.
pub(super) struct Observed<M: Medium> {
    medium: Box<dyn Fn() -> M + Send + Sync>,
    base: Base<M::Tap>,
    counters: Mutex<Arc<Counters>>,
    flow: Mutex<Option<Flow<M>>>,
}

impl<M: Medium> Observed<M> {
    pub(super) fn new(medium: impl Fn() -> M + Send + Sync + 'static) -> Self {
        Self { medium: Box::new(medium), base: Base::default(), counters: Mutex::default(), flow: Mutex::new(None) }
    }
}

impl<M: Medium> Side for Observed<M> {
    fn attend(&self, element: &gst::Element, settings: &Settings) -> &'static str {
        let link = self.base.attend(element, settings);
        let state = link.engine_state();
        let counters = Arc::new(Counters::default());
        *lock(&self.counters) = counters.clone();
        *lock(&self.flow) = Some(Flow::new(link, (self.medium)(), counters));
        state
    }

    fn dismiss(&self) {
        *lock(&self.flow) = None;
        self.base.dismiss();
    }

    fn set_context(&self, context: &gst::Context) -> bool {
        self.base.finder().set_context(context)
    }

    fn answer(&self, query: &mut gst::QueryRef) -> bool {
        self.base.finder().answer(query)
    }

    fn acknowledge(&self, number: u64) -> bool {
        self.base.acknowledge(number)
    }

    fn stats(&self) -> gst::Structure {
        let counters = lock(&self.counters).clone();
        counters.structure(M::STATS, self.base.engine_state())
    }

    fn start(&self) {
        let link = lock(&self.flow).as_ref().map(|flow| flow.link().clone());
        if let Some(link) = link {
            link.want_now();
        }
    }

    fn stop(&self) {
        if let Some(flow) = lock(&self.flow).as_mut() {
            flow.link().unwant();
            flow.stop();
        }
    }

    fn caps(&self, caps: &gst::CapsRef) -> Result<Option<String>, gst::glib::BoolError> {
        lock(&self.flow).as_mut().map_or(Ok(None), |flow| flow.caps(caps))
    }

    fn event(&self, event: &gst::Event) {
        if let Some(flow) = lock(&self.flow).as_mut() {
            flow.event(event);
        }
    }

    fn buffer(&self, buffer: gst::Buffer) -> Result<gst::Buffer, gst::FlowError> {
        let mut flow = lock(&self.flow);
        let flow = flow.as_mut().ok_or(gst::FlowError::Flushing)?;
        if flow.link().refuses() {
            return Err(gst::FlowError::Error);
        }
        Ok(flow.buffer(buffer))
    }
}
