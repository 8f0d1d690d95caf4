//! Standard output: flushed line by line, and a reader that went away is no panic.

use std::io::{ErrorKind, Write};

use crate::trouble::{Stage, Trouble, code};

/// The code of "nobody reads our output any more": not worth a message.
pub const GONE: &str = "output-closed";

/// Writes a line and flushes it.
///
/// # Errors
/// [`GONE`] where the reader went away, [`code::OUTPUT`] where it cannot be written otherwise.
pub fn say(line: &str) -> Result<(), Trouble> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|e| {
        let code = if e.kind() == ErrorKind::BrokenPipe { GONE } else { code::OUTPUT };
        Trouble::new(code, Stage::Report, format!("standard output: {e}"), "Is the disk full?")
    })
}
