//! One seat and the face in it.

use std::time::Duration;

use callguard_core::{EpochReason, MediaTime};

use super::view::{Signature, View};
use crate::{Face, Point, Rect, Seat};

/// Unseen for longer, a face is lost: the design's 1 s and a look's jitter, so that a stream of one picture a second has faces too.
pub(crate) const LOST: Duration = Duration::from_millis(1_100);
/// How far a face may be from where it is expected, sides of its box: at once, for each second, and at most. A head crosses its own width
/// in half a second when someone gets up.
const REACH: f32 = 0.4;
const REACH_PER_S: f32 = 1.5;
const MOST_REACH: f32 = 1.2;
/// How much smaller a face may be than it was. A head that leans in grows by a third in a second; the detector adds its own tenth.
const LEAST_RATIO: f32 = 0.6;
/// Weight of the newest step in a face's velocity.
const NEWEST: f32 = 0.5;
/// A velocity is believed for this long, seconds.
const FORESIGHT_S: f32 = 0.3;
/// Below this correlation of two signatures it is another face, or something in front of it. In 100 genuine recordings 0.8 % of the
/// looks are below a tenth of a second later and 1 % two tenths later (and must be three times in a row); 88 % of pairs of different people are.
pub(crate) const SAME: f32 = 0.5;
/// From this correlation on it is plainly the same face: of pairs of different people under 1 % reach it (and must lie in the same place).
const PLAIN: f32 = 0.75;
/// Looks in a row at another face before it is believed to be one: a hand before the face is gone by then, or no face is found.
const DOUBTS: u8 = 3;
/// Landmarks that moved by less than this share of the distance from eyes to mouth, between detections, are steady: what the
/// detector itself is unsure by.
const STEADY: f32 = 0.08;

/// What a look says of a seat.
#[derive(Clone, Debug)]
pub(crate) enum Now {
    /// Its face.
    Seen(View),
    /// A face that is another, or has something in front of it.
    Doubted(Face),
    /// No face.
    Unseen,
}

/// A seat.
#[derive(Debug)]
pub(crate) struct Sitter {
    pub seat: Seat,
    pub now: Now,
    /// Nobody sits there: lost, or of a scene that is over.
    pub vacant: bool,
    /// An epoch was told and nobody was seen in it yet.
    pub anew: bool,
    /// Last seen there.
    pub face: Face,
    pub seen: MediaTime,
    signature: Signature,
    velocity: Point,
    steady: bool,
    doubt: Option<(u8, Signature)>,
}

impl Sitter {
    pub(crate) fn new(seat: Seat, view: View, at: MediaTime) -> Self {
        Self {
            seat,
            vacant: false,
            anew: false,
            face: view.face,
            seen: at,
            signature: view.signature.clone(),
            velocity: Point::default(),
            steady: false,
            doubt: None,
            now: Now::Seen(view),
        }
    }

    /// How far a face is from where this one is expected, sides of its box; `None` out of reach.
    pub(crate) fn apart(&self, face: &Face, at: MediaTime) -> Option<f32> {
        let passed = at.since(self.seen).as_secs_f32();
        apart(&self.expected(passed), face, passed)
    }

    fn expected(&self, passed_s: f32) -> Rect {
        let s = passed_s.min(FORESIGHT_S);
        Rect {
            x: self.face.bounds.x + self.velocity.x * s,
            y: self.face.bounds.y + self.velocity.y * s,
            ..self.face.bounds
        }
    }

    /// Whether a face is plainly this one, though the picture changed.
    pub(crate) fn goes_on(&self, view: &View, at: MediaTime) -> bool {
        self.apart(&view.face, at).is_some() && self.signature.likeness(&view.signature) >= PLAIN
    }

    /// A face where this one is expected. Returns an epoch where it proves to be another.
    pub(crate) fn meet(&mut self, view: View, at: MediaTime) -> Option<EpochReason> {
        if self.signature.likeness(&view.signature) < SAME {
            let count = match &self.doubt {
                Some((n, other)) if other.likeness(&view.signature) >= SAME => n + 1,
                _ => 1,
            };
            if count < DOUBTS {
                self.follow(view.face, at);
                self.doubt = Some((count, view.signature));
                self.steady = false;
                self.now = Now::Doubted(view.face);
                return None;
            }
            self.sit(view, at);
            return Some(EpochReason::TileJump);
        }
        self.follow(view.face, at);
        self.signature = view.signature.clone();
        self.doubt = None;
        self.now = Now::Seen(view);
        None
    }

    /// A face that takes the seat.
    pub(crate) fn sit(&mut self, view: View, at: MediaTime) {
        *self = Self::new(self.seat, view, at);
    }

    fn follow(&mut self, face: Face, at: MediaTime) {
        let passed = at.since(self.seen).as_secs_f32().max(1e-3);
        let (from, to) = (self.face.bounds.centre(), face.bounds.centre());
        let step = |v: f32, d: f32| v + NEWEST * (d / passed - v);
        self.velocity = Point { x: step(self.velocity.x, to.x - from.x), y: step(self.velocity.y, to.y - from.y) };
        let moved: f32 =
            self.face.landmarks.points().iter().zip(face.landmarks.points()).map(|(a, b)| a.distance(b)).sum();
        self.steady = moved / 5.0 < STEADY * face.length();
        (self.face, self.seen) = (face, at);
    }

    /// The face was found to be where it was, without asking the detector. Its signature stays the one of the last detection, so that a
    /// slow turn does not go unseen.
    pub(crate) fn stay(&mut self, view: View, at: MediaTime) {
        self.seen = at;
        self.now = Now::Seen(view);
    }

    /// Whether `view`, of the same place, still shows the face of the last detection.
    pub(crate) fn unchanged(&self, view: &View, most_change: f32) -> bool {
        self.signature.change(&view.signature) <= most_change
    }

    /// Nothing was seen of it.
    pub(crate) fn miss(&mut self, at: MediaTime) {
        self.now = Now::Unseen;
        self.steady = false;
        self.age(at);
    }

    /// Whoever was unseen for too long is lost.
    pub(crate) fn age(&mut self, at: MediaTime) {
        self.vacant |= at.since(self.seen) > LOST;
    }

    pub(crate) fn rescale(&mut self, ratio: f32) {
        self.face = self.face.scaled(ratio);
        self.velocity = Point { x: self.velocity.x * ratio, y: self.velocity.y * ratio };
    }

    /// Whoever comes is another.
    pub(crate) fn vacate(&mut self) {
        self.now = Now::Unseen;
        self.vacant = true;
        self.anew = true;
        self.doubt = None;
    }

    /// Whether the detector may be asked less often.
    pub(crate) fn steady(&self) -> bool {
        self.steady && self.doubt.is_none()
    }
}

/// How far `face` is from a box, sides of the larger; `None` where no face moves so far in that time, or grows so much.
pub(crate) fn apart(expected: &Rect, face: &Face, passed_s: f32) -> Option<f32> {
    let (a, b) = (expected.area().sqrt(), face.side());
    let far = expected.centre().distance(face.bounds.centre()) / a.max(b);
    let reach = (REACH + REACH_PER_S * passed_s).min(MOST_REACH);
    (far <= reach && a.min(b) >= LEAST_RATIO * a.max(b)).then_some(far)
}
