//! From patches of a picture to the rows of a target.

use std::ops::Range;

use super::address::{Address, Bearing, Coordinate};
use super::axis::Axis;
use super::colour::Ink;
use super::patch::Patch;
use crate::capture::Picture;
use crate::capture::layout::Channel;

/// How far apart the cells of a patch are that lies aslant, in pixels of the target: they are blended once more when it is turned. An average
/// over `f` and a linear blend of what is `f` apart have a variance of `f²/12 + f²/6`, the average alone of a target that lies level `1/12`:
/// with 0.7 the spread of a tilted face is 1.2 times that of a level one. Less would cost more: cells grow with `1/f²`.
const FINER: f64 = 0.7;

/// The target to be filled: `out` holds as many pixels, black to begin with.
pub(super) struct Target<'a, const N: usize> {
    pub width: usize,
    pub height: usize,
    pub out: &'a mut [[u8; N]],
}

/// Fills the target with the picture: black stays where the middle of a pixel lies outside of it.
pub(super) fn paint<const N: usize>(
    picture: &Picture<'_>,
    channels: &[Channel],
    address: &Address,
    target: Target<'_, N>,
    ink: &impl Ink<N>,
) {
    let Target { width, height, out } = target;
    let (across, down, format) = (address.across, address.down, picture.format);
    let rows = out.chunks_exact_mut(width.max(1));
    match address.bearing(width, height) {
        Bearing::Level => {
            let across = Axis::within(across.at, across.x, width, format.width);
            let down = Axis::within(down.at, down.y, height, format.height);
            let patch = Patch::of(picture, channels, &across, &down, |_| 0..across.cells.len());
            for (cells, row) in patch.rows().zip(rows.skip(down.cells.start)) {
                row[across.cells.clone()].iter_mut().zip(cells).for_each(|(pixel, cell)| *pixel = ink.pixel(*cell));
            }
        }
        Bearing::Sideways => {
            let across = Axis::within(across.at, across.y, height, format.width);
            let down = Axis::within(down.at, down.x, width, format.height);
            let patch = Patch::of(picture, channels, &across, &down, |_| 0..across.cells.len());
            for (i, row) in (0..patch.width).zip(rows.skip(across.cells.start)) {
                let cells = patch.column(i);
                row[down.cells.clone()].iter_mut().zip(cells).for_each(|(pixel, cell)| *pixel = ink.pixel(*cell));
            }
        }
        Bearing::Aslant => {
            let (width, height) = (width as f64, height as f64);
            let side =
                |c: Coordinate, pixels| Axis::covering(c.bounds(width, height), (c.step() * FINER).max(1.0), pixels);
            let (Some(x), Some(y)) = (side(across, format.width), side(down, format.height)) else { return };
            let corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
                .map(|(i, j)| (x.place(across.of(i, j)), y.place(down.of(i, j))));
            let patch = Patch::of(picture, channels, &x, &y, |row| needed(corners, row, x.cells.len()));
            let (x, y) = (March::new(across, &x, format.width), March::new(down, &y, format.height));
            for (j, row) in rows.enumerate() {
                let (mut u, mut v) = (x.start(j), y.start(j));
                for pixel in row {
                    if x.holds(u)
                        && y.holds(v)
                        && let Some(cell) = patch.blend(u, v)
                    {
                        *pixel = ink.pixel(cell);
                    }
                    (u, v) = (u.wrapping_add(x.step), v.wrapping_add(y.step));
                }
            }
        }
    }
}

/// Which cells of a row are blended when a target with such corners is filled: each place takes the two before and after it.
fn needed(corners: [(f64, f64); 4], row: usize, cells: usize) -> Range<usize> {
    let (above, below) = (row as f64 - 1.0, row as f64 + 1.0);
    let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
    for (i, (u, v)) in corners.into_iter().enumerate() {
        let (next_u, next_v) = corners[(i + 1) % 4];
        // The part of this side that lies between the rows before and after.
        let share = |at: f64| ((at - v) / (next_v - v)).clamp(0.0, 1.0);
        if v.max(next_v) >= above && v.min(next_v) <= below {
            let ends = if v == next_v { [0.0, 1.0] } else { [share(above), share(below)] };
            for u in ends.map(|share| u + share * (next_u - u)) {
                (from, to) = (from.min(u), to.max(u));
            }
        }
    }
    // Casts of what is not there saturate: none then.
    let to = ((to.floor() + 2.0) as usize).min(cells);
    (from.floor() as usize).min(to)..to
}

impl Patch {
    fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.cells.chunks_exact(self.width.max(1))
    }

    fn column(&self, i: usize) -> impl Iterator<Item = &u64> {
        self.cells.iter().skip(i).step_by(self.width.max(1))
    }

    /// The cells around a place, blended. Nothing where one of them is not there.
    fn blend(&self, u: i64, v: i64) -> Option<u64> {
        // Places are measured from the middle of the first cell, and those within the picture lie after it.
        let at = (v >> POINT) as usize * self.width + (u >> POINT) as usize;
        let around = self.cells.get(at..)?.get(..self.width + 2)?;
        // Weights are 256ths, so four of them fill a lane at most.
        let part = |place: i64| (place as u64 >> (POINT - 8)) & 255;
        let (right, below) = (part(u), part(v));
        let both = (right * below) >> 8;
        let upper = around[0] * (256 + both - right - below) + around[1] * (right - both);
        let lower = around[self.width] * (below - both) + around[self.width + 1] * both;
        Some(((upper + lower + HALVES) >> 8) & LOW_BYTES)
    }
}

/// Bits after the point of a place in a patch.
const POINT: u32 = 32;
/// One half of 256 in each lane.
const HALVES: u64 = 0x0080_0080_0080_0080;
/// The value in each lane.
const LOW_BYTES: u64 = 0x00ff_00ff_00ff_00ff;

/// One coordinate of the places in a patch, while the target's rows are gone through.
struct March {
    x: f64,
    y: f64,
    at: f64,
    /// From one pixel of the target to the next.
    step: i64,
    /// Where the picture begins, and its size.
    from: i64,
    size: u64,
}

impl March {
    fn new(stored: Coordinate, axis: &Axis, pixels: u32) -> Self {
        let (x, y) = (stored.x / axis.spacing, stored.y / axis.spacing);
        let (from, to) = (fixed(axis.place(0.0)), fixed(axis.place(f64::from(pixels))));
        Self { x, y, at: axis.place(stored.at), step: fixed(x), from, size: to.abs_diff(from) }
    }

    /// The place of the first pixel in a row.
    fn start(&self, row: usize) -> i64 {
        fixed(self.at + 0.5 * self.x + (row as f64 + 0.5) * self.y)
    }

    fn holds(&self, place: i64) -> bool {
        // What lies before wraps to more than any size.
        (place.wrapping_sub(self.from) as u64) < self.size
    }
}

fn fixed(place: f64) -> i64 {
    (place * (1u64 << POINT) as f64).round() as i64
}
