//! How well one moving plane explains how points moved.

use crate::Point;

/// Parameters of the motion of a plane seen by a camera, for small motions (Longuet-Higgins 1984): a homography to the first order.
const PARAMETERS: usize = 8;
/// Share of the points that may fit worst without counting: tracks that slid off.
const OUTLIERS: f32 = 0.1;
/// Fits, each without the worst of the one before.
const ROUNDS: usize = 3;

/// A point and how far it moved. Coordinates −1 to 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved {
    pub at: Point,
    pub by: Point,
}

/// Mean squared motion, and what of it no plane explains: both over the points that count, in squares of the unit of `by`.
pub(crate) fn explained(points: &[Moved]) -> Option<(f32, f32)> {
    let mut kept: Vec<Moved> = points.to_vec();
    for round in 0..ROUNDS {
        let p = fit(&kept)?;
        if round + 1 == ROUNDS {
            let n = kept.len() as f32;
            // What eight parameters explain of noise by themselves is given back.
            let freedom = (2.0 * n) / (2.0 * n - PARAMETERS as f32);
            let motion = kept.iter().map(|m| m.by.x * m.by.x + m.by.y * m.by.y).sum::<f32>() / n;
            let rest = kept.iter().map(|m| rest(&p, m)).sum::<f32>() / n * freedom;
            return Some((motion, rest));
        }
        let mut sorted: Vec<(f32, Moved)> = points.iter().map(|m| (rest(&p, m), *m)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let count = points.len() - (points.len() as f32 * OUTLIERS) as usize;
        kept = sorted.into_iter().take(count).map(|(_, m)| m).collect();
    }
    None
}

/// What each parameter does to a point, to the right and down.
fn rows(at: Point) -> [[f32; PARAMETERS]; 2] {
    let Point { x, y } = at;
    [[1.0, x, y, 0.0, 0.0, 0.0, x * x, x * y], [0.0, 0.0, 0.0, 1.0, x, y, x * y, y * y]]
}

fn rest(p: &[f32; PARAMETERS], m: &Moved) -> f32 {
    let said = rows(m.at).map(|row| row.iter().zip(p).map(|(r, p)| r * p).sum::<f32>());
    (said[0] - m.by.x).powi(2) + (said[1] - m.by.y).powi(2)
}

/// Least squares.
fn fit(points: &[Moved]) -> Option<[f32; PARAMETERS]> {
    if 2 * points.len() <= PARAMETERS {
        return None;
    }
    let mut system = [[0.0_f64; PARAMETERS + 1]; PARAMETERS];
    for m in points {
        for (row, value) in rows(m.at).iter().zip([m.by.x, m.by.y]) {
            for (i, line) in system.iter_mut().enumerate() {
                for (cell, r) in line.iter_mut().zip(row.iter().chain([&value])) {
                    *cell += f64::from(row[i]) * f64::from(*r);
                }
            }
        }
    }
    solve(system)
}

/// Gaussian elimination with pivots; `None` where the points do not tell the parameters.
fn solve(mut system: [[f64; PARAMETERS + 1]; PARAMETERS]) -> Option<[f32; PARAMETERS]> {
    for i in 0..PARAMETERS {
        let pivot = (i..PARAMETERS).max_by(|a, b| system[*a][i].abs().total_cmp(&system[*b][i].abs()))?;
        system.swap(i, pivot);
        let lead = system[i];
        if !(lead[i].abs() > 1e-9) {
            return None;
        }
        for line in system.iter_mut().skip(i + 1) {
            let factor = line[i] / lead[i];
            line.iter_mut().zip(lead).for_each(|(cell, l)| *cell -= factor * l);
        }
    }
    let mut found = [0.0_f64; PARAMETERS];
    for i in (0..PARAMETERS).rev() {
        let known: f64 = (i + 1..PARAMETERS).map(|j| system[i][j] * found[j]).sum();
        found[i] = (system[i][PARAMETERS] - known) / system[i][i];
    }
    Some(found.map(|v| v as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(by: impl Fn(Point) -> Point) -> Vec<Moved> {
        let at = |i: usize| Point { x: (i % 7) as f32 / 3.0 - 1.0, y: (i / 7) as f32 / 3.0 - 1.0 };
        (0..49).map(|i| Moved { at: at(i), by: by(at(i)) }).collect()
    }

    #[test]
    fn a_plane_explains_a_plane() {
        let (motion, rest) =
            explained(&grid(|p| Point { x: 2.0 - p.y + 0.2 * p.x * p.x, y: 0.3 + p.x + 0.2 * p.x * p.y }))
                .expect("a grid tells all");
        assert!(motion > 1.0 && rest < 1e-6, "{motion} {rest}");
    }

    #[test]
    fn a_plane_does_not_explain_a_head_before_a_wall() {
        let head = |p: Point| p.x.hypot(p.y) < 0.6;
        let (motion, rest) =
            explained(&grid(|p| Point { x: if head(p) { 2.0 } else { 0.0 }, y: 0.0 })).expect("a grid");
        assert!(rest > 0.2 * motion, "{motion} {rest}");
    }

    #[test]
    fn too_few_points_tell_nothing() {
        assert_eq!(explained(&grid(|p| p)[..4]), None);
        assert_eq!(explained(&vec![Moved { at: Point::default(), by: Point::default() }; 40]), None);
    }
}
