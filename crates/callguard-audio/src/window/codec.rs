//! A parametric codec on the line: speech that Codec 2 drew.
//!
//! It sends an envelope every 20 or 40 ms and draws it straight in between, so how much the log spectrum bends beats at 50 or 25 Hz, in one phase
//! for as long as the line lasts. Speech has no such clock, and codecs that send a waveform hardly show one. Whoever sends synthetic speech over such a
//! line is not judged either: that is no evidence of being genuine.

use std::collections::VecDeque;
use std::f32::consts::TAU;

use realfft::num_complex::Complex;

use crate::RATE_HZ;
use crate::gate::Transform;

/// From one spectrum to the next (2.5 ms), and the length of one (20 ms).
const HOP: usize = 40;
const LENGTH: usize = 320;
const SIZE: usize = 512;
/// Bands looked at: 250 to 3,500 Hz, which every telephone line carries, in steps of 250 Hz: an envelope, not its harmonics.
const FIRST_BIN: usize = 8;
const BAND_BINS: usize = 8;
const BANDS: usize = 13;
/// A bend is of three spectra so many hops apart (10 ms).
const APART: usize = 4;
/// Hops of the longest clock, 40 ms (25 Hz); the other, 20 ms, goes into it twice.
const PERIOD: usize = 16;
/// How fast the level of the line is followed where it rises (0.5 s) and where it falls (2 s), share a hop.
const RISE: f32 = 0.005;
const FALL: f32 = 0.00125;
/// Spectra this far below the level say nothing of an envelope (10 dB); bands are told from silence down to 40 dB below it.
const LOUD: f32 = 0.1;
const FLOOR: f32 = 1e-4;
/// Bends below this are alike, nepers.
const LEAST_BEND: f32 = 0.05;
/// Hops over which the mean bend is taken (2 s of speech), how many there must be, and how far from it one may count.
const MEAN_HOPS: f32 = 800.0;
const LEAST_HOPS: f32 = 20.0;
const MOST: f32 = 1.0;
/// Speech that is remembered (a time constant of 6 s), and the least that tells (2 s), hops.
const MEMORY_HOPS: f32 = 2_400.0;
const LEAST_HEARD: u32 = 800;
/// The clock's share of the bend over what chance makes of it: above the first it is there, until it falls below the second. Measured with `voice_windows`
/// on what `render.py` and `odd.py` write: it is found in 36 of 40 genuine talks over Codec 2 (2400 bit/s), after 4.5 s in the median, in none of 1,149 genuine
/// talks under every other condition, in none of 156 synthetic talks and 994 synthetic clips.
const BEGIN: f32 = 5.0;
const END: f32 = 4.0;

pub(crate) struct CodecClock {
    transform: Transform,
    samples: VecDeque<f32>,
    level: f32,
    /// Log spectra and powers of the last hops, the newest last.
    spectra: VecDeque<([f32; BANDS], f32, f32)>,
    hop: usize,
    counted: f32,
    mean: f32,
    heard: u32,
    folded: [f32; PERIOD],
    energy: f32,
    ticks: bool,
}

impl CodecClock {
    pub(crate) fn new() -> Self {
        Self {
            transform: Transform::new(LENGTH, SIZE),
            samples: VecDeque::with_capacity(2 * LENGTH),
            level: 0.0,
            spectra: VecDeque::with_capacity(2 * APART + 1),
            hop: 0,
            counted: 0.0,
            mean: 0.0,
            heard: 0,
            folded: [0.0; PERIOD],
            energy: 0.0,
            ticks: false,
        }
    }

    /// Whether the line's speech keeps a parametric codec's time.
    pub(crate) fn ticks(&self) -> bool {
        self.ticks
    }

    /// Takes the next samples of a stretch, pauses and all.
    pub(crate) fn push(&mut self, samples: &[f32]) {
        self.samples.extend(samples);
        while self.samples.len() >= LENGTH {
            self.look();
            self.samples.drain(..HOP);
            if self.spectra.len() > 2 * APART {
                self.bend();
                self.spectra.pop_front();
            }
            self.hop = (self.hop + 1) % PERIOD;
        }
    }

    fn look(&mut self) {
        let bins = self.transform.of(&self.samples);
        let mut spectrum = [0.0; BANDS];
        for (s, band) in spectrum.iter_mut().zip(bins[FIRST_BIN..].chunks_exact(BAND_BINS)) {
            *s = band.iter().map(Complex::norm_sqr).sum();
        }
        let power: f32 = spectrum.iter().sum();
        self.level += (power - self.level) * if power > self.level { RISE } else { FALL };
        let floor = FLOOR * self.level / BANDS as f32 + 1e-12;
        spectrum.iter_mut().for_each(|s| *s = 0.5 * (*s + floor).ln());
        self.spectra.push_back((spectrum, power, self.level));
    }

    fn bend(&mut self) {
        let (before, (here, power, level), after) =
            (&self.spectra[0].0, &self.spectra[APART], &self.spectra[2 * APART].0);
        if !(*power > LOUD * level) {
            return;
        }
        let bend: f32 = before.iter().zip(here).zip(after).map(|((a, b), c)| (a - 2.0 * b + c).abs()).sum();
        let bend = (bend / BANDS as f32 + LEAST_BEND).ln();
        self.counted = (self.counted + 1.0).min(MEAN_HOPS);
        self.mean += (bend - self.mean) / self.counted;
        if self.counted <= LEAST_HOPS {
            return;
        }
        let more = (bend - self.mean).clamp(-MOST, MOST);
        let kept = 1.0 - 1.0 / MEMORY_HOPS;
        self.folded.iter_mut().for_each(|f| *f *= kept);
        self.folded[self.hop] += more;
        self.energy = self.energy * kept + more * more;
        self.heard = self.heard.saturating_add(1);
        let share = self.line(1).max(self.line(2)) / (self.energy + 1e-9).sqrt();
        self.ticks = self.heard >= LEAST_HEARD && share > if self.ticks { END } else { BEGIN };
    }

    /// Strength of the line at so many times 25 Hz.
    fn line(&self, times: usize) -> f32 {
        let turn = TAU * times as f32 / PERIOD as f32;
        self.folded
            .iter()
            .enumerate()
            .map(|(k, f)| Complex::from_polar(*f, turn * k as f32))
            .sum::<Complex<f32>>()
            .norm()
    }
}

/// Hops are a whole number of samples, and of a clock's period.
const _: () = assert!(PERIOD * HOP * 25 == RATE_HZ as usize && SIZE * 250 == FIRST_BIN * RATE_HZ as usize);
