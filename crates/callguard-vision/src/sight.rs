//! What comes out of looking.

use std::time::Duration;

use callguard_core::{Abstain, EpochReason, MediaTime, Quality, Span};

/// A face's place in a stream, counted from 0. It is kept while a face is lost, so that an alert stays with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat(pub u32);

/// A crop of a stream, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CropId(pub u64);

/// Who says something of a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VisualSource {
    /// The forgery model, on tight crops.
    Forgery,
    /// The replay model, on wide crops.
    Replay,
    /// Frozen, repeated or looped frames.
    Repeat,
    /// A flat thing moving.
    Flat,
}

/// A crop to be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Crop {
    /// Which.
    pub id: CropId,
    /// Whose.
    pub seat: Seat,
    /// Who judges it.
    pub source: VisualSource,
    /// When it was taken.
    pub at: MediaTime,
    /// Its side, pixels: [`TIGHT_SIDE`](crate::TIGHT_SIDE) or [`WIDE_SIDE`](crate::WIDE_SIDE).
    pub side: usize,
    /// RGB, rows from the top.
    pub pixels: Vec<u8>,
}

/// What is known of a window beside its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowFacts {
    /// From its first look to its last.
    pub span: Span,
    /// The part that no earlier window of this source had: what is abstained from if it cannot be scored.
    pub fresh_span: Span,
    /// What could be observed.
    pub quality: Quality,
    /// Net usable face in it.
    pub observed: Duration,
    /// The part of `observed` that no earlier window had.
    pub fresh: Duration,
}

/// What comes out of looking, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    /// A face that was not there before.
    Joined {
        /// Its seat.
        seat: Seat,
        /// When.
        at: MediaTime,
    },
    /// Whoever sits there now may be another.
    Epoch {
        /// The seat.
        seat: Seat,
        /// When.
        at: MediaTime,
        /// Why.
        reason: EpochReason,
    },
    /// A crop that a window to come will need.
    Crop(Crop),
    /// A second of crops: its score is the mean of theirs.
    Window {
        /// Whose.
        seat: Seat,
        /// Who judges it.
        source: VisualSource,
        /// What is known of it.
        facts: WindowFacts,
        /// Its crops, at least two, none older than a second.
        crops: Vec<CropId>,
    },
    /// What needs no model has a score.
    Cue {
        /// Whose.
        seat: Seat,
        /// Who says it.
        source: VisualSource,
        /// What is known of the window.
        facts: WindowFacts,
        /// Raw score, to be calibrated.
        score: f64,
    },
    /// A stretch of which a source will say nothing.
    Abstained {
        /// Of whom.
        seat: Seat,
        /// Who.
        source: VisualSource,
        /// The stretch; no window of the source has evidence of it.
        span: Span,
        /// Why.
        reason: Abstain,
    },
}

/// What is to be done about a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// Ask the detector about this input ([`DETECTOR_SIDE`](crate::DETECTOR_SIDE)² pixels of RGB), then call [`Eyes::found`].
    Ask(Vec<u8>),
    /// Nothing: faces are where they were.
    Done,
}
