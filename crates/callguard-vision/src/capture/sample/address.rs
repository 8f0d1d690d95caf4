//! Where a target's pixels lie in the stored picture.

use crate::Similarity;
use crate::capture::{PictureFormat, Turn};

/// Farthest that a footprint may be off its place, stored pixels: half of what the weights of a blend can tell.
const TOLERANCE: f64 = 1.0 / 512.0;

/// A coordinate of the stored picture: `x·X + y·Y + at`, of a point of the target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Coordinate {
    pub x: f64,
    pub y: f64,
    pub at: f64,
}

impl Coordinate {
    pub fn of(self, x: f64, y: f64) -> f64 {
        self.x * x + self.y * y + self.at
    }

    /// What it grows by at most from one pixel of the target to the next, in whatever direction.
    pub fn step(self) -> f64 {
        self.x.hypot(self.y)
    }

    /// Least and greatest within a target.
    pub fn bounds(self, width: f64, height: f64) -> (f64, f64) {
        let (x, y) = (self.x * width, self.y * height);
        (self.at + x.min(0.0) + y.min(0.0), self.at + x.max(0.0) + y.max(0.0))
    }

    fn scaled(self, by: f64) -> Self {
        Self { x: self.x * by, y: self.y * by, at: self.at * by }
    }

    /// As far from the other side.
    fn mirrored(self, size: f64) -> Self {
        Self { x: -self.x, y: -self.y, at: size - self.at }
    }

    fn is_finite(self) -> bool {
        [self.x, self.y, self.at].iter().all(|v| v.is_finite())
    }
}

/// How a target lies in the stored picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearing {
    /// Its rows are rows, or rows read backwards.
    Level,
    /// Its rows are columns.
    Sideways,
    /// Its rows go aslant.
    Aslant,
}

/// From points of the target to points of the stored picture: the similarity with the turn and the pixel aspect folded in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Address {
    pub across: Coordinate,
    pub down: Coordinate,
}

impl Address {
    /// None where a number is not finite: such a target is nowhere.
    pub fn new(format: &PictureFormat, to_picture: &Similarity) -> Option<Self> {
        let [a, b, tx, ty] = [to_picture.a, to_picture.b, to_picture.tx, to_picture.ty].map(f64::from);
        let (x, y) = (Coordinate { x: a, y: -b, at: tx }, Coordinate { x: b, y: a, at: ty });
        let (wide, high) = format.square_size();
        let (across, down) = match format.turn {
            Turn::None => (x, y),
            Turn::Right => (y, x.mirrored(high)),
            Turn::Half => (x.mirrored(wide), y.mirrored(high)),
            Turn::Left => (y.mirrored(wide), x),
        };
        let (stretch_across, stretch_down) = format.stretch();
        let (across, down) = (across.scaled(1.0 / stretch_across), down.scaled(1.0 / stretch_down));
        (across.is_finite() && down.is_finite()).then_some(Self { across, down })
    }

    /// How a target of so many pixels lies.
    pub fn bearing(&self, width: usize, height: usize) -> Bearing {
        let drifts = |slope: f64, pixels: usize| !(slope.abs() * pixels as f64 <= TOLERANCE);
        if !drifts(self.across.y, height) && !drifts(self.down.x, width) {
            Bearing::Level
        } else if !drifts(self.across.x, width) && !drifts(self.down.y, height) {
            Bearing::Sideways
        } else {
            Bearing::Aslant
        }
    }
}
