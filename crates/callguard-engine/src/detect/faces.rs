//! The faces of a video stream: pictures in, and what is said of each face out, in order, though answers may come late.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use callguard_core::{
    Abstain, Abstention, EpochReason, Evidence, Found, MediaTime, Observation, ParticipantId, ParticipantKind, Span,
};
use callguard_inference::{Score, SourceSpec, Tensor};
use callguard_vision::{
    Crop, CropId, Eyes, EyesSettings, Look, Picture, PictureFormat, PixelFormat, Rect, Seat, Sight, VisualSource,
    WindowFacts,
};

use super::keep::{Kept, Thumbnail};
use super::lanes::{Answer, words};
use super::{Ask, Reserve, Task};
use crate::fuse::{Act, Doing};

/// Crops of one stream that may wait for their answers: two seconds of sixteen faces.
const IN_FLIGHT: usize = 160;
/// Crops that are remembered at most. A window needs those of a second; answers come within a deadline of seconds.
const REMEMBERED: usize = 1024;

/// What every video stream is looked at with.
#[derive(Clone)]
pub(crate) struct Sees {
    pub faces: Arc<dyn Score>,
    pub forgery: Option<Arc<dyn Score>>,
    pub replay: Option<Arc<dyn Score>>,
    /// What each source is calibrated with; one that is absent is not heard.
    pub sources: BTreeMap<VisualSource, SourceSpec>,
    pub settings: EyesSettings,
    /// Whether pictures of deciding moments are kept.
    pub thumbnails: bool,
}

/// Where a face was at the newest look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub participant: ParticipantId,
    /// In pixels of a picture of `size`.
    pub bounds: Rect,
    pub size: (u32, u32),
    pub at: MediaTime,
}

enum Outgoing {
    Ready(Act),
    Window { participant: ParticipantId, source: VisualSource, facts: WindowFacts, crops: Vec<CropId> },
}

/// A crop that a window to come needs.
struct Cut {
    seat: Seat,
    at: MediaTime,
    /// `None`: its answer is outstanding.
    score: Option<Result<f64, Abstain>>,
    map: Vec<f32>,
    side: usize,
    /// Only where pictures are kept.
    pixels: Option<Vec<u8>>,
}

/// See the module.
pub(crate) struct Faces {
    sees: Sees,
    eyes: Eyes,
    seats: BTreeMap<Seat, ParticipantId>,
    /// Planes of the picture in work.
    scratch: Vec<u8>,
    format: Option<PictureFormat>,
    at: MediaTime,
    /// The detector was asked about it.
    looking: Option<u64>,
    sights: Vec<Sight>,
    cuts: BTreeMap<CropId, Cut>,
    asked: BTreeMap<u64, CropId>,
    /// In order of the stream; what is ready behind a window that waits, waits.
    outgoing: VecDeque<Outgoing>,
    places: Vec<Place>,
    kept: Kept,
    next: u64,
    late: u64,
    seen_to: MediaTime,
    failed: Option<String>,
    /// The same until someone was told.
    news: Option<String>,
}

impl Faces {
    pub(crate) fn new(sees: Sees, at: MediaTime) -> Self {
        Self {
            eyes: Eyes::new(sees.settings),
            sees,
            seats: BTreeMap::new(),
            scratch: Vec::new(),
            format: None,
            at,
            looking: None,
            sights: Vec::new(),
            cuts: BTreeMap::new(),
            asked: BTreeMap::new(),
            outgoing: VecDeque::new(),
            places: Vec::new(),
            kept: Kept::default(),
            next: 0,
            late: 0,
            seen_to: at,
            failed: None,
            news: None,
        }
    }

    /// Who was seen.
    pub(crate) fn participants(&self) -> impl Iterator<Item = ParticipantId> + '_ {
        self.seats.values().copied()
    }

    /// Media time up to which the stream was looked at.
    pub(crate) fn seen_to(&self) -> MediaTime {
        self.seen_to
    }

    /// Why the stream cannot be judged any more, if so.
    pub(crate) fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// The same, once.
    pub(crate) fn news(&mut self) -> Option<String> {
        self.news.take()
    }

    /// Looks and windows that got no answer in time.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }

    /// Whether the picture in work waits for the detector: until then no other is taken.
    pub(crate) fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    /// Whether answers are outstanding.
    pub(crate) fn waits(&self) -> bool {
        self.looking.is_some() || !self.asked.is_empty()
    }

    /// What is seen of where the stream comes from.
    pub(crate) fn found(&self) -> Vec<Found> {
        self.eyes.provenance()
    }

    /// Where the faces were at the newest look.
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// The pictures kept of a participant.
    pub(crate) fn kept(&self, participant: ParticipantId) -> Vec<Thumbnail> {
        self.kept.of(participant)
    }

    /// Looks at a picture, which `copy` puts into the scratch: after that its owner may have it back.
    ///
    /// # Errors
    /// Why it cannot be looked at; it is left out.
    pub(crate) fn look(
        &mut self,
        at: MediaTime,
        copy: impl FnOnce(&mut Vec<u8>) -> Result<PictureFormat, String>,
        reserve: Reserve<'_>,
        ask: &mut Vec<Ask>,
    ) -> Result<(), String> {
        if let Some(id) = self.looking {
            // A second picture before the first one's answer: that one comes too late.
            self.answer(id, &Answer::Late, reserve, ask);
        }
        if self.failed.is_some() {
            self.seen_to = self.seen_to.max(at);
            self.blind(Span { from: at, to: at }, Abstain::BadOutput, reserve, ask);
            return Ok(());
        }
        let scratch = &mut self.scratch;
        let copied = catch_unwind(AssertUnwindSafe(|| copy(scratch)));
        let format = copied.unwrap_or_else(|panic| Err(format!("copying panicked: {}", words(&*panic))))?;
        (self.format, self.at) = (Some(format), at);
        let looked = self.guarded(|eyes, picture, sights| eyes.look(picture, sights));
        match looked {
            Some(Ok(Look::Ask(input))) => {
                let id = self.id();
                self.looking = Some(id);
                self.take_in(reserve, ask);
                ask.push(Ask { id, task: Task::Faces, input: Tensor::U8(input) });
            }
            Some(Ok(Look::Done)) => self.looked(reserve, ask),
            Some(Err(e)) => return Err(e.to_string()),
            None => self.looked(reserve, ask),
        }
        Ok(())
    }

    /// Nothing to see for a stretch.
    pub(crate) fn gap(&mut self, span: Span, reason: Abstain, reserve: Reserve<'_>, ask: &mut Vec<Ask>) {
        self.seen_to = self.seen_to.max(span.to);
        self.blind(span, reason, reserve, ask);
    }

    /// What was gathered is judged or abstained from.
    pub(crate) fn flush(&mut self, reserve: Reserve<'_>, ask: &mut Vec<Ask>) {
        if self.failed.is_none() {
            self.guarded(|eyes, _, sights| eyes.flush(sights));
            self.take_in(reserve, ask);
        }
    }

    /// Everyone is judged anew from here on; a failed stream gets another chance.
    pub(crate) fn begin_epoch(&mut self, reason: EpochReason, at: MediaTime, reserve: Reserve<'_>, ask: &mut Vec<Ask>) {
        self.failed = None;
        self.guarded(|eyes, _, sights| eyes.begin_epoch(reason, at, sights));
        self.take_in(reserve, ask);
    }

    /// Takes the answer to something that was asked. One that was answered before is left as it was.
    pub(crate) fn answer(&mut self, id: u64, answer: &Answer, reserve: Reserve<'_>, ask: &mut Vec<Ask>) {
        let scores = match answer {
            Answer::Scores(scores) => Ok(scores.as_slice()),
            Answer::Late => {
                self.late += u64::from(self.looking == Some(id) || self.asked.contains_key(&id));
                Err(Abstain::Late)
            }
            Answer::Bad(reason) => {
                tracing::debug!(stage = "detect", reason, "a picture was not judged");
                Err(Abstain::BadOutput)
            }
            Answer::Gone(reason) => {
                self.fail(reason);
                Err(Abstain::BadOutput)
            }
        };
        if self.looking == Some(id) {
            self.looking = None;
            self.guarded(|eyes, picture, sights| eyes.found(picture, scores, sights));
            self.looked(reserve, ask);
        } else if let Some(crop) = self.asked.remove(&id)
            && let Some(cut) = self.cuts.get_mut(&crop)
        {
            cut.score = Some(match scores {
                Ok([score, map @ ..]) if score.is_finite() => {
                    cut.map = map.to_vec();
                    Ok(f64::from(*score))
                }
                Ok(_) => Err(Abstain::BadOutput),
                Err(reason) => Err(reason),
            });
        }
    }

    /// Moves what is decided, in order, to `acts`.
    pub(crate) fn take(&mut self, acts: &mut Vec<Act>) {
        while let Some(first) = self.outgoing.pop_front() {
            match first {
                Outgoing::Ready(act) => acts.push(act),
                Outgoing::Window { participant, source, facts, crops } => {
                    let waits = crops.iter().any(|id| self.cuts.get(id).is_some_and(|cut| cut.score.is_none()));
                    if waits {
                        self.outgoing.push_front(Outgoing::Window { participant, source, facts, crops });
                        return;
                    }
                    acts.extend(self.judge(participant, source, &facts, &crops));
                }
            }
        }
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Runs the analysis on the picture in work; a panic in it fails this stream and nothing else.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Eyes, &Picture<'_>, &mut Vec<Sight>) -> T) -> Option<T> {
        let nothing = PictureFormat::packed(PixelFormat::Gray8, 0, 0);
        let format = self.format.as_ref().unwrap_or(&nothing);
        let picture = Picture { format, bytes: &self.scratch, at: self.at };
        let (eyes, sights) = (&mut self.eyes, &mut self.sights);
        match catch_unwind(AssertUnwindSafe(|| work(eyes, &picture, sights))) {
            Ok(done) => Some(done),
            Err(panic) => {
                let reason = format!("the analysis panicked: {}", words(&*panic));
                // What it held may be half changed. Seats are counted anew, so nobody keeps one.
                self.eyes = Eyes::new(self.sees.settings);
                self.sights.clear();
                self.seats.clear();
                self.fail(&reason);
                None
            }
        }
    }

    fn fail(&mut self, reason: &str) {
        if self.failed.is_some() {
            return;
        }
        tracing::error!(stage = "detect", reason, "a video stream cannot be judged");
        self.failed = Some(reason.to_owned());
        self.news = self.failed.clone();
    }

    fn blind(&mut self, span: Span, reason: Abstain, reserve: Reserve<'_>, ask: &mut Vec<Ask>) {
        self.guarded(|eyes, _, sights| eyes.gap(span, reason, sights));
        self.take_in(reserve, ask);
    }

    /// The picture in work is done with.
    fn looked(&mut self, reserve: Reserve<'_>, ask: &mut Vec<Ask>) {
        self.seen_to = self.seen_to.max(self.at);
        self.take_in(reserve, ask);
        let Some(format) = &self.format else { return };
        let (size, at) = (format.upright(), self.at);
        let place = |(seat, face): (Seat, callguard_vision::Face)| {
            Some(Place { participant: *self.seats.get(&seat)?, bounds: face.bounds, size, at })
        };
        self.places = self.eyes.faces().filter_map(place).collect();
    }

    fn take_in(&mut self, reserve: Reserve<'_>, ask: &mut Vec<Ask>) {
        let mut sights = std::mem::take(&mut self.sights);
        for sight in sights.drain(..) {
            self.sight(sight, reserve, ask);
        }
        self.sights = sights;
    }

    fn sight(&mut self, sight: Sight, reserve: Reserve<'_>, ask: &mut Vec<Ask>) {
        match sight {
            Sight::Joined { seat, at } => {
                let participant = *self.seats.entry(seat).or_insert_with(reserve);
                self.ready(Act { at, participant, what: Doing::Join { kind: ParticipantKind::Face, mixed: false } });
            }
            Sight::Epoch { seat, at, reason } => {
                if let Some(participant) = self.seats.get(&seat).copied() {
                    self.ready(Act { at, participant, what: Doing::Epoch(reason) });
                }
            }
            Sight::Crop(crop) => self.crop(crop, ask),
            Sight::Window { seat, source, facts, crops } => {
                if let Some(participant) = self.seats.get(&seat).copied() {
                    self.outgoing.push_back(Outgoing::Window { participant, source, facts, crops });
                }
            }
            Sight::Cue { seat, source, facts, score } => {
                let Some(participant) = self.seats.get(&seat).copied() else { return };
                let Some(said) = self.evidence(source, participant, &facts, Ok(score)) else { return };
                self.keep_newest(seat, participant, &said);
                self.ready(said);
            }
            Sight::Abstained { seat, source, span, reason } => {
                if let (Some(participant), Some(spec)) =
                    (self.seats.get(&seat).copied(), self.sees.sources.get(&source))
                {
                    let about = Abstention { source: spec.source.clone(), subject: participant, span, reason };
                    self.ready(observe(participant, Observation::Abstention(about)));
                }
            }
        }
    }

    fn ready(&mut self, act: Act) {
        self.outgoing.push_back(Outgoing::Ready(act));
    }

    fn crop(&mut self, crop: Crop, ask: &mut Vec<Ask>) {
        while self.cuts.len() >= REMEMBERED {
            self.cuts.pop_first();
        }
        let Crop { id, seat, source, at, side, pixels } = crop;
        let task = if source == VisualSource::Replay { Task::Replay } else { Task::Forgery };
        let kept = self.sees.thumbnails.then(|| pixels.clone());
        let full = self.asked.len() >= IN_FLIGHT;
        self.late += u64::from(full);
        let score = full.then_some(Err(Abstain::Late));
        self.cuts.insert(id, Cut { seat, at, score, map: Vec::new(), side, pixels: kept });
        if !full {
            let asked = self.id();
            self.asked.insert(asked, id);
            ask.push(Ask { id: asked, task, input: Tensor::U8(pixels) });
        }
    }

    /// A window whose crops are all answered.
    fn judge(
        &mut self,
        participant: ParticipantId,
        source: VisualSource,
        facts: &WindowFacts,
        crops: &[CropId],
    ) -> Option<Act> {
        let scores: Vec<Result<f64, Abstain>> =
            crops.iter().map(|id| self.cuts.get(id).and_then(|cut| cut.score).unwrap_or(Err(Abstain::Late))).collect();
        let good: Vec<f64> = scores.iter().filter_map(|s| s.ok()).collect();
        // Half of them speak for the window; fewer are too few.
        let score = if 2 * good.len() >= crops.len() && !good.is_empty() {
            Ok(good.iter().sum::<f64>() / good.len() as f64)
        } else {
            Err(scores.iter().find_map(|s| s.err()).unwrap_or(Abstain::Late))
        };
        let said = self.evidence(source, participant, facts, score)?;
        self.keep_strongest(participant, crops, &said);
        // Later windows begin later.
        let seat = crops.first().and_then(|id| self.cuts.get(id)).map(|cut| cut.seat);
        self.cuts.retain(|_, cut| Some(cut.seat) != seat || cut.at >= facts.span.from);
        Some(said)
    }

    /// What a source says of a window, as its calibration has it. `None`: a source that nobody asked for.
    fn evidence(
        &self,
        source: VisualSource,
        subject: ParticipantId,
        facts: &WindowFacts,
        score: Result<f64, Abstain>,
    ) -> Option<Act> {
        let spec = self.sees.sources.get(&source)?;
        let source = spec.source.clone();
        let llr = |score| spec.calibration.llr(score, &facts.quality).ok_or(Abstain::BadOutput);
        let said = match score.and_then(llr) {
            Ok(llr) => Observation::Evidence(Evidence {
                source,
                subject,
                span: facts.span,
                llr,
                observed: facts.observed,
                fresh: facts.fresh,
            }),
            Err(reason) => Observation::Abstention(Abstention { source, subject, span: facts.fresh_span, reason }),
        };
        Some(observe(subject, said))
    }

    fn keep_strongest(&mut self, participant: ParticipantId, crops: &[CropId], said: &Act) {
        let score = |id: &CropId| self.cuts.get(id).and_then(|cut| cut.score?.ok());
        let strongest = crops.iter().filter_map(|id| Some((*id, score(id)?))).max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((id, _)) = strongest {
            self.keep(participant, id, said, true);
        }
    }

    fn keep_newest(&mut self, seat: Seat, participant: ParticipantId, said: &Act) {
        let newest = self.cuts.iter().rev().find(|(_, cut)| cut.seat == seat).map(|(id, _)| *id);
        if let Some(id) = newest {
            self.keep(participant, id, said, false);
        }
    }

    fn keep(&mut self, participant: ParticipantId, id: CropId, said: &Act, with_map: bool) {
        let Doing::Observe(Observation::Evidence(e)) = &said.what else { return };
        let Some(cut) = self.cuts.get(&id) else { return };
        let Some(rgb) = cut.pixels.clone() else { return };
        let map = if with_map { cut.map.clone() } else { Vec::new() };
        let thumbnail =
            Thumbnail { span: e.span, source: e.source.clone(), llr: e.llr.nats(), side: cut.side, rgb, map };
        self.kept.add(participant, thumbnail);
    }
}

fn observe(participant: ParticipantId, observation: Observation) -> Act {
    Act { at: observation.end(), participant, what: Doing::Observe(observation) }
}
