//! What can go wrong, in the shape that reports and messages use.

use std::fmt;

use callguard_core::RulesError;
use callguard_inference::{LibraryError, ManifestError, ModelError, ProbeError};
use serde::{Deserialize, Serialize};

/// What kind of trouble; stable, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// No ONNX Runtime: install it or name it.
    LibraryMissing,
    /// ONNX Runtime is older than what this was built for: install a newer one.
    LibraryTooOld,
    /// ONNX Runtime is there but cannot be used.
    LibraryRefused,
    /// No models: install them or name their folder.
    ModelsMissing,
    /// The manifest has mistakes: mend it.
    ManifestInvalid,
    /// Nothing in the manifest judges a stream of this kind, or any: add a model.
    NoModel,
    /// A model's file is missing, altered, or not what the manifest says.
    ModelRefused,
    /// The provider asked for cannot be had.
    ProviderUnavailable,
    /// Settings, policy or measured laws are out of range.
    ConfigInvalid,
    /// The system refuses threads: retry with less load.
    NoThreads,
    /// The engine was stopped, or has as many calls as it takes.
    EngineStopped,
    /// More streams or calls than the limits allow.
    TooMany,
    /// The detector broke down in the middle of its work.
    DetectorFailed,
    /// A stream's format is outside the limits.
    FormatRefused,
}

impl ErrorCode {
    /// The name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LibraryMissing => "library-missing",
            Self::LibraryTooOld => "library-too-old",
            Self::LibraryRefused => "library-refused",
            Self::ModelsMissing => "models-missing",
            Self::ManifestInvalid => "manifest-invalid",
            Self::NoModel => "no-model",
            Self::ModelRefused => "model-refused",
            Self::ProviderUnavailable => "provider-unavailable",
            Self::ConfigInvalid => "config-invalid",
            Self::NoThreads => "no-threads",
            Self::EngineStopped => "engine-stopped",
            Self::TooMany => "too-many",
            Self::DetectorFailed => "detector-failed",
            Self::FormatRefused => "format-refused",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    /// What kind.
    pub code: ErrorCode,
    /// Where in the flow: `setup`, `capture`, `detect`, `fuse` or `alert`.
    pub stage: String,
    /// What happened, for people.
    pub message: String,
    /// What to do about it, for people.
    pub hint: String,
}

impl EngineError {
    pub(crate) fn new(code: ErrorCode, stage: &str, message: impl Into<String>, hint: &str) -> Self {
        Self { code, stage: stage.into(), message: message.into(), hint: hint.into() }
    }

    pub(crate) fn detector(reason: &str) -> Self {
        Self::new(
            ErrorCode::DetectorFailed,
            "detect",
            reason,
            "Run `callguard models verify`; if the model is whole, report this.",
        )
    }

    pub(crate) fn nobody(does: &str) -> Self {
        let message = format!("no model {does}");
        Self::new(
            ErrorCode::NoModel,
            "setup",
            message,
            "Add one to manifest.toml; `callguard models list` shows what there is.",
        )
    }

    pub(crate) fn no_threads(e: &std::io::Error) -> Self {
        Self::new(ErrorCode::NoThreads, "setup", format!("no thread: {e}"), "Lower `workers` or the system's load.")
    }
}

const INSTALL: &str = "Run `make setup`, or name the library with ORT_DYLIB_PATH.";

impl From<LibraryError> for EngineError {
    fn from(e: LibraryError) -> Self {
        use ErrorCode::{LibraryMissing, LibraryRefused, LibraryTooOld};
        let of = |probe: &ProbeError| match probe {
            ProbeError::Missing { .. } => LibraryMissing,
            ProbeError::TooOld { .. } => LibraryTooOld,
            _ => LibraryRefused,
        };
        let code = match &e {
            LibraryError::Refused(tried) => of(&tried.error),
            // What is there but cannot serve says more than what is not there.
            LibraryError::NotFound(tried) => {
                tried.iter().map(|t| of(&t.error)).find(|c| *c != LibraryMissing).unwrap_or(LibraryMissing)
            }
            _ => LibraryRefused,
        };
        Self::new(code, "setup", e.to_string(), INSTALL)
    }
}

impl From<ManifestError> for EngineError {
    fn from(e: ManifestError) -> Self {
        let (code, hint) = match &e {
            ManifestError::NotFound(_) | ManifestError::Read { .. } => {
                (ErrorCode::ModelsMissing, "Name the folder of manifest.toml with CALLGUARD_MODELS.")
            }
            _ => (ErrorCode::ManifestInvalid, "Correct the keys named in manifest.toml."),
        };
        Self::new(code, "setup", e.to_string(), hint)
    }
}

impl From<ModelError> for EngineError {
    fn from(e: ModelError) -> Self {
        let (code, hint) = match e {
            ModelError::Library(e) => return e.into(),
            ModelError::Provider { .. } => (
                ErrorCode::ProviderUnavailable,
                "Choose provider `cpu`, set fallback = \"cpu\", or run `make setup GPU=1`.",
            ),
            ModelError::Thread { ref source, .. } => return Self::no_threads(source),
            ModelError::Setting { .. } => (ErrorCode::ConfigInvalid, "Correct the setting named."),
            _ => (ErrorCode::ModelRefused, "Fetch the model again, then run `callguard models verify`."),
        };
        Self::new(code, "setup", e.to_string(), hint)
    }
}

impl From<RulesError> for EngineError {
    fn from(e: RulesError) -> Self {
        Self::new(
            ErrorCode::ConfigInvalid,
            "setup",
            e.to_string(),
            "Correct the policy, or the model's law in manifest.toml.",
        )
    }
}
