//! Where samples lie: they are counted, and timestamps that wander a little are smoothed.

use callguard_core::MediaTime;
use gst::ClockTime;
use gst::prelude::MulDiv;

use super::{ALIGNMENT, MOST, Timeline};

/// Which part of a buffer is heard, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Media time of the first frame heard.
    pub at: MediaTime,
    /// Frames to leave out at the begin: they lie before the segment.
    pub skip: usize,
    /// Frames heard.
    pub frames: usize,
    /// No window may span the border between this buffer and the one before.
    pub discontinuity: bool,
}

/// Counts the samples of a stream.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    align: Option<gst_audio::AudioStreamAlign>,
    rate_hz: u32,
}

impl Samples {
    /// Samples of a rate, hertz. Those before and after are not joined: the timeline is to be cut.
    pub(crate) fn new(rate_hz: u32) -> Self {
        let rate = i32::try_from(rate_hz).ok().filter(|rate| *rate > 0);
        let align = rate.map(|rate| gst_audio::AudioStreamAlign::new(rate, ALIGNMENT, ClockTime::ZERO));
        Self { align, rate_hz }
    }

    /// Where a buffer of `frames` belongs. `None`: nowhere (no time segment, trick mode, outside the segment), so it
    /// says nothing of the call.
    pub(crate) fn place(
        &mut self,
        timeline: &mut Timeline,
        pts: Option<ClockTime>,
        discont: bool,
        frames: usize,
    ) -> Option<Placed> {
        let placed = self.try_place(timeline, pts, discont, frames);
        timeline.keep(placed)
    }

    fn try_place(
        &mut self,
        timeline: &mut Timeline,
        pts: Option<ClockTime>,
        discont: bool,
        frames: usize,
    ) -> Option<Placed> {
        let segment = timeline.playing()?;
        let rate = Some(u64::from(self.rate_hz)).filter(|rate| *rate > 0)?;
        let (running, skip, frames) = match pts {
            Some(pts) => {
                let end = pts.checked_add(nanoseconds(frames as u64, rate)?)?;
                let (from, to) = segment.clip(pts, end)?;
                let skip = frames_in(from?.saturating_sub(pts), rate)?.min(frames);
                let late = frames_in(end.saturating_sub(to?), rate)?.min(frames - skip);
                (Some(segment.to_running_time(from?)?), skip, frames - skip - late)
            }
            None => (None, 0, frames),
        };
        if frames == 0 {
            return None;
        }
        let media = match running {
            Some(running) => timeline.follow(running)?,
            // Without a timestamp it follows what came before.
            None => timeline.next,
        };
        let discont = std::mem::take(&mut timeline.discontinuity) || discont;
        // Where the stream was cut nothing smooths the overlap of up to ALIGNMENT away.
        let media = if discont { media.max(timeline.next) } else { media };
        if media > MOST {
            return None;
        }
        let (cut, at, _, _) = self.align.as_mut()?.process(discont, media, u32::try_from(frames).ok()?);
        // It counts in whole frames from zero, so what it says may lie up to one before the end of the last.
        let at = at.max(timeline.next);
        timeline.next = at.checked_add(nanoseconds(frames as u64, rate)?)?;
        Some(Placed { at: MediaTime::from_nanos(at.nseconds()), skip, frames, discontinuity: cut })
    }
}

fn nanoseconds(frames: u64, rate_hz: u64) -> Option<ClockTime> {
    // Rounded down: rounded up, a long call's buffers would push each other on.
    let ns = frames.mul_div_floor(ClockTime::SECOND.nseconds(), rate_hz)?;
    (ns <= MOST.nseconds()).then(|| ClockTime::from_nseconds(ns))
}

fn frames_in(time: ClockTime, rate_hz: u64) -> Option<usize> {
    time.nseconds().mul_div_round(rate_hz, ClockTime::SECOND.nseconds()).and_then(|n| usize::try_from(n).ok())
}
