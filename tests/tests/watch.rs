//! `callguard watch`: live calls in real time, from a file to a webhook. The model is the stand-in of `tests/models`, for which a loud
//! voice is synthetic and a quiet one is not: so the right answer is known whatever the shipped model has learnt.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use callguard_e2e::{Run, assert_valid, convert, program, robot, schema};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../docs/schemas/callguard.event-1.schema.json");
const EXE: &str = env!("CARGO_BIN_EXE_callguard-under-test");
const TEXT: &str = "Good evening, this is a caller who has quite a lot to say to the desk. I would like to talk about the news of the week, \
                    about the weather, and about everything else that comes to mind while I am on the line.";

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

/// A loud caller and a quiet one, about ten seconds each.
fn callers(dir: &Path) {
    robot(&dir.join("raw.wav"), TEXT);
    convert(&dir.join("raw.wav"), &["-ar", "16000", "-af", "loudnorm=I=-16:TP=-3"], &dir.join("loud.wav"));
    convert(
        &dir.join("raw.wav"),
        &["-ar", "48000", "-ac", "2", "-af", "loudnorm=I=-16:TP=-3,volume=0.1"],
        &dir.join("quiet.wav"),
    );
}

fn watch(dir: &Path, arguments: &[&str]) -> Run {
    program(EXE, dir).arg("watch").args(arguments).env("CALLGUARD_MODELS", models()).output().unwrap().into()
}

/// A receiver that is down for the first request.
fn webhook() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/alerts", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap_or(0) > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let status = if n == 0 { "503 Busy" } else { "204 Taken" };
            let _ = write!(reader.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            if n > 0 {
                let _ = sender.send(serde_json::from_slice(&body).unwrap());
            }
        }
    });
    (address, received)
}

fn events(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_call<'a>(events: &'a [Value], call: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["call"] == call).collect()
}

#[test]
fn two_callers_one_alert_from_the_live_path_to_everyone_who_is_told() {
    let dir = tempfile::tempdir().unwrap();
    callers(dir.path());
    let (address, received) = webhook();
    let begin = Instant::now();
    let arguments = ["--call", "guest-1", "quiet.wav", "--call", "guest-2", "loud.wav"];
    let outputs =
        ["--jsonl", "events.jsonl", "--report", "report", "--on-alert", "cat >> told.jsonl", "--on-alert", &address];
    let run = watch(dir.path(), &[&arguments[..], &outputs].concat());
    assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
    assert!(begin.elapsed() > Duration::from_secs(8), "it played in real time: {:?}", begin.elapsed());
    for wanted in [
        "guest-1/quiet voice  joined",
        "guest-2/loud voice  synthetic",
        "guest-2/loud voice  ALERT voice-synthetic",
        "guest-2/loud voice: synthetic (alert",
    ] {
        assert!(run.out.contains(wanted), "{wanted:?} in\n{}", run.out);
    }
    assert!(!run.out.contains("guest-1/quiet voice  ALERT"), "{}", run.out);

    let events = events(&dir.path().join("events.jsonl"));
    let schema = schema(SCHEMA);
    events.iter().for_each(|e| assert_valid(&schema, e));
    for call in ["guest-1", "guest-2"] {
        let seqs: Vec<u64> = of_call(&events, call).iter().map(|e| e["seq"].as_u64().unwrap()).collect();
        assert!(seqs.windows(2).all(|w| w[0] < w[1]), "{call}: {seqs:?}");
        let kinds: Vec<&str> = of_call(&events, call).iter().map(|e| e["type"].as_str().unwrap()).collect();
        assert_eq!((kinds.first(), kinds.last()), (Some(&"joined"), Some(&"left")), "{call}");
        assert!(of_call(&events, call).iter().all(|e| e["dropped"] == 0), "{call}: nothing was dropped");
    }
    let raised: Vec<&Value> = events.iter().filter(|e| e["type"] == "alert-raised").collect();
    assert_eq!(raised.len(), 1);
    let at = raised[0].pointer("/alert/raised_s").and_then(Value::as_f64).unwrap();
    assert!(
        at < 8.0 && !raised[0].pointer("/alert/reasons").unwrap().as_array().unwrap().is_empty(),
        "{:#}",
        raised[0]
    );

    assert_eq!(
        &received.recv_timeout(Duration::from_secs(1)).unwrap(),
        raised[0],
        "the webhook was told the same, after a refusal"
    );
    assert_eq!(self::events(&dir.path().join("told.jsonl")), [raised[0].clone()], "and the command");
    let pages = std::fs::read_dir(dir.path().join("report")).unwrap().count();
    assert_eq!(pages, 3, "an index and a page per call");
    let index = std::fs::read_to_string(dir.path().join("report/index.html")).unwrap();
    assert!(index.contains("1 synthetic") && index.contains("guest-2"), "{index}");
}

#[test]
fn live_and_scan_say_the_same_of_the_same_sound() {
    let dir = tempfile::tempdir().unwrap();
    callers(dir.path());
    let live = watch(dir.path(), &["loud.wav"]);
    assert_eq!(live.code, 0, "{}", live.err);
    let scan: Run = program(EXE, dir.path())
        .args(["scan", "--format", "jsonl", "loud.wav"])
        .env("CALLGUARD_MODELS", models())
        .output()
        .unwrap()
        .into();
    let scanned = scan.json()[0].pointer("/participants/0/charts/voice-synthetic/llr").and_then(Value::as_f64).unwrap();
    let wanted = format!("evidence {scanned:+.1} nats");
    assert!(live.out.lines().last().unwrap().contains(&wanted), "{wanted} in\n{}", live.out);
}

#[test]
fn a_source_that_fails_ends_alone() {
    let dir = tempfile::tempdir().unwrap();
    callers(dir.path());
    std::fs::write(dir.path().join("text.wav"), "These are words, and no recording whatsoever.").unwrap();
    let run = watch(dir.path(), &["--call", "bad", "text.wav", "--call", "good", "quiet.wav"]);
    assert_eq!(run.code, 1);
    assert!(
        run.err.contains("bad/text") && run.out.contains("bad: nobody was heard or seen"),
        "{}\n{}",
        run.out,
        run.err
    );
    assert!(run.out.contains("good/quiet voice  left"), "{}", run.out);
}

#[test]
fn what_cannot_be_begun_is_told_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    let err = |arguments: &[&str]| {
        let run = watch(dir.path(), arguments);
        (run.code, run.err)
    };
    let (code, text) = err(&["gone.wav"]);
    assert!(code == 1 && text.contains("no such file"), "{text}");
    let (code, text) = err(&["--call", "a", "gone.wav", "--call", "b"]);
    assert!(code == 2 && text.contains("--call b is followed by no source"), "{text}");
    let (code, text) = err(&["--on-alert", "ftp://x/y", "test"]);
    assert!(code == 2 && text.contains("ftp"), "{text}");
    let (code, text) = err(&["--jsonl", "no/such/folder/file", "test"]);
    assert!(code == 1 && text.contains("no/such/folder"), "{text}");
    assert_eq!(err(&["--call", "a"]).0, 2);
}

#[test]
fn a_request_to_end_ends_it_with_a_summary() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = program(EXE, dir.path());
    command.args(["watch", "--jsonl", "events.jsonl", "--call", "desk", "test"]).env("CALLGUARD_MODELS", models());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let joined = lines.next().unwrap().unwrap();
    assert!(joined.contains("desk/test ") && joined.contains("  joined"), "{joined}");
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(rest.iter().any(|line| line.starts_with("desk/test voice: inconclusive")), "{rest:?}");
}

/// A genuine voice, a synthetic one, and the genuine one again, with pauses between them: what a meeting's loudspeaker plays.
#[test]
fn in_a_mixed_stream_a_genuine_voice_does_not_clear_another() {
    let dir = tempfile::tempdir().unwrap();
    callers(dir.path());
    convert(&dir.path().join("quiet.wav"), &["-ar", "16000", "-ac", "1"], &dir.path().join("calm.wav"));
    let loud = dir.path().join("loud.wav").display().to_string();
    let turns = "[0]apad=pad_dur=1,asplit[a][b];[1]apad=pad_dur=1[c];[a][c][b]concat=n=3:v=0:a=1";
    let meeting = dir.path().join("meeting.wav");
    convert(&dir.path().join("calm.wav"), &["-i", &loud, "-filter_complex", turns], &meeting);
    let calls = ["--call", "one", "meeting.wav", "--call", "all", "mixed:meeting.wav"];
    let run = watch(dir.path(), &[&calls[..], &["--jsonl", "events.jsonl", "--false-alarm", "10%"]].concat());
    assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
    for wanted in ["all/meeting mixed voice  joined", "in the turn 0:1", "all/meeting mixed voice: synthetic (alert"] {
        assert!(run.out.contains(wanted), "{wanted:?} in\n{}", run.out);
    }
    let events = events(&dir.path().join("events.jsonl"));
    let schema = schema(SCHEMA);
    events.iter().for_each(|e| assert_valid(&schema, e));
    let said =
        |call: &str, what: &str| of_call(&events, call).iter().any(|e| e["verdict"] == what || e["type"] == what);
    assert!(said("one", "genuine"), "the quiet voice alone, where one voice is what there is:\n{}", run.out);
    assert!(said("all", "alert-raised") && !said("all", "alert-cleared") && !said("all", "genuine"), "{}", run.out);
    let scores: Vec<f64> =
        of_call(&events, "all").iter().filter_map(|e| e.pointer("/charts/0/score").and_then(Value::as_f64)).collect();
    let highest = scores.iter().copied().fold(0.0, f64::max);
    assert_eq!(scores.last(), Some(&highest), "a later turn lowers nothing");
    let alert = of_call(&events, "all").into_iter().find(|e| e["type"] == "alert-raised").unwrap();
    let turn = alert.pointer("/alert/reasons/0/turn_s").and_then(Value::as_f64).unwrap();
    let begins = scanned(dir.path(), "calm.wav");
    assert!(turn > begins && turn < begins + 2.0, "the turn begins with the second voice, at {begins} s: {turn}");
    assert!(of_call(&events, "all").iter().all(|e| e["participant"].is_null() || e["mixed"] == true));

    let scan = program(EXE, dir.path())
        .args(["scan", "--format", "jsonl", "mixed:meeting.wav"])
        .env("CALLGUARD_MODELS", models())
        .output();
    let result: Value = Run::from(scan.unwrap()).json().remove(0);
    assert_valid(&self::schema(include_str!("../../docs/schemas/callguard.scan-1.schema.json")), &result);
    assert_eq!((&result["participants"][0]["mixed"], &result["verdict"]), (&Value::Bool(true), &"synthetic".into()));
    let peak = |p: &Value| p["peak"].as_f64().unwrap();
    let live = of_call(&events, "all").last().unwrap()["charts"][0].clone();
    let offline = &result["participants"][0]["charts"]["voice-synthetic"];
    assert!((peak(&live) - peak(offline)).abs() < 0.001, "one file, live and scanned: {live} {offline}");
}

/// The length of a recording, seconds.
fn scanned(dir: &Path, file: &str) -> f64 {
    let out = program(EXE, dir).args(["scan", "--format", "jsonl", file]).env("CALLGUARD_MODELS", models()).output();
    Run::from(out.unwrap()).json()[0]["duration_s"].as_f64().unwrap()
}
