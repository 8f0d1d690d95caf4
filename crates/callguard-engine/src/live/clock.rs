//! Where a stream lies in its call's time.

use std::time::{Duration, Instant};

use callguard_core::MediaTime;

use crate::fuse::Fusion;

/// Time goes on without media once a stream was silent for so long; short of it the next block or picture is only on its way.
const SILENT: Duration = Duration::from_millis(750);
/// A stream that gives nothing for so long is lost: senders that pause send gaps or silence. Told a quarter of a second later at most.
const LOST: Duration = Duration::from_millis(1500);
/// The same of a stream whose producer has left: long enough for a call that ends with it to be closed first.
const LEFT: Duration = Duration::from_millis(500);
/// A stream whose time is further than this from the call's runs on another clock: another pipeline, or one that began anew. Less is
/// how far pipelines of one clock are apart.
const OTHER_CLOCK: Duration = Duration::from_secs(5);
/// How far the decision's clock stays behind what was observed: the gate tells what it heard up to a fifth of a second later.
const BEHIND: Duration = Duration::from_millis(250);

/// One stream's clock.
///
/// Streams of one pipeline share its clock and are taken as they are. One of another pipeline, or of one that began anew, is moved to
/// where the call stands: by its own clock its evidence would be stale, or ahead of its time, for as long as it lasts.
#[derive(Debug, Default)]
pub(super) struct StreamClock {
    /// Nanoseconds from its own time to the call's.
    shift: i64,
    /// When its newest block or picture was pushed.
    newest: Option<Instant>,
}

/// What comes next on a stream.
pub(super) struct Next<'a> {
    /// The stream's name, for the log.
    pub stream: &'a str,
    /// Its own time.
    pub at: MediaTime,
    /// Nothing joins it to what was before.
    pub cut: bool,
    /// When it was pushed.
    pub pushed: Instant,
    /// Media time up to which the stream was observed; `None`: this is its first.
    pub observed_to: Option<MediaTime>,
    /// Whether other streams of the call are live.
    pub others: bool,
}

impl StreamClock {
    /// Where it lies in the call's time, and whether nothing joins it to what was before.
    pub(super) fn place(&mut self, next: &Next<'_>, fusion: &mut Fusion) -> (MediaTime, bool) {
        let placed = self.placed(next, fusion);
        self.newest = Some(next.pushed);
        fusion.begin(placed.0);
        placed
    }

    fn placed(&mut self, next: &Next<'_>, fusion: &mut Fusion) -> (MediaTime, bool) {
        let at = MediaTime::from_nanos(next.at.as_nanos().saturating_add_signed(self.shift));
        let silent = self.newest.is_some_and(|newest| newest.elapsed() > SILENT);
        let cut = next.cut;
        if !(cut || silent) {
            return (at, false);
        }
        let call = match next.observed_to {
            Some(observed_to) if !next.others => {
                // It paused, and the clock went on alone; or it jumps ahead, and nobody is there to disagree.
                if at + OTHER_CLOCK >= observed_to {
                    if silent {
                        fusion.resume(at);
                    }
                    return (at, cut);
                }
                observed_to.max(fusion.now())
            }
            None if !fusion.has_begun() => return (at, cut),
            _ => fusion.now(),
        };
        if at.since(call).max(call.since(at)) <= OTHER_CLOCK {
            return (at, cut);
        }
        let nanos = |t: MediaTime| i64::try_from(t.as_nanos()).unwrap_or(i64::MAX);
        self.shift = nanos(call).saturating_sub(nanos(next.at));
        tracing::info!(
            stage = "capture",
            stream = next.stream,
            from_s = at.as_secs_f64(),
            to_s = call.as_secs_f64(),
            "moved to the call's clock"
        );
        (call, true)
    }

    /// The stream's own time at an instant of the call's.
    pub(super) fn running(&self, at: MediaTime) -> MediaTime {
        MediaTime::from_nanos(at.as_nanos().saturating_add_signed(self.shift.saturating_neg()))
    }

    /// Whether something was pushed just now.
    pub(super) fn is_live(&self) -> bool {
        self.newest.is_some_and(|newest| newest.elapsed() <= SILENT)
    }

    /// Whether nothing was pushed for so long that the source counts as lost; `left`: its producer is gone.
    pub(super) fn is_lost(&self, left: bool) -> bool {
        self.newest.is_some_and(|newest| newest.elapsed() > if left { LEFT } else { LOST })
    }

    /// How far the decision may go by this stream, which was observed up to `to`.
    pub(super) fn decided_to(&self, to: MediaTime) -> MediaTime {
        let silent = self.newest.map_or(Duration::ZERO, |newest| newest.elapsed());
        if silent > SILENT { to + silent } else { to - BEHIND }
    }
}
