//! `callguard scan` on pictures, alone and beside sound, with the stand-ins of `tests/models`: so the right answer is known.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use callguard_e2e::pictures::{H264, JPEG, MPEG4, clip, clip_with, turn};
use callguard_e2e::{Run, assert_valid, convert, program, robot, schema, sound, tool};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../docs/schemas/callguard.scan-1.schema.json");

/// Clips, made once for all tests of this process.
fn clips() -> &'static Path {
    static CLIPS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = CLIPS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        robot(&at("voice.wav"), "Good evening, I would like to ask about my account, and whether you can see me well.");
        clip(&at("face.mov"), (320, 240), 25, 5, JPEG);
        clip_with(&at("both.mp4"), &at("voice.wav"), 5, H264);
        dir
    });
    dir.path()
}

fn scan(dir: &Path, arguments: &[&str]) -> Run {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut command = program(env!("CARGO_BIN_EXE_callguard-under-test"), dir);
    command.args(["scan", "--format", "jsonl"]).args(arguments).env("CALLGUARD_MODELS", models).output().unwrap().into()
}

/// What is said of each input; fails where it is not in the schema.
#[track_caller]
fn all_judged(dir: &Path, inputs: &[&str]) -> Vec<Value> {
    let run = scan(dir, inputs);
    let (results, schema) = (run.json(), schema(SCHEMA));
    assert_eq!(results.len(), inputs.len(), "{}", run.err);
    results.iter().for_each(|result| assert_valid(&schema, result));
    results
}

#[track_caller]
fn judged(dir: &Path, input: &str) -> Value {
    all_judged(dir, &[input]).remove(0)
}

fn kinds(result: &Value) -> Vec<&str> {
    let participants = result["participants"].as_array().unwrap();
    let mut kinds: Vec<&str> = participants.iter().map(|p| p["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    kinds
}

fn code(result: &Value) -> &str {
    result.pointer("/error/code").and_then(Value::as_str).unwrap_or_default()
}

/// How many windows of faces were judged, and what they said in the mean.
fn forgery(result: &Value) -> (u64, Option<f64>) {
    let source = &result["sources"]["face-forgery"];
    (source["windows"].as_u64().unwrap_or(0), source["llr"].as_f64())
}

#[track_caller]
fn assert_like(result: &Value, reference: &Value, within: f64) {
    let ((windows, llr), (wanted, wanted_llr)) = (forgery(result), forgery(reference));
    assert!(windows.abs_diff(wanted) <= 1 && wanted > 5, "{windows} instead of {wanted} windows: {result:#}");
    let (llr, wanted_llr) = (llr.unwrap(), wanted_llr.unwrap());
    assert!((llr - wanted_llr).abs() < within, "{llr} instead of {wanted_llr}: {result:#}");
}

#[test]
fn pictures_sound_or_both() {
    let dir = clips();
    let results = all_judged(dir, &["face.mov", "voice.wav", "both.mp4"]);
    for (result, wanted) in results.iter().zip([&["face"][..], &["voice"], &["face", "voice"]]) {
        assert_eq!((result["status"].as_str(), kinds(result)), (Some("ok"), wanted.to_vec()), "{result:#}");
    }
    let both = &results[2];
    let windows = |source: &str| both["sources"][source]["windows"].as_u64().unwrap();
    assert!(windows("face-forgery") > 5 && windows("face-replay") > 5 && windows("voice-clone") > 1, "{both:#}");
    assert!((both["duration_s"].as_f64().unwrap() - 5.0).abs() < 0.1, "{both:#}");
}

#[test]
fn every_container_and_codec_shows_the_same_face() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    clip(&at("a.mp4"), (320, 240), 25, 4, H264);
    let mut names = vec!["a.mp4"];
    let vpx = |codec: &'static str| ["-c:v", codec, "-b:v", "3M", "-deadline", "realtime", "-cpu-used", "8"];
    for (name, options) in [
        ("a.ts", &["-c", "copy"][..]),
        ("a.flv", &["-c", "copy"]),
        ("a.mkv", &["-c", "copy"]),
        ("a.avi", MPEG4),
        ("a.mov", JPEG),
        ("a.mpg", &["-c:v", "mpeg2video", "-q:v", "2"]),
        ("vp8.webm", &vpx("libvpx")),
        ("vp9.webm", &vpx("libvpx-vp9")),
    ] {
        convert(&at("a.mp4"), options, &at(name));
        names.push(name);
    }
    let results = all_judged(dir.path(), &names);
    results.iter().for_each(|result| assert_like(result, &results[0], 0.4));
}

#[test]
fn turned_odd_and_interlaced_pictures_are_seen_upright() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let reference = judged(clips(), "face.mov");
    convert(&clips().join("face.mov"), &[&["-vf", "transpose=cclock"], JPEG].concat(), &at("turned.mov"));
    turn(&at("turned.mov"), 240);
    assert_like(&judged(dir.path(), "turned.mov"), &reference, 0.2);
    let fields = ["-vf", "setfield=tff", "-flags", "+ilme+ildct", "-x264opts", "tff=1"];
    convert(&clips().join("face.mov"), &[H264, &fields].concat(), &at("fields.mp4"));
    assert_like(&judged(dir.path(), "fields.mp4"), &reference, 0.4);
    clip(&at("odd.mkv"), (641, 359), 25, 4, MPEG4);
    let odd = judged(dir.path(), "odd.mkv");
    assert!(odd["status"] == "ok" && forgery(&odd).0 > 4, "{odd:#}");
}

#[test]
fn any_rate_is_looked_at_ten_times_a_second_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    clip(&at("25.mp4"), (320, 240), 25, 4, H264);
    clip(&at("60.mp4"), (320, 240), 60, 4, H264);
    clip(&at("1.mp4"), (320, 240), 1, 8, H264);
    assert_like(&judged(dir.path(), "60.mp4"), &judged(dir.path(), "25.mp4"), 0.4);
    // A picture a second is too few for a window, not for an answer.
    let slow = judged(dir.path(), "1.mp4");
    assert_eq!((slow["status"].as_str(), slow["verdict"].as_str()), (Some("ok"), Some("inconclusive")), "{slow:#}");
}

#[test]
fn a_new_size_in_the_middle_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    clip(&at("one.h264"), (320, 240), 25, 3, H264);
    clip(&at("two.h264"), (480, 360), 25, 3, H264);
    let read = |name: &str| std::fs::read(at(name)).unwrap();
    std::fs::write(at("all.h264"), [read("one.h264"), read("two.h264")].concat()).unwrap();
    let (all, ts) = (at("all.h264").display().to_string(), at("all.ts").display().to_string());
    tool("ffmpeg", ["-v", "error", "-y", "-f", "h264", "-framerate", "25", "-i", &all, "-c", "copy", &ts]);
    let result = judged(dir.path(), "all.ts");
    // The second size is judged too: of an epoch of its own, as the picture jumps there.
    let face = &result["participants"][0];
    assert!(result["status"] == "ok" && forgery(&result).0 >= 4 && face["to_s"].as_f64() > Some(5.5), "{result:#}");
}

#[test]
fn faces_are_kept_only_where_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let pictures = |flags: &[&str], folder: &str| {
        let at = dir.path().join(folder).display().to_string();
        let run = scan(clips(), &[&["--report", at.as_str(), "face.mov"], flags].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        let pages = std::fs::read_dir(&at).unwrap().map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap());
        pages.map(|page| page.matches("data:image/").count()).sum::<usize>()
    };
    assert_eq!(pictures(&[], "without"), 0);
    assert!(pictures(&["--thumbnails"], "with") > 0);
}

#[test]
fn without_a_face_there_is_no_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    sound(&at("dark.mkv"), "color=c=black:s=320x240:d=3");
    sound(&at("photo.jpg"), "testsrc=s=320x240:d=0.04");
    sound(&at("tone.mp3"), "sine=d=2");
    let inputs = ["tone.mp3", "photo.jpg", "cover.mp3"].map(|name| at(name).display().to_string());
    let parts = ["-map", "0", "-map", "1", "-c:a", "copy", "-c:v", "mjpeg", "-disposition:v", "attached_pic"];
    tool("ffmpeg", [&["-v", "error", "-y", "-i", &inputs[0], "-i", &inputs[1]][..], &parts, &[&inputs[2]]].concat());
    for result in all_judged(dir.path(), &["dark.mkv", "photo.jpg", "cover.mp3"]) {
        assert_eq!((result["status"].as_str(), result["verdict"].as_str()), (Some("ok"), Some("inconclusive")));
        assert!(result["llr"].is_null() && !kinds(&result).contains(&"face"), "{result:#}");
    }
}

#[test]
fn what_is_broken_is_told_and_what_is_left_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { dir.path().join(name) };
    convert(&clips().join("both.mp4"), &["-c", "copy", "-movflags", "faststart"], &at("whole.mp4"));
    let whole = std::fs::read(at("whole.mp4")).unwrap();
    std::fs::write(at("cut.mp4"), &whole[..whole.len() * 2 / 3]).unwrap();
    let cut = judged(dir.path(), "cut.mp4");
    assert_eq!((cut["status"].as_str(), code(&cut)), (Some("partial"), "decode-failed"), "{cut:#}");
    assert_eq!(kinds(&cut), ["face", "voice"], "{cut:#}");
    let plain = std::fs::read(clips().join("both.mp4")).unwrap();
    std::fs::write(at("unfinished.mp4"), &plain[..plain.len() / 2]).unwrap();
    assert_eq!(code(&judged(dir.path(), "unfinished.mp4")), "decode-failed");
    // Bytes that went wrong on the way: an answer, whatever it is.
    let mut noisy = whole.clone();
    (whole.len() / 3..whole.len()).step_by(997).for_each(|i| noisy[i] ^= 0x5a);
    std::fs::write(at("noisy.mp4"), noisy).unwrap();
    assert!(["ok", "partial"].contains(&judged(dir.path(), "noisy.mp4")["status"].as_str().unwrap()));
    convert(&clips().join("both.mp4"), &["-c", "copy", "-bsf:v", "noise=drop=1"], &at("no-pictures.mkv"));
    let empty = judged(dir.path(), "no-pictures.mkv");
    assert_eq!((empty["status"].as_str(), kinds(&empty)), (Some("ok"), vec!["voice"]), "{empty:#}");
    // Too small to hold a face: said, and the voice is judged all the same.
    convert(&clips().join("both.mp4"), &["-vf", "scale=8:8", "-c:v", "mpeg4"], &at("tiny.mp4"));
    let tiny = judged(dir.path(), "tiny.mp4");
    assert_eq!((tiny["status"].as_str(), code(&tiny)), (Some("partial"), "format-refused"), "{tiny:#}");
    assert_eq!(kinds(&tiny), ["voice"], "{tiny:#}");
}

#[test]
fn one_stream_long_before_the_other_holds_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    sound(&at("long.wav"), "sine=d=45:r=48000");
    let (face, long) = (clips().join("face.mov").display().to_string(), at("long.wav").display().to_string());
    let late = |first: &str, second: &str, out: &str| {
        let parts = ["-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "pcm_s16le", "-ac", "2"];
        let inputs = ["-v", "error", "-y", "-i", first, "-itsoffset", "38", "-i", second];
        tool("ffmpeg", [&inputs[..], &parts, &[&at(out).display().to_string()]].concat());
    };
    late(&long, &face, "sound-first.mkv");
    late(&face, &long, "pictures-first.mkv");
    let reference = judged(clips(), "face.mov");
    for result in all_judged(dir.path(), &["sound-first.mkv", "pictures-first.mkv"]) {
        assert_eq!(result["status"], "ok", "{result:#}");
        assert_like(&result, &reference, 0.4);
    }
}

#[test]
fn the_result_is_the_same_in_every_run_and_on_any_number_of_cores() {
    let run = |cores: &str, jobs: &str| {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut command = program("taskset", clips());
        command.args([
            "-c",
            cores,
            env!("CARGO_BIN_EXE_callguard-under-test"),
            "scan",
            "--format",
            "jsonl",
            "--jobs",
            jobs,
        ]);
        let run: Run = command.args(["both.mp4", "face.mov"]).env("CALLGUARD_MODELS", models).output().unwrap().into();
        assert_eq!(run.code, 0, "{}", run.err);
        run.out
    };
    let first = run("0", "1");
    let all = if std::thread::available_parallelism().unwrap().get() > 1 { "0,1" } else { "0" };
    assert_eq!(run("0", "2"), first);
    assert_eq!(run(all, "2"), first);
}
