//! Every event into a file, one JSON object per line.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use callguard_core::CallEvent;

use crate::trouble::{Stage, Trouble, code};

/// A file that events are appended to.
#[derive(Debug)]
pub struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// Opens it for appending: an earlier session's events stay.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let file = File::options().create(true).append(true).open(path).map_err(|e| unwritable(path, &e))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends an event as one write, so that lines of several writers do not mix.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn add(&mut self, event: &CallEvent) -> Result<(), Trouble> {
        let mut line = serde_json::to_vec(event).map_err(|e| unwritable(&self.path, &e))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|e| unwritable(&self.path, &e))
    }
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(
        code::OUTPUT,
        Stage::Report,
        format!("{}: {error}", path.display()),
        "Name a file that can be written to.",
    )
}
