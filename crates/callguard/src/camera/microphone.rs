//! The microphone that is given on: PipeWire's own `pw-loopback`, so that sound passes as it is and nothing of ours can hold it up.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::Microphone;
use crate::trouble::{Stage, Trouble, code};

/// Between tries to start it again.
const AGAIN: Duration = Duration::from_secs(2);

/// A microphone that calls see, for as long as this lives.
#[derive(Debug)]
pub struct Given {
    from: Microphone,
    name: String,
    child: Child,
    /// When it ended, if it has.
    ended: Option<Instant>,
}

impl Given {
    /// Gives `from` on as `name`.
    ///
    /// # Errors
    /// Where PipeWire's tool is missing.
    pub fn start(from: &Microphone, name: &str) -> Result<Self, Trouble> {
        let child = spawn(from, name)?;
        Ok(Self { from: from.clone(), name: name.to_owned(), child, ended: None })
    }

    /// Starts it again where it has ended, and says so.
    pub fn keep(&mut self) {
        if self.ended.is_none() && !matches!(self.child.try_wait(), Ok(None)) {
            eprintln!("callguard: {} is gone; started again in {} s", self.name, AGAIN.as_secs());
            self.ended = Some(Instant::now());
        }
        if self.ended.is_some_and(|at| at.elapsed() >= AGAIN) {
            match spawn(&self.from, &self.name) {
                Ok(child) => (self.child, self.ended) = (child, None),
                Err(_) => self.ended = Some(Instant::now()),
            }
        }
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(from: &Microphone, name: &str) -> Result<Child, Trouble> {
    // SPA-JSON takes JSON's strings.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let mut capture = String::from("{ stream.dont-remix=true");
    if let Some(node) = &from.node {
        capture += &format!(" node.target={}", text(node));
    }
    if from.monitor {
        capture += " stream.capture.sink=true";
    }
    let playback = format!("{{ media.class=Audio/Source node.name={0} node.description={0} }}", text(name));
    // It ends with this process, however that ends.
    let mut command = Command::new("setpriv");
    command.args([
        "--pdeathsig",
        "TERM",
        "pw-loopback",
        "--capture-props",
        &(capture + " }"),
        "--playback-props",
        &playback,
    ]);
    let missing = |what: &dyn std::fmt::Display| {
        let hint = "Install pipewire-bin and util-linux (`make setup` does), or leave out --microphone.";
        Trouble::new(code::DEVICE, Stage::Open, format!("the guarded microphone does not start: {what}"), hint)
    };
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(|e| missing(&e))?;
    // A tool that is not there ends at once.
    std::thread::sleep(Duration::from_millis(100));
    match child.try_wait() {
        Ok(Some(status)) => Err(missing(&format!("pw-loopback ended: {status}"))),
        _ => Ok(child),
    }
}
