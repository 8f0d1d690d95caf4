//! The overlay's way to the call it draws.

use std::sync::{Arc, OnceLock};

use callguard_engine::LiveCall;

use crate::supply::{EngineHandle, Lease};

/// How the guard is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Guard<'a> {
    /// Nobody has an engine, or it could not be started, or it stopped.
    Missing,
    Starting,
    Call(&'a LiveCall),
}

/// Looks for an engine until there is one, and stays with that.
pub(super) struct Watch {
    call: String,
    engine: OnceLock<EngineHandle>,
    lease: OnceLock<Lease>,
}

impl Watch {
    pub(super) fn new(call: String) -> Arc<Self> {
        Arc::new(Self { call, engine: OnceLock::new(), lease: OnceLock::new() })
    }

    pub(super) fn is_alone(&self) -> bool {
        self.engine.get().is_none()
    }

    pub(super) fn follow(self: &Arc<Self>, engine: EngineHandle) {
        let engine = self.engine.get_or_init(|| engine);
        let (watch, handle) = (Arc::downgrade(self), engine.clone());
        engine.when_started(move |started| {
            if let (Some(watch), Ok(started)) = (watch.upgrade(), started) {
                watch.lease.get_or_init(|| handle.lease(&started, &watch.call));
            }
        });
    }

    pub(super) fn guard(&self) -> Guard<'_> {
        match (self.lease.get(), self.engine.get()) {
            (Some(lease), _) if !lease.call.is_closed() => Guard::Call(&lease.call),
            (None, Some(engine)) if engine.state_name() == "starting" => Guard::Starting,
            _ => Guard::Missing,
        }
    }
}
