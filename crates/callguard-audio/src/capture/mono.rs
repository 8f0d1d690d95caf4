//! Many channels to one: the channel that carries the voice, not the mean.
//!
//! The mean cancels what is out of phase (a balanced pair wired as stereo) and combs what two microphones heard at different
//! distances: both would be artefacts of this program in the very signal it judges. So one channel is taken as it is: the loudest
//! above the hum, with hysteresis, chosen anew on a fixed grid of frames so that the choice does not depend on how the stream was cut.

/// Grid on which the choice is made, seconds: a syllable's onset is several of these.
const GRID_S: f64 = 0.02;
/// Time constant of a channel's energy, seconds: about a syllable, so that a turn of the other speaker switches within a word.
const ENERGY_S: f64 = 0.2;
/// Another channel must be this much stronger, as a power ratio (6 dB): channels of one source differ by less.
const SWITCH_RATIO: f32 = 4.0;
/// Corner of the high-pass before the energy, hertz: hum and a low-frequency-effects channel must not win.
const HIGH_PASS_HZ: f64 = 200.0;

#[derive(Clone, Copy, Default)]
struct Ear {
    /// One-pole low-pass; the input minus it is the high-pass.
    low: f32,
    sum: f32,
    energy: f32,
}

/// Chooses a channel and cross-fades to it.
pub(crate) struct Mono {
    ears: Vec<Ear>,
    grid: usize,
    seen: usize,
    fade: usize,
    pole: f32,
    keep: f32,
    chosen: usize,
    before: usize,
}

impl Mono {
    pub(crate) fn new(rate_hz: u32, channels: u16) -> Self {
        let rate = f64::from(rate_hz);
        let grid = (rate * GRID_S).round() as usize;
        Self {
            ears: vec![Ear::default(); channels.into()],
            grid,
            seen: 0,
            fade: grid / 2,
            pole: (1.0 - (-std::f64::consts::TAU * HIGH_PASS_HZ / rate).exp()) as f32,
            keep: (-GRID_S / ENERGY_S).exp() as f32,
            chosen: 0,
            before: 0,
        }
    }

    /// One frame in, one sample out. NaN, if any channel has it: the caller counts it and puts silence in its place.
    pub(crate) fn mix(&mut self, frame: &[f32]) -> f32 {
        if let [only] = frame {
            return *only;
        }
        if frame.iter().any(|x| x.is_nan()) {
            self.step();
            return f32::NAN;
        }
        for (ear, x) in self.ears.iter_mut().zip(frame) {
            ear.low += self.pole * (x - ear.low);
            let high = x - ear.low;
            ear.sum += high * high;
        }
        let gain = if self.before == self.chosen { 1.0 } else { (self.seen as f32 / self.fade as f32).min(1.0) };
        let mixed = frame[self.before] * (1.0 - gain) + frame[self.chosen] * gain;
        self.step();
        mixed
    }

    fn step(&mut self) {
        self.seen += 1;
        if self.seen < self.grid {
            return;
        }
        self.seen = 0;
        for ear in &mut self.ears {
            ear.energy = self.keep * ear.energy + (1.0 - self.keep) * ear.sum;
            ear.sum = 0.0;
        }
        self.before = self.chosen;
        let mut best = self.chosen;
        for (i, ear) in self.ears.iter().enumerate() {
            if ear.energy > self.ears[best].energy {
                best = i;
            }
        }
        if self.ears[best].energy > SWITCH_RATIO * self.ears[self.chosen].energy {
            self.chosen = best;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(i: usize) -> f32 {
        (i as f32 * 0.2).sin() * 0.5
    }

    #[test]
    fn out_of_phase_does_not_cancel() {
        let mut mono = Mono::new(16_000, 2);
        for i in 0..16_000 {
            assert_eq!(mono.mix(&[sine(i), -sine(i)]), sine(i));
        }
    }

    #[test]
    fn the_channel_with_the_voice_is_found_and_kept() {
        let mut mono = Mono::new(16_000, 3);
        let hum = |i: usize| (i as f32 * 50.0 * std::f32::consts::TAU / 16_000.0).sin() * 0.3;
        let out: Vec<f32> = (0..16_000).map(|i| mono.mix(&[hum(i), 0.0, sine(i)])).collect();
        assert_eq!(out[8_000..], (8_000..16_000).map(sine).collect::<Vec<_>>());
        let louder: Vec<f32> = (16_000..32_000).map(|i| mono.mix(&[hum(i), sine(i) * 1.5, sine(i)])).collect();
        assert_eq!(louder[..], (16_000..32_000).map(sine).collect::<Vec<_>>()[..], "3.5 dB do not switch");
    }
}
