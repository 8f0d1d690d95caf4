//! What a live call does with each of its streams, whatever they carry.

use std::time::Instant;

use callguard_core::{Found, MediaTime, ParticipantId, ParticipantKind};

use crate::capture::Control;
use crate::detect::{Answer, Ask, Place, Thumbnail};
use crate::fuse::{Act, Doing, Fusion};
use crate::report::StreamReport;

/// A stream of a live call.
pub(super) trait Stream: Send {
    /// Its name.
    fn name(&self) -> &str;

    /// What is observed in it.
    fn kind(&self) -> ParticipantKind;

    /// Whether something came of it just now.
    fn is_live(&self) -> bool;

    /// Its source gives nothing any more: it ended, failed, or stalls.
    fn is_lost(&self) -> bool;

    /// Nothing waits to be observed.
    fn is_drained(&self) -> bool;

    /// Nothing waits, nor anything that was announced.
    fn is_empty(&self) -> bool;

    /// Observes what waits, for a turn's worth; `others`: further streams of the call are live.
    fn observe(&mut self, others: bool, fusion: &mut Fusion, ask: &mut Vec<Ask>);

    /// What was gathered is judged or abstained from.
    fn flush(&mut self, fusion: &mut Fusion, ask: &mut Vec<Ask>);

    /// Takes an answer; it may ask again.
    fn answer(&mut self, id: u64, answer: &Answer, fusion: &mut Fusion, ask: &mut Vec<Ask>);

    /// Moves what is decided to `acts`.
    fn take(&mut self, acts: &mut Vec<Act>);

    /// How far the decision may go by it; `None`: an answer that is due may still change what is said of the time before it.
    fn decided_to(&self) -> Option<MediaTime>;

    /// Whom it is about.
    fn participants(&self) -> Vec<ParticipantId>;

    /// Why it cannot be judged any more, if so.
    fn failed(&self) -> Option<&str>;

    /// The same, once.
    fn news(&mut self) -> Option<String>;

    /// Frames that will not be looked at.
    fn dropped(&self) -> u64;

    /// How it stands.
    fn report(&self) -> StreamReport;

    /// The stream's own time at an instant of the call's.
    fn running(&self, at: MediaTime) -> MediaTime;

    /// Where faces were at the newest look.
    fn places(&self) -> &[Place] {
        &[]
    }

    /// What is seen of where it comes from.
    fn found(&self) -> Vec<Found> {
        Vec::new()
    }

    /// The pictures kept of a participant.
    fn kept(&self, _participant: ParticipantId) -> Vec<Thumbnail> {
        Vec::new()
    }
}

/// A stream with what it has asked: an answer whose deadline has passed is late whether or not it ever comes.
pub(super) struct Fed {
    pub stream: Box<dyn Stream>,
    asked: Vec<(u64, Instant)>,
    /// Whether it was said that the source is lost.
    lost: bool,
}

impl Fed {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, asked: Vec::new(), lost: false }
    }

    /// What a source that is lost means for those in it, once: nobody is observable there.
    pub(super) fn lose(&mut self, at: MediaTime, acts: &mut Vec<Act>) {
        let was = std::mem::replace(&mut self.lost, self.stream.is_lost() && self.stream.is_empty());
        if self.lost && !was {
            tracing::warn!(stage = "capture", stream = %self.stream.name(), "the source is lost");
            let who = self.stream.participants().into_iter();
            acts.extend(who.map(|participant| Act { at, participant, what: Doing::Lose }));
        }
    }

    pub(super) fn asks(&mut self, id: u64, deadline: Instant) {
        self.asked.push((id, deadline));
    }

    pub(super) fn waits(&self) -> bool {
        !self.asked.is_empty()
    }

    pub(super) fn answer(&mut self, id: u64, answer: &Answer, fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        self.asked.retain(|(asked, _)| *asked != id);
        self.stream.answer(id, answer, fusion, ask);
    }

    /// Gives up on answers that are overdue; on `all` that are outstanding, if so.
    pub(super) fn expire(&mut self, all: bool, fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        let now = Instant::now();
        let (late, asked) = self.asked.drain(..).partition(|(_, deadline)| all || now > *deadline);
        self.asked = asked;
        let late: Vec<(u64, Instant)> = late;
        for (id, _) in late {
            self.stream.answer(id, &Answer::Late, fusion, ask);
        }
    }
}

/// Whether a control is due: what was put in before it has been observed, or is gone.
pub(super) fn is_due(control: &Control, next_seq: u64, drained: bool) -> bool {
    next_seq >= control.from_seq || drained
}
