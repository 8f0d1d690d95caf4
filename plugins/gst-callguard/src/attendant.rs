//! The attendant: an element's own thread for all that may take time. It waits for the engine, opens the stream, and posts what
//! the engine finds; the streaming thread only looks into a mailbox.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use callguard_core::{CallEvent, EventType, MediaTime};
use callguard_engine::{EngineError, ErrorCode, LiveCall, Subscription};
use crossbeam_channel::{Receiver, Sender, unbounded};
use crossbeam_queue::ArrayQueue;
use gst::glib;
use gst::prelude::*;

use crate::message::{self, CallguardMessage, Fault};
use crate::settings::{OnMissingEngine, Wishes};
use crate::supply::{EngineHandle, Lease, Started, lock, trouble};
use crate::tap::Tap;

/// How long the attendant waits for events before it looks for notes unasked: a note interrupts the wait.
const TURN: Duration = Duration::from_secs(1);

/// A tap on its way to the streaming thread.
pub(crate) struct Opened<T> {
    pub tap: T,
    /// The call it leads into.
    pub call: LiveCall,
    /// How far the call has come.
    pub now: MediaTime,
}

enum Note {
    Started(Started),
    Open,
    Lost(&'static str),
    Stop,
}

/// What element, streaming thread and attendant share.
pub(crate) struct Link<T> {
    wishes: Wishes,
    engine: EngineHandle,
    mailbox: ArrayQueue<Opened<T>>,
    /// The stream's name in the call.
    stream: Mutex<String>,
    wanted: AtomicBool,
    lost: AtomicBool,
    stopped: AtomicBool,
    lease: Mutex<Option<Lease>>,
    subscription: OnceLock<Subscription>,
    notes: Sender<Note>,
}

impl<T: Tap> Link<T> {
    /// The tap that was opened meanwhile. For the streaming thread: never waits.
    pub(crate) fn take(&self) -> Option<Opened<T>> {
        self.mailbox.pop()
    }

    /// Has a tap opened soon. For the streaming thread: never waits.
    pub(crate) fn want(&self) {
        self.wanted.store(true, Ordering::Release);
        self.note(Note::Open);
    }

    /// Has a tap opened: at once where the engine runs, so that the first buffer is heard.
    pub(crate) fn want_now(&self) {
        self.wanted.store(true, Ordering::Release);
        self.open();
    }

    /// No tap is wanted any more.
    pub(crate) fn unwant(&self) {
        self.wanted.store(false, Ordering::Release);
        drop(self.mailbox.pop());
    }

    /// The engine was lost on the way. For the streaming thread: never waits.
    pub(crate) fn lose(&self, why: &'static str) {
        self.lost.store(true, Ordering::Release);
        self.note(Note::Lost(why));
    }

    /// There is no engine, and the element was told to stop then.
    pub(crate) fn refuses(&self) -> bool {
        self.wishes.on_missing_engine == OnMissingEngine::Error && self.lost.load(Ordering::Acquire)
    }

    /// The call, where an engine runs.
    pub(crate) fn call(&self) -> Option<LiveCall> {
        lock(&self.lease).as_ref().map(|lease| lease.call.clone())
    }

    /// `starting`, `ready` or `unavailable`.
    pub(crate) fn engine_state(&self) -> &'static str {
        if self.lost.load(Ordering::Acquire) { "unavailable" } else { self.engine.state_name() }
    }

    fn note(&self, note: Note) {
        // Only fails where the thread is gone.
        let _ = self.notes.send(note);
        if let Some(subscription) = self.subscription.get() {
            subscription.interrupt();
        }
    }

    fn open(&self) {
        let lease = lock(&self.lease);
        let Some(Lease { call, .. }) = lease.as_ref() else { return };
        if !self.wanted.swap(false, Ordering::AcqRel) {
            return;
        }
        // One that nobody took would have the stream's name.
        drop(self.mailbox.pop());
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let now = call.snapshot().now;
            Opened { tap: T::open(call, &self.wishes.stream), call: call.clone(), now }
        }));
        match opened {
            Ok(opened) => {
                *lock(&self.stream) = opened.tap.stream().to_owned();
                self.lost.store(false, Ordering::Release);
                self.mailbox.force_push(opened);
            }
            Err(_) => self.lose("opening the stream panicked"),
        }
    }
}

/// The thread and the element's end of it. Dropping it ends both.
pub(crate) struct Attendant<T: Tap> {
    link: Arc<Link<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Tap> Attendant<T> {
    /// Begins to look after an element.
    pub(crate) fn begin(element: &gst::Element, engine: EngineHandle, wishes: Wishes) -> Self {
        let (notes, inbox) = unbounded();
        let link = Arc::new(Link {
            engine: engine.clone(),
            mailbox: ArrayQueue::new(1),
            stream: Mutex::new(wishes.stream.clone()),
            wishes,
            wanted: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            lease: Mutex::new(None),
            subscription: OnceLock::new(),
            notes,
        });
        let mut work = Work { element: element.downgrade(), link: link.clone(), updated: None, seats: BTreeMap::new() };
        match engine.started() {
            // Its call is there before the first buffer.
            Some(started) => {
                if catch_unwind(AssertUnwindSafe(|| work.settle(started))).is_err() {
                    link.lose("opening the call panicked");
                }
            }
            None => {
                let waiting = Arc::downgrade(&link);
                engine.when_started(move |started| {
                    if let Some(link) = waiting.upgrade() {
                        link.note(Note::Started(started));
                    }
                });
            }
        }
        let thread = std::thread::Builder::new().name("callguard-attend".into()).spawn(move || {
            if catch_unwind(AssertUnwindSafe(|| work.run(&inbox))).is_err() {
                work.lost(&bug("the attendant panicked"));
            }
        });
        if let Err(error) = &thread {
            link.lost.store(true, Ordering::Release);
            gst::element_warning!(element, gst::ResourceError::Failed, ("The guard has no thread: {error}"));
        }
        Self { link, thread: thread.ok() }
    }

    pub(crate) fn link(&self) -> &Arc<Link<T>> {
        &self.link
    }
}

impl<T: Tap> Drop for Attendant<T> {
    fn drop(&mut self) {
        self.link.unwant();
        self.link.stopped.store(true, Ordering::Release);
        self.link.note(Note::Stop);
        let Some(thread) = self.thread.take() else { return };
        // A handler of our own message may be what stops the element: a thread cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() {
            let _ = thread.join();
        }
        drop(lock(&self.link.lease).take());
    }
}

/// What the attendant's thread works on.
struct Work<T: Tap> {
    element: glib::WeakRef<gst::Element>,
    link: Arc<Link<T>>,
    updated: Option<Instant>,
    /// The call's participants: whether it is this element's stream that they are heard in.
    seats: BTreeMap<u32, bool>,
}

impl<T: Tap> Work<T> {
    fn run(&mut self, inbox: &Receiver<Note>) {
        let link = self.link.clone();
        let mut over = false;
        while !link.stopped.load(Ordering::Acquire) {
            let note = match link.subscription.get().filter(|_| !over) {
                Some(subscription) => {
                    if let Some(event) = subscription.recv_timeout(TURN) {
                        self.post(&event);
                    } else if subscription.is_closed() {
                        over = true;
                        let (what, todo) = ("the engine or the call was stopped", "Start a new one.");
                        self.lost(&trouble(ErrorCode::EngineStopped, "alert", what, todo));
                    }
                    inbox.try_recv().ok()
                }
                None => inbox.recv().ok(),
            };
            match note {
                Some(Note::Started(started)) => self.settle(started),
                Some(Note::Open) => link.open(),
                Some(Note::Lost(why)) => self.lost(&bug(why)),
                Some(Note::Stop) | None => {}
            }
        }
    }

    fn settle(&mut self, started: Started) {
        match started {
            Ok(engine) => {
                let lease = self.link.engine.lease(&engine, &self.link.wishes.call);
                // An attendant settles once.
                let _ = self.link.subscription.set(lease.call.subscribe());
                *lock(&self.link.lease) = Some(lease);
                self.link.open();
            }
            Err(error) => self.lost(&error),
        }
    }

    /// There is no engine (any more): says so for programs and for people.
    fn lost(&self, error: &EngineError) {
        if let Some(element) = self.element() {
            self.send(&element, message::unavailable(&self.link.wishes.call), Some(error.into()));
        }
        self.complain(error);
    }

    /// A warning, or where that was wished for, an error that stops.
    fn complain(&self, error: &EngineError) {
        self.link.lost.store(true, Ordering::Release);
        // A handler of the message before may have stopped the element.
        let Some(element) = self.element() else { return };
        let (text, debug) =
            (format!("{}. {}", error.message, error.hint), format!("{} in {}", error.code, error.stage));
        match self.link.wishes.on_missing_engine {
            OnMissingEngine::Warn => {
                gst::element_warning!(element, gst::ResourceError::NotFound, ("Not guarded: {text}"), ["{debug}"]);
            }
            OnMissingEngine::Error => {
                gst::element_error!(element, gst::ResourceError::NotFound, ("Not guarded: {text}"), ["{debug}"]);
            }
        }
    }

    /// The element, unless it is on its way down: whoever took it to NULL wants to hear no more.
    fn element(&self) -> Option<gst::Element> {
        self.element.upgrade().filter(|_| !self.link.stopped.load(Ordering::Acquire))
    }

    /// Whether an event is of this element's own stream, or of the call as a whole.
    fn ours(&mut self, event: &CallEvent) -> bool {
        let Some(participant) = event.participant else { return true };
        if let Some(ours) = self.seats.get(&participant) {
            return *ours;
        }
        let Some(call) = self.link.call() else { return false };
        let name = lock(&self.link.stream).clone();
        for stream in call.snapshot().streams {
            for id in stream.participants {
                self.seats.insert(id.0, stream.kind == T::KIND && stream.name == name);
            }
        }
        self.seats.get(&participant).copied().unwrap_or_default()
    }

    fn post(&mut self, event: &CallEvent) {
        if !self.ours(event) {
            return;
        }
        if event.r#type == EventType::Update {
            let now = Instant::now();
            if self.updated.is_some_and(|before| now.duration_since(before) < self.link.wishes.update_interval) {
                return;
            }
            self.updated = Some(now);
        }
        let Some(element) = self.element() else { return };
        if event.r#type == EventType::EngineUnavailable {
            let why = event.unobserved.as_deref().unwrap_or("the detector broke down");
            let todo = "Run `callguard models verify`; if the model is whole, report this.";
            let error = trouble(ErrorCode::DetectorFailed, "detect", why, todo);
            self.send(&element, event.clone(), Some(Fault::from(&error)));
            self.complain(&error);
        } else {
            self.send(&element, event.clone(), None);
        }
    }

    fn send(&self, element: &gst::Element, event: CallEvent, fault: Option<Fault>) {
        let message = CallguardMessage { stream: lock(&self.link.stream).clone(), event, fault };
        match message.to_structure() {
            // Without a bus nobody listens, which is no error.
            Ok(structure) => drop(element.post_message(gst::message::Element::builder(structure).src(element).build())),
            Err(error) => gst::element_warning!(element, gst::CoreError::Failed, ("No message: {error}")),
        }
    }
}

fn bug(what: &str) -> EngineError {
    trouble(ErrorCode::DetectorFailed, "capture", what, "This is a bug: please report it.")
}
