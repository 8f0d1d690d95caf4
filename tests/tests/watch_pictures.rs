//! `callguard watch` on pictures: the same evidence as `scan`, pictures and sound from different places, and the overlay. The models are the
//! stand-ins of `tests/models`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use callguard_e2e::pictures::{H264, JPEG, clip, clip_with, frames, turn};
use callguard_e2e::{Run, assert_valid, convert, program, robot, schema, sound};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../docs/schemas/callguard.event-1.schema.json");
const TEXT: &str = "Good evening, I would like to ask about my account, and whether you can hear and see me well.";

fn callguard(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_callguard-under-test"), dir);
    command.args(arguments).env("CALLGUARD_MODELS", Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
    command
}

fn run(dir: &Path, arguments: &[&str]) -> Run {
    callguard(dir, arguments).output().unwrap().into()
}

#[track_caller]
fn fine(dir: &Path, arguments: &[&str]) -> Run {
    let run = run(dir, arguments);
    assert_eq!(run.code, 0, "{arguments:?}\n{}\n{}", run.out, run.err);
    run
}

fn events(path: &Path) -> Vec<Value> {
    let events: Vec<Value> =
        std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let schema = schema(SCHEMA);
    events.iter().for_each(|e| assert_valid(&schema, e));
    events
}

/// What an alert says, but for its identifier.
fn said(alert: &Value) -> (String, Vec<f64>, Vec<(String, f64)>) {
    let number = |v: &Value| v.as_f64().unwrap();
    let reasons = alert["reasons"].as_array().unwrap();
    (
        alert["hypothesis"].as_str().unwrap().to_owned(),
        // Not the threshold: that is of the promise for the call's length, and `scan` counts to the last look.
        ["onset_s", "raised_s", "score"].map(|key| number(&alert[key])).to_vec(),
        reasons.iter().map(|r| (r["source"].as_str().unwrap().to_owned(), number(&r["llr"]))).collect(),
    )
}

#[track_caller]
fn assert_same(live: &Value, scanned: &Value) {
    let ((hypothesis, numbers, reasons), (wanted, wanted_numbers, wanted_reasons)) = (said(live), said(scanned));
    assert_eq!(hypothesis, wanted);
    let close = |a: f64, b: f64| (a - b).abs() < 2e-3;
    assert!(numbers.iter().zip(&wanted_numbers).all(|(a, b)| close(*a, *b)), "{numbers:?} {wanted_numbers:?}");
    let same = |((a, x), (b, y)): (&(String, f64), &(String, f64))| a == b && close(*x, *y);
    assert!(
        reasons.len() == wanted_reasons.len() && reasons.iter().zip(&wanted_reasons).all(same),
        "{reasons:?} {wanted_reasons:?}"
    );
}

#[test]
fn live_and_scan_say_the_same_of_the_same_pictures() {
    let dir = tempfile::tempdir().unwrap();
    clip(&dir.path().join("face.mov"), (320, 240), 25, 6, JPEG);
    // The promise for a call as long as the clip, which is what `scan` keeps.
    std::fs::write(dir.path().join("short.toml"), "[policy]\ncall_s = 6.0\nfalse_alarm = \"20%\"\n").unwrap();
    let scanned = fine(dir.path(), &["--config", "short.toml", "scan", "--format", "jsonl", "face.mov"]).json();
    let wanted = scanned[0]["alerts"].as_array().unwrap();
    assert_eq!(wanted.len(), 1, "{:#}", scanned[0]);
    for attempt in 0..4 {
        let file = format!("{attempt}.jsonl");
        let live = fine(dir.path(), &["--config", "short.toml", "watch", "--jsonl", &file, "face.mov"]);
        let events = events(&dir.path().join(&file));
        if events.iter().any(|e| e["dropped"] != 0) {
            continue;
        }
        let raised: Vec<&Value> = events.iter().filter(|e| e["type"] == "alert-raised").collect();
        assert_eq!(raised.len(), 1);
        assert_same(&raised[0]["alert"], &wanted[0]);
        let llr = scanned[0]["llr"].as_f64().unwrap();
        assert!(live.out.lines().last().unwrap().contains(&format!("evidence {llr:+.1} nats")), "{}", live.out);
        return;
    }
    eprintln!("skipped: this machine is too busy to look at every picture in time");
}

#[test]
fn pictures_and_sound_of_one_call_come_from_where_they_are_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    robot(&at("voice.wav"), TEXT);
    clip_with(&at("face.mp4"), &at("voice.wav"), 4, H264);
    let parts = ["watch", "--jsonl", "e.jsonl", "--call", "desk", "--video", "face.mp4", "--audio", "voice.wav"];
    let parted = fine(dir.path(), &parts);
    for wanted in ["desk/face face  joined", "desk/voice voice  joined"] {
        assert!(parted.out.contains(wanted), "{wanted} in\n{}", parted.out);
    }
    let events = events(&at("e.jsonl"));
    let joined = |kind: &str| events.iter().filter(|e| e["type"] == "joined" && e["kind"] == kind).count();
    assert_eq!((joined("face"), joined("voice")), (1, 1), "the film's own sound is left out");
    let whole = fine(dir.path(), &["watch", "face.mp4"]);
    for wanted in ["call/face face  joined", "call/face voice  joined"] {
        assert!(whole.out.contains(wanted), "{wanted} in\n{}", whole.out);
    }
}

/// The size and number of pictures of a film, and of what `watch --overlay` makes of it.
#[track_caller]
fn overlaid(dir: &Path, film: &str, file: &str) -> ((u32, u32, u32), (u32, u32, u32)) {
    fine(dir, &["watch", film, "--overlay", file]);
    (frames(&dir.join(film)), frames(&dir.join(file)))
}

#[test]
fn the_overlay_has_as_many_pictures_as_the_film() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    clip(&at("film.mp4"), (320, 240), 25, 2, H264);
    for file in ["o.webm", "o.mkv", "o.mp4"] {
        let (film, overlay) = overlaid(dir.path(), "film.mp4", file);
        assert_eq!(overlay, film, "{file}");
    }
    convert(&at("film.mp4"), JPEG, &at("turned.mov"));
    turn(&at("turned.mov"), 240);
    let (_, overlay) = overlaid(dir.path(), "turned.mov", "turned.webm");
    assert_eq!(overlay, (240, 320, 50), "drawn upright");
    convert(&at("film.mp4"), &["-vf", "scale=321:239", "-c:v", "mpeg4"], &at("odd.avi"));
    let (_, overlay) = overlaid(dir.path(), "odd.avi", "odd.mp4");
    assert_eq!(overlay, (320, 238, 50), "an even size");
}

#[test]
fn several_calls_are_drawn_into_several_files() {
    let dir = tempfile::tempdir().unwrap();
    clip(&dir.path().join("film.mp4"), (320, 240), 25, 1, H264);
    fine(dir.path(), &["watch", "--call", "a", "film.mp4", "--call", "b/2", "film.mp4", "--overlay", "all.webm"]);
    for name in ["all-a.webm", "all-b_2.webm"] {
        assert_eq!(frames(&dir.path().join(name)), (320, 240, 25), "{name}");
    }
}

/// Asks it to end once pictures are in the film, on a busy machine too; the film must play, and the end must come.
#[track_caller]
fn ended(dir: &Path, sources: &[&str], film: &str) -> (Run, (u32, u32, u32)) {
    let arguments = [&["watch", "--overlay", film], sources].concat();
    let mut child = callguard(dir, &arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let file: PathBuf = dir.join(film);
    let wait = |until: &mut dyn FnMut() -> bool| {
        (0..600).take_while(|_| !until()).for_each(|_| std::thread::sleep(Duration::from_millis(50)));
    };
    wait(&mut || std::fs::metadata(&file).is_ok_and(|m| m.len() > 20_000));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut over = false;
    wait(&mut || {
        over = child.try_wait().unwrap().is_some();
        over
    });
    if !over {
        child.kill().unwrap();
    }
    let run: Run = child.wait_with_output().unwrap().into();
    assert!(over && run.code == 0, "ended: {over}\n{}\n{}", run.out, run.err);
    (run, frames(&file))
}

#[test]
fn a_request_to_end_leaves_a_film_that_plays() {
    let dir = tempfile::tempdir().unwrap();
    let (run, (width, height, count)) = ended(dir.path(), &["--video", "test", "--audio", "test"], "o.mp4");
    assert!(run.out.contains("call/test voice  joined"), "{}", run.out);
    assert!((width, height) == (640, 360) && count > 5, "{count}");
    // Files that have been read to their end, while there is more to be played.
    sound(&dir.path().join("tone.wav"), "sine=d=20");
    clip(&dir.path().join("film.mp4"), (320, 240), 25, 20, H264);
    let (_, (_, _, count)) = ended(dir.path(), &["--video", "film.mp4", "--audio", "tone.wav"], "o.webm");
    assert!((6..500).contains(&count), "{count}");
}

#[test]
fn what_cannot_be_watched_is_told_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    robot(&dir.path().join("voice.wav"), "One.");
    clip(&dir.path().join("film.mp4"), (320, 240), 25, 1, H264);
    let told = |arguments: &[&str]| {
        let mut command = callguard(dir.path(), arguments);
        let run = Run::from(command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").output().unwrap());
        assert!(run.out.is_empty() || run.code == 1, "{}", run.out);
        (run.code, run.err)
    };
    for (arguments, code, wanted) in [
        (&["watch", "--video", "mic"][..], 2, "mic has no pictures"),
        (&["watch", "--audio", "camera"], 2, "camera has no sound"),
        (&["watch", "--video", "/dev/video99"], 1, "no such file"),
        (&["watch", "--video", "camera:/dev/null"], 1, "not a camera"),
        (&["watch", "film.mp4", "--overlay", "o.avi"], 2, "what kind of file"),
        (&["watch", "film.mp4", "--overlay", "gone/o.mp4"], 2, "no folder gone"),
        (&["watch", "film.mp4", "--overlay", "window"], 2, "no display"),
        (&["watch", "film.mp4", "--thumbnails"], 2, "--report"),
        (&["scan", "film.mp4", "--thumbnails"], 2, "--report"),
        (&["watch", "--video", "voice.wav"], 1, "no video stream"),
        (&["watch", "--audio", "film.mp4"], 1, "no audio stream"),
        (&["watch", "--call", "a"], 2, "required"),
    ] {
        let (is, text) = told(arguments);
        assert!(is == code && text.contains(wanted), "{arguments:?}: {is} {text}");
    }
}
