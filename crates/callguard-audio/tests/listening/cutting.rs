//! However the stream is cut, and through whatever queue it comes, the windows are the same bit by bit.

use callguard_audio::{Format, SampleFormat};
use proptest::prelude::*;

use crate::signals::{block, ears, noise, seconds, silence, speech};

/// Speech, a pause, speech, as 16-bit stereo at `rate_hz`.
fn talk(rate_hz: u32) -> (Vec<u8>, Format) {
    let parts = [
        silence(0.5),
        speech()[..seconds(2.5)].to_vec(),
        noise(1.0, -60.0),
        speech()[seconds(3.0)..seconds(6.0)].to_vec(),
    ];
    let bytes = parts
        .concat()
        .into_iter()
        .flat_map(|x| [(x * 32_767.0) as i16, (x * -9_000.0) as i16])
        .flat_map(i16::to_le_bytes);
    (bytes.collect(), Format { rate_hz, channels: 2, sample: SampleFormat::S16 })
}

fn hear_cut(bytes: &[u8], format: Format, cuts: &[usize]) -> Vec<callguard_audio::Heard> {
    let (mut ears, mut heard, mut at) = (ears(), Vec::new(), 0);
    let whole = bytes.len() / format.frame_bytes();
    for cut in cuts.iter().cycle() {
        let end = (at + cut).min(whole);
        let part = &bytes[at * format.frame_bytes()..end * format.frame_bytes()];
        ears.push(&block(part, format, at), &mut heard).expect("a valid block");
        at = end;
        if at == whole {
            break;
        }
    }
    ears.flush(&mut heard);
    heard
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_cut_does_not_matter(cuts in prop::collection::vec(1usize..40_000, 1..12), rate_hz in prop::sample::select(vec![16_000u32, 15_000, 24_000])) {
        // The speech is the same samples, only called another rate: faster or slower, still speech.
        let (bytes, format) = talk(rate_hz);
        let whole = hear_cut(&bytes, format, &[usize::MAX / 2]);
        prop_assert!(whole.len() > 3);
        prop_assert_eq!(hear_cut(&bytes, format, &cuts), whole);
    }

    /// Whatever bytes come: no panic, and nothing but numbers in a window.
    #[test]
    fn no_bytes_can_break_it(
        junk in prop::collection::vec(any::<u8>(), 0..60_000),
        channels in 1u16..=8,
        sample in prop::sample::select(vec![SampleFormat::S16, SampleFormat::S24, SampleFormat::S32, SampleFormat::F32, SampleFormat::F64]),
        rate_hz in 4_000u32..=384_000,
    ) {
        let format = Format { rate_hz, channels, sample };
        let junk = &junk[..junk.len() / format.frame_bytes() * format.frame_bytes()];
        for heard in hear_cut(junk, format, &[997]) {
            if let callguard_audio::Heard::Window(w) = heard {
                prop_assert!(w.samples.iter().all(|x| x.is_finite()));
            }
        }
    }
}
