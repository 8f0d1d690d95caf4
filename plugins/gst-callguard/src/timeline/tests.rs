//! Sound and pictures on one line.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::sound::Placed;
use super::*;

/// A timeline and the samples that are counted on it.
struct Line {
    timeline: Timeline,
    samples: Samples,
}

impl Line {
    fn set_rate(&mut self, hz: u32) {
        self.samples = Samples::new(hz);
        self.timeline.cut();
    }

    fn place(&mut self, pts: Option<ClockTime>, discont: bool, frames: usize) -> Option<Placed> {
        self.samples.place(&mut self.timeline, pts, discont, frames)
    }
}

impl std::ops::Deref for Line {
    type Target = Timeline;

    fn deref(&self) -> &Timeline {
        &self.timeline
    }
}

impl std::ops::DerefMut for Line {
    fn deref_mut(&mut self) -> &mut Timeline {
        &mut self.timeline
    }
}

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

fn timeline(segment: &gst::FormattedSegment<ClockTime>) -> Line {
    let mut timeline = Timeline::default();
    timeline.set_segment(segment.upcast_ref());
    Line { timeline, samples: Samples::new(RATE) }
}

/// Media time (ms) and whether it is cut off from what came before; `None`: says nothing.
fn place(t: &mut Line, pts_ms: u64) -> Option<(u64, bool)> {
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

/// Media time (ms) of a picture at 25 a second, and whether it is cut off from what came before.
fn see(t: &mut Timeline, pts_ms: Option<u64>) -> Option<(u64, bool)> {
    place_picture(t, pts_ms.map(ms), false, ms(40)).map(|(at, cut)| (at.as_nanos() / 1_000_000, cut))
}

#[test]
fn a_picture_lies_at_its_running_time_as_sound_does() {
    let mut t = timeline(&segment(ms(5_000)));
    assert_eq!(see(&mut t, Some(5_000)), Some((0, true)), "nothing came before the first");
    assert_eq!(see(&mut t, Some(5_043)), Some((43, false)), "nothing to smooth");
    assert_eq!(see(&mut t, Some(6_000)), Some((1_000, false)), "one a second is no hole");
    assert_eq!(see(&mut t, Some(5_990)), Some((1_000, false)), "none lies before the one before");
    assert_eq!(
        place(&mut t, 6_020),
        Some((1_020, true)),
        "and sound of the same line agrees: its first, so nothing joins it"
    );
}

#[test]
fn a_picture_of_which_a_part_is_shown_begins_with_the_segment() {
    let mut t = timeline(&segment(ms(1_000)));
    assert_eq!(see(&mut t, Some(900)), None);
    assert_eq!(see(&mut t, Some(980)), Some((0, true)));
    assert_eq!(see(&mut t, Some(1_020)), Some((20, false)));
}

#[test]
fn pictures_without_timestamps_follow_each_other_where_their_rate_is_known() {
    let mut t = timeline(&segment(ms(0)));
    assert_eq!(see(&mut t, Some(0)), Some((0, true)));
    assert_eq!(see(&mut t, None), Some((40, false)));
    assert_eq!(see(&mut t, None), Some((80, false)));
    assert_eq!(place_picture(&mut t, None, false, ClockTime::ZERO), None);
}

#[test]
fn pictures_never_run_backwards() {
    let mut t = timeline(&segment(ms(0)));
    see(&mut t, Some(1_000));
    t.flush(true);
    assert_eq!(see(&mut t, Some(0)), None, "no segment since the flush");
    t.set_segment(segment(ms(0)).upcast_ref());
    assert_eq!(see(&mut t, Some(0)), Some((1_000, true)), "running time began anew");
    assert_eq!(see(&mut t, Some(500)), Some((1_500, false)), "and keeps its distances");
    assert_eq!(t.pts_at(MediaTime::from_millis(1_501)), Some(ms(501) - ClockTime::from_nseconds(1)));
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
