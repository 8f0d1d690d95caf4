//! From the channels of a cell to the bytes of a target.

use super::patch::LANE;
use crate::capture::{Matrix, PictureFormat, Range};

/// Makes a pixel of a target, `N` bytes, of a cell.
pub(super) trait Ink<const N: usize> {
    fn pixel(&self, cell: u64) -> [u8; N];
}

/// Bits after the point.
const SHIFT: u32 = 16;

fn fixed(x: f64) -> i32 {
    (x * f64::from(1 << SHIFT)).round() as i32
}

fn lanes(cell: u64) -> [u8; 3] {
    [cell as u8, (cell >> LANE) as u8, (cell >> (2 * LANE)) as u8]
}

fn clamp(x: i32) -> u8 {
    (x >> SHIFT).clamp(0, 255) as u8
}

/// Shares of red and blue in luma.
fn shares(matrix: Matrix) -> (f64, f64) {
    match matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
    }
}

/// Black of luma, and what stretches luma and colour differences to the full range.
fn stretch(range: Range) -> (i32, f64, f64) {
    match range {
        Range::Limited => (16, 255.0 / 219.0, 255.0 / 224.0),
        Range::Full => (0, 1.0, 1.0),
    }
}

/// Cells of Y, Cb, Cr to RGB: what each value adds to red, green and blue is looked up, all three side by side in one number.
pub(super) struct YuvToRgb {
    y: [u64; 256],
    u: [u64; 256],
    v: [u64; 256],
}

/// Bits of a colour in a sum: eleven of value, and what lies after the point.
const FIELD: u32 = 21;
/// Bits after the point of a sum.
const FRACTION: u32 = 10;
/// Added to sums, so that none is negative: colours reach from −276 to 531.
const BIAS: i32 = 512;

/// Bytes of biased sums.
static CLAMPED: [u8; 2048] = {
    let mut table = [0; 2048];
    let mut sum = 0;
    while sum < table.len() {
        let value = sum as i32 - BIAS;
        table[sum] = if value < 0 {
            0
        } else if value > 255 {
            255
        } else {
            value as u8
        };
        sum += 1;
    }
    table
};

/// Three sums side by side. They may be negative: what is borrowed from a neighbour is given back when all are added.
fn side_by_side([r, g, b]: [i32; 3]) -> u64 {
    let drop = SHIFT - FRACTION;
    let [r, g, b] = [r, g, b].map(|sum| i64::from((sum + (1 << (drop - 1))) >> drop));
    (r + (g << FIELD) + (b << (2 * FIELD))) as u64
}

fn table(entry: impl Fn(i32) -> [i32; 3]) -> [u64; 256] {
    std::array::from_fn(|value| side_by_side(entry(value as i32)))
}

impl YuvToRgb {
    pub fn new(format: &PictureFormat) -> Self {
        let (red, blue) = shares(format.matrix);
        let (black, y, c) = stretch(format.range);
        let (of_v, of_u, green) = (2.0 * (1.0 - red) * c, 2.0 * (1.0 - blue) * c, 1.0 - red - blue);
        let (y, red_of_v, blue_of_u) = (fixed(y), fixed(of_v), fixed(of_u));
        let (green_of_u, green_of_v) = (fixed(-of_u * blue / green), fixed(-of_v * red / green));
        // Bias and the half that rounds come with luma.
        let base = (BIAS << SHIFT) + (1 << (SHIFT - 1));
        Self {
            y: table(|luma| [(luma - black) * y + base; 3]),
            u: table(|u| [0, (u - 128) * green_of_u, (u - 128) * blue_of_u]),
            v: table(|v| [(v - 128) * red_of_v, (v - 128) * green_of_v, 0]),
        }
    }
}

impl Ink<3> for YuvToRgb {
    fn pixel(&self, cell: u64) -> [u8; 3] {
        let [y, u, v] = lanes(cell).map(usize::from);
        let sum = self.y[y].wrapping_add(self.u[u]).wrapping_add(self.v[v]);
        [0, FIELD, 2 * FIELD].map(|shift| CLAMPED[(sum >> (shift + FRACTION)) as usize % CLAMPED.len()])
    }
}

/// Cells of R, G, B as they are.
pub(super) struct AsRgb;

impl Ink<3> for AsRgb {
    fn pixel(&self, cell: u64) -> [u8; 3] {
        lanes(cell)
    }
}

/// Cells of luma to luma of full range.
pub(super) struct Luma([u8; 256]);

impl Luma {
    pub fn new(format: &PictureFormat) -> Self {
        let (black, y, _) = stretch(format.range);
        let mut table = [0; 256];
        for (luma, entry) in (0..).zip(&mut table) {
            *entry = clamp((luma - black) * fixed(y) + (1 << (SHIFT - 1)));
        }
        Self(table)
    }
}

impl Ink<1> for Luma {
    fn pixel(&self, cell: u64) -> [u8; 1] {
        [self.0[usize::from(cell as u8)]]
    }
}

/// Cells of luma to grey RGB.
pub(super) struct Grey(pub Luma);

impl Ink<3> for Grey {
    fn pixel(&self, cell: u64) -> [u8; 3] {
        let [y] = self.0.pixel(cell);
        [y; 3]
    }
}

/// Cells of R, G, B to luma.
pub(super) struct RgbToLuma([i32; 3]);

impl RgbToLuma {
    pub fn new(format: &PictureFormat) -> Self {
        let (red, blue) = shares(format.matrix);
        let (red, blue) = (fixed(red), fixed(blue));
        Self([red, (1 << SHIFT) - red - blue, blue])
    }
}

impl Ink<1> for RgbToLuma {
    fn pixel(&self, cell: u64) -> [u8; 1] {
        let weighed = lanes(cell).into_iter().zip(self.0).map(|(v, share)| i32::from(v) * share);
        [clamp(weighed.sum::<i32>() + (1 << (SHIFT - 1)))]
    }
}
