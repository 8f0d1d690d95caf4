//! `devices`: what can be recorded from.

use std::process::ExitCode;

use crate::capture::provenance::{Facts, made_by_software};
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
                    remark(&device.facts)?;
                }
            }
            Err(why) => say(&format!("{}: cannot be asked: {why}", host.name()))?,
        }
    }
    crate::capture::init()?;
    let cameras = camera::list();
    for camera in &cameras {
        say(&format!("{}\n    {}: {}", camera.id, camera.name, camera.native))?;
        remark(&camera.facts)?;
    }
    if cameras.is_empty() {
        say("no camera was found")?;
    }
    if !any {
        say("no microphone was found; `callguard doctor` tells which sound servers are there")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What its name, driver and address give away.
fn remark(facts: &Facts) -> Result<(), Trouble> {
    made_by_software(facts).map_or(Ok(()), |found| say(&format!("    {}: {}", found.finding, found.detail)))
}
