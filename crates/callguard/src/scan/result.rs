//! `callguard.scan/1`: what is said of one input. The schema stands in `docs/schemas/callguard.scan-1.schema.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::trouble::Trouble;

/// The schema's name and version, in every object.
pub const SCAN_SCHEMA: &str = "callguard.scan/1";

/// How far it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// All of it was read.
    Ok,
    /// Part of it was read; `error` says why not all.
    Partial,
    /// Nothing was read.
    Error,
}

/// What is said of one input. Seconds are media time from the input's start, rounded to milliseconds; llrs are in nats, rounded to
/// thousandths.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScanResult {
    /// [`SCAN_SCHEMA`].
    pub schema: &'static str,
    /// The argument, byte for byte where it is UTF-8.
    pub input: String,
    /// All bytes of an argument that is not UTF-8, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_hex: Option<String>,
    /// How far it went.
    pub status: Status,
    /// How much was heard or seen.
    pub duration_s: Option<f64>,
    /// The worst that anyone reached: suspect or synthetic; else genuine where everyone is, and inconclusive where not.
    pub verdict: &'static str,
    /// The largest participant's; `null` without evidence.
    pub llr: Option<f64>,
    /// Each source, of the participant of whom it says most.
    pub sources: BTreeMap<String, SourceResult>,
    /// What was in it.
    pub streams: Vec<StreamResult>,
    /// Who was heard or seen.
    pub participants: Vec<ParticipantResult>,
    /// What was raised, in order of time.
    pub alerts: Vec<AlertResult>,
    /// What judged.
    pub models: Vec<ModelResult>,
    /// By which policy.
    pub policy: PolicyResult,
    /// The program's version.
    pub version: &'static str,
    /// What went wrong, where `status` is not `ok`.
    pub error: Option<Trouble>,
}

/// One stream of the input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StreamResult {
    /// What it is called.
    pub name: String,
    /// What is observed in it: face or voice.
    pub kind: &'static str,
    /// Who is, by `id`.
    pub participants: Vec<u32>,
    /// Pictures, or samples of each channel, that came.
    pub frames: u64,
    /// Of those, how many were lost before they could be looked at: none in a recording.
    pub dropped_frames: u64,
    /// How many were of a format that cannot be looked at.
    pub refused_frames: u64,
    /// Why it cannot be judged further, where that is so.
    pub failed: Option<String>,
}

/// One source of evidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SourceResult {
    /// Mean of the calibrated window llrs before clipping; `null` without windows.
    pub llr: Option<f64>,
    /// How many windows.
    pub windows: u64,
    /// Net observation.
    pub observed_s: f64,
    /// What was not judged, by reason.
    pub abstained_s: BTreeMap<String, f64>,
}

/// One participant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParticipantResult {
    /// Counts from 1.
    pub id: u32,
    /// How often they were begun anew.
    pub epoch: u32,
    /// face or voice.
    pub kind: &'static str,
    /// Several people speak in the stream: what is said is of a voice in it, and never that it is genuine.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mixed: bool,
    /// What people call them: `face 2 in stream 1`.
    pub name: String,
    /// The stream they are in.
    pub stream: Option<String>,
    /// Begin.
    pub from_s: f64,
    /// End.
    pub to_s: f64,
    /// The worst that was reached.
    pub verdict: &'static str,
    /// The largest chart's; `null` without evidence.
    pub llr: Option<f64>,
    /// By hypothesis.
    pub charts: BTreeMap<String, ChartResult>,
    /// By name.
    pub sources: BTreeMap<String, SourceResult>,
}

/// One chart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChartResult {
    /// Evidence of the whole input.
    pub llr: f64,
    /// Highest score.
    pub peak: f64,
    /// What it takes to be *Synthetic*; `null` where a source has no measured law.
    pub threshold: Option<f64>,
    /// What it takes to be *Suspect*.
    pub suspect_threshold: f64,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertResult {
    /// UUIDv8, derived from the input and the alert: the same in every run.
    pub id: String,
    /// Of whom.
    pub participant: u32,
    /// What it is about.
    pub hypothesis: String,
    /// When the evidence began.
    pub onset_s: f64,
    /// End of the deciding window.
    pub raised_s: f64,
    /// When it cleared.
    pub cleared_s: Option<f64>,
    /// Score when it was raised.
    pub score: f64,
    /// What it had to reach.
    pub threshold: f64,
    /// What each source gave.
    pub reasons: Vec<ReasonResult>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReasonResult {
    /// The source.
    pub source: String,
    /// What it gave.
    pub llr: f64,
    /// Begin.
    pub from_s: f64,
    /// End.
    pub to_s: f64,
    /// Of a mixed stream: when the turn began that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_s: Option<f64>,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelResult {
    /// Its name in the manifest.
    pub id: String,
    /// Of its file.
    pub sha256: String,
    /// What ran it.
    pub provider: String,
}

/// The policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyResult {
    /// The profile it began with.
    pub profile: String,
    /// Of the policy's numbers in effect, as JSON.
    pub sha256: String,
}

/// Rounded to thousandths, without a negative zero.
#[must_use]
pub fn round(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_leaves_no_negative_zero() {
        assert_eq!(serde_json::to_string(&round(-0.0001)).unwrap(), "0.0");
        assert_eq!(round(1.23456), 1.235);
    }
}
