//! The log: to stderr, above a progress bar, or into the terminal view, whichever is there.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::{EnvFilter, fmt};

use crate::cli::LogFormat;
use crate::config::{Complaint, Config, refusal};
use crate::trouble::Trouble;

/// Lines the terminal view keeps.
const KEPT: usize = 200;

/// Where the log goes now.
#[derive(Debug, Default)]
enum Goal {
    #[default]
    Stderr,
    Above(ProgressBar),
    Pane(VecDeque<String>),
}

/// A handle on where the log goes.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Goal>>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Goal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on lines go above this bar.
    pub fn above(&self, bar: &ProgressBar) {
        *self.lock() = Goal::Above(bar.clone());
    }

    /// From now on lines are kept for a view that draws them.
    pub fn to_pane(&self) {
        *self.lock() = Goal::Pane(VecDeque::new());
    }

    /// From now on lines go to stderr; what a pane still held goes there first.
    pub fn to_stderr(&self) {
        if let Goal::Pane(lines) = std::mem::take(&mut *self.lock()) {
            lines.iter().for_each(|line| eprintln!("{line}"));
        }
    }

    /// The newest lines of the pane, oldest first.
    #[must_use]
    pub fn newest(&self, count: usize) -> Vec<String> {
        match &*self.lock() {
            Goal::Pane(lines) => lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect(),
            _ => Vec::new(),
        }
    }
}

/// One log line being written.
#[derive(Debug)]
pub struct Line {
    log: Log,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        match &mut *self.log.lock() {
            // A closed stderr is no reason to fail.
            Goal::Stderr => drop(io::stderr().write_all(&self.text)),
            Goal::Above(bar) => bar.suspend(|| drop(io::stderr().write_all(&self.text))),
            Goal::Pane(lines) => {
                if lines.len() >= KEPT {
                    lines.pop_front();
                }
                lines.push_back(String::from_utf8_lossy(&self.text).trim_end().to_owned());
            }
        }
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { log: self.clone(), text: Vec::new() }
    }
}

/// Begins logging as configured.
///
/// # Errors
/// Where the filter cannot be read.
pub fn start(config: &Config) -> Result<Log, Trouble> {
    let text = config.log_filter.as_deref().unwrap_or("warn");
    let filter = EnvFilter::try_new(text).map_err(|e| {
        refusal(
            None,
            &[Complaint {
                key: "log.filter".into(),
                message: format!("is \"{text}\": {e}; try warn, info or callguard=debug"),
            }],
        )
    })?;
    let log = Log::default();
    let lines = fmt().with_env_filter(filter).with_writer(log.clone()).with_ansi(io::stderr().is_terminal());
    // A subscriber that is already there belongs to a test that runs several commands in one process.
    let _ = match config.log_format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().with_span_events(FmtSpan::CLOSE).try_init(),
    };
    Ok(log)
}
