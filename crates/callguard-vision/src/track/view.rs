//! A face looked at closely.

use crate::{Face, Picture, TIGHT_SIDE, gate, sample};

/// Cells of a signature across and down: a cell of 8 pixels of the tight crop holds an eye's corner, and evens noise out.
const CELLS: usize = 20;
const CELL: usize = TIGHT_SIDE / CELLS;
/// Deviation of luma below which a signature shows nothing that could be compared: one level.
const FLAT: f32 = 1.0;

/// A face and the luma of its tight crop.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub face: Face,
    /// [`TIGHT_SIDE`]² pixels.
    pub luma: Vec<u8>,
    pub signature: Signature,
    /// [`gate::cover`]
    pub cover: f64,
}

impl View {
    pub(crate) fn of(picture: &Picture<'_>, face: Face) -> Self {
        let mut luma = Vec::new();
        sample::luma(picture, &face.tight(), TIGHT_SIDE, TIGHT_SIDE, &mut luma);
        Self { face, signature: Signature::of(&luma), luma, cover: gate::cover(picture, &face) }
    }
}

/// The tight crop in a few cells: mean luma of each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Signature(Box<[f32]>);

impl Signature {
    fn of(luma: &[u8]) -> Self {
        let cell = |i: usize| {
            let (x, y) = (i % CELLS * CELL, i / CELLS * CELL);
            let sum: u32 =
                (0..CELL).flat_map(|r| &luma[(y + r) * TIGHT_SIDE + x..][..CELL]).map(|v| u32::from(*v)).sum();
            sum as f32 / (CELL * CELL) as f32
        };
        Self((0..CELLS * CELLS).map(cell).collect())
    }

    /// Correlation, −1 to 1: how alike two look whatever the light. 0 where there is nothing to see.
    pub(crate) fn likeness(&self, other: &Self) -> f32 {
        correlation(&self.0, &other.0, FLAT)
    }

    /// Mean difference, levels.
    pub(crate) fn change(&self, other: &Self) -> f32 {
        let sum: f32 = self.0.iter().zip(&other.0).map(|(a, b)| (a - b).abs()).sum();
        sum / self.0.len() as f32
    }
}

/// Correlation of two lists, 0 where either deviates by less than `flat`.
pub(crate) fn correlation(a: &[f32], b: &[f32], flat: f32) -> f32 {
    let n = a.len().min(b.len()).max(1) as f32;
    let (mean_a, mean_b) = (a.iter().sum::<f32>() / n, b.iter().sum::<f32>() / n);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    if aa.min(bb) < flat * flat * n { 0.0 } else { ab / (aa * bb).sqrt() }
}
