//! Where an element's engine comes from, and how long it lives.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use callguard_engine::{Engine, EngineConfig, EngineError, ErrorCode, LiveCall};
use gst::glib;

/// What came of a start.
pub type Started = Result<Engine, Arc<EngineError>>;
type Waiter = Box<dyn FnOnce(Started) + Send>;

/// An engine that runs, is still starting, or could not be started. Elements share it through a context.
// A host program and a plugin file are two builds of this type that may meet in one process: each gets a GType of its
// own, so that neither takes the other's value for its own.
#[derive(Clone, glib::Boxed)]
#[boxed_type(name = "CallguardEngineHandle", allow_name_conflict)]
pub struct EngineHandle(Arc<Slot>);

struct Slot {
    state: Mutex<State>,
    /// Started by an element, so its elements also end it and its calls.
    owned: bool,
    calls: Mutex<HashMap<String, usize>>,
}

enum State {
    Starting(Vec<Waiter>),
    Done(Started),
}

/// What an element starts an engine with, where it is given none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub models: Option<PathBuf>,
    pub library: Option<PathBuf>,
}

/// Engines that elements have started, one for each recipe. Weak: the last element that leaves ends it.
static STARTED: Mutex<Vec<(Recipe, Weak<Slot>)>> = Mutex::new(Vec::new());

impl fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineHandle").field("state", &self.state_name()).field("owned", &self.0.owned).finish()
    }
}

impl EngineHandle {
    /// An engine that the application started and will stop.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self(Arc::new(Slot { state: Mutex::new(State::Done(Ok(engine))), owned: false, calls: Mutex::default() }))
    }

    /// The process-wide engine of a recipe; starts it on a thread of its own where it does not run.
    pub(crate) fn shared(recipe: &Recipe) -> Self {
        let mut started = lock(&STARTED);
        started.retain(|(_, slot)| slot.strong_count() > 0);
        if let Some(slot) = started.iter().find(|(r, _)| r == recipe).and_then(|(_, slot)| slot.upgrade()) {
            return Self(slot);
        }
        let config =
            EngineConfig { models: recipe.models.clone(), library: recipe.library.clone(), ..EngineConfig::default() };
        let handle = Self::start_with(move || Engine::start(config));
        started.push((recipe.clone(), Arc::downgrade(&handle.0)));
        handle
    }

    /// Runs `start`, which may take seconds, on a thread of its own; until it is done, elements pass their buffers unheard. The
    /// engine ends with the last holder of the handle, a call with the last element in it.
    pub fn start_with(start: impl FnOnce() -> Result<Engine, EngineError> + Send + 'static) -> Self {
        let slot =
            Arc::new(Slot { state: Mutex::new(State::Starting(Vec::new())), owned: true, calls: Mutex::default() });
        let weak = Arc::downgrade(&slot);
        let thread = std::thread::Builder::new().name("callguard-start".into());
        let spawned = thread.spawn(move || {
            let started = catch_unwind(AssertUnwindSafe(start)).unwrap_or_else(|_| Err(panicked())).map_err(Arc::new);
            match (weak.upgrade(), started) {
                (Some(slot), started) => slot.finish(started),
                // Everybody left meanwhile.
                (None, Ok(engine)) => engine.stop(),
                (None, Err(_)) => {}
            }
        });
        if let Err(error) = spawned {
            let message = format!("no thread to start the engine on: {error}");
            slot.finish(Err(Arc::new(trouble(ErrorCode::NoThreads, "setup", &message, "Lower the system's load."))));
        }
        Self(slot)
    }

    /// The outcome, where it is known.
    pub(crate) fn started(&self) -> Option<Started> {
        match &*lock(&self.0.state) {
            State::Starting(_) => None,
            State::Done(started) => Some(started.clone()),
        }
    }

    /// Calls `then` when the outcome is known: at once, or on the starting thread.
    pub(crate) fn when_started(&self, then: impl FnOnce(Started) + Send + 'static) {
        let done = match &mut *lock(&self.0.state) {
            State::Starting(waiters) => {
                waiters.push(Box::new(then));
                return;
            }
            State::Done(started) => started.clone(),
        };
        then(done);
    }

    /// `starting`, `ready` or `unavailable`.
    pub(crate) fn state_name(&self) -> &'static str {
        match &*lock(&self.0.state) {
            State::Starting(_) => "starting",
            State::Done(Ok(_)) => "ready",
            State::Done(Err(_)) => "unavailable",
        }
    }

    /// The call of a name. Of an engine that elements started, the last lease closes the call; else the application does.
    pub(crate) fn lease(&self, engine: &Engine, name: &str) -> Lease {
        // Held until the call is there: else another's last lease could close it in between.
        let mut calls = lock(&self.0.calls);
        let call = engine.live(name);
        *calls.entry(name.into()).or_default() += 1;
        Lease { call, name: name.into(), slot: self.0.clone() }
    }
}

impl Slot {
    fn finish(&self, started: Started) {
        let before = std::mem::replace(&mut *lock(&self.state), State::Done(started.clone()));
        if let State::Starting(waiters) = before {
            for waiter in waiters {
                waiter(started.clone());
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let (true, State::Done(Ok(engine))) = (self.owned, &*lock(&self.state)) {
            engine.stop();
        }
    }
}

/// An element's share of a call.
pub(crate) struct Lease {
    pub call: LiveCall,
    name: String,
    slot: Arc<Slot>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut calls = lock(&self.slot.calls);
        if let Some(count) = calls.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                calls.remove(&self.name);
                if self.slot.owned {
                    self.call.close();
                }
            }
        }
    }
}

fn panicked() -> EngineError {
    trouble(ErrorCode::DetectorFailed, "setup", "starting the engine panicked", "This is a bug: please report it.")
}

/// An error of the elements' own.
pub(crate) fn trouble(code: ErrorCode, stage: &str, message: &str, hint: &str) -> EngineError {
    EngineError { code, stage: stage.into(), message: message.into(), hint: hint.into() }
}

/// Every lock here guards plain data that a panic cannot leave half written.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
