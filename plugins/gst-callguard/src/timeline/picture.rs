//! Where pictures lie: each at its own instant, none counted.

use callguard_core::MediaTime;
use gst::ClockTime;

use super::{MOST, Timeline};

/// The instant of a picture, and whether nothing joins it to the one before. `interval`: how long it is shown, 0 where nobody knows.
///
/// `None`: nowhere (no time segment, trick mode, outside the segment, neither timestamp nor interval), so it says nothing of the call.
pub(crate) fn place(
    timeline: &mut Timeline,
    pts: Option<ClockTime>,
    discont: bool,
    interval: ClockTime,
) -> Option<(MediaTime, bool)> {
    let placed = try_place(timeline, pts, discont, interval);
    timeline.keep(placed)
}

fn try_place(
    timeline: &mut Timeline,
    pts: Option<ClockTime>,
    discont: bool,
    interval: ClockTime,
) -> Option<(MediaTime, bool)> {
    let segment = timeline.playing()?;
    let at = match pts {
        Some(pts) => {
            let (from, _) = segment.clip(pts, pts.checked_add(interval.min(MOST))?)?;
            let running = segment.to_running_time(from?)?;
            // Pictures wander as samples do, but none is moved ahead of the one before.
            timeline.follow(running)?.max(timeline.next)
        }
        // Without a timestamp it follows what came before.
        None if interval > ClockTime::ZERO => timeline.next.checked_add(interval)?,
        None => return None,
    };
    // What has been said is the instant: of how long a picture is shown, timestamps that wander do not take notice.
    timeline.next = at.checked_add(ClockTime::from_nseconds(1)).filter(|next| *next <= MOST)?;
    let cut = std::mem::take(&mut timeline.discontinuity) || discont;
    Some((MediaTime::from_nanos(at.nseconds()), cut))
}
