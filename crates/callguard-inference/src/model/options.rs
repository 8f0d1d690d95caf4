//! How a model is run.

use std::time::Duration;

use crate::{Fallback, Provider};

/// How a model is run. [`Options::default`] is right for live calls; [`Options::reproducible`] for files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where.
    pub provider: Provider,
    /// What to do where that cannot be had.
    pub fallback: Fallback,
    /// Sessions, each with a thread of its own, that share one queue; at least 1. A GPU takes one.
    pub replicas: usize,
    /// How long a run waits for more requests to run with. Zero: it takes what is waiting and never waits.
    pub max_delay: Duration,
    /// Requests that may wait; more are refused. At least 1.
    pub queue: usize,
    /// Most requests in one run. `None`: 1 on the CPU, where larger batches were measured to be no better
    /// (`cargo bench -p callguard-benches --bench inference`), and the largest bucket on a GPU.
    pub max_batch: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            provider: Provider::Auto,
            fallback: Fallback::None,
            replicas: 1,
            max_delay: Duration::ZERO,
            queue: 64,
            max_batch: None,
        }
    }
}

impl Options {
    /// Every run has one request: the numbers do not depend on what else was waiting, nor on the number of replicas.
    #[must_use]
    pub fn reproducible(replicas: usize) -> Self {
        Self { replicas, max_batch: Some(1), ..Self::default() }
    }
}
