//! All of it for one video stream.

use std::time::Duration;

use callguard_core::{Abstain, EpochReason, Found, MediaTime, Span};

use crate::cue::Memory;
use crate::detect;
use crate::origin::Origin;
use crate::track::{LOST, Move, Now, Thumb, Tracks, View};
use crate::window::Desk;
use crate::{CropId, DETECTOR_SIDE, Face, Look, Picture, PictureError, Seat, Sight, sample};

/// A face that changed by less than this, in the mean of its cells, is where it was, levels: a nod changes it by ten.
const STEADY_CHANGE: f32 = 3.0;

/// What may be chosen about looking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EyesSettings {
    /// Time between analysis instants on the grid of media time.
    pub step: Duration,
    /// Time between windows, a multiple of `step`.
    pub hop: Duration,
    /// Whether tight crops are cut for a forgery model.
    pub forgery: bool,
    /// Whether wide crops are cut for a replay model.
    pub replay: bool,
}

impl Default for EyesSettings {
    fn default() -> Self {
        Self { step: Duration::from_millis(100), hop: Duration::from_millis(500), forgery: true, replay: true }
    }
}

/// Which pictures of a stream are looked at: the first at or after each multiple of `step`. The same for live and recorded streams.
#[derive(Clone, Debug)]
pub struct Grid {
    step: Duration,
    next: MediaTime,
}

impl Grid {
    /// A grid of analysis instants `step` apart.
    #[must_use]
    pub fn new(step: Duration) -> Self {
        Self { step, next: MediaTime::ZERO }
    }

    /// Whether the picture taken at `at` is looked at. To be asked of every picture, in order.
    pub fn takes(&mut self, at: MediaTime) -> bool {
        let step = u64::try_from(self.step.as_nanos()).unwrap_or(u64::MAX).max(1);
        // Time that went back by more than a step has begun anew.
        let back = at + self.step + self.step < self.next;
        if at < self.next && !back {
            return false;
        }
        self.next = MediaTime::from_nanos((at.as_nanos() / step).saturating_add(1).saturating_mul(step));
        true
    }
}

/// The eyes on one video stream: pictures and the detector's answers in, crops and windows out. Pure: the same pictures and answers give the
/// same sights, live or recorded.
///
/// A face joins when three of five detections saw it, and from then on each stretch of its time is told once to each source: as a
/// window's fresh stretch or as an abstention. Nothing is told later than a hop after it was seen.
#[derive(Debug)]
pub struct Eyes {
    settings: EyesSettings,
    tracks: Tracks,
    desks: Vec<Desk>,
    memory: Memory,
    origin: Origin,
    newest: Option<MediaTime>,
    asked: Option<Asked>,
    next_crop: CropId,
}

/// A picture about which the detector was asked.
#[derive(Clone, Copy, Debug)]
struct Asked {
    at: MediaTime,
    /// Pixels of the picture for one of the input.
    scale: f32,
    /// Whether it looks as if it was cut.
    cut: bool,
}

impl Eyes {
    /// Eyes that have seen nothing.
    #[must_use]
    pub fn new(settings: EyesSettings) -> Self {
        Self {
            settings,
            tracks: Tracks::default(),
            desks: Vec::new(),
            memory: Memory::default(),
            origin: Origin::default(),
            newest: None,
            asked: None,
            next_crop: CropId(0),
        }
    }

    /// Looks at a picture that the [`Grid`] takes. What became known is appended to `out`.
    ///
    /// A picture that is not later than the newest is passed over; where time went back by more than a second it begins anew, and all seats
    /// with it ([`EpochReason::Restarted`]). Over a second without a picture is told as [`Abstain::Dropped`]. A question that was not answered
    /// by [`found`](Self::found) counts as answered too late.
    ///
    /// # Errors
    /// A picture outside the limits; it is left out.
    pub fn look(&mut self, picture: &Picture<'_>, out: &mut Vec<Sight>) -> Result<Look, PictureError> {
        picture.check()?;
        let at = picture.at;
        self.give_up(Abstain::Late, out);
        if let Some(newest) = self.newest {
            if at + LOST < newest {
                self.restart(at, out);
            } else if at <= newest {
                return Ok(Look::Done);
            } else if at.since(newest) > LOST {
                self.gap(Span { from: newest, to: at }, Abstain::Dropped, out);
            }
        }
        self.newest = Some(at);
        let cut = self.see_scene(picture);
        if !cut && self.tracks.may_rest(at, self.settings.step) {
            let seen = self.tracks.sitters().iter().filter(|s| !s.vacant);
            let views: Vec<View> = seen.clone().map(|s| View::of(picture, s.face)).collect();
            if seen.zip(&views).all(|(sitter, view)| sitter.unchanged(view, STEADY_CHANGE)) {
                self.tracks.stay(views, at);
                self.note(picture, Abstain::NoFace, out);
                return Ok(Look::Done);
            }
        }
        let mut input = Vec::new();
        let scale = sample::fit(picture, DETECTOR_SIDE, &mut input);
        self.asked = Some(Asked { at, scale, cut });
        Ok(Look::Ask(input))
    }

    /// Takes the detector's answer about the picture that was looked at last (the same must be given), or why there is none.
    pub fn found(&mut self, picture: &Picture<'_>, answer: Result<&[f32], Abstain>, out: &mut Vec<Sight>) {
        let Some(Asked { at, scale, cut }) = self.asked.filter(|a| a.at == picture.at) else { return };
        match answer.and_then(|values| detect::faces(values, scale)) {
            Err(reason) => self.give_up(reason, out),
            Ok(faces) => {
                self.asked = None;
                let views: Vec<View> = faces.into_iter().map(|face| View::of(picture, face)).collect();
                let mut moves = Vec::new();
                if cut {
                    self.tracks.cut(&views, at, &mut moves);
                }
                self.tracks.found(views, at, &mut moves);
                self.apply(&moves, at, out);
                self.note(picture, Abstain::NoFace, out);
            }
        }
    }

    /// Nothing was to be seen for a stretch.
    pub fn gap(&mut self, span: Span, reason: Abstain, out: &mut Vec<Sight>) {
        self.give_up(Abstain::Late, out);
        self.tracks.unknown(span.to);
        for desk in &mut self.desks {
            desk.break_off(span.from, &self.memory, out);
            desk.abstain(span.to, reason, out);
        }
        self.newest = self.newest.max(Some(span.to));
    }

    /// Whoever is seen from now on may be another.
    pub fn begin_epoch(&mut self, reason: EpochReason, at: MediaTime, out: &mut Vec<Sight>) {
        self.give_up(Abstain::Late, out);
        let at = self.newest.map_or(at, |newest| newest.max(at));
        self.newest = self.newest.map(|_| at);
        let mut moves = Vec::new();
        self.tracks.vacate(reason, &mut moves);
        self.apply(&moves, at, out);
        self.memory = Memory::default();
        self.origin = Origin::default();
    }

    /// The end: what was gathered is judged or abstained from.
    pub fn flush(&mut self, out: &mut Vec<Sight>) {
        self.give_up(Abstain::Late, out);
        let Some(newest) = self.newest else { return };
        for desk in &mut self.desks {
            desk.break_off(newest, &self.memory, out);
        }
    }

    /// What was seen of where the stream comes from, since it began or [began anew](Self::begin_epoch).
    #[must_use]
    pub fn provenance(&self) -> Vec<Found> {
        self.origin.found()
    }

    /// Where faces were seen last: those of the newest look.
    pub fn faces(&self) -> impl Iterator<Item = (Seat, Face)> + '_ {
        self.tracks.sitters().iter().filter_map(|sitter| match &sitter.now {
            Now::Seen(view) => Some((sitter.seat, view.face)),
            Now::Doubted(face) => Some((sitter.seat, *face)),
            Now::Unseen => None,
        })
    }

    /// Remembers the whole picture in small. Returns whether it looks as if it was cut.
    fn see_scene(&mut self, picture: &Picture<'_>) -> bool {
        let thumb = Thumb::of(picture);
        let (cut, ratio) =
            self.memory.newest().map_or((false, 1.0), |before| (thumb.cut_from(before), thumb.scale / before.scale));
        // The same picture in more or fewer pixels, as when a call adapts to its line.
        if ratio != 1.0 {
            self.tracks.rescale(ratio);
            self.desks.iter_mut().for_each(Desk::forget_pixels);
        }
        self.origin.note(picture, &thumb);
        self.memory.note(picture.at, thumb);
        cut
    }

    fn apply(&mut self, moves: &[Move], at: MediaTime, out: &mut Vec<Sight>) {
        for one in moves {
            match *one {
                Move::Joined(seat) => {
                    self.desks.push(Desk::new(seat, &self.settings, at));
                    out.push(Sight::Joined { seat, at });
                }
                Move::Epoch(seat, reason) => {
                    if let Some(desk) = self.desks.get_mut(seat.0 as usize) {
                        desk.break_off(at, &self.memory, out);
                        desk.forget();
                    }
                    out.push(Sight::Epoch { seat, at, reason });
                }
            }
        }
    }

    /// Every seat takes the look; those without a face abstain with `unseen`.
    fn note(&mut self, picture: &Picture<'_>, unseen: Abstain, out: &mut Vec<Sight>) {
        for (desk, sitter) in self.desks.iter_mut().zip(self.tracks.sitters()) {
            desk.look(picture, &sitter.now, unseen, &mut self.next_crop, out);
            desk.settle(picture.at, &self.memory, out);
        }
    }

    /// The newest look got no answer.
    fn give_up(&mut self, reason: Abstain, out: &mut Vec<Sight>) {
        let Some(Asked { at, cut, .. }) = self.asked.take() else { return };
        if cut {
            let mut moves = Vec::new();
            self.tracks.vacate(EpochReason::SceneCut, &mut moves);
            self.apply(&moves, at, out);
        }
        self.tracks.unknown(at);
        for desk in &mut self.desks {
            desk.miss(at, reason);
            desk.settle(at, &self.memory, out);
        }
    }

    fn restart(&mut self, at: MediaTime, out: &mut Vec<Sight>) {
        self.flush(out);
        let mut moves = Vec::new();
        self.tracks.vacate(EpochReason::Restarted, &mut moves);
        self.desks.iter_mut().for_each(|desk| desk.restart(at));
        self.apply(&moves, at, out);
        self.memory = Memory::default();
        self.origin = Origin::default();
        self.newest = None;
    }
}
