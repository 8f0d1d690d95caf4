//! A whole recording, as the windows would hear it.

use crate::capture::Capture;
use crate::{Block, BlockError};

/// Collects blocks of any format as mono samples at [`crate::RATE_HZ`], without what is missing between them.
#[derive(Default)]
pub struct Recording {
    capture: Option<Capture>,
    samples: Vec<f32>,
}

impl Recording {
    /// Takes the next block.
    ///
    /// # Errors
    /// When the block is outside the limits; it is left out.
    pub fn push(&mut self, block: &Block<'_>) -> Result<(), BlockError> {
        block.check()?;
        if self.capture.as_ref().is_some_and(|capture| !capture.continues(block)) {
            self.flush();
        }
        let mut frames = Vec::new();
        self.capture.get_or_insert_with(|| Capture::new(block)).push(block, &mut frames);
        frames.iter().for_each(|f| self.samples.extend_from_slice(&f.samples[..f.len]));
        Ok(())
    }

    /// Samples so far; what is still in a filter comes with [`finish`](Self::finish).
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there are none so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// All samples.
    #[must_use]
    pub fn finish(mut self) -> Vec<f32> {
        self.flush();
        self.samples
    }

    fn flush(&mut self) {
        let mut frames = Vec::new();
        if let Some(mut capture) = self.capture.take() {
            capture.flush(&mut frames);
        }
        frames.iter().for_each(|f| self.samples.extend_from_slice(&f.samples[..f.len]));
    }
}
