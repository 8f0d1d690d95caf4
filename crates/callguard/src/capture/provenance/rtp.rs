//! The clock of a guest's pictures, as RTP carries it: what a browser stamps was read from a clock, what a player of files stamps was counted.

use callguard_core::{Finding, Found};

use super::pace::{STEADY, Steady};

/// Ticks a second of every video payload (RFC 3551, section 5).
const CLOCK: u64 = 90_000;
/// What rounding to a tick adds.
const JITTER: u64 = 1;
/// libwebrtc, and so every browser, stamps pictures in whole milliseconds (`kMsToRtpTimestamp`, video/video_stream_encoder.cc). Distances of whole
/// milliseconds, as at 25 pictures a second, are therefore the same with a good camera, too, and tell nothing.
const BROWSER: u64 = 90;
/// Share of a new value in the jitter (RFC 3550, section 6.4.1).
const GAIN: f64 = 1.0 / 16.0;

/// Judges pictures' RTP timestamps as packets come. Made for a streaming thread: a few sums for each packet.
#[derive(Debug, Default)]
pub struct RtpPace {
    last: Option<u32>,
    /// The newest timestamp, carried on where 32 bits are full.
    stamp: u64,
    steady: Steady,
    transit: Option<i64>,
    jitter: f64,
    told: bool,
}

impl RtpPace {
    /// Takes a packet's timestamp and when it arrived, nanoseconds; gives what it was found by, once.
    pub fn note(&mut self, stamp: u32, arrived_ns: u64) -> Option<Found> {
        let ahead = stamp.wrapping_sub(self.last.unwrap_or(stamp.wrapping_sub(1)));
        // Another packet of the same picture, or one that was overtaken.
        if ahead == 0 || ahead > u32::MAX / 2 {
            return None;
        }
        self.last = Some(stamp);
        self.stamp += u64::from(ahead);
        self.arrived(arrived_ns);
        let period = self.steady.note(self.stamp, JITTER).filter(|period| !self.told && period % BROWSER != 0)?;
        self.told = true;
        let (ms, jitter) = (1e3 * period as f64 / CLOCK as f64, 1e3 * self.jitter / CLOCK as f64);
        let detail =
            format!("{STEADY} pictures stamped exactly {ms:.2} ms apart, which arrived with {jitter:.1} ms of jitter");
        Some(Found { finding: Finding::SteadyRtp, detail })
    }

    /// Interarrival jitter, ticks (RFC 3550, appendix A.8), of each picture's first packet.
    fn arrived(&mut self, at_ns: u64) {
        let transit = (u128::from(at_ns) * u128::from(CLOCK) / 1_000_000_000) as i64 - self.stamp as i64;
        if let Some(before) = self.transit.replace(transit) {
            self.jitter += GAIN * (transit.abs_diff(before) as f64 - self.jitter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found of 400 pictures of three packets each, whose `n`th is stamped so and comes at this instant, milliseconds.
    fn pictures(stamp: impl Fn(u32) -> u32, came: impl Fn(u32) -> f64) -> Vec<String> {
        let mut pace = RtpPace::default();
        let of = |n: u32| [0.0, 0.1, 0.2].map(|later| (stamp(n), ((came(n) + later) * 1e6) as u64));
        (0..400).flat_map(of).filter_map(|(stamp, at)| pace.note(stamp, at)).map(|f| f.detail).collect()
    }

    /// Pictures that are counted, as GStreamer stamps them.
    fn counted(fps: f64) -> impl Fn(u32) -> u32 {
        move |n| 0xffff_f000u32.wrapping_add((f64::from(n) * 90_000.0 / fps) as u32)
    }

    /// Milliseconds early or late, up to 3.
    fn jitter(n: u32) -> f64 {
        f64::from(n.wrapping_mul(2_654_435_761) % 97) / 97.0 * 3.0
    }

    #[test]
    fn who_counts_is_told_of_once_with_how_the_network_differs() {
        for fps in [30.0, 30_000.0 / 1001.0, 24.0, 15.0, 60.0] {
            let found = pictures(counted(fps), |n| f64::from(n) * 1e3 / fps + jitter(n));
            let [detail] = &found[..] else { panic!("{fps}: {found:?}") };
            assert!(detail.contains(&format!("{:.2} ms apart", 1e3 / fps)), "{fps}: {detail}");
            assert!(!detail.contains(" 0.0 ms of jitter"), "{detail}");
        }
        let [detail] = &pictures(counted(30.0), |n| f64::from(n) * 1e3 / 30.0)[..] else { panic!("not found") };
        assert!(detail.contains("with 0.0 ms of jitter"), "what arrives as it is stamped: {detail}");
    }

    #[test]
    fn pictures_that_are_lost_do_not_hide_it() {
        // One of thirty.
        let at = |n: u32| n + n / 29;
        assert_eq!(pictures(|n| counted(30.0)(at(n)), |n| f64::from(at(n)) * 1e3 / 30.0).len(), 1);
    }

    #[test]
    fn a_browser_is_not_told_of_whatever_its_camera() {
        for fps in [30.0, 25.0, 15.0, 24.0] {
            for shake in [0.0, 0.1, 1.0] {
                // Read from a clock in whole milliseconds.
                let at = |n: u32| (f64::from(n) * 1e3 / fps + shake * jitter(n)).round();
                assert_eq!(pictures(|n| at(n) as u32 * 90, at), [""; 0], "{fps} pictures a second, {shake} ms");
            }
        }
    }

    #[test]
    fn twenty_five_counted_pictures_a_second_look_like_a_browser() {
        assert_eq!(
            pictures(counted(25.0), |n| f64::from(n) * 40.0 + jitter(n)),
            [""; 0],
            "the limit that is written down"
        );
    }
}
