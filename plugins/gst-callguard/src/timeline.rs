//! From buffer timestamps to the call's media time.
//!
//! Media time is running time, so elements of one pipeline agree on it. It never runs backwards: where running time
//! begins anew (a flush that resets it, a new pipeline), the stream goes on behind what it has already said.

use std::time::Duration;

use callguard_core::MediaTime;
use gst::ClockTime;
use gst::prelude::MulDiv;

/// Timestamps may wander by this much around the sample count before samples count as lost: what upstream's audio
/// elements take as their default (`alignment-threshold` of GstAudioBaseSink and GstAudioAggregator: 40 ms).
const ALIGNMENT: ClockTime = ClockTime::from_mseconds(40);

/// A stream that joins a call may be behind it by what its pipeline buffers. By more than this it is another pipeline, whose
/// running time began later: upstream's queues hold a second by default (`max-size-time` of GstQueue), and two may follow.
const BUFFERED: ClockTime = ClockTime::from_seconds(2);

/// No stream runs for 146 years: beyond is a broken timestamp, and sums of two such stay within 64 bits.
const MOST: ClockTime = ClockTime::from_nseconds(1 << 62);

/// Which part of a buffer is heard, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Media time of the first frame heard.
    pub at: MediaTime,
    /// Frames to leave out at the begin: they lie before the segment.
    pub skip: usize,
    /// Frames heard.
    pub frames: usize,
    /// No window may span the border between this buffer and the one before.
    pub discontinuity: bool,
}

/// The timeline of one stream.
#[derive(Debug, Default)]
pub struct Timeline {
    segment: Option<gst::FormattedSegment<ClockTime>>,
    align: Option<gst_audio::AudioStreamAlign>,
    rate_hz: u32,
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
    /// A new sampling rate, hertz. Frames before and after are not joined.
    pub fn set_rate(&mut self, rate_hz: u32) {
        self.rate_hz = rate_hz;
        self.discontinuity = true;
        self.align = i32::try_from(rate_hz)
            .ok()
            .filter(|rate| *rate > 0)
            .map(|rate| gst_audio::AudioStreamAlign::new(rate, ALIGNMENT, ClockTime::ZERO));
    }

    /// A new segment. Only time segments place anything.
    pub fn set_segment(&mut self, segment: &gst::Segment) {
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
    pub fn flush(&mut self, reset_time: bool) {
        self.segment = None;
        self.discontinuity = true;
        self.restarted |= reset_time;
    }

    /// The stream was stopped: running time begins anew.
    pub fn stop(&mut self) {
        self.flush(true);
        self.align = None;
        self.rate_hz = 0;
    }

    /// The stream joins a call that has come so far.
    pub fn join(&mut self, now: MediaTime) {
        self.joined = Some(ClockTime::from_nseconds(now.as_nanos().min(MOST.nseconds())));
        self.discontinuity = true;
    }

    /// Samples before the next buffer went unheard.
    pub fn cut(&mut self) {
        self.discontinuity = true;
    }

    /// Where a buffer of `frames` belongs. `None`: nowhere (no time segment, trick mode, outside the segment), so it
    /// says nothing of the call.
    pub fn place(&mut self, pts: Option<ClockTime>, discont: bool, frames: usize) -> Option<Placed> {
        let placed = self.try_place(pts, discont, frames);
        if placed.is_none() {
            self.discontinuity = true;
        }
        placed
    }

    fn try_place(&mut self, pts: Option<ClockTime>, discont: bool, frames: usize) -> Option<Placed> {
        let segment = self.segment.as_ref().filter(|s| played_as_recorded(s))?;
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
            Some(running) => self.follow(running)?,
            // Without a timestamp it follows what came before.
            None => self.next,
        };
        let discont = std::mem::take(&mut self.discontinuity) || discont;
        // Where the stream was cut nothing smooths the overlap of up to ALIGNMENT away.
        let media = if discont { media.max(self.next) } else { media };
        if media > MOST {
            return None;
        }
        let (cut, at, _, _) = self.align.as_mut()?.process(discont, media, u32::try_from(frames).ok()?);
        // It counts in whole frames from zero, so what it says may lie up to one before the end of the last.
        let at = at.max(self.next);
        self.next = at.checked_add(nanoseconds(frames as u64, rate)?)?;
        Some(Placed { at: MediaTime::from_nanos(at.nseconds()), skip, frames, discontinuity: cut })
    }

    /// Where a gap event belongs.
    pub fn place_gap(&mut self, pts: ClockTime, duration: Option<ClockTime>) -> Option<(MediaTime, Duration)> {
        self.discontinuity = true;
        let segment = self.segment.as_ref().filter(|s| played_as_recorded(s))?;
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

fn nanoseconds(frames: u64, rate_hz: u64) -> Option<ClockTime> {
    // Rounded down: rounded up, a long call's buffers would push each other on.
    let ns = frames.mul_div_floor(ClockTime::SECOND.nseconds(), rate_hz)?;
    (ns <= MOST.nseconds()).then(|| ClockTime::from_nseconds(ns))
}

fn frames_in(time: ClockTime, rate_hz: u64) -> Option<usize> {
    time.nseconds().mul_div_round(rate_hz, ClockTime::SECOND.nseconds()).and_then(|n| usize::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: u32 = 8_000;
    /// 20 ms.
    const FRAMES: usize = 160;

    fn ms(ms: u64) -> ClockTime {
        ClockTime::from_mseconds(ms)
    }

    fn segment(start: ClockTime) -> gst::FormattedSegment<ClockTime> {
        gst::init().unwrap();
        let mut segment = gst::FormattedSegment::<ClockTime>::new();
        segment.set_start(start);
        segment.set_time(start);
        segment
    }

    fn timeline(segment: &gst::FormattedSegment<ClockTime>) -> Timeline {
        let mut timeline = Timeline::default();
        timeline.set_rate(RATE);
        timeline.set_segment(segment.upcast_ref());
        timeline
    }

    /// Media time (ms) and whether it is cut off from what came before; `None`: says nothing.
    fn place(t: &mut Timeline, pts_ms: u64) -> Option<(u64, bool)> {
        t.place(Some(ms(pts_ms)), false, FRAMES).map(|p| {
            assert_eq!((p.skip, p.frames), (0, FRAMES));
            (p.at.as_nanos() / 1_000_000, p.discontinuity)
        })
    }

    #[test]
    fn running_time_is_media_time() {
        let mut t = timeline(&segment(ms(5_000)));
        assert_eq!(place(&mut t, 5_000), Some((0, true)), "nothing came before the first");
        assert_eq!(place(&mut t, 5_020), Some((20, false)));
        assert_eq!(place(&mut t, 5_043), Some((40, false)), "jitter is smoothed");
        assert_eq!(place(&mut t, 5_060), Some((60, false)));
    }

    #[test]
    fn a_hole_is_a_discontinuity() {
        let mut t = timeline(&segment(ms(0)));
        place(&mut t, 0);
        assert_eq!(place(&mut t, 200), Some((200, true)));
        assert_eq!(place(&mut t, 220), Some((220, false)));
        assert!(t.place(Some(ms(240)), true, FRAMES).is_some_and(|p| p.discontinuity), "flagged");
    }

    #[test]
    fn without_timestamps_frames_follow_each_other() {
        let mut t = timeline(&segment(ms(0)));
        for i in 0..3 {
            let placed = t.place(None, false, FRAMES).unwrap();
            assert_eq!((placed.at, placed.discontinuity), (MediaTime::from_millis(20 * i), i == 0));
        }
    }

    #[test]
    fn what_lies_outside_the_segment_is_not_heard() {
        let mut s = segment(ms(1_000));
        s.set_stop(ms(1_050));
        let mut t = timeline(&s);
        assert_eq!(place(&mut t, 900), None);
        let first = t.place(Some(ms(990)), false, FRAMES).unwrap();
        assert_eq!((first.at, first.skip, first.frames), (MediaTime::ZERO, 80, 80));
        assert_eq!(place(&mut t, 1_010), Some((10, false)));
        let last = t.place(Some(ms(1_045)), false, FRAMES).unwrap();
        assert_eq!((last.skip, last.frames), (0, 40));
    }

    #[test]
    fn trick_modes_say_nothing() {
        for rate in [2.0, 0.5, -1.0] {
            let mut s = segment(ms(0));
            s.set_stop(ms(10_000));
            s.set_rate(rate);
            assert_eq!(place(&mut timeline(&s), 100), None, "{rate}");
        }
    }

    #[test]
    fn media_time_never_runs_backwards() {
        let mut t = timeline(&segment(ms(0)));
        place(&mut t, 0);
        place(&mut t, 1_000);
        t.flush(true);
        assert_eq!(place(&mut t, 0), None, "no segment since the flush");
        t.set_segment(segment(ms(0)).upcast_ref());
        assert_eq!(place(&mut t, 0), Some((1_020, true)), "running time began anew");
        assert_eq!(place(&mut t, 20), Some((1_040, false)));
        assert_eq!(place(&mut t, 2_000), Some((3_020, true)), "and keeps its distances");
        assert_eq!(place(&mut t, 500), Some((3_040, true)), "also without a flush");
    }

    #[test]
    fn a_later_pipeline_goes_on_where_the_call_is() {
        let mut t = timeline(&segment(ms(0)));
        t.join(MediaTime::from_millis(60_000));
        assert_eq!(place(&mut t, 0), Some((60_000, true)));
        assert_eq!(place(&mut t, 20), Some((60_020, false)));

        let mut t = timeline(&segment(ms(0)));
        t.join(MediaTime::from_millis(60_000));
        assert_eq!(place(&mut t, 59_500), Some((59_500, true)), "half a second behind is a buffer's depth");
    }

    #[test]
    fn a_seek_that_keeps_running_time_cuts_but_does_not_jump() {
        let mut t = timeline(&segment(ms(0)));
        place(&mut t, 0);
        t.flush(false);
        let mut after = segment(ms(60_000));
        after.set_base(ms(20));
        t.set_segment(after.upcast_ref());
        assert_eq!(place(&mut t, 60_000), Some((20, true)));
    }

    #[test]
    fn a_segment_update_does_not_cut() {
        let mut s = segment(ms(0));
        let mut t = timeline(&s);
        place(&mut t, 0);
        s.set_stop(ms(100_000));
        t.set_segment(s.upcast_ref());
        assert_eq!(place(&mut t, 20), Some((20, false)));
    }

    #[test]
    fn gaps_take_their_time() {
        let mut t = timeline(&segment(ms(0)));
        place(&mut t, 0);
        assert_eq!(t.place_gap(ms(20), Some(ms(500))), Some((MediaTime::from_millis(20), Duration::from_millis(500))));
        assert_eq!(t.place_gap(ms(520), None), None, "of unknown length");
        assert_eq!(place(&mut t, 520), Some((520, true)));
    }

    #[test]
    fn a_new_rate_cuts() {
        let mut t = timeline(&segment(ms(0)));
        place(&mut t, 0);
        t.set_rate(16_000);
        let next = t.place(Some(ms(20)), false, 320).unwrap();
        assert_eq!((next.at, next.discontinuity), (MediaTime::from_millis(20), true));
    }

    fn time() -> impl Strategy<Value = u64> {
        // Around real times, around each other, and anything at all.
        prop_oneof![4 => 0..10_000u64, 2 => 3_600_000..3_610_000u64, 1 => 0..u64::MAX / 1_000_000]
    }

    #[derive(Clone, Debug)]
    enum Step {
        Buffer(Option<u64>, bool, usize),
        Gap(u64, Option<u64>),
        Segment(u64, u64),
        Flush(bool),
        Rate(u32),
        Join(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (proptest::option::of(time()), any::<bool>(), 0..2_000usize).prop_map(|(t, d, n)| Step::Buffer(t, d, n)),
            1 => (time(), proptest::option::of(time())).prop_map(|(t, d)| Step::Gap(t, d)),
            2 => (time(), time()).prop_map(|(start, base)| Step::Segment(start, base)),
            1 => any::<bool>().prop_map(Step::Flush),
            1 => prop_oneof![Just(0), Just(8_000), Just(384_000), Just(u32::MAX)].prop_map(Step::Rate),
            1 => time().prop_map(Step::Join),
        ]
    }

    proptest! {
        /// Whatever timestamps come, nothing panics and no two buffers or gaps overlap or swap.
        #[test]
        fn media_time_only_grows(steps in proptest::collection::vec(step(), 1..60)) {
            let mut t = timeline(&segment(ms(0)));
            let mut rate = RATE;
            let mut end = 0;
            for step in steps {
                let said = match step {
                    Step::Buffer(pts, discont, frames) => t.place(pts.map(ms), discont, frames).map(|p| {
                        assert!(p.skip + p.frames <= frames && p.frames > 0);
                        (p.at.as_nanos(), p.frames as u64 * 1_000_000_000 / u64::from(rate))
                    }),
                    Step::Gap(pts, duration) => {
                        t.place_gap(ms(pts), duration.map(ms)).map(|(at, d)| (at.as_nanos(), d.as_nanos() as u64))
                    }
                    Step::Segment(start, base) => {
                        let mut s = segment(ms(start));
                        s.set_base(ms(base));
                        t.set_segment(s.upcast_ref());
                        None
                    }
                    Step::Flush(reset) => {
                        t.flush(reset);
                        None
                    }
                    Step::Rate(hz) => {
                        rate = hz;
                        t.set_rate(hz);
                        None
                    }
                    Step::Join(now) => {
                        t.join(MediaTime::from_millis(now));
                        None
                    }
                };
                if let Some((at, length)) = said {
                    // Two roundings of a nanosecond.
                    prop_assert!(at + 2 >= end, "{at} after {end}");
                    end = at + length;
                }
            }
        }
    }
}
