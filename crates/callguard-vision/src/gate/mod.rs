//! Gate: what cannot be judged, and why. It only abstains; nothing here speaks for or against anyone.

mod cover;
mod still;

use callguard_core::{Abstain, Quality};

pub(crate) use cover::cover;
pub(crate) use still::Still;

use crate::track::View;
use crate::{Face, Point, TIGHT_SIDE};

/// Least geometric mean of the box's sides, pixels: its tight crop is blown up four times and holds nothing fine that was in the picture.
const LEAST_FACE_PX: f32 = 40.0;
/// Least ln variance of the Laplacian of the tight crop. Of 100 genuine recordings 90 % lie between 4.1 and 6.8; blurred by a Gaussian of two
/// pixels of the crop between 1.3 and 2.8, of three between 0.8 and 1.8.
const LEAST_SHARPNESS: f64 = 1.5;
/// Mean luma of a face that can be seen, of 255: in 108 genuine recordings 98 % of the windows lie between 42 and 159 (`face_windows`).
const LEAST_LUMA: f64 = 35.0;
const MOST_LUMA: f64 = 225.0;
/// Luma from which a pixel is burnt out, and the share of them that is too much: a forehead's glare is less.
const BURNT: u8 = 250;
const MOST_BURNT: f64 = 0.3;
/// Most a face may be turned aside, degrees: beyond, one eye is hidden. In the same recordings 99 % of the windows are below 42.
const MOST_YAW_DEG: f64 = 50.0;
/// How far the tip of the nose stands out of the plane of eyes and mouth, of the distance between the eyes (anthropometric: about 20 to
/// 25 mm beside 63 mm between the pupils, taken a little larger since the landmark lies under the tip).
const NOSE_OUT: f64 = 0.5;
/// Where the nose lies on the way from eyes to mouth: frontal faces have it at 0.5 to 0.65.
const LEAST_NOSE: f32 = 0.15;
const MOST_NOSE: f32 = 0.95;
/// Most of the box that may lie outside the picture.
const MOST_OUTSIDE: f32 = 0.15;
/// Most that the colours of mouth and chin and of the bridge of the nose may differ. Of 104 genuine clips, beards and make-up among them, all keep a
/// window (`face_score.py`); of 97 people with a pale blue mask drawn 5 do (`face_strange.py`). What has skin's colour is not told.
const MOST_COVER: f64 = 12.0;

/// What could be observed of a face in a picture of `wide` x `high` pixels.
///
/// # Errors
/// Why it must not be judged.
pub(crate) fn judge(view: &View, (wide, high): (f32, f32)) -> Result<Quality, Abstain> {
    let face = &view.face;
    let quality = quality(view);
    if !(face.side() >= LEAST_FACE_PX) {
        return Err(Abstain::TooSmall);
    }
    if outside(face, wide, high) || !(view.cover <= MOST_COVER) {
        return Err(Abstain::Occluded);
    }
    let nose = along(face, face.landmarks.nose);
    if !(yaw_deg(face) <= MOST_YAW_DEG) || !(LEAST_NOSE..=MOST_NOSE).contains(&nose) {
        return Err(Abstain::TurnedAway);
    }
    let burnt = view.luma.iter().filter(|v| **v >= BURNT).count() as f64 / view.luma.len() as f64;
    match quality.luma {
        Some(luma) if !(luma >= LEAST_LUMA) => return Err(Abstain::TooDark),
        Some(luma) if !(luma <= MOST_LUMA && burnt <= MOST_BURNT) => return Err(Abstain::TooBright),
        _ => {}
    }
    if !quality.sharpness.is_some_and(|s| s >= LEAST_SHARPNESS) {
        return Err(Abstain::Blurred);
    }
    Ok(quality)
}

fn quality(view: &View) -> Quality {
    let sum: u64 = view.luma.iter().map(|v| u64::from(*v)).sum();
    Quality {
        face_px: Some(f64::from(view.face.side())),
        sharpness: Some(sharpness(&view.luma)),
        luma: Some(sum as f64 / view.luma.len() as f64),
        yaw_deg: Some(yaw_deg(&view.face)),
        ..Quality::default()
    }
}

/// Natural logarithm of the variance of the Laplacian; of a crop without any detail, that of a hundredth.
fn sharpness(luma: &[u8]) -> f64 {
    let (mut sum, mut squares, mut n) = (0i64, 0i64, 0i64);
    for y in 1..TIGHT_SIDE - 1 {
        let row = |y: usize| &luma[y * TIGHT_SIDE..][..TIGHT_SIDE];
        let (above, here, below) = (row(y - 1), row(y), row(y + 1));
        for x in 1..TIGHT_SIDE - 1 {
            let near = [above[x], below[x], here[x - 1], here[x + 1]].map(i64::from);
            let value = near.iter().sum::<i64>() - 4 * i64::from(here[x]);
            sum += value;
            squares += value * value;
            n += 1;
        }
    }
    let mean = sum as f64 / n as f64;
    (squares as f64 / n as f64 - mean * mean).max(0.01).ln()
}

/// Degrees from frontal: how far the nose stands aside of the middle line, against how far it stands out.
fn yaw_deg(face: &Face) -> f64 {
    let l = &face.landmarks;
    let (dx, dy) = (l.right_eye.x - l.left_eye.x, l.right_eye.y - l.left_eye.y);
    let wide = f64::from(dx.hypot(dy)).max(1e-6);
    let (eyes, mouth) = (l.eyes(), l.mouth());
    let t = along(face, l.nose);
    let middle = Point { x: eyes.x + t * (mouth.x - eyes.x), y: eyes.y + t * (mouth.y - eyes.y) };
    let aside = f64::from((l.nose.x - middle.x).hypot(l.nose.y - middle.y));
    (aside / wide / NOSE_OUT).atan().to_degrees()
}

/// Where a point lies on the way from the eyes, 0, to the mouth, 1.
fn along(face: &Face, p: Point) -> f32 {
    let (eyes, mouth) = (face.landmarks.eyes(), face.landmarks.mouth());
    let (dx, dy) = (mouth.x - eyes.x, mouth.y - eyes.y);
    ((p.x - eyes.x) * dx + (p.y - eyes.y) * dy) / (dx * dx + dy * dy).max(1e-6)
}

/// Whether the picture's edge cuts the face off.
fn outside(face: &Face, wide: f32, high: f32) -> bool {
    let b = face.bounds;
    let (w, h) = ((b.x + b.w).min(wide) - b.x.max(0.0), (b.y + b.h).min(high) - b.y.max(0.0));
    let inside = w.max(0.0) * h.max(0.0);
    let lost = |p: &Point| !(p.x >= 0.0 && p.y >= 0.0 && p.x <= wide && p.y <= high);
    face.landmarks.points().iter().any(lost) || !(inside >= (1.0 - MOST_OUTSIDE) * b.area())
}
