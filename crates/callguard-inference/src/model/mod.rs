//! A model in work.

mod error;
mod handle;
mod options;
mod owner;
mod request;
mod session;
mod stats;
#[cfg(test)]
mod tests;

pub use error::ModelError;
pub use handle::Model;
pub use options::Options;
pub use request::{Request, RunError, SubmitError, Tensor, Ticket};
pub use stats::{Percentiles, Stats};
