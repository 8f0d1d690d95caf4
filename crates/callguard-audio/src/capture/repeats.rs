//! Exact repeats: a stuck driver, a loop.
//!
//! No microphone gives the same samples twice. Places to compare are chosen by the content (where a rolling hash of the last samples
//! has its lowest bits at zero, as content-defined chunking does: Muthitacharoen et al., LBFS, 2001), so that a repeat is found
//! whatever its period and however the stream was cut.

use std::collections::{HashMap, VecDeque};

/// Samples that must be the same, bit by bit: chance does not repeat that many of a sound above the noise.
const RUN: usize = 32;
/// One place in so many is compared.
const ONE_IN_BITS: u32 = 9;
/// How long a place is remembered, seconds: as long as speech is joined.
const MEMORY_S: u64 = 20;
/// Least range of the samples, full scale being 1 (−50 dB): idle lines repeat themselves and mean nothing.
const LEAST_RANGE: f32 = 0.003;
/// Multiplier of the hash (Knuth's, 64 bits): any odd number with mixed bits serves.
const MULTIPLIER: u64 = 6_364_136_223_846_793_005;

pub(crate) struct Repeats {
    last: [f32; RUN],
    heard: u64,
    hash: u64,
    /// `MULTIPLIER` to the power of `RUN`: takes the oldest sample out again.
    oldest: u64,
    memory: u64,
    places: HashMap<u64, u64>,
    order: VecDeque<(u64, u64)>,
}

impl Repeats {
    pub(crate) fn new(rate_hz: u32) -> Self {
        Self {
            last: [0.0; RUN],
            heard: 0,
            hash: 0,
            oldest: (0..RUN).fold(1, |power: u64, _| power.wrapping_mul(MULTIPLIER)),
            memory: MEMORY_S * u64::from(rate_hz),
            places: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// `None`: no place to compare. Else whether what ends here was heard before.
    pub(crate) fn push(&mut self, x: f32) -> Option<bool> {
        let slot = (self.heard % RUN as u64) as usize;
        let gone = u64::from(self.last[slot].to_bits()).wrapping_mul(self.oldest);
        self.hash = self.hash.wrapping_mul(MULTIPLIER).wrapping_add(u64::from(x.to_bits())).wrapping_sub(gone);
        self.last[slot] = x;
        self.heard += 1;
        if self.hash.wrapping_mul(MULTIPLIER) >> (64 - ONE_IN_BITS) != 0 {
            return None;
        }
        let (low, high) = self.last.iter().fold((f32::MAX, f32::MIN), |(l, h), x| (l.min(*x), h.max(*x)));
        if !(high - low > LEAST_RANGE) {
            return None;
        }
        while self.order.front().is_some_and(|(at, _)| at + self.memory < self.heard) {
            if let Some((at, hash)) = self.order.pop_front()
                && self.places.get(&hash) == Some(&at)
            {
                self.places.remove(&hash);
            }
        }
        self.order.push_back((self.heard, self.hash));
        Some(self.places.insert(self.hash, self.heard).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise() -> impl Iterator<Item = f32> {
        let mut state = 1u64;
        std::iter::from_fn(move || {
            state = state.wrapping_mul(MULTIPLIER).wrapping_add(1);
            Some((state >> 40) as f32 / (1u64 << 24) as f32 - 0.5)
        })
    }

    /// Places compared, and those that repeat, of a loop of `period` samples.
    fn looped(period: usize, length: usize) -> (usize, usize) {
        let once: Vec<f32> = noise().take(period).collect();
        let mut repeats = Repeats::new(16_000);
        let found: Vec<bool> = once.iter().cycle().take(length).filter_map(|x| repeats.push(*x)).collect();
        (found.len(), found.iter().filter(|r| **r).count())
    }

    #[test]
    fn what_is_new_is_no_repeat() {
        let (places, repeated) = looped(160_000, 160_000);
        assert!(places > 200 && repeated == 0, "{repeated} of {places}");
    }

    #[test]
    fn a_loop_is_found_whatever_its_period() {
        for period in [3_333, 16_000, 70_001] {
            let (places, repeated) = looped(period, 160_000);
            let due = places as f64 * (1.0 - period as f64 / 160_000.0);
            assert!((repeated as f64 - due).abs() < 0.1 * places as f64 + 3.0, "{period}: {repeated} of {places}");
        }
    }

    #[test]
    fn it_forgets() {
        let (places, repeated) = looped(20 * 16_000 + 100, 50 * 16_000);
        assert!(places > 1_000 && repeated < 30, "{repeated} of {places}");
    }
}
