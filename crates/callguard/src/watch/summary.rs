//! What is left when a watch is over: a line per participant, and pages.

use std::path::{Path, PathBuf};

use callguard_engine::Engine;

use super::board::Board;
use super::calls::Guarded;
use super::plain;
use crate::config::Config;
use crate::out::say;
use crate::report::{Page, Report, Unit, clock};
use crate::scan::result::{SCAN_SCHEMA, ScanResult, Status, round};
use crate::scan::{convert, judge};
use crate::trouble::Trouble;

/// Begins the report, so that a folder that cannot be written is known before the calls.
///
/// # Errors
/// Where the folder cannot be made.
pub fn create(dir: &Path) -> Result<Report, Trouble> {
    Report::create(dir, Unit::Call)
}

/// Says how every participant was judged.
///
/// # Errors
/// Where standard output cannot be written.
pub fn print(calls: &[Guarded], board: &Board) -> Result<(), Trouble> {
    for call in calls {
        let report = call.report();
        let participants = convert::participants(&report);
        if participants.is_empty() {
            say(&format!("{}: nobody was heard or seen", call.name()))?;
        }
        for (p, result) in report.participants.iter().zip(&participants) {
            let who = board.find(call.name(), p.id.0).map_or_else(|| result.name.clone(), plain::of);
            let raised: Vec<String> = report
                .alerts
                .iter()
                .filter(|(_, a)| a.participant == p.id)
                .map(|(_, a)| format!("alert {} at {}", a.hypothesis, clock(a.raised.as_secs_f64())))
                .collect();
            let raised = if raised.is_empty() { "no alert".to_owned() } else { raised.join(", ") };
            let llr = result.llr.map_or_else(|| "no evidence".to_owned(), |llr| format!("evidence {llr:+.1} nats"));
            say(&format!("{who}: {} ({raised}; {llr})", result.verdict))?;
        }
        for found in report.streams.iter().flat_map(|s| &s.findings) {
            say(&format!("{}/{} {}: {}", call.name(), found.stream, found.kind.as_str(), plain::finding(found)))?;
        }
        let dropped: u64 = report.streams.iter().map(|s| s.stats.dropped_frames).sum();
        if dropped > 0 {
            say(&format!("{}: {dropped} frames were not analysed: the machine was too slow", call.name()))?;
        }
    }
    Ok(())
}

/// Writes a page per call, and says where the index is.
///
/// # Errors
/// Where a page cannot be written.
pub fn write(mut report: Report, calls: &[Guarded], engine: &Engine, config: &Config) -> Result<PathBuf, Trouble> {
    for call in calls {
        let stood = call.report();
        let participants = convert::participants(&stood);
        let result = ScanResult {
            schema: SCAN_SCHEMA,
            input: call.name().to_owned(),
            input_hex: None,
            status: Status::Ok,
            duration_s: Some(round(stood.now.as_secs_f64())),
            verdict: convert::worst(&stood),
            llr: participants.iter().filter_map(|p| p.llr).reduce(f64::max),
            sources: convert::strongest_sources(&participants),
            streams: convert::streams(&stood),
            participants,
            alerts: stood.alerts.iter().map(|(id, alert)| convert::alert(alert, id.clone())).collect(),
            models: judge::models(engine),
            policy: judge::policy(config),
            version: env!("CARGO_PKG_VERSION"),
            error: None,
        };
        let found = stood.streams.iter().flat_map(|s| &s.findings);
        let found = found.map(|f| ("Provenance", format!("{}: {}", f.stream, plain::finding(f))));
        let facts = std::iter::once(("Call", stood.id.clone())).chain(found).collect();
        let page = Page {
            title: call.name().to_owned(),
            subtitle: format!("live call, followed until {}", jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S %Z")),
            unit: "call",
            participants: convert::pages(&stood),
            windows: convert::windows(&stood),
            false_alarm: stood.policy.false_alarm,
            call_s: stood.policy.call_s,
            facts,
            result,
        };
        report.add(&page)?;
    }
    report.finish()
}
