//! Coded pictures to an SRT address, from a pipeline of their own: whether anyone receives them is nothing to the source that is watched.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app::{AppLeakyType, AppSink, AppSinkCallbacks, AppSrc};

use super::branch::broken;
use crate::alert::backoff::{Backoff, draw};
use crate::capture::Srt;
use crate::capture::element::make;
use crate::trouble::Trouble;

/// Packets of 1316 bytes that may wait: two seconds at 2 Mbit/s. More come than go where the receiver is slow; those are dropped.
const WAITING: usize = 400;
/// As many bytes in the pipeline that sends.
const WAITING_BYTES: u64 = WAITING as u64 * 1316;
/// Between tries to reach a receiver.
const AGAIN: Backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(5) };
/// How soon it is noticed that nobody sends any more, or that the receiver is gone.
const STEP: Duration = Duration::from_millis(100);

/// An address that takes the pictures of one stream.
#[derive(Clone, Debug)]
pub struct Relay {
    to: Srt,
    taken: Arc<AtomicBool>,
}

impl PartialEq for Relay {
    fn eq(&self, other: &Self) -> bool {
        self.to == other.to
    }
}

impl Eq for Relay {}

/// The place at an address, given back with what holds it.
struct Held(Arc<AtomicBool>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Relay {
    pub fn new(to: Srt) -> Self {
        Self { to, taken: Arc::default() }
    }

    /// The end of a stream's pipeline: what takes MPEG-TS packets and never waits; `None`: another stream is there.
    ///
    /// # Errors
    /// Where an element is missing.
    pub fn sink(&self, shown: &str) -> Result<Option<gst::Element>, Trouble> {
        if self.taken.swap(true, Ordering::AcqRel) {
            return Ok(None);
        }
        let held = Held(Arc::clone(&self.taken));
        let sink = make("appsink")?.downcast::<AppSink>().map_err(|_| broken(shown, &"no appsink"))?;
        // What is missing is told now, not by the thread.
        self.to.sink()?;
        sink.set_sync(false);
        sink.set_async(false);
        let (sender, packets) = bounded(WAITING);
        let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
            let _ = &held;
            if let Some(packet) = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?.buffer_owned() {
                let _ = sender.try_send(packet);
            }
            Ok(gst::FlowSuccess::Ok)
        });
        sink.set_callbacks(callbacks.build());
        let (to, shown) = (self.to.clone(), shown.to_owned());
        std::thread::spawn(move || relay(&to, &shown, &packets));
        Ok(Some(sink.upcast()))
    }
}

/// Sends, and reaches the receiver again where it is gone, until no more packets can come.
fn relay(to: &Srt, shown: &str, packets: &Receiver<gst::Buffer>) {
    let mut failures = 0;
    loop {
        let begun = Instant::now();
        let Err(why) = send(to, packets) else { return };
        failures = if begun.elapsed() > AGAIN.longest { 1 } else { failures + 1 };
        let wait = AGAIN.wait(failures, draw());
        if failures == 1 {
            tracing::warn!(
                stage = "report",
                source = shown,
                to = to.uri(),
                why,
                "nobody receives the overlay; it is tried again"
            );
        }
        let until = Instant::now() + wait;
        // What comes meanwhile is nobody's.
        loop {
            match packets.recv_deadline(until) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// One connection. Ends well where no more packets can come.
fn send(to: &Srt, packets: &Receiver<gst::Buffer>) -> Result<(), String> {
    let pipeline = Ended(gst::Pipeline::new());
    let (source, sink) = (make("appsrc").map_err(|t| t.message)?, to.sink().map_err(|t| t.message)?);
    let source = source.downcast::<AppSrc>().map_err(|_| "no appsrc")?;
    source.set_max_bytes(WAITING_BYTES);
    source.set_leaky_type(AppLeakyType::Downstream);
    pipeline.0.add_many([source.upcast_ref(), &sink]).and_then(|()| source.link(&sink)).map_err(|e| e.to_string())?;
    let bus = pipeline.0.bus().ok_or("no bus")?;
    let error = || {
        let message = bus.pop_filtered(&[gst::MessageType::Error])?;
        if let gst::MessageView::Error(error) = message.view() { Some(error.error().to_string()) } else { None }
    };
    // A caller waits here for its receiver, up to SRT's three seconds.
    pipeline.0.set_state(gst::State::Playing).map_err(|_| error().unwrap_or_else(|| "it does not start".to_owned()))?;
    while packets.try_recv().is_ok() {}
    loop {
        if let Some(error) = error() {
            return Err(error);
        }
        match packets.recv_timeout(STEP) {
            Ok(packet) => source.push_buffer(packet).map(drop).map_err(|e| error().unwrap_or_else(|| e.to_string()))?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// A pipeline that is stopped with its owner.
struct Ended(gst::Pipeline);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}
