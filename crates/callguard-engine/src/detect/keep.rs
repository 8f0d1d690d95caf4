//! The pictures behind the windows that spoke most: kept only where the operator asked for it, since a face is personal data.

use std::collections::BTreeMap;

use callguard_core::{ParticipantId, SourceId, Span};

/// Windows of each participant and source whose picture is kept: those that spoke most.
const MOST: usize = 3;

/// A face at a moment that decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Thumbnail {
    /// The window.
    pub span: Span,
    /// Whose window it is.
    pub source: SourceId,
    /// What it says, nats.
    pub llr: f64,
    /// Width and height, pixels.
    pub side: usize,
    /// `side`² pixels of RGB, rows from the top.
    pub rgb: Vec<u8>,
    /// Where in the picture the score comes from, raw logits row by row, as many rows as columns; empty where the source has none.
    pub map: Vec<f32>,
}

/// What is kept of a stream.
#[derive(Debug, Default)]
pub(crate) struct Kept(BTreeMap<ParticipantId, Vec<Thumbnail>>);

impl Kept {
    /// Takes a picture in, unless windows that spoke more have its place. One whose window shares media with one that is there must speak more
    /// than that.
    pub(crate) fn add(&mut self, participant: ParticipantId, new: Thumbnail) {
        let all = self.0.entry(participant).or_default();
        let same = |t: &Thumbnail| t.source == new.source;
        if let Some(twin) = all.iter_mut().find(|t| same(t) && t.span.from < new.span.to && new.span.from < t.span.to) {
            if new.llr > twin.llr {
                *twin = new;
            }
            return;
        }
        if all.iter().filter(|t| same(t)).count() < MOST {
            all.push(new);
            return;
        }
        let weakest = all.iter_mut().filter(|t| t.source == new.source).min_by(|a, b| a.llr.total_cmp(&b.llr));
        if let Some(weakest) = weakest.filter(|t| t.llr < new.llr) {
            *weakest = new;
        }
    }

    /// Those of a participant, in order of time.
    pub(crate) fn of(&self, participant: ParticipantId) -> Vec<Thumbnail> {
        let mut all = self.0.get(&participant).cloned().unwrap_or_default();
        all.sort_by_key(|t| t.span);
        all
    }
}
