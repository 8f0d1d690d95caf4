//! The seam between detectors and whatever runs their graph.

use std::time::Instant;

use crate::{Model, ModelSpec, Request, RunError, Tensor};

/// Something that turns one window, crop or picture into raw scores.
///
/// [`Model`] does it in this process; a client of a model server, or a test's slow or panicking detector, takes the same
/// place.
pub trait Score: Send + Sync {
    /// The scores of one window, the batch axis left out on both sides. Blocks until there is an answer; nothing is
    /// dropped.
    ///
    /// # Errors
    /// See [`RunError`]. A caller turns each into an abstention.
    fn score(&self, input: Tensor) -> Result<Vec<f32>, RunError>;

    /// What runs, and how its scores are calibrated.
    fn spec(&self) -> &ModelSpec;

    /// As [`score`](Self::score), for a live call: a full queue is an error instead of a wait, and the answer is worth
    /// nothing after `deadline`.
    ///
    /// Where it is not overridden the deadline is only looked at before and after the work.
    ///
    /// # Errors
    /// See [`RunError`].
    fn score_by(&self, input: Tensor, deadline: Option<Instant>) -> Result<Vec<f32>, RunError> {
        let late = || deadline.is_some_and(|d| Instant::now() > d);
        if late() {
            return Err(RunError::Deadline);
        }
        let scores = self.score(input)?;
        if late() { Err(RunError::Deadline) } else { Ok(scores) }
    }
}

impl Score for Model {
    fn score(&self, input: Tensor) -> Result<Vec<f32>, RunError> {
        self.run(input)
    }

    fn spec(&self) -> &ModelSpec {
        Model::spec(self)
    }

    fn score_by(&self, input: Tensor, deadline: Option<Instant>) -> Result<Vec<f32>, RunError> {
        self.submit(Request { input, deadline })?.wait()
    }
}
