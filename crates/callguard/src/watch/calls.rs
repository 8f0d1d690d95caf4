//! The calls of one run: each with its sources, its events and its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use callguard_core::{AlertKey, CallEvent, ParticipantKind};
use callguard_engine::{CallReport, Engine, LiveCall, Origin, Subscription};
use gst::prelude::*;
use gstcallguard::EngineHandle;
use gstreamer as gst;

use super::branch::Watched;
use super::overlay::Overlay;
use super::player::{Player, clock};
use super::source::Source;
use crate::alert::backoff::{Backoff, draw};
use crate::capture::Kinds;
use crate::cli::CallSources;
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// Between tries to open again what failed or ended: soon at first, as most cables are put back at once; never so seldom that a guest who is back
/// waits long.
const AGAIN: Backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(10) };
/// A source that has run for so long is well: the next failure is its first.
const WELL: Duration = Duration::from_secs(10);

/// What one call is to hear and see.
#[derive(Debug)]
pub struct Planned {
    name: String,
    sources: Vec<(Source, String)>,
}

impl Planned {
    /// A call of sources that are known, each with its stream's name.
    #[must_use]
    pub fn new(name: &str, sources: Vec<(Source, String)>) -> Self {
        Self { name: name.to_owned(), sources }
    }
}

/// What else is done with what is heard and seen.
#[derive(Clone, Debug, Default)]
pub struct Show {
    /// Sound goes to the loudspeaker.
    pub listen: bool,
    /// Pictures are shown with what is found.
    pub overlay: Option<Overlay>,
}

/// Checks every source before anything is started, and names the streams so that they differ within a call.
///
/// # Errors
/// The first source that cannot be.
pub fn plan(groups: &[CallSources], limits: &Limits) -> Result<Vec<Planned>, Trouble> {
    let mut planned = Vec::new();
    for group in groups {
        if group.sources.len() > limits.streams as usize {
            let what = format!("call {}: {} sources, the limit is {}", group.call, group.sources.len(), limits.streams);
            return Err(Trouble::new(code::STREAMS_LIMIT, Stage::Open, what, "Split it into several calls."));
        }
        let mut used: HashMap<(String, bool), u32> = HashMap::new();
        let mut sources = Vec::new();
        for asked in &group.sources {
            let source = Source::parse(&asked.argument, asked.wanted, limits)?;
            // A guest's sound and picture may have one name.
            let Kinds { sound, pictures } = source.wanted;
            let mut count = 0;
            for seen in [false, true].into_iter().filter(|seen| if *seen { pictures } else { sound }) {
                let there = used.entry((source.name(), seen)).or_default();
                *there += 1;
                count = count.max(*there);
            }
            let name = if count == 1 { source.name() } else { format!("{} ({count})", source.name()) };
            sources.push((source, name));
        }
        planned.push(Planned { name: group.call.clone(), sources });
    }
    Ok(planned)
}

/// Takes out what no model of the engine can judge.
///
/// # Errors
/// Where nothing is left of a source, or the overlay has nothing to draw, or more than it can show.
pub fn fit(planned: &mut [Planned], show: &Show, engine: &Engine) -> Result<(), Trouble> {
    if let (Some(Overlay::Srt(_)), 2..) = (&show.overlay, planned.len()) {
        let what = "--overlay: an SRT address takes the pictures of one call";
        return Err(Trouble::new(
            code::CONFIG,
            Stage::Configure,
            what,
            "Run one callguard for each call that is shown.",
        ));
    }
    if engine.sees() {
        return Ok(());
    }
    let refuse = |what: &str| {
        let hint =
            "Add a model of the task face-detector to manifest.toml; `callguard models list` shows what there is.";
        Trouble::new("no-model", Stage::Configure, format!("{what}: no model finds faces"), hint)
    };
    if show.overlay.is_some() {
        return Err(refuse("--overlay"));
    }
    for (source, stream) in planned.iter_mut().flat_map(|p| &mut p.sources) {
        if !source.wanted.sound {
            return Err(refuse(stream));
        }
        source.wanted.pictures = false;
    }
    tracing::warn!(stage = "detect", "no model finds faces: only sound is judged");
    Ok(())
}

/// Starts every source. One that cannot be started is reported by the first [`Guarded::look`]; the others go on.
///
/// # Errors
/// Where not one source could be started: the first one's reason.
pub fn start(engine: &Engine, planned: Vec<Planned>, show: &Show, limits: &Limits) -> Result<Vec<Guarded>, Trouble> {
    let handle = EngineHandle::new(engine.clone());
    let several = planned.len() > 1;
    let mut calls = Vec::new();
    for Planned { name, sources } in planned {
        let call = engine.live(&name);
        let events = call.subscribe();
        let context = gstcallguard::context(&handle);
        let overlay = show.overlay.as_ref().map(|o| if several { o.marked(&name) } else { o.clone() });
        let overlay = overlay.map(|o| (o, Arc::new(AtomicU32::new(0))));
        let opening = Opening { context, limits: limits.clone(), base: clock().time() };
        let (mut seats, mut failed) = (Vec::new(), Vec::new());
        for (source, stream) in sources {
            let watched = Watched {
                call: name.clone(),
                stream,
                mixed: source.mixed,
                listen: show.listen,
                overlay: overlay.clone(),
            };
            // What cannot be opened at all is said at once: a name that is wrong does not get right by waiting.
            match opening.start(&source, &watched) {
                Ok(player) => seats.push(Seat {
                    source,
                    watched,
                    life: Life::Playing(Box::new(player)),
                    failures: 0,
                    known: Vec::new(),
                }),
                Err(trouble) => failed.push(Failed { trouble, again: None }),
            }
        }
        calls.push(Guarded { call, events, seats, opening, failed, closed: false });
    }
    let first = calls.iter().flat_map(|c| c.failed.first()).next().map(|f| f.trouble.clone());
    match first {
        Some(trouble) if calls.iter().all(|c| c.seats.is_empty()) => Err(trouble),
        _ => Ok(calls),
    }
}

/// What a source is opened with, each time.
#[derive(Debug)]
struct Opening {
    context: gst::Context,
    limits: Limits,
    /// Running time counts from here: the call's, whenever a source is opened.
    base: gst::ClockTime,
}

impl Opening {
    fn start(&self, source: &Source, watched: &Watched) -> Result<Player, Trouble> {
        Player::start(source, watched.clone(), &self.context, &self.limits, self.base)
    }
}

/// A source and how it stands.
#[derive(Debug)]
struct Seat {
    source: Source,
    watched: Watched,
    life: Life,
    /// In a row.
    failures: u32,
    /// Streams of whose origin something was said since it was opened.
    known: Vec<(String, ParticipantKind)>,
}

#[derive(Debug)]
enum Life {
    Playing(Box<Player>),
    /// To be opened again then. The engine knows its stream by name, and judges whoever is in it anew.
    Waiting(Instant),
    Over,
}

impl Seat {
    /// Looks after the source; gives what failed just now.
    fn look(&mut self, opening: &Opening) -> Option<Failed> {
        let ended = match &mut self.life {
            Life::Over => return None,
            Life::Waiting(until) if Instant::now() < *until => return None,
            Life::Waiting(_) => match opening.start(&self.source, &self.watched) {
                Ok(player) => {
                    self.life = Life::Playing(Box::new(player));
                    return None;
                }
                Err(trouble) => Err(trouble),
            },
            Life::Playing(player) => {
                let ended = player.poll();
                if player.has_run(WELL) {
                    self.failures = 0;
                }
                ended?
            }
        };
        if !self.source.from.comes_back() {
            self.life = Life::Over;
            return ended.err().map(|trouble| Failed { trouble, again: None });
        }
        self.failures += 1;
        let wait = AGAIN.wait(self.failures, draw());
        // What played is let go of first: a port or a device opens once.
        self.life = Life::Waiting(Instant::now() + wait);
        let ended = ended.err().unwrap_or_else(|| {
            let shown = self.watched.shown();
            Trouble::new(code::ENDED, Stage::Capture, format!("{shown}: the sender ended it"), "It is waited for.")
        });
        Some(Failed { trouble: ended, again: Some(wait) })
    }

    fn player(&self) -> Option<&Player> {
        if let Life::Playing(player) = &self.life { Some(player) } else { None }
    }
}

/// A source that failed, and in how long it is tried again, if it is.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Why.
    pub trouble: Trouble,
    /// `None`: it is over.
    pub again: Option<Duration>,
}

/// One call that is watched.
#[derive(Debug)]
pub struct Guarded {
    call: LiveCall,
    events: Subscription,
    seats: Vec<Seat>,
    opening: Opening,
    failed: Vec<Failed>,
    closed: bool,
}

impl Guarded {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.call.name()
    }

    /// Looks after the sources: gives what failed since the last look, and closes the call when its last source has ended.
    pub fn look(&mut self) -> Vec<Failed> {
        for seat in &mut self.seats {
            let failed = seat.look(&self.opening);
            // What opens next may be another device: nothing that was found out about this one is held against it.
            if failed.is_some() {
                for (stream, kind) in seat.known.drain(..) {
                    self.call.comes_from(&stream, kind, Origin::default());
                }
            }
            self.failed.extend(failed);
            if let Life::Playing(player) = &mut seat.life {
                for (stream, kind, origin) in player.origins() {
                    self.call.comes_from(&stream, kind, origin);
                    seat.known.push((stream, kind));
                }
            }
        }
        if self.seats.iter().all(|seat| matches!(seat.life, Life::Over)) {
            self.close();
        }
        self.begin();
        std::mem::take(&mut self.failed)
    }

    /// Streams whose guests are waited for, and the links that these may open now.
    pub fn links(&self) -> impl Iterator<Item = (String, String)> {
        let link = |seat: &Seat| Some((seat.watched.shown(), seat.player()?.link()?));
        self.seats.iter().filter_map(link)
    }

    /// Recordings of one call begin together, once each is there or has failed: their running time is the call's.
    fn begin(&mut self) {
        let waiting = || self.seats.iter().filter_map(Seat::player).filter(|p| p.waits());
        if waiting().next().is_some() && waiting().all(Player::is_ready) {
            let base = clock().time();
            for seat in &mut self.seats {
                if let Life::Playing(player) = &mut seat.life
                    && player.waits()
                {
                    player.play(base);
                }
            }
        }
    }

    /// Ends the sources and the call; what was heard is judged.
    pub fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.seats.iter().filter_map(Seat::player).for_each(Player::end);
            self.seats.clear();
            self.call.close();
        }
    }

    /// All its sources have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.closed
    }

    /// The next event, if there is one.
    #[must_use]
    pub fn next_event(&self) -> Option<Arc<CallEvent>> {
        self.events.try_recv()
    }

    /// What the stream of an event's participant is called, asked for where the event is the first of them.
    #[must_use]
    pub fn name_of(&self, event: &CallEvent) -> Option<String> {
        let participant = event.participant.filter(|_| event.r#type == callguard_core::EventType::Joined)?;
        let streams = self.call.snapshot().streams;
        streams.into_iter().find(|s| s.participants.iter().any(|p| p.0 == participant)).map(|s| s.name)
    }

    /// A person knows of an alert.
    pub fn acknowledge(&self, number: u64) {
        if !self.call.acknowledge(AlertKey(number)) {
            tracing::debug!(stage = "alert", call = self.name(), number, "that alert is known already, or gone");
        }
    }

    /// How it stands, or stood.
    #[must_use]
    pub fn report(&self) -> CallReport {
        self.call.snapshot()
    }
}
