//! Windows of speech: how long, when, how much of it new, and what is measured in them.

use std::time::Duration;

use callguard_audio::{Heard, RATE_HZ, SpeechWindow, WINDOW, WindowSettings};
use callguard_core::{Abstain, MediaTime};

use crate::signals::{
    MONO, abstained, accounted, bytes, ears, hear, hear_with, noise, seconds, silence, speech, windows,
};

#[test]
fn a_file_shorter_than_a_window_gives_exactly_one() {
    for s in [1.2, 2.0, 3.0, 3.9] {
        let heard = hear(&speech()[..seconds(s)]);
        let found = windows(&heard);
        assert_eq!(found.len(), 1, "{s} s");
        let facts = found[0].facts;
        assert_eq!(facts.fresh, facts.observed);
        let speech_s = facts.observed.as_secs_f64();
        assert!(speech_s > 0.8 * s && speech_s <= s, "{speech_s} of {s} s");
        assert_eq!(found[0].samples.len(), WINDOW);
        let net = (speech_s * 16_000.0).round() as usize;
        assert_eq!(found[0].samples[..WINDOW - net], found[0].samples[net..], "repeated from its begin");
    }
}

#[test]
fn a_word_is_too_short() {
    let heard = hear(&[silence(1.0), speech()[..seconds(0.3)].to_vec(), silence(1.0)].concat());
    assert!(windows(&heard).is_empty());
    assert!(abstained(&heard, Abstain::TooShort) > Duration::from_millis(300), "{heard:?}");
}

#[test]
fn a_long_talk_gives_a_window_every_half_second() {
    let heard = hear(speech());
    let found = windows(&heard);
    let whole = speech().len() as f64 / 16_000.0;
    let due = (whole - 4.0) / 0.5;
    assert!(found.len() as f64 > 0.8 * due && found.len() as f64 <= due + 2.0, "{} windows in {whole} s", found.len());
    for w in &found[..found.len() - 1] {
        // One frame late at most: the first that ends on the grid or after.
        assert!(w.facts.span.to.as_nanos() % 500_000_000 <= 16_000_000 || w.facts.fresh < w.facts.observed);
        assert!(w.facts.observed <= Duration::from_secs(4));
        assert!(w.facts.fresh <= w.facts.observed && w.facts.fresh >= Duration::from_millis(250));
    }
}

#[test]
fn every_moment_is_judged_once_or_abstained_from() {
    let parts = [noise(2.0, -75.0), speech()[..seconds(6.0)].to_vec(), silence(3.0), speech()[seconds(6.0)..].to_vec()];
    let signal = parts.concat();
    let off = accounted(&hear(&signal)).as_secs_f64() - signal.len() as f64 / 16_000.0;
    // The two frames that the first window may be late by.
    assert!(off.abs() <= 0.04, "off by {off} s");
}

#[test]
fn pauses_are_taken_out_and_old_speech_is_not_joined() {
    let (a, b) = (speech()[..seconds(2.0)].to_vec(), speech()[seconds(3.0)..seconds(5.0)].to_vec());
    let pause = |s| hear(&[a.clone(), noise(s, -75.0), b.clone()].concat());
    let near = pause(1.0);
    let last = windows(&near).last().expect("a window").facts;
    assert!(last.observed > Duration::from_millis(3_200), "joined: {last:?}");
    let far = pause(21.0);
    let last = windows(&far).last().expect("a window").facts;
    assert!(last.observed < Duration::from_millis(2_300), "not joined: {last:?}");
}

#[test]
fn a_guest_who_says_little_is_judged_in_time() {
    let (mut ears, mut heard) = (ears(), Vec::new());
    let signal = crate::signals::bytes(&[speech()[..seconds(1.5)].to_vec(), noise(4.0, -75.0)].concat());
    ears.push(&crate::signals::block(&signal, crate::signals::MONO, 0), &mut heard).expect("a valid block");
    assert_eq!(windows(&heard).len(), 1, "without waiting for the end of the stream");
}

#[test]
fn quality_is_measured() {
    let facts = |signal: &[f32]| windows(&hear(signal)).last().expect("a window").facts.quality;
    let clean = facts(speech());
    // espeak-ng speaks to 8 kHz, with digital silence between.
    assert!(clean.bandwidth_hz.is_some_and(|b| b > 6_000.0), "{clean:?}");
    assert_eq!(clean.speech_s, Some(4.0));
    // The voice is at about −20 dB of full scale: noise at −35 leaves some 15 dB.
    let noisy: Vec<f32> = speech().iter().zip(noise(60.0, -35.0)).map(|(s, n)| s + n).collect();
    let noisy = facts(&noisy);
    assert!(noisy.snr_db.is_some_and(|s| s > 9.0 && s < 24.0), "{noisy:?}");
    assert!(noisy.snr_db < clean.snr_db);
}

#[test]
fn settings_out_of_range_are_refused() {
    let hop = Duration::from_millis(1);
    let error = callguard_audio::VoiceWindows::new(WindowSettings { hop, ..WindowSettings::default() }).err();
    assert_eq!(error.map(|e| e.key), Some("hop"));
}

#[test]
fn turns_are_not_joined() {
    let (first, second) = speech().split_at(seconds(5.0));
    let pause = (first.len(), first.len() + seconds(1.0));
    let line: Vec<f32> = [first, &silence(1.0), second].concat();
    let spans = |heard: &[Heard]| {
        let between = |w: &&SpeechWindow| {
            w.facts.span.from < MediaTime::from_frames(pause.0 as u64, RATE_HZ)
                && w.facts.span.to > MediaTime::from_frames(pause.1 as u64, RATE_HZ)
        };
        windows(heard).into_iter().filter(between).count()
    };
    assert!(spans(&hear(&line)) > 0, "one voice's pause is taken out");
    let heard = hear_with(ears().in_turns(), &bytes(&line), MONO);
    assert_eq!(spans(&heard), 0);
    let ends: Vec<MediaTime> =
        heard.iter().filter_map(|h| if let Heard::TurnEnded { at } = h { Some(*at) } else { None }).collect();
    let (from, to) = (pause.0 as f64 / 16_000.0, pause.1 as f64 / 16_000.0);
    assert!(ends.iter().any(|at| (from + 0.3..to).contains(&at.as_secs_f64())), "{ends:?}");
    assert!(matches!(heard.last(), Some(Heard::TurnEnded { .. })), "the end of the stretch ends it too");
    assert_eq!(accounted(&heard), accounted(&hear(&line)), "nothing is told twice, nor left out");
}
