//! The configuration in effect, as a file that reads back the same.

use std::fmt::Write as _;

use callguard_core::Finding;
use toml::Value;

use super::Config;
use crate::cli::LogFormat;

/// Every key with its value; what is searched for, or chosen by itself, stands as a comment.
#[must_use]
pub fn show(config: &Config) -> String {
    let mut out = String::new();
    let text = |s: &str| Value::String(s.to_owned());
    let texts = |list: &[String]| Value::Array(list.iter().map(|s| text(s)).collect());
    let int = |n: u64| Some(Value::Integer(i64::try_from(n).unwrap_or(i64::MAX)));
    let float = |x: f64| Some(Value::Float(x));
    let text_of = |p: &std::path::PathBuf| p.to_string_lossy().into_owned();
    let path = |p: &Option<std::path::PathBuf>| p.as_ref().map(|p| text(&text_of(p)));
    let mut line = |key: &str, value: Option<Value>| {
        // Writing to a string cannot fail.
        let _ = match value {
            Some(value) => writeln!(out, "{key} = {value}"),
            None if key.starts_with('[') => writeln!(out, "\n{key}"),
            None => writeln!(out, "# {key} = (found by itself)"),
        };
    };
    line("profile", Some(text(&config.profile)));
    line("[policy]", None);
    line("false_alarm", float(config.policy.false_alarm));
    line("call_s", float(config.policy.call_s));
    line("suspect_factor", float(config.policy.suspect_factor));
    line("clear_at", float(config.policy.clear_at));
    line("unobservable_after_s", float(config.policy.unobservable_after_s));
    line("[detect]", None);
    let detect = &config.detect;
    line("models", path(&detect.models));
    line("onnxruntime", path(&detect.onnxruntime));
    line("provider", Some(text(detect.provider.as_str())));
    line("fallback", Some(text(if detect.fallback == callguard_inference::Fallback::Cpu { "cpu" } else { "none" })));
    line("workers", detect.workers.and_then(|n| int(n as u64)));
    line("hop_s", float(detect.hop.as_secs_f64()));
    line("deadline_s", float(detect.deadline.as_secs_f64()));
    line("announcements", Some(texts(&detect.announcements.iter().map(text_of).collect::<Vec<_>>())));
    line("[capture]", None);
    let limits = &config.capture;
    line("scan_schemes", Some(texts(&limits.scan_schemes)));
    line("watch_schemes", Some(texts(&limits.watch_schemes)));
    line("open_timeout_s", float(limits.open_timeout.as_secs_f64()));
    line("data_timeout_s", float(limits.data_timeout.as_secs_f64()));
    line("streams", int(limits.streams.into()));
    line("channels", int(limits.channels.into()));
    line("width", int(limits.width.into()));
    line("height", int(limits.height.into()));
    line("fps", int(limits.fps.into()));
    line("input_mib", int(limits.input_bytes >> 20));
    line("duration_s", float(limits.duration.as_secs_f64()));
    line("[provenance]", None);
    for finding in Finding::ALL {
        line(&finding.as_str().replace('-', "_"), Some(text(config.provenance.worth(finding).as_str())));
    }
    line("[alert]", None);
    let alert = &config.alert;
    line("on_alert", Some(texts(&alert.targets.iter().map(ToString::to_string).collect::<Vec<_>>())));
    line("attempts", int(alert.attempts.into()));
    line("first_delay_s", float(alert.first_delay.as_secs_f64()));
    line("max_delay_s", float(alert.max_delay.as_secs_f64()));
    line("timeout_s", float(alert.timeout.as_secs_f64()));
    line("queue", int(alert.queue as u64));
    line("[log]", None);
    if let Some(filter) = &config.log_filter {
        line("filter", Some(text(filter)));
    }
    line("format", Some(text(if config.log_format == LogFormat::Json { "json" } else { "text" })));
    out
}
