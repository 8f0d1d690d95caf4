//! The models: ONNX Runtime behind a manifest, owner threads and batches.
//!
//! The only crate that names `ort`. In the order of the flow: a [`Manifest`] says what models there are and how their scores
//! are calibrated; a [`Library`] is ONNX Runtime, found and probed before anything of it is used; a [`Model`] is one graph
//! in work: it owns its session on a thread of its own, takes [`Request`]s over a bounded queue and answers each through a
//! [`Ticket`]. Detectors know only the trait [`Score`].
//!
//! ```no_run
//! use callguard_inference::{Library, Manifest, Model, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let manifest = Manifest::load(&Manifest::find(None)?)?;
//! let library = Library::find(None)?;
//! let spec = manifest.by_task("voice-clone").ok_or("no voice model")?;
//! let model = Model::start(&library, spec, &Options::default())?;
//! let logit = model.run(vec![0.0; spec.input_len()])?;
//! # Ok(())
//! # }
//! ```

mod library;
mod locate;
mod manifest;
mod model;
mod provider;
mod score;

pub use library::{API_VERSION, Library, LibraryError, Origin, ProbeError, Tried};
pub use manifest::{CueSpec, Dim, Element, Manifest, ManifestError, ModelSpec, SourceSpec, TensorSpec};
pub use model::{Model, ModelError, Options, Percentiles, Request, RunError, Stats, SubmitError, Tensor, Ticket};
pub use provider::{Fallback, Provider, UnknownName};
pub use score::Score;
