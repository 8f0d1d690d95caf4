//! The windowed transform that every spectrum here is made of.

use std::f32::consts::TAU;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

/// Of `length` samples under a Hann window, filled up with zeros to `size`; keeps its buffers.
pub(crate) struct Transform {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    time: Vec<f32>,
    frequency: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Transform {
    pub(crate) fn new(length: usize, size: usize) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(size);
        Self {
            window: (0..length).map(|i| 0.5 - 0.5 * (TAU * i as f32 / length as f32).cos()).collect(),
            time: fft.make_input_vec(),
            frequency: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Energy of the window.
    pub(crate) fn energy(&self) -> f32 {
        self.window.iter().map(|w| w * w).sum()
    }

    /// Bins from 0 Hz up of the first `length` samples.
    pub(crate) fn of<'a>(&mut self, samples: impl IntoIterator<Item = &'a f32>) -> &[Complex<f32>] {
        self.time.fill(0.0);
        for ((t, x), w) in self.time.iter_mut().zip(samples).zip(&self.window) {
            *t = x * w;
        }
        // All three buffers were made by the transform: the only thing it refuses is another length.
        self.fft
            .process_with_scratch(&mut self.time, &mut self.frequency, &mut self.scratch)
            .expect("buffers are the transform's own");
        &self.frequency
    }
}
