//! When a frame was recorded, on the pipeline's clock: a regression of capture time on the frame count.
//!
//! A sound card counts frames by its own crystal, and callbacks come late by as much as the scheduler likes. Time stamps taken at
//! the callback would jitter, and stamps counted at the nominal rate would drift from the pipeline's clock. The line through the
//! newest pairs of (frame count, capture time) does neither. (F. Adriaensen, *Using a DLL to filter time*, Linux Audio Conference
//! 2005, solves the same with a loop filter; a plain least-squares line over a window needs no tuning.)

use std::collections::VecDeque;

/// Pairs the line goes through: about 20 s of 10 ms to 20 ms blocks and so long enough to tell a crystal's drift from jitter.
const PAIRS: usize = 1024;
/// Before so many pairs the nominal rate is better than a fitted one.
const ENOUGH: usize = 100;
/// Crystals of sound cards are within ± 200 ppm; a fitted rate outside ± 0.1 % is a disturbance, not a crystal.
const MOST_DRIFT: f64 = 1e-3;
/// A block further off the line than this is no jitter: frames were lost, or the device stood still.
const LOST_NS: f64 = 60e6;
/// So many blocks off the line in a row, and the line itself is wrong.
const OFF_IN_A_ROW: u32 = 8;

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Running time of its first frame, nanoseconds.
    pub pts_ns: u64,
    /// Something is missing right before it.
    pub discontinuity: bool,
}

/// The line.
#[derive(Debug)]
pub struct CaptureClock {
    ns_per_frame: f64,
    frames: u64,
    pairs: VecDeque<(f64, f64)>,
    off: u32,
    last_ns: u64,
}

impl CaptureClock {
    /// For a device of this nominal rate, hertz.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        Self {
            ns_per_frame: 1e9 / f64::from(rate_hz.max(1)),
            frames: 0,
            pairs: VecDeque::with_capacity(PAIRS),
            off: 0,
            last_ns: 0,
        }
    }

    /// Stamps a block of `frames` whose first frame was seen to be captured at running time `seen_ns`. `lost` where the caller knows
    /// that something is missing before it.
    pub fn stamp(&mut self, frames: u64, seen_ns: u64, lost: bool) -> Stamp {
        let (x, y) = (self.frames as f64, seen_ns as f64);
        let mut discontinuity = lost;
        if lost {
            self.pairs.clear();
        } else if let Some(line) = self.at(x)
            && (y - line).abs() > LOST_NS
        {
            self.off += 1;
            if self.off >= OFF_IN_A_ROW {
                self.pairs.clear();
                self.off = 0;
                discontinuity = true;
            }
        } else {
            self.off = 0;
        }
        // A block off the line is late delivery until it is shown to be more: it must not bend the line.
        if self.off == 0 {
            if self.pairs.len() == PAIRS {
                self.pairs.pop_front();
            }
            self.pairs.push_back((x, y));
        }
        self.frames += frames;
        let pts = self.at(x).unwrap_or(y).max(0.0) as u64;
        let pts_ns = pts.max(self.last_ns + u64::from(self.last_ns > 0));
        self.last_ns = pts_ns;
        Stamp { pts_ns, discontinuity }
    }

    /// The line at a frame count; `None` before the first pair.
    fn at(&self, x: f64) -> Option<f64> {
        let n = self.pairs.len() as f64;
        let (x0, y0) = *self.pairs.front()?;
        let (mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0);
        for (px, py) in &self.pairs {
            let (dx, dy) = (px - x0, py - y0);
            sx += dx;
            sy += dy;
            sxx += dx * dx;
            sxy += dx * dy;
        }
        let fitted = (n * sxy - sx * sy) / (n * sxx - sx * sx);
        let drift = fitted / self.ns_per_frame - 1.0;
        let slope = if self.pairs.len() >= ENOUGH && drift.abs() <= MOST_DRIFT { fitted } else { self.ns_per_frame };
        let (mx, my) = (sx / n, sy / n);
        Some(y0 + my + slope * (x - x0 - mx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `blocks` of 480 frames from a card that runs `ppm` fast, delivered up to `jitter_ns` late; gives the worst error of the
    /// stamps of the last half against the truth, nanoseconds.
    fn worst_error(blocks: u64, ppm: f64, jitter_ns: u64) -> f64 {
        let mut clock = CaptureClock::new(48_000);
        let mut worst = 0.0f64;
        for i in 0..blocks {
            let truth = i as f64 * 480.0 * (1e9 / 48_000.0) / (1.0 + ppm * 1e-6) + 5e9;
            // A fixed scramble stands for the scheduler.
            let late = (i * 7919 % 101) * jitter_ns / 100;
            let stamp = clock.stamp(480, truth as u64 + late, false);
            assert!(!stamp.discontinuity, "block {i}");
            if i > blocks / 2 {
                worst = worst.max((stamp.pts_ns as f64 - truth - jitter_ns as f64 / 2.0).abs());
            }
        }
        worst
    }

    #[test]
    fn jitter_and_drift_are_taken_out() {
        assert!(worst_error(4000, 0.0, 20_000_000) < 2_000_000.0);
        assert!(worst_error(4000, 150.0, 20_000_000) < 2_000_000.0);
        assert!(worst_error(4000, -150.0, 5_000_000) < 1_000_000.0);
    }

    #[test]
    fn lost_frames_are_noticed_and_one_late_block_is_not() {
        let mut clock = CaptureClock::new(48_000);
        let mut gaps = 0;
        for i in 0..1000u64 {
            let hole = if i >= 500 { 300_000_000 } else { 0 };
            let late = if i == 200 { 150_000_000 } else { 0 };
            gaps += u32::from(clock.stamp(480, i * 10_000_000 + hole + late, false).discontinuity);
        }
        assert_eq!(gaps, 1);
        let told = clock.stamp(480, 20_000_000_000, true);
        assert!(told.discontinuity && told.pts_ns == 20_000_000_000, "{told:?}");
    }

    proptest::proptest! {
        /// Whatever a device reports, time goes forward.
        #[test]
        fn time_never_goes_back(seen in proptest::collection::vec(0u64..10_000_000_000, 1..400)) {
            let mut clock = CaptureClock::new(16_000);
            let stamps: Vec<u64> = seen.iter().map(|ns| clock.stamp(160, *ns, ns % 17 == 0).pts_ns).collect();
            proptest::prop_assert!(stamps.windows(2).all(|w| w[0] <= w[1]), "{:?}", stamps);
        }
    }
}
