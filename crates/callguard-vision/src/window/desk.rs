//! What is kept of one seat: its time, and what its cues need.

use std::time::Duration;

use callguard_core::{Abstain, MediaTime};

use super::{Glance, Ledger, WINDOW};
use crate::cue::{Flat, Memory};
use crate::gate::{self, Still};
use crate::track::{Now, View};
use crate::{
    Crop, CropId, EyesSettings, Face, Grid, Picture, Seat, Sight, Similarity, TIGHT_SIDE, VisualSource, WIDE_SIDE,
    sample,
};

/// Time between tight crops: five in a window. Nearer ones are nearly the same picture and cost as much.
const TIGHT_STEP: Duration = Duration::from_millis(200);
/// Time between wide crops: two or three in a window. What is held to the camera changes slowly.
const WIDE_STEP: Duration = Duration::from_millis(400);
/// Fewer crops than this are no window.
const LEAST_TIGHT: usize = 3;
const LEAST_WIDE: usize = 2;
/// Bytes of a pixel of a crop.
const RGB: usize = 3;

/// Crops for one model: where they lie, how many there are, and when the next is due.
#[derive(Debug)]
struct Cutter {
    source: VisualSource,
    lie: fn(&Face) -> Similarity,
    side: usize,
    step: Duration,
    least: usize,
    due: Grid,
}

impl Cutter {
    fn all(settings: &EyesSettings) -> Vec<Self> {
        let tight = settings.forgery.then(|| Self {
            source: VisualSource::Forgery,
            lie: Face::tight,
            side: TIGHT_SIDE,
            step: TIGHT_STEP,
            least: LEAST_TIGHT,
            due: Grid::new(TIGHT_STEP),
        });
        let wide = settings.replay.then(|| Self {
            source: VisualSource::Replay,
            lie: Face::wide,
            side: WIDE_SIDE,
            step: WIDE_STEP,
            least: LEAST_WIDE,
            due: Grid::new(WIDE_STEP),
        });
        tight.into_iter().chain(wide).collect()
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Desk {
    seat: Seat,
    ledger: Ledger,
    /// For each model that wants crops.
    cutters: Vec<Cutter>,
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
            cutters: Cutter::all(settings),
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
        let stirred = self.still.stirred(picture, &view.face);
        self.stirred = if stirred { Some(at) } else { self.stirred };
        self.flat.note(picture, &view.face);
        self.face = Some(view.face);
        let mut crops = Vec::new();
        // A tile that shows a portrait costs no model anything.
        let lives = self.stirred.is_some_and(|then| at.since(then) < WINDOW);
        if judged.is_ok() && lives {
            for Cutter { source, lie, side, due, .. } in &mut self.cutters {
                if !due.takes(at) {
                    continue;
                }
                let id = *next_crop;
                *next_crop = CropId(id.0 + 1);
                let mut pixels = Vec::with_capacity(RGB * *side * *side);
                sample::rgb(picture, &lie(&view.face), *side, *side, &mut pixels);
                out.push(Sight::Crop(Crop { id, seat: self.seat, source: *source, at, side: *side, pixels }));
                crops.push((*source, id));
            }
        }
        self.ledger.note(Glance { at, judged, crops, stirred });
    }

    /// Nothing is known of the seat at `at`, and why.
    pub(crate) fn miss(&mut self, at: MediaTime, reason: Abstain) {
        if at > self.ledger.told_to() {
            self.ledger.note(Glance { at, judged: Err(reason), crops: Vec::new(), stirred: false });
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
        let models = self.cutters.iter().map(|cutter| cutter.source);
        for source in models.chain([VisualSource::Repeat, VisualSource::Flat]) {
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
        self.cutters.iter_mut().for_each(|cutter| cutter.due = Grid::new(cutter.step));
    }

    fn tell(&mut self, to: MediaTime, memory: &Memory, out: &mut Vec<Sight>) {
        let facts = match self.ledger.ready(to) {
            Ok(facts) => facts,
            Err(reason) => return self.abstain(to, reason, out),
        };
        let cut = |cutter: &Cutter| (cutter.source, self.ledger.crops(to, cutter.source, cutter.least));
        let models: Vec<_> = self.cutters.iter().map(cut).collect();
        let Some(fresh) = self.ledger.tell(to) else { return };
        let (seat, abstained) =
            (self.seat, |source, reason| Sight::Abstained { seat: self.seat, source, span: fresh, reason });
        for (source, crops) in models {
            out.push(match crops {
                Ok(crops) => Sight::Window { seat, source, facts, crops },
                Err(reason) => abstained(source, reason),
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
