//! The README's commands, run as they stand: in a folder where `target/release/callguard` is this build and the demo's two callers
//! are short ones made here.
// Also in helpers that are no test themselves: what fails here fails the test.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use callguard_e2e::{Run, convert, program, robot};

const README: &str = include_str!("../../README.md");

/// The command lines of all `console` blocks, continued lines joined.
fn commands(readme: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let (mut inside, mut open) = (false, false);
    for line in readme.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => {
                let more = line.strip_prefix("$ ");
                if let Some(text) = more {
                    commands.push(text.to_owned());
                } else if let Some(last) = commands.last_mut().filter(|_| open) {
                    last.push('\n');
                    last.push_str(line);
                }
                open = line.ends_with('\\');
            }
        }
    }
    commands
}

fn place(dir: &Path) {
    let exe = Path::new(env!("CARGO_BIN_EXE_callguard-under-test"));
    for folder in ["target/release", "target/demo"] {
        std::fs::create_dir_all(dir.join(folder)).unwrap();
    }
    std::os::unix::fs::symlink(exe, dir.join("target/release/callguard")).unwrap();
    for name in ["caller-genuine", "caller-impostor"] {
        let file = dir.join("target/demo").join(name);
        let (sound, clip) = (file.with_extension("wav"), file.with_extension("mp4"));
        robot(&sound, "A caller with a few words to say.");
        let picture = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-shortest", "-pix_fmt", "yuv420p"];
        convert(&sound, &picture, &clip);
    }
}

#[test]
fn every_command_works_as_it_stands() {
    let all = commands(README);
    // `make` is run by CI itself, around this very test.
    let ours: Vec<&String> = all.iter().filter(|c| !c.starts_with("make ")).collect();
    assert!(ours.len() >= 5, "{all:?}");
    let dir = tempfile::tempdir().unwrap();
    place(dir.path());
    for command in ours {
        assert!(command.starts_with("target/release/callguard "), "nothing else is known to be there: {command}");
        let run: Run = program("sh", dir.path()).args(["-c", command]).output().unwrap().into();
        assert_eq!(run.code, 0, "{command}\n{}\n{}", run.out, run.err);
        assert!(!run.out.is_empty(), "{command}");
    }
}

#[test]
fn continued_lines_are_one_command() {
    let text = "```console\n$ one \\\n  two\noutput\n$ three\n```\n$ no\n";
    assert_eq!(commands(text), ["one \\\n  two", "three"]);
}
