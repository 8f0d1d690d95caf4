//! Epochs: whoever sits there now may be another.

use callguard_core::{Abstain, EpochReason, MediaTime, Span};
use callguard_vision::{Seat, Sight, VisualSource};

use crate::stage::{Stage, abstained, actor, epochs, joined, told};

#[track_caller]
fn none_spans(sights: &[Sight], of: u32, ms: u64) {
    let instant = MediaTime::from_millis(ms);
    for sight in sights {
        if let Sight::Window { seat, facts, .. } | Sight::Cue { seat, facts, .. } = sight
            && *seat == Seat(of)
        {
            let Span { from, to } = facts.span;
            assert!(to <= instant || from >= instant, "{from} to {to} spans {instant}");
        }
    }
}

#[test]
fn two_who_swap_places_begin_anew() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 5_000, 100, |ms| {
        let (a, b) = if ms < 2_500 { (150.0, 480.0) } else { (480.0, 150.0) };
        vec![actor(1, a, 180.0), actor(2, b, 180.0)]
    });
    let sights = stage.end();
    let mut found = epochs(&sights);
    found.sort_unstable_by_key(|(seat, _)| *seat);
    assert_eq!(found, [(Seat(0), EpochReason::TileJump), (Seat(1), EpochReason::TileJump)]);
    assert_eq!(joined(&sights).len(), 2);
    none_spans(&sights, 0, 2_500);
}

#[test]
fn another_face_in_the_same_place_begins_anew() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 5_000, 100, |ms| vec![actor(if ms < 2_500 { 1 } else { 2 }, 300.0, 180.0), actor(3, 100.0, 100.0)]);
    let sights = stage.end();
    assert_eq!(epochs(&sights), [(Seat(0), EpochReason::TileJump)]);
    none_spans(&sights, 0, 2_500);
    assert!(abstained(&sights, Seat(0), VisualSource::Forgery, Abstain::Occluded).as_millis() >= 100);
}

#[test]
fn a_face_that_jumps_begins_anew_at_its_seat() {
    let mut stage = Stage::new(1_280, 360);
    stage.play(0, 5_000, 100, |ms| vec![actor(1, if ms < 2_500 { 200.0 } else { 1_000.0 }, 180.0)]);
    let sights = stage.end();
    assert_eq!(epochs(&sights), [(Seat(0), EpochReason::TileJump)]);
    assert_eq!(joined(&sights).len(), 1);
}

#[test]
fn a_cut_begins_all_seats_anew() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 2_500, 100, |_| vec![actor(1, 200.0, 180.0), actor(2, 450.0, 180.0)]);
    stage.paint_wall(2_000);
    stage.play(2_500, 5_000, 100, |_| vec![actor(7, 250.0, 180.0)]);
    let sights = stage.end();
    assert_eq!(epochs(&sights), [(Seat(0), EpochReason::SceneCut), (Seat(1), EpochReason::SceneCut)]);
    let at = sights.iter().find_map(|s| if let Sight::Epoch { at, .. } = s { Some(*at) } else { None });
    assert_eq!(at, Some(MediaTime::from_millis(2_500)), "at the very picture");
    assert_eq!(joined(&sights).len(), 2, "who comes next sits at the nearest seat");
    none_spans(&sights, 0, 2_500);
}

#[test]
fn another_wall_behind_the_same_face_is_no_cut() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 2_500, 100, |_| vec![actor(1, 300.0, 180.0)]);
    stage.paint_wall(2_000);
    stage.play(2_500, 5_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    assert_eq!(epochs(&stage.end()), []);
}

#[test]
fn moving_about_is_no_cut() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 5_000, 100, |ms| {
        let mut near = actor(1, 300.0 + 120.0 * (ms as f32 / 600.0).sin(), 180.0);
        near.side = 130.0;
        vec![near]
    });
    assert_eq!(epochs(&stage.end()), []);
}

#[test]
fn another_device_begins_all_anew() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 2_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    stage.eyes.begin_epoch(EpochReason::NewDevice, MediaTime::from_millis(2_000), &mut stage.sights);
    stage.play(2_100, 4_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let sights = stage.end();
    assert_eq!(epochs(&sights), [(Seat(0), EpochReason::NewDevice)]);
    none_spans(&sights, 0, 2_000);
}

#[test]
fn a_gap_is_told_with_its_reason() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 2_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let gap = Span::between(MediaTime::from_millis(1_900), MediaTime::from_millis(5_000));
    stage.eyes.gap(gap, Abstain::FilledIn, &mut stage.sights);
    stage.play(5_000, 8_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let sights = stage.end();
    assert_eq!(abstained(&sights, Seat(0), VisualSource::Flat, Abstain::FilledIn).as_millis(), 3_100);
    assert_eq!(epochs(&sights), [(Seat(0), EpochReason::Lost)]);
    none_spans(&sights, 0, 3_000);
}

#[test]
fn a_jump_of_time_is_a_gap() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 2_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    stage.play(60_000, 63_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let sights = stage.end();
    assert_eq!(abstained(&sights, Seat(0), VisualSource::Forgery, Abstain::Dropped).as_millis(), 58_100);
    assert_eq!(epochs(&sights), [(Seat(0), EpochReason::Lost)]);
}

#[test]
fn time_that_goes_back_begins_anew() {
    let mut stage = Stage::new(640, 360);
    stage.play(10_000, 12_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let first = told(&stage.sights, Seat(0), VisualSource::Forgery).len();
    stage.play(0, 3_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let sights = stage.end();
    assert_eq!(epochs(&sights), [(Seat(0), EpochReason::Restarted)]);
    let after = &told(&sights, Seat(0), VisualSource::Forgery)[first + 1..];
    assert!(after.iter().all(|(span, _)| span.to <= MediaTime::from_millis(3_000)), "{after:?}");
    assert!(after.iter().any(|(_, reason)| reason.is_none()));
}
