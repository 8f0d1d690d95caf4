//! Pictures drawn by a function, in every format: written out anew here, so that the crate's own table of formats is not what it is tested with.

use PixelFormat::*;
use callguard_core::MediaTime;
use callguard_vision::{Matrix, Picture, PictureFormat, PixelFormat, Point, Range, Similarity, sample};

pub const FORMATS: [PixelFormat; 15] =
    [I420, Yv12, Nv12, Nv21, Y42b, Y444, Yuy2, Uyvy, Rgb, Bgr, Rgbx, Bgrx, Xrgb, Xbgr, Gray8];

/// From the target's pixels to the picture's, without a change.
pub const AS_IT_IS: Similarity = Similarity { a: 1.0, b: 0.0, tx: 0.0, ty: 0.0 };

/// Red, green, blue, 0 to 255, of a point of the picture.
pub type Colour = [f64; 3];

/// A picture that owns its bytes.
#[derive(Clone, Debug)]
pub struct Shot {
    pub format: PictureFormat,
    pub bytes: Vec<u8>,
}

impl Shot {
    pub fn picture(&self) -> Picture<'_> {
        Picture { format: &self.format, bytes: &self.bytes, at: MediaTime::ZERO }
    }

    pub fn rgb(&self, map: &Similarity, width: usize, height: usize) -> Vec<u8> {
        let mut out = Vec::new();
        sample::rgb(&self.picture(), map, width, height, &mut out);
        assert_eq!(out.len(), width * height * 3);
        out
    }

    pub fn luma(&self, map: &Similarity, width: usize, height: usize) -> Vec<u8> {
        let mut out = Vec::new();
        sample::luma(&self.picture(), map, width, height, &mut out);
        assert_eq!(out.len(), width * height);
        out
    }
}

/// Where a value lies: plane, first byte in a row, bytes from one to the next, and the logarithm of how many pixels share one.
type Place = (usize, usize, usize, u32, u32);

/// Of Y, Cb, Cr or of R, G, B.
fn places(pixel: PixelFormat) -> Vec<Place> {
    match pixel {
        I420 => vec![(0, 0, 1, 0, 0), (1, 0, 1, 1, 1), (2, 0, 1, 1, 1)],
        Yv12 => vec![(0, 0, 1, 0, 0), (2, 0, 1, 1, 1), (1, 0, 1, 1, 1)],
        Nv12 => vec![(0, 0, 1, 0, 0), (1, 0, 2, 1, 1), (1, 1, 2, 1, 1)],
        Nv21 => vec![(0, 0, 1, 0, 0), (1, 1, 2, 1, 1), (1, 0, 2, 1, 1)],
        Y42b => vec![(0, 0, 1, 0, 0), (1, 0, 1, 1, 0), (2, 0, 1, 1, 0)],
        Y444 => vec![(0, 0, 1, 0, 0), (1, 0, 1, 0, 0), (2, 0, 1, 0, 0)],
        Yuy2 => vec![(0, 0, 2, 0, 0), (0, 1, 4, 1, 0), (0, 3, 4, 1, 0)],
        Uyvy => vec![(0, 1, 2, 0, 0), (0, 0, 4, 1, 0), (0, 2, 4, 1, 0)],
        Rgb => vec![(0, 0, 3, 0, 0), (0, 1, 3, 0, 0), (0, 2, 3, 0, 0)],
        Bgr => vec![(0, 2, 3, 0, 0), (0, 1, 3, 0, 0), (0, 0, 3, 0, 0)],
        Rgbx => vec![(0, 0, 4, 0, 0), (0, 1, 4, 0, 0), (0, 2, 4, 0, 0)],
        Bgrx => vec![(0, 2, 4, 0, 0), (0, 1, 4, 0, 0), (0, 0, 4, 0, 0)],
        Xrgb => vec![(0, 1, 4, 0, 0), (0, 2, 4, 0, 0), (0, 3, 4, 0, 0)],
        Xbgr => vec![(0, 3, 4, 0, 0), (0, 2, 4, 0, 0), (0, 1, 4, 0, 0)],
        Gray8 => vec![(0, 0, 1, 0, 0)],
    }
}

pub fn is_rgb(pixel: PixelFormat) -> bool {
    matches!(pixel, Rgb | Bgr | Rgbx | Bgrx | Xrgb | Xbgr)
}

/// Luma of full range.
pub fn luma_of(matrix: Matrix, [r, g, b]: Colour) -> f64 {
    let (red, blue) = shares(matrix);
    red * r + (1.0 - red - blue) * g + blue * b
}

fn shares(matrix: Matrix) -> (f64, f64) {
    match matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
    }
}

fn stored(format: &PictureFormat, colour: Colour) -> [f64; 3] {
    if is_rgb(format.pixel) {
        return colour;
    }
    let (red, blue) = shares(format.matrix);
    let y = luma_of(format.matrix, colour);
    let (cb, cr) = ((colour[2] - y) / (2.0 * (1.0 - blue)), (colour[0] - y) / (2.0 * (1.0 - red)));
    match format.range {
        Range::Full => [y, cb + 128.0, cr + 128.0],
        Range::Limited => [y * 219.0 / 255.0 + 16.0, cb * 224.0 / 255.0 + 128.0, cr * 224.0 / 255.0 + 128.0],
    }
}

/// A picture of what is at each point; `x` and `y` in stored pixels.
pub fn draw(format: PictureFormat, scene: impl Fn(f64, f64) -> Colour) -> Shot {
    // What no value is written to is bright, so that padding that is read shows.
    let mut bytes = vec![255; needed(&format)];
    for (value, (plane, first, step, across, down)) in places(format.pixel).into_iter().enumerate() {
        let (shared_x, shared_y) = (1u32 << across, 1u32 << down);
        for j in 0..format.height.div_ceil(shared_y) {
            for i in 0..format.width.div_ceil(shared_x) {
                let mut sum = 0.0;
                for k in 0..shared_x * shared_y {
                    let (x, y) = (i * shared_x + k % shared_x, j * shared_y + k / shared_x);
                    sum += stored(&format, scene(f64::from(x) + 0.5, f64::from(y) + 0.5))[value];
                }
                let at = format.planes[plane].offset + j as usize * format.planes[plane].stride + first;
                bytes[at + i as usize * step] = (sum / f64::from(shared_x * shared_y)).round().clamp(0.0, 255.0) as u8;
            }
        }
    }
    Shot { format, bytes }
}

fn needed(format: &PictureFormat) -> usize {
    let ends = places(format.pixel).into_iter().map(|(plane, _, step, across, down)| {
        let rows = format.height.div_ceil(1 << down) as usize;
        let row = format.width.div_ceil(1 << across) as usize * step;
        format.planes[plane].offset + format.planes[plane].stride * (rows - 1) + row
    });
    ends.max().unwrap_or(0)
}

/// As packed, with padding between rows and planes.
pub fn padded(pixel: PixelFormat, width: u32, height: u32) -> PictureFormat {
    let mut format = PictureFormat::packed(pixel, width, height);
    for (plane, extra) in format.planes.iter_mut().zip(0..) {
        plane.offset += 7 + extra * (31 * height as usize + 64);
        plane.stride += 23 + extra;
    }
    format
}

/// Colours that are a linear function of the place, within what every format can hold.
pub fn slopes(width: u32, height: u32) -> impl Fn(f64, f64) -> Colour {
    let (w, h) = (f64::from(width), f64::from(height));
    move |x, y| [60.0 + 120.0 * x / w, 70.0 + 110.0 * y / h, 190.0 - 60.0 * x / w - 60.0 * y / h]
}

/// Something with fine structure in luma and soft colours.
pub fn scene(x: f64, y: f64) -> Colour {
    let fine = 25.0 * (x * 0.9).sin() * (y * 0.7).cos() + 15.0 * ((x * 2.3).sin() + (y * 1.9).sin());
    [
        110.0 + fine + 45.0 * (x / 47.0).sin(),
        120.0 + fine + 40.0 * (y / 39.0).cos(),
        125.0 + fine + 50.0 * ((x + y) / 61.0).sin(),
    ]
}

/// A similarity around the middle of a picture: `scale` picture pixels for one of the target, turned by `degrees`.
pub fn around((width, height): (u32, u32), side: usize, scale: f32, degrees: f32) -> Similarity {
    let centre = Point { x: width as f32 / 2.0, y: height as f32 / 2.0 };
    let (sin, cos) = degrees.to_radians().sin_cos();
    Similarity::square(centre, scale * side as f32, (cos, sin), side)
}

/// That no byte is further off than `most`.
#[track_caller]
pub fn close(actual: &[u8], expected: &[u8], most: u8, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let worst = actual.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).enumerate().max_by_key(|(_, d)| *d);
    let (at, off) = worst.expect("a target of some pixels");
    let mean = actual.iter().zip(expected).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / actual.len() as f64;
    assert!(off <= most, "{what}: byte {at} is {} and not {}; mean difference {mean:.3}", actual[at], expected[at]);
}
