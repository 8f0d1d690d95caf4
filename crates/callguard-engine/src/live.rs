//! A live call: an actor that takes turns on the engine's workers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use callguard_audio::Block as Heard;
use callguard_core::{AlertKey, EventType, MediaTime, ParticipantId, ParticipantKind, Span};
use crossbeam_queue::SegQueue;
use uuid::Uuid;

use crate::alert::{About, Hub, Stamp, Subscription};
use crate::capture::{AudioTap, BLOCK, Block, Control, StreamQueue, What};
use crate::detect::{Answer, Detector, Entry, Job, Reply, Voice, Window, words};
use crate::engine::{Engine, lock};
use crate::fuse::{Act, Changed, Fusion};
use crate::pool::{Actor, TurnState, Waker};
use crate::report::{CallReport, StreamReport};

/// Windows, points and stretches that a live call keeps for its report: an hour of half-second hops.
const KEEP: usize = 7200;
/// Blocks of one stream in one turn: two seconds, then another call has its turn.
const BLOCKS_A_TURN: usize = 20;
/// Streams of one call: the limit on what comes from outside.
const MOST_STREAMS: usize = 16;
/// Time goes on without media once a stream was silent for so long; short of it the next block is only on its way.
const SILENT: Duration = Duration::from_millis(750);
/// A stream whose time is further than this from the call's runs on another clock: another pipeline, or one that began anew. Less is
/// how far pipelines of one clock are apart.
const OTHER_CLOCK: Duration = Duration::from_secs(5);
/// How far the decision's clock stays behind what was heard: the gate tells what it heard up to a fifth of a second later.
const BEHIND: Duration = Duration::from_millis(250);
/// How long closing waits for the last windows' answers.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// At most one update a second and participant.
const UPDATE: Duration = Duration::from_secs(1);

/// A live call. Clones are the same call; it ends with [`close`](Self::close) or with its engine.
#[derive(Clone)]
pub struct LiveCall(Arc<CallActor>);

impl std::fmt::Debug for LiveCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveCall").field("id", &self.id()).field("name", &self.name()).finish_non_exhaustive()
    }
}

impl LiveCall {
    pub(crate) fn new(actor: Arc<CallActor>) -> Self {
        Self(actor)
    }

    /// UUIDv7.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// A way in for one audio stream; its first sample seats a voice. A name whose producer is gone is the same seat again, judged anew;
    /// one whose producer is there gets a number. Takes locks: not for a media thread.
    #[must_use]
    pub fn audio(&self, stream: &str) -> AudioTap {
        self.0.audio(stream)
    }

    /// Its events from now on, beginning with how things stand.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        self.0.hub.subscribe()
    }

    /// How it stands.
    #[must_use]
    pub fn snapshot(&self) -> CallReport {
        self.0.report()
    }

    /// Notes that a person knows of an alert; false where there is none of that number that nobody knew of.
    #[must_use]
    pub fn acknowledge(&self, key: AlertKey) -> bool {
        let inside = &mut *lock(&self.0.inside);
        let changes = inside.fusion.acknowledge(key);
        self.0.tell(inside, &changes);
        !changes.is_empty()
    }

    /// Judges what waits, tells that everyone left, and ends. A model that is asked by then is waited for, a second at most.
    pub fn close(&self) {
        self.0.close();
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// One stream with its queue and its voice.
struct Stream {
    name: String,
    queue: Arc<StreamQueue>,
    voice: Option<Voice>,
    /// The next block's number; another one means that blocks were lost.
    next_seq: u64,
    control: Option<Control>,
    /// Nanoseconds from its own time to the call's.
    shift: i64,
    /// When its newest block was pushed.
    newest: Option<Instant>,
    /// Wall-clock time between pushing and hearing.
    latency: Duration,
    ended: bool,
    asked: Vec<(u64, Instant)>,
}

struct Inside {
    fusion: Fusion,
    stamp: Stamp,
    streams: Vec<Stream>,
    updated: Vec<(ParticipantId, Instant)>,
}

/// The actor behind a [`LiveCall`].
pub(crate) struct CallActor {
    id: String,
    name: String,
    me: Weak<Self>,
    turn: TurnState,
    waker: Waker,
    entry: Entry,
    detector: Detector,
    deadline: Duration,
    hop_blocks: usize,
    /// Answers on their way back; bounded by the windows in flight.
    answers: SegQueue<(usize, u64, Answer)>,
    inside: Mutex<Inside>,
    hub: Hub,
    closed: AtomicBool,
}

impl CallActor {
    pub(crate) fn new(engine: &Engine, name: &str) -> Arc<Self> {
        let config = engine.config();
        let inside = Inside {
            fusion: engine.live_fusion(KEEP),
            stamp: Stamp::new(name),
            streams: Vec::new(),
            updated: Vec::new(),
        };
        Arc::new_cyclic(|me| Self {
            id: Uuid::now_v7().to_string(),
            name: name.to_owned(),
            me: me.clone(),
            turn: TurnState::default(),
            waker: engine.waker(),
            entry: engine.entry(),
            detector: engine.detector().clone(),
            deadline: config.deadline,
            hop_blocks: (config.hop.as_millis() / BLOCK.as_millis()).max(1) as usize,
            answers: SegQueue::new(),
            inside: Mutex::new(inside),
            hub: Hub::default(),
            closed: AtomicBool::new(false),
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn audio(&self, wanted: &str) -> AudioTap {
        let mut inside = lock(&self.inside);
        let mut name = wanted.to_owned();
        for n in 2.. {
            match inside.streams.iter().find(|s| s.name == name) {
                None => break,
                Some(s) if s.queue.attach() => {
                    s.queue.announce(Control {
                        from_seq: s.queue.next_seq(),
                        what: What::Epoch(callguard_core::EpochReason::Restarted),
                    });
                    return self.tap(&name, s.queue.clone());
                }
                Some(_) => name = format!("{wanted}-{n}"),
            }
        }
        let queue = Arc::new(StreamQueue::new(self.hop_blocks));
        if inside.streams.len() < MOST_STREAMS {
            inside.streams.push(Stream {
                name: name.clone(),
                queue: queue.clone(),
                voice: None,
                next_seq: 0,
                control: None,
                shift: 0,
                newest: None,
                latency: Duration::ZERO,
                ended: false,
                asked: Vec::new(),
            });
        } else {
            // Nobody will read it: what overflows is counted on the tap.
            tracing::error!(stage = "capture", call = %self.name, stream = %name, "more than {MOST_STREAMS} streams: this one is not heard");
        }
        self.tap(&name, queue)
    }

    fn tap(&self, name: &str, queue: Arc<StreamQueue>) -> AudioTap {
        AudioTap::new(self.actor(), self.waker.clone(), name.to_owned(), queue)
    }

    /// Itself, as the pool takes it.
    pub(crate) fn actor(&self) -> Arc<dyn Actor> {
        // `self` is only ever inside its own Arc, which whoever calls holds.
        self.me.upgrade().expect("a call is only made inside its Arc")
    }

    fn report(&self) -> CallReport {
        let inside = lock(&self.inside);
        let streams = inside.streams.iter().map(|s| StreamReport {
            name: s.name.clone(),
            participant: s.voice.as_ref().map(Voice::participant),
            stats: s.queue.stats(),
            latency: s.latency,
            failed: s.voice.as_ref().and_then(Voice::failed).map(str::to_owned),
        });
        let alerts = inside.stamp.alerts();
        let id = |key| alerts.get(&key).cloned().unwrap_or_default();
        CallReport::of(&inside.fusion, self.id.clone(), &self.name, id, streams.collect())
    }

    pub(crate) fn close(&self) {
        self.close_by(Instant::now() + self.deadline.min(LAST_ANSWERS));
    }

    /// As [`LiveCall::close`]; answers that are not there by `until` are late.
    pub(crate) fn close_by(&self, until: Instant) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let inside = &mut *lock(&self.inside);
        while inside.streams.iter().any(|s| !s.queue.is_empty()) {
            self.hear(inside);
        }
        for (index, stream) in inside.streams.iter_mut().enumerate() {
            let mut ask = Vec::new();
            if let Some(voice) = &mut stream.voice {
                voice.flush(&mut ask);
            }
            self.submit(index, stream, ask);
        }
        self.answer(inside, false);
        while inside.streams.iter().any(|s| !s.asked.is_empty()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
            self.answer(inside, false);
        }
        self.answer(inside, true);
        self.fuse(inside);
        let who: Vec<_> = inside.fusion.participants().map(callguard_core::Participant::id).collect();
        for id in who {
            let change = callguard_core::Change::Left { participant: id };
            self.tell(inside, &[Changed { at: inside.fusion.now(), change }]);
        }
        self.hub.close();
    }

    /// Blocks become windows, and windows go to the model.
    fn hear(&self, inside: &mut Inside) {
        let Inside { fusion, stamp, streams, .. } = inside;
        let live: Vec<usize> = (0..streams.len()).filter(|i| streams[*i].is_live()).collect();
        for (index, stream) in streams.iter_mut().enumerate() {
            let others = live.iter().any(|i| *i != index);
            let mut ask = Vec::new();
            for _ in 0..BLOCKS_A_TURN {
                stream.control(self, fusion, &mut ask);
                let Some(block) = stream.queue.take() else { break };
                let joined = stream.hear(&block, others, self, fusion, &mut ask);
                if let Some(joined) = joined {
                    let event = stamp.change(&joined, fusion, About::default());
                    self.hub.publish(event);
                }
                stream.queue.top_up(block.pcm.capacity());
                stream.queue.recycle(block);
            }
            stream.control(self, fusion, &mut ask);
            self.submit(index, stream, ask);
        }
    }

    fn submit(&self, index: usize, stream: &mut Stream, ask: Vec<Window>) {
        let deadline = Instant::now() + self.deadline;
        for window in ask {
            let Some(reply) = self.me.upgrade() else { return };
            let id = window.id;
            stream.asked.push((id, deadline));
            let job = Job { stream: index, window: id, samples: window.samples, deadline, reply };
            if self.entry.submit(job).is_err() {
                self.answers.push((index, id, Answer::Late));
            }
        }
    }

    /// Hands answers to their voices. A window whose deadline has passed is late whether or not its model ever answers.
    fn answer(&self, inside: &mut Inside, all: bool) {
        while let Some((stream, id, answer)) = self.answers.pop() {
            if let Some(Stream { voice: Some(voice), asked, .. }) = inside.streams.get_mut(stream) {
                asked.retain(|(asked, _)| *asked != id);
                voice.answer(id, &answer);
            }
        }
        let now = Instant::now();
        for Stream { voice, asked, queue, .. } in &mut inside.streams {
            let Some(voice) = voice else { continue };
            asked.retain(|(id, deadline)| {
                let late = all || now > *deadline;
                if late {
                    voice.answer(*id, &Answer::Late);
                }
                !late
            });
            queue.counters.late_windows.store(voice.late(), Ordering::Relaxed);
        }
    }

    /// What is decided goes to the decision, and what it changed goes out.
    fn fuse(&self, inside: &mut Inside) {
        let mut acts: Vec<Act> = Vec::new();
        let mut to = MediaTime::ZERO;
        for stream in &mut inside.streams {
            let Some(voice) = &mut stream.voice else { continue };
            voice.take(&mut acts);
            let silent = stream.newest.map_or(Duration::ZERO, |newest| newest.elapsed());
            let on = if silent > SILENT { voice.heard_to() + silent } else { voice.heard_to() - BEHIND };
            // An answer that is due may still change what is said of the time before it.
            if !voice.waits() {
                to = to.max(on);
            }
        }
        let to = acts.iter().map(|a| a.at).max().unwrap_or_default().max(to);
        if inside.streams.iter().any(|s| s.voice.is_some()) {
            let changes = inside.fusion.advance(to, acts);
            self.tell(inside, &changes);
        }
        self.news(inside);
        self.update(inside);
    }

    fn tell(&self, inside: &mut Inside, changes: &[Changed]) {
        let dropped = inside.dropped();
        for changed in changes {
            let event = inside.stamp.change(changed, &inside.fusion, About { dropped, ..About::default() });
            tracing::debug!(stage = "alert", call = %self.name, event = event.r#type.as_str(), seq = event.seq, "event");
            self.hub.publish(event);
        }
    }

    fn news(&self, inside: &mut Inside) {
        let dropped = inside.dropped();
        let now = inside.fusion.now();
        let Inside { fusion, stamp, streams, .. } = inside;
        for voice in streams.iter_mut().filter_map(|s| s.voice.as_mut()) {
            if let Some(reason) = voice.news() {
                let about = About { dropped, unobserved: Some(&reason) };
                let event = stamp.event(EventType::EngineUnavailable, Some(voice.participant()), now, fusion, about);
                self.hub.publish(event);
            }
        }
    }

    fn update(&self, inside: &mut Inside) {
        let dropped = inside.dropped();
        let now = Instant::now();
        let media = inside.fusion.now();
        let Inside { fusion, stamp, streams, updated, .. } = inside;
        for voice in streams.iter().filter_map(|s| s.voice.as_ref()) {
            let id = voice.participant();
            match updated.iter_mut().find(|(who, _)| *who == id) {
                Some((_, last)) if now.duration_since(*last) < UPDATE => continue,
                Some((_, last)) => *last = now,
                None => {
                    updated.push((id, now));
                    continue;
                }
            }
            let about = About { dropped, unobserved: voice.failed() };
            self.hub.publish(stamp.event(EventType::Update, Some(id), media, fusion, about));
        }
    }
}

impl Inside {
    fn dropped(&self) -> u64 {
        self.streams.iter().map(|s| s.queue.stats()).map(|s| s.dropped_frames + s.refused_frames).sum()
    }
}

impl Stream {
    /// Does what was announced, once the blocks before it were heard.
    fn control(&mut self, call: &CallActor, fusion: &Fusion, ask: &mut Vec<Window>) {
        loop {
            let Some(control) = self.control.take().or_else(|| self.queue.next_control()) else { return };
            if self.next_seq < control.from_seq && !self.queue.is_drained() {
                self.control = Some(control);
                return;
            }
            let Some(voice) = &mut self.voice else { continue };
            match control.what {
                What::Epoch(reason) => {
                    self.ended = false;
                    let at = voice.heard_to().max(fusion.now());
                    tracing::info!(stage = "capture", call = %call.name, stream = %self.name, ?reason, "judged anew");
                    voice.begin_epoch(reason, at, ask);
                }
                What::End => {
                    self.ended = true;
                    voice.flush(ask);
                }
            }
        }
    }

    /// Whether something was heard of it just now.
    fn is_live(&self) -> bool {
        self.voice.is_some() && !self.ended && self.newest.is_some_and(|newest| newest.elapsed() <= SILENT)
    }

    /// Where a block lies in the call's time, and whether nothing joins it to what was before.
    ///
    /// Streams of one pipeline share its clock and are taken as they are. One of another pipeline, or of one that began anew, is moved to
    /// where the call stands: by its own clock its evidence would be stale, or ahead of its time, for as long as it lasts.
    fn place(&mut self, block: &Block, lost: bool, others: bool, fusion: &mut Fusion) -> (MediaTime, bool) {
        let at = MediaTime::from_nanos(block.at.as_nanos().saturating_add_signed(self.shift));
        let silent = self.newest.is_some_and(|newest| newest.elapsed() > SILENT);
        let cut = block.discontinuity || lost;
        if !(cut || silent) {
            return (at, false);
        }
        let call = match &self.voice {
            Some(voice) if !others => {
                // It paused, and the clock went on alone; or it jumps ahead, and nobody is there to disagree.
                if at + OTHER_CLOCK >= voice.heard_to() {
                    if silent {
                        fusion.resume(at);
                    }
                    return (at, cut);
                }
                voice.heard_to().max(fusion.now())
            }
            None if !fusion.has_begun() => return (at, cut),
            _ => fusion.now(),
        };
        if at.since(call).max(call.since(at)) <= OTHER_CLOCK {
            return (at, cut);
        }
        let nanos = |t: MediaTime| i64::try_from(t.as_nanos()).unwrap_or(i64::MAX);
        self.shift = nanos(call).saturating_sub(nanos(block.at));
        tracing::info!(stage = "capture", stream = %self.name, from_s = at.as_secs_f64(), to_s = call.as_secs_f64(), "moved to the call's clock");
        (call, true)
    }

    /// Hears one block; the first seats a voice.
    fn hear(
        &mut self,
        block: &Block,
        others: bool,
        call: &CallActor,
        fusion: &mut Fusion,
        ask: &mut Vec<Window>,
    ) -> Option<Changed> {
        let lost = block.seq != self.next_seq;
        self.next_seq = block.seq + 1;
        self.latency = block.pushed.elapsed();
        let (at, cut) = self.place(block, lost, others, fusion);
        self.newest = Some(block.pushed);
        let mut joined = None;
        let voice = match &mut self.voice {
            Some(voice) => voice,
            none => {
                let (participant, changed) = fusion.join(ParticipantKind::Voice, at);
                joined = Some(changed);
                none.insert(Voice::new(participant, call.detector.clone(), at))
            }
        };
        if block.pcm.is_empty() {
            voice.gap(Span { from: at, to: at + block.duration }, ask);
        } else {
            let heard = Heard { format: block.format, bytes: &block.pcm, at, discontinuity: cut, filled: block.filled };
            voice.listen(&heard, ask);
        }
        joined
    }
}

impl Actor for CallActor {
    fn state(&self) -> &TurnState {
        &self.turn
    }

    fn turn(&self) {
        if self.is_closed() {
            return;
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.take_turn())) {
            self.break_off(&format!("the call's analysis panicked: {}", words(&*panic)));
        }
    }
}

impl CallActor {
    fn take_turn(&self) {
        let inside = &mut *lock(&self.inside);
        self.hear(inside);
        self.answer(inside, false);
        self.fuse(inside);
        // The rest in another turn, so that other calls have theirs.
        if inside.streams.iter().any(|s| !s.queue.is_drained()) {
            self.waker.wake(&self.actor());
        }
    }

    /// What is inside may be half changed: no verdict of it may stand as if it were fresh. Whoever listens is told, and the call is over.
    fn break_off(&self, reason: &str) {
        tracing::error!(stage = "fuse", call = %self.name, reason, "the call cannot go on");
        self.closed.store(true, Ordering::Release);
        let inside = &mut *lock(&self.inside);
        let about = About { dropped: inside.dropped(), unobserved: Some(reason) };
        let event = inside.stamp.event(EventType::EngineUnavailable, None, inside.fusion.now(), &inside.fusion, about);
        self.hub.publish(event);
        self.hub.close();
    }
}

impl Reply for CallActor {
    fn answer(&self, stream: usize, window: u64, answer: Answer) {
        self.answers.push((stream, window, answer));
        self.waker.wake(&self.actor());
    }
}
