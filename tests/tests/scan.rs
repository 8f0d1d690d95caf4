//! `callguard scan`, from the command line to its exit code, on sounds made here.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use callguard_e2e::{Run, assert_valid, convert, person, program, robot, schema, shared, sound};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../docs/schemas/callguard.scan-1.schema.json");

/// Inputs of every kind, made once for all tests of this process.
struct Kinds {
    dir: tempfile::TempDir,
}

impl Kinds {
    fn get() -> &'static Self {
        static KINDS: OnceLock<Kinds> = OnceLock::new();
        KINDS.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let at = |name: &str| dir.path().join(name);
            robot(&at("robot.wav"), "Good evening, this is a test of the guard. I would like to ask about my account, and whether you can hear me well.");
            convert(&at("robot.wav"), &["-ac", "2", "-ar", "44100"], &at("robot.mp3"));
            convert(&at("robot.wav"), &["-ar", "48000"], &at("robot.opus"));
            convert(&at("robot.wav"), &["-ar", "8000", "-c:a", "pcm_alaw"], &at("phone.wav"));
            sound(&at("silence.wav"), "anullsrc=r=16000:cl=mono:d=3");
            sound(&at("tone.flac"), "sine=f=440:d=3");
            std::fs::write(at("text.srt"), "1\n00:00:00,000 --> 00:00:01,000\nWords.\n").unwrap();
            convert(&at("text.srt"), &[], &at("words.mkv"));
            let whole = std::fs::read(at("robot.wav")).unwrap();
            std::fs::write(at("cut.wav"), &whole[..whole.len() * 2 / 3]).unwrap();
            std::fs::write(at("text.wav"), "This is no recording, only words about one.\n").unwrap();
            std::fs::write(at("empty.wav"), "").unwrap();
            Kinds { dir }
        })
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }
}

fn scan(arguments: &[&str]) -> Run {
    scan_in(Kinds::get().path(), arguments)
}

fn scan_in(dir: &Path, arguments: &[&str]) -> Run {
    program(env!("CARGO_BIN_EXE_callguard-under-test"), dir).arg("scan").args(arguments).output().unwrap().into()
}

const ALL: [&str; 11] = [
    "robot.wav",
    "robot.mp3",
    "robot.opus",
    "phone.wav",
    "silence.wav",
    "tone.flac",
    "words.mkv",
    "cut.wav",
    "text.wav",
    "empty.wav",
    "gone.wav",
];

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value:#}"))
}

#[test]
fn every_kind_of_input_gives_one_valid_object_in_order() {
    let run = scan(&[&["--format", "jsonl", "--jobs", "3"], &ALL[..]].concat());
    let results = run.json();
    let schema = schema(SCHEMA);
    results.iter().for_each(|r| assert_valid(&schema, r));
    let inputs: Vec<&str> = results.iter().map(|r| text(r, "/input")).collect();
    assert_eq!(inputs, ALL);
    let status: Vec<&str> = results.iter().map(|r| text(r, "/status")).collect();
    let errors: Vec<&Value> = results.iter().map(|r| &r["error"]).collect();
    assert_eq!(
        status,
        ["ok", "ok", "ok", "ok", "ok", "ok", "error", "partial", "error", "error", "error"],
        "{errors:#?}"
    );
    let codes: Vec<Option<&str>> = results.iter().map(|r| r.pointer("/error/code").and_then(Value::as_str)).collect();
    assert_eq!(
        codes[6..],
        [Some("no-media"), Some("decode-failed"), Some("not-media"), Some("not-media"), Some("not-found")]
    );
    assert_eq!(run.code, 1);
}

#[test]
fn what_cannot_be_judged_is_inconclusive_and_not_zero() {
    for result in scan(&["--format", "jsonl", "silence.wav", "tone.flac"]).json() {
        assert_eq!(text(&result, "/verdict"), "inconclusive");
        assert!(result["llr"].is_null() && result.pointer("/sources/voice-clone/llr").unwrap().is_null(), "{result:#}");
        let not_judged: f64 = result
            .pointer("/sources/voice-clone/abstained_s")
            .unwrap()
            .as_object()
            .unwrap()
            .values()
            .filter_map(Value::as_f64)
            .sum();
        assert!((not_judged - 3.0).abs() < 0.1, "{result:#}");
    }
}

#[test]
fn the_result_is_the_same_in_every_run_and_on_any_number_of_cores() {
    let dir = Kinds::get().path();
    let run = |cores: &str, jobs: &str| {
        let exe = env!("CARGO_BIN_EXE_callguard-under-test");
        let mut command = program("taskset", dir);
        let run: Run = command
            .args(["-c", cores, exe, "scan", "--format", "jsonl", "--jobs", jobs])
            .args(ALL)
            .output()
            .unwrap()
            .into();
        assert!(!run.out.is_empty(), "{}", run.err);
        run.out
    };
    let first = run("0", "1");
    assert_eq!(run("0", "4"), first);
    // One core is all there is on a small machine: then the second run differs in nothing.
    let two = if std::thread::available_parallelism().unwrap().get() > 1 { "0,1" } else { "0" };
    assert_eq!(run(two, "2"), first);
    assert_eq!(run(two, "8"), first);
}

#[test]
fn exit_codes_say_what_happened() {
    assert_eq!(scan(&["-q", "robot.wav"]).code, 0);
    assert_eq!(scan(&["-q", "robot.wav", "gone.wav"]).code, 1);
    assert_eq!(scan(&[]).code, 2);
    assert_eq!(scan(&["--format", "xml", "robot.wav"]).code, 2);
    assert_eq!(scan(&["--false-alarm", "200%", "robot.wav"]).code, 2);
    assert_eq!(scan(&["--profile", "disco", "robot.wav"]).code, 2);
    assert_eq!(scan(&["--config", "text.wav", "robot.wav"]).code, 2);
}

#[test]
fn an_alert_is_an_exit_code_where_that_is_asked_for() {
    // The loosest promise there is, so that an alert does not hang on one model's numbers.
    let run = scan(&["--format", "jsonl", "--false-alarm", "50%", "robot.wav", "gone.wav"]);
    let alerts = run.json()[0]["alerts"].as_array().unwrap().len();
    assert_eq!(run.code, 1);
    let strict = scan(&["--fail-on-alert", "--false-alarm", "50%", "robot.wav", "gone.wav"]);
    assert_eq!(strict.code, if alerts > 0 { 3 } else { 1 });
}

#[test]
fn stdout_holds_json_lines_only_and_the_log_goes_elsewhere() {
    let run = scan(&["--format", "jsonl", "--log", "debug", "--log-format", "json", "cut.wav"]);
    assert_eq!(run.json().len(), 1);
    assert!(run.err.lines().count() > 3);
    for line in run.err.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let exe = env!("CARGO_BIN_EXE_callguard-under-test");
    let line = format!("'{exe}' scan -q --format jsonl --jobs 1 robot.wav tone.flac silence.wav phone.wav | head -n 1");
    let run: Run = program("sh", Kinds::get().path()).args(["-c", &line]).output().unwrap().into();
    assert_eq!((run.json().len(), run.err.as_str()), (1, ""));
}

#[test]
fn a_folder_stands_for_its_recordings_and_arguments_come_back_byte_for_byte() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("ca lls/ünder\u{202e}");
    std::fs::create_dir_all(&folder).unwrap();
    let tone = Kinds::get().path().join("tone.flac");
    std::fs::copy(&tone, folder.join("a \"b\"\n.flac")).unwrap();
    let odd = OsString::from_vec(b"odd-\xff.flac".to_vec());
    std::fs::copy(&tone, dir.path().join(&odd)).unwrap();
    let uri = format!("file://{}", dir.path().join("ca%20lls/%C3%BCnder%E2%80%AE/a%20%22b%22%0A.flac").display());
    let mut command = program(env!("CARGO_BIN_EXE_callguard-under-test"), dir.path());
    let run: Run = command.args(["scan", "--format", "jsonl", "./ca lls"]).arg(&odd).arg(&uri).output().unwrap().into();
    let results = run.json();
    let schema = schema(SCHEMA);
    results.iter().for_each(|r| assert_valid(&schema, r));
    assert_eq!(text(&results[0], "/input"), "./ca lls/ünder\u{202e}/a \"b\"\n.flac");
    assert_eq!(text(&results[1], "/input_hex"), "6f64642dff2e666c6163");
    assert_eq!(text(&results[2], "/input"), uri);
    assert!(results.iter().all(|r| text(r, "/status") == "ok"), "{results:#?}");
}

#[test]
fn without_models_every_input_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let run = scan(&["--format", "jsonl", "--models", &dir.path().display().to_string(), "robot.wav", "tone.flac"]);
    let schema = schema(SCHEMA);
    assert_eq!(run.code, 1);
    for result in run.json() {
        assert_valid(&schema, &result);
        assert_eq!(text(&result, "/error/code"), "models-missing");
    }
    let run = scan(&["--format", "jsonl", "--onnxruntime", "text.wav", "robot.wav"]);
    assert_eq!(text(&run.json()[0], "/error/code"), "library-refused");
}

#[test]
fn uris_that_are_not_allowed_are_not_opened() {
    for (uri, profile) in
        [("rtsp://127.0.0.1/x", "broadcast"), ("http://127.0.0.1:9/x", "kyc"), ("fd://0", "broadcast")]
    {
        let run = scan(&["--format", "jsonl", "--profile", profile, uri]);
        assert_eq!(text(&run.json()[0], "/error/code"), "scheme-not-allowed", "{uri}");
    }
}

#[test]
fn pages_stand_alone() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("a/b");
    let evil = dir.path().join("<img src=x onerror=alert(1)>.wav");
    std::fs::copy(Kinds::get().path().join("robot.wav"), &evil).unwrap();
    let run = scan(&["-q", "--report", &at.display().to_string(), &evil.display().to_string(), "cut.wav", "gone.wav"]);
    assert!(run.err.contains("index.html"), "{}", run.err);
    let mut pages: Vec<PathBuf> = std::fs::read_dir(&at).unwrap().map(|e| e.unwrap().path()).collect();
    pages.sort();
    assert_eq!(pages.len(), 4);
    for page in &pages {
        let html = std::fs::read_to_string(page).unwrap();
        for outside in ["http://", "https://", "<script", "src=", "<link", "url("] {
            // Hatchings and pictures that the page brings along.
            let brought = html.replace("url(#na-", "").replace("src=\"data:image/png;base64,", "");
            let found = brought.replace("&lt;img src=x", "");
            assert!(!found.contains(outside), "{outside} in {}", page.display());
        }
    }
    let first = std::fs::read_to_string(&pages[0]).unwrap();
    assert!(
        first.contains("<svg") && first.contains("voice-synthetic") && first.contains("prefers-color-scheme: dark")
    );
    assert!(std::fs::read_to_string(&pages[2]).unwrap().contains("no such file"));
    let index = std::fs::read_to_string(&pages[3]).unwrap();
    for page in &pages[..3] {
        assert!(index.contains(page.file_name().unwrap().to_str().unwrap()));
    }
}

#[test]
fn a_person_is_not_flagged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("person.wav");
    let prompts = ["conf-adminmenu-162", "demo-instruct", "vm-options"];
    if person(&path, &prompts).is_none() {
        eprintln!("skipped: asterisk-core-sounds-en-g722 is not installed");
        return;
    }
    let result = &scan_in(dir.path(), &["--format", "jsonl", "person.wav"]).json()[0];
    assert_eq!(text(result, "/status"), "ok");
    assert!(result["alerts"].as_array().unwrap().is_empty(), "{result:#}");
    assert!(result.pointer("/sources/voice-clone/windows").unwrap().as_u64().unwrap() > 10);
}

#[test]
fn shared_clips_are_judged_without_a_crash() {
    let Some(clips) = shared("data/clips") else { return };
    let mut some: Vec<PathBuf> = Vec::new();
    for folder in std::fs::read_dir(clips).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()) {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect();
        files.sort();
        some.extend(files.into_iter().take(4));
    }
    let inputs: Vec<String> = some.iter().map(|p| p.display().to_string()).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let results = scan(&[&["--format", "jsonl"], &inputs[..]].concat()).json();
    let schema = schema(SCHEMA);
    results.iter().for_each(|r| assert_valid(&schema, r));
    assert_eq!(results.len(), inputs.len());
}

/// An announcement, then somebody else, through lines as calls have them.
#[test]
fn an_announcement_is_system_sound_and_gives_no_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    robot(
        &at("greeting.wav"),
        "Welcome to the savings bank. For quality and training purposes, this call may be recorded.",
    );
    let says = "Hello, my name is Martin. I would like to move my appointment to Friday, if that is possible.";
    let voice = ["-v", "en-gb+m3", "-s", "140", "-w", &at("caller.wav").display().to_string(), says].map(str::to_owned);
    callguard_e2e::tool("espeak-ng", voice);
    let caller = at("caller.wav").display().to_string();
    let join = ["-i", &caller, "-filter_complex", "[0:a]apad=pad_dur=0.5[a];[a][1:a]concat=n=2:v=0:a=1"];
    convert(&at("greeting.wav"), &join, &at("call.wav"));
    convert(&at("call.wav"), &["-ar", "16000", "-b:a", "16k"], &at("wideband.opus"));
    convert(&at("call.wav"), &["-ar", "8000", "-af", "volume=-12dB", "-c:a", "pcm_mulaw"], &at("phone.wav"));
    let seconds = |result: &Value, what: &str| {
        result.pointer(&format!("/sources/voice-clone/{what}")).and_then(Value::as_f64).unwrap_or(0.0)
    };
    // Ten scans in a row, of a debug build: no time-out is what is tested here.
    std::fs::write(at("patient.toml"), "[capture]\nopen_timeout_s = 60.0\ndata_timeout_s = 60.0\n").unwrap();
    let scan = |arguments: &[&str], input: &str| {
        let how = ["--config", "patient.toml", "--format", "jsonl"];
        let result = scan_in(dir.path(), &[&how, arguments, &[input]].concat()).json().remove(0);
        assert_valid(&schema(SCHEMA), &result);
        result
    };
    let known = ["--announcement", "greeting.wav"];
    let (greeting, caller) = (scan(&[], "greeting.wav"), scan(&[], "caller.wav"));
    let (said, answered) = (seconds(&greeting, "observed_s"), seconds(&caller, "observed_s"));
    assert!(said > 3.0 && answered > 3.0, "{said} s, {answered} s");
    for line in ["call.wav", "wideband.opus", "phone.wav"] {
        let result = scan(&known, line);
        let (system, judged) = (seconds(&result, "abstained_s/system-sound"), seconds(&result, "observed_s"));
        assert!((system - said).abs() < 0.6, "{system} s of {said} s: {result:#}");
        assert!((judged - answered).abs() < 0.6, "{judged} s of {answered} s: {result:#}");
        let without = scan(&[], line);
        assert!(without.pointer("/sources/voice-clone/abstained_s/system-sound").is_none(), "{without:#}");
        assert!(seconds(&without, "observed_s") > judged + said - 0.6, "{without:#}");
    }
    let alone = scan(&known, "greeting.wav");
    assert_eq!((text(&alone, "/verdict"), seconds(&alone, "windows")), ("inconclusive", 0.0), "{alone:#}");
    // The caller is nobody's announcement: to name one changes no number of his.
    let mut knowing = scan(&known, "caller.wav");
    let mut caller = caller;
    assert_ne!(caller["policy"]["sha256"], knowing["policy"]["sha256"]);
    for result in [&mut knowing, &mut caller] {
        result["policy"]["sha256"] = Value::Null;
        result["alerts"].as_array_mut().unwrap().iter_mut().for_each(|a| a["id"] = Value::Null);
    }
    assert_eq!(knowing, caller);
}
