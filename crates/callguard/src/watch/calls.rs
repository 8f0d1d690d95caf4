//! The calls of one run: each with its sources, its events and its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use callguard_core::{AlertKey, CallEvent};
use callguard_engine::{CallReport, Engine, LiveCall, Subscription};
use gst::prelude::*;
use gstcallguard::EngineHandle;
use gstreamer as gst;

use super::branch::Watched;
use super::overlay::Overlay;
use super::player::{Player, clock};
use super::source::Source;
use crate::capture::Kinds;
use crate::cli::CallSources;
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// What one call is to hear and see.
#[derive(Debug)]
pub struct Planned {
    name: String,
    sources: Vec<(Source, String)>,
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
/// Where nothing is left of a source, or the overlay has nothing to draw.
pub fn fit(planned: &mut [Planned], show: &Show, engine: &Engine) -> Result<(), Trouble> {
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
        let base = clock().time();
        let (mut players, mut failed) = (Vec::new(), Vec::new());
        for (source, stream) in sources {
            let watched = Watched { call: name.clone(), stream, listen: show.listen, overlay: overlay.clone() };
            match Player::start(&source, watched, &context, limits, base) {
                Ok(player) => players.push(player),
                Err(trouble) => failed.push(trouble),
            }
        }
        calls.push(Guarded { call, events, players, failed, closed: false });
    }
    let first = calls.iter().flat_map(|c| c.failed.first()).next().cloned();
    match first {
        Some(trouble) if calls.iter().all(|c| c.players.is_empty()) => Err(trouble),
        _ => Ok(calls),
    }
}

/// One call that is watched.
#[derive(Debug)]
pub struct Guarded {
    call: LiveCall,
    events: Subscription,
    players: Vec<Player>,
    failed: Vec<Trouble>,
    closed: bool,
}

impl Guarded {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.call.name()
    }

    /// Looks after the sources: gives what failed since the last look, and closes the call when its last source has ended.
    pub fn look(&mut self) -> Vec<Trouble> {
        let failed = &mut self.failed;
        self.players.retain_mut(|player| match player.poll() {
            None => true,
            Some(ended) => {
                failed.extend(ended.err());
                false
            }
        });
        if self.players.is_empty() {
            self.close();
        }
        self.begin();
        std::mem::take(&mut self.failed)
    }

    /// Recordings of one call begin together, once each is there or has failed: their running time is the call's.
    fn begin(&mut self) {
        let waiting = || self.players.iter().filter(|p| p.waits());
        if waiting().next().is_some() && waiting().all(Player::is_ready) {
            let base = clock().time();
            self.players.iter_mut().filter(|p| p.waits()).for_each(|p| p.play(base));
        }
    }

    /// Ends the sources and the call; what was heard is judged.
    pub fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.players.iter().for_each(Player::end);
            self.players.clear();
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
