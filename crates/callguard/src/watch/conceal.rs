//! Lost packets. What a decoder makes up for a few of them is part of how a call sounds, and the voice network was trained on lines that lose as
//! much; so they do not begin the analysis anew. Where more is lost, every loss does, as anywhere else.

use std::sync::{Mutex, PoisonError};

use gst::prelude::*;
use gstreamer as gst;

use crate::capture::element::make;
use crate::trouble::Trouble;

/// Losses that are forgiven at once, and how many of them come back in a second: 5 % of packets of 20 ms, in bursts of two seconds' worth.
const BURST: f64 = 5.0;
const PER_SECOND: f64 = 2.5;
/// Time stamps that differ by no more are rounding: half of the shortest packet in use.
const ROUNDING_NS: u64 = 5_000_000;

/// The shortest and the longest hole that is filled, nanoseconds. `spanplc` writes a quarter of the pitch's period, up to 3.75 ms, whatever the
/// gap's length (`plc_fillin` of SpanDSP 0.0.6): past the end of a shorter one, and to nowhere where the gap is empty, which ends the program.
/// Past 50 ms it gives silence.
const FILLED_NS: std::ops::RangeInclusive<u64> = 5_000_000..=200_000_000;

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

/// Fills what a decoder of G.711 or L16 leaves open. How long a gap is, is what lies between two buffers: what a jitter buffer tells of a lost packet
/// is its guess of when to give it up, from nothing to a whole packet.
///
/// # Errors
/// Where the element is missing.
pub fn filler() -> Result<gst::Element, Trouble> {
    let plc = make("spanplc")?;
    let Some(sink) = plc.static_pad("sink") else { return Ok(plc) };
    // One thread streams through a pad: the next buffer's begin, and whether a gap is on its way that was measured here.
    let line = Mutex::new((None, false));
    sink.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM, move |pad, info| {
        let lock = || line.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(event) = info.event() {
            let guessed = event.type_() == gst::EventType::Gap && !lock().1;
            return if guessed { gst::PadProbeReturn::Handled } else { gst::PadProbeReturn::Ok };
        }
        let Some((pts, duration)) = info.buffer().and_then(|b| b.pts().zip(b.duration())) else {
            return gst::PadProbeReturn::Ok;
        };
        let (next, _) = std::mem::replace(&mut *lock(), (Some(pts + duration), true));
        if let Some(next) = next
            && let Some(hole) = pts.checked_sub(next).filter(|hole| FILLED_NS.contains(&hole.nseconds()))
        {
            pad.send_event(gst::event::Gap::builder(next).duration(hole).build());
        }
        lock().1 = false;
        gst::PadProbeReturn::Ok
    });
    Ok(plc)
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
    use std::sync::Arc;

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
    fn what_lies_between_two_buffers_is_filled_whatever_is_said_of_it() {
        gst::init().unwrap();
        let plc = filler().unwrap();
        plc.set_state(gst::State::Playing).unwrap();
        let (from, came) = (gst::Pad::builder(gst::PadDirection::Src).build(), Arc::new(Mutex::new(Vec::new())));
        let noted = Arc::clone(&came);
        let take = move |_: &gst::Pad, _: Option<&gst::Object>, buffer: gst::Buffer| {
            noted.lock().unwrap().push(buffer.size());
            Ok(gst::FlowSuccess::Ok)
        };
        let to = gst::Pad::builder(gst::PadDirection::Sink).chain_function(take).build();
        for pad in [&from, &to] {
            pad.set_active(true).unwrap();
        }
        from.link(&plc.static_pad("sink").unwrap()).unwrap();
        plc.static_pad("src").unwrap().link(&to).unwrap();
        let caps = "audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved".parse::<gst::Caps>().unwrap();
        from.push_event(gst::event::StreamStart::new("line"));
        from.push_event(gst::event::Caps::new(&caps));
        from.push_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
        let packet = |at: u64| {
            let mut buffer = gst::Buffer::from_slice([1u8; 320]);
            let times = buffer.get_mut().unwrap();
            times.set_pts(gst::ClockTime::from_nseconds(at));
            times.set_duration(gst::ClockTime::from_nseconds(PACKET));
            from.push(buffer).unwrap();
        };
        packet(0);
        for guess in [None, Some(0), Some(1), Some(3_000_000), Some(PACKET)] {
            let gap = gst::event::Gap::builder(gst::ClockTime::from_nseconds(PACKET));
            let gap = guess.map_or(gst::event::Gap::builder(gst::ClockTime::ZERO), |ns| {
                gap.duration(gst::ClockTime::from_nseconds(ns))
            });
            from.push_event(gap.build());
        }
        packet(2 * PACKET);
        packet(3 * PACKET + 1_000_000);
        packet(100 * PACKET);
        plc.set_state(gst::State::Null).unwrap();
        assert_eq!(
            *came.lock().unwrap(),
            [320, 320, 320, 320, 320],
            "the one that is missing, and none for what is too short or long"
        );
    }

    #[test]
    fn a_hole_is_never_forgiven() {
        let mut line = Line::default();
        line.forgives(0, PACKET, true);
        assert!(!line.forgives(3 * PACKET, PACKET, true));
        assert!(line.forgives(4 * PACKET, PACKET, true));
    }
}
