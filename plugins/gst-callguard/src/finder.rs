//! Where an element has its engine from: the context it was given, or a neighbour.

use std::sync::Mutex;

use crate::context;
use crate::supply::{EngineHandle, lock};

/// An element's context. Its lock is not held while anyone is asked.
#[derive(Default)]
pub(crate) struct Finder {
    context: Mutex<Option<gst::Context>>,
}

impl Finder {
    /// On the way to READY: asks neighbours, then the application.
    pub(crate) fn find(&self, element: &gst::Element) -> Option<EngineHandle> {
        self.look_again(element).or_else(|| {
            context::ask_application(element);
            self.given()
        })
    }

    /// What was given meanwhile, or what a neighbour has by now.
    pub(crate) fn look_again(&self, element: &gst::Element) -> Option<EngineHandle> {
        self.given().or_else(|| context::ask_neighbours(element))
    }

    fn given(&self) -> Option<EngineHandle> {
        lock(&self.context).as_ref().and_then(|c| context::engine(c))
    }

    /// Hands an engine round: to the neighbours' queries, also where no pipeline does.
    pub(crate) fn hand_round(&self, element: &gst::Element, handle: &EngineHandle) {
        *lock(&self.context) = Some(context::passing_context(handle));
        context::announce(element, handle);
    }

    /// On the way to NULL: only what the application gave stays.
    pub(crate) fn forget(&self) {
        let passing = lock(&self.context).take_if(|c| !c.is_persistent());
        // May be the engine's last holder, and ends it then: not under the lock.
        drop(passing);
    }

    /// `false`: it carries an engine of another build of the plugin.
    pub(crate) fn set_context(&self, context: &gst::Context) -> bool {
        if !context.has_context_type(context::CONTEXT_TYPE) {
            return true;
        }
        let ours = context::engine(context).is_some();
        if ours {
            *lock(&self.context) = Some(context.clone());
        }
        ours
    }

    /// Answers a neighbour's query for the engine. `false`: another query, or there is none.
    pub(crate) fn answer(&self, query: &mut gst::QueryRef) -> bool {
        query.type_() == gst::QueryType::Context && context::answer(query, self.given().as_ref())
    }
}
