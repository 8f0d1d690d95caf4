//! Starting ONNX Runtime, once in a process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;

use super::{Library, LibraryError};

/// What the process uses. The environment lives as long as the process: it is never taken out.
static STARTED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

impl Library {
    /// The process's one environment.
    ///
    /// # Errors
    /// Another library is in use already, or this one does not come up.
    pub(crate) fn environment(&self) -> Result<Environment, LibraryError> {
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((loaded, environment)) = started.as_ref() {
            if same_file(loaded, &self.path) {
                return Ok(environment.clone());
            }
            return Err(LibraryError::AlreadyLoaded { loaded: loaded.clone(), wanted: self.path.clone() });
        }
        let failed =
            |reason: String| LibraryError::Start { path: self.path.clone(), version: self.version.clone(), reason };
        // `ort` has panics of its own on this way; what it needs was checked by the probe, this is the second line.
        let environment = catch_unwind(AssertUnwindSafe(|| {
            ort::init_from(&self.path)
                .map_err(|e| e.to_string())?
                .with_name("callguard")
                .with_telemetry(false)
                .with_logger(Arc::new(log))
                .build()
                .map_err(|e| e.to_string())
        }))
        .map_err(|_| failed("it panicked".into()))?
        .map_err(failed)?;
        environment.set_log_level(LogLevel::Warning);
        tracing::info!(path = %self.path.display(), version = %self.version, "ONNX Runtime started");
        *started = Some((self.path.clone(), environment.clone()));
        Ok(environment)
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// ONNX Runtime's own log lines become ours. Called from its C++ code, so nothing may unwind out of here.
fn log(level: LogLevel, category: &str, id: &str, location: &str, message: &str) {
    let _ = catch_unwind(|| match level {
        LogLevel::Verbose => tracing::trace!(target: "onnxruntime", category, id, location, "{message}"),
        LogLevel::Info => tracing::debug!(target: "onnxruntime", category, id, location, "{message}"),
        LogLevel::Warning => tracing::warn!(target: "onnxruntime", category, id, location, "{message}"),
        LogLevel::Error | LogLevel::Fatal => {
            tracing::error!(target: "onnxruntime", category, id, location, "{message}")
        }
    });
}
