//! Which models there are: `models/manifest.toml`.

mod raw;
mod spec;

use std::io;
use std::path::{Path, PathBuf};

use callguard_core::Fusion;

pub use spec::{CueSpec, Dim, Element, ModelSpec, SourceSpec, TensorSpec};

use crate::locate;

/// The environment variable that names the models' folder or its manifest.
const VARIABLE: &str = "CALLGUARD_MODELS";

/// The file in the models' folder.
const FILE: &str = "manifest.toml";

/// A checked manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The folder it lies in, absolute; all its files lie below.
    pub dir: PathBuf,
    /// The models in the manifest's order.
    pub models: Vec<ModelSpec>,
    /// Sources of evidence that need no model.
    pub cues: Vec<CueSpec>,
    /// How several sources of one hypothesis are weighed, where that was fitted.
    pub fusions: Vec<Fusion>,
}

/// No usable manifest. Retrying does not help.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is none: install the models or name their folder.
    #[error("no models/manifest.toml was found; looked at:{list}\nName the models' folder in the setting `models` or in CALLGUARD_MODELS.", list = lines(.0.iter().map(|p| p.display())))]
    NotFound(Vec<PathBuf>),
    /// It cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The manifest.
        path: PathBuf,
        /// What reading said.
        source: io::Error,
    },
    /// It is not TOML.
    #[error("{path}: not valid TOML: {message}", path = path.display())]
    Syntax {
        /// The manifest.
        path: PathBuf,
        /// Line, column and what was expected.
        message: String,
    },
    /// It is TOML, but not a manifest: everything that is wrong.
    #[error("{path}: {n} to mend:{list}", path = path.display(), n = complaints.len(), list = lines(complaints))]
    Invalid {
        /// The manifest.
        path: PathBuf,
        /// Each with its key and value.
        complaints: Vec<String>,
    },
}

fn lines<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| format!("\n  {}", item.to_string())).collect()
}

impl Manifest {
    /// Reads and checks a manifest. The models' files are looked at only by [`Model::start`](crate::Model::start).
    ///
    /// # Errors
    /// [`ManifestError::Invalid`] holds *every* complaint, not the first.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let read = |source| ManifestError::Read { path: path.into(), source };
        let path_absolute = path.canonicalize().map_err(read)?;
        let text = std::fs::read_to_string(&path_absolute).map_err(read)?;
        let table = text.parse().map_err(|e: toml::de::Error| ManifestError::Syntax {
            path: path.into(),
            message: e.to_string().trim().into(),
        })?;
        let dir = path_absolute.parent().unwrap_or(Path::new("/")).to_path_buf();
        raw::check(table, &dir).map_err(|complaints| ManifestError::Invalid { path: path.into(), complaints })
    }

    /// The manifest's path: `explicit`, else the variable `CALLGUARD_MODELS` (each a folder or the file itself), else
    /// beside the program or plugin, in the source folder it was built in, or where the system keeps shared data.
    ///
    /// # Errors
    /// [`ManifestError::NotFound`] with every path that was looked at. What `explicit` or the variable names is never
    /// replaced by another.
    pub fn find(explicit: Option<&Path>) -> Result<PathBuf, ManifestError> {
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let candidates = match explicit.map(Path::to_path_buf).or(variable) {
            Some(named) if named.is_dir() => vec![named.join(FILE)],
            Some(named) => vec![named],
            None => candidates(&locate::homes()),
        };
        match candidates.iter().find(|path| path.is_file()) {
            Some(found) => Ok(found.clone()),
            None => Err(ManifestError::NotFound(candidates)),
        }
    }

    /// The first model for a task.
    #[must_use]
    pub fn by_task(&self, task: &str) -> Option<&ModelSpec> {
        self.models.iter().find(|model| model.task == task)
    }

    /// The cue of that id.
    #[must_use]
    pub fn cue(&self, id: &str) -> Option<&CueSpec> {
        self.cues.iter().find(|cue| cue.id == id)
    }

    /// The model of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&ModelSpec> {
        self.models.iter().find(|model| model.id == id)
    }
}

fn candidates(homes: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for home in homes {
        found.push(home.join("models").join(FILE));
        found.push(home.join("../share/callguard/models").join(FILE));
    }
    for home in homes {
        // Only a folder that is a Cargo workspace: anything else above a program is not ours.
        let sources = home.ancestors().skip(1).filter(|folder| folder.join("Cargo.toml").is_file());
        found.extend(sources.map(|folder| folder.join("models").join(FILE)));
    }
    found.push(Path::new("/usr/share/callguard/models").join(FILE));
    found
}
