//! From buffer timestamps to the call's media time.
//!
//! Media time is running time, so elements of one pipeline agree on it, sound and picture alike. It never runs backwards: where
//! running time begins anew (a flush that resets it, a new pipeline), the stream goes on behind what it has already said.

mod picture;
mod sound;
#[cfg(test)]
mod tests;

pub(crate) use picture::place as place_picture;
pub(crate) use sound::Samples;

use std::time::Duration;

use callguard_core::MediaTime;
use gst::ClockTime;

/// Timestamps may wander by this much around the sample count before samples count as lost: what upstream's audio
/// elements take as their default (`alignment-threshold` of GstAudioBaseSink and GstAudioAggregator: 40 ms).
const ALIGNMENT: ClockTime = ClockTime::from_mseconds(40);

/// A stream that joins a call may be behind it by what its pipeline buffers. By more than this it is another pipeline, whose
/// running time began later: upstream's queues hold a second by default (`max-size-time` of GstQueue), and two may follow.
const BUFFERED: ClockTime = ClockTime::from_seconds(2);

/// No stream runs for 146 years: beyond is a broken timestamp, and sums of two such stay within 64 bits.
const MOST: ClockTime = ClockTime::from_nseconds(1 << 62);

/// The timeline of one stream.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    segment: Option<gst::FormattedSegment<ClockTime>>,
    /// Added to running time.
    offset: ClockTime,
    /// First instant, in running time plus offset, that nothing has been said of.
    next: ClockTime,
    discontinuity: bool,
    restarted: bool,
    /// How far the call had come when the stream joined it.
    joined: Option<ClockTime>,
}

impl Timeline {
    /// A new segment. Only time segments place anything.
    pub(crate) fn set_segment(&mut self, segment: &gst::Segment) {
        let segment = segment.downcast_ref::<ClockTime>().cloned();
        // An update of the same segment (a new stop) does not cut the stream.
        let same = |a: &gst::FormattedSegment<ClockTime>, b: &gst::FormattedSegment<ClockTime>| {
            a.start() == b.start() && a.base() == b.base() && a.offset() == b.offset() && a.rate() == b.rate()
        };
        if !matches!((&self.segment, &segment), (Some(a), Some(b)) if same(a, b)) {
            self.discontinuity = true;
        }
        self.segment = segment;
    }

    /// After a flush: what comes next does not follow what came before.
    pub(crate) fn flush(&mut self, reset_time: bool) {
        self.segment = None;
        self.discontinuity = true;
        self.restarted |= reset_time;
    }

    /// The stream was stopped: running time begins anew.
    pub(crate) fn stop(&mut self) {
        self.flush(true);
    }

    /// The stream joins a call that has come so far.
    pub(crate) fn join(&mut self, now: MediaTime) {
        self.joined = Some(ClockTime::from_nseconds(now.as_nanos().min(MOST.nseconds())));
        self.discontinuity = true;
    }

    /// What came before the next buffer went unobserved.
    pub(crate) fn cut(&mut self) {
        self.discontinuity = true;
    }

    /// The timestamp that a buffer of the present segment has at a media time.
    pub(crate) fn pts_at(&self, at: MediaTime) -> Option<ClockTime> {
        let running = ClockTime::from_nseconds(at.as_nanos()).checked_sub(self.offset)?;
        self.segment.as_ref()?.position_from_running_time(running)
    }

    /// Keeps what a placement says. `None`: nowhere, so the stream is cut there.
    fn keep<T>(&mut self, placed: Option<T>) -> Option<T> {
        self.discontinuity |= placed.is_none();
        placed
    }

    /// The segment, where it is played as it was recorded.
    fn playing(&self) -> Option<&gst::FormattedSegment<ClockTime>> {
        self.segment.as_ref().filter(|s| played_as_recorded(s))
    }

    /// Where a gap event belongs.
    pub(crate) fn place_gap(&mut self, pts: ClockTime, duration: Option<ClockTime>) -> Option<(MediaTime, Duration)> {
        self.discontinuity = true;
        let segment = self.playing()?;
        let (from, to) = segment.clip(pts, pts.checked_add(duration?)?)?;
        let (running, length) = (segment.to_running_time(from?)?, to?.saturating_sub(from?));
        if length == ClockTime::ZERO {
            return None;
        }
        let at = self.follow(running)?.max(self.next);
        self.next = at.checked_add(length).filter(|end| *end <= MOST)?;
        Some((MediaTime::from_nanos(at.nseconds()), Duration::from_nanos(length.nseconds())))
    }

    /// Running time to media time, moving the offset where running time has begun anew.
    fn follow(&mut self, running: ClockTime) -> Option<ClockTime> {
        let media = Some(running).filter(|r| *r <= MOST)?.checked_add(self.offset)?;
        let restarted = std::mem::take(&mut self.restarted);
        if let Some(now) = self.joined.take()
            && media.saturating_add(BUFFERED) < now
        {
            self.next = self.next.max(now);
        }
        let back = media.saturating_add(ALIGNMENT) < self.next;
        if back || (restarted && self.next > ClockTime::ZERO) {
            self.offset = self.next.saturating_sub(running);
            self.discontinuity = true;
        }
        running.checked_add(self.offset)
    }
}

/// Faster, slower or backwards, a voice is not the one that was recorded, and its frames do not fill its running time.
fn played_as_recorded(segment: &gst::FormattedSegment<ClockTime>) -> bool {
    segment.rate() == 1.0 && segment.applied_rate() == 1.0
}
