//! Track: each face keeps its seat, and who comes anew is known to be new.
//!
//! A face belongs to the seat whose face was expected there and that looks alike. One that belongs to none must be seen in three of five
//! detections before it takes a seat: a false detection is gone by then. It takes the vacant seat at that place, or the only one there is to
//! take, or a new one.

mod scene;
mod sitter;
mod view;

use std::time::Duration;

use callguard_core::{EpochReason, MediaTime};

pub(crate) use scene::Thumb;
pub(crate) use sitter::{LOST, Now, Sitter};
pub(crate) use view::View;

use crate::detect::MOST_FACES;
use crate::{Face, Seat};

/// Most seats: as many as faces are looked at. When all are taken, a new face takes the one that is vacant for longest.
const MOST_SEATS: usize = MOST_FACES;
/// Detections with a new face, of how many, before it is believed.
const HITS: u8 = 3;
const TRIES: u8 = 5;
/// A face that vanished and one that appeared elsewhere at most this far apart are one that jumped.
const JUMP: Duration = Duration::from_millis(300);
/// Time between detections: while all faces are steady, and while there is none. In between they come with every look.
const STEADY_REST: Duration = Duration::from_millis(200);
const EMPTY_REST: Duration = Duration::from_millis(400);

/// What became of a seat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Move {
    Joined(Seat),
    Epoch(Seat, EpochReason),
}

/// A face without a seat.
#[derive(Debug)]
struct Hopeful {
    view: View,
    first: MediaTime,
    seen: MediaTime,
    hits: u8,
    tries: u8,
}

/// All seats of a stream.
#[derive(Debug, Default)]
pub(crate) struct Tracks {
    sitters: Vec<Sitter>,
    hopefuls: Vec<Hopeful>,
    detected: Option<MediaTime>,
}

impl Tracks {
    pub(crate) fn sitters(&self) -> &[Sitter] {
        &self.sitters
    }

    /// Whether the detector may rest at `now`: a look's jitter counts as nothing.
    pub(crate) fn may_rest(&self, now: MediaTime, step: Duration) -> bool {
        let Some(detected) = self.detected else { return false };
        let rest = if self.sitters.iter().all(|s| s.vacant) { EMPTY_REST } else { STEADY_REST };
        let calm = |s: &Sitter| s.vacant || (s.steady() && matches!(s.now, Now::Seen(_)));
        self.hopefuls.is_empty() && now.since(detected) + step / 2 < rest && self.sitters.iter().all(calm)
    }

    /// The picture looks as if it was cut. A camera that swings about or a lamp that goes on looks the same, but the face stays: who is
    /// plainly still there goes on, and whoever comes to the other seats is another.
    pub(crate) fn cut(&mut self, views: &[View], now: MediaTime, moves: &mut Vec<Move>) {
        self.hopefuls.clear();
        for sitter in &mut self.sitters {
            if sitter.vacant || !views.iter().any(|view| sitter.goes_on(view, now)) {
                sitter.vacate();
                moves.push(Move::Epoch(sitter.seat, EpochReason::SceneCut));
            }
        }
    }

    /// The picture was cut, or comes from elsewhere: whoever comes is another.
    pub(crate) fn vacate(&mut self, reason: EpochReason, moves: &mut Vec<Move>) {
        self.hopefuls.clear();
        self.detected = None;
        for sitter in &mut self.sitters {
            sitter.vacate();
            moves.push(Move::Epoch(sitter.seat, reason));
        }
    }

    /// Those who are there were found where they were; the views are theirs, in order of the seats.
    pub(crate) fn stay(&mut self, views: Vec<View>, now: MediaTime) {
        let mut views = views.into_iter();
        for sitter in &mut self.sitters {
            match (!sitter.vacant).then(|| views.next()).flatten() {
                Some(view) => sitter.stay(view, now),
                None => sitter.miss(now),
            }
        }
    }

    /// The picture has `ratio` times the pixels from now on.
    pub(crate) fn rescale(&mut self, ratio: f32) {
        self.sitters.iter_mut().for_each(|s| s.rescale(ratio));
        self.hopefuls.iter_mut().for_each(|h| h.view.face = h.view.face.scaled(ratio));
    }

    /// Nothing is known of this look.
    pub(crate) fn unknown(&mut self, now: MediaTime) {
        self.sitters.iter_mut().for_each(|s| s.miss(now));
    }

    /// Takes the faces of a detection.
    pub(crate) fn found(&mut self, views: Vec<View>, now: MediaTime, moves: &mut Vec<Move>) {
        self.detected = Some(now);
        self.sitters.iter_mut().for_each(|s| s.age(now));
        let mut views: Vec<Option<View>> = views.into_iter().map(Some).collect();
        let apart = |s: &Sitter, f: &Face| if s.vacant { None } else { s.apart(f, now) };
        let mut met = vec![false; self.sitters.len()];
        for (i, view) in pairs(&self.sitters, &mut views, apart) {
            met[i] = true;
            let sitter = &mut self.sitters[i];
            if let Some(reason) = sitter.meet(view, now) {
                moves.push(Move::Epoch(sitter.seat, reason));
            }
        }
        self.sitters.iter_mut().zip(met).filter(|(_, met)| !met).for_each(|(s, _)| s.miss(now));
        self.hope(&mut views, now);
        self.seat(now, moves);
    }

    fn hope(&mut self, views: &mut [Option<View>], now: MediaTime) {
        self.hopefuls.iter_mut().for_each(|h| h.tries += 1);
        let apart = |h: &Hopeful, f: &Face| sitter::apart(&h.view.face.bounds, f, now.since(h.seen).as_secs_f32());
        for (i, view) in pairs(&self.hopefuls, views, apart) {
            let hopeful = &mut self.hopefuls[i];
            (hopeful.view, hopeful.seen, hopeful.hits) = (view, now, hopeful.hits + 1);
        }
        self.hopefuls.retain(|h| h.hits >= HITS || h.tries < TRIES);
        let new = views.iter_mut().filter_map(Option::take);
        self.hopefuls.extend(new.map(|view| Hopeful { view, first: now, seen: now, hits: 1, tries: 1 }));
        self.hopefuls.truncate(MOST_FACES);
    }

    /// Gives seats to those who were seen often enough, and are seen now.
    fn seat(&mut self, now: MediaTime, moves: &mut Vec<Move>) {
        let alone = self.hopefuls.len() == 1;
        let (ready, rest) =
            std::mem::take(&mut self.hopefuls).into_iter().partition(|h| h.hits >= HITS && h.seen == now);
        self.hopefuls = rest;
        let ready: Vec<Hopeful> = ready;
        for hopeful in ready {
            let Some((i, reason)) = self.seat_for(&hopeful, alone) else {
                if self.sitters.len() < MOST_SEATS {
                    let seat = Seat(self.sitters.len() as u32);
                    self.sitters.push(Sitter::new(seat, hopeful.view, now));
                    moves.push(Move::Joined(seat));
                }
                continue;
            };
            let sitter = &mut self.sitters[i];
            // After a cut the seat was told of it already.
            if !sitter.anew {
                moves.push(Move::Epoch(sitter.seat, reason));
            }
            sitter.sit(hopeful.view, now);
        }
    }

    fn seat_for(&self, hopeful: &Hopeful, alone: bool) -> Option<(usize, EpochReason)> {
        let unseen = || self.sitters.iter().enumerate().filter(|(_, s)| matches!(s.now, Now::Unseen));
        let vacant = || unseen().filter(|(_, s)| s.vacant);
        let there = |s: &Sitter| sitter::apart(&s.face.bounds, &hopeful.view.face, f32::INFINITY);
        let near = vacant().filter_map(|(i, s)| Some((i, there(s)?))).min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((i, _)) = near {
            return Some((i, EpochReason::Lost));
        }
        let mut free = unseen();
        if let (true, Some((i, only)), None) = (alone, free.next(), free.next()) {
            let between = hopeful.first.since(only.seen).max(only.seen.since(hopeful.first));
            match (only.vacant, between <= JUMP) {
                (true, _) => return Some((i, EpochReason::Lost)),
                (false, true) => return Some((i, EpochReason::TileJump)),
                (false, false) => {}
            }
        }
        let full = self.sitters.len() >= MOST_SEATS;
        let longest = || vacant().min_by_key(|(_, s)| s.seen).map(|(i, _)| (i, EpochReason::Lost));
        full.then(longest).flatten()
    }
}

/// Views and who they belong to, nearest first; each is taken once.
fn pairs<T>(those: &[T], views: &mut [Option<View>], apart: impl Fn(&T, &Face) -> Option<f32>) -> Vec<(usize, View)> {
    let mut near = Vec::new();
    for (i, one) in those.iter().enumerate() {
        for (j, view) in views.iter().enumerate() {
            if let Some(far) = view.as_ref().and_then(|v| apart(one, &v.face)) {
                near.push((far, i, j));
            }
        }
    }
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut taken = vec![false; those.len()];
    let mut found = Vec::new();
    for (_, i, j) in near {
        if !taken[i]
            && let Some(view) = views[j].take()
        {
            taken[i] = true;
            found.push((i, view));
        }
    }
    found
}
