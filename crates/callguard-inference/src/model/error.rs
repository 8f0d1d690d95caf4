//! What can keep a model from starting.

use std::io;
use std::path::PathBuf;

use crate::{LibraryError, Provider};

/// Why a model does not start. Except for [`Thread`](Self::Thread), trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// ONNX Runtime does not come up.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The graph's file cannot be read: install the model.
    #[error("model {model}: {path}: {source}", path = path.display())]
    Read {
        /// The model.
        model: String,
        /// Its file.
        path: PathBuf,
        /// What reading said.
        source: io::Error,
    },
    /// The file is not the one that the manifest means: fetch it again.
    #[error("model {model}: {path}: expected SHA-256 {expected}, found {actual}", path = path.display())]
    Hash {
        /// The model.
        model: String,
        /// Its file.
        path: PathBuf,
        /// The manifest's.
        expected: String,
        /// The file's.
        actual: String,
    },
    /// ONNX Runtime refuses the graph.
    #[error("model {model}: {path}: not a graph that ONNX Runtime takes: {reason}", path = path.display())]
    Graph {
        /// The model.
        model: String,
        /// Its file.
        path: PathBuf,
        /// The runtime's words.
        reason: String,
    },
    /// An input or output is not what the manifest says: one of both is of another version.
    #[error("model {model}: {tensor}: expected {expected}, found {actual}")]
    Tensor {
        /// The model.
        model: String,
        /// Side and name.
        tensor: String,
        /// The manifest's type and shape.
        expected: String,
        /// The graph's.
        actual: String,
    },
    /// A kind of model that this crate cannot run.
    #[error("model {model}: expected {expected}, found {actual}")]
    Unsupported {
        /// The model.
        model: String,
        /// What can be run.
        expected: &'static str,
        /// What the manifest has.
        actual: String,
    },
    /// The provider that was asked for cannot be had: install it, choose `cpu`, or set `fallback = "cpu"`.
    #[error("model {model}: provider {provider} cannot be had: {reason}")]
    Provider {
        /// The model.
        model: String,
        /// What was asked for.
        provider: Provider,
        /// The runtime's words.
        reason: String,
    },
    /// A first run failed.
    #[error("model {model}: warm-up with {batch} items failed: {reason}")]
    WarmUp {
        /// The model.
        model: String,
        /// Items in the run.
        batch: usize,
        /// The runtime's words.
        reason: String,
    },
    /// A setting out of its range.
    #[error("model {model}: {key} = {actual}: expected {expected}")]
    Setting {
        /// The model.
        model: String,
        /// The setting.
        key: &'static str,
        /// Its range.
        expected: &'static str,
        /// Its value.
        actual: usize,
    },
    /// The system gives no more threads: retry with less.
    #[error("model {model}: no thread: {source}")]
    Thread {
        /// The model.
        model: String,
        /// The system's words.
        source: io::Error,
    },
    /// The runtime panicked while starting.
    #[error("model {model}: panicked while starting: {reason}")]
    Panicked {
        /// The model.
        model: String,
        /// What it said.
        reason: String,
    },
}
