//! What is no speech gives no window, and says why.

use callguard_core::Abstain::{self, Clipped, Music, NoSpeech, Noisy, ParametricCodec, Repeated, Silence, Tone};

use crate::signals::{abstained, codec2, hear, noise, seconds, silence, speech, tones, windows};

/// No window, and most of it for `why`.
#[track_caller]
fn says(signal: &[f32], why: Abstain) {
    let heard = hear(signal);
    assert!(windows(&heard).is_empty(), "a window: {:?}", windows(&heard)[0].facts);
    let whole = signal.len() as f64 / 16_000.0;
    let part = abstained(&heard, why).as_secs_f64();
    assert!(part > 0.75 * whole, "{part} of {whole} s {why}: {heard:?}");
}

#[test]
fn digital_silence() {
    says(&silence(6.0), Silence);
}

#[test]
fn a_quiet_room() {
    says(&noise(6.0, -70.0), Silence);
}

#[test]
fn loud_noise() {
    says(&noise(6.0, -20.0), NoSpeech);
}

#[test]
fn sines() {
    for f in [250.0, 440.0, 1_000.0, 3_000.0] {
        says(&tones(6.0, &[f]), Tone);
    }
}

#[test]
fn a_dial_tone() {
    says(&tones(6.0, &[350.0, 440.0]), Tone);
}

#[test]
fn keys_pressed() {
    let keys = [[697.0, 1_209.0], [770.0, 1_336.0], [852.0, 1_477.0], [941.0, 1_336.0]];
    let dialled: Vec<f32> = (0..24).flat_map(|i| [tones(0.1, &keys[i % 4]), silence(0.15)].concat()).collect();
    says(&dialled, Tone);
}

/// Notes with harmonics, a melody of a scale, each held for 0.4 s.
fn melody() -> Vec<f32> {
    let scale = [261.6, 329.6, 392.0, 440.0, 349.2, 293.7, 493.9, 523.3];
    let note = |f: f64| tones(0.4, &[f, f, f, 2.0 * f, 2.0 * f, 3.0 * f, 4.0 * f]);
    (0..20).flat_map(|i| note(scale[(i * 3) % 8])).collect()
}

#[test]
fn a_melody() {
    let heard = hear(&melody());
    assert!(windows(&heard).is_empty(), "{:?}", windows(&heard)[0].facts);
    assert!(abstained(&heard, Music).as_secs_f64() > 4.0, "{heard:?}");
}

#[test]
fn a_voice_drowned_in_noise() {
    // The voice is at about −20 dB of full scale.
    let mixed: Vec<f32> = speech().iter().zip(noise(60.0, -12.0)).map(|(s, n)| s * 0.5 + n).collect();
    let heard = hear(&mixed);
    assert!(windows(&heard).is_empty(), "{:?}", windows(&heard)[0].facts);
    let drowned = abstained(&heard, NoSpeech) + abstained(&heard, Noisy);
    assert!(drowned.as_secs_f64() > 0.9 * mixed.len() as f64 / 16_000.0, "{heard:?}");
}

#[test]
fn a_voice_far_over_full_scale() {
    let loud: Vec<f32> = speech()[..seconds(6.0)].iter().map(|x| (x * 20.0).clamp(-1.0, 1.0)).collect();
    let heard = hear(&loud);
    assert!(windows(&heard).is_empty(), "{:?}", windows(&heard)[0].facts);
    assert!(abstained(&heard, Clipped).as_secs_f64() > 3.0, "{heard:?}");
}

#[test]
fn a_loop_counts_once() {
    // A period that is no multiple of anything inside.
    let once = &speech()[..seconds(5.0) + 77];
    let single = windows(&hear(once)).len();
    let heard = hear(&[once, once, once].concat());
    assert!(abstained(&heard, Repeated).as_secs_f64() > 5.0, "{heard:?}");
    // A window that slides from the first time into the second is half new.
    assert!(windows(&heard).len() <= single + 4, "{} windows, {single} the first time", windows(&heard).len());
}

#[test]
fn a_stuck_buffer() {
    let stuck = &speech()[seconds(2.0)..seconds(2.0) + 1_024];
    let heard = hear(&[&speech()[..seconds(2.0)], &stuck.repeat(80)[..]].concat());
    let said: f64 = windows(&heard).iter().map(|w| w.facts.fresh.as_secs_f64()).sum();
    assert!(said < 4.0, "{said} s of evidence: {heard:?}");
}

#[test]
fn hum_under_a_voice_is_no_tone() {
    let hum = tones(60.0, &[50.0, 60.0, 100.0, 120.0]);
    let mixed: Vec<f32> = speech().iter().zip(hum).map(|(s, h)| s + 0.2 * h).collect();
    let (clean, heard) = (windows(&hear(speech())).len(), hear(&mixed));
    assert!(windows(&heard).len() + 2 >= clean, "{} of {clean}", windows(&heard).len());
}

/// What a digital radio makes of a voice; the voice itself is judged.
#[test]
fn a_voice_over_codec_2() {
    let talk = [speech(), &noise(0.5, -60.0), speech()].concat();
    let heard = hear(&talk);
    assert!(abstained(&heard, ParametricCodec).is_zero(), "{heard:?}");
    for bit_rate in ["2400", "1300"] {
        let Some(line) = codec2(&talk, bit_rate) else { return };
        let heard = hear(&line);
        let coded = abstained(&heard, ParametricCodec).as_secs_f64();
        assert!(coded > 0.5 * line.len() as f64 / 16_000.0, "{bit_rate} bit/s: {coded} s: {heard:?}");
    }
}

#[test]
fn a_voice_that_trembles_is_no_codec() {
    for hz in [6.0, 24.0, 49.0] {
        let beat = |i: usize| 1.0 + 0.3 * (std::f32::consts::TAU * hz * i as f32 / 16_000.0).sin();
        let shaken: Vec<f32> = speech().iter().enumerate().map(|(i, s)| s * beat(i)).collect();
        let heard = hear(&shaken);
        assert!(abstained(&heard, ParametricCodec).is_zero(), "{hz} Hz: {heard:?}");
    }
}
