//! `devices`: what can be recorded from.

use std::process::ExitCode;

use crate::capture::{camera, mic};
use crate::out::say;
use crate::trouble::Trouble;

/// Prints every microphone of every sound server, and every camera.
///
/// # Errors
/// Where standard output cannot be written, or GStreamer does not start.
pub fn run() -> Result<ExitCode, Trouble> {
    let mut any = false;
    for (host, devices) in mic::list() {
        match devices {
            Ok(devices) => {
                for device in devices {
                    any = true;
                    let mark = if device.default { "  (default)" } else { "" };
                    say(&format!("mic:{}{mark}\n    {}: {}", device.id, device.name, device.native))?;
                }
            }
            Err(why) => say(&format!("{}: cannot be asked: {why}", host.name()))?,
        }
    }
    crate::capture::init()?;
    let cameras = camera::list();
    for camera in &cameras {
        say(&format!("camera:{}\n    {}: {}", camera.path, camera.name, camera.native))?;
    }
    if cameras.is_empty() {
        say("no camera was found")?;
    }
    if !any {
        say("no microphone was found; `callguard doctor` tells which sound servers are there")?;
    }
    Ok(ExitCode::SUCCESS)
}
