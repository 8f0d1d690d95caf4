//! A live call: an actor that takes turns on the engine's workers.

mod clock;
mod origin;
mod sight;
mod sound;
mod stream;
mod view;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use callguard_core::{AlertKey, EpochReason, EventType, FindingEvent, MediaTime, ParticipantId, ParticipantKind};
use callguard_vision::EyesSettings;
use crossbeam_queue::SegQueue;
use uuid::Uuid;

use crate::alert::{About, Hub, Stamp, Subscription};
use crate::capture::{AudioTap, BLOCK, Door, FrameSlot, StreamQueue, VideoTap, What};
use crate::detect::{Answer, Ask, Job, Reply, words};
use crate::engine::{Engine, Entries, Team, lock};
use crate::fuse::{Act, Changed, Fusion};
use crate::pool::{Actor, TurnState, Waker};
use crate::report::{CallReport, StreamReport};
pub use origin::Origin;
use origin::Origins;
use sight::Sight;
use sound::Sound;
use stream::{Fed, Stream};
pub use view::{CallView, FaceView, ParticipantView};

/// Windows, points and stretches that a live call keeps for its report: an hour of half-second hops.
const KEEP: usize = 7200;
/// Streams of one call: the limit on what comes from outside.
const MOST_STREAMS: usize = 16;
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

    /// A way in for one video stream; each face that is seen in it takes a seat. Names are as for [`audio`](Self::audio), and apart from those:
    /// a guest's sound and picture may have one name. Takes locks: not for a media thread.
    #[must_use]
    pub fn video(&self, stream: &str) -> VideoTap {
        self.0.video(stream)
    }

    /// Says what is known of where a stream comes from, instead of what was known; before or after its [`audio`](Self::audio) or
    /// [`video`](Self::video) is opened. Takes locks: not for a media thread.
    pub fn comes_from(&self, stream: &str, kind: ParticipantKind, origin: Origin) {
        lock(&self.0.inside).origins.open(stream, kind, origin);
        self.0.waker.wake(&self.0.actor());
    }

    /// How it stands, for those who draw it: takes no lock.
    #[must_use]
    pub fn view(&self) -> Arc<CallView> {
        self.0.view.load_full()
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

struct Inside {
    fusion: Fusion,
    stamp: Stamp,
    streams: Vec<Fed>,
    origins: Origins,
    updated: Vec<(ParticipantId, Instant)>,
    /// Ways into the streams, by name.
    sounds: Vec<(String, Arc<StreamQueue>)>,
    sights: Vec<(String, Arc<FrameSlot>)>,
}

/// The actor behind a [`LiveCall`].
pub(crate) struct CallActor {
    id: String,
    name: String,
    me: Weak<Self>,
    turn: TurnState,
    waker: Waker,
    entries: Entries,
    team: Arc<Team>,
    deadline: Duration,
    hop_blocks: usize,
    /// Answers on their way back; bounded by the windows in flight.
    answers: SegQueue<(usize, u64, Answer)>,
    inside: Mutex<Inside>,
    hub: Hub,
    view: ArcSwap<CallView>,
    closed: AtomicBool,
}

impl CallActor {
    pub(crate) fn new(engine: &Engine, name: &str) -> Arc<Self> {
        let config = engine.config();
        let inside = Inside {
            fusion: engine.live_fusion(KEEP),
            stamp: Stamp::new(name),
            streams: Vec::new(),
            origins: Origins::new(config.provenance.clone()),
            updated: Vec::new(),
            sounds: Vec::new(),
            sights: Vec::new(),
        };
        Arc::new_cyclic(|me| Self {
            id: Uuid::now_v7().to_string(),
            name: name.to_owned(),
            me: me.clone(),
            turn: TurnState::default(),
            waker: engine.waker(),
            entries: engine.entries(),
            team: engine.team().clone(),
            deadline: config.deadline,
            hop_blocks: (config.hop.as_millis() / BLOCK.as_millis()).max(1) as usize,
            answers: SegQueue::new(),
            inside: Mutex::new(inside),
            hub: Hub::default(),
            view: ArcSwap::default(),
            closed: AtomicBool::new(false),
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn audio(&self, wanted: &str) -> AudioTap {
        let Some(detector) = &self.team.voice else {
            self.unheard(wanted, "no model judges voices");
            return self.audio_tap(wanted, Arc::new(StreamQueue::new(self.hop_blocks)));
        };
        let new = || StreamQueue::new(self.hop_blocks);
        let (name, queue, new) = self.open(wanted, |inside| &mut inside.sounds, new);
        if new {
            self.add(Box::new(Sound::new(&name, queue.clone(), detector.clone())));
        }
        self.audio_tap(&name, queue)
    }

    fn video(&self, wanted: &str) -> VideoTap {
        let Some(sees) = &self.team.sees else {
            self.unheard(wanted, "no model finds faces");
            return self.video_tap(wanted, Arc::new(FrameSlot::new()));
        };
        let (name, slot, new) = self.open(wanted, |inside| &mut inside.sights, FrameSlot::new);
        if new {
            self.add(Box::new(Sight::new(&name, slot.clone(), sees.clone())));
        }
        self.video_tap(&name, slot)
    }

    /// The way into a stream of that name: again, where its producer is gone; under a number, where it is there; or a new one.
    fn open<W: Way>(
        &self,
        wanted: &str,
        ways: impl FnOnce(&mut Inside) -> &mut Vec<(String, Arc<W>)>,
        new: impl FnOnce() -> W,
    ) -> (String, Arc<W>, bool) {
        let mut inside = lock(&self.inside);
        let ways = ways(&mut inside);
        let mut name = wanted.to_owned();
        for n in 2.. {
            match ways.iter().find(|(other, _)| *other == name) {
                None => break,
                Some((_, way)) if way.door().attach() => {
                    way.door().announce(What::Epoch(EpochReason::Restarted));
                    return (name, way.clone(), false);
                }
                Some(_) => name = format!("{wanted}-{n}"),
            }
        }
        let way = Arc::new(new());
        ways.push((name.clone(), way.clone()));
        (name, way, true)
    }

    fn add(&self, stream: Box<dyn Stream>) {
        let streams = &mut lock(&self.inside).streams;
        if streams.len() < MOST_STREAMS {
            streams.push(Fed::new(stream));
        } else {
            // Nobody will read it: what overflows is counted on the tap.
            tracing::error!(stage = "capture", call = %self.name, stream = %stream.name(), "more than {MOST_STREAMS} streams: this one is not judged");
        }
    }

    /// Says that a stream is not judged. What is pushed into it is counted as dropped on its tap.
    fn unheard(&self, stream: &str, why: &str) {
        tracing::error!(stage = "capture", call = %self.name, stream, why, "a stream is not judged");
        let inside = &mut *lock(&self.inside);
        let reason = format!("{stream}: {why}");
        let about = About { dropped: inside.dropped(), unobserved: Some(&reason) };
        let event = inside.stamp.event(EventType::EngineUnavailable, None, inside.fusion.now(), &inside.fusion, about);
        self.hub.publish(event);
    }

    fn audio_tap(&self, name: &str, queue: Arc<StreamQueue>) -> AudioTap {
        AudioTap::new(self.actor(), self.waker.clone(), name.to_owned(), queue)
    }

    fn video_tap(&self, name: &str, slot: Arc<FrameSlot>) -> VideoTap {
        let step = self.team.sees.as_ref().map_or(EyesSettings::default().step, |s| s.settings.step);
        VideoTap::new(self.actor(), self.waker.clone(), name.to_owned(), slot, step)
    }

    /// Itself, as the pool takes it.
    pub(crate) fn actor(&self) -> Arc<dyn Actor> {
        // `self` is only ever inside its own Arc, which whoever calls holds.
        self.me.upgrade().expect("a call is only made inside its Arc")
    }

    fn report(&self) -> CallReport {
        let inside = lock(&self.inside);
        let streams = inside.streams.iter().map(|fed| {
            let findings = inside.origins.of(&*fed.stream).to_vec();
            StreamReport { findings, ..fed.stream.report() }
        });
        let alerts = inside.stamp.alerts();
        let id = |key| alerts.get(&key).cloned().unwrap_or_default();
        let mut report = CallReport::of(&inside.fusion, self.id.clone(), &self.name, id, streams.collect());
        for fed in &inside.streams {
            for participant in fed.stream.participants() {
                report.add_thumbnails(Some(participant), fed.stream.kept(participant));
            }
        }
        report
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
        self.settle(inside, until);
        self.each(inside, |stream, fusion, ask| stream.flush(fusion, ask));
        self.settle(inside, until);
        self.fuse(inside);
        let who: Vec<_> = inside.fusion.participants().map(callguard_core::Participant::id).collect();
        for id in who {
            let change = callguard_core::Change::Left { participant: id };
            self.tell(inside, &[Changed { at: inside.fusion.now(), change }]);
        }
        self.hub.close();
    }

    /// Observes what waits, to the last answer, or until it is too late for answers.
    fn settle(&self, inside: &mut Inside, until: Instant) {
        loop {
            let late = Instant::now() >= until;
            self.observe(inside);
            self.answer(inside, late);
            if inside.streams.iter().all(|fed| fed.stream.is_empty() && !fed.waits()) {
                return;
            }
            if !late {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }

    /// Blocks become windows, pictures become crops, and both go to their models.
    fn observe(&self, inside: &mut Inside) {
        let live: Vec<bool> = inside.streams.iter().map(|fed| fed.stream.is_live()).collect();
        let lives = live.iter().filter(|live| **live).count();
        for (index, fed) in inside.streams.iter_mut().enumerate() {
            let others = lives > usize::from(live[index]);
            let mut ask = Vec::new();
            fed.stream.observe(others, &mut inside.fusion, &mut ask);
            self.submit(index, fed, ask);
        }
    }

    fn each(&self, inside: &mut Inside, mut work: impl FnMut(&mut dyn Stream, &mut Fusion, &mut Vec<Ask>)) {
        for (index, fed) in inside.streams.iter_mut().enumerate() {
            let mut ask = Vec::new();
            work(&mut *fed.stream, &mut inside.fusion, &mut ask);
            self.submit(index, fed, ask);
        }
    }

    fn submit(&self, index: usize, fed: &mut Fed, ask: Vec<Ask>) {
        let deadline = Instant::now() + self.deadline;
        for Ask { id, task, input } in ask {
            let Some(reply) = self.me.upgrade() else { return };
            fed.asks(id, deadline);
            if !self.entries.submit(task, Job { stream: index, ask: id, input, deadline, reply }) {
                self.answers.push((index, id, Answer::Late));
            }
        }
    }

    /// Hands answers to their streams. What was asked and is overdue is late whether or not its model ever answers.
    fn answer(&self, inside: &mut Inside, all: bool) {
        let mut asks: Vec<Vec<Ask>> = inside.streams.iter().map(|_| Vec::new()).collect();
        while let Some((index, id, answer)) = self.answers.pop() {
            if let Some(fed) = inside.streams.get_mut(index) {
                fed.answer(id, &answer, &mut inside.fusion, &mut asks[index]);
            }
        }
        for (index, mut ask) in asks.into_iter().enumerate() {
            let fed = &mut inside.streams[index];
            fed.expire(all, &mut inside.fusion, &mut ask);
            self.submit(index, fed, ask);
        }
    }

    /// What is decided goes to the decision, and what it changed goes out.
    fn fuse(&self, inside: &mut Inside) {
        let mut acts: Vec<Act> = Vec::new();
        let mut to = MediaTime::ZERO;
        for fed in &mut inside.streams {
            fed.stream.take(&mut acts);
            to = to.max(fed.stream.decided_to().unwrap_or_default());
        }
        let to = acts.iter().map(|a| a.at).max().unwrap_or_default().max(to);
        let now = to.max(inside.fusion.now());
        inside.streams.iter_mut().for_each(|fed| fed.lose(now, &mut acts));
        self.origins(inside, now, &mut acts);
        if inside.fusion.has_begun() {
            let changes = inside.fusion.advance(to, acts);
            self.tell(inside, &changes);
        }
        self.news(inside);
        self.update(inside);
        self.view.store(Arc::new(view::view(inside)));
    }

    fn tell(&self, inside: &mut Inside, changes: &[Changed]) {
        let dropped = inside.dropped();
        for changed in changes {
            let mut event = inside.stamp.change(changed, &inside.fusion, About { dropped, ..About::default() });
            if let Some(alert) = &mut event.alert {
                alert.findings = inside.findings(event.participant);
            }
            tracing::debug!(stage = "alert", call = %self.name, event = event.r#type.as_str(), seq = event.seq, "event");
            self.hub.publish(event);
        }
    }

    /// What is found out about where streams come from is told, and held against those in them.
    fn origins(&self, inside: &mut Inside, now: MediaTime, acts: &mut Vec<Act>) {
        let dropped = inside.dropped();
        let Inside { fusion, stamp, streams, origins, .. } = inside;
        for fed in streams.iter() {
            for finding in origins.news(&*fed.stream) {
                let about = About { dropped, ..About::default() };
                let event = stamp.event(EventType::Finding, None, now, fusion, about);
                self.hub.publish(callguard_core::CallEvent { finding: Some(finding), ..event });
            }
            origins.hold(&*fed.stream, now, fusion, acts);
        }
    }

    fn news(&self, inside: &mut Inside) {
        let dropped = inside.dropped();
        let now = inside.fusion.now();
        let Inside { fusion, stamp, streams, .. } = inside;
        for fed in streams.iter_mut() {
            let Some(reason) = fed.stream.news() else { continue };
            let about = About { dropped, unobserved: Some(&reason) };
            let who = fed.stream.participants();
            let each = who.iter().copied().map(Some).chain(who.is_empty().then_some(None));
            for participant in each {
                self.hub.publish(stamp.event(EventType::EngineUnavailable, participant, now, fusion, about));
            }
        }
    }

    fn update(&self, inside: &mut Inside) {
        let dropped = inside.dropped();
        let now = Instant::now();
        let media = inside.fusion.now();
        let Inside { fusion, stamp, streams, updated, .. } = inside;
        for fed in streams.iter() {
            let about = About { dropped, unobserved: fed.stream.failed() };
            for id in fed.stream.participants() {
                match updated.iter_mut().find(|(who, _)| *who == id) {
                    Some((_, last)) if now.duration_since(*last) < UPDATE => continue,
                    Some((_, last)) => *last = now,
                    None => {
                        updated.push((id, now));
                        continue;
                    }
                }
                self.hub.publish(stamp.event(EventType::Update, Some(id), media, fusion, about));
            }
        }
    }
}

impl Inside {
    fn dropped(&self) -> u64 {
        self.streams.iter().map(|fed| fed.stream.dropped()).sum()
    }

    /// What is known of where a participant's stream comes from.
    fn findings(&self, participant: Option<u32>) -> Vec<FindingEvent> {
        let of = |fed: &&Fed| fed.stream.participants().iter().any(|id| Some(id.0) == participant);
        self.streams.iter().find(of).map_or_else(Vec::new, |fed| self.origins.of(&*fed.stream).to_vec())
    }
}

/// A way into a stream.
trait Way {
    fn door(&self) -> &Door;
}

impl Way for StreamQueue {
    fn door(&self) -> &Door {
        &self.door
    }
}

impl Way for FrameSlot {
    fn door(&self) -> &Door {
        &self.door
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
        self.answer(inside, false);
        self.observe(inside);
        self.fuse(inside);
        // The rest in another turn, so that other calls have theirs.
        if inside.streams.iter().any(|fed| !fed.stream.is_drained()) {
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
        self.view.store(Arc::new(CallView { unavailable: Some(reason.to_owned()), ..CallView::default() }));
        self.hub.close();
    }
}

impl Reply for CallActor {
    fn answer(&self, stream: usize, ask: u64, answer: Answer) {
        self.answers.push((stream, ask, answer));
        self.waker.wake(&self.actor());
    }
}
