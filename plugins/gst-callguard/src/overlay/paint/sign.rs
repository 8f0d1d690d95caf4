//! The signs before the words.

use std::f32::consts::PI;

use tiny_skia::{FillRule, LineCap, LineJoin, Path, PathBuilder, Pixmap, Stroke, Transform};

use super::text::{Type, Weight};
use super::{Ink, paint};
use crate::overlay::look::Sign;

/// Draws a sign of `side` pixels around a point: what is solid in `ink`, what is cut out of it in `ground`.
pub(super) fn sign(onto: &mut Pixmap, sign: Sign, (x, y): (f32, f32), side: f32, ink: Ink, ground: Ink) {
    let mut pen = Pen { onto, x, y, side };
    match sign {
        Sign::Check => {
            pen.fill(&polygon(32, 0.5, 0.0), ink);
            pen.stroke(&[(-0.24, 0.02), (-0.07, 0.19), (0.26, -0.17)], false, 0.12, ground);
        }
        Sign::Question => {
            pen.fill(&[(0.0, -0.52), (0.58, 0.46), (-0.58, 0.46)], ink);
            pen.letter("?", 0.74, 0.14, ground);
        }
        Sign::Stop => {
            pen.fill(&polygon(8, 0.54, PI / 8.0), ink);
            pen.letter("!", 0.8, 0.0, ground);
        }
        Sign::Dots => {
            pen.ring(ink);
            for at in [-0.22, 0.0, 0.22] {
                let dot: Vec<_> = polygon(12, 0.075, 0.0).into_iter().map(|(x, y)| (x + at, y)).collect();
                pen.fill(&dot, ink);
            }
        }
        Sign::Dash => {
            pen.ring(ink);
            pen.stroke(&[(-0.22, 0.0), (0.22, 0.0)], false, 0.11, ink);
        }
        Sign::Barred => {
            pen.ring(ink);
            pen.stroke(&[(-0.3, -0.3), (0.3, 0.3)], false, 0.11, ink);
        }
    }
}

/// Points in shares of the sign's side, around its middle.
type Points = [(f32, f32)];

/// A regular polygon; of many corners, a disc.
fn polygon(corners: u16, radius: f32, turned: f32) -> Vec<(f32, f32)> {
    let corner = |i: u16| {
        let angle = turned + f32::from(i) * 2.0 * PI / f32::from(corners);
        (radius * angle.cos(), radius * angle.sin())
    };
    (0..corners).map(corner).collect()
}

struct Pen<'a> {
    onto: &'a mut Pixmap,
    x: f32,
    y: f32,
    side: f32,
}

impl Pen<'_> {
    fn path(&self, points: &Points, closed: bool) -> Option<Path> {
        let mut path = PathBuilder::new();
        for (i, (x, y)) in points.iter().enumerate() {
            let (x, y) = (self.x + x * self.side, self.y + y * self.side);
            if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        if closed {
            path.close();
        }
        path.finish()
    }

    fn fill(&mut self, points: &Points, ink: Ink) {
        if let Some(path) = self.path(points, true) {
            self.onto.fill_path(&path, &paint(ink, 255), FillRule::Winding, Transform::identity(), None);
        }
    }

    fn stroke(&mut self, points: &Points, closed: bool, width: f32, ink: Ink) {
        let Some(path) = self.path(points, closed) else { return };
        let stroke = Stroke {
            width: width * self.side,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        self.onto.stroke_path(&path, &paint(ink, 255), &stroke, Transform::identity(), None);
    }

    fn ring(&mut self, ink: Ink) {
        self.stroke(&polygon(32, 0.44, 0.0), true, 0.1, ink);
    }

    fn letter(&mut self, letter: &str, em: f32, below: f32, ink: Ink) {
        let text = Type::new(Weight::Bold, em * self.side);
        text.draw(self.onto, letter, self.x - text.width(letter) / 2.0, self.y + below * self.side, ink);
    }
}
