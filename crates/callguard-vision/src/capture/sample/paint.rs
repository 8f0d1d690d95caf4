//! From patches of a picture to the rows of a target.

use super::address::{Address, Coordinate, Lie};
use super::axis::Axis;
use super::colour::Ink;
use super::patch::Patch;
use crate::capture::Picture;
use crate::capture::layout::Channel;

/// How far apart the cells of a patch are that is to be turned, in pixels of the target. Turning blends them once more: with this the
/// average and the blend together are no wider than the average alone of a target that lies level.
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
    match address.lie(width, height) {
        Lie::Level => {
            let across = Axis::within(across.at, across.x, width, format.width);
            let down = Axis::within(down.at, down.y, height, format.height);
            let patch = Patch::of(picture, channels, &across, &down);
            for (cells, row) in patch.rows().zip(rows.skip(down.cells.start)) {
                row[across.cells.clone()].iter_mut().zip(cells).for_each(|(pixel, cell)| *pixel = ink.pixel(*cell));
            }
        }
        Lie::Sideways => {
            let across = Axis::within(across.at, across.y, height, format.width);
            let down = Axis::within(down.at, down.x, width, format.height);
            let patch = Patch::of(picture, channels, &across, &down);
            for (i, row) in (0..patch.width).zip(rows.skip(across.cells.start)) {
                let cells = patch.column(i);
                row[down.cells.clone()].iter_mut().zip(cells).for_each(|(pixel, cell)| *pixel = ink.pixel(*cell));
            }
        }
        Lie::Aslant => {
            let side = |c: Coordinate, pixels| {
                Axis::covering(c.bounds(width as f64, height as f64), (c.step() * FINER).max(1.0), pixels)
            };
            let (Some(x), Some(y)) = (side(across, format.width), side(down, format.height)) else { return };
            let patch = Patch::of(picture, channels, &x, &y);
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

impl Patch {
    fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.cells.chunks_exact(self.width.max(1))
    }

    fn column(&self, i: usize) -> impl Iterator<Item = &u64> {
        self.cells.iter().skip(i).step_by(self.width.max(1))
    }

    /// The cells around a place, blended. Nothing where one of them is not there.
    fn blend(&self, u: i64, v: i64) -> Option<u64> {
        // Places are measured from the middle of the first cell. Weights are 256ths, so four of them fill a lane at most.
        let (i, j) = (usize::try_from(u >> POINT).ok()?, usize::try_from(v >> POINT).ok()?);
        let part = |place: i64| (place as u64 >> (POINT - 8)) & 255;
        let (right, below) = (part(u), part(v));
        let both = (right * below) >> 8;
        let at = j * self.width + i;
        let upper = self.cells.get(at..at + 2)?;
        let lower = self.cells.get(at + self.width..at + self.width + 2)?;
        let sum = upper[0] * (256 + both - right - below)
            + upper[1] * (right - both)
            + lower[0] * (below - both)
            + lower[1] * both;
        Some(((sum + HALVES) >> 8) & LOW_BYTES)
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
    /// Where the picture begins and ends.
    from: i64,
    to: i64,
}

impl March {
    fn new(stored: Coordinate, axis: &Axis, pixels: u32) -> Self {
        let place = |at: f64| (at - axis.origin) / axis.spacing - 0.5;
        let (x, y) = (stored.x / axis.spacing, stored.y / axis.spacing);
        let fixed = |place: f64| (place * (1u64 << POINT) as f64).round() as i64;
        Self {
            x,
            y,
            at: place(stored.at),
            step: fixed(x),
            from: fixed(place(0.0)),
            to: fixed(place(f64::from(pixels))),
        }
    }

    /// The place of the first pixel in a row.
    fn start(&self, row: usize) -> i64 {
        ((self.at + 0.5 * self.x + (row as f64 + 0.5) * self.y) * (1u64 << POINT) as f64).round() as i64
    }

    fn holds(&self, place: i64) -> bool {
        (self.from..self.to).contains(&place)
    }
}
