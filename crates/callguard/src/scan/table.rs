//! The results as a table for people.

use std::io::IsTerminal;

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, presets};

use super::result::{ScanResult, Status};
use crate::report::clock;

/// One row per input.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Default for Table {
    fn default() -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["verdict", "llr", "heard", "input", "why"]);
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
            right(result.llr.map_or_else(|| "–".to_owned(), |x| format!("{x:+.1}"))),
            right(result.duration_s.map_or_else(|| "–".to_owned(), clock)),
            Cell::new(visible(&result.input)),
            Cell::new(visible(&why(result))),
        ]);
    }

    /// The whole table; without colours where standard output is not a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        if std::io::stdout().is_terminal() { self.0.to_string() } else { self.0.clone().force_no_tty().to_string() }
    }
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
        let mut reasons: Vec<(&String, &f64)> = result.sources.values().flat_map(|s| &s.abstained_s).collect();
        reasons.sort_by(|a, b| b.1.total_cmp(a.1));
        parts.extend(reasons.iter().take(2).map(|(reason, s)| format!("not judged: {reason} {s:.1} s")));
    }
    parts.join("; ")
}

/// A file name may hold control characters; a terminal must not act on them.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
