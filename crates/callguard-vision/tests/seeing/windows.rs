//! Windows: what they hold, and at which rates of pictures there are any.

use std::collections::BTreeSet;

use callguard_core::{Abstain, MediaTime, Span};
use callguard_vision::{Eyes, EyesSettings, Seat, Sight, TIGHT_SIDE, VisualSource, WIDE_SIDE};

use crate::stage::{Actor, Stage, actor, told, windows};

fn watch(width: usize, height: usize, every_ms: u64, side: f32) -> Vec<Sight> {
    let mut stage = Stage::new(width, height);
    stage.play(0, 6_000, every_ms, |_| vec![Actor { side, ..actor(1, width as f32 / 2.0, height as f32 / 2.0) }]);
    stage.end()
}

/// How many crops there are for a source in six seconds, and how many windows have `most`.
fn crops(by: VisualSource, side: usize, most: usize) -> (usize, usize) {
    let sights = watch(640, 360, 100, 80.0);
    let mut crops = BTreeSet::new();
    let mut full = 0;
    for sight in &sights {
        match sight {
            Sight::Crop(crop) if crop.source == by => {
                assert_eq!((crop.side, crop.pixels.len()), (side, 3 * side * side));
                assert!(crops.insert(crop.id));
            }
            Sight::Window { source, facts, crops: of, .. } if *source == by => {
                assert!(of.iter().all(|id| crops.contains(id)), "a crop comes before its window");
                assert!(facts.span.duration() <= std::time::Duration::from_millis(1_100));
                assert!(facts.observed <= facts.span.duration());
                assert!((70.0..=90.0).contains(&facts.quality.face_px.expect("measured")));
                full += usize::from(of.len() == most);
            }
            _ => {}
        }
    }
    (crops.len(), full)
}

#[test]
fn five_tight_crops_a_second_every_half_second() {
    let (crops, full) = crops(VisualSource::Forgery, TIGHT_SIDE, 5);
    assert!((27..=31).contains(&crops) && full >= 9, "{crops} {full}");
}

#[test]
fn five_wide_crops_in_two_seconds() {
    let (crops, full) = crops(VisualSource::Replay, WIDE_SIDE, 2);
    assert!((13..=16).contains(&crops) && full >= 5, "{crops} {full}");
    assert_eq!(
        told(&watch(640, 360, 100, 80.0), Seat(0), VisualSource::Replay).iter().filter(|t| t.1.is_none()).count(),
        11
    );
}

#[test]
fn the_rate_of_pictures_does_not_matter() {
    for every_ms in [16, 33, 40, 100] {
        let n = windows(&watch(640, 360, every_ms, 80.0), Seat(0));
        assert!((10..=12).contains(&n), "{n} windows at a picture every {every_ms} ms");
    }
}

#[test]
fn a_picture_a_second_is_too_little() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 20_000, 1_000, |_| vec![actor(1, 300.0, 180.0)]);
    let sights = stage.end();
    assert_eq!(windows(&sights, Seat(0)), 0);
    let told = told(&sights, Seat(0), VisualSource::Forgery);
    assert!(told.len() > 10 && told.iter().all(|(_, reason)| reason.is_some()), "{told:?}");
}

#[test]
fn odd_sizes() {
    for (width, height) in [(17, 16), (321, 243), (101, 799)] {
        let side = 0.5 * width.min(height) as f32;
        let n = windows(&watch(width, height, 100, side), Seat(0));
        assert_eq!(n > 0, side >= 40.0, "{width} x {height}");
    }
}

#[test]
fn without_a_model_nothing_is_said_for_it() {
    let settings = EyesSettings { forgery: false, ..EyesSettings::default() };
    let mut stage = Stage::new(640, 360);
    stage.eyes = Eyes::new(settings);
    stage.play(0, 3_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let sights = stage.end();
    assert!(told(&sights, Seat(0), VisualSource::Forgery).is_empty());
    assert!([VisualSource::Replay, VisualSource::Repeat].iter().all(|by| !told(&sights, Seat(0), *by).is_empty()));
}

#[test]
fn a_short_file_has_a_window_at_its_end() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 900, 100, |_| vec![actor(1, 300.0, 180.0)]);
    let told = told(&stage.end(), Seat(0), VisualSource::Forgery);
    assert_eq!(told.last(), Some(&(Span::between(MediaTime::from_millis(500), MediaTime::from_millis(800)), None)));
}

#[test]
fn a_detector_that_fails_is_the_reason() {
    let mut stage = Stage::new(640, 360);
    stage.play(0, 2_000, 100, |_| vec![actor(1, 300.0, 180.0)]);
    for ms in (2_000..4_000).step_by(100) {
        let luma = stage.draw(ms, &[actor(1, 300.0, 180.0)]);
        stage.show_luma(ms, &luma, Err(Abstain::Late));
    }
    let told = told(&stage.end(), Seat(0), VisualSource::Forgery);
    let late: Vec<_> = told.iter().filter(|(_, reason)| *reason == Some(Abstain::Late)).collect();
    assert!(late.len() >= 3, "{told:?}");
}
