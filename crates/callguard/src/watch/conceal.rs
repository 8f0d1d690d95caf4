//! Lost packets. What a decoder makes up for a few of them is part of how a call sounds, and the voice network was trained on lines that lose as
//! much; so they do not begin the analysis anew. Where more is lost, every loss does, as anywhere else.

use std::sync::{Mutex, PoisonError};

use gst::prelude::*;
use gstreamer as gst;

/// Losses that are forgiven at once, and how many of them come back in a second: 5 % of packets of 20 ms, in bursts of two seconds' worth.
const BURST: f64 = 5.0;
const PER_SECOND: f64 = 2.5;
/// Time stamps that differ by no more are rounding: half of the shortest packet in use.
const ROUNDING_NS: u64 = 5_000_000;

/// What is forgiven still, and where the next buffer begins if nothing is missing.
#[derive(Debug)]
struct Line {
    left: f64,
    next: Option<u64>,
}

impl Default for Line {
    fn default() -> Self {
        Self { left: BURST, next: None }
    }
}

impl Line {
    /// Whether a buffer from `pts` of `duration`, nanoseconds, follows the last without a hole, and the loss that it tells of is forgiven.
    fn forgives(&mut self, pts: u64, duration: u64, told: bool) -> bool {
        self.left = (self.left + duration as f64 * 1e-9 * PER_SECOND).min(BURST);
        let whole = self.next.is_some_and(|next| next.abs_diff(pts) <= ROUNDING_NS);
        self.next = Some(pts + duration);
        let forgiven = told && whole && self.left >= 1.0;
        if forgiven {
            self.left -= 1.0;
        }
        forgiven
    }
}

/// Has losses that were concealed pass for sound at this pad, as far as they are few.
pub fn forgive(pad: &gst::Pad) {
    let line = Mutex::new(Line::default());
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(buffer) = info.buffer_mut() else { return gst::PadProbeReturn::Ok };
        let (Some(pts), Some(duration)) = (buffer.pts(), buffer.duration()) else { return gst::PadProbeReturn::Ok };
        let told = buffer.flags().contains(gst::BufferFlags::DISCONT);
        // One thread streams through a pad: nobody waits here.
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.forgives(pts.nseconds(), duration.nseconds(), told) {
            buffer.make_mut().unset_flags(gst::BufferFlags::DISCONT);
        }
        gst::PadProbeReturn::Ok
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: u64 = 20_000_000;

    /// How often the analysis begins anew in `n` packets, of which every `lost`th was lost and concealed.
    fn begun_anew(n: u64, lost: u64) -> usize {
        let mut line = Line::default();
        (0..n).filter(|k| !line.forgives(k * PACKET, PACKET, k % lost == 0) && k % lost == 0).count()
    }

    #[test]
    fn few_losses_are_forgiven_and_many_are_not() {
        // The first buffer has nothing before it.
        assert_eq!(begun_anew(3_000, 25), 1);
        assert!(begun_anew(3_000, 5) > 300);
    }

    #[test]
    fn a_hole_is_never_forgiven() {
        let mut line = Line::default();
        line.forgives(0, PACKET, true);
        assert!(!line.forgives(3 * PACKET, PACKET, true));
        assert!(line.forgives(4 * PACKET, PACKET, true));
    }
}
