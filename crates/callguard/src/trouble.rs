//! What went wrong, said so that a person can act on it and a program can branch on it.

use std::fmt;

use serde::Serialize;

/// Where in the flow it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reading flags, environment and configuration.
    Configure,
    /// Finding and opening the input.
    Open,
    /// Decoding it, or recording.
    Capture,
    /// Starting or asking the models.
    Detect,
    /// Weighing the evidence.
    Fuse,
    /// Telling people.
    Alert,
    /// Writing results.
    Report,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configure => "configure",
            Self::Open => "open",
            Self::Capture => "capture",
            Self::Detect => "detect",
            Self::Fuse => "fuse",
            Self::Alert => "alert",
            Self::Report => "report",
        })
    }
}

/// Stable names of what can go wrong in the program itself; the engine brings its own.
pub mod code {
    /// Flags or configuration that cannot be used. Give up until they are corrected.
    pub const CONFIG: &str = "config";
    /// No such file.
    pub const NOT_FOUND: &str = "not-found";
    /// It is there but may not be read.
    pub const NOT_READABLE: &str = "not-readable";
    /// Neither file nor folder: a device, a pipe, a socket.
    pub const NOT_A_FILE: &str = "not-a-file";
    /// A URI of a scheme that this command does not open.
    pub const SCHEME: &str = "scheme-not-allowed";
    /// A playlist or container that points at something the input may not reach.
    pub const NESTED_SOURCE: &str = "nested-source";
    /// Not a media format that is understood here.
    pub const NOT_MEDIA: &str = "not-media";
    /// Media without anything that is judged here: neither sound nor pictures, or not the one that was asked for.
    pub const NO_MEDIA: &str = "no-media";
    /// Damaged or unfinished media.
    pub const DECODE: &str = "decode-failed";
    /// A decoder or other GStreamer element that is not installed.
    pub const MISSING_ELEMENT: &str = "missing-element";
    /// Channels, picture size or frame rate past the limits.
    pub const CAPS_LIMIT: &str = "caps-limit";
    /// More streams than the limit.
    pub const STREAMS_LIMIT: &str = "streams-limit";
    /// More bytes than the limit.
    pub const SIZE_LIMIT: &str = "size-limit";
    /// Longer than the limit.
    pub const DURATION_LIMIT: &str = "duration-limit";
    /// It did not open in time. Retrying may help.
    pub const OPEN_TIMEOUT: &str = "open-timeout";
    /// It opened, and then nothing came. Retrying may help.
    pub const DATA_TIMEOUT: &str = "data-timeout";
    /// The sender ended it. It may come back.
    pub const ENDED: &str = "ended";
    /// The network or the other side refused.
    pub const NETWORK: &str = "network";
    /// A microphone that cannot be used now.
    pub const DEVICE: &str = "device-unavailable";
    /// Results that cannot be written.
    pub const OUTPUT: &str = "output";
    /// An alert that could not be delivered.
    pub const ALERT: &str = "alert-not-delivered";
    /// A defect in this program.
    pub const INTERNAL: &str = "internal";
}

/// One thing that went wrong: `{code, stage, message, hint}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// Stable name, kebab-case.
    pub code: String,
    /// Where in the flow.
    pub stage: Stage,
    /// What happened, with the value that caused it.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Trouble {
    /// Puts the four together.
    pub fn new(code: &str, stage: Stage, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: code.to_owned(), stage, message: message.into(), hint: hint.into() }
    }

    /// What can only be a mistake in this program.
    pub fn defect(stage: Stage, message: impl Into<String>) -> Self {
        Self::new(code::INTERNAL, stage, message, "This is a defect of callguard: please report it.")
    }

    /// The two lines that a person reads.
    #[must_use]
    pub fn for_people(&self) -> String {
        if self.hint.is_empty() { self.message.clone() } else { format!("{}\n  fix: {}", self.message, self.hint) }
    }
}

impl From<callguard_engine::EngineError> for Trouble {
    fn from(e: callguard_engine::EngineError) -> Self {
        let stage = match e.stage.as_str() {
            "capture" => Stage::Capture,
            "detect" => Stage::Detect,
            "fuse" => Stage::Fuse,
            "alert" => Stage::Alert,
            _ => Stage::Configure,
        };
        Self::new(e.code.as_str(), stage, e.message, e.hint)
    }
}
