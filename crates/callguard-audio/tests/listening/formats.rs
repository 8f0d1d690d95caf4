//! Any rate, channel count and sample format hears the same speech.

use callguard_audio::{Format, RATE_HZ, SampleFormat};

use crate::signals::{hear, hear_as, seconds, speech, windows};

/// `samples` at another rate; straight lines between samples are enough where speech is only to be found again.
fn at_rate(samples: &[f32], rate_hz: u32) -> Vec<f32> {
    let step = f64::from(RATE_HZ) / f64::from(rate_hz);
    (0..(samples.len() as f64 / step) as usize)
        .map(|i| {
            let at = i as f64 * step;
            let (k, part) = (at as usize, at.fract() as f32);
            samples[k] * (1.0 - part) + samples.get(k + 1).unwrap_or(&0.0) * part
        })
        .collect()
}

fn encoded(samples: &[f32], format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    for x in samples {
        // The voice sits in the last channel; the others are silent.
        for channel in 1..=format.channels {
            let x = f64::from(if channel == format.channels { *x } else { 0.0 }).clamp(-1.0, 1.0);
            let int = |bits: u32| (x * f64::from(2f32.powi(bits as i32 - 1) - 1.0)).round() as i32;
            match format.sample {
                SampleFormat::S16 => out.extend((int(16) as i16).to_le_bytes()),
                SampleFormat::S24 => out.extend(&int(24).to_le_bytes()[..3]),
                SampleFormat::S32 => out.extend(((x * 2_147_483_647.0) as i32).to_le_bytes()),
                SampleFormat::F32 => out.extend((x as f32).to_le_bytes()),
                SampleFormat::F64 => out.extend(x.to_le_bytes()),
            }
        }
    }
    out
}

#[test]
fn the_same_speech_is_heard() {
    let signal = &speech()[..seconds(3.0)];
    let expected = windows(&hear(signal))[0].facts.observed.as_secs_f64();
    let formats = [SampleFormat::S16, SampleFormat::S24, SampleFormat::S32, SampleFormat::F32, SampleFormat::F64];
    let rates = [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 384_000];
    for (i, rate_hz) in rates.into_iter().enumerate() {
        for channels in [1, 2, 8] {
            let format = Format { rate_hz, channels, sample: formats[(i + usize::from(channels)) % 5] };
            let heard = hear_as(&encoded(&at_rate(signal, rate_hz), format), format);
            let found = windows(&heard);
            assert_eq!(found.len(), 1, "{format:?}");
            let observed = found[0].facts.observed.as_secs_f64();
            assert!((observed - expected).abs() < 0.35, "{format:?}: {observed} s, mono {expected} s");
        }
    }
}

#[test]
fn a_telephone_line_reads_as_one() {
    for (rate_hz, most) in [(8_000, 4_000.0), (11_025, 5_625.0)] {
        let format = Format { rate_hz, channels: 1, sample: SampleFormat::S16 };
        let heard = hear_as(&encoded(&at_rate(speech(), rate_hz), format), format);
        for w in windows(&heard) {
            let bandwidth = w.facts.quality.bandwidth_hz.expect("speech has a bandwidth");
            assert!(bandwidth <= most && bandwidth > 3_000.0, "{rate_hz} Hz: {bandwidth} Hz");
        }
        assert!(windows(&heard).len() > 5, "{rate_hz} Hz");
    }
}
