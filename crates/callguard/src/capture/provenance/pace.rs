//! The clock of a running stream: timestamps of a sensor jitter, and keep pace with the clock of the machine.

use callguard_core::{Finding, Found};

/// So many distances in a row without jitter: ten seconds at 25 pictures a second.
pub(super) const STEADY: u32 = 250;
/// Jitter below which there is none, nanoseconds: what rounding to microseconds adds. A driver stamps in an interrupt, and that comes tens of
/// microseconds early or late.
const JITTER_NS: u64 = 2_000;
/// Distances that may have become one, where the pictures between them were lost.
const MISSING: u64 = 4;
/// Pace is taken over so long, nanoseconds.
const STRETCH_NS: u64 = 20_000_000_000;
/// How far timestamps may run off: a share, and at least so long. Quartz is a hundred times better; buffers that fill and empty are what needs room.
const RUN_OFF: f64 = 0.01;
const RUN_OFF_NS: f64 = 500_000_000.0;
/// Pictures above what was announced, a share.
const TOO_MANY: f64 = 1.1;

/// Distances between timestamps of any unit, and how long they have been the same.
#[derive(Debug, Default)]
pub(super) struct Steady {
    last: Option<u64>,
    period: u64,
    times: u32,
}

impl Steady {
    /// Takes a timestamp; gives the distance once [`STEADY`] in a row differ by no more than `jitter` from the first of them, or from a few times
    /// that where pictures are missing.
    pub(super) fn note(&mut self, stamp: u64, jitter: u64) -> Option<u64> {
        let apart = self.last.replace(stamp).and_then(|last| stamp.checked_sub(last)).unwrap_or(0);
        let same = (1..=MISSING).any(|times| apart.abs_diff(times * self.period) <= times * jitter);
        if apart == 0 || !same {
            (self.period, self.times) = (apart, 0);
            return None;
        }
        self.times += 1;
        (self.times == STEADY).then_some(self.period)
    }
}

/// Judges timestamps as they come. Made for a streaming thread: a few sums for each picture.
#[derive(Debug)]
pub struct Pace {
    /// Pictures a second as announced; `None` where that is open.
    announced: Option<f64>,
    steady: Steady,
    /// Timestamp and clock at the begin of the stretch, and pictures since then.
    begin: Option<(u64, u64, u32)>,
    told: (bool, bool),
}

impl Pace {
    /// Of a stream that announces so many pictures a second.
    #[must_use]
    pub fn new(announced: Option<f64>) -> Self {
        Self { announced, steady: Steady::default(), begin: None, told: (false, false) }
    }

    /// Takes a picture's timestamp and the clock when it came, both in nanoseconds; gives what it was found by, once each.
    pub fn note(&mut self, stamp_ns: u64, clock_ns: u64) -> Option<Found> {
        self.steady(stamp_ns).or_else(|| self.rate(stamp_ns, clock_ns))
    }

    fn steady(&mut self, stamp: u64) -> Option<Found> {
        let period = self.steady.note(stamp, JITTER_NS).filter(|_| !self.told.0)?;
        self.told.0 = true;
        let detail = format!("{STEADY} pictures exactly {:.3} ms apart", period as f64 / 1e6);
        Some(Found { finding: Finding::SteadyClock, detail })
    }

    fn rate(&mut self, stamp: u64, clock: u64) -> Option<Found> {
        let Some((first_stamp, first_clock, pictures)) = &mut self.begin else {
            self.begin = Some((stamp, clock, 0));
            return None;
        };
        *pictures += 1;
        let long = clock.saturating_sub(*first_clock);
        if long < STRETCH_NS {
            return None;
        }
        let off = stamp as f64 - *first_stamp as f64 - long as f64;
        let (share, fps) = (off / long as f64, f64::from(*pictures) * 1e9 / long as f64);
        self.begin = Some((stamp, clock, 0));
        let detail = if share.abs() > RUN_OFF && off.abs() > RUN_OFF_NS {
            format!("timestamps run at {:.3} of the clock", 1.0 + share)
        } else {
            let announced = self.announced.filter(|announced| fps > TOO_MANY * announced)?;
            format!("{fps:.1} pictures a second where {announced:.1} were announced")
        };
        (!std::mem::replace(&mut self.told.1, true)).then_some(Found { finding: Finding::FrameRate, detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a minute gives whose `n`th picture is stamped and comes at these instants, seconds.
    fn minute(announced: f64, stamp: impl Fn(u32) -> f64, came: impl Fn(u32) -> f64) -> Vec<Finding> {
        let mut pace = Pace::new(Some(announced));
        let ns = |s: f64| (s * 1e9) as u64;
        (0..)
            .take_while(|n| came(*n) < 61.0)
            .filter_map(|n| pace.note(ns(stamp(n)), ns(came(n))))
            .map(|f| f.finding)
            .collect()
    }

    /// A sensor's: tens of microseconds, as interrupts come.
    fn jitter(n: u32) -> f64 {
        f64::from(n.wrapping_mul(2_654_435_761) % 97) * 1e-6
    }

    #[test]
    fn a_sensor_is_not_told_of_even_where_it_slows_down_or_stalls() {
        let at = |n: u32| f64::from(n) / 30.0 + jitter(n);
        assert_eq!(minute(30.0, at, |n| at(n) + 0.02), []);
        let in_the_dark = |n: u32| f64::from(n) / 15.0 + jitter(n);
        assert_eq!(minute(30.0, in_the_dark, in_the_dark), []);
        let stalled = |n: u32| at(n) + if n > 450 { 3.0 } else { 0.0 };
        assert_eq!(minute(30.0, stalled, stalled), []);
        let held_up = |n: u32| at(n) + if n > 450 { 0.3 } else { 0.0 };
        assert_eq!(minute(30.0, at, held_up), []);
    }

    #[test]
    fn software_stamps_by_counting() {
        let counted = |n: u32| (f64::from(n) * 1e9 / 30.0).floor() / 1e9;
        assert_eq!(minute(30.0, counted, |n| counted(n) + 0.01 + jitter(n)), [Finding::SteadyClock]);
    }

    #[test]
    fn timestamps_that_run_off_and_pictures_too_many_are_told_once() {
        let at = |n: u32| f64::from(n) / 30.0 + jitter(n);
        assert_eq!(minute(30.0, |n| 1.04 * at(n), at), [Finding::FrameRate]);
        assert_eq!(minute(25.0, at, at), [Finding::FrameRate]);
    }
}
