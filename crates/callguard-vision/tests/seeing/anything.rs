//! Whatever pictures and answers come: no panic, and each stretch of a seat's time is told once to each source.

use std::collections::BTreeMap;

use callguard_core::{Abstain, EpochReason, MediaTime, Span};
use callguard_vision::{ANCHOR_VALUES, Eyes, EyesSettings, Look, Picture, Seat, Sight, VisualSource};
use proptest::prelude::*;

use crate::stage::{gray, told};

#[derive(Clone, Debug)]
enum Step {
    /// Time to the next picture, its number, the faces of the answer (place and side), how the answer is spoilt.
    Look {
        ms: u64,
        number: u8,
        faces: Vec<(f32, f32, f32)>,
        spoilt: u8,
    },
    Gap {
        ms: u64,
    },
    Device,
}

fn step() -> impl Strategy<Value = Step> {
    let face = (-50.0f32..370.0, -50.0f32..370.0, 2.0f32..300.0);
    let look =
        (prop_oneof![8 => Just(100u64), 1 => 1u64..2_500], any::<u8>(), prop::collection::vec(face, 0..5), 0u8..20)
            .prop_map(|(ms, number, faces, spoilt)| Step::Look { ms, number: number / 200, faces, spoilt });
    prop_oneof![30 => look, 1 => (0u64..3_000).prop_map(|ms| Step::Gap { ms }), 1 => Just(Step::Device)]
}

fn answer(faces: &[(f32, f32, f32)]) -> Vec<f32> {
    let mut all = Vec::new();
    for (x, y, side) in faces {
        let mut anchor = [0.0; ANCHOR_VALUES];
        anchor[..5].copy_from_slice(&[0.9, *x, *y, *side, *side]);
        for (i, (fx, fy)) in [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)].into_iter().enumerate() {
            anchor[5 + 2 * i] = x + fx * side;
            anchor[6 + 2 * i] = y + fy * side;
        }
        all.extend(anchor);
    }
    all
}

fn play(steps: &[Step], held: &[(f32, f32, f32)]) -> (Vec<Sight>, MediaTime) {
    let (width, height) = (160, 120);
    let pictures: Vec<Vec<u8>> =
        (0..2).map(|n| (0..width * height).map(|i| ((i * (7 + n * 4)) % 251) as u8).collect()).collect();
    let format = gray(width, height);
    let (mut eyes, mut sights, mut at) = (Eyes::new(EyesSettings::default()), Vec::new(), MediaTime::ZERO);
    for step in steps {
        match step {
            Step::Device => eyes.begin_epoch(EpochReason::NewDevice, at, &mut sights),
            Step::Gap { ms } => {
                let to = at + std::time::Duration::from_millis(*ms);
                eyes.gap(Span::between(at, to), Abstain::FilledIn, &mut sights);
                at = to;
            }
            Step::Look { ms, number, faces, spoilt } => {
                at = at + std::time::Duration::from_millis(*ms);
                let mut bytes = pictures[usize::from(*number % 2)].clone();
                // Something always stirs.
                bytes.iter_mut().step_by(3).for_each(|v| *v = v.wrapping_add(at.as_nanos() as u8));
                let picture = Picture { format: &format, bytes: &bytes, at };
                let Ok(Look::Ask(_)) = eyes.look(&picture, &mut sights) else { continue };
                let mut values = answer(&[held, faces].concat());
                match spoilt {
                    0 => values.push(f32::NAN),
                    1 => values.iter_mut().step_by(4).for_each(|v| *v = f32::INFINITY),
                    2 => values.iter_mut().for_each(|v| *v *= 1e30),
                    3 => continue,
                    _ => {}
                }
                let said = if *spoilt == 4 { Err(Abstain::BadOutput) } else { Ok(&values[..]) };
                eyes.found(&picture, said, &mut sights);
            }
        }
    }
    eyes.flush(&mut sights);
    (sights, at)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_stretch_is_told_twice_or_never(steps in prop::collection::vec(step(), 1..120)) {
        let held = [(30.0, 40.0, 90.0), (180.0, 60.0, 100.0)];
        let (sights, end) = play(&steps, &held);
        let mut since: BTreeMap<Seat, MediaTime> = BTreeMap::new();
        for sight in &sights {
            if let Sight::Joined { seat, at } = sight {
                prop_assert!(since.insert(*seat, *at).is_none(), "{seat:?} joined twice");
            }
        }
        prop_assert!(since.len() <= 16);
        for (seat, joined) in since {
            for source in [VisualSource::Forgery, VisualSource::Replay, VisualSource::Repeat, VisualSource::Flat] {
                let mut to = joined;
                for (span, _) in told(&sights, seat, source) {
                    prop_assert_eq!(span.from, to, "{:?} {:?}", seat, source);
                    prop_assert!(span.from < span.to);
                    to = span.to;
                }
                prop_assert_eq!(to, end.max(joined), "{:?} {:?}", seat, source);
            }
        }
        for sight in &sights {
            if let Sight::Window { facts, .. } | Sight::Cue { facts, .. } = sight {
                prop_assert!(facts.fresh <= facts.observed && facts.span.from <= facts.fresh_span.from);
                prop_assert!(facts.span.to == facts.fresh_span.to);
            }
            if let Sight::Cue { score, .. } = sight {
                prop_assert!(score.is_finite());
            }
        }
    }

    #[test]
    fn the_same_again_gives_the_same(steps in prop::collection::vec(step(), 1..40)) {
        let held = [(30.0, 40.0, 90.0)];
        prop_assert_eq!(play(&steps, &held), play(&steps, &held));
    }
}
