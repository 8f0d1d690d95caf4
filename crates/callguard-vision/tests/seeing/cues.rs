//! Cues: a loop is found, a plane is told from a head before a wall.

use callguard_core::Abstain;
use callguard_vision::{Seat, VisualSource};

use crate::stage::{Actor, Stage, abstained, actor, scores, texture};

/// A second between which and that second it never is the same: the actor sways and speaks.
fn sways(ms: u64) -> Vec<Actor> {
    let t = ms as f32 / 1_000.0;
    let (x, y) = (300.0 + 12.0 * (t * 1.7).sin() + 9.0 * (t * 0.61).cos(), 180.0 + 7.0 * (t * 1.13).sin());
    vec![Actor { side: 110.0, ..actor(1, x, y) }]
}

fn repeats(when: impl Fn(u64) -> u64) -> Vec<f64> {
    let mut stage = Stage::new(640, 360);
    for ms in (0..16_000).step_by(100) {
        let actors = sways(when(ms));
        let luma: Vec<u8> = stage.draw(when(ms), &actors);
        stage.show_luma(ms, &luma, Ok(&actors));
    }
    scores(&stage.end(), VisualSource::Repeat)
}

fn median(mut values: Vec<f64>) -> f64 {
    assert!(values.len() >= 5, "{values:?}");
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn a_loop_is_found() {
    let genuine = median(repeats(|ms| ms));
    let there = repeats(|ms| ms % 4_030);
    let to_and_fro = repeats(|ms| 3_970 - (ms % 7_940).abs_diff(3_970));
    assert!(genuine < 0.3, "{genuine}");
    assert!(median(there[there.len() / 2..].to_vec()) > 1.0, "{there:?}");
    assert!(median(to_and_fro[to_and_fro.len() / 2..].to_vec()) > 1.0, "{to_and_fro:?}");
}

#[test]
fn who_sits_still_is_not_repeating() {
    let mut stage = Stage::new(640, 360);
    for ms in (0..8_000).step_by(100) {
        let actors = [Actor { alive: false, ..actor(1, 300.0, 180.0) }];
        // A shadow passes: the face changes, nothing moves.
        let shade = (ms / 400 % 2 * 8) as u8;
        let luma: Vec<u8> = stage.draw(0, &actors).iter().map(|v| v - v.min(&shade)).collect();
        stage.show_luma(ms, &luma, Ok(&actors));
    }
    let sights = stage.end();
    assert!(abstained(&sights, Seat(0), VisualSource::Flat, Abstain::TooStill).as_millis() > 5_000);
}

/// A picture that moves in a hand, all of it or the head alone.
fn planes(wall_moves: bool) -> Vec<f64> {
    let mut stage = Stage::new(640, 360);
    for ms in (0..8_000).step_by(100) {
        let t = ms as f32 / 1_000.0;
        let (dx, dy) = (14.0 * (t * 2.1).sin(), 9.0 * (t * 1.4).cos());
        let head = Actor { side: 110.0, alive: false, ..actor(1, 300.0 + dx, 180.0 + dy) };
        let mut luma = stage.draw(ms, &[head]);
        if wall_moves {
            let reach = head.side * 0.85;
            for (i, v) in luma.iter_mut().enumerate() {
                let (x, y) = ((i % 640) as f32, (i / 640) as f32);
                if (x - head.x).abs() >= reach || (y - head.y).abs() >= reach {
                    *v = texture(1_000, (x - dx) / 22.0, (y - dy) / 22.0);
                }
            }
        }
        stage.show_luma(ms, &luma, Ok(&[head]));
    }
    scores(&stage.end(), VisualSource::Flat)
}

#[test]
fn a_plane_is_told_from_a_head_before_a_wall() {
    let (flat, deep) = (median(planes(true)), median(planes(false)));
    assert!(flat > 2.0 && deep < 1.2, "plane {flat}, head before a wall {deep}");
}
