//! All of it for one video stream.

use std::time::Duration;

use callguard_core::{Abstain, EpochReason, MediaTime, Quality, Span};

use crate::{Face, Picture, PictureError};

/// What may be chosen about looking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EyesSettings {
    /// Time between analysis instants on the grid of media time.
    pub step: Duration,
    /// Time between windows, a multiple of `step`.
    pub hop: Duration,
    /// Whether crops are cut for a forgery model.
    pub crops: bool,
}

impl Default for EyesSettings {
    fn default() -> Self {
        Self { step: Duration::from_millis(100), hop: Duration::from_millis(500), crops: true }
    }
}

/// Which pictures of a stream are looked at: the first at or after each multiple of `step`. The same for live and recorded streams.
#[derive(Clone, Debug)]
pub struct Grid {
    step: Duration,
    next: MediaTime,
}

impl Grid {
    /// A grid of analysis instants `step` apart.
    #[must_use]
    pub fn new(step: Duration) -> Self {
        Self { step, next: MediaTime::ZERO }
    }

    /// Whether the picture taken at `at` is looked at. To be asked of every picture, in order.
    pub fn takes(&mut self, at: MediaTime) -> bool {
        let step = u64::try_from(self.step.as_nanos()).unwrap_or(u64::MAX).max(1);
        // Time that went back by more than a step has begun anew.
        let back = at + self.step + self.step < self.next;
        if at < self.next && !back {
            return false;
        }
        self.next = MediaTime::from_nanos((at.as_nanos() / step).saturating_add(1).saturating_mul(step));
        true
    }
}

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
    /// Frozen, repeated or looped frames.
    Repeat,
    /// A flat thing moving.
    Flat,
}

/// A tight crop to be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Crop {
    /// Which.
    pub id: CropId,
    /// Whose.
    pub seat: Seat,
    /// When it was taken.
    pub at: MediaTime,
    /// [`TIGHT_SIDE`](crate::TIGHT_SIDE)² pixels of RGB, rows from the top.
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
        /// What is known of it.
        facts: WindowFacts,
        /// Its crops; at least one.
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

/// The eyes on one video stream.
#[derive(Debug)]
pub struct Eyes {
    settings: EyesSettings,
}

impl Eyes {
    /// Eyes that have seen nothing.
    #[must_use]
    pub fn new(settings: EyesSettings) -> Self {
        Self { settings }
    }

    /// Looks at a picture that the [`Grid`] takes. What became known is appended to `out`.
    ///
    /// # Errors
    /// A picture outside the limits; it is left out.
    pub fn look(&mut self, _picture: &Picture<'_>, _out: &mut Vec<Sight>) -> Result<Look, PictureError> {
        let _ = self.settings;
        Ok(Look::Done)
    }

    /// Takes the detector's answer about the picture that was looked at last (the same must be given), or why there is none.
    pub fn found(&mut self, _picture: &Picture<'_>, _answer: Result<&[f32], Abstain>, _out: &mut Vec<Sight>) {}

    /// Nothing was to be seen for a stretch.
    pub fn gap(&mut self, _span: Span, _reason: Abstain, _out: &mut Vec<Sight>) {}

    /// Whoever is seen from now on may be another.
    pub fn begin_epoch(&mut self, _reason: EpochReason, _at: MediaTime, _out: &mut Vec<Sight>) {}

    /// The end: what was gathered is judged or abstained from.
    pub fn flush(&mut self, _out: &mut Vec<Sight>) {}

    /// Where faces were seen last: those of the newest look.
    pub fn faces(&self) -> impl Iterator<Item = (Seat, Face)> + '_ {
        std::iter::empty()
    }
}
