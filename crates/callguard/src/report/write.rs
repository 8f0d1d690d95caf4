//! A folder of pages and the index that leads to them.

use std::path::{Path, PathBuf};

use minijinja::{Environment, Value, context};

use super::page::{self, Page, broken, clock};
use crate::scan::result::{ScanResult, Status};
use crate::trouble::{Stage, Trouble, code};

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Recordings.
    File,
    /// Live calls.
    Call,
}

/// A report that is being written.
#[derive(Debug)]
pub struct Report {
    dir: PathBuf,
    unit: Unit,
    templates: Environment<'static>,
    rows: Vec<Value>,
    promise: String,
    counts: Vec<(&'static str, usize)>,
}

impl Report {
    /// Makes the folder. Pages of an earlier report with the same names are replaced, other files are left alone.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn create(dir: &Path, unit: Unit) -> Result<Self, Trouble> {
        std::fs::create_dir_all(dir).map_err(|e| unwritable(dir, &e))?;
        let counts = ["synthetic", "suspect", "genuine", "inconclusive", "error"].map(|v| (v, 0)).to_vec();
        Ok(Self {
            dir: dir.to_owned(),
            unit,
            templates: page::templates()?,
            rows: Vec::new(),
            promise: String::new(),
            counts,
        })
    }

    /// Writes one page.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn add(&mut self, page: &Page) -> Result<(), Trouble> {
        let name = file_name(self.rows.len() + 1, &page.title);
        let path = self.dir.join(&name);
        std::fs::write(&path, page.html(&self.templates)?).map_err(|e| unwritable(&path, &e))?;
        let result = &page.result;
        let verdict = if result.status == Status::Error { "error" } else { result.verdict };
        if let Some((_, n)) = self.counts.iter_mut().find(|(v, _)| *v == verdict) {
            *n += 1;
        }
        self.promise = page.promise();
        self.rows.push(row(&name, verdict, &page.title, result));
        Ok(())
    }

    /// Writes the index and says where it is.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(self) -> Result<PathBuf, Trouble> {
        let path = self.dir.join("index.html");
        let (title, column) = match self.unit {
            Unit::File => ("Recordings judged", "Recording"),
            Unit::Call => ("Calls guarded", "Call"),
        };
        let counts: Vec<String> =
            self.counts.iter().filter(|(_, n)| *n > 0).map(|(verdict, n)| format!("{n} {verdict}")).collect();
        let values = context! {
            version => env!("CARGO_PKG_VERSION"),
            title => title,
            column => column,
            summary => counts.join(", "),
            rows => self.rows,
            promise => self.promise,
        };
        let html = self.templates.get_template("index.html").and_then(|t| t.render(values)).map_err(|e| broken(&e))?;
        std::fs::write(&path, html).map_err(|e| unwritable(&path, &e))?;
        Ok(path)
    }
}

fn row(href: &str, verdict: &str, title: &str, result: &ScanResult) -> Value {
    let alerts: Vec<String> =
        result.alerts.iter().map(|a| format!("{} at {}", a.hypothesis, clock(a.raised_s))).collect();
    context! {
        href => href,
        verdict => verdict,
        label => verdict,
        name => title,
        problem => result.error.as_ref().map(|e| e.message.clone()),
        length => result.duration_s.map_or_else(|| "–".to_owned(), clock),
        llr => result.llr.map_or_else(|| "–".to_owned(), |x| format!("{x:+.2}")),
        alerts => alerts.join(", "),
    }
}

/// Numbered, so that inputs of one name do not write over one another; plain, so that it is a link as it stands.
fn file_name(number: usize, title: &str) -> String {
    let last = title.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String =
        last.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' }).take(60).collect();
    format!("{number:04}-{plain}.html")
}

fn unwritable(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::new(
        code::OUTPUT,
        Stage::Report,
        format!("{}: {error}", path.display()),
        "Name a folder that can be written to.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_differ() {
        assert_eq!(file_name(3, "/a/b/Gäste & co.wav"), "0003-G-ste---co-wav.html");
        assert_eq!(file_name(4, "../../etc/passwd"), "0004-passwd.html");
    }
}
