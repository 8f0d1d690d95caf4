//! What every element has beside its base class: the engine's context and the attendant.

use std::sync::{Arc, Mutex};

use callguard_core::AlertKey;

use crate::attendant::{Attendant, Link, Tap};
use crate::context;
use crate::settings::Settings;
use crate::supply::{EngineHandle, lock};

/// Lock order: an element's settings, then these in the order they stand here, then its streaming state. None is held while
/// something is posted, queried or pushed.
pub(crate) struct Base<T: Tap> {
    context: Mutex<Option<gst::Context>>,
    attendant: Mutex<Option<Attendant<T>>>,
}

impl<T: Tap> Default for Base<T> {
    fn default() -> Self {
        Self { context: Mutex::new(None), attendant: Mutex::new(None) }
    }
}

impl<T: Tap> Base<T> {
    /// On the way to READY: finds an engine or has one started; whatever takes time goes to a thread.
    pub(crate) fn attend(&self, element: &gst::Element, settings: &Settings) -> Arc<Link<T>> {
        let handle = self.find(element).unwrap_or_else(|| {
            let handle = EngineHandle::shared(&settings.recipe());
            // For the neighbours' queries, also where no pipeline hands it round.
            *lock(&self.context) = Some(context::passing_context(&handle));
            context::announce(element, &handle);
            handle
        });
        let attendant = Attendant::begin(element, handle, settings.wishes(element));
        let link = attendant.link().clone();
        let before = lock(&self.attendant).replace(attendant);
        drop(before);
        link
    }

    fn find(&self, element: &gst::Element) -> Option<EngineHandle> {
        self.given().or_else(|| context::ask_neighbours(element)).or_else(|| {
            context::ask_application(element);
            self.given()
        })
    }

    fn given(&self) -> Option<EngineHandle> {
        lock(&self.context).as_ref().and_then(|c| context::engine(c))
    }

    /// On the way to NULL: nothing is posted any more when this returns.
    pub(crate) fn dismiss(&self) {
        let attendant = lock(&self.attendant).take();
        drop(attendant);
        // May be the engine's last holder, and ends it then: not under the lock.
        let passing = lock(&self.context).take_if(|c| !c.is_persistent());
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

    /// `false`: no engine runs, or there is no alert of that number that nobody knew of.
    pub(crate) fn acknowledge(&self, number: u64) -> bool {
        self.link().and_then(|link| link.call()).is_some_and(|call| call.acknowledge(AlertKey(number)))
    }

    /// `starting`, `ready`, `unavailable`, or `none` in state NULL.
    pub(crate) fn engine_state(&self) -> &'static str {
        self.link().map_or("none", |link| link.engine_state())
    }

    fn link(&self) -> Option<Arc<Link<T>>> {
        lock(&self.attendant).as_ref().map(|a| a.link().clone())
    }
}
