//! Frames that came before.

use callguard_core::{Abstain, MediaTime};

use crate::Face;
use crate::track::Thumb;

/// Pictures of the last minute in small.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    newest: Option<Thumb>,
}

impl Memory {
    pub(crate) fn newest(&self) -> Option<&Thumb> {
        self.newest.as_ref()
    }

    pub(crate) fn note(&mut self, _at: MediaTime, thumb: Thumb) {
        self.newest = Some(thumb);
    }

    /// # Errors
    /// Why nothing can be said.
    pub(crate) fn score(&self, _face: &Face, _to: MediaTime) -> Result<f64, Abstain> {
        Err(Abstain::TooShort)
    }
}
