//! The attendant: an element's own thread for all that may take time. It waits for the engine, opens the stream, and posts what
//! the engine finds; the streaming thread only looks into a mailbox.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use callguard_core::{CallEvent, EventType, MediaTime};
use callguard_engine::{AudioTap, EngineError, ErrorCode, LiveCall, Subscription};
use crossbeam_channel::{Receiver, Sender, unbounded};
use crossbeam_queue::ArrayQueue;
use gst::glib;
use gst::prelude::*;

use crate::message::{self, CallguardMessage, Fault};
use crate::settings::{OnMissingEngine, Wishes};
use crate::supply::{EngineHandle, Lease, Started, lock, trouble};

/// How long an event may wait for the attendant, which waits for events and notes in turn.
const TURN: Duration = Duration::from_millis(50);

/// A way into a call.
pub(crate) trait Tap: Send + Sized + 'static {
    /// Opens a stream of the call. May wait for the call's locks.
    fn open(call: &LiveCall, stream: &str) -> Self;
    /// The name that the call gave it: another where there was one of the wished for.
    fn stream(&self) -> &str;
}

impl Tap for AudioTap {
    fn open(call: &LiveCall, stream: &str) -> Self {
        call.audio(stream)
    }

    fn stream(&self) -> &str {
        self.stream()
    }
}

/// A tap on its way to the streaming thread.
pub(crate) struct Opened<T> {
    pub tap: T,
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
    }

    fn open(&self) {
        let lease = lock(&self.lease);
        let Some(lease) = lease.as_ref() else { return };
        if self.wanted.swap(false, Ordering::AcqRel) {
            let now = lease.call.snapshot().now;
            let tap = T::open(&lease.call, &self.wishes.stream);
            *lock(&self.stream) = tap.stream().to_owned();
            self.mailbox.force_push(Opened { tap, now });
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
            notes,
        });
        let mut work = Work {
            element: element.downgrade(),
            link: link.clone(),
            subscription: None,
            updated: None,
            seats: BTreeMap::new(),
        };
        match engine.started() {
            // Its call is there before the first buffer.
            Some(started) => work.settle(started),
            None => {
                let waiting = Arc::downgrade(&link);
                engine.when_started(move |started| {
                    if let Some(link) = waiting.upgrade() {
                        link.note(Note::Started(started));
                    }
                });
            }
        }
        let thread = std::thread::Builder::new().name("callguard-attend".into()).spawn(move || work.run(&inbox));
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
    subscription: Option<Subscription>,
    updated: Option<Instant>,
    /// The call's participants: whether it is this element's stream that they are heard in.
    seats: BTreeMap<u32, bool>,
}

impl<T: Tap> Work<T> {
    fn run(&mut self, inbox: &Receiver<Note>) {
        while !self.link.stopped.load(Ordering::Acquire) {
            let note = match &self.subscription {
                Some(subscription) => {
                    if let Some(event) = subscription.recv_timeout(TURN) {
                        self.post(&event);
                    } else if subscription.is_closed() {
                        self.subscription = None;
                        self.lost(&trouble(
                            ErrorCode::EngineStopped,
                            "alert",
                            "the engine or the call was stopped",
                            "Start a new one.",
                        ));
                    }
                    inbox.try_recv().ok()
                }
                None => inbox.recv().ok(),
            };
            match note {
                Some(Note::Started(started)) => self.settle(started),
                Some(Note::Open) => self.link.open(),
                Some(Note::Lost(why)) => {
                    self.lost(&trouble(ErrorCode::DetectorFailed, "capture", why, "This is a bug: please report it."));
                }
                Some(Note::Stop) | None => {}
            }
        }
    }

    fn settle(&mut self, started: Started) {
        match started {
            Ok(engine) => {
                let lease = self.link.engine.lease(&engine, &self.link.wishes.call);
                self.subscription = Some(lease.call.subscribe());
                *lock(&self.link.lease) = Some(lease);
                self.link.open();
            }
            Err(error) => self.lost(&error),
        }
    }

    /// Says so on the bus, three times: for people, for programs, and where that was wished for, as an error that stops.
    fn lost(&self, error: &EngineError) {
        self.link.lost.store(true, Ordering::Release);
        let Some(element) = self.element() else { return };
        let (text, debug) =
            (format!("{}. {}", error.message, error.hint), format!("{} in {}", error.code, error.stage));
        self.send(&element, message::unavailable(&self.link.wishes.call), Some(error.into()));
        // A handler of that message may have stopped the element.
        let Some(element) = self.element() else { return };
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
            if let Some(id) = stream.participant {
                self.seats.insert(id.0, stream.name == name);
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
        if let Some(element) = self.element() {
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
