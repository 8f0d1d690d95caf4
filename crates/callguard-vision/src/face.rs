//! A face as the detector sees it.

use crate::{Point, Rect, Similarity, TIGHT_SIDE, WIDE_SIDE};

/// Side of the tight crop over the distance from the middle of the eyes to the middle of the mouth: brow to chin with a rim. The networks
/// were trained with it (`models/training/face`).
const TIGHT: f32 = 4.2;
/// Side of the wide crop over the same distance: 3.2 faces, so that edges of what is held to the camera come into view
/// (`models/training/replay`).
const WIDE: f32 = 8.0;

/// Five points, in the order of the picture from left to right where the face is upright.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Landmarks {
    /// The eye on the left of the picture.
    pub left_eye: Point,
    /// The eye on the right of the picture.
    pub right_eye: Point,
    /// Tip of the nose.
    pub nose: Point,
    /// The corner of the mouth on the left of the picture.
    pub left_mouth: Point,
    /// The corner of the mouth on the right of the picture.
    pub right_mouth: Point,
}

impl Landmarks {
    /// The middle of the eyes.
    #[must_use]
    pub fn eyes(&self) -> Point {
        self.left_eye.between(self.right_eye)
    }

    /// The middle of the corners of the mouth.
    #[must_use]
    pub fn mouth(&self) -> Point {
        self.left_mouth.between(self.right_mouth)
    }

    fn map(&self, to: impl Fn(Point) -> Point) -> Self {
        Self {
            left_eye: to(self.left_eye),
            right_eye: to(self.right_eye),
            nose: to(self.nose),
            left_mouth: to(self.left_mouth),
            right_mouth: to(self.right_mouth),
        }
    }

    /// All five.
    #[must_use]
    pub fn points(&self) -> [Point; 5] {
        [self.left_eye, self.right_eye, self.nose, self.left_mouth, self.right_mouth]
    }
}

/// A face in a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Face {
    /// Where it is, pixels of the picture.
    pub bounds: Rect,
    /// How sure the detector is, 0 to 1.
    pub score: f32,
    /// Its five points, pixels of the picture.
    pub landmarks: Landmarks,
}

impl Face {
    /// The tight crop: the face alone, eyes level.
    #[must_use]
    pub fn tight(&self) -> Similarity {
        self.tight_in(TIGHT_SIDE)
    }

    /// The tight crop in `side`² pixels.
    pub(crate) fn tight_in(&self, side: usize) -> Similarity {
        self.square(TIGHT, side)
    }

    /// The wide crop: the face with its surroundings, eyes level.
    #[must_use]
    pub fn wide(&self) -> Similarity {
        self.square(WIDE, WIDE_SIDE)
    }

    /// The same face in a picture of `scale` times the pixels.
    pub(crate) fn scaled(&self, scale: f32) -> Self {
        let Rect { x, y, w, h } = self.bounds;
        Self {
            bounds: Rect { x: x * scale, y: y * scale, w: w * scale, h: h * scale },
            landmarks: self.landmarks.map(|p| Point { x: p.x * scale, y: p.y * scale }),
            ..*self
        }
    }

    /// From the middle of the eyes to the middle of the mouth, pixels: the measure of a face that turning aside changes least.
    pub(crate) fn length(&self) -> f32 {
        self.landmarks.eyes().distance(self.landmarks.mouth())
    }

    /// Geometric mean of the box's sides, pixels.
    pub(crate) fn side(&self) -> f32 {
        self.bounds.area().sqrt()
    }

    /// A crop around the face, eyes level, whose side is `factor` times the distance from eyes to mouth.
    pub(crate) fn square(&self, factor: f32, side: usize) -> Similarity {
        let (eyes, mouth) = (self.landmarks.eyes(), self.landmarks.mouth());
        let (left, right) = (self.landmarks.left_eye, self.landmarks.right_eye);
        let (dx, dy) = (right.x - left.x, right.y - left.y);
        let length = dx.hypot(dy);
        // Eyes on one another: a profile, or no face at all. Upright then.
        let level = if length > 1e-3 { (dx / length, dy / length) } else { (1.0, 0.0) };
        Similarity::square(eyes.between(mouth), factor * eyes.distance(mouth), level, side)
    }
}
