//! The results as a table for people.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, presets};

use super::result::{ScanResult, Status};
use crate::report::clock;

/// Where no terminal says how wide it is.
const WIDTH: u16 = 100;

/// One row per input. Evidence is in nats, above zero for synthetic.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Default for Table {
    fn default() -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["verdict", "face", "voice", "length", "input", "why"]);
        Self(table)
    }
}

impl Table {
    /// Adds one input.
    pub fn add(&mut self, result: &ScanResult) {
        let verdict = if result.status == Status::Error { "error" } else { result.verdict };
        let colour = match verdict {
            "synthetic" | "error" => Color::Red,
            "suspect" => Color::Yellow,
            "genuine" => Color::Green,
            _ => Color::Grey,
        };
        let bold = if verdict == "synthetic" { Attribute::Bold } else { Attribute::NormalIntensity };
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        self.0.add_row([
            Cell::new(verdict).fg(colour).add_attribute(bold),
            right(kind(result, "face")),
            right(kind(result, "voice")),
            right(result.duration_s.map_or_else(|| "–".to_owned(), clock)),
            Cell::new(visible(&result.input)),
            Cell::new(visible(&why(result))),
        ]);
    }

    /// The whole table; without colours where standard output is not a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        if std::io::stdout().is_terminal() { self.0.to_string() } else { self.plain() }
    }

    fn plain(&self) -> String {
        self.0.clone().set_width(WIDTH).force_no_tty().to_string()
    }
}

/// What faces, or voices, say at most, and of how many that is.
fn kind(result: &ScanResult, kind: &str) -> String {
    let alike: Vec<_> = result.participants.iter().filter(|p| p.kind == kind).collect();
    let llr = alike.iter().filter_map(|p| p.llr).reduce(f64::max);
    let llr = llr.map_or_else(|| if alike.is_empty() { "–" } else { "none" }.to_owned(), |x| format!("{x:+.1}"));
    if alike.len() > 1 { format!("{llr} of {}", alike.len()) } else { llr }
}

fn why(result: &ScanResult) -> String {
    let mut parts: Vec<String> = Vec::new();
    for alert in &result.alerts {
        let from: Vec<String> = alert.reasons.iter().map(|r| format!("{} {:+.1}", r.source, r.llr)).collect();
        parts.push(format!("{} at {}: {}", alert.hypothesis, clock(alert.raised_s), from.join(", ")));
    }
    if let Some(error) = &result.error {
        parts.push(error.message.clone());
    }
    if parts.is_empty() && result.llr.is_none() {
        // Sources that look at one face abstain together: each reason once, for as long as it held for any.
        let mut longest: BTreeMap<&String, f64> = BTreeMap::new();
        for (reason, s) in result.sources.values().flat_map(|s| &s.abstained_s) {
            let held = longest.entry(reason).or_default();
            *held = held.max(*s);
        }
        let mut reasons: Vec<_> = longest.into_iter().collect();
        reasons.sort_by(|a, b| b.1.total_cmp(&a.1));
        parts.extend(reasons.iter().take(2).map(|(reason, s)| format!("not judged: {reason} {s:.1} s")));
    }
    parts.join("; ")
}

/// A file name may hold control characters; a terminal must not act on them.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::convert::tests::result;
    use super::super::sample;
    use super::*;

    #[test]
    fn a_reason_that_several_sources_have_is_told_once() {
        let mut nobody = result(&sample::call());
        (nobody.alerts, nobody.error, nobody.llr) = (Vec::new(), None, None);
        for (n, source) in nobody.sources.values_mut().enumerate() {
            source.abstained_s = [("occluded".to_owned(), 2.0 + n as f64)].into();
        }
        let longest = 1.0 + nobody.sources.len() as f64;
        assert!(nobody.sources.len() > 1);
        assert_eq!(why(&nobody), format!("not judged: occluded {longest:.1} s"));
    }

    #[test]
    fn faces_and_voices_stand_in_columns_that_fit() {
        let mut table = Table::default();
        table.add(&result(&sample::call()));
        let mut nobody = sample::call();
        (nobody.participants, nobody.alerts) = (Vec::new(), Vec::new());
        table.add(&result(&nobody));
        let text = table.plain();
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        let cells: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(cells.iter().any(|c| c.contains(&"synthetic") && c.contains(&"+5.8") && c.contains(&"-6.2")), "{text}");
        assert!(cells.iter().any(|c| c.contains(&"inconclusive") && c.contains(&"–")), "{text}");
    }
}
