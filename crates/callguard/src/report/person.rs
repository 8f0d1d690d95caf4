//! What a page says of one participant.

use minijinja::{Value, context};

use super::page::{ParticipantPage, clock};
use super::timeline::Moment;
use super::{picture, plot, words};
use crate::scan::result::{ChartResult, ParticipantResult, SourceResult};

/// Begins the address of a participant's moments: they count on from it.
#[must_use]
pub fn anchor(participant: u32) -> String {
    format!("moment-{participant}")
}

/// All of it, for the template.
#[must_use]
pub fn values(result: &ParticipantResult, page: &ParticipantPage) -> Value {
    let charts: Vec<Value> = result.charts.iter().map(|(name, c)| chart(name, c)).collect();
    let sources: Vec<Value> = result.sources.iter().map(|(name, s)| source(name, s)).collect();
    let timeline = &page.timeline;
    let drawn = !timeline.charts.is_empty() || !timeline.sources().is_empty();
    let svg = if drawn { plot::draw(timeline, &page.moments, &anchor(result.id)) } else { String::new() };
    let raised = timeline.alerts.iter().map(|a| format!("{} at {}", a.hypothesis, clock(a.raised_s)));
    let state = |s: &super::StateMark| context! { state => s.state, at => clock(s.at_s) };
    context! {
        id => result.id,
        name => page.name.clone(),
        kind => result.kind,
        mixed => result.mixed,
        no_sign => (result.verdict == "inconclusive" && !result.charts.is_empty()).then_some(words::NO_SIGN),
        verdict => result.verdict,
        from => clock(timeline.from_s),
        to => clock(result.to_s),
        // The tables speak of the newest epoch, the drawing of all.
        anew => (result.epoch > 0).then(|| clock(result.from_s)),
        epochs => result.epoch,
        llr => result.llr.map(|x| format!("{x:+.2}")),
        nearest => nearest(result),
        raised => raised.collect::<Vec<_>>().join(", "),
        lawless => result.charts.values().any(|c| c.threshold.is_none()),
        charts => charts,
        sources => sources,
        svg => Value::from_safe_string(svg),
        states => timeline.states.iter().map(state).collect::<Vec<_>>(),
        reasons => reasons(page),
        moments => moments(result.id, &page.moments),
        maps => page.moments.iter().any(|m| m.cells().is_some()),
        cells => page.moments.iter().find_map(Moment::cells),
    }
}

/// The chart nearest to its threshold, with the highest score that it had.
fn nearest(result: &ParticipantResult) -> Option<String> {
    let limit = |c: &ChartResult| c.threshold.unwrap_or(c.suspect_threshold).max(f64::MIN_POSITIVE);
    let share = |c: &ChartResult| c.peak / limit(c);
    let (name, c) = result.charts.iter().max_by(|a, b| share(a.1).total_cmp(&share(b.1)))?;
    Some(format!("{name} {:.1} of {:.1}", c.peak, limit(c)))
}

fn chart(name: &str, c: &ChartResult) -> Value {
    context! {
        name => name,
        about => words::hypothesis(name),
        peak => format!("{:.2}", c.peak),
        suspect => format!("{:.2}", c.suspect_threshold),
        synthetic => c.threshold.map(|x| format!("{x:.2}")),
        llr => format!("{:+.2}", c.llr),
    }
}

fn source(name: &str, source: &SourceResult) -> Value {
    let abstained: Vec<String> = source.abstained_s.iter().map(|(reason, s)| format!("{reason} {s:.1} s")).collect();
    context! {
        name => name,
        about => words::source(name),
        llr => source.llr.map_or_else(|| "–".to_owned(), |x| format!("{x:+.2}")),
        windows => source.windows,
        observed => format!("{:.1}", source.observed_s),
        abstained => abstained.join(", "),
    }
}

/// Why something was not judged, for the legend.
fn reasons(page: &ParticipantPage) -> Vec<Value> {
    let mut names: Vec<&str> = page.timeline.abstained.iter().map(|a| a.reason.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |name: &str| {
        let (about, hatch) = words::abstention(name);
        context! { name => name, about => about, hatch => hatch }
    };
    names.into_iter().map(value).collect()
}

fn moments(participant: u32, moments: &[Moment]) -> Vec<Value> {
    let anchor = anchor(participant);
    let value = |(i, m): (usize, &Moment)| {
        let face = picture::plain(m)?;
        let span = format!("{}–{}", clock(m.from_s), clock(m.to_s));
        Some(context! {
            anchor => format!("{anchor}-{}", i + 1),
            number => i + 1,
            source => m.source.clone(),
            span => span,
            llr => format!("{:+.2}", m.llr),
            side => m.side,
            face => Value::from_safe_string(face),
            map => picture::mapped(m, picture::strongest(moments, &m.source)).map(Value::from_safe_string),
        })
    };
    moments.iter().enumerate().filter_map(value).collect()
}
