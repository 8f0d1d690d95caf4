//! Any rate to 16 kHz, without delay and with its tail.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler};

use crate::RATE_HZ;

/// Block of the transform on the side of the lower rate, samples. With it rubato's filter passes up to 0.98 of the lower Nyquist
/// frequency (`rubato::calculate_cutoff`, Blackman-Harris squared): the upper edge of wideband speech survives. It holds samples back for
/// a tenth of a second at the usual rates, a fifth at 8 kHz.
const BLOCK: usize = 1024;

/// The transform's block on the input side. An even multiple of the smallest that comes out even at both rates: rubato centres its filter
/// on a whole sample, so that an odd block would come half an input sample early.
fn block(rate_hz: u32) -> usize {
    let (mut a, mut b) = (rate_hz as usize, RATE_HZ as usize);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let least = 2 * rate_hz as usize / a;
    let wanted = BLOCK * rate_hz.max(RATE_HZ) as usize / RATE_HZ as usize;
    wanted.div_ceil(least) * least
}

/// One channel, fixed ratio.
pub(crate) struct To16k {
    rate_hz: u32,
    /// `None`: the stream is at 16 kHz already and passes bit by bit.
    fft: Option<Fft<f32>>,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Output samples that are still the filter's delay.
    delay: usize,
    taken: u64,
    given: u64,
}

impl To16k {
    /// `rate_hz` is inside the limits of [`crate::Format::check`].
    pub(crate) fn new(rate_hz: u32) -> Self {
        let fft = (rate_hz != RATE_HZ).then(|| {
            let chunk = block(rate_hz);
            // Both rates and the chunk are above zero: the only things it refuses.
            Fft::new_custom(
                rate_hz as usize,
                RATE_HZ as usize,
                chunk,
                1,
                1,
                rubato::WindowFunction::BlackmanHarris2,
                FixedSync::Both,
            )
            .expect("rates and chunk are above zero")
        });
        let delay = fft.as_ref().map_or(0, Resampler::output_delay);
        let room = fft.as_ref().map_or(0, Resampler::output_frames_max);
        Self { rate_hz, fft, input: Vec::new(), output: vec![0.0; room], delay, taken: 0, given: 0 }
    }

    /// Where input sample `index` lies in the output, samples.
    pub(crate) fn place(&self, index: u64) -> u64 {
        index * u64::from(RATE_HZ) / u64::from(self.rate_hz)
    }

    /// Input samples taken so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    pub(crate) fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.taken += samples.len() as u64;
        let Some(fft) = &mut self.fft else {
            out.extend_from_slice(samples);
            self.given += samples.len() as u64;
            return;
        };
        self.input.extend_from_slice(samples);
        let mut at = 0;
        while self.input.len() - at >= fft.input_frames_next() {
            let need = fft.input_frames_next();
            let made = run(fft, &self.input[at..at + need], &mut self.output, None);
            at += need;
            let skip = self.delay.min(made);
            self.delay -= skip;
            out.extend_from_slice(&self.output[skip..made]);
            self.given += (made - skip) as u64;
        }
        self.input.drain(..at);
    }

    /// The end of the stream: what still is in the filter, up to the input's own length and no further.
    pub(crate) fn flush(&mut self, out: &mut Vec<f32>) {
        let whole = self.place(self.taken);
        let Some(fft) = &mut self.fft else { return };
        let mut left = self.input.len();
        while self.given < whole {
            self.input.resize(fft.input_frames_next(), 0.0);
            let made = run(fft, &self.input, &mut self.output, Some(left));
            left = 0;
            let skip = self.delay.min(made);
            self.delay -= skip;
            let take = ((made - skip) as u64).min(whole - self.given) as usize;
            out.extend_from_slice(&self.output[skip..skip + take]);
            self.given += take as u64;
        }
        self.input.clear();
    }
}

fn run(fft: &mut Fft<f32>, input: &[f32], output: &mut [f32], partial: Option<usize>) -> usize {
    let room = output.len();
    let indexing = partial.map(|n| Indexing::new().partial_len(n));
    // Both buffers are as long as the resampler itself asks for: the only things it refuses.
    let from = SequentialSlice::new(input, 1, input.len()).expect("one channel of its own length");
    let mut to = SequentialSlice::new_mut(output, 1, room).expect("one channel of its own length");
    fft.process_into_buffer(&from, &mut to, indexing.as_ref()).expect("buffers are as long as asked for").1
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREQUENCY_HZ: f64 = 997.0;

    fn sine(rate_hz: u32, n: usize) -> Vec<f32> {
        (0..n)
            .map(|i| (0.5 * (std::f64::consts::TAU * FREQUENCY_HZ * i as f64 / f64::from(rate_hz)).sin()) as f32)
            .collect()
    }

    fn converted(rate_hz: u32, input: &[f32], cut: usize) -> Vec<f32> {
        let (mut r, mut out) = (To16k::new(rate_hz), Vec::new());
        input.chunks(cut).for_each(|c| r.push(c, &mut out));
        r.flush(&mut out);
        out
    }

    /// Golden sine: the same instant has the same value before and after, so there is no delay; the length is right, so the tail was read.
    #[test]
    fn a_sine_stays_where_it_was() {
        for rate_hz in
            [4_000, 8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000, 384_000, 44_056]
        {
            let input = sine(rate_hz, rate_hz as usize);
            let out = converted(rate_hz, &input, 1_234);
            assert_eq!(out.len(), 16_000, "{rate_hz} Hz: tail");
            let expected = sine(16_000, 16_000);
            // The edges ring, as the sine begins and ends there.
            let worst = (1_500..14_500).map(|i| (out[i] - expected[i]).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-3, "{rate_hz} Hz: off by {worst}");
        }
    }

    #[test]
    fn the_cut_does_not_matter() {
        let input = sine(44_100, 30_000);
        let whole = converted(44_100, &input, input.len());
        for cut in [1, 7, 441, 1_024] {
            assert_eq!(converted(44_100, &input, cut), whole, "{cut}");
        }
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(converted(48_000, &[], 1).is_empty());
        assert_eq!(converted(48_000, &[0.1; 3], 1).len(), 1);
    }
}
