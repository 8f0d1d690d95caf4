//! What is kept of one seat: its time, and what its cues need.

use std::time::Duration;

use callguard_core::{Abstain, MediaTime};

use super::{Glance, Ledger, Ready, WINDOW};
use crate::cue::{Flat, Memory};
use crate::gate::{self, Still};
use crate::track::{Now, View};
use crate::{Crop, CropId, EyesSettings, Face, Grid, Picture, Seat, Sight, TIGHT_SIDE, VisualSource, sample};

/// Time between crops: five in a window. Nearer ones are nearly the same picture and cost as much.
const CROP_STEP: Duration = Duration::from_millis(200);
/// Bytes of a pixel of a crop.
const RGB: usize = 3;

/// See the module.
#[derive(Debug)]
pub(crate) struct Desk {
    seat: Seat,
    ledger: Ledger,
    /// When the next crop is due; `None` where nobody wants any.
    crops: Option<Grid>,
    still: Still,
    stirred: Option<MediaTime>,
    flat: Flat,
    face: Option<Face>,
}

impl Desk {
    pub(crate) fn new(seat: Seat, settings: &EyesSettings, from: MediaTime) -> Self {
        Self {
            seat,
            ledger: Ledger::new(settings.hop, from),
            crops: settings.crops.then(|| Grid::new(CROP_STEP)),
            still: Still::default(),
            stirred: None,
            flat: Flat::default(),
            face: None,
        }
    }

    /// Takes a look; without a face it abstains with `unseen`.
    pub(crate) fn look(
        &mut self,
        picture: &Picture<'_>,
        now: &Now,
        unseen: Abstain,
        next_crop: &mut CropId,
        out: &mut Vec<Sight>,
    ) {
        match now {
            Now::Unseen => self.miss(picture.at, unseen),
            Now::Doubted(_) => self.miss(picture.at, Abstain::Occluded),
            Now::Seen(view) => self.see(picture, view, next_crop, out),
        }
    }

    fn see(&mut self, picture: &Picture<'_>, view: &View, next_crop: &mut CropId, out: &mut Vec<Sight>) {
        let at = picture.at;
        // The look of joining ends no stretch.
        if at <= self.ledger.told_to() {
            return;
        }
        let (wide, high) = picture.format.upright();
        let judged = gate::judge(view, (wide as f32, high as f32));
        let stirred = self.still.stirred(picture, view.face.tight());
        self.stirred = if stirred { Some(at) } else { self.stirred };
        self.flat.note(picture, &view.face);
        self.face = Some(view.face);
        let mut crop = None;
        // A tile that shows a portrait costs no model anything.
        let lives = self.stirred.is_some_and(|then| at.since(then) < WINDOW);
        if judged.is_ok() && lives && self.crops.as_mut().is_some_and(|grid| grid.takes(at)) {
            let id = *next_crop;
            *next_crop = CropId(id.0 + 1);
            let mut pixels = Vec::with_capacity(RGB * TIGHT_SIDE * TIGHT_SIDE);
            sample::rgb(picture, &view.face.tight(), TIGHT_SIDE, TIGHT_SIDE, &mut pixels);
            out.push(Sight::Crop(Crop { id, seat: self.seat, at, pixels }));
            crop = Some(id);
        }
        self.ledger.note(Glance { at, judged, crop, stirred });
    }

    /// Nothing is known of the seat at `at`, and why.
    pub(crate) fn miss(&mut self, at: MediaTime, reason: Abstain) {
        if at > self.ledger.told_to() {
            self.ledger.note(Glance { at, judged: Err(reason), crop: None, stirred: false });
        }
    }

    /// Tells what is due at `now`.
    pub(crate) fn settle(&mut self, now: MediaTime, memory: &Memory, out: &mut Vec<Sight>) {
        if self.ledger.due(now) {
            self.tell(now, memory, out);
        }
    }

    /// No window spans `at`: what was gathered before is judged or abstained from.
    pub(crate) fn break_off(&mut self, at: MediaTime, memory: &Memory, out: &mut Vec<Sight>) {
        if let Some(to) = self.ledger.usable_to() {
            self.tell(to.min(at), memory, out);
        }
        self.abstain(at, self.ledger.reason(at), out);
        self.ledger.break_off();
    }

    /// Nothing will be said up to `to`.
    pub(crate) fn abstain(&mut self, to: MediaTime, reason: Abstain, out: &mut Vec<Sight>) {
        let Some(span) = self.ledger.tell(to) else { return };
        let crops = self.crops.is_some().then_some(VisualSource::Forgery);
        for source in crops.into_iter().chain([VisualSource::Repeat, VisualSource::Flat]) {
            out.push(Sight::Abstained { seat: self.seat, source, span, reason });
        }
    }

    /// Another sits there.
    pub(crate) fn forget(&mut self) {
        self.forget_pixels();
        self.face = None;
    }

    /// What was kept in pixels of the picture means nothing any more.
    pub(crate) fn forget_pixels(&mut self) {
        (self.still, self.stirred, self.flat) = (Still::default(), None, Flat::default());
    }

    /// Media time begins anew.
    pub(crate) fn restart(&mut self, at: MediaTime) {
        self.ledger.restart(at);
        self.forget();
        self.crops = self.crops.is_some().then(|| Grid::new(CROP_STEP));
    }

    fn tell(&mut self, to: MediaTime, memory: &Memory, out: &mut Vec<Sight>) {
        let Ready { facts, crops } = match self.ledger.ready(to) {
            Ok(ready) => ready,
            Err(reason) => return self.abstain(to, reason, out),
        };
        let Some(fresh) = self.ledger.tell(to) else { return };
        let (seat, abstained) =
            (self.seat, |source, reason| Sight::Abstained { seat: self.seat, source, span: fresh, reason });
        if self.crops.is_some() {
            out.push(match crops {
                Ok(crops) => Sight::Window { seat, facts, crops },
                Err(reason) => abstained(VisualSource::Forgery, reason),
            });
        }
        let repeat = self.face.map_or(Err(Abstain::NoFace), |face| memory.score(&face, to));
        for (source, score) in [(VisualSource::Repeat, repeat), (VisualSource::Flat, self.flat.score(to))] {
            out.push(match score {
                Ok(score) => Sight::Cue { seat, source, facts, score },
                Err(reason) => abstained(source, reason),
            });
        }
    }
}
