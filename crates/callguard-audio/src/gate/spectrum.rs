//! The short-time spectrum that gate and quality measures look at.

use super::transform::Transform;
use crate::{FRAME, RATE_HZ};

/// Transform over this frame and the one before, so that frames overlap by half.
const SIZE: usize = 2 * FRAME;
/// Width of a bin, hertz.
pub(crate) const BIN_HZ: f32 = RATE_HZ as f32 / SIZE as f32;
/// Bins of one band.
const BAND_BINS: usize = 4;
/// Bands over 0 to 8 kHz.
pub(crate) const BANDS: usize = SIZE / 2 / BAND_BINS;
/// Width of a band, hertz (125).
pub(crate) const BAND_HZ: f32 = BIN_HZ * BAND_BINS as f32;
/// First bin counted (125 Hz): below lie DC, hum's fundamental and rumble, which in studio recordings can be stronger than the voice.
const FIRST_BIN: usize = 4;
/// First bin in which a peak is looked for (187.5 Hz): above the main lobe of mains hum's second harmonic (120 Hz), which would pass for a
/// tone under every voice.
const FIRST_PEAK: usize = 6;
/// How many spectral peaks a signalling tone has: DTMF and call-progress tones are pairs (ITU-T Q.23, E.180).
const TONES: usize = 2;
/// Power below which a level is not resolved (−120 dB of full scale).
const FLOOR: f32 = 1e-12;

/// What one frame looks like.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// Power above 125 Hz, decibels of full scale (a full-scale sine is −3).
    pub level_db: f32,
    /// Power in each band.
    pub bands: [f32; BANDS],
    /// Share of the power in the two strongest peaks.
    pub peaks: f32,
    /// Frequency of the strongest peak, hertz.
    pub peak_hz: f32,
}

pub(crate) struct Spectrum {
    transform: Transform,
    before: [f32; FRAME],
    power: Vec<f32>,
    scale: f32,
}

impl Spectrum {
    pub(crate) fn new() -> Self {
        let transform = Transform::new(SIZE, SIZE);
        Self {
            power: vec![0.0; SIZE / 2],
            before: [0.0; FRAME],
            // One-sided power: twice, over the window's energy and the size.
            scale: 2.0 / (transform.energy() * SIZE as f32),
            transform,
        }
    }

    pub(crate) fn look(&mut self, samples: &[f32; FRAME]) -> Look {
        let bins = self.transform.of(self.before.iter().chain(samples));
        for (p, c) in self.power.iter_mut().zip(bins) {
            *p = c.norm_sqr() * self.scale;
        }
        self.before = *samples;
        self.power[..FIRST_BIN].fill(0.0);
        let total: f32 = self.power.iter().sum();
        let mut bands = [0.0; BANDS];
        for (band, bins) in bands.iter_mut().zip(self.power.chunks_exact(BAND_BINS)) {
            *band = bins.iter().sum();
        }
        let (peaks, peak_hz) = self.peaks(total);
        Look { level_db: db(total), bands, peaks, peak_hz }
    }

    /// Share of the strongest peaks, each with two bins either side (the main lobe of the Hann window), and where the strongest is.
    /// Takes them out of the spectrum on the way.
    fn peaks(&mut self, total: f32) -> (f32, f32) {
        let mut share = 0.0;
        let mut strongest_hz = 0.0;
        for k in 0..TONES {
            let mut best = FIRST_PEAK;
            for (i, p) in self.power.iter().enumerate().skip(FIRST_PEAK) {
                if *p > self.power[best] {
                    best = i;
                }
            }
            if k == 0 {
                strongest_hz = self.interpolated_hz(best);
            }
            let lobe = best.saturating_sub(2).max(FIRST_PEAK)..(best + 3).min(self.power.len());
            share += self.power[lobe.clone()].iter().sum::<f32>();
            self.power[lobe].fill(0.0);
        }
        (if total > FLOOR { share / total } else { 0.0 }, strongest_hz)
    }

    /// Where a peak really lies: the top of the parabola through the logarithms of its three bins.
    fn interpolated_hz(&self, bin: usize) -> f32 {
        let ln = |i: usize| (self.power.get(i).copied().unwrap_or(0.0) + FLOOR).ln();
        let (a, b, c) = (ln(bin.saturating_sub(1)), ln(bin), ln(bin + 1));
        let curve = a - 2.0 * b + c;
        let shift = if curve < 0.0 { (0.5 * (a - c) / curve).clamp(-0.5, 0.5) } else { 0.0 };
        (bin as f32 + shift) * BIN_HZ
    }
}

/// Power as decibels of full scale, not below −120.
pub(crate) fn db(power: f32) -> f32 {
    10.0 * power.max(FLOOR).log10()
}
