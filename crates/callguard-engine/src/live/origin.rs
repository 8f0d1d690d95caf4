//! What is known of where the call's streams come from: told when it is found, and held against whoever is in the stream where the operator wants that.

use std::time::Duration;

use callguard_core::{
    Evidence, Finding, FindingEvent, Found, Llr, MediaTime, Observation, ParticipantId, ParticipantKind, Provenance,
    Source, Span, Worth,
};

use super::stream::Stream;
use crate::fuse::{Act, Doing, Fusion};

/// What the one who opened a stream says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What was found out about device, formats and clock.
    pub found: Vec<Found>,
    /// What its pictures are looked at for. It depends on what they claim to be: a screen has no noise, and a recording may well be looped.
    pub looked_for: Vec<Finding>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Origins {
    worth: Provenance,
    streams: Vec<Known>,
    /// Whom which finding was held against, and in which epoch of theirs.
    held: Vec<(ParticipantId, u32, Finding)>,
}

#[derive(Debug)]
struct Known {
    stream: String,
    kind: ParticipantKind,
    origin: Origin,
    /// What stands and was told.
    told: Vec<FindingEvent>,
}

impl Origins {
    pub(super) fn new(worth: Provenance) -> Self {
        Self { worth, streams: Vec::new(), held: Vec::new() }
    }

    /// What is known of a stream from now on, instead of what was.
    pub(super) fn open(&mut self, stream: &str, kind: ParticipantKind, origin: Origin) {
        match self.streams.iter_mut().find(|k| k.stream == stream && k.kind == kind) {
            Some(known) => known.origin = origin,
            None => self.streams.push(Known { stream: stream.to_owned(), kind, origin, told: Vec::new() }),
        }
    }

    /// What stands of a stream.
    pub(super) fn of(&self, stream: &dyn Stream) -> &[FindingEvent] {
        let known = self.streams.iter().find(|k| k.stream == stream.name() && k.kind == stream.kind());
        known.map_or(&[], |k| k.told.as_slice())
    }

    /// What is to be told of a stream now: what was found, and what no longer holds.
    pub(super) fn news(&mut self, stream: &dyn Stream) -> Vec<FindingEvent> {
        let Some(known) = self.streams.iter_mut().find(|k| k.stream == stream.name() && k.kind == stream.kind()) else {
            return Vec::new();
        };
        let seen = stream.found().into_iter().filter(|f| known.origin.looked_for.contains(&f.finding));
        let mut stands: Vec<FindingEvent> = Vec::new();
        for Found { finding, detail } in known.origin.found.iter().cloned().chain(seen) {
            let worth = self.worth.worth(finding);
            if worth != Worth::Allow && stands.iter().all(|f| f.finding != finding) {
                let (stream, kind) = (known.stream.clone(), known.kind);
                stands.push(FindingEvent { stream, kind, finding, worth, detail, stands: true });
            }
        }
        // What is told once stays as it was told: a count that goes on is no news.
        let same = |a: &FindingEvent, b: &FindingEvent| a.finding == b.finding;
        let gone = known.told.extract_if(.., |old| !stands.iter().any(|new| same(old, new)));
        let mut news: Vec<FindingEvent> = gone.map(|f| FindingEvent { stands: false, ..f }).collect();
        let new: Vec<_> = stands.into_iter().filter(|new| !known.told.iter().any(|old| same(old, new))).collect();
        known.told.extend(new.iter().cloned());
        news.extend(new);
        news
    }

    /// What is worth a suspicion speaks once in each epoch of each who is in the stream: it is one fact, however long it lasts.
    pub(super) fn hold(&mut self, stream: &dyn Stream, now: MediaTime, fusion: &Fusion, acts: &mut Vec<Act>) {
        let worth: Vec<Finding> =
            self.of(stream).iter().filter(|f| f.worth == Worth::Suspect).map(|f| f.finding).collect();
        for finding in worth {
            for participant in stream.participants() {
                let Some(seat) = fusion.participant(participant) else { continue };
                let held = (participant, seat.epoch(), finding);
                if self.held.contains(&held) {
                    continue;
                }
                self.held.retain(|(who, _, what)| (*who, *what) != (participant, finding));
                self.held.push(held);
                let Some(llr) = Llr::new(Source::RULE) else { continue };
                let span = Span::between(seat.epoch_from().min(now), now);
                let (source, none) = (Provenance::id(), Duration::ZERO);
                let said = Evidence { source, subject: participant, span, llr, observed: none, fresh: none };
                acts.push(Act { at: now, participant, what: Doing::Observe(Observation::Evidence(said)) });
            }
        }
    }
}
