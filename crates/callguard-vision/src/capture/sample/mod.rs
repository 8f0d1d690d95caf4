//! Samples of a picture, straight from its planes: no full-frame conversion.

use super::layout::{Channel, Channels};
use super::{Matrix, Picture, Range, Turn};
use crate::Similarity;

/// A part of a picture as RGB.
pub fn rgb(picture: &Picture<'_>, to_picture: &Similarity, width: usize, height: usize, out: &mut Vec<u8>) {
    out.clear();
    slow(picture, to_picture, width, height, |p| out.extend(p));
}

/// The whole picture in a square, at its top left; the rest is black. Returns the pixels of the picture for one of the square.
pub fn fit(picture: &Picture<'_>, side: usize, out: &mut Vec<u8>) -> f32 {
    let (wide, high) = picture.format.upright();
    let scale = wide.max(high) as f32 / side as f32;
    rgb(picture, &Similarity { a: scale, b: 0.0, tx: 0.0, ty: 0.0 }, side, side, out);
    scale
}

/// A part of a picture as luma of full range.
pub fn luma(picture: &Picture<'_>, to_picture: &Similarity, width: usize, height: usize, out: &mut Vec<u8>) {
    out.clear();
    slow(picture, to_picture, width, height, |[r, g, b]| {
        out.push(((u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29 + 128) >> 8) as u8);
    });
}

fn slow(picture: &Picture<'_>, map: &Similarity, width: usize, height: usize, mut put: impl FnMut([u8; 3])) {
    let f = picture.format;
    let ok = picture.check().is_ok();
    let (sw, sh) = f.square_size();
    let (kx, ky) = f.stretch();
    let n = map.scale().ceil().clamp(1.0, 16.0) as usize;
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0.0; 3];
            for k in 0..n * n {
                let p = map.apply(crate::Point {
                    x: x as f32 + ((k % n) as f32 + 0.5) / n as f32,
                    y: y as f32 + ((k / n) as f32 + 0.5) / n as f32,
                });
                let (px, py) = (f64::from(p.x), f64::from(p.y));
                let (px, py) = match f.turn {
                    Turn::None => (px, py),
                    Turn::Right => (py, sh - px),
                    Turn::Half => (sw - px, sh - py),
                    Turn::Left => (sw - py, px),
                };
                let (px, py) = (px / kx, py / ky);
                if !ok || !(px >= 0.0) || !(py >= 0.0) || px >= f64::from(f.width) || py >= f64::from(f.height) {
                    continue;
                }
                for (s, v) in sum.iter_mut().zip(pixel(picture, px, py)) {
                    *s += v;
                }
            }
            put(sum.map(|s| (s / (n * n) as f64 + 0.5) as u8));
        }
    }
}

fn pixel(picture: &Picture<'_>, x: f64, y: f64) -> [f64; 3] {
    let f = picture.format;
    let at = |c: &Channel| {
        let (x, y) = ((x as usize) >> c.across, (y as usize) >> c.down);
        let plane = f.planes[c.plane];
        f64::from(picture.bytes[plane.offset + y * plane.stride + c.first + x * c.step])
    };
    let (y, u, v) = match f.pixel.channels() {
        Channels::Rgb(c) => return c.map(|c| at(&c)),
        Channels::Y(c) => (at(&c[0]), 128.0, 128.0),
        Channels::Yuv([y, u, v]) => (at(&y), at(&u), at(&v)),
    };
    let (y, c) = match f.range {
        Range::Limited => ((y - 16.0) * 255.0 / 219.0, 255.0 / 224.0),
        Range::Full => (y, 1.0),
    };
    let (u, v) = ((u - 128.0) * c, (v - 128.0) * c);
    let (kr, kb) = match f.matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
    };
    let kg = 1.0 - kr - kb;
    [
        y + 2.0 * (1.0 - kr) * v,
        y - (2.0 * kb * (1.0 - kb) * u + 2.0 * kr * (1.0 - kr) * v) / kg,
        y + 2.0 * (1.0 - kb) * u,
    ]
    .map(|v| v.clamp(0.0, 255.0))
}
