//! How much later a picture comes out of the guarded camera than out of the camera itself: `camera PROGRAM`, where `PROGRAM` is callguard. It needs
//! pipewire, wireplumber and dbus-run-session, and makes a session and a camera (640 x 480, 30 a second) of its own.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstreamer as gst;

const INSIDE: &str = "CALLGUARD_BENCH_SESSION";
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 30);
const LONG: Duration = Duration::from_secs(30);

type Seen = Arc<Mutex<HashMap<u64, Instant>>>;
type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    let program = std::env::args().nth(1).ok_or("usage: camera PROGRAM")?;
    if std::env::var_os(INSIDE).is_some() {
        return measure(&program);
    }
    let folder = tempfile::tempdir()?;
    let script = "chmod 700 \"$XDG_RUNTIME_DIR\"; pipewire & sleep 1; wireplumber & sleep 2; \"$0\" \"$1\"; ended=$?; kill %1 %2; exit $ended";
    let mut session = Command::new("dbus-run-session");
    session.args(["sh", "-c", script]).arg(std::env::current_exe()?).arg(program);
    let quiet = session.env("XDG_RUNTIME_DIR", folder.path()).env(INSIDE, "1").stderr(Stdio::null());
    if quiet.status()?.success() { Ok(()) } else { Err("the camera could not be measured".into()) }
}

fn measure(program: &str) -> Fallible<()> {
    gst::init()?;
    // Noise: no picture is like another.
    let camera = play(
        "videotestsrc is-live=true pattern=snow ! video/x-raw,format=I420,width=640,height=480,framerate=30/1 \
         ! pipewiresink mode=provide stream-properties=\"p,media.class=Video/Source,node.name=camera-1\"",
    )?;
    std::thread::sleep(Duration::from_secs(1));
    let mut guard = Command::new(program)
        .args(["camera", "node:camera-1", "--name", "guarded", "--plain"])
        .stdout(Stdio::null())
        .spawn()?;
    std::thread::sleep(Duration::from_secs(15));
    let (original, given) = (watch("camera-1")?, watch("guarded")?);
    std::thread::sleep(LONG);
    let _ = Command::new("kill").args(["-INT", &guard.id().to_string()]).status();
    let _ = guard.wait();
    for (pipeline, _) in [&original, &given] {
        pipeline.set_state(gst::State::Null)?;
    }
    camera.set_state(gst::State::Null)?;
    let (original, given) = (seen(&original.1), seen(&given.1));
    let mut late: Vec<f64> = given.iter().filter_map(|(picture, at)| Some(ms(*at, *original.get(picture)?))).collect();
    late.sort_by(f64::total_cmp);
    let n = late.len();
    if n < 100 {
        return Err(format!("only {n} pictures came out of both").into());
    }
    // The median's 95 % interval by order statistics (normal approximation of the binomial).
    let half = (1.96 * (n as f64).sqrt() / 2.0).ceil() as usize;
    let at = |k: usize| late[k.min(n - 1)];
    println!(
        "guarded camera: {n} pictures of {}, {:.2} ms later in the middle [{:.2}, {:.2}], {:.2} ms at the 95th of a hundred, {:.2} ms at most; a frame is {:.1} ms",
        given.len(),
        at(n / 2),
        at((n / 2).saturating_sub(half)),
        at(n / 2 + half),
        at(n * 95 / 100),
        at(n - 1),
        FRAME.as_secs_f64() * 1e3
    );
    Ok(())
}

fn play(line: &str) -> Fallible<gst::Pipeline> {
    let pipeline = gst::parse::launch(line)?.downcast::<gst::Pipeline>().map_err(|_| "not a pipeline")?;
    pipeline.set_state(gst::State::Playing)?;
    Ok(pipeline)
}

/// Notes when each picture of a node comes.
fn watch(node: &str) -> Fallible<(gst::Pipeline, Seen)> {
    let pipeline = play(&format!(
        "pipewiresrc target-object={node} always-copy=true ! video/x-raw,format=I420 ! fakesink name=out sync=false"
    ))?;
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let pad = pipeline.by_name("out").and_then(|out| out.static_pad("sink")).ok_or("no sink")?;
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let now = Instant::now();
        if let Some(map) = info.buffer().and_then(|b| b.map_readable().ok()) {
            let mut hasher = DefaultHasher::new();
            map[..640 * 480].hash(&mut hasher);
            noted.lock().unwrap_or_else(PoisonError::into_inner).entry(hasher.finish()).or_insert(now);
        }
        gst::PadProbeReturn::Ok
    });
    Ok((pipeline, seen))
}

fn seen(of: &Seen) -> HashMap<u64, Instant> {
    of.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn ms(later: Instant, earlier: Instant) -> f64 {
    let ahead = later.saturating_duration_since(earlier).as_secs_f64();
    (ahead - earlier.saturating_duration_since(later).as_secs_f64()) * 1e3
}
