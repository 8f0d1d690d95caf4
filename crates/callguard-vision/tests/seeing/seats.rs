//! Seats: who is there, and that each stays who it is.

use callguard_core::{Abstain, EpochReason};
use callguard_vision::{Seat, VisualSource};

use crate::stage::{Actor, Stage, abstained, actor, epochs, joined, windows};

#[test]
fn a_face_joins_after_three_detections() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 3_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let sights = stage.end();
    assert_eq!(joined(&sights), [(Seat(0), 200)]);
    assert_eq!(epochs(&sights), []);
    assert!(windows(&sights, Seat(0)) >= 5, "{sights:?}");
}

#[test]
fn what_is_seen_twice_in_five_is_nobody() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 3_000, 100, |ms| if ms % 500 < 200 { vec![actor(1, 300.0, 180.0)] } else { vec![] });
    assert_eq!(joined(&stage.end()), []);
}

#[test]
fn several_faces_keep_their_seats() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 4_000, 100, |ms| {
        let sway = 20.0 * (ms as f32 / 700.0).sin();
        vec![actor(1, 110.0 + sway, 180.0), actor(2, 320.0, 180.0 + sway), actor(3, 530.0 - sway, 180.0)]
    });
    let sights = stage.end();
    assert_eq!(joined(&sights).len(), 3);
    assert_eq!(epochs(&sights), []);
    assert!((0..3).all(|seat| windows(&sights, Seat(seat)) >= 6));
}

#[test]
fn faces_that_pass_one_another_keep_their_seats() {
    let mut stage = Stage::new(640, 360);
    let place = |ms: u64| 120.0 + ms as f32 * 0.1;
    stage.play(0, 4_000, 100, |ms| vec![actor(1, place(ms), 100.0), actor(2, 640.0 - place(ms), 250.0)]);
    assert!(stage.eyes.faces().all(|(seat, face)| (seat == Seat(0)) == (face.bounds.y < 180.0)));
    let sights = stage.end();
    assert_eq!((joined(&sights).len(), epochs(&sights)), (2, vec![]));
}

#[test]
fn hidden_for_under_a_second_is_the_same_face() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 5_000, 100, |ms| {
        let mut a = actor(1, 300.0, 180.0);
        a.seen = !(2_000..2_900).contains(&ms);
        vec![a]
    });
    let sights = stage.end();
    assert_eq!((joined(&sights).len(), epochs(&sights)), (1, vec![]));
    assert!(abstained(&sights, Seat(0), VisualSource::Forgery, Abstain::NoFace).as_millis() >= 300);
}

#[test]
fn away_for_two_seconds_begins_an_epoch_at_the_same_seat() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 6_000, 100, |ms| if (2_000..4_000).contains(&ms) { vec![] } else { vec![actor(1, 300.0, 180.0)] });
    let sights = stage.end();
    assert_eq!(joined(&sights).len(), 1);
    assert!(matches!(epochs(&sights)[..], [(Seat(0), EpochReason::Lost)]), "{:?}", epochs(&sights));
    let gone = abstained(&sights, Seat(0), VisualSource::Repeat, Abstain::NoFace);
    assert!((1_500..=2_500).contains(&gone.as_millis()), "{gone:?}");
}

#[test]
fn the_only_vacant_seat_is_taken_wherever_the_face_comes_back() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 6_000, 100, |ms| match ms {
        0..2_000 => vec![actor(1, 120.0, 100.0), actor(2, 520.0, 200.0)],
        2_000..4_000 => vec![actor(2, 520.0, 200.0)],
        _ => vec![actor(3, 300.0, 280.0), actor(2, 520.0, 200.0)],
    });
    let sights = stage.end();
    assert_eq!(joined(&sights).len(), 2);
    assert!(matches!(epochs(&sights)[..], [(_, EpochReason::Lost)]), "{:?}", epochs(&sights));
}

#[test]
fn sixteen_seats_and_no_more() {
    let mut stage = Stage::new(1_000, 1_000);
    let wall = || (0..16).map(|i| actor(i, 125.0 + 250.0 * (i % 4) as f32, 125.0 + 250.0 * (i / 4) as f32));
    stage.play(0, 1_000, 100, |_| wall().collect());
    stage.play(1_000, 3_000, 100, |_| {
        let one_more = Actor { side: 90.0, ..actor(40, 250.0, 250.0) };
        wall().skip(1).chain([one_more]).collect()
    });
    let sights = stage.end();
    assert_eq!(joined(&sights).len(), 16);
}

#[test]
fn the_detector_rests_when_nothing_moves() {
    let count = |actors: Vec<_>| {
        let mut stage = Stage::new(640, 360);
        stage.play(0, 10_000, 100, |_| actors.clone());
        stage.asked
    };
    let mut still = actor(1, 300.0, 180.0);
    still.alive = false;
    assert!((24..=28).contains(&count(vec![])), "every 400 ms: {}", count(vec![]));
    assert!((50..=56).contains(&count(vec![still])), "every 200 ms: {}", count(vec![still]));
    assert!(count(vec![actor(1, 300.0, 180.0)]) > 90, "with every look");
}
