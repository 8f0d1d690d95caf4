//! From the engine's report to the result and to what pages are drawn from.

use std::collections::BTreeMap;

use callguard_core::{Alert, MediaTime, ParticipantKind, SourceView, State};
use callguard_engine::{CallReport, ParticipantReport, StreamReport};

use super::result::{AlertResult, ChartResult, ParticipantResult, ReasonResult, SourceResult, StreamResult, round};
use crate::report::{
    Abstained, AlertMark, ChartLine, Moment, ParticipantPage, ReasonWindows, StateMark, Timeline, WindowBar, words,
};

fn seconds(t: MediaTime) -> f64 {
    round(t.as_secs_f64())
}

/// What to conclude of all participants together: the worst that any reached, alerts included, since one that a later epoch left behind still
/// counts. *Genuine* only where everyone is: a voice that sounds genuine must not speak for the face above it. A voice that was never heard
/// does not count; a face that is there and could not be judged does.
#[must_use]
pub fn worst(report: &CallReport) -> &'static str {
    let concluded = |verdict: &str| report.participants.iter().any(|p| conclusion(report, p) == verdict);
    if let Some(flagged) = ["synthetic", "suspect"].into_iter().find(|verdict| concluded(verdict)) {
        return flagged;
    }
    let counts = |p: &&ParticipantReport| p.kind == ParticipantKind::Face || !p.charts.is_empty();
    let everyone = report.participants.iter().filter(counts).all(|p| conclusion(report, p) == "genuine");
    if everyone && concluded("genuine") { "genuine" } else { "inconclusive" }
}

fn conclusion(report: &CallReport, p: &ParticipantReport) -> &'static str {
    if report.alerts.iter().any(|(_, a)| a.participant == p.id) { "synthetic" } else { p.conclusion.conclusion() }
}

/// Every participant's result.
#[must_use]
pub fn participants(report: &CallReport) -> Vec<ParticipantResult> {
    let convert = |p: &ParticipantReport| {
        let mut charts: BTreeMap<String, ChartResult> = BTreeMap::new();
        for view in &p.charts {
            let chart = ChartResult {
                llr: round(view.llr),
                peak: round(view.peak),
                threshold: view.thresholds.synthetic.map(round),
                suspect_threshold: round(view.thresholds.suspect),
            };
            // A hypothesis may have a second chart, of sources without a law; the nearer to its threshold stands.
            let nearer = |c: &ChartResult| c.peak / c.threshold.unwrap_or(c.suspect_threshold).max(f64::MIN_POSITIVE);
            let name = view.hypothesis.to_string();
            if charts.get(&name).is_none_or(|there| nearer(&chart) > nearer(there)) {
                charts.insert(name, chart);
            }
        }
        ParticipantResult {
            id: p.id.0,
            epoch: p.epoch,
            kind: p.kind.as_str(),
            mixed: p.mixed,
            name: name(report, p),
            stream: stream(report, p).map(|s| s.name.clone()),
            from_s: seconds(p.from),
            to_s: seconds(report.now),
            verdict: conclusion(report, p),
            llr: p.charts.iter().map(|c| c.llr).reduce(f64::max).map(round),
            charts,
            sources: p.sources.iter().map(|s| (s.source.to_string(), source(s))).collect(),
        }
    };
    report.participants.iter().map(convert).collect()
}

fn stream<'a>(report: &'a CallReport, p: &ParticipantReport) -> Option<&'a StreamReport> {
    report.streams.iter().find(|s| s.participants.contains(&p.id))
}

/// What people call them: those of one kind in one stream are numbered in the order they came.
fn name(report: &CallReport, p: &ParticipantReport) -> String {
    let Some(stream) = stream(report, p) else { return format!("participant {}", p.id.0) };
    let before = stream.participants.iter().filter(|id| **id < p.id);
    let alike = before.filter(|id| report.participants.iter().any(|q| q.id == **id && q.kind == p.kind)).count();
    format!("{} in {}", words::seat(p.kind, p.mixed, alike + 1), stream.name)
}

/// What was in the input, or call.
#[must_use]
pub fn streams(report: &CallReport) -> Vec<StreamResult> {
    let convert = |s: &StreamReport| StreamResult {
        name: s.name.clone(),
        kind: s.kind.as_str(),
        participants: s.participants.iter().map(|id| id.0).collect(),
        frames: s.stats.frames,
        dropped_frames: s.stats.dropped_frames,
        refused_frames: s.stats.refused_frames,
        failed: s.failed.clone(),
    };
    report.streams.iter().map(convert).collect()
}

fn source(view: &SourceView) -> SourceResult {
    SourceResult {
        llr: view.mean_llr.map(round),
        windows: view.windows,
        observed_s: round(view.observed.as_secs_f64()),
        abstained_s: view
            .abstained
            .iter()
            .map(|(reason, t)| (reason.as_str().to_owned(), round(t.as_secs_f64())))
            .collect(),
    }
}

/// Each source as it spoke of the participant of whom it says most.
#[must_use]
pub fn strongest_sources(participants: &[ParticipantResult]) -> BTreeMap<String, SourceResult> {
    let mut strongest: BTreeMap<String, SourceResult> = BTreeMap::new();
    for (name, source) in participants.iter().flat_map(|p| &p.sources) {
        let more =
            |there: &SourceResult| source.llr.unwrap_or(f64::NEG_INFINITY) > there.llr.unwrap_or(f64::NEG_INFINITY);
        if strongest.get(name).is_none_or(more) {
            strongest.insert(name.clone(), source.clone());
        }
    }
    strongest
}

/// An alert under the identifier it is given.
#[must_use]
pub fn alert(alert: &Alert, id: String) -> AlertResult {
    let reason = |r: &callguard_core::Reason| ReasonResult {
        source: r.source.to_string(),
        llr: round(r.llr),
        from_s: seconds(r.from),
        to_s: seconds(r.to),
        turn_s: r.turn.map(seconds),
    };
    AlertResult {
        id,
        participant: alert.participant.0,
        hypothesis: alert.hypothesis.to_string(),
        onset_s: seconds(alert.onset),
        raised_s: seconds(alert.raised),
        cleared_s: alert.cleared.map(seconds),
        score: round(alert.score),
        threshold: round(alert.threshold),
        reasons: alert.reasons.iter().map(reason).collect(),
    }
}

/// The windows to look at first, by alert and reason.
#[must_use]
pub fn windows(report: &CallReport) -> Vec<Vec<ReasonWindows>> {
    let of = |r: &callguard_core::Reason| -> ReasonWindows {
        r.windows.iter().map(|(span, llr)| (span.from.as_secs_f64(), span.to.as_secs_f64(), *llr)).collect()
    };
    report.alerts.iter().map(|(_, a)| a.reasons.iter().map(of).collect()).collect()
}

/// What the pages show of the participants.
#[must_use]
pub fn pages(report: &CallReport) -> Vec<ParticipantPage> {
    report.participants.iter().map(|p| page(report, p)).collect()
}

fn page(report: &CallReport, p: &ParticipantReport) -> ParticipantPage {
    let moments = p.thumbnails.iter().map(|t| Moment {
        source: t.source.to_string(),
        from_s: t.span.from.as_secs_f64(),
        to_s: t.span.to.as_secs_f64(),
        llr: t.llr,
        side: t.side,
        rgb: t.rgb.clone(),
        map: t.map.clone(),
    });
    ParticipantPage { name: name(report, p), timeline: timeline(report, p), moments: moments.collect() }
}

fn timeline(report: &CallReport, p: &ParticipantReport) -> Timeline {
    let t = &p.timeline;
    let charts = t.charts.iter().map(|(hypothesis, points)| {
        let view = p.charts.iter().find(|c| c.hypothesis == *hypothesis);
        ChartLine {
            hypothesis: hypothesis.to_string(),
            points: points.iter().map(|p| (p.at.as_secs_f64(), p.score)).collect(),
            suspect_at: view.map_or(f64::INFINITY, |v| v.thresholds.suspect),
            synthetic_at: view.and_then(|v| v.thresholds.synthetic),
        }
    });
    let windows = t.windows.iter().flat_map(|(source, points)| {
        points.iter().map(|w| WindowBar {
            source: source.to_string(),
            from_s: w.span.from.as_secs_f64(),
            to_s: w.span.to.as_secs_f64(),
            llr: w.llr,
        })
    });
    let abstained = t.abstained.iter().flat_map(|(source, spans)| {
        spans.iter().map(|(span, reason)| Abstained {
            source: source.to_string(),
            reason: reason.as_str().to_owned(),
            from_s: span.from.as_secs_f64(),
            to_s: span.to.as_secs_f64(),
        })
    });
    let alerts = report.alerts.iter().filter(|(_, a)| a.participant == p.id).map(|(_, a)| AlertMark {
        hypothesis: a.hypothesis.to_string(),
        raised_s: a.raised.as_secs_f64(),
        score: a.score,
    });
    let state = |(at, state): &(MediaTime, State)| StateMark { state: state.as_str(), at_s: at.as_secs_f64() };
    Timeline {
        from_s: t.from.as_secs_f64(),
        to_s: report.now.as_secs_f64(),
        charts: charts.collect(),
        windows: windows.collect(),
        abstained: abstained.collect(),
        alerts: alerts.collect(),
        epochs: t.epochs.iter().map(|at| at.as_secs_f64()).collect(),
        states: t.states.iter().map(state).collect(),
    }
}

#[cfg(test)]
pub mod tests;
