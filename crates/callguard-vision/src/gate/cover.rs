//! Covered faces: a mask or cloth before mouth and chin, which hides what forgeries are known by, and is itself no trace of one.

use crate::{Face, Picture, sample};

/// Cells of the tight crop across and down.
const CELLS: usize = 40;
/// Columns and rows of the cells between the eyes, and of those of mouth and chin (the crop is level, the eyes in its 15th row).
const BRIDGE: [(usize, usize); 2] = [(18, 22), (13, 18)];
const MOUTH: [(usize, usize); 2] = [(16, 24), (21, 29)];
/// White of sRGB (D65) in XYZ, its Y one.
const WHITE: [f64; 3] = [0.950_47, 1.0, 1.088_83];

/// How far the colour of mouth and chin lies from that between the eyes, in a*, b* of CIE 1976 L*a*b*: medians of cells. Grey pictures have none.
pub(crate) fn cover(picture: &Picture<'_>, face: &Face) -> f64 {
    let mut pixels = Vec::with_capacity(3 * CELLS * CELLS);
    sample::rgb(picture, &face.tight_in(CELLS), CELLS, CELLS, &mut pixels);
    let (bridge, mouth) = (hue(&pixels, BRIDGE), hue(&pixels, MOUTH));
    (mouth[0] - bridge[0]).hypot(mouth[1] - bridge[1])
}

/// Median a* and b* of cells.
fn hue(pixels: &[u8], [(left, right), (top, bottom)]: [(usize, usize); 2]) -> [f64; 2] {
    let cells = (top..bottom).flat_map(|y| (left..right).map(move |x| 3 * (y * CELLS + x)));
    let mut found: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for at in cells {
        for (values, value) in found.iter_mut().zip(ab([pixels[at], pixels[at + 1], pixels[at + 2]])) {
            values.push(value);
        }
    }
    found.map(|mut values| {
        values.sort_by(f64::total_cmp);
        let n = values.len();
        f64::midpoint(values[(n - 1) / 2], values[n / 2])
    })
}

/// a* and b* of an sRGB colour (IEC 61966-2-1, CIE 15).
fn ab(rgb: [u8; 3]) -> [f64; 2] {
    let [r, g, b] = rgb.map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    });
    let xyz = [
        0.412_453 * r + 0.357_580 * g + 0.180_423 * b,
        0.212_671 * r + 0.715_160 * g + 0.072_169 * b,
        0.019_334 * r + 0.119_193 * g + 0.950_227 * b,
    ];
    let f = |v: f64| if v > 0.008_856 { v.cbrt() } else { 7.787 * v + 16.0 / 116.0 };
    let [x, y, z] = std::array::from_fn(|i| f(xyz[i] / WHITE[i]));
    [500.0 * (x - y), 200.0 * (y - z)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_lie_where_the_standard_has_them() {
        for (rgb, want) in [([255, 0, 0], [80.1, 67.2]), ([0, 0, 255], [79.2, -107.9]), ([120, 120, 120], [0.0, 0.0])] {
            for (found, want) in ab(rgb).iter().zip(want) {
                assert!((found - want).abs() < 0.2, "{rgb:?}: {found} instead of {want}");
            }
        }
    }
}
