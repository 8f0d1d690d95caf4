//! A known announcement is nobody's voice, whatever the line made of it; all else is judged as ever.

use callguard_audio::{AnnouncementError, Announcements, Heard, Recording};
use callguard_core::Abstain::{SystemSound, TooShort};

use crate::signals::{
    MONO, abstained, accounted, block, bytes, ears, hear, noise, seconds, silence, speech, tones, windows,
};

/// The first four seconds of the speech; what follows is another's sentence.
fn announcement() -> &'static [f32] {
    &speech()[..seconds(4.0)]
}

fn another() -> &'static [f32] {
    &speech()[seconds(5.0)..]
}

fn known() -> Announcements {
    let mut known = Announcements::default();
    known.add("greeting", announcement()).expect("an announcement");
    known
}

fn hear_knowing(known: &Announcements, samples: &[f32]) -> Vec<Heard> {
    let (mut ears, mut heard) = (ears().knowing(known.clone()), Vec::new());
    let bytes = bytes(samples);
    for (i, chunk) in bytes.chunks(4 * 320).enumerate() {
        ears.push(&block(chunk, MONO, i * 320), &mut heard).expect("a valid block");
    }
    ears.flush(&mut heard);
    heard
}

fn system_s(heard: &[Heard]) -> f64 {
    abstained(heard, SystemSound).as_secs_f64()
}

/// All of it is recognised but a few frames at its ends, and nothing of it is judged.
#[track_caller]
fn is_recognised(line: &[f32]) {
    let heard = hear_knowing(&known(), &[silence(0.3), line.to_vec(), noise(1.0, -75.0)].concat());
    let (judged, speech_s) = (windows(&heard).len(), windows(&hear(line))[0].facts.observed.as_secs_f64());
    assert_eq!(judged, 0, "{heard:?}");
    assert!(system_s(&heard) > speech_s - 0.4, "{} of {speech_s} s: {heard:?}", system_s(&heard));
}

fn scaled(samples: &[f32], by: f32) -> Vec<f32> {
    samples.iter().map(|x| by * x).collect()
}

#[test]
fn the_recording_itself() {
    is_recognised(announcement());
    // On another grid of frames.
    is_recognised(&[silence(0.008), announcement().to_vec()].concat());
}

#[test]
fn louder_or_softer() {
    for by in [0.05, 0.3, 2.0] {
        is_recognised(&scaled(announcement(), by));
    }
}

#[test]
fn through_a_filter() {
    // One pole, and its opposite: a dull and a thin line.
    let mut low = 0.0;
    let dull: Vec<f32> = announcement()
        .iter()
        .map(|x| {
            low += 0.3 * (x - low);
            low
        })
        .collect();
    is_recognised(&dull);
    let thin: Vec<f32> = announcement().iter().zip(&dull).map(|(x, low)| x - 0.8 * low).collect();
    is_recognised(&thin);
}

#[test]
fn under_noise() {
    // The voice is at about −20 dB of full scale: some 15 dB are left.
    is_recognised(&announcement().iter().zip(noise(60.0, -35.0)).map(|(x, n)| x + n).collect::<Vec<_>>());
}

#[test]
fn other_sounds_are_heard_as_without_it() {
    for sound in [another(), &noise(6.0, -20.0), &tones(6.0, &[440.0]), &silence(3.0)] {
        assert_eq!(hear_knowing(&known(), sound), hear(sound));
    }
}

#[test]
fn without_announcements_nothing_changes() {
    assert_eq!(hear_knowing(&Announcements::default(), speech()), hear(speech()));
}

#[test]
fn what_is_said_after_it_is_judged_and_nothing_else() {
    let call = [announcement(), &silence(0.5), another()].concat();
    let begin = 4.5;
    let heard = hear_knowing(&known(), &call);
    let found = windows(&heard);
    assert!(found.len() > 3, "{heard:?}");
    for w in &found {
        assert!(w.facts.span.from.as_secs_f64() > begin - 0.4, "{:?}", w.facts);
    }
    let last = windows(&hear(another())).last().expect("a window").facts.span.to.as_secs_f64() + begin;
    let off = found.last().expect("a window").facts.span.to.as_secs_f64() - last;
    assert!(off.abs() < 0.1, "heard to the end: off by {off} s");
    let off = accounted(&heard).as_secs_f64() - call.len() as f64 / 16_000.0;
    assert!(off.abs() <= 0.04, "every moment once: off by {off} s");
}

#[test]
fn in_the_middle_of_a_talk() {
    let (before, after) = another().split_at(seconds(3.5));
    let heard = hear_knowing(&known(), &[before, announcement(), after].concat());
    assert!(system_s(&heard) > 3.0, "{heard:?}");
    let judged: f64 = windows(&heard).iter().map(|w| w.facts.fresh.as_secs_f64()).sum();
    assert!(judged > another().len() as f64 / 16_000.0 - 2.0, "{judged} s: {heard:?}");
}

/// Whoever begins with an announcement has the rest of what he says judged.
#[test]
fn its_begin_covers_no_other_words() {
    let heard = hear_knowing(&known(), &[&announcement()[..seconds(1.5)], another()].concat());
    assert!(system_s(&heard) < 2.2, "{heard:?}");
    assert!(windows(&heard).len() > 3, "{heard:?}");
}

#[test]
fn what_cannot_serve_is_refused() {
    let mut known = Announcements::default();
    let mut add = |samples: &[f32]| known.add("a.wav", samples);
    let name = || "a.wav".to_owned();
    assert_eq!(add(&silence(3.0)), Err(AnnouncementError::Silent { name: name() }));
    assert_eq!(add(&[]), Err(AnnouncementError::Silent { name: name() }));
    let short = add(&[silence(2.0), speech()[..seconds(0.5)].to_vec()].concat());
    assert!(matches!(short, Err(AnnouncementError::TooShort { actual_s, .. }) if actual_s < 0.7), "{short:?}");
    assert_eq!(add(&speech().repeat(4)), Err(AnnouncementError::TooLong { name: name() }));
    for _ in 0..16 {
        assert_eq!(add(announcement()), Ok(()));
    }
    assert_eq!(add(announcement()), Err(AnnouncementError::TooMany { name: name() }));
}

#[test]
fn a_word_of_it_alone_is_too_short_to_tell() {
    let heard = hear_knowing(&known(), &[&announcement()[..seconds(0.4)], &silence(1.0)].concat());
    assert!(abstained(&heard, TooShort).as_secs_f64() > 0.3 && windows(&heard).is_empty(), "{heard:?}");
}

#[test]
fn a_recording_is_collected_at_the_rate_of_the_windows() {
    let signal = bytes(announcement());
    let mut recording = Recording::default();
    for (i, chunk) in signal.chunks(4 * 1_000).enumerate() {
        recording.push(&block(chunk, MONO, i * 1_000)).expect("a valid block");
    }
    assert_eq!(recording.finish(), announcement());
}
