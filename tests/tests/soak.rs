//! A long watch over four calls whose senders are killed and started again at random, by a seeded script. `make soak` runs it for half an hour;
//! MINUTES= and SEED= change that.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use callguard_e2e::live::{Other, Sender, VERDICT, Watched, appears, free_udp, lacks, loud, phone_line, serve};
use serde_json::Value;

const EXE: &str = env!("CARGO_BIN_EXE_callguard-under-test");
/// What is promised: whoever was in a source that is gone is unobservable by then.
const PROMISE: Duration = Duration::from_secs(2);
/// For a machine that is busy with the senders too.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most that the process may grow by in the second half, MiB a minute: what it keeps for a report of the past hour is far less.
const MOST_GROWTH: f64 = 0.5;

/// A call's sender, as it is started, and how long what it has sent is still under way.
struct Kind {
    call: &'static str,
    program: &'static str,
    line: String,
    under_way: Duration,
    running: Option<Sender>,
}

impl Kind {
    fn new(call: &'static str, under_way: Duration, program: &'static str, line: &str) -> Self {
        Self { call, program, line: line.to_owned(), under_way, running: None }
    }

    fn start(&mut self, dir: &Path) {
        self.running = Some(Sender::start(dir, self.program, &self.line));
    }
}

/// Draws that are the same for the same seed (Steele's SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// What the events say so far.
struct Events {
    path: PathBuf,
    read: usize,
    /// By call and participant: the newest verdict, why it is not observed, and when that was first read to be so.
    states: BTreeMap<(String, u64), (String, Option<String>, Instant)>,
    lost: BTreeMap<String, u64>,
}

impl Events {
    fn read(&mut self) {
        let Ok(bytes) = std::fs::read(&self.path) else { return };
        let new = &bytes[self.read..];
        let whole = new.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        self.read += whole;
        for line in new[..whole].split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            let event: Value = serde_json::from_slice(line).unwrap();
            let Some(participant) = event["participant"].as_u64() else { continue };
            let call = event["call"].as_str().unwrap().to_owned();
            let verdict = event["verdict"].as_str().unwrap_or_default().to_owned();
            let why = event["unobserved"].as_str().map(str::to_owned);
            let state =
                self.states.entry((call.clone(), participant)).or_insert_with(|| (String::new(), None, Instant::now()));
            if state.0 != verdict {
                if verdict == "unobservable" {
                    *self.lost.entry(call).or_default() += 1;
                }
                *state = (verdict, why, Instant::now());
            }
        }
    }

    /// Those of a call and their verdicts.
    fn of<'a>(&'a self, call: &'a str) -> impl Iterator<Item = &'a (String, Option<String>, Instant)> {
        self.states.iter().filter(move |((c, _), _)| c == call).map(|(_, state)| state)
    }

    fn all_lost(&self, call: &str) -> bool {
        self.of(call).all(|(verdict, ..)| verdict == "unobservable")
    }

    fn all_there(&self, call: &str) -> bool {
        self.of(call).count() > 0 && self.of(call).all(|(verdict, ..)| verdict != "unobservable")
    }
}

/// Resident memory of a process, MiB.
fn resident(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// MiB a minute, by least squares.
fn slope(samples: &[(f64, f64)]) -> f64 {
    let n = samples.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|s| s.0), mean(|s| s.1));
    let up: f64 = samples.iter().map(|s| (s.0 - x) * (s.1 - y)).sum();
    let along: f64 = samples.iter().map(|s| (s.0 - x).powi(2)).sum();
    up / along * 60.0
}

/// Waits, reading events and memory, until `done` says so; false: it does not within `most`.
fn wait(
    events: &mut Events,
    memory: &mut Vec<(f64, f64)>,
    (pid, begin): (u32, Instant),
    most: Duration,
    mut done: impl FnMut(&Events) -> bool,
) -> bool {
    let until = Instant::now() + most;
    loop {
        events.read();
        let at = begin.elapsed().as_secs_f64();
        if memory.last().is_none_or(|(last, _)| at - last >= 1.0) {
            memory.push((at, resident(pid)));
        }
        if done(events) {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "half an hour: `make soak`"]
fn four_calls_whose_senders_fail_at_random() {
    if lacks(&["pipewire", "wireplumber", "dbus-run-session", "gst-launch-1.0"]) {
        return;
    }
    let number = |name: &str, default: f64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (length, seed) = (Duration::from_secs_f64(number("MINUTES", 30.0) * 60.0), number("SEED", 8.0) as u64);
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    loud(at);
    let session =
        "export XDG_RUNTIME_DIR=\"$PWD\"; chmod 700 .; pipewire & sleep 1; wireplumber & sleep 2; touch ready; wait";
    let _session = Other::start_with(at, "dbus-run-session", &["sh", "-c", session]);
    appears(&at.join("ready"));
    let (_server, web) = serve(at);
    let (srt, rtp) = (free_udp(), phone_line(&at.join("line.sdp")));

    let voice = "-v error -re -stream_loop -1 -i loud.wav";
    let runtime = format!("XDG_RUNTIME_DIR={} gst-launch-1.0 -q", at.display());
    let camera = "videotestsrc is-live=true horizontal-speed=3 ! video/x-raw,format=I420,width=320,height=240,framerate=15/1 \
                  ! pipewiresink mode=provide stream-properties=p,media.class=Video/Source,node.name=camera-1";
    let film = "-re -f lavfi -i testsrc=s=320x240:r=15,noise=alls=10:allf=t -g 15 -c:a aac -c:v libx264 -preset ultrafast -pix_fmt yuv420p";
    let ms = Duration::from_millis;
    let mut kinds = [
        // What SRT and the demuxer of transport streams hold back (120 and 700 ms), and what a jitter buffer does.
        Kind::new(
            "srt",
            ms(820),
            "ffmpeg",
            &format!("{voice} -c:a aac -muxdelay 0 -muxpreload 0 -f mpegts srt://127.0.0.1:{srt}"),
        ),
        Kind::new("rtp", ms(100), "ffmpeg", &format!("{voice} -ar 8000 -c:a pcm_alaw -f rtp rtp://127.0.0.1:{rtp}")),
        Kind::new("node", ms(0), "env", &format!("{runtime} {camera}")),
        // The piece that is playing, and the one after it.
        Kind::new(
            "hls",
            ms(4000),
            "ffmpeg",
            &format!("{voice} {film} -f hls -hls_time 1 -hls_list_size 6 -hls_flags delete_segments guest.m3u8"),
        ),
    ];
    kinds.iter_mut().for_each(|kind| kind.start(at));

    let srt = format!("srt://127.0.0.1:{srt}?mode=listener");
    let hls = format!("http://127.0.0.1:{web}/guest.m3u8");
    let calls = [
        "--call",
        "srt",
        &srt,
        "--call",
        "rtp",
        "rtp:line.sdp",
        "--call",
        "node",
        "node:camera-1",
        "--call",
        "hls",
        &hls,
    ];
    let arguments = [&["--jsonl", "events.jsonl"][..], &calls].concat();
    let mut watched = Watched::start_with(EXE, at, "watch", &arguments, &[("XDG_RUNTIME_DIR", at)]);
    let process = (watched.child.id(), Instant::now());
    let mut events = Events { path: at.join("events.jsonl"), read: 0, states: BTreeMap::new(), lost: BTreeMap::new() };
    let (mut memory, mut draw) = (Vec::new(), Draw(seed));
    for kind in &kinds {
        let there = wait(&mut events, &mut memory, process, VERDICT * 2, |e| e.all_there(kind.call));
        assert!(there, "nobody comes to {}\n{}", kind.call, watched.newest());
    }

    let mut lags: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    while process.1.elapsed() < length {
        // One to all of them at once.
        let mut chosen: Vec<usize> = (0..kinds.len()).filter(|_| draw.below(3) == 0).collect();
        if chosen.is_empty() {
            chosen.push(draw.below(kinds.len() as u64) as usize);
        }
        let killed = Instant::now();
        for n in &chosen {
            kinds[*n].running = None;
        }
        for n in &chosen {
            let (call, most) = (kinds[*n].call, kinds[*n].under_way + PROMISE + PATIENCE);
            let left = most.saturating_sub(killed.elapsed());
            let lost = wait(&mut events, &mut memory, process, left, |e| e.all_lost(call));
            assert!(lost, "{call} is stale {most:?} after its sender was killed\n{}", watched.newest());
            let last = events.of(call).map(|(.., since)| *since).max().unwrap();
            let lag = last.saturating_duration_since(killed).saturating_sub(kinds[*n].under_way);
            lags.entry(call).or_default().push(lag.as_secs_f64());
            assert!(events.of(call).all(|(_, why, _)| why.is_some()), "{call} is unobservable without a reason");
        }
        let rest = Duration::from_millis(draw.below(6000));
        let alive: Vec<&str> = (0..kinds.len()).filter(|n| !chosen.contains(n)).map(|n| kinds[n].call).collect();
        wait(&mut events, &mut memory, process, rest, |_| false);
        for call in &alive {
            let there = wait(&mut events, &mut memory, process, VERDICT, |e| e.all_there(call));
            assert!(there, "{call} is not what failed\n{}", watched.newest());
        }
        for n in &chosen {
            kinds[*n].start(at);
        }
        for n in &chosen {
            let call = kinds[*n].call;
            let back = wait(&mut events, &mut memory, process, VERDICT * 3, |e| e.all_there(call));
            assert!(back, "{call} does not come back\n{}", watched.newest());
        }
        let rest = Duration::from_millis(1000 + draw.below(8000));
        wait(&mut events, &mut memory, process, rest, |_| false);
    }
    let failures: usize = lags.values().map(Vec::len).sum();
    for (call, lags) in &lags {
        let mut sorted = lags.clone();
        sorted.sort_by(f64::total_cmp);
        let (middle, worst) = (sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
        println!(
            "{call}: {} failures; unobservable after {middle:.2} s in the middle, {worst:.2} s at worst, what was under way aside",
            sorted.len()
        );
    }
    for (call, lags) in &lags {
        assert!(
            events.lost.get(*call).is_some_and(|told| *told >= lags.len() as u64),
            "a failure of {call} was not told"
        );
    }
    let settled = &memory[memory.len() / 2..];
    let growth = slope(settled);
    let (first, last) = (settled[0].1, settled[settled.len() - 1].1);
    println!(
        "{failures} failures in {:.1} min; memory {first:.1} to {last:.1} MiB over the second half, {growth:+.3} MiB a minute",
        process.1.elapsed().as_secs_f64() / 60.0
    );
    watched.wait("callguard: ", Duration::from_secs(5));
    assert_eq!(watched.end(), Some(0));
    // A minute says nothing of growth.
    if length >= Duration::from_secs(600) {
        assert!(growth < MOST_GROWTH, "it grows by {growth:.3} MiB a minute");
    }
}
