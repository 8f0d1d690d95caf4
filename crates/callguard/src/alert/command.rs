//! An alert to a command: JSON on standard input.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::trouble::{Stage, Trouble, code};

/// Runs `line` by the shell with `json` on its standard input, and waits for it no longer than `timeout`.
///
/// # Errors
/// Where it cannot be started, ends with a failure, or takes too long (it is then killed).
pub fn deliver(line: &str, json: &str, timeout: Duration) -> Result<(), Trouble> {
    let fail = |what: String| {
        Trouble::new(
            code::ALERT,
            Stage::Alert,
            what,
            "Run the command by hand: it gets the event as JSON on standard input and must end with 0.",
        )
    };
    let mut child = Command::new("sh")
        .args(["-c", line])
        .stdin(Stdio::piped())
        // The terminal view and `--format jsonl` own the output.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| fail(format!("the alert command cannot be started: {e}")))?;
    let stdin = child.stdin.take();
    let text = format!("{json}\n");
    // A thread of its own: a command that never reads must not hold this one past the time-out.
    let writer = std::thread::spawn(move || stdin.map_or(Ok(()), |mut pipe| pipe.write_all(text.as_bytes())));
    let status = wait(&mut child, timeout);
    // A command may end well without reading; only its own verdict counts.
    if status.is_some() {
        let _ = writer.join();
    }
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(fail(format!("the alert command failed: {status}"))),
        None => Err(fail(format!("the alert command took longer than {timeout:?} and was stopped"))),
    }
}

fn wait(child: &mut Child, timeout: Duration) -> Option<std::process::ExitStatus> {
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if begin.elapsed() < timeout => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                // It may have ended just now: then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_the_input() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("out");
        deliver(&format!("cat > '{}'", file.display()), r#"{"a":1}"#, Duration::from_secs(5)).unwrap();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "{\"a\":1}\n");
    }

    #[test]
    fn failing_and_slow_commands_are_told() {
        let said = deliver("exit 7", "{}", Duration::from_secs(5)).unwrap_err();
        assert!(said.message.contains('7'), "{said}");
        let said = deliver("sleep 60", "{}", Duration::from_millis(100)).unwrap_err();
        assert!(said.message.contains("longer than 100ms"), "{said}");
    }

    #[test]
    fn a_command_that_does_not_read_may_succeed() {
        deliver("true", &"x".repeat(1 << 20), Duration::from_secs(5)).unwrap();
    }
}
