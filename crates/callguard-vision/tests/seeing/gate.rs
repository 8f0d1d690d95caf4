//! Gate: nothing is said of a face that cannot be seen, and why.

use callguard_core::Abstain;
use callguard_vision::{PictureFormat, PixelFormat, Plane, Seat, Sight, VisualSource};

use crate::stage::{Actor, Stage, abstained, actor, gray, told, windows};

/// Every source, for nearly all of the time, for one reason; and no window at all.
#[track_caller]
fn abstains(sights: &[Sight], reason: Abstain) {
    assert_eq!(windows(sights, Seat(0)), 0, "{:?}", told(sights, Seat(0), VisualSource::Forgery));
    for source in [VisualSource::Forgery, VisualSource::Replay, VisualSource::Repeat, VisualSource::Flat] {
        let time = abstained(sights, Seat(0), source, reason);
        assert!(time.as_millis() >= 2_000, "{source:?} {time:?}: {:?}", told(sights, Seat(0), source));
    }
}

fn see(actors: impl Fn(u64) -> Vec<Actor>, change: impl Fn(u64, u8) -> u8) -> Vec<Sight> {
    let mut stage = Stage::new(640, 360);
    for ms in (0..3_000).step_by(100) {
        let actors = actors(ms);
        let luma: Vec<u8> = stage.draw(ms, &actors).into_iter().map(|v| change(ms, v)).collect();
        stage.show_luma(ms, &luma, Ok(&actors));
    }
    stage.end()
}

#[test]
fn a_small_face() {
    abstains(&see(|_| vec![Actor { side: 30.0, ..actor(1, 300.0, 180.0) }], |_, v| v), Abstain::TooSmall);
}

#[test]
fn a_dark_face() {
    abstains(&see(|_| vec![actor(1, 300.0, 180.0)], |_, v| v / 6), Abstain::TooDark);
}

#[test]
fn a_burnt_out_face() {
    abstains(&see(|_| vec![actor(1, 300.0, 180.0)], |_, v| v.saturating_add(130)), Abstain::TooBright);
}

#[test]
fn a_blurred_face() {
    let mut stage = Stage::new(640, 360);
    for ms in (0..3_000).step_by(100) {
        let actors = [actor(1, 300.0, 180.0)];
        let sharp = stage.draw(ms, &actors);
        let across = blurred(&sharp, 1);
        stage.show_luma(ms, &blurred(&across, 640), Ok(&actors));
    }
    abstains(&stage.end(), Abstain::Blurred);
}

/// The mean of seventeen pixels that lie `apart`.
fn blurred(luma: &[u8], apart: usize) -> Vec<u8> {
    let mean = |i: usize| {
        let near = (0..17).map(|k| u32::from(luma[(i + k * apart).saturating_sub(8 * apart).min(luma.len() - 1)]));
        (near.sum::<u32>() / 17) as u8
    };
    (0..luma.len()).map(mean).collect()
}

#[test]
fn a_face_cut_off_by_the_edge() {
    abstains(&see(|_| vec![actor(1, 15.0, 180.0)], |_, v| v), Abstain::Occluded);
}

/// A face in one colour, and from below its eyes in another: their U and V.
fn coloured(face: [u8; 2], below: [u8; 2]) -> Vec<Sight> {
    let (wide, high) = (640, 360);
    let mut stage = Stage::new(wide, high);
    let plane = |n: usize| Plane { offset: n * wide * high, stride: wide };
    let format = PictureFormat { pixel: PixelFormat::Y444, planes: [0, 1, 2].map(plane), ..gray(wide, high) };
    for ms in (0..3_000).step_by(100) {
        let actors = [actor(1, 300.0, 180.0)];
        let mut bytes = stage.draw(ms, &actors);
        for (upper, lower) in face.into_iter().zip(below) {
            bytes.extend((0..wide * high).map(|i| if i / wide < 184 { upper } else { lower }));
        }
        stage.show_bytes(ms, &format, &bytes, Ok(&actors));
    }
    stage.end()
}

#[test]
fn a_face_behind_a_mask() {
    let skin = [112, 148];
    abstains(&coloured(skin, [150, 116]), Abstain::Occluded);
    // Make-up, a beard and a flushed cheek are no mask.
    assert!(windows(&coloured(skin, [114, 143]), Seat(0)) > 0);
}

/// The portrait of a camera that is off is nobody's presence and nobody's attack.
#[test]
fn a_still_tile() {
    let portrait = |_| vec![Actor { alive: false, ..actor(1, 300.0, 180.0) }];
    abstains(&see(portrait, |_, v| v), Abstain::Repeated);
    // Coded anew with every picture.
    abstains(&see(portrait, |ms, v| v + u8::from((u64::from(v) + ms / 100) % 3 == 0)), Abstain::Repeated);
}

#[test]
fn a_picture_that_freezes() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 3_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let frozen = stage.draw(2_900, &[actor(1, 300.0, 180.0)]);
    for ms in (3_000..8_000).step_by(100) {
        stage.show_luma(ms, &frozen, Ok(&[actor(1, 300.0, 180.0)]));
    }
    let sights = stage.end();
    for source in [VisualSource::Forgery, VisualSource::Replay, VisualSource::Repeat, VisualSource::Flat] {
        let time = abstained(&sights, Seat(0), source, Abstain::Repeated);
        assert!(time.as_millis() >= 4_000, "{source:?} {time:?}");
    }
}
