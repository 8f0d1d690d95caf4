//! A flat thing moving.

use callguard_core::{Abstain, MediaTime};

use crate::{Face, Picture};

/// How a face and its surroundings moved.
#[derive(Debug, Default)]
pub(crate) struct Flat {}

impl Flat {
    pub(crate) fn note(&mut self, _picture: &Picture<'_>, _face: &Face) {}

    /// # Errors
    /// Why nothing can be said.
    pub(crate) fn score(&self, _to: MediaTime) -> Result<f64, Abstain> {
        Err(Abstain::TooShort)
    }
}
