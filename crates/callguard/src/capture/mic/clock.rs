//! When a frame was recorded, on the pipeline's clock: a regression of capture time on the frame count.
//!
//! A sound card counts frames by its own crystal, and blocks are delivered late by as much as scheduler and sound server like: a
//! server may hand over two seconds in one go. Stamps taken at delivery would jitter, stamps counted at the nominal rate
//! would drift. Lateness has one sign only, so the line that matters is the lower edge of (frame count, delivery time): the
//! least late block of the newest stretch tells where the line is. (A least-squares line, or the loop filter of F.
//! Adriaensen, *Using a DLL to filter time*, Linux Audio Conference 2005, is pulled up by every burst.) Stamps are counted
//! from block to block and led gently towards that line, so that they never jump unless frames were lost.

use std::collections::VecDeque;

/// The stretch in which the least late block is looked for: at 200 ppm, the most that crystals differ, the line moves by 0.2 ms in it.
const STRETCH_NS: f64 = 1e9;
/// A longer stretch where blocks come in bursts: it must hold the end of a burst.
const BURSTS: f64 = 2.5;
/// Stamps further than this behind the line are not late: frames were lost. Half again of what the analysis takes for a hole.
const LOST_NS: f64 = 60e6;
/// Stamps are led towards the line by at most this share of a block: 25 times what crystals differ, and inaudible to the analysis.
const LEAD: f64 = 5e-3;

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Running time of its first frame, nanoseconds.
    pub pts_ns: u64,
    /// Something is missing right before it.
    pub discontinuity: bool,
}

/// The line, and where the stamps are.
#[derive(Debug)]
pub struct CaptureClock {
    ns_per_frame: f64,
    /// Where the next block begins if nothing is missing; `None` before the first.
    next_ns: Option<f64>,
    /// Begin of each block of the stretch, counted, and how late it was seen by that count. The front is the oldest.
    late: VecDeque<(f64, f64)>,
    counted_ns: f64,
    burst_ns: f64,
    longest_burst_ns: f64,
    last_seen_ns: f64,
    last_ns: u64,
}

impl CaptureClock {
    /// For a device of this nominal rate, hertz.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        Self {
            ns_per_frame: 1e9 / f64::from(rate_hz.max(1)),
            next_ns: None,
            late: VecDeque::new(),
            counted_ns: 0.0,
            burst_ns: 0.0,
            longest_burst_ns: 0.0,
            last_seen_ns: f64::NEG_INFINITY,
            last_ns: 0,
        }
    }

    /// Stamps a block of `frames` whose first frame was seen to be captured at running time `seen_ns`. `lost` where the caller
    /// knows that something is missing before it.
    pub fn stamp(&mut self, frames: u64, seen_ns: u64, lost: bool) -> Stamp {
        let (seen, long) = (seen_ns as f64, frames as f64 * self.ns_per_frame);
        if lost {
            self.late.clear();
            self.next_ns = None;
        }
        self.note(seen, long);
        let line = self.line();
        let mut discontinuity = lost;
        let at = match self.next_ns {
            None => line,
            Some(next) if line - next > LOST_NS && self.late_enough() => {
                discontinuity = true;
                line
            }
            Some(next) => next + (line - next).clamp(-LEAD * long, LEAD * long),
        };
        self.next_ns = Some(at + long);
        self.counted_ns += long;
        let pts_ns = (at.max(0.0) as u64).max(self.last_ns);
        self.last_ns = pts_ns;
        Stamp { pts_ns, discontinuity }
    }

    fn note(&mut self, seen: f64, long: f64) {
        // Delivered faster than it was recorded: a burst.
        self.burst_ns = if seen - self.last_seen_ns < long / 2.0 { self.burst_ns + long } else { long };
        self.longest_burst_ns = self.longest_burst_ns.max(self.burst_ns);
        self.last_seen_ns = seen;
        self.late.push_back((self.counted_ns, seen - self.counted_ns));
        let stretch = self.stretch();
        while self.late.front().is_some_and(|(at, _)| self.counted_ns - at > stretch) {
            self.late.pop_front();
        }
    }

    fn stretch(&self) -> f64 {
        STRETCH_NS.max(BURSTS * self.longest_burst_ns)
    }

    /// The stretch is as long as it should be: before, a late block may be the only one there is.
    fn late_enough(&self) -> bool {
        self.late.front().is_some_and(|(at, _)| self.counted_ns - at >= 0.8 * self.stretch())
    }

    /// Where the next block begins by the least late one.
    fn line(&self) -> f64 {
        self.counted_ns + self.late.iter().map(|(_, late)| *late).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u64 = 480;
    const BLOCK_NS: u64 = 10_000_000;

    /// Feeds `blocks` of 10 ms from a card that runs `ppm` fast, delivered up to `jitter_ns` late; gives the worst error of the
    /// stamps of the last half against the truth, nanoseconds.
    fn worst_error(blocks: u64, ppm: f64, jitter_ns: u64) -> f64 {
        let mut clock = CaptureClock::new(48_000);
        let mut worst = 0.0f64;
        for i in 0..blocks {
            let truth = (i * BLOCK_NS) as f64 / (1.0 + ppm * 1e-6) + 5e9;
            // A fixed scramble stands for the scheduler.
            let late = (i * 7919 % 101) * jitter_ns / 100;
            let stamp = clock.stamp(BLOCK, truth as u64 + late, false);
            assert!(!stamp.discontinuity, "block {i}");
            if i > blocks / 2 {
                worst = worst.max((stamp.pts_ns as f64 - truth).abs());
            }
        }
        worst
    }

    #[test]
    fn jitter_and_drift_are_taken_out() {
        assert!(worst_error(4000, 0.0, 20_000_000) < 1_000_000.0);
        assert!(worst_error(4000, 150.0, 20_000_000) < 1_500_000.0);
        assert!(worst_error(4000, -150.0, 5_000_000) < 1_000_000.0);
    }

    /// A sound server that hands over two seconds at once, as PulseAudio does of a monitor.
    #[test]
    fn bursts_are_no_holes() {
        let mut clock = CaptureClock::new(48_000);
        let mut last = 0;
        for burst in 1..30u64 {
            for block in 0..200u64 {
                let delivered = burst * 200 * BLOCK_NS;
                let stamp = clock.stamp(BLOCK, delivered - BLOCK_NS, false);
                assert!(!stamp.discontinuity, "burst {burst}, block {block}");
                if last > 0 {
                    let step = stamp.pts_ns - last;
                    assert!(
                        step.abs_diff(BLOCK_NS) < BLOCK_NS / 100,
                        "burst {burst}, block {block}: a step of {step} ns"
                    );
                }
                last = stamp.pts_ns;
            }
        }
    }

    #[test]
    fn lost_frames_are_noticed_and_one_late_block_is_not() {
        let mut clock = CaptureClock::new(48_000);
        let mut gaps = Vec::new();
        for i in 0..1000u64 {
            let hole = if i >= 500 { 300_000_000 } else { 0 };
            let late = if i == 200 { 150_000_000 } else { 0 };
            if clock.stamp(BLOCK, i * BLOCK_NS + hole + late, false).discontinuity {
                gaps.push(i);
            }
        }
        assert!(gaps.len() == 1 && (500..=610).contains(&gaps[0]), "{gaps:?}");
        let told = clock.stamp(BLOCK, 20_000_000_000, true);
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
