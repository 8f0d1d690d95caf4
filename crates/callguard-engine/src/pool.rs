//! A fixed pool of threads on which calls take turns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded, select};

/// Calls that may wait for a turn. A call waits at most once, so this is also how many calls one engine is good for.
const QUEUE: usize = 4096;

/// Something that takes turns: at any time on one thread at most.
pub(crate) trait Actor: Send + Sync {
    fn state(&self) -> &TurnState;
    /// Does what is to be done, in short. Called again if it was woken meanwhile.
    fn turn(&self);
}

const IDLE: u8 = 0;
const QUEUED: u8 = 1;
const RUNNING: u8 = 2;
/// Woken during its turn.
const AGAIN: u8 = 3;

/// Where an actor stands.
#[derive(Debug, Default)]
pub(crate) struct TurnState(AtomicU8);

/// The queue's way in; every call and tap has one.
#[derive(Clone)]
pub(crate) struct Waker(Sender<Arc<dyn Actor>>);

impl Waker {
    /// Gives the actor a turn soon, unless it waits for one already. Never waits.
    pub(crate) fn wake(&self, actor: &Arc<dyn Actor>) {
        let state = &actor.state().0;
        let mut now = state.load(Ordering::Acquire);
        loop {
            let next = match now {
                IDLE => QUEUED,
                RUNNING => AGAIN,
                _ => return,
            };
            match state.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) if next == QUEUED => return self.queue(actor),
                Ok(_) => return,
                Err(other) => now = other,
            }
        }
    }

    fn queue(&self, actor: &Arc<dyn Actor>) {
        // No room, or nobody left to do it: the watchdog wakes every call again within its period.
        if let Err(TrySendError::Full(a) | TrySendError::Disconnected(a)) = self.0.try_send(actor.clone()) {
            a.state().0.store(IDLE, Ordering::Release);
        }
    }
}

/// The threads.
pub(crate) struct Pool {
    stop: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    pub(crate) fn start(threads: usize) -> std::io::Result<(Self, Waker)> {
        let (sender, receiver) = bounded::<Arc<dyn Actor>>(QUEUE);
        let (stop, stopped) = bounded::<()>(0);
        let waker = Waker(sender);
        let mut pool = Self { stop: Some(stop), threads: Vec::new() };
        for i in 0..threads.max(1) {
            let (receiver, stopped, waker) = (receiver.clone(), stopped.clone(), waker.clone());
            let thread = std::thread::Builder::new().name(format!("callguard-{i}"));
            pool.threads.push(thread.spawn(move || work(&receiver, &stopped, &waker))?);
        }
        Ok((pool, waker))
    }

    /// Lets turns that began end, and waits for the threads, but not for ever.
    pub(crate) fn stop(&mut self, at_most: Duration) {
        self.stop = None;
        join(&mut self.threads, at_most);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

/// Waits for threads until a time. One that is stuck in foreign code is left behind: it holds nothing but its own work.
pub(crate) fn join(threads: &mut Vec<JoinHandle<()>>, at_most: Duration) {
    let until = Instant::now() + at_most;
    let me = std::thread::current().id();
    for thread in threads.drain(..) {
        while !thread.is_finished() && thread.thread().id() != me && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        if thread.is_finished() && thread.join().is_err() {
            tracing::error!("a worker thread ended in a panic");
        }
    }
}

fn work(receiver: &Receiver<Arc<dyn Actor>>, stopped: &Receiver<()>, waker: &Waker) {
    loop {
        // What was queued before the stop is left: its call is closed.
        if stopped.try_recv() == Err(TryRecvError::Disconnected) {
            return;
        }
        let actor = select! {
            recv(receiver) -> actor => actor,
            recv(stopped) -> _ => return,
        };
        let Ok(actor) = actor else { return };
        let state = &actor.state().0;
        state.store(RUNNING, Ordering::Release);
        // An actor looks after its own panics; this is for the thread's sake.
        if catch_unwind(AssertUnwindSafe(|| actor.turn())).is_err() {
            tracing::error!(stage = "detect", "a call's turn ended in a panic");
        }
        if state.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire).is_err() {
            state.store(QUEUED, Ordering::Release);
            waker.queue(&actor);
        }
    }
}
