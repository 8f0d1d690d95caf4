//! Windows: the last second of a seat, every half second, or the reason why there is none.
//!
//! All sources of a seat are told at the same instants, so that each stretch of its time is told once to each: as a window's fresh stretch or
//! as an abstention.

mod desk;

use std::collections::VecDeque;
use std::time::Duration;

use callguard_core::{Abstain, MediaTime, Quality, Span};

pub(crate) use desk::Desk;

use crate::{CropId, VisualSource, WindowFacts};

/// Length of a window: a second holds five crops, whose errors differ, and a blink or a syllable.
pub(crate) const WINDOW: Duration = Duration::from_secs(1);
/// Fewer usable looks than this are no window.
const LEAST_LOOKS: usize = 3;
/// A look speaks for at most this long before it: a stream of fewer pictures has gaps.
const MOST_LASTS: Duration = Duration::from_millis(250);

/// What one look says of a seat.
#[derive(Clone, Debug)]
pub(crate) struct Glance {
    pub at: MediaTime,
    /// What could be observed, or why nothing could.
    pub judged: Result<Quality, Abstain>,
    /// The crops cut from it, and for whom.
    pub crops: Vec<(VisualSource, CropId)>,
    /// Whether the picture of the face changed since before.
    pub stirred: bool,
}

/// The time of one seat: what was seen, and how far it was told.
#[derive(Debug)]
pub(crate) struct Ledger {
    hop_ns: u64,
    told_to: MediaTime,
    glances: VecDeque<(Duration, Glance)>,
}

impl Ledger {
    pub(crate) fn new(hop: Duration, from: MediaTime) -> Self {
        let hop_ns = u64::try_from(hop.as_nanos()).unwrap_or(u64::MAX).max(1);
        Self { hop_ns, told_to: from, glances: VecDeque::new() }
    }

    /// Time before this was told.
    pub(crate) fn told_to(&self) -> MediaTime {
        self.told_to
    }

    /// Takes a look.
    pub(crate) fn note(&mut self, glance: Glance) {
        let before = self.glances.back().map_or(self.told_to, |(_, g)| g.at);
        self.glances.push_back((glance.at.since(before).min(MOST_LASTS), glance));
    }

    /// Whether a multiple of the hop was passed since it was told last.
    pub(crate) fn due(&self, now: MediaTime) -> bool {
        now.as_nanos() / self.hop_ns > self.told_to.as_nanos() / self.hop_ns
    }

    /// The end of the newest usable look that was not told: how far a window may reach where the stretch breaks off.
    pub(crate) fn usable_to(&self) -> Option<MediaTime> {
        let newest = self.glances.iter().rev().find(|(_, g)| g.judged.is_ok())?;
        (newest.1.at > self.told_to).then_some(newest.1.at)
    }

    /// The window that ends at `to`.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn ready(&self, to: MediaTime) -> Result<WindowFacts, Abstain> {
        let usable = || self.usable(to);
        let fresh = |g: &Glance| g.at > self.told_to;
        let stirred = self.looks(to).any(|(_, g)| g.stirred);
        if usable().count() < LEAST_LOOKS || !usable().any(|(_, g, _)| fresh(g)) {
            return Err(self.reason(to));
        }
        if !stirred {
            return Err(Abstain::Repeated);
        }
        let first = usable().map(|(lasts, g, _)| g.at - lasts).min().unwrap_or(to);
        Ok(WindowFacts {
            span: Span { from: first.min(self.told_to), to },
            fresh_span: Span { from: self.told_to, to },
            quality: mean(usable().map(|(_, _, q)| *q)),
            observed: usable().map(|(lasts, _, _)| lasts).sum(),
            fresh: usable().filter(|(_, g, _)| fresh(g)).map(|(lasts, _, _)| lasts).sum(),
        })
    }

    /// The crops of that window that a source judges, some of them fresh.
    ///
    /// # Errors
    /// Why there are fewer than `least`.
    pub(crate) fn crops(&self, to: MediaTime, source: VisualSource, least: usize) -> Result<Vec<CropId>, Abstain> {
        let of = |g: &Glance| g.crops.iter().find(|(by, _)| *by == source).map(|(_, id)| *id);
        let crops: Vec<CropId> = self.usable(to).filter_map(|(_, g, _)| of(g)).collect();
        let new = self.usable(to).any(|(_, g, _)| g.at > self.told_to && of(g).is_some());
        if crops.len() < least || !new { Err(self.reason(to)) } else { Ok(crops) }
    }

    fn looks(&self, to: MediaTime) -> impl Iterator<Item = &(Duration, Glance)> + Clone {
        let from = to - WINDOW;
        self.glances.iter().filter(move |(_, g)| g.at > from && g.at <= to)
    }

    fn usable(&self, to: MediaTime) -> impl Iterator<Item = (Duration, &Glance, &Quality)> + Clone {
        self.looks(to).filter_map(|(lasts, g)| Some((*lasts, g, g.judged.as_ref().ok()?)))
    }

    /// Why most of what is not told up to `to` was not usable; of two with the same share, the one that sorts first.
    pub(crate) fn reason(&self, to: MediaTime) -> Abstain {
        let mut shares: Vec<(Abstain, usize)> = Vec::new();
        for (_, glance) in self.glances.iter().filter(|(_, g)| g.at > self.told_to && g.at <= to) {
            let Err(reason) = glance.judged else { continue };
            match shares.iter_mut().find(|(r, _)| *r == reason) {
                Some((_, n)) => *n += 1,
                None => shares.push((reason, 1)),
            }
        }
        let most = shares.iter().max_by_key(|(reason, n)| (*n, std::cmp::Reverse(*reason)));
        most.map_or(Abstain::TooShort, |(reason, _)| *reason)
    }

    /// Everything up to `to` was told. Returns the stretch, where there is one.
    pub(crate) fn tell(&mut self, to: MediaTime) -> Option<Span> {
        let span = Span { from: self.told_to, to };
        self.told_to = self.told_to.max(to);
        while self.glances.front().is_some_and(|(_, g)| g.at + WINDOW <= to) {
            self.glances.pop_front();
        }
        (span.from < span.to).then_some(span)
    }

    /// No window spans this instant.
    pub(crate) fn break_off(&mut self) {
        self.glances.clear();
    }

    /// Media time begins anew at `at`.
    pub(crate) fn restart(&mut self, at: MediaTime) {
        self.glances.clear();
        self.told_to = at;
    }
}

/// The mean of each measure over the looks that have it.
fn mean(all: impl Iterator<Item = Quality> + Clone) -> Quality {
    let of = |measure: fn(&Quality) -> Option<f64>| {
        let (sum, n) = all.clone().filter_map(|q| measure(&q)).fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
        (n > 0.0).then(|| sum / n)
    };
    Quality {
        face_px: of(|q| q.face_px),
        sharpness: of(|q| q.sharpness),
        luma: of(|q| q.luma),
        yaw_deg: of(|q| q.yaw_deg),
        ..Quality::default()
    }
}
