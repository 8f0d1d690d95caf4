//! The configuration once nothing is left open and everything is in range.

use std::path::PathBuf;
use std::time::Duration;

use callguard_core::{Finding, Policy, Provenance, Worth};
use callguard_engine::{Announcements, EngineConfig};
use callguard_inference::{Fallback, Provider};

use super::raw::{Raw, RawAlert, RawCapture, RawDetect, RawProvenance};
use super::reader::Complaint;
use crate::alert::Target;
use crate::cli::LogFormat;

/// Everything that is set.
#[derive(Clone, Debug)]
pub struct Config {
    /// The profile it began with.
    pub profile: String,
    /// What is promised to genuine people.
    pub policy: Policy,
    /// What runs the models.
    pub detect: Detect,
    /// What may come in.
    pub capture: Limits,
    /// What it is worth that something is found out about where a stream comes from.
    pub provenance: Provenance,
    /// Who is told, and how hard it is tried.
    pub alert: AlertSettings,
    /// What is logged; `None`: warnings.
    pub log_filter: Option<String>,
    /// How.
    pub log_format: LogFormat,
}

/// What runs the models.
#[derive(Clone, Debug)]
pub struct Detect {
    /// Folder of the models; `None` searches.
    pub models: Option<PathBuf>,
    /// ONNX Runtime's library; `None` searches.
    pub onnxruntime: Option<PathBuf>,
    /// Where models run.
    pub provider: Provider,
    /// And where that cannot be had.
    pub fallback: Fallback,
    /// Threads; `None`: one per core.
    pub workers: Option<usize>,
    /// Time between two looks.
    pub hop: Duration,
    /// How long an answer may take in a live call.
    pub deadline: Duration,
    /// Recordings of what is nobody's voice: files that `capture::announcements` reads.
    pub announcements: Vec<PathBuf>,
}

/// What may come in from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// URI schemes that `scan` opens.
    pub scan_schemes: Vec<String>,
    /// URI schemes that `watch` opens.
    pub watch_schemes: Vec<String>,
    /// An input must have opened by then.
    pub open_timeout: Duration,
    /// An open input must go on within that.
    pub data_timeout: Duration,
    /// Streams of one input.
    pub streams: u32,
    /// Channels of a stream.
    pub channels: u32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Bytes of one input.
    pub input_bytes: u64,
    /// Length of one input.
    pub duration: Duration,
}

/// How hard it is tried to tell people.
#[derive(Clone, Debug)]
pub struct AlertSettings {
    /// Who is told.
    pub targets: Vec<Target>,
    /// How often one delivery is tried.
    pub attempts: u32,
    /// Before the second try; doubles from try to try.
    pub first_delay: Duration,
    /// Between tries at most.
    pub max_delay: Duration,
    /// One try may take so long.
    pub timeout: Duration,
    /// Alerts that may wait for one target.
    pub queue: usize,
}

/// URI schemes of recordings.
const RECORDINGS: [&str; 3] = ["file", "http", "https"];
/// URI schemes of what is live.
const FEEDS: [&str; 8] = ["srt", "rtmp", "rtmps", "rtsp", "rtsps", "rtp", "whip", "ndi"];

/// Checks ranges and notes every complaint; a value that is wrong or missing is replaced so that the check can go on, which
/// is never seen as the caller drops the result when there are complaints.
struct Checker<'a>(&'a mut Vec<Complaint>);

impl Checker<'_> {
    fn complain(&mut self, key: &str, message: String) {
        self.0.push(Complaint { key: key.to_owned(), message });
    }

    fn within(&mut self, key: &str, value: Option<f64>, low: f64, high: f64, unit: &str) -> f64 {
        match value {
            Some(x) if x >= low && x <= high => x,
            Some(x) => {
                self.complain(key, format!("is {x}: must be from {low} to {high}{unit}"));
                low
            }
            None => {
                self.complain(key, "is missing".to_owned());
                low
            }
        }
    }

    fn seconds(&mut self, key: &str, value: Option<f64>, low: f64, high: f64) -> Duration {
        Duration::from_secs_f64(self.within(key, value, low, high, " s"))
    }

    fn count(&mut self, key: &str, value: Option<u64>, low: u32, high: u32) -> u32 {
        self.within(key, value.map(|n| n as f64), f64::from(low), f64::from(high), "") as u32
    }

    fn schemes(&mut self, key: &str, known: &[&str], value: Option<Vec<String>>) -> Vec<String> {
        let given = value.unwrap_or_default();
        for scheme in given.iter().filter(|s| !known.contains(&s.as_str())) {
            self.complain(
                key,
                format!("\"{scheme}\" is no scheme that is opened here: must be of {}", known.join(", ")),
            );
        }
        given
    }
}

impl Config {
    /// Checks all layers laid over one another. Pure: opens and searches nothing.
    pub fn check(raw: Raw, complaints: &mut Vec<Complaint>) -> Self {
        let policy = raw.policy;
        let default = Policy::default();
        let policy = Policy {
            false_alarm: policy.false_alarm.unwrap_or(default.false_alarm),
            call_s: policy.call_s.unwrap_or(default.call_s),
            suspect_factor: policy.suspect_factor.unwrap_or(default.suspect_factor),
            clear_at: policy.clear_at.unwrap_or(default.clear_at),
            unobservable_after_s: policy.unobservable_after_s.unwrap_or(default.unobservable_after_s),
        };
        for text in policy.complaints() {
            let (key, message) = text.split_once(" = ").unwrap_or((text.as_str(), ""));
            complaints.push(Complaint { key: format!("policy.{key}"), message: format!("is {message}") });
        }
        let mut check = Checker(complaints);
        Self {
            profile: raw.profile.unwrap_or_else(|| super::profile::PROFILES[0].name.to_owned()),
            policy,
            detect: detect(raw.detect, &mut check),
            capture: capture(raw.capture, &mut check),
            provenance: provenance(&raw.provenance),
            alert: alert(raw.alert, &mut check),
            log_filter: raw.log.filter,
            log_format: raw.log.format.unwrap_or_default(),
        }
    }

    /// What the engine is started with, but for what is read from files.
    #[must_use]
    pub fn engine(&self) -> EngineConfig {
        EngineConfig {
            library: self.detect.onnxruntime.clone(),
            models: self.detect.models.clone(),
            provider: self.detect.provider,
            fallback: self.detect.fallback,
            workers: self.detect.workers,
            policy: self.policy.clone(),
            provenance: self.provenance.clone(),
            profile: self.profile.clone(),
            hop: self.detect.hop,
            deadline: self.detect.deadline,
            announcements: Announcements::default(),
            thumbnails: false,
        }
    }
}

fn detect(raw: RawDetect, check: &mut Checker<'_>) -> Detect {
    let base = EngineConfig::default();
    let announcements = raw.announcements.unwrap_or_default();
    if announcements.len() > Announcements::MOST {
        let (actual, most) = (announcements.len(), Announcements::MOST);
        check.complain("detect.announcements", format!("names {actual} files: at most {most}"));
    }
    Detect {
        models: raw.models.map(PathBuf::from),
        onnxruntime: raw.onnxruntime.map(PathBuf::from),
        provider: raw.provider.unwrap_or(base.provider),
        fallback: raw.fallback.unwrap_or(base.fallback),
        workers: raw.workers.map(|n| check.count("detect.workers", Some(n), 1, 256) as usize),
        hop: check.seconds("detect.hop_s", raw.hop_s.or(Some(base.hop.as_secs_f64())), 0.1, 4.0),
        deadline: check.seconds("detect.deadline_s", raw.deadline_s.or(Some(base.deadline.as_secs_f64())), 0.1, 10.0),
        announcements: announcements.into_iter().map(PathBuf::from).collect(),
    }
}

/// The upper ends are the program's own limits: a file may lower them, never raise them.
fn capture(raw: RawCapture, check: &mut Checker<'_>) -> Limits {
    Limits {
        scan_schemes: check.schemes("capture.scan_schemes", &RECORDINGS, raw.scan_schemes),
        watch_schemes: check.schemes("capture.watch_schemes", &[&RECORDINGS[..], &FEEDS].concat(), raw.watch_schemes),
        open_timeout: check.seconds("capture.open_timeout_s", raw.open_timeout_s, 0.1, 300.0),
        data_timeout: check.seconds("capture.data_timeout_s", raw.data_timeout_s, 0.1, 300.0),
        streams: check.count("capture.streams", raw.streams, 1, 16),
        channels: check.count("capture.channels", raw.channels, 1, 8),
        width: check.count("capture.width", raw.width, 16, 4096),
        height: check.count("capture.height", raw.height, 16, 4096),
        fps: check.count("capture.fps", raw.fps, 1, 60),
        input_bytes: u64::from(check.count("capture.input_mib", raw.input_mib, 1, 1 << 20)) << 20,
        duration: check.seconds("capture.duration_s", raw.duration_s, 1.0, 86_400.0),
    }
}

/// What the file calls each finding, and what it says of it.
fn provenance(raw: &RawProvenance) -> Provenance {
    let worth = |finding| match finding {
        Finding::VirtualCamera => raw.virtual_camera,
        Finding::VirtualMicrophone => raw.virtual_microphone,
        Finding::OddFormat => raw.odd_format,
        Finding::SteadyClock => raw.steady_clock,
        Finding::FrameRate => raw.frame_rate,
        Finding::FileLoop => raw.file_loop,
        Finding::NoNoise => raw.no_noise,
        Finding::NotABrowser => raw.not_a_browser,
        Finding::FalseBrowser => raw.false_browser,
        Finding::SteadyRtp => raw.steady_rtp,
    };
    let with = |all: Provenance, finding| all.with(finding, worth(finding).unwrap_or_else(Worth::default));
    Finding::ALL.into_iter().fold(Provenance::default(), with)
}

fn alert(raw: RawAlert, check: &mut Checker<'_>) -> AlertSettings {
    let mut targets = Vec::new();
    for text in raw.on_alert.unwrap_or_default() {
        match Target::parse(&text) {
            Ok(target) => targets.push(target),
            Err(wrong) => check.complain("alert.on_alert", wrong),
        }
    }
    AlertSettings {
        targets,
        attempts: check.count("alert.attempts", raw.attempts, 1, 100),
        first_delay: check.seconds("alert.first_delay_s", raw.first_delay_s, 0.01, 60.0),
        max_delay: check.seconds("alert.max_delay_s", raw.max_delay_s, 0.01, 3600.0),
        timeout: check.seconds("alert.timeout_s", raw.timeout_s, 0.1, 300.0),
        queue: check.count("alert.queue", raw.queue, 1, 10_000) as usize,
    }
}
