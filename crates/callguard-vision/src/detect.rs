//! Detect: from the detector's answer to faces.

use callguard_core::Abstain;

use crate::{Face, Landmarks, Point, Rect};

/// Side of the detector's square input, pixels: uint8 RGB, rows from the top.
pub const DETECTOR_SIDE: usize = 320;
/// Values of an anchor in its answer: score, box (x, y, w, h), five points (x, y), pixels of the input.
pub const ANCHOR_VALUES: usize = 15;

/// Least score of a face: the lowest at which photographs set aside for choosing it gave at most half a false box per hundred
/// (models/cards/face-detector.md).
const LEAST_SCORE: f32 = 0.76;
/// Two boxes that overlap more than this are one face: the usual value for faces, which hide one another before they overlap so far.
const MOST_OVERLAP: f32 = 0.3;
/// Most faces of a picture, the largest first: a wall of 4 x 4 guests.
pub(crate) const MOST_FACES: usize = 16;
/// Most boxes that are compared with one another, the surest first: a face gets about ten.
const MOST_CANDIDATES: usize = 400;
/// A box or point further outside the input than its own side is nonsense.
const FARTHEST: f32 = DETECTOR_SIDE as f32;
/// Least distance from eyes to mouth, pixels of the input: closer, and there is no face to turn upright.
const LEAST_LENGTH: f32 = 1.0;

/// Faces in an answer, the largest first. `scale`: pixels of the picture for one of the input, whose top left corners agree.
///
/// # Errors
/// [`Abstain::BadOutput`] where it is not a list of anchors, or holds what is not a number.
pub(crate) fn faces(answer: &[f32], scale: f32) -> Result<Vec<Face>, Abstain> {
    let (anchors, rest) = answer.as_chunks::<ANCHOR_VALUES>();
    if !rest.is_empty() || answer.iter().any(|v| !v.is_finite()) {
        return Err(Abstain::BadOutput);
    }
    let mut found: Vec<Face> = anchors.iter().filter_map(face).collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(MOST_CANDIDATES);
    let mut kept: Vec<Face> = Vec::new();
    for one in found {
        if kept.iter().all(|k| k.bounds.iou(one.bounds) <= MOST_OVERLAP) {
            kept.push(one);
        }
    }
    kept.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
    kept.truncate(MOST_FACES);
    Ok(kept.into_iter().map(|f| f.scaled(scale)).collect())
}

fn face(&[score, x, y, w, h, ref points @ ..]: &[f32; ANCHOR_VALUES]) -> Option<Face> {
    let point = |i: usize| Point { x: points[2 * i], y: points[2 * i + 1] };
    let landmarks = Landmarks {
        left_eye: point(0),
        right_eye: point(1),
        nose: point(2),
        left_mouth: point(3),
        right_mouth: point(4),
    };
    let near = |v: f32| (-FARTHEST..=2.0 * FARTHEST).contains(&v);
    let sane = [x, y].iter().chain(points).all(|v| near(*v)) && [w, h].iter().all(|v| *v > 1.0 && near(*v));
    let long = landmarks.eyes().distance(landmarks.mouth()) >= LEAST_LENGTH;
    (score >= LEAST_SCORE && sane && long).then_some(Face { bounds: Rect { x, y, w, h }, score, landmarks })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An upright face of `side` pixels.
    fn anchor(score: f32, x: f32, y: f32, side: f32) -> [f32; ANCHOR_VALUES] {
        let at = |fx: f32, fy: f32| [x + fx * side, y + fy * side];
        let points = [at(0.3, 0.4), at(0.7, 0.4), at(0.5, 0.6), at(0.35, 0.8), at(0.65, 0.8)].concat();
        let mut anchor = [0.0; ANCHOR_VALUES];
        anchor[..5].copy_from_slice(&[score, x, y, side, side]);
        anchor[5..].copy_from_slice(&points);
        anchor
    }

    #[test]
    fn one_face_has_many_anchors() {
        let answer = [anchor(0.9, 100.0, 50.0, 40.0), anchor(0.95, 102.0, 52.0, 40.0), anchor(0.3, 10.0, 10.0, 40.0)];
        let found = faces(answer.as_flattened(), 2.0).expect("numbers");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].bounds, Rect { x: 204.0, y: 104.0, w: 80.0, h: 80.0 });
        assert!(found[0].landmarks.nose.distance(Point { x: 244.0, y: 152.0 }) < 1e-3);
    }

    #[test]
    fn the_largest_sixteen() {
        let answer: Vec<_> =
            (0..25).map(|i| anchor(0.9, (i % 5) as f32 * 60.0, (i / 5) as f32 * 60.0, 20.0 + i as f32)).collect();
        let found = faces(answer.as_flattened(), 1.0).expect("numbers");
        assert_eq!(found.len(), MOST_FACES);
        assert_eq!((found[0].bounds.w, found[15].bounds.w), (44.0, 29.0));
    }

    #[test]
    fn what_is_no_number_is_no_answer() {
        let mut answer = anchor(0.9, 100.0, 50.0, 40.0);
        assert_eq!(faces(&answer[..14], 1.0), Err(Abstain::BadOutput));
        answer[14] = f32::NAN;
        assert_eq!(faces(&answer, 1.0), Err(Abstain::BadOutput));
        assert_eq!(faces(&[], 1.0), Ok(vec![]));
    }

    #[test]
    fn nonsense_is_no_face() {
        let mut flat = anchor(0.9, 100.0, 50.0, 40.0);
        flat[5..].fill(120.0);
        let far = anchor(0.9, 1e9, 0.0, 40.0);
        let nothing = anchor(0.9, 10.0, 10.0, 0.0);
        assert_eq!(faces([flat, far, nothing].as_flattened(), 1.0), Ok(vec![]));
    }
}
