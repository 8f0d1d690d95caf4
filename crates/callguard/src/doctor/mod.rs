//! `doctor`: what is missing, what runs where, and the fix for each.

mod checks;

use std::io::IsTerminal;
use std::process::ExitCode;

use crate::cli::Common;
use crate::out::say;
use crate::trouble::Trouble;

/// How one thing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It works, and this is what it is.
    Fine(String),
    /// It is not there, and only part of the work needs it.
    Lacking(Trouble),
    /// Without it the main work cannot be done.
    Broken(Trouble),
}

/// Looks at everything and says how it stands. Ends with 1 where something is broken.
///
/// # Errors
/// Where standard output cannot be written.
pub fn run(common: &Common) -> Result<ExitCode, Trouble> {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut broken = false;
    checks::all(common, &mut |name, finding| {
        let (mark, tone, text) = match &finding {
            Finding::Fine(text) => ("ok      ", "32", text.clone()),
            Finding::Lacking(trouble) => ("missing ", "33", said(trouble)),
            Finding::Broken(trouble) => ("BROKEN  ", "31", said(trouble)),
        };
        broken |= matches!(finding, Finding::Broken(_));
        let mark = if colour { format!("\u{1b}[{tone}m{mark}\u{1b}[0m") } else { mark.to_owned() };
        say(&format!("{mark}  {name:<16}  {}", text.replace('\n', "\n                            ")))
    })?;
    say(if broken {
        "\nSomething is broken: the fixes stand above."
    } else {
        "\nAll that the main work needs is there."
    })?;
    Ok(ExitCode::from(u8::from(broken)))
}

fn said(trouble: &Trouble) -> String {
    format!("{}\nfix: {}", trouble.message, trouble.hint)
}
