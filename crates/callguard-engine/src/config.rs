//! What an engine is started with.

use std::path::PathBuf;
use std::time::Duration;

use callguard_audio::Announcements;
use callguard_core::{Policy, Provenance};
use callguard_inference::{Fallback, Provider};

use crate::error::{EngineError, ErrorCode};

/// Settings of an [`crate::Engine`]. The default finds everything by itself and promises the default policy.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// ONNX Runtime's library; `None` searches (see [`callguard_inference::Library::find`]).
    pub library: Option<PathBuf>,
    /// The folder or file of the model manifest; `None` searches.
    pub models: Option<PathBuf>,
    /// Where models run.
    pub provider: Provider,
    /// What to do where `provider` cannot be had.
    pub fallback: Fallback,
    /// Threads on which calls take turns, and lanes to the model; `None`: one for each core.
    pub workers: Option<usize>,
    /// What is promised to genuine guests.
    pub policy: Policy,
    /// What it is worth that something is found out about where a stream comes from.
    pub provenance: Provenance,
    /// The name of the profile, for reports.
    pub profile: String,
    /// Time between analysis instants; 0.1 to 4 s.
    pub hop: Duration,
    /// Sound that is nobody's voice, such as a greeting: what is recognised as one of these is not judged.
    pub announcements: Announcements,
    /// Whether pictures of the moments that spoke most are kept for the report: faces are personal data, so only where the operator asks.
    pub thumbnails: bool,
    /// An answer that takes longer than this is too late for a live call; 0.1 to 10 s.
    pub deadline: Duration,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            library: None,
            models: None,
            provider: Provider::Auto,
            fallback: Fallback::None,
            workers: None,
            policy: Policy::default(),
            provenance: Provenance::default(),
            profile: "default".into(),
            // The design's 0.5 s: eight looks at every 4 s window.
            hop: Duration::from_millis(500),
            announcements: Announcements::default(),
            thumbnails: false,
            // Four hops: later, two newer windows that share three quarters of it have spoken.
            deadline: Duration::from_secs(2),
        }
    }
}

impl EngineConfig {
    /// Everything that is wrong with it, each with its key and value. Empty: usable.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut found: Vec<String> = self.policy.complaints().into_iter().map(|c| format!("policy.{c}")).collect();
        let mut within = |key: &str, x: Duration, low: f64, high: f64| {
            let s = x.as_secs_f64();
            if !(s >= low && s <= high) {
                found.push(format!("{key} = {s} s: must be from {low} to {high} s"));
            }
        };
        within("hop", self.hop, 0.1, 4.0);
        within("deadline", self.deadline, 0.1, 10.0);
        if let Some(workers) = self.workers
            && !(1..=256).contains(&workers)
        {
            found.push(format!("workers = {workers}: must be from 1 to 256"));
        }
        found
    }

    pub(crate) fn check(&self) -> Result<(), EngineError> {
        match self.complaints() {
            c if c.is_empty() => Ok(()),
            c => Err(EngineError::new(ErrorCode::ConfigInvalid, "setup", c.join("; "), "Correct the settings named.")),
        }
    }

    pub(crate) fn threads(&self) -> usize {
        self.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, std::num::NonZero::get))
    }
}
