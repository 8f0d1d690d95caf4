//! One input from its bytes to its result.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use callguard_engine::{CallReport, Engine};
use sha2::{Digest, Sha256};
use tracing::info_span;

use super::convert;
use super::hear::hear;
use super::result::{ModelResult, PolicyResult, SCAN_SCHEMA, ScanResult, Status, round};
use crate::capture::decode::Decoded;
use crate::capture::{Place, argument_text, mixed};
use crate::config::{Config, Limits};
use crate::report::{ParticipantPage, ReasonWindows};
use crate::trouble::{Stage, Trouble};

/// A result, and what its page shows beyond it.
#[derive(Debug)]
pub struct Judged {
    /// What is put out.
    pub result: ScanResult,
    /// The participants' courses.
    pub pages: Vec<ParticipantPage>,
    /// The windows to look at first, by alert and reason.
    pub windows: Vec<Vec<ReasonWindows>>,
    /// The promise.
    pub false_alarm: f64,
}

/// What judges inputs; shared by all jobs.
#[derive(Debug)]
pub struct Judge {
    engine: Result<Engine, Trouble>,
    limits: Limits,
    models: Vec<ModelResult>,
    policy: PolicyResult,
    false_alarm: f64,
}

impl Judge {
    /// With an engine, or the reason why there is none: then every input's result says so.
    #[must_use]
    pub fn new(engine: Result<Engine, Trouble>, config: &Config) -> Self {
        let models = engine.as_ref().map(models).unwrap_or_default();
        Self {
            engine,
            limits: config.capture.clone(),
            models,
            policy: policy(config),
            false_alarm: config.policy.false_alarm,
        }
    }

    /// Judges one input. `progress` is told the share that was heard.
    #[must_use]
    pub fn judge(&self, input: &OsString, progress: &dyn Fn(f64)) -> Judged {
        let _span = info_span!("capture", input = %input.to_string_lossy()).entered();
        // A defect that one input brings to light must not end the others.
        let heard = catch_unwind(AssertUnwindSafe(|| self.hear(input, progress)));
        let heard = heard.unwrap_or_else(|_| {
            let what = format!("{}: judging it panicked", input.to_string_lossy());
            Err(Trouble::defect(Stage::Detect, what))
        });
        match heard {
            Ok((decoded, report)) => self.judged(input, &decoded, &report),
            Err(trouble) => self.failed(input, trouble),
        }
    }

    fn hear(&self, input: &OsString, progress: &dyn Fn(f64)) -> Result<(Decoded, CallReport), Trouble> {
        let engine = self.engine.as_ref().map_err(Clone::clone)?;
        let (input, mixed) = mixed(input);
        let place = Place::parse(input, &self.limits.scan_schemes)?;
        let (shown, _) = argument_text(&input.to_owned());
        hear(engine, &place, &shown, mixed, &self.limits, progress)
    }

    fn judged(&self, input: &OsString, decoded: &Decoded, report: &CallReport) -> Judged {
        let blank = self.blank(input);
        let participants = convert::participants(report);
        let salt = format!("{}\0{}\0{:?}", blank.input, blank.policy.sha256, self.models);
        let alerts = report.alerts.iter().map(|(_, alert)| convert::alert(alert, alert_id(&salt, alert))).collect();
        let result = ScanResult {
            status: if decoded.cut.is_some() { Status::Partial } else { Status::Ok },
            duration_s: Some(round(decoded.heard.as_secs_f64())),
            verdict: convert::worst(report),
            llr: participants.iter().filter_map(|p| p.llr).reduce(f64::max),
            sources: convert::strongest_sources(&participants),
            streams: convert::streams(report),
            participants,
            alerts,
            error: decoded.cut.clone(),
            ..blank
        };
        Judged {
            result,
            pages: convert::pages(report),
            windows: convert::windows(report),
            false_alarm: self.false_alarm,
        }
    }

    fn failed(&self, input: &OsString, trouble: Trouble) -> Judged {
        let result = ScanResult { error: Some(trouble), ..self.blank(input) };
        Judged { result, pages: Vec::new(), windows: Vec::new(), false_alarm: self.false_alarm }
    }

    /// The result of an input of which nothing is known.
    fn blank(&self, input: &OsString) -> ScanResult {
        let (input, input_hex) = argument_text(input);
        ScanResult {
            schema: SCAN_SCHEMA,
            input,
            input_hex,
            status: Status::Error,
            duration_s: None,
            verdict: "inconclusive",
            llr: None,
            sources: Default::default(),
            streams: Vec::new(),
            participants: Vec::new(),
            alerts: Vec::new(),
            models: self.models.clone(),
            policy: self.policy.clone(),
            version: env!("CARGO_PKG_VERSION"),
            error: None,
        }
    }
}

/// What judges, for the result.
pub fn models(engine: &Engine) -> Vec<ModelResult> {
    let described = |m: callguard_engine::ModelInfo| ModelResult {
        id: m.spec.id,
        sha256: m.spec.sha256,
        provider: m.provider.map_or_else(|| "remote".to_owned(), |p| p.to_string()),
    };
    engine.models().into_iter().map(described).collect()
}

/// The policy in effect. Its hash covers every number that a verdict depends on beside the models, the names of announcements, and
/// what findings about a stream's origin are worth where one is worth a suspicion.
pub fn policy(config: &Config) -> PolicyResult {
    let mut numbers = serde_json::json!({ "policy": config.policy, "hop_s": config.detect.hop.as_secs_f64() });
    if !config.detect.announcements.is_empty() {
        numbers["announcements"] = config.detect.announcements.iter().map(|p| p.to_string_lossy()).collect();
    }
    // Remarks change no verdict.
    if config.provenance.source().is_some() {
        numbers["provenance"] = serde_json::json!(config.provenance);
    }
    let sha256 = Sha256::digest(numbers.to_string());
    PolicyResult { profile: config.profile.clone(), sha256: sha256.iter().map(|b| format!("{b:02x}")).collect() }
}

/// The same in every run, and different for every alert: what was judged, by what, and what was found.
fn alert_id(salt: &str, alert: &callguard_core::Alert) -> String {
    let what =
        format!("{salt}\0{}\0{}\0{}\0{}", alert.key.0, alert.participant.0, alert.hypothesis, alert.raised.as_nanos());
    let hash = Sha256::digest(what);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Uuid::new_v8(bytes).to_string()
}
