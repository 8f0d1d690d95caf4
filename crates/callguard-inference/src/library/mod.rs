//! ONNX Runtime: found, probed, started once.

#[cfg(target_os = "linux")]
mod elf;
mod error;
mod probe;
mod start;

use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

pub use error::{LibraryError, Origin, ProbeError, Tried};

use crate::locate;

/// The interface that is asked of ONNX Runtime, and with that its oldest minor version.
///
/// It is that of the pinned release (1.31): models, calibrations and published error rates were measured with it, and a
/// build for GPUs is taken in the same version. Newer ones serve too, as the interface only grows.
pub const API_VERSION: u32 = ort::MINOR_VERSION;

/// An ONNX Runtime that was loaded, questioned and found usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    path: PathBuf,
    version: String,
}

impl Library {
    /// The first usable ONNX Runtime of: `explicit`, `ORT_DYLIB_PATH`, beside the program, build folder, system.
    ///
    /// # Errors
    /// [`LibraryError::Refused`] where `explicit` or `ORT_DYLIB_PATH` is given and does not serve: what somebody asked for
    /// is never replaced in silence. [`LibraryError::NotFound`] with everything that was looked at.
    pub fn find(explicit: Option<&Path>) -> Result<Self, LibraryError> {
        let environment = std::env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()).map(PathBuf::from);
        let named = explicit
            .map(|path| (Origin::Setting, path.to_path_buf()))
            .or_else(|| environment.map(|path| (Origin::Environment, path)));
        if let Some((origin, path)) = named {
            return Self::probe(&path).map_err(|error| LibraryError::Refused(Tried { origin, error }));
        }
        Self::first_of(candidates(&locate::homes()))
    }

    /// Loads and questions one file; see [`ProbeError`] for what it may lack. A path without a folder is left to the
    /// system's own search.
    ///
    /// # Errors
    /// Why it does not serve.
    pub fn probe(path: &Path) -> Result<Self, ProbeError> {
        probe::probe(path)
    }

    fn first_of(candidates: Vec<(Origin, PathBuf)>) -> Result<Self, LibraryError> {
        let mut tried = Vec::new();
        for (origin, path) in candidates {
            match Self::probe(&path) {
                Ok(library) => {
                    for passed in tried.iter().filter(|t: &&Tried| !matches!(t.error, ProbeError::Missing { .. })) {
                        tracing::warn!(origin = %passed.origin, "passed over: {}", passed.error);
                    }
                    return Ok(library);
                }
                Err(error) => tried.push(Tried { origin, error }),
            }
        }
        Err(LibraryError::NotFound(tried))
    }

    /// The file, or its bare name where the system's search found it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version it calls itself, e.g. `1.31.1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The version of the interface in use, [`API_VERSION`].
    #[must_use]
    pub fn api_version(&self) -> u32 {
        API_VERSION
    }
}

fn candidates(homes: &[PathBuf]) -> Vec<(Origin, PathBuf)> {
    let name = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
    let mut found = Vec::new();
    for home in homes {
        found.push((Origin::Beside, home.join(&name)));
        found.push((Origin::Beside, home.join("../lib/callguard").join(&name)));
    }
    for home in homes {
        // A program lies one or two levels down in the build folder (debug, debug/deps, debug/examples). The library for
        // GPUs lies there only where somebody asked for it, and it runs on the CPU as well.
        for folder in home.ancestors().skip(1).take(2) {
            for build in ["onnxruntime-gpu", "onnxruntime"] {
                found.push((Origin::Build, folder.join(build).join("lib").join(&name)));
            }
        }
    }
    if cfg!(target_os = "linux") {
        for folder in
            ["/usr/local/lib".into(), format!("/usr/lib/{ARCH}-linux-gnu"), "/usr/lib64".into(), "/usr/lib".into()]
        {
            found.push((Origin::System, Path::new(&folder).join(format!("{name}.1"))));
        }
    }
    // What the loader knows beyond these: LD_LIBRARY_PATH, ld.so.conf.
    if cfg!(target_os = "linux") {
        found.push((Origin::System, format!("{name}.1").into()));
    }
    found.push((Origin::System, name.into()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_search_is_fixed() {
        let homes = [PathBuf::from("/w/target/debug/deps")];
        let found = candidates(&homes);
        let origins: Vec<Origin> = found.iter().map(|(origin, _)| *origin).collect();
        let first = |wanted| origins.iter().position(|o| *o == wanted).unwrap();
        assert!(
            first(Origin::Beside) < first(Origin::Build) && first(Origin::Build) < first(Origin::System),
            "{origins:?}"
        );
        let build = (
            Origin::Build,
            PathBuf::from("/w/target/onnxruntime/lib").join(format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}")),
        );
        assert!(found.contains(&build), "{found:?}");
    }

    #[test]
    fn where_nothing_serves_everything_that_was_tried_is_told() {
        let tried =
            vec![(Origin::Beside, PathBuf::from("/nowhere/a.so")), (Origin::System, PathBuf::from("/nowhere/b.so"))];
        let error = Library::first_of(tried).unwrap_err().to_string();
        for part in [
            "beside the program: /nowhere/a.so: no such file",
            "system: /nowhere/b.so: no such file",
            "make setup",
            "ORT_DYLIB_PATH",
        ] {
            assert!(error.contains(part), "{part} is missing in: {error}");
        }
    }
}
