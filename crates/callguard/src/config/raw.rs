//! The configuration as a file has it: every key optional.

use callguard_inference::{Fallback, Provider};

use super::reader::{Complaint, Reader};
use crate::cli::LogFormat;
use callguard_core::Worth;

/// Declares a part of the file: its keys with their types, and how a layer lies over another.
macro_rules! layer {
    ($(#[$doc:meta])* $name:ident { $($(#[$key_doc:meta])* $key:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name { $($(#[$key_doc])* pub $key: Option<$type>,)* }
        impl $name {
            /// What this layer leaves open, the one below it says.
            #[must_use]
            pub fn over(self, below: Self) -> Self {
                Self { $($key: self.$key.or(below.$key),)* }
            }
        }
    };
}

layer!(/// `[policy]`
RawPolicy {
    /// Share of genuine people.
    false_alarm: f64,
    /// Seconds.
    call_s: f64,
    /// Times.
    suspect_factor: f64,
    /// Nats.
    clear_at: f64,
    /// Seconds.
    unobservable_after_s: f64,
});
layer!(/// `[detect]`
RawDetect {
    /// Folder of the models.
    models: String,
    /// ONNX Runtime's library.
    onnxruntime: String,
    /// What runs the models.
    provider: Provider,
    /// And where that cannot be had.
    fallback: Fallback,
    /// Threads.
    workers: u64,
    /// Seconds between two looks.
    hop_s: f64,
    /// Seconds an answer may take in a live call.
    deadline_s: f64,
    /// Recordings of what is nobody's voice.
    announcements: Vec<String>,
});
layer!(/// `[capture]`
RawCapture {
    /// URI schemes that `scan` opens.
    scan_schemes: Vec<String>,
    /// URI schemes that `watch` opens.
    watch_schemes: Vec<String>,
    /// Seconds until an input must have opened.
    open_timeout_s: f64,
    /// Seconds an open input may be silent about itself.
    data_timeout_s: f64,
    /// Streams of one input.
    streams: u64,
    /// Channels of a stream.
    channels: u64,
    /// Pixels.
    width: u64,
    /// Pixels.
    height: u64,
    /// Frames a second.
    fps: u64,
    /// Mebibytes of one input.
    input_mib: u64,
    /// Seconds of one input.
    duration_s: f64,
});
layer!(/// `[provenance]`
RawProvenance {
    /// A camera that is made by software.
    virtual_camera: Worth,
    /// A microphone that is made by software.
    virtual_microphone: Worth,
    /// Pictures of a size, rate or format that no sensor gives.
    odd_format: Worth,
    /// Timestamps without jitter.
    steady_clock: Worth,
    /// Timestamps that do not keep pace.
    frame_rate: Worth,
    /// The same pictures again, to the bit.
    file_loop: Worth,
    /// Pictures without noise.
    no_noise: Worth,
    /// Who comes by WebRTC, and not by browser.
    not_a_browser: Worth,
    /// Who claims to be another browser.
    false_browser: Worth,
    /// RTP timestamps that were counted.
    steady_rtp: Worth,
});
layer!(/// `[alert]`
RawAlert {
    /// Commands and URLs.
    on_alert: Vec<String>,
    /// How often one delivery is tried.
    attempts: u64,
    /// Seconds before the second try.
    first_delay_s: f64,
    /// Seconds between tries at most.
    max_delay_s: f64,
    /// Seconds one try may take.
    timeout_s: f64,
    /// Alerts that may wait for a channel.
    queue: u64,
});
layer!(/// `[log]`
RawLog {
    /// Filter.
    filter: String,
    /// Text or JSON.
    format: LogFormat,
});

/// A whole layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raw {
    /// Which profile lies below.
    pub profile: Option<String>,
    /// `[policy]`
    pub policy: RawPolicy,
    /// `[detect]`
    pub detect: RawDetect,
    /// `[capture]`
    pub capture: RawCapture,
    /// `[provenance]`
    pub provenance: RawProvenance,
    /// `[alert]`
    pub alert: RawAlert,
    /// `[log]`
    pub log: RawLog,
}

impl Raw {
    /// Reads a file's text; whatever is wrong is added to `complaints`.
    pub fn read(text: &str, complaints: &mut Vec<Complaint>) -> Self {
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(wrong) => {
                complaints.push(Complaint { key: "TOML".to_owned(), message: wrong.to_string().trim_end().to_owned() });
                return Self::default();
            }
        };
        let mut r = Reader::new(table, "", complaints);
        let raw = Self {
            profile: r.text("profile"),
            policy: r.section("policy", |r| RawPolicy {
                false_alarm: r.share("false_alarm"),
                call_s: r.number("call_s"),
                suspect_factor: r.number("suspect_factor"),
                clear_at: r.number("clear_at"),
                unobservable_after_s: r.number("unobservable_after_s"),
            }),
            detect: r.section("detect", |r| RawDetect {
                models: r.text("models"),
                onnxruntime: r.text("onnxruntime"),
                provider: r.parsed("provider", |t| t.parse::<Provider>().map_err(|e| e.to_string())),
                fallback: r.parsed("fallback", |t| t.parse::<Fallback>().map_err(|e| e.to_string())),
                workers: r.count("workers"),
                hop_s: r.number("hop_s"),
                deadline_s: r.number("deadline_s"),
                announcements: r.texts("announcements"),
            }),
            capture: r.section("capture", |r| RawCapture {
                scan_schemes: r.texts("scan_schemes"),
                watch_schemes: r.texts("watch_schemes"),
                open_timeout_s: r.number("open_timeout_s"),
                data_timeout_s: r.number("data_timeout_s"),
                streams: r.count("streams"),
                channels: r.count("channels"),
                width: r.count("width"),
                height: r.count("height"),
                fps: r.count("fps"),
                input_mib: r.count("input_mib"),
                duration_s: r.number("duration_s"),
            }),
            provenance: r.section("provenance", |r| {
                let mut worth = |key| r.parsed(key, str::parse::<Worth>);
                RawProvenance {
                    virtual_camera: worth("virtual_camera"),
                    virtual_microphone: worth("virtual_microphone"),
                    odd_format: worth("odd_format"),
                    steady_clock: worth("steady_clock"),
                    frame_rate: worth("frame_rate"),
                    file_loop: worth("file_loop"),
                    no_noise: worth("no_noise"),
                    not_a_browser: worth("not_a_browser"),
                    false_browser: worth("false_browser"),
                    steady_rtp: worth("steady_rtp"),
                }
            }),
            alert: r.section("alert", |r| RawAlert {
                on_alert: r.texts("on_alert"),
                attempts: r.count("attempts"),
                first_delay_s: r.number("first_delay_s"),
                max_delay_s: r.number("max_delay_s"),
                timeout_s: r.number("timeout_s"),
                queue: r.count("queue"),
            }),
            log: r.section("log", |r| RawLog {
                filter: r.text("filter"),
                format: r.parsed("format", |t| match t {
                    "text" => Ok(LogFormat::Text),
                    "json" => Ok(LogFormat::Json),
                    other => Err(format!("is \"{other}\": must be \"text\" or \"json\"")),
                }),
            }),
        };
        r.finish();
        raw
    }

    /// What this layer leaves open, the one below it says.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            profile: self.profile.or(below.profile),
            policy: self.policy.over(below.policy),
            detect: self.detect.over(below.detect),
            capture: self.capture.over(below.capture),
            provenance: self.provenance.over(below.provenance),
            alert: self.alert.over(below.alert),
            log: self.log.over(below.log),
        }
    }
}
