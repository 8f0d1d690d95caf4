//! A flat thing moving: a print or a screen in someone's hand.
//!
//! Points of a face and its surroundings are followed over a third of a second. If they lie on one plane, one motion of a plane explains how
//! all of them moved; a head before a room, that speaks and turns, it does not.

use std::collections::VecDeque;
use std::time::Duration;

use callguard_core::{Abstain, MediaTime};

use super::flow::{Pair, SIDE};
use super::plane::{self, Moved};
use crate::window::WINDOW;
use crate::{Face, Picture, Point, Similarity, sample};

/// Time between the two looks that are compared: a hand has moved by then, and a point is still found.
const LEAST_APART: Duration = Duration::from_millis(290);
const MOST_APART: Duration = Duration::from_millis(600);
/// Side of the square that is looked at, in distances from eyes to mouth: the face with hair, neck and what lies close beside. A print
/// often ends where the wide crop does.
const AROUND: f32 = 6.0;
/// Points across and down, their distance and that of the first from the edge, pixels of that square.
const ACROSS: usize = 9;
const EVERY: usize = 10;
const FIRST: usize = 8;
/// Radius of the face in it, pixels: half a tight crop.
const FACE: f32 = 33.0;
/// Points that must be found, in all, and of those in and around the face.
const LEAST_POINTS: usize = 24;
const LEAST_EACH: usize = 8;
/// Least mean motion, pixels: of the error of a followed point, a tenth, five times as much.
const LEAST_MOTION: f32 = 0.5;
/// Error of a followed point, pixels.
const NOISE: f32 = 0.15;

/// How a face and its surroundings moved.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    before: Option<(MediaTime, Similarity, Pair)>,
    /// Over the last second: squares of motion and of what no plane explains; `None` where nothing could be told.
    moved: VecDeque<(MediaTime, Option<(f32, f32)>)>,
    luma: Vec<u8>,
}

impl Flat {
    pub(crate) fn note(&mut self, picture: &Picture<'_>, face: &Face) {
        let at = picture.at;
        while self.moved.front().is_some_and(|(then, _)| *then + WINDOW <= at) {
            self.moved.pop_front();
        }
        let passed = self.before.as_ref().map(|(then, ..)| at.since(*then));
        if passed.is_some_and(|d| d < LEAST_APART) {
            return;
        }
        if let (Some((_, place, before)), Some(passed)) = (&self.before, passed)
            && passed <= MOST_APART
        {
            sample::luma(picture, place, SIDE, SIDE, &mut self.luma);
            self.moved.push_back((at, moved(before, &Pair::of(&self.luma))));
        }
        let place = face.square(AROUND, SIDE);
        sample::luma(picture, &place, SIDE, SIDE, &mut self.luma);
        self.before = Some((at, place, Pair::of(&self.luma)));
    }

    /// How much of the motion one plane explains, as ln of the ratio of the whole to the rest.
    ///
    /// # Errors
    /// Why nothing can be said.
    pub(crate) fn score(&self, to: MediaTime) -> Result<f64, Abstain> {
        if self.moved.is_empty() {
            return Err(Abstain::TooShort);
        }
        let looks = self.moved.iter().filter(|(at, _)| *at <= to && *at > to - WINDOW).filter_map(|(_, m)| *m);
        let (mut motion, mut rest, mut n) = (0.0, 0.0, 0.0);
        for (m, r) in looks.filter(|(m, _)| *m >= LEAST_MOTION * LEAST_MOTION) {
            (motion, rest, n) = (motion + m, rest + r, n + NOISE * NOISE);
        }
        if n > 0.0 { Ok(f64::from(((motion + n) / (rest + n)).ln()) / 2.0) } else { Err(Abstain::TooStill) }
    }
}

/// Squares of the motion from one look to another and of what no plane explains of it, pixels².
fn moved(before: &Pair, now: &Pair) -> Option<(f32, f32)> {
    let half = SIDE as f32 / 2.0;
    let (mut points, mut inside) = (Vec::new(), 0);
    for i in 0..ACROSS * ACROSS {
        let at = Point { x: (FIRST + EVERY * (i % ACROSS)) as f32, y: (FIRST + EVERY * (i / ACROSS)) as f32 };
        let Some(by) = before.flow(now, at) else { continue };
        let at = Point { x: at.x - half, y: at.y - half };
        inside += usize::from(at.x.hypot(at.y) <= FACE);
        points.push(Moved { at: Point { x: at.x / half, y: at.y / half }, by });
    }
    let told = points.len() >= LEAST_POINTS && inside >= LEAST_EACH && points.len() - inside >= LEAST_EACH;
    if told { plane::explained(&points) } else { None }
}
