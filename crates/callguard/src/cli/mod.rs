//! The command line: what can be asked, and in which words.

mod calls;
pub mod share;

use std::ffi::OsString;
use std::path::PathBuf;

use callguard_inference::{Fallback, Provider};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use calls::{Asked, CallSources, calls};

const LONG_ABOUT: &str = "\
Watches calls and recordings, and says with reasons when a voice or a face is synthetic or replayed.

Every verdict keeps one promise: at most so many genuine people are flagged in a call
(1 % in 10 minutes, unless the profile or --false-alarm says otherwise).";

const EXAMPLES: &str = "\
Examples:
  callguard doctor                                 what is missing here, and the fix
  callguard scan call.mp4                          is a voice or a face in this recording synthetic?
  callguard scan calls/ --report report            a whole folder, with pages to read
  callguard watch --call desk camera mic           guard camera and microphone, live
  callguard watch --call a a.wav --call b b.wav    two callers at real-time pace";

/// Callguard: a guard against synthetic voices and faces in calls.
#[derive(Debug, Parser)]
#[command(name = "callguard", version, about, long_about = LONG_ABOUT, after_help = EXAMPLES)]
#[command(propagate_version = true, max_term_width = 110)]
pub struct Cli {
    /// Settings that every command shares.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Settings that every command shares. They win over the environment, which wins over the configuration file.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings (flag over environment over file)")]
pub struct Common {
    /// Configuration file (TOML); `callguard config show` prints one to begin with
    #[arg(long, global = true, value_name = "FILE", env = "CALLGUARD_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where to start from: broadcast, kyc or meeting [default: broadcast]
    #[arg(long, global = true, value_name = "NAME", env = "CALLGUARD_PROFILE")]
    pub profile: Option<String>,
    /// Largest share of genuine people that may be flagged in one call or file, like 1%
    #[arg(long, global = true, value_name = "SHARE", env = "CALLGUARD_FALSE_ALARM", value_parser = share::parse)]
    pub false_alarm: Option<f64>,
    /// Folder that holds manifest.toml and the models
    #[arg(long, global = true, value_name = "DIR", env = "CALLGUARD_MODELS")]
    pub models: Option<PathBuf>,
    /// ONNX Runtime's library [default: ORT_DYLIB_PATH, then beside the program, the build folder, the system]
    #[arg(long, global = true, value_name = "FILE", env = "CALLGUARD_ONNXRUNTIME")]
    pub onnxruntime: Option<PathBuf>,
    /// What runs the models: auto, cpu, cuda, tensorrt
    #[arg(long, global = true, value_name = "NAME", env = "CALLGUARD_PROVIDER")]
    pub provider: Option<Provider>,
    /// What to do where the provider cannot be had: none (an error) or cpu
    #[arg(long, global = true, value_name = "NAME", env = "CALLGUARD_FALLBACK")]
    pub fallback: Option<Fallback>,
    /// What is logged: error, warn, info, debug, trace, or a filter such as callguard=debug
    #[arg(long, global = true, value_name = "FILTER", env = "CALLGUARD_LOG")]
    pub log: Option<String>,
    /// How it is logged, on stderr
    #[arg(long, global = true, value_name = "FORMAT", env = "CALLGUARD_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge recordings, faster than real time
    Scan(Scan),
    /// Guard live calls
    Watch(Watch),
    /// Guard a camera, and give it on as a virtual one that calls can choose
    Camera(Camera),
    /// The guarded camera's own process
    #[command(hide = true)]
    CameraNode(CameraNode),
    /// List what can be recorded from
    Devices,
    /// List, check and measure the models
    #[command(subcommand)]
    Models(Models),
    /// Say what is missing here, what runs where, and the fix for each
    Doctor,
    /// Check or show the configuration
    #[command(subcommand)]
    Config(Config),
    /// Print the JSON Schema of an output
    Schema {
        /// Which output
        of: SchemaOf,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

const SCAN_HELP: &str = "\
Examples:
  callguard scan interview.mp4
  callguard scan --format jsonl calls/*.wav | jq -r 'select(.verdict==\"synthetic\").input'
  callguard scan --report report --false-alarm 0.1% calls/
  callguard scan --announcement greeting.wav calls/
  callguard scan mixed:meeting.wav                 several people speak in it: `callguard watch --help` says more
  callguard scan --fail-on-alert upload.wav || echo 'not this one'

Exit code: 0 all inputs were judged; 1 an input failed (the others went on);
           2 wrong usage; 3 an alert was raised and --fail-on-alert was given (3 wins over 1).";

/// Judge recordings.
#[derive(Args, Debug)]
#[command(after_help = SCAN_HELP)]
pub struct Scan {
    /// Files, folders and URIs (file, http, https) with sound, pictures, or both; with `mixed:` before one in whose sound several people speak
    #[arg(required = true, value_name = "PATH")]
    pub inputs: Vec<OsString>,
    /// What is printed: a table, or one JSON object per line (callguard.scan/1) and nothing else
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Write pages to read into this folder: self-contained HTML with plots and reasons
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Keep pictures of the moments that decided, for the report. Faces are personal data: they are kept only where this asks for it
    #[arg(long, requires = "report")]
    pub thumbnails: bool,
    /// A recording of what is nobody's voice, such as a greeting: 1 to 30 s. Where the same is heard again it is system sound, and not judged;
    /// may be repeated
    #[arg(long = "announcement", value_name = "FILE")]
    pub announcements: Vec<PathBuf>,
    /// How many inputs at once [default: as many as there are cores]
    #[arg(long, value_name = "N", env = "CALLGUARD_JOBS", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// End with exit code 3 when an alert was raised
    #[arg(long)]
    pub fail_on_alert: bool,
    /// No progress bar
    #[arg(long, short)]
    pub quiet: bool,
}

/// What `scan` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people.
    Table,
    /// One JSON object per line.
    Jsonl,
}

const WATCH_HELP: &str = "\
Examples:
  callguard watch mic
  callguard watch --call desk --video /dev/video0 --audio mic --overlay window
  callguard watch interview.mp4 --overlay seen.webm --report report --thumbnails
  callguard watch --call guest-1 one.wav --call guest-2 two.wav --jsonl events.jsonl
  callguard watch --announcement recorded.wav --call meeting mic
  callguard watch --on-alert 'jq -r .alert.hypothesis >> alerts.txt' mic
  callguard watch --on-alert https://desk.example/hook --report report guest.wav
  callguard watch --call meeting --video screen:region=0,80,1280x720 --audio mic:MONITOR
  callguard watch --call meeting mixed:whip://127.0.0.1:8190/room
  callguard --profile broadcast watch --call guest 'srt://:9000?passphrase=…'
  callguard --profile broadcast watch --call line rtp:hybrid.sdp
  callguard --profile kyc watch --call counter-3 whip://127.0.0.1:8190/counter-3

What is on screen (X11): screen, or screen:region=X,Y,WIDTHxHEIGHT; `xwininfo` tells where a window is. Pictures of a
PipeWire node, such as a shared screen or a camera: node:NAME.

Contribution feeds, where capture.watch_schemes allows them (the profile broadcast does):
  srt://HOST:PORT     call, or be called: srt://:PORT and ?mode=listener; beyond this machine only with
                      passphrase= (10 to 79 characters; or CALLGUARD_SRT_PASSPHRASE, which no other user
                      of the machine can read); also streamid=, latency= in ms
  rtmp:// rtmps://    pulled from a server
  rtsp:// rtsps://    pulled from a server or camera, over TCP
  http(s)://….m3u8    pulled from a server: an HTTP live stream (HLS), not encrypted
  rtp:FILE.sdp        RTP to ports of this machine, as the SDP file tells (phone hybrids: G.711, L16, Opus)
  ndi:NAME            an NDI sender, where gst-plugin-ndi and the NDI library are installed
  whip://ADDRESS:PORT/NAME
                      a guest's browser, or any other WHIP sender (OBS 30: http://ADDRESS:PORT/NAME/whip and the token).
                      A link that is good once is told; when the guest has left, a new one. Beyond this machine:
                      cert=FILE&key=FILE (PEM), or a proxy that speaks TLS; also token=, stun=HOST:PORT,
                      turn=USER:PASSWORD@HOST:PORT. Nobody outside is asked unless stun= or turn= says so
A feed, camera or microphone that fails, ends or stalls is opened again, at first after half a second, then ever
more seldom up to ten seconds; whoever was in it is unobservable within two seconds, and judged anew when it is back.

Where several people speak in one source, as in a meeting's mix, write mixed: before it: mixed:SRC. It is then one
participant, a mixed voice: each turn between pauses of about half a second is judged by itself, so that nobody
lowers or clears what another's turn reached; it is never genuine, and takes more to be synthetic. What a loudspeaker
plays (a mic: whose name ends in .monitor) is mixed unasked.

Each --call NAME takes the sources that follow it. q or Ctrl-C ends it; it ends by itself
when all sources have ended: recordings do, what is live comes back.";

/// Guard live calls.
#[derive(Args, Debug)]
#[command(after_help = WATCH_HELP)]
pub struct Watch {
    /// Name of the call that the sources after it belong to
    #[arg(long = "call", value_name = "NAME", action = clap::ArgAction::Append)]
    pub calls: Vec<String>,
    /// A file or URI played at real-time pace (sound, pictures, or both), `mic` or `mic:DEVICE`, `camera` or a V4L2 device such as
    /// /dev/video0, `screen` or a part of it, a PipeWire `node:NAME`, a feed (srt, rtmp, rtsp, http, rtp, whip: below), or `test`;
    /// with `mixed:` before one in whose sound several people speak
    #[arg(required_unless_present_any = ["video", "audio"], value_name = "SRC")]
    pub sources: Vec<OsString>,
    /// Only the pictures of a source, as part of the call before it; may be repeated
    #[arg(long, value_name = "SRC", action = clap::ArgAction::Append)]
    pub video: Vec<OsString>,
    /// Only the sound of a source, as part of the call before it; may be repeated
    #[arg(long, value_name = "SRC", action = clap::ArgAction::Append)]
    pub audio: Vec<OsString>,
    /// Show the pictures with what is found: `window`, or a .webm, .mkv or .mp4 file, of several calls each has its own; or of one call an
    /// address for a multiviewer, `srt://HOST:PORT` or `srt://:PORT` (as for feeds, below)
    #[arg(long, value_name = "FILE|window|srt://…")]
    pub overlay: Option<OsString>,
    /// Append every event to this file, one JSON object per line (callguard.event/1)
    #[arg(long, value_name = "FILE")]
    pub jsonl: Option<PathBuf>,
    /// Tell this of every alert: a shell command (JSON on stdin) or an http(s) URL (JSON by POST); may be repeated
    #[arg(long, value_name = "CMD|URL")]
    pub on_alert: Vec<String>,
    /// A recording of what is nobody's voice, such as a greeting: 1 to 30 s. Where the same is heard again it is system sound, and not judged;
    /// may be repeated
    #[arg(long = "announcement", value_name = "FILE")]
    pub announcements: Vec<PathBuf>,
    /// Write pages to read into this folder at the end
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Keep pictures of the moments that decided, for the report. Faces are personal data: they are kept only where this asks for it
    #[arg(long, requires = "report")]
    pub thumbnails: bool,
    /// Also play what is watched to the loudspeaker
    #[arg(long)]
    pub listen: bool,
    /// Plain lines even on a terminal
    #[arg(long)]
    pub plain: bool,
}

const CAMERA_HELP: &str = "\
Examples:
  callguard camera                                     the first camera, given on as \"Callguard Camera\"
  callguard camera --microphone                        and the default microphone, as \"Callguard Camera Microphone\"
  callguard camera /dev/video2 --audio mic --badge     a microphone judged, not given on; the state in a corner
  callguard camera node:NAME --on-alert 'notify-send Callguard'

Choose \"Callguard Camera\" in the meeting. It is a PipeWire node with the camera's own size, format and rate; browsers see
it where they take cameras from PipeWire. Its process holds no model: when the guard has said nothing for a second the
picture reads NOT PROTECTED, and when that process ends the camera disappears, and with it the microphone, which
PipeWire's own pw-loopback gives on.";

/// Guard a camera, and give it on.
#[derive(Args, Debug)]
#[command(after_help = CAMERA_HELP)]
pub struct Camera {
    /// `camera`, a V4L2 device such as /dev/video0, a PipeWire `node:NAME`, or `test`
    #[arg(default_value = "camera", value_name = "SRC")]
    pub source: String,
    /// What the camera is called that calls see
    #[arg(long, default_value = "Callguard Camera", value_name = "NAME")]
    pub name: String,
    /// Also judge a microphone and give it on, as the camera's name and "Microphone": a PipeWire node's name as `callguard devices` lists it,
    /// after monitor: what a loudspeaker plays [default: the default microphone]
    #[arg(long, value_name = "NODE", num_args = 0..=1, default_missing_value = "", conflicts_with = "audio")]
    pub microphone: Option<Microphone>,
    /// Also judge this sound; it is not given on
    #[arg(long, value_name = "SRC")]
    pub audio: Option<OsString>,
    /// Show in a corner how things stand
    #[arg(long)]
    pub badge: bool,
    /// Append every event to this file, one JSON object per line (callguard.event/1)
    #[arg(long, value_name = "FILE")]
    pub jsonl: Option<PathBuf>,
    /// Tell this of every alert: a shell command (JSON on stdin) or an http(s) URL (JSON by POST); may be repeated
    #[arg(long, value_name = "CMD|URL")]
    pub on_alert: Vec<String>,
    /// Write pages to read into this folder at the end
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Plain lines even on a terminal
    #[arg(long)]
    pub plain: bool,
}

/// What the guarded camera's process is told.
#[derive(Args, Debug)]
pub struct CameraNode {
    /// As [`Camera::source`].
    #[arg(long)]
    pub source: String,
    /// As [`Camera::name`].
    #[arg(long)]
    pub name: String,
    /// Where the guard takes its copy.
    #[arg(long)]
    pub socket: PathBuf,
    /// As [`Camera::badge`].
    #[arg(long)]
    pub badge: bool,
    /// As [`Camera::microphone`].
    #[arg(long)]
    pub microphone: Option<Microphone>,
}

/// A microphone of PipeWire, in words: `NODE`, `monitor:NODE`, or nothing for the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Microphone {
    /// The node; `None`: the default one.
    pub node: Option<String>,
    /// What the node plays, not what it records.
    pub monitor: bool,
}

impl std::str::FromStr for Microphone {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (node, monitor) = text.strip_prefix("monitor:").map_or((text, false), |node| (node, true));
        Ok(Self { node: Some(node.to_owned()).filter(|n| !n.is_empty()), monitor })
    }
}

impl std::fmt::Display for Microphone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.monitor { "monitor:" } else { "" }, self.node.as_deref().unwrap_or_default())
    }
}

/// What can be asked of the models.
#[derive(Debug, Subcommand)]
pub enum Models {
    /// What there is: task, licence, hash, calibration, law
    List {
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Check hashes, and shapes against the running session
    Verify,
    /// Measure how long a window takes here
    Bench {
        /// How many windows per measurement
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        windows: u32,
    },
}

/// What can be asked of the configuration.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Check a file (or what is in effect) and say everything that is wrong with it
    Check {
        /// The file [default: the one in effect]
        file: Option<PathBuf>,
    },
    /// Print what is in effect, as a file to begin with
    Show {
        /// Print an annotated profile as it is shipped instead
        #[arg(long, value_name = "NAME")]
        shipped: Option<String>,
    },
}

/// Which output's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// callguard.scan/1
    Scan,
    /// callguard.event/1
    Event,
}
