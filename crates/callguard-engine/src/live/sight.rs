//! A video stream: the newest picture to the faces in it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use callguard_core::{Abstain, Found, MediaTime, ParticipantId, ParticipantKind, Span};

use super::clock::{Next, StreamClock};
use super::stream::{Stream, is_due};
use crate::capture::{Control, FrameSlot, Shown, Waiting, What};
use crate::detect::{Answer, Ask, Faces, Place, Sees, Thumbnail};
use crate::fuse::{Act, Fusion};
use crate::report::StreamReport;

pub(super) struct Sight {
    name: String,
    slot: Arc<FrameSlot>,
    sees: Sees,
    /// There from the first picture on.
    faces: Option<Faces>,
    next_seq: u64,
    control: Option<Control>,
    clock: StreamClock,
    latency: Duration,
    ended: bool,
}

impl Sight {
    pub(super) fn new(name: &str, slot: Arc<FrameSlot>, sees: Sees) -> Self {
        Self {
            name: name.to_owned(),
            slot,
            sees,
            faces: None,
            next_seq: 0,
            control: None,
            clock: StreamClock::default(),
            latency: Duration::ZERO,
            ended: false,
        }
    }

    /// Does what was announced, once the pictures before it were looked at.
    fn control(&mut self, fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        loop {
            let Some(control) = self.control.take().or_else(|| self.slot.door.next_control()) else { return };
            if !is_due(&control, self.next_seq, self.slot.is_drained()) {
                self.control = Some(control);
                return;
            }
            let Some(faces) = &mut self.faces else { continue };
            match control.what {
                What::Epoch(reason) => {
                    self.ended = false;
                    let at = faces.seen_to().max(fusion.now());
                    tracing::info!(stage = "capture", stream = %self.name, ?reason, "judged anew");
                    faces.begin_epoch(reason, at, &mut || fusion.reserve(), ask);
                }
                What::End => {
                    self.ended = true;
                    faces.flush(&mut || fusion.reserve(), ask);
                }
            }
        }
    }

    /// Looks at one picture. What its owner lent is given back before this returns.
    fn see(&mut self, waiting: Waiting, others: bool, fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        self.next_seq = waiting.seq + 1;
        self.latency = waiting.pushed.elapsed();
        let next = Next {
            stream: &self.name,
            at: waiting.at,
            cut: waiting.discontinuity,
            pushed: waiting.pushed,
            observed_to: self.faces.as_ref().map(Faces::seen_to),
            others,
        };
        let (at, _) = self.clock.place(&next, fusion);
        let faces = self.faces.get_or_insert_with(|| Faces::new(self.sees.clone(), at));
        match waiting.what {
            Shown::Frame(frame) => {
                let seen = faces.look(at, |to| frame.copy(to), &mut || fusion.reserve(), ask);
                if let Err(refused) = seen {
                    self.slot.counters.refused_frames.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(stage = "capture", stream = %self.name, refused, "a picture was not looked at");
                }
            }
            Shown::Gap(duration) => {
                let span = Span { from: at, to: at + duration };
                faces.gap(span, Abstain::FilledIn, &mut || fusion.reserve(), ask);
            }
        }
    }

    /// Whether another picture may be taken: one is in work at most.
    fn is_free(&self) -> bool {
        self.faces.as_ref().is_none_or(|faces| !faces.is_looking())
    }
}

impl Stream for Sight {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> ParticipantKind {
        ParticipantKind::Face
    }

    fn is_live(&self) -> bool {
        self.faces.is_some() && !self.ended && self.clock.is_live()
    }

    fn is_lost(&self) -> bool {
        self.faces.is_some() && self.clock.is_lost(self.ended)
    }

    fn is_drained(&self) -> bool {
        // While the detector is at work, its answer brings the next turn.
        self.slot.is_drained() || !self.is_free()
    }

    fn is_empty(&self) -> bool {
        self.slot.is_empty()
    }

    fn observe(&mut self, others: bool, fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        if !self.is_free() {
            return;
        }
        self.control(fusion, ask);
        if let Some(waiting) = self.slot.take() {
            self.see(waiting, others, fusion, ask);
        }
        if self.is_free() {
            self.control(fusion, ask);
        }
    }

    fn flush(&mut self, fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        if let Some(faces) = &mut self.faces {
            faces.flush(&mut || fusion.reserve(), ask);
        }
    }

    fn answer(&mut self, id: u64, answer: &Answer, fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        if let Some(faces) = &mut self.faces {
            faces.answer(id, answer, &mut || fusion.reserve(), ask);
            self.slot.counters.late_windows.store(faces.late(), Ordering::Relaxed);
        }
    }

    fn take(&mut self, acts: &mut Vec<Act>) {
        if let Some(faces) = &mut self.faces {
            faces.take(acts);
        }
    }

    fn decided_to(&self) -> Option<MediaTime> {
        let faces = self.faces.as_ref().filter(|faces| !faces.waits())?;
        Some(self.clock.decided_to(faces.seen_to()))
    }

    fn running(&self, at: MediaTime) -> MediaTime {
        self.clock.running(at)
    }

    fn participants(&self) -> Vec<ParticipantId> {
        self.faces.iter().flat_map(Faces::participants).collect()
    }

    fn failed(&self) -> Option<&str> {
        self.faces.as_ref().and_then(Faces::failed)
    }

    fn news(&mut self) -> Option<String> {
        self.faces.as_mut().and_then(Faces::news)
    }

    fn dropped(&self) -> u64 {
        let stats = self.slot.stats();
        stats.dropped_frames + stats.refused_frames
    }

    fn report(&self) -> StreamReport {
        StreamReport {
            name: self.name.clone(),
            kind: self.kind(),
            participants: self.participants(),
            stats: self.slot.stats(),
            latency: self.latency,
            failed: self.failed().map(str::to_owned),
            findings: Vec::new(),
        }
    }

    fn places(&self) -> &[Place] {
        self.faces.as_ref().map_or(&[], Faces::places)
    }

    fn found(&self) -> Vec<Found> {
        self.faces.as_ref().map_or_else(Vec::new, Faces::found)
    }

    fn kept(&self, participant: ParticipantId) -> Vec<Thumbnail> {
        self.faces.as_ref().map_or_else(Vec::new, |faces| faces.kept(participant))
    }
}
