//! Live calls, guarded.

mod board;
mod jsonl;
mod plain;
mod player;
mod screen;
mod source;
mod terminal;

use crate::trouble::Trouble;
use std::process::ExitCode;
/// stub
pub fn run(
    _c: &crate::cli::Common,
    _a: &crate::cli::Watch,
    _m: Option<&clap::ArgMatches>,
) -> Result<ExitCode, Trouble> {
    Ok(ExitCode::SUCCESS)
}
