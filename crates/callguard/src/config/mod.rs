//! Configuration in layers: profile, file, environment, flags. Raw in, checked out, every complaint at once.

mod checked;
pub mod profile;
mod raw;
mod reader;
mod show;

use std::path::{Path, PathBuf};

pub use checked::{AlertSettings, Config, Detect, Limits};
pub use raw::{Raw, RawAlert, RawDetect, RawLog, RawPolicy};
pub use reader::Complaint;
pub use show::show;

use crate::cli::Common;
use crate::trouble::{Stage, Trouble, code};

/// A configuration file larger than this is a mistake (or an attack).
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Everything that is set by the profile, the file, the environment and the flags (clap has laid the flags over the environment).
///
/// # Errors
/// [`code::CONFIG`] with every complaint.
pub fn load(common: &Common) -> Result<Config, Trouble> {
    load_with(common, Raw::default())
}

/// As [`load`], with what a command's own flags say.
///
/// # Errors
/// As [`load`].
pub fn load_with(common: &Common, own: Raw) -> Result<Config, Trouble> {
    let mut complaints = Vec::new();
    let file = match &common.config {
        Some(path) => Raw::read(&read_file(path)?, &mut complaints),
        None => Raw::default(),
    };
    let config = layered(own.over(flags(common)).over(file), &mut complaints);
    if complaints.is_empty() { Ok(config) } else { Err(refusal(common.config.as_deref(), &complaints)) }
}

/// Everything that is wrong with a file's text; empty: usable.
#[must_use]
pub fn complaints_of(text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let raw = Raw::read(text, &mut complaints);
    layered(raw, &mut complaints);
    complaints
}

/// Reads a configuration file.
///
/// # Errors
/// Where it is not there, not readable, not text or too large.
pub fn read_file(path: &Path) -> Result<String, Trouble> {
    let refuse = |what: String| {
        Trouble::new(
            code::CONFIG,
            Stage::Configure,
            what,
            "Name a TOML file; `callguard config show` prints one to begin with.",
        )
    };
    let size = std::fs::metadata(path).map_err(|e| refuse(format!("{}: {e}", path.display())))?.len();
    if size > MAX_FILE_BYTES {
        return Err(refuse(format!("{}: {size} bytes are no configuration file", path.display())));
    }
    std::fs::read_to_string(path).map_err(|e| refuse(format!("{}: {e}", path.display())))
}

/// What to say of a configuration that cannot be used.
#[must_use]
pub fn refusal(file: Option<&Path>, complaints: &[Complaint]) -> Trouble {
    let from = file.map_or_else(|| "the configuration".to_owned(), |f| f.display().to_string());
    let lines: Vec<String> = complaints.iter().map(|c| format!("  {c}")).collect();
    Trouble::new(
        code::CONFIG,
        Stage::Configure,
        format!("{from}: {} thing(s) wrong\n{}", complaints.len(), lines.join("\n")),
        "Correct what is listed; `callguard config show` prints every key with its value.",
    )
}

fn layered(top: Raw, complaints: &mut Vec<Complaint>) -> Config {
    let name = top.profile.clone().unwrap_or_else(|| profile::PROFILES[0].name.to_owned());
    let below = match profile::find(&name) {
        Some(profile) => Raw::read(profile.text, complaints),
        None => {
            let message = format!("is \"{name}\": must be of {}", profile::names());
            complaints.push(Complaint { key: "profile".to_owned(), message });
            Raw::read(profile::PROFILES[0].text, complaints)
        }
    };
    Config::check(top.over(below), complaints)
}

/// What the flags of `scan` and `watch` say of announcements: where there are any, the file's are left aside.
#[must_use]
pub fn announcements(files: &[PathBuf]) -> RawDetect {
    let announcements = (!files.is_empty()).then(|| files.iter().map(|p| p.to_string_lossy().into_owned()).collect());
    RawDetect { announcements, ..RawDetect::default() }
}

fn flags(common: &Common) -> Raw {
    let text = |p: &std::path::PathBuf| p.to_string_lossy().into_owned();
    Raw {
        profile: common.profile.clone(),
        policy: RawPolicy { false_alarm: common.false_alarm, ..RawPolicy::default() },
        detect: RawDetect {
            models: common.models.as_ref().map(text),
            onnxruntime: common.onnxruntime.as_ref().map(text),
            provider: common.provider,
            fallback: common.fallback,
            ..RawDetect::default()
        },
        log: RawLog { filter: common.log.clone(), format: common.log_format },
        ..Raw::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_complaints(text: &str, wanted: &[&str]) {
        let said: Vec<String> = complaints_of(text).iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), wanted.len(), "{text}: {said:#?}");
        for (said, wanted) in said.iter().zip(wanted) {
            assert!(said.contains(wanted), "{said:?} should tell {wanted:?}");
        }
    }

    #[test]
    fn shipped_profiles_are_right_and_say_every_key() {
        for profile in profile::PROFILES {
            assert_complaints(profile.text, &[]);
            let raw = Raw::read(profile.text, &mut Vec::new());
            assert_eq!(raw.profile.as_deref(), Some(profile.name));
            assert!(raw.policy.false_alarm.is_some() && raw.policy.call_s.is_some() && raw.alert.queue.is_some());
        }
    }

    #[test]
    fn every_complaint_comes_at_once() {
        let text = "profile = \"disco\"\n[policy]\nfalse_alarm = 7.0\ncall_s = \"long\"\n[capture]\nstreems = 3\nchannels = 99\n\
                    scan_schemes = [\"gopher\"]\n[alert]\non_alert = [\"ftp://x\"]\nattempts = -1\n[detect]\nprovider = \"gpu\"\n[nonsense]\n";
        assert_complaints(
            text,
            &[
                "policy.false_alarm",
                "policy.call_s: is \"long\": must be a number",
                "detect.provider",
                "capture.streems: no such key; did you mean streams?",
                "alert.attempts: is -1: must be a whole number",
                "nonsense: no such key; known here: profile, policy",
                "profile: is \"disco\": must be of broadcast, kyc, meeting",
                "capture.scan_schemes: \"gopher\"",
                "capture.channels: is 99: must be from 1 to 8",
                "alert.on_alert",
            ],
        );
    }

    #[test]
    fn what_a_finding_is_worth_is_one_of_three_words() {
        let wrong = "[provenance]\nvirtual_camera = \"alert\"\nvirtual_cam = \"note\"\nfile_loop = 3\n";
        let wanted = [
            "provenance.virtual_camera: is \"alert\": must be of allow, note, suspect",
            "provenance.file_loop: is 3: must be a text in quotes",
            "provenance.virtual_cam: no such key",
        ];
        assert_complaints(wrong, &wanted);
        let raw = Raw::read("[provenance]\nodd_format = \"suspect\"\n", &mut Vec::new());
        let config = layered(raw, &mut Vec::new());
        assert!(show(&config).contains("odd_format = \"suspect\"") && show(&config).contains("no_noise = \"note\""));
    }

    #[test]
    fn text_that_is_no_toml_is_one_complaint() {
        assert_complaints("policy = [", &["TOML"]);
    }

    #[test]
    fn flags_win_over_file_and_file_over_profile() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "profile = \"kyc\"\n[policy]\nfalse_alarm = \"2%\"\ncall_s = 60\n").unwrap();
        let common = Common { config: Some(file), false_alarm: Some(0.03), ..Common::default() };
        let config = load(&common).unwrap();
        assert_eq!((config.policy.false_alarm, config.policy.call_s, config.profile.as_str()), (0.03, 60.0, "kyc"));
        let kyc = load(&Common { profile: Some("kyc".into()), ..Common::default() }).unwrap();
        assert_eq!(config.policy.clear_at, kyc.policy.clear_at);
    }

    #[test]
    fn what_is_shown_reads_back_the_same() {
        for profile in profile::PROFILES {
            let config = load(&Common { profile: Some(profile.name.into()), ..Common::default() }).unwrap();
            let text = show(&config);
            assert_complaints(&text, &[]);
            assert_eq!(show(&layered(Raw::read(&text, &mut Vec::new()), &mut Vec::new())), text);
        }
    }

    proptest::proptest! {
        /// Whatever a file holds, reading it ends with complaints or a configuration, never with a panic.
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = complaints_of(&text);
        }
    }
}
