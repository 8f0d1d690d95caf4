//! The smaller commands: configuration, models, doctor, schemas, completions, help.
// Also in helpers that are no test themselves: what fails here fails the test.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use callguard_e2e::{Run, program, schema, sound};
use serde_json::Value;

fn callguard(dir: &Path, arguments: &[&str]) -> Run {
    program(env!("CARGO_BIN_EXE_callguard-under-test"), dir).args(arguments).output().unwrap().into()
}

#[track_caller]
fn fine(arguments: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let run = callguard(dir.path(), arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}\n{}", run.out, run.err);
    run.out
}

#[test]
fn what_config_show_prints_config_check_takes() {
    let dir = tempfile::tempdir().unwrap();
    for profile in ["broadcast", "kyc", "meeting"] {
        for arguments in [vec!["config", "show", "--profile", profile], vec!["config", "show", "--shipped", profile]] {
            let shown = callguard(dir.path(), &arguments);
            assert_eq!(shown.code, 0, "{}", shown.err);
            std::fs::write(dir.path().join("mine.toml"), &shown.out).unwrap();
            let checked = callguard(dir.path(), &["config", "check", "mine.toml"]);
            assert_eq!((checked.code, checked.out.as_str()), (0, "mine.toml: fine\n"), "{}", checked.err);
            let again = callguard(dir.path(), &["--config", "mine.toml", "config", "show"]);
            assert!(again.out.contains(&format!("profile = \"{profile}\"")), "{}", again.out);
        }
    }
}

#[test]
fn a_wrong_configuration_is_told_whole() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("wrong.toml"),
        "[policy]\nfalse_alarm = \"200%\"\ncall = 3\n[capture]\nstreams = 17\n",
    )
    .unwrap();
    for arguments in [["config", "check", "wrong.toml"], ["--config", "wrong.toml", "doctor"]] {
        let run = callguard(dir.path(), &arguments);
        if arguments[0] == "config" {
            assert_eq!(run.code, 2, "{}", run.err);
        }
        let said = run.err + &run.out;
        for wanted in ["policy.false_alarm", "policy.call: no such key", "capture.streams: is 17: must be from 1 to 16"]
        {
            assert!(said.contains(wanted), "{wanted:?} in {said}");
        }
    }
    assert_eq!(callguard(dir.path(), &["config", "check", "gone.toml"]).code, 2);
    assert_eq!(callguard(dir.path(), &["config", "show", "--shipped", "disco"]).code, 2);
}

#[test]
fn flags_win_over_the_environment_and_it_over_the_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine.toml"), "[policy]\nfalse_alarm = \"3%\"\n").unwrap();
    let shown = |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut command = program(env!("CARGO_BIN_EXE_callguard-under-test"), dir.path());
        command.args(["config", "show"]).args(arguments).envs(environment.iter().copied());
        let run = Run::from(command.output().unwrap());
        run.out.lines().find(|l| l.starts_with("false_alarm")).map(str::to_owned)
    };
    let file = ("CALLGUARD_CONFIG", "mine.toml");
    let environment = ("CALLGUARD_FALSE_ALARM", "2%");
    assert_eq!(shown(&[], &[]).as_deref(), Some("false_alarm = 0.01"));
    assert_eq!(shown(&[file], &[]).as_deref(), Some("false_alarm = 0.03"));
    assert_eq!(shown(&[file, environment], &[]).as_deref(), Some("false_alarm = 0.02"));
    assert_eq!(shown(&[file, environment], &["--false-alarm", "4%"]).as_deref(), Some("false_alarm = 0.04"));
}

#[test]
fn schemas_are_schemas_and_completions_name_the_commands() {
    for of in ["scan", "event"] {
        let _ = schema(&fine(&["schema", of]));
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = fine(&["completions", shell]);
        assert!(script.contains("scan") && script.contains("fail-on-alert"), "{shell}");
    }
}

#[test]
fn doctor_says_what_runs_where() {
    let said = fine(&["doctor"]);
    for wanted in
        ["GStreamer 1.", "callguardaudio", "ONNX Runtime", "runs on cpu", "All that the main work needs is there."]
    {
        assert!(said.contains(wanted), "{wanted:?} in\n{said}");
    }
    let dir = tempfile::tempdir().unwrap();
    let run = callguard(dir.path(), &["doctor", "--models", "nowhere", "--onnxruntime", "nowhere.so"]);
    assert_eq!(run.code, 1);
    assert!(run.out.matches("BROKEN").count() == 2 && run.out.contains("fix: "), "{}", run.out);
}

#[test]
fn models_are_listed_verified_and_measured() {
    let listed: Value = serde_json::from_str(&fine(&["models", "list", "--json"])).unwrap();
    let first = &listed[0];
    assert!(first["sha256"].as_str().unwrap().len() == 64 && first["task"] == "voice-clone", "{first:#}");
    assert!(fine(&["models", "list"]).contains("voice-clone"));
    assert!(fine(&["models", "verify"]).contains("hash, names, shapes and types are right"));
    assert!(fine(&["models", "bench", "--windows", "3"]).contains("ms a window"));
}

#[test]
fn an_altered_model_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    std::fs::copy(from.join("manifest.toml"), dir.path().join("manifest.toml")).unwrap();
    let mut bytes = std::fs::read(from.join("level.onnx")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(dir.path().join("level.onnx"), bytes).unwrap();
    std::fs::write(dir.path().join("make_model.py"), "").unwrap();
    let run = callguard(dir.path(), &["--models", ".", "models", "verify"]);
    assert!(run.code == 1 && run.err.contains("fix: "), "{}\n{}", run.out, run.err);
}

#[test]
fn help_teaches_by_examples() {
    for (arguments, wanted) in [
        (&["--help"][..], "callguard doctor"),
        (&["scan", "--help"], "Exit code: 0"),
        (&["watch", "--help"], "watch mic"),
    ] {
        let help = fine(arguments);
        assert!(help.contains("Examples:") && help.contains(wanted), "{help}");
    }
    assert!(fine(&["--version"]).starts_with("callguard 0."));
}

#[test]
fn an_announcement_that_cannot_be_read_is_an_error_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("words.wav"), "No recording.\n").unwrap();
    sound(&dir.path().join("silence.wav"), "anullsrc=r=16000:cl=mono:d=3");
    sound(&dir.path().join("short.wav"), "anoisesrc=d=0.5:r=16000");
    sound(&dir.path().join("long.wav"), "anoisesrc=d=40:r=16000");
    for (file, wanted) in [
        ("gone.wav", "no such file"),
        ("words.wav", "words.wav"),
        ("silence.wav", "silent"),
        ("short.wav", "0.5 s of sound: expected at least 1 s"),
        ("long.wav", "longer than 30 s"),
    ] {
        let file_config = format!("[detect]\nannouncements = [\"{file}\"]\n");
        std::fs::write(dir.path().join("mine.toml"), file_config).unwrap();
        for arguments in [
            &["scan", "--report", "report", "--announcement", file, "call.wav"][..],
            &["watch", "--announcement", file, "call.wav"],
            &["--config", "mine.toml", "scan", "call.wav"],
            &["config", "check", "mine.toml"],
        ] {
            let run = callguard(dir.path(), arguments);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}: {}", run.err);
            let named = format!("announcement {file}");
            for wanted in [named.as_str(), wanted, "fix: "] {
                assert!(run.err.contains(wanted), "{wanted:?} in {}", run.err);
            }
        }
        assert!(!dir.path().join("report").exists());
    }
    std::fs::write(dir.path().join("mine.toml"), format!("[detect]\nannouncements = {:?}\n", ["a.wav"; 17])).unwrap();
    let run = callguard(dir.path(), &["config", "check", "mine.toml"]);
    assert!(run.code == 2 && run.err.contains("detect.announcements: names 17 files: at most 16"), "{}", run.err);
    std::fs::write(dir.path().join("mine.toml"), "[detect]\nannouncements = [\"a.wav\"]\n").unwrap();
    let shown = callguard(dir.path(), &["--config", "mine.toml", "config", "show"]);
    assert!(shown.out.contains("announcements = [\"a.wav\"]"), "{}", shown.out);
}
