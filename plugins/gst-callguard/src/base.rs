//! What every element has beside its base class: the engine's context and the attendant.

use std::sync::{Arc, Mutex};

use callguard_core::AlertKey;

use crate::attendant::{Attendant, Link};
use crate::finder::Finder;
use crate::settings::Settings;
use crate::supply::{EngineHandle, lock};
use crate::tap::Tap;

/// Lock order: an element's settings, then these in the order they stand here, then its streaming state. None is held while
/// something is posted, queried or pushed.
pub(crate) struct Base<T: Tap> {
    finder: Finder,
    attendant: Mutex<Option<Attendant<T>>>,
}

impl<T: Tap> Default for Base<T> {
    fn default() -> Self {
        Self { finder: Finder::default(), attendant: Mutex::new(None) }
    }
}

impl<T: Tap> Base<T> {
    /// On the way to READY: finds an engine or has one started; whatever takes time goes to a thread.
    pub(crate) fn attend(&self, element: &gst::Element, settings: &Settings) -> Arc<Link<T>> {
        let handle = self.finder.find(element).unwrap_or_else(|| {
            let handle = EngineHandle::shared(&settings.recipe());
            self.finder.hand_round(element, &handle);
            handle
        });
        let attendant = Attendant::begin(element, handle, settings.wishes(element));
        let link = attendant.link().clone();
        let before = lock(&self.attendant).replace(attendant);
        drop(before);
        link
    }

    /// On the way to NULL: nothing is posted any more when this returns.
    pub(crate) fn dismiss(&self) {
        let attendant = lock(&self.attendant).take();
        drop(attendant);
        self.finder.forget();
    }

    pub(crate) fn finder(&self) -> &Finder {
        &self.finder
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
