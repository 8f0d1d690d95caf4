//! What can be wrong with a library.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Where a candidate comes from. The order is the order of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag or the configuration.
    Setting,
    /// The environment variable `ORT_DYLIB_PATH`.
    Environment,
    /// Beside the program or the plugin.
    Beside,
    /// The build folder that the program or the plugin lies in.
    Build,
    /// Where the system keeps libraries.
    System,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Setting => "setting",
            Self::Environment => "ORT_DYLIB_PATH",
            Self::Beside => "beside the program",
            Self::Build => "build folder",
            Self::System => "system",
        })
    }
}

/// Why one file cannot serve. None of these heals by trying again.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nothing there: install it or correct the path.
    #[error("{path}: no such file", path = path.display())]
    Missing {
        /// The candidate.
        path: PathBuf,
    },
    /// Correct its permissions.
    #[error("{path}: cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The candidate.
        path: PathBuf,
        /// What reading said.
        source: io::Error,
    },
    /// A folder, a pipe, a text: name the library itself.
    #[error("{path}: not a shared library", path = path.display())]
    NotALibrary {
        /// The candidate.
        path: PathBuf,
    },
    /// Built for another processor: take the package of this one.
    #[error("{path}: built for another processor: expected {expected}, found {actual}", path = path.display())]
    WrongArchitecture {
        /// The candidate.
        path: PathBuf,
        /// What this program runs on.
        expected: &'static str,
        /// What the file's header says.
        actual: String,
    },
    /// The loader refuses it, mostly for a library that it needs in turn.
    #[error("{path}: cannot be loaded: {reason}", path = path.display())]
    Unloadable {
        /// The candidate.
        path: PathBuf,
        /// The loader's words.
        reason: String,
    },
    /// A library, but another one.
    #[error("{path}: not ONNX Runtime (it has no usable OrtGetApiBase)", path = path.display())]
    NotOnnxRuntime {
        /// The candidate.
        path: PathBuf,
    },
    /// Take a newer one.
    #[error("{path}: ONNX Runtime {actual} is too old: expected {expected} or newer", path = path.display())]
    TooOld {
        /// The candidate.
        path: PathBuf,
        /// Oldest version that serves.
        expected: String,
        /// What it calls itself.
        actual: String,
    },
}

/// One candidate of the search and why it was passed over.
#[derive(Debug)]
pub struct Tried {
    /// Where it comes from.
    pub origin: Origin,
    /// Why it does not serve.
    pub error: ProbeError,
}

/// No ONNX Runtime. Retrying does not help; what does is in the message.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// What was named does not serve. Nothing else is taken in its place.
    #[error("ONNX Runtime named by {}: {}\n{}", .0.origin, .0.error, FIX)]
    Refused(Tried),
    /// Nothing that serves lies anywhere. Candidates that do not exist are in the list too.
    #[error("no usable ONNX Runtime was found; looked at:{}\n{}", list(.0), FIX)]
    NotFound(Vec<Tried>),
    /// A process can use one library, and it uses another already: restart it.
    #[error("ONNX Runtime was already loaded from {loaded}; {wanted} cannot take its place in a running process", loaded = loaded.display(), wanted = wanted.display())]
    AlreadyLoaded {
        /// In use.
        loaded: PathBuf,
        /// Asked for.
        wanted: PathBuf,
    },
    /// The library loads but does not come up.
    #[error("{path}: ONNX Runtime {version} does not start: {reason}", path = path.display())]
    Start {
        /// The library.
        path: PathBuf,
        /// Its version.
        version: String,
        /// Its words.
        reason: String,
    },
}

const FIX: &str = "Run `make setup` in the source folder, or name libonnxruntime.so of ONNX Runtime 1.31 or newer in the setting `library` or in ORT_DYLIB_PATH.";

fn list(tried: &[Tried]) -> String {
    tried.iter().map(|t| format!("\n  {}: {}", t.origin, t.error)).collect()
}
