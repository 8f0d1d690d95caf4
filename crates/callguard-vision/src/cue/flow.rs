//! Where points of one small picture lie in the next: Lucas and Kanade (1981) in two sizes, tracked forth and back.

use crate::Point;

/// Side of the pictures, pixels.
pub(crate) const SIDE: usize = 96;
/// Half the side of what is compared around a point, pixels.
const RADIUS: usize = 4;
/// Steps at each size: nearly all points are at rest after five.
const STEPS: usize = 8;
/// A step shorter than this is none, pixels.
const AT_REST: f32 = 0.02;
/// Least texture both ways, mean squared gradient (levels per pixel)²: two levels of noise give about two.
const LEAST_TEXTURE: f32 = 12.0;
/// A point that does not come back this near was lost, pixels.
const COMES_BACK: f32 = 0.5;
/// Farthest a point may move, pixels: beyond, the larger size does not find it either.
const FARTHEST: f32 = 12.0;

/// A picture in two sizes.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    full: Plane,
    half: Plane,
}

#[derive(Debug, Clone)]
struct Plane {
    side: usize,
    luma: Vec<f32>,
}

impl Pair {
    /// From [`SIDE`]² pixels.
    pub(crate) fn of(luma: &[u8]) -> Self {
        let full = Plane { side: SIDE, luma: luma.iter().map(|v| f32::from(*v)).collect() };
        let side = SIDE / 2;
        let quarter = |i: usize| {
            let (x, y) = (2 * (i % side), 2 * (i / side));
            let at = |x: usize, y: usize| full.luma[y * SIDE + x];
            (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0
        };
        let half = Plane { side, luma: (0..side * side).map(quarter).collect() };
        Self { full, half }
    }

    /// How far what lies at `p` moved until `later`; `None` where there is nothing to hold on to, or it was lost.
    pub(crate) fn flow(&self, later: &Self, p: Point) -> Option<Point> {
        let there = self.forth(later, p)?;
        let back = later.forth(self, Point { x: p.x + there.x, y: p.y + there.y })?;
        ((there.x + back.x).hypot(there.y + back.y) <= COMES_BACK).then_some(there)
    }

    fn forth(&self, later: &Self, p: Point) -> Option<Point> {
        // Pixel centres of the half size lie between those of the full one; for a motion that cancels.
        let coarse = self.half.step_to(&later.half, Point { x: p.x / 2.0, y: p.y / 2.0 }, Point::default(), 0.0)?;
        self.full.step_to(&later.full, p, Point { x: 2.0 * coarse.x, y: 2.0 * coarse.y }, LEAST_TEXTURE)
    }
}

impl Plane {
    /// Luma between pixels; the edge goes on outside.
    fn at(&self, x: f32, y: f32) -> f32 {
        let most = (self.side - 1) as f32;
        let (x, y) = (x.clamp(0.0, most), y.clamp(0.0, most));
        let (left, top) = ((x as usize).min(self.side - 2), (y as usize).min(self.side - 2));
        let (fx, fy) = (x - left as f32, y - top as f32);
        let row = |y: usize| {
            let i = y * self.side + left;
            self.luma[i] + fx * (self.luma[i + 1] - self.luma[i])
        };
        row(top) + fy * (row(top + 1) - row(top))
    }

    fn step_to(&self, later: &Self, p: Point, mut d: Point, least_texture: f32) -> Option<Point> {
        let reach = RADIUS as f32;
        let around =
            || (0..=2 * RADIUS).flat_map(move |j| (0..=2 * RADIUS).map(move |i| (i as f32 - reach, j as f32 - reach)));
        let mut patch = [(0.0, 0.0, 0.0); (2 * RADIUS + 1) * (2 * RADIUS + 1)];
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (cell, (i, j)) in patch.iter_mut().zip(around()) {
            let (x, y) = (p.x + i, p.y + j);
            let gx = (self.at(x + 1.0, y) - self.at(x - 1.0, y)) / 2.0;
            let gy = (self.at(x, y + 1.0) - self.at(x, y - 1.0)) / 2.0;
            (xx, xy, yy) = (xx + gx * gx, xy + gx * gy, yy + gy * gy);
            *cell = (self.at(x, y), gx, gy);
        }
        let n = patch.len() as f32;
        let least = (xx + yy) / 2.0 - (((xx - yy) / 2.0).powi(2) + xy * xy).sqrt();
        let det = xx * yy - xy * xy;
        if !(least / n >= least_texture.max(1e-3)) || !(det > 0.0) {
            return None;
        }
        // Light that came or went is no motion.
        let mean = patch.iter().map(|(v, ..)| v).sum::<f32>() / n;
        for _ in 0..STEPS {
            let there = || around().map(|(i, j)| later.at(p.x + i + d.x, p.y + j + d.y));
            let lighter = there().sum::<f32>() / n - mean;
            let (mut bx, mut by) = (0.0, 0.0);
            for ((v, gx, gy), w) in patch.iter().zip(there()) {
                let e = v + lighter - w;
                (bx, by) = (bx + e * gx, by + e * gy);
            }
            let (sx, sy) = ((yy * bx - xy * by) / det, (xx * by - xy * bx) / det);
            d = Point { x: d.x + sx, y: d.y + sy };
            if !(d.x.hypot(d.y) <= FARTHEST) {
                return None;
            }
            if sx.hypot(sy) < AT_REST {
                break;
            }
        }
        Some(d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texture(dx: f32, dy: f32) -> Pair {
        let value = |i: usize| {
            let (x, y) = ((i % SIDE) as f32 - dx, (i / SIDE) as f32 - dy);
            128.0 + 50.0 * (x * 0.31).sin() * (y * 0.23).cos() + 30.0 * (x * 0.11 + y * 0.17).sin()
        };
        Pair::of(&(0..SIDE * SIDE).map(|i| value(i) as u8).collect::<Vec<_>>())
    }

    #[test]
    fn a_shift_is_found_to_a_tenth_of_a_pixel() {
        for (dx, dy) in [(0.0, 0.0), (0.4, -0.3), (3.0, 2.0), (-5.5, 4.0)] {
            let found = texture(0.0, 0.0).flow(&texture(dx, dy), Point { x: 40.0, y: 50.0 }).expect("texture");
            assert!((found.x - dx).hypot(found.y - dy) < 0.1, "{found:?} for {dx} {dy}");
        }
    }

    #[test]
    fn nothing_is_found_in_a_plain_wall() {
        let wall = Pair::of(&[90; SIDE * SIDE]);
        assert_eq!(wall.flow(&wall, Point { x: 40.0, y: 40.0 }), None);
    }
}
