//! The guarded virtual camera: webcam in, the same pictures out, watched on the way.

mod microphone;
pub mod node;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use callguard_core::State;
use gst::prelude::*;
use gstreamer as gst;

use crate::capture::element::{filtered, make};
use crate::capture::{Kinds, screen};
use crate::cli::{Camera, Common, Watch};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};
use crate::watch::{self, From, Source};

/// What is told to the node's process so that it ends.
pub(crate) const END: &str = "end";
/// How long the camera may take to give its first picture.
const FIRST_PICTURE: Duration = Duration::from_secs(10);
/// Between heartbeats: a quarter of what the node waits for one.
const BEAT: Duration = Duration::from_millis(250);

/// Guards a camera, and gives it on as another.
///
/// # Errors
/// Where the camera or the models cannot be had, or the camera ends.
pub fn run(common: &Common, args: &Camera) -> Result<ExitCode, Trouble> {
    let node = Node::start(args)?;
    let seen = Source {
        from: From::Shared { socket: node.socket.clone(), caps: node.caps.clone(), of: args.source.clone() },
        wanted: Kinds { sound: false, pictures: true },
        mixed: false,
    };
    let how = Watch {
        calls: Vec::new(),
        sources: Vec::new(),
        video: Vec::new(),
        audio: Vec::new(),
        overlay: None,
        announcements: Vec::new(),
        jsonl: args.jsonl.clone(),
        on_alert: args.on_alert.clone(),
        report: args.report.clone(),
        thumbnails: false,
        listen: false,
        plain: args.plain,
    };
    let plan = |limits: &Limits| {
        let mut sources = vec![(seen, "camera".to_owned())];
        let microphone = args.microphone.as_ref().map(|m| {
            let mixed = if m.monitor { "mixed:" } else { "" };
            m.node.as_ref().map_or("mic".into(), |n| format!("{mixed}mic:pipewire:{n}").into())
        });
        if let Some(audio) = args.audio.clone().or(microphone) {
            let heard = Source::parse(&audio, Kinds { sound: true, pictures: false }, limits)?;
            let name = heard.name();
            sources.push((heard, name));
        }
        Ok(vec![watch::Planned::new("camera", sources)])
    };
    watch::guard(common, &how, plan, Some(node))
}

/// The process that holds the camera.
#[derive(Debug)]
pub struct Node {
    child: Child,
    /// Its standard input: the heartbeat.
    beat: ChildStdin,
    socket: PathBuf,
    caps: String,
    last: Option<Instant>,
    _folder: tempfile::TempDir,
}

impl Node {
    fn start(args: &Camera) -> Result<Self, Trouble> {
        let broken = |e: &dyn std::fmt::Display| {
            Trouble::new(code::DEVICE, Stage::Open, format!("the guarded camera does not start: {e}"), "Try again.")
        };
        // Only this user may look into it: pictures pass through.
        let folder = tempfile::Builder::new().prefix("callguard-").tempdir().map_err(|e| broken(&e))?;
        let socket = folder.path().join("pictures");
        let program = std::env::current_exe().map_err(|e| broken(&e))?;
        let mut command = Command::new(program);
        command.arg("camera-node").arg("--source").arg(&args.source).arg("--name").arg(&args.name);
        command.arg("--socket").arg(&socket);
        if args.badge {
            command.arg("--badge");
        }
        if let Some(microphone) = &args.microphone {
            command.arg("--microphone").arg(microphone.to_string());
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|e| broken(&e))?;
        let (Some(beat), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(broken(&"it cannot be talked to"));
        };
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut node = Self { child, beat, socket, caps: String::new(), last: None, _folder: folder };
        let until = Instant::now() + FIRST_PICTURE;
        loop {
            node.beat(None)?;
            match lines.recv_timeout(BEAT) {
                Ok(caps) => {
                    node.caps = caps;
                    return Ok(node);
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
                Err(_) => return Err(broken(&"no picture came")),
            }
        }
    }

    /// Tells it how things stand, often enough.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn beat(&mut self, worst: Option<State>) -> Result<(), Trouble> {
        if self.last.is_some_and(|last| last.elapsed() < BEAT) {
            return Ok(());
        }
        self.last = Some(Instant::now());
        let said = worst.map_or("callguard", |state| state.as_str());
        let told = writeln!(self.beat, "{said}").and_then(|()| self.beat.flush());
        match (told, self.child.try_wait()) {
            (Ok(()), Ok(None)) => Ok(()),
            _ => Err(Trouble::new(
                code::DEVICE,
                Stage::Capture,
                "the guarded camera has ended",
                "Its own message stands above.",
            )),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = writeln!(self.beat, "{END}");
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Adds the camera that is meant to a pipeline; the pad of what is returned shows raw pictures of it, as it gives them.
fn source(word: &str, pipeline: &gst::Pipeline) -> Result<gst::Element, Trouble> {
    if let Some(name) = word.strip_prefix("node:") {
        return screen::node(name, pipeline);
    }
    let (source, filter) = if word == "test" {
        let bars = make("videotestsrc")?;
        bars.set_property("is-live", true);
        bars.set_property("horizontal-speed", 2i32);
        (bars, "video/x-raw,format=I420,width=640,height=480,framerate=30/1")
    } else {
        let wanted = word.strip_prefix("camera:").or((word != "camera").then_some(word));
        let device = crate::capture::camera::find(wanted.map(Path::new))?;
        let source = make("v4l2src")?;
        source.set_property("device", device.to_string_lossy().as_ref());
        (source, "video/x-raw")
    };
    let caps = filter.parse::<gst::Caps>().map_err(|e| Trouble::defect(Stage::Open, e.to_string()))?;
    filtered(pipeline, &source, &caps)
}
