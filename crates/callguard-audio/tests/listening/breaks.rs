//! Breaks: no window spans one, and what the pipeline made up is no evidence.

use std::time::Duration;

use callguard_audio::{Block, Heard, VoiceWindows};
use callguard_core::{Abstain, MediaTime, Span};

use crate::signals::{MONO, abstained, block, bytes, ears, hear, seconds, silence, span, speech, windows};

/// Samples, the frame they begin at, and what is done to each of their blocks.
type Part<'a> = (&'a [f32], usize, fn(&mut Block<'_>));

fn hear_parts(parts: &[Part<'_>]) -> Vec<Heard> {
    let (mut ears, mut heard) = (ears(), Vec::new());
    for (samples, first, mark) in parts {
        push(&mut ears, samples, *first, *mark, &mut heard);
    }
    ears.flush(&mut heard);
    heard
}

fn push(ears: &mut VoiceWindows, samples: &[f32], first: usize, mark: fn(&mut Block<'_>), heard: &mut Vec<Heard>) {
    for (i, chunk) in samples.chunks(320).enumerate() {
        let chunk = bytes(chunk);
        let mut block = block(&chunk, MONO, first + i * 320);
        mark(&mut block);
        if i > 0 {
            block.discontinuity = false;
        }
        ears.push(&block, heard).expect("a valid block");
    }
}

#[track_caller]
fn none_spans(heard: &[Heard], instant: MediaTime) {
    for w in windows(heard) {
        let Span { from, to } = w.facts.span;
        assert!(to <= instant || from >= instant, "{from} to {to} spans {instant}");
    }
    assert!(windows(heard).len() >= 2, "a window on either side: {}", windows(heard).len());
}

#[test]
fn a_marked_discontinuity() {
    let (a, b) = speech().split_at(seconds(3.0));
    let heard = hear_parts(&[(a, 0, |_| ()), (b, a.len(), |block| block.discontinuity = true)]);
    none_spans(&heard, MediaTime::from_millis(3_000));
}

#[test]
fn a_jump_of_time_stamps() {
    let (a, b) = speech().split_at(seconds(3.0));
    let heard = hear_parts(&[(a, 0, |_| ()), (b, seconds(5.0), |_| ())]);
    none_spans(&heard, MediaTime::from_millis(4_000));
    assert!(heard.contains(&Heard::Abstained { span: span(3.0, 5.0), reason: Abstain::Dropped }), "{heard:?}");
}

#[test]
fn jitter_of_time_stamps_moves_nothing() {
    let steady = hear(&speech()[..seconds(6.0)]);
    let (mut ears, mut heard) = (ears(), Vec::new());
    for (i, chunk) in speech()[..seconds(6.0)].chunks(320).enumerate() {
        let chunk = bytes(chunk);
        let mut block = block(&chunk, MONO, i * 320);
        block.at = block.at + Duration::from_millis(if i == 0 { 0 } else { (i as u64 * 7) % 15 });
        ears.push(&block, &mut heard).expect("a valid block");
    }
    ears.flush(&mut heard);
    assert_eq!(heard, steady);
}

/// A sound card that is 0.05 % slow: after 100 s the stamps are 50 ms ahead of the count.
#[test]
fn drift_is_followed_without_a_break() {
    let (mut ears, mut heard) = (ears(), Vec::new());
    let quiet = bytes(&silence(1.0));
    for i in 0..100u64 {
        let mut block = block(&quiet, MONO, 0);
        block.at = MediaTime::from_nanos(i * 1_000_500_000);
        ears.push(&block, &mut heard).expect("a valid block");
    }
    ears.flush(&mut heard);
    assert_eq!(abstained(&heard, Abstain::Dropped), Duration::ZERO);
    let Some(Heard::Abstained { span, .. }) = heard.last() else { panic!("silence to the end") };
    assert!(span.to.since(MediaTime::from_nanos(100_050_000_000)) < Duration::from_millis(1));
    assert!(MediaTime::from_nanos(100_050_000_000).since(span.to) < Duration::from_millis(45), "{}", span.to);
}

#[test]
fn what_was_filled_in_is_no_evidence() {
    let heard = hear_parts(&[(speech(), 0, |block| block.filled = true)]);
    assert!(windows(&heard).is_empty());
    let whole = speech().len() as f64 / 16_000.0;
    assert!((abstained(&heard, Abstain::FilledIn).as_secs_f64() - whole).abs() < 1e-6);
}

#[test]
fn a_lost_packet_is_left_out_of_the_window() {
    let (a, rest) = speech().split_at(seconds(1.5));
    let (lost, b) = rest.split_at(seconds(0.5));
    let heard = hear_parts(&[
        (a, 0, |_| ()),
        (lost, a.len(), |block| block.filled = true),
        (&b[..seconds(1.5)], a.len() + lost.len(), |_| ()),
    ]);
    let found = windows(&heard);
    assert_eq!(found.len(), 1);
    assert!(found[0].facts.observed <= Duration::from_millis(3_000), "{:?}", found[0].facts);
    assert!(abstained(&heard, Abstain::FilledIn) >= Duration::from_millis(500), "{heard:?}");
}

#[test]
fn what_is_no_number_is_no_evidence() {
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut spoilt = speech()[..seconds(3.0)].to_vec();
        spoilt.iter_mut().step_by(100).for_each(|x| *x = wrong);
        let heard = hear(&spoilt);
        assert!(windows(&heard).is_empty(), "{wrong}");
        assert!((abstained(&heard, Abstain::FilledIn).as_secs_f64() - 3.0).abs() < 1e-6, "{wrong}");
    }
    let mut one = speech()[..seconds(3.0)].to_vec();
    one[seconds(1.5)] = f32::NAN;
    let heard = hear(&one);
    let [window] = windows(&heard)[..] else { panic!("one window") };
    assert!(window.samples.iter().all(|x| x.is_finite()));
    assert_eq!(abstained(&heard, Abstain::FilledIn), Duration::from_millis(16), "its frame only");
}

#[test]
fn a_flushed_stream_can_go_on() {
    let (mut ears, mut heard) = (ears(), Vec::new());
    let (a, b) = speech().split_at(seconds(3.0));
    push(&mut ears, a, 0, |_| (), &mut heard);
    ears.flush(&mut heard);
    let first = windows(&heard).len();
    push(&mut ears, b, a.len(), |_| (), &mut heard);
    ears.flush(&mut heard);
    assert_eq!(first, 1);
    none_spans(&heard, MediaTime::from_millis(3_000));
}
