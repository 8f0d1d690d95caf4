//! Points, boxes and the one transform that is needed. Pixels; x to the right, y down; the centre of the first pixel lies at (0.5, 0.5).

/// A point, pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

impl Point {
    /// The point between two.
    #[must_use]
    pub fn between(self, other: Self) -> Self {
        Self { x: (self.x + other.x) / 2.0, y: (self.y + other.y) / 2.0 }
    }

    /// How far apart two points are, pixels.
    #[must_use]
    pub fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// An upright box, pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

impl Rect {
    /// Its middle.
    #[must_use]
    pub fn centre(self) -> Point {
        Point { x: self.x + self.w / 2.0, y: self.y + self.h / 2.0 }
    }

    /// Its area, pixels².
    #[must_use]
    pub fn area(self) -> f32 {
        self.w.max(0.0) * self.h.max(0.0)
    }

    /// Intersection over union, 0 to 1.
    #[must_use]
    pub fn iou(self, other: Self) -> f32 {
        let w = (self.x + self.w).min(other.x + other.w) - self.x.max(other.x);
        let h = (self.y + self.h).min(other.y + other.h) - self.y.max(other.y);
        let both = w.max(0.0) * h.max(0.0);
        let either = self.area() + other.area() - both;
        if either > 0.0 { both / either } else { 0.0 }
    }
}

/// From a target's pixels to a picture's: `x' = a·x − b·y + tx`, `y' = b·x + a·y + ty`. Scale, rotation and shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Scale times cosine.
    pub a: f32,
    /// Scale times sine.
    pub b: f32,
    /// Shift to the right, pixels of the picture.
    pub tx: f32,
    /// Shift down, pixels of the picture.
    pub ty: f32,
}

impl Similarity {
    /// A square target of `side` pixels that shows the square of `wide` picture pixels around `centre`, turned so that the direction
    /// (`cos`, `sin`) in the picture points to the target's right.
    #[must_use]
    pub fn square(centre: Point, wide: f32, (cos, sin): (f32, f32), side: usize) -> Self {
        let scale = wide / side as f32;
        let (a, b) = (scale * cos, scale * sin);
        let half = side as f32 / 2.0;
        Self { a, b, tx: centre.x - a * half + b * half, ty: centre.y - b * half - a * half }
    }

    /// Where a point of the target lies in the picture.
    #[must_use]
    pub fn apply(self, p: Point) -> Point {
        Point { x: self.a * p.x - self.b * p.y + self.tx, y: self.b * p.x + self.a * p.y + self.ty }
    }

    /// Picture pixels for one pixel of the target.
    #[must_use]
    pub fn scale(self) -> f32 {
        self.a.hypot(self.b)
    }
}
