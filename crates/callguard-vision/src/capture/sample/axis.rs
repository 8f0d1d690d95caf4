//! Footprints along one side of a patch.

use std::ops::Range;

/// What weights may sum to so that a weighed sum of bytes fits 16 bits.
const MOST_TOTAL: u16 = 256;
/// Widest footprint, samples. Wider ones (8192 pixels in 32) are cut to their middle.
const WIDEST: f64 = MOST_TOTAL as f64;

/// The middles of a row of cells, stored pixels: `origin + (i + ½)·spacing` for each `i` of `cells`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub origin: f64,
    /// Negative where the stored picture is read backwards.
    pub spacing: f64,
    pub cells: Range<usize>,
}

impl Axis {
    /// Those of `count` cells whose middle lies within the picture.
    pub fn within(origin: f64, spacing: f64, count: usize, pixels: u32) -> Self {
        let mut axis = Self { origin, spacing, cells: 0..count };
        let inside = |i: &usize| (0.0..f64::from(pixels)).contains(&axis.middle(*i));
        let first = (0..count).find(inside).unwrap_or(0);
        let last = (first..count).rfind(inside).map_or(first, |i| i + 1);
        axis.cells = first..last;
        axis
    }

    /// Cells that cover what of a span lies within the picture, with one to spare on either side for a blend. None where nothing does.
    pub fn covering((from, to): (f64, f64), spacing: f64, pixels: u32) -> Option<Self> {
        let (from, to) = (from.max(0.0), to.min(f64::from(pixels)));
        if !(from < to) {
            return None;
        }
        // On the grid of stored pixels where the spacing is one: nothing is blurred then.
        let origin = ((from / spacing).floor() - 1.0) * spacing;
        let count = ((to - origin) / spacing).ceil() as usize + 1;
        Some(Self { origin, spacing, cells: 0..count })
    }

    /// Where a stored pixel lies, in cells from the middle of the first.
    pub fn place(&self, at: f64) -> f64 {
        (at - self.origin) / self.spacing - 0.5
    }

    fn middle(&self, i: usize) -> f64 {
        self.origin + (i as f64 + 0.5) * self.spacing
    }

    /// The footprints of the cells in a channel of so many samples, each shared by `1 << shift` pixels. Their weights sum to what `total`
    /// says of how wide they are, in samples.
    pub fn footprints(&self, samples: usize, shift: u32, total: impl Fn(f64) -> u32) -> Footprints {
        let share = f64::from(1u32 << shift);
        let wide = (self.spacing.abs() / share).clamp(1.0, WIDEST);
        let total = total(wide);
        let starts = || self.cells.clone().map(|i| self.middle(i) / share - wide / 2.0);
        let taken = |start: f64| (start + wide).ceil() - start.floor();
        let taps = starts().map(taken).fold(1.0, f64::max).min(samples as f64) as usize;
        let mut footprints = Footprints { taps, total, first: Vec::new(), weights: Vec::new() };
        for start in starts() {
            let first = start.floor().clamp(0.0, (samples - taps) as f64);
            footprints.first.push(first as usize);
            let mut before = 0;
            for tap in 1..=taps {
                let part = (first + tap as f64 - start) / wide;
                let sum = if tap == taps { total } else { (part.clamp(0.0, 1.0) * f64::from(total)).round() as u32 };
                footprints.weights.push(sum - before);
                before = sum;
            }
        }
        footprints
    }
}

/// A total that gives a whole sample a power of two: the weights within a footprint are alike then, and those at its ends alone are
/// rounded. With it a weighed sum of bytes fits 16 bits.
pub(super) fn even_total(wide: f64) -> u32 {
    let whole = f64::from(MOST_TOTAL) / wide;
    (wide * whole.log2().floor().exp2()).round() as u32
}

/// What the samples of a row of cells weigh. All footprints are as wide as cells are apart, but never narrower than a sample: an average
/// where the picture shrinks, and a linear blend of two samples where it does not. Samples beyond the border are as the last one within.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Footprints {
    /// Samples that each cell takes; some of them may weigh nothing.
    pub taps: usize,
    /// What the weights of each cell sum to.
    pub total: u32,
    /// The first of them, for each cell.
    pub first: Vec<usize>,
    /// `taps` for each cell.
    pub weights: Vec<u32>,
}

impl Footprints {
    /// The samples of one cell and what they weigh.
    pub fn cell(&self, i: usize) -> impl Iterator<Item = (usize, u32)> {
        (self.first[i]..).zip(self.weights[i * self.taps..(i + 1) * self.taps].iter().copied())
    }
}
