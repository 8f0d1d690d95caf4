//! One participant in the terminal view: as a card, with a course and a gauge for each chart, or as a line.

use callguard_core::{ChartEvent, FindingEvent, Hypothesis, ParticipantKind, State};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Sparkline};

use super::board::{Pace, Row, share};
use super::plain;
use super::screen::shown;
use crate::report::{clock, words};

/// The lowest card: a frame, one chart, the reason.
pub const LEAST: u16 = 4;
/// Analysis further behind than this is worth a colour.
const LATE_MS: u128 = 1000;
/// Evidence older than this is worth a colour: a verdict on nothing new.
const OLD_S: f64 = 5.0;

/// How high the card of a participant is.
pub fn height(row: &Row) -> u16 {
    3 + row.shown().len().max(1) as u16
}

/// The colour of a verdict.
pub fn colour(state: Option<State>) -> Color {
    match state {
        Some(State::Synthetic) => Color::Red,
        Some(State::Suspect) => Color::Yellow,
        Some(State::Genuine) => Color::Green,
        _ => Color::Gray,
    }
}

/// Verdicts differ in shape, too: not everyone tells red from green.
fn symbol(state: Option<State>) -> char {
    match state {
        Some(State::Synthetic) => '✕',
        Some(State::Suspect) => '▲',
        Some(State::Genuine) => '✓',
        Some(State::Unobservable) => '○',
        _ => '…',
    }
}

/// Kind, name and, where that is not plain, the call.
fn who(row: &Row, call: bool) -> String {
    let glyph = match row.kind {
        Some(ParticipantKind::Face) => "☻ ",
        Some(ParticipantKind::Voice) => "♪ ",
        None => "",
    };
    let name = shown(&row.name());
    if call { format!("{glyph}{name} · {}", shown(&row.call)) } else { format!("{glyph}{name}") }
}

fn word(row: &Row) -> &'static str {
    row.state.map_or("gathering", State::as_str)
}

fn tone(chart: &ChartEvent) -> Color {
    let crossed = |at: f64| chart.score >= at;
    if chart.synthetic_at.is_some_and(crossed) {
        Color::Red
    } else if crossed(chart.suspect_at) {
        Color::Yellow
    } else {
        Color::Cyan
    }
}

/// Draws a card.
pub fn draw(frame: &mut Frame<'_>, area: Rect, row: &Row, pace: Option<Pace>, findings: &[&FindingEvent]) {
    let raised = row.standing().next().is_some();
    let mut verdict = Style::new().fg(colour(row.state)).bold();
    if raised {
        verdict = verdict.add_modifier(Modifier::REVERSED);
    }
    let text = format!(" {} {} ", symbol(row.state), word(row).to_uppercase());
    let block = Block::bordered()
        .border_style(Style::new().fg(if raised { Color::Red } else { Color::DarkGray }))
        .title(Line::from(format!(" {} ", who(row, true))).bold())
        .title(Line::from(Span::styled(text, verdict)).right_aligned())
        .title_bottom(foot(row, pace).right_aligned());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let charts = row.shown();
    let lines = Layout::vertical(vec![Constraint::Length(1); charts.len().max(1) + 1]).split(inside);
    if charts.is_empty() {
        frame.render_widget(Line::from("no evidence yet").dim(), lines[0]);
    }
    for (chart, line) in charts.iter().zip(lines.iter()) {
        draw_chart(frame, *line, row, chart);
    }
    let text = match (&row.unobserved, row.reasons.first()) {
        (Some(why), _) => format!("nothing to judge just now: {}", shown(why)),
        (None, Some(first)) => plain::reason(first),
        (None, None) if row.mixed && !row.charts.is_empty() => words::NO_SIGN.to_owned(),
        (None, None) => String::new(),
    };
    let beside: Vec<String> = findings.iter().map(|f| plain::finding(f)).collect();
    let text = [text, beside.join(" · ")].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" · ");
    frame.render_widget(Line::from(text).dim(), lines[charts.len().max(1)]);
}

/// Name, course, gauge and numbers of a chart.
fn draw_chart(frame: &mut Frame<'_>, line: Rect, row: &Row, chart: &ChartEvent) {
    let gauge = if line.width >= 72 { 16 } else { 8 };
    let parts = [Constraint::Length(17), Constraint::Min(6), Constraint::Length(gauge + 2), Constraint::Length(19)];
    let [name, course, bar, numbers] = Layout::horizontal(parts).areas(line);
    let tone = tone(chart);
    frame.render_widget(Line::from(chart.hypothesis.as_str()), name);
    draw_course(frame, course, row, chart.hypothesis, tone);
    frame.render_widget(meter(chart, usize::from(gauge), tone), bar);
    let text = match chart.synthetic_at {
        Some(at) => format!("{:.1} of {at:.1}", chart.score),
        None => format!("{:.1} of {:.1} suspect", chart.score, chart.suspect_at),
    };
    frame.render_widget(Line::from(text), numbers);
}

/// The newest of a course, as much as has room; full height is the threshold.
fn draw_course(frame: &mut Frame<'_>, area: Rect, row: &Row, hypothesis: Hypothesis, tone: Color) {
    let points = row.courses.get(&hypothesis).into_iter().flatten();
    let mut points: Vec<u64> =
        points.rev().take(area.width.into()).map(|(_, s)| (s.clamp(0.0, 1.0) * 100.0) as u64).collect();
    points.reverse();
    frame.render_widget(Sparkline::default().data(&points).max(100).style(Style::new().fg(tone)), area);
}

/// How far it is to the threshold, with a tick where *Suspect* is.
fn meter(chart: &ChartEvent, width: usize, tone: Color) -> Line<'static> {
    let place = |share: f64| (share.clamp(0.0, 1.0) * width as f64).round() as usize;
    let (filled, tick) = (place(share(chart)), chart.synthetic_at.map(|at| place(chart.suspect_at / at)));
    let cell = |i: usize| {
        let style = Style::new().fg(if i < filled { tone } else { Color::DarkGray });
        let text = match (i < filled, tick == Some(i)) {
            (true, false) => "━",
            (true, true) => "╋",
            (false, true) => "┼",
            (false, false) => "─",
        };
        Span::styled(text, style)
    };
    Line::from_iter(std::iter::once(Span::from(" ")).chain((0..width).map(cell)))
}

fn age(row: &Row) -> Option<Span<'static>> {
    let age = row.age_s?;
    let text = Span::from(format!("{age:.1} s"));
    Some(if age > OLD_S { text.yellow() } else { text.dim() })
}

fn behind(pace: Pace) -> Span<'static> {
    let ms = pace.behind.as_millis();
    let text = Span::from(if ms < 10_000 { format!("{ms} ms") } else { format!("{} s", ms / 1000) });
    if ms > LATE_MS { text.yellow() } else { text.dim() }
}

fn dropped(pace: Pace) -> Span<'static> {
    let text = Span::from(pace.dropped.to_string());
    if pace.dropped > 0 { text.yellow() } else { text.dim() }
}

fn foot(row: &Row, pace: Option<Pace>) -> Line<'static> {
    let mut parts = vec![Span::from(" ")];
    if row.left {
        parts.push("ended · ".bold());
    }
    if let Some(age) = age(row) {
        parts.extend(["evidence ".dim(), age, " old · ".dim()]);
    }
    if let Some(pace) = pace.filter(|_| !row.left) {
        parts.extend([behind(pace), " behind · ".dim()]);
    }
    if let Some(pace) = pace.filter(|p| p.dropped > 0) {
        parts.extend([dropped(pace), " dropped · ".dim()]);
    }
    parts.push(Span::from(format!("{} ", clock(row.at_s))).dim());
    Line::from(parts)
}

/// Verdict, who, course, chart where there is room, score, age of the evidence, latency, drops.
fn columns(area: Rect) -> [Rect; 8] {
    let chart = if area.width >= 100 { 17 } else { 0 };
    let parts = [
        Constraint::Length(15),
        Constraint::Min(14),
        Constraint::Length(if chart > 0 { 21 } else { 11 }),
        Constraint::Length(chart),
        Constraint::Length(9),
        Constraint::Length(7),
        Constraint::Length(8),
        Constraint::Length(8),
    ];
    Layout::horizontal(parts).areas(area)
}

/// As much of a text as has room, told where it is not all.
fn cut(text: String, room: usize) -> String {
    if text.chars().count() <= room { text } else { text.chars().take(room.saturating_sub(1)).chain(['…']).collect() }
}

/// What the lines show.
pub fn draw_heading(frame: &mut Frame<'_>, area: Rect) {
    let words = [" verdict", "participant", "course", "chart", "score", "age", "behind", "dropped"];
    for (i, (word, area)) in words.into_iter().zip(columns(area)).enumerate() {
        let line = Line::from(word).dim();
        frame.render_widget(if i > 3 { line.right_aligned() } else { line }, area);
    }
}

/// Draws a participant as a line; `call`: with the call's name.
pub fn draw_line(frame: &mut Frame<'_>, area: Rect, row: &Row, pace: Option<Pace>, call: bool) {
    let [verdict, name, course, chart, score, age, behind, dropped] = columns(area);
    let raised = row.standing().next().is_some();
    let mut style = Style::new().fg(colour(row.state)).bold();
    if raised {
        style = style.add_modifier(Modifier::REVERSED);
    }
    frame.render_widget(Span::styled(format!(" {} {} ", symbol(row.state), word(row)), style), verdict);
    let name = Rect { width: name.width.saturating_sub(1), ..name };
    let text = Line::from(cut(who(row, call), name.width.into()));
    frame.render_widget(if row.left { text.dim() } else { text }, name);
    if let Some(worst) = row.worst() {
        draw_course(
            frame,
            Rect { width: course.width.saturating_sub(1), ..course },
            row,
            worst.hypothesis,
            tone(worst),
        );
        frame.render_widget(Line::from(worst.hypothesis.as_str()).dim(), chart);
        let limit = worst.synthetic_at.unwrap_or(worst.suspect_at);
        frame.render_widget(Line::from(format!("{:.1}/{limit:.1}", worst.score)).right_aligned(), score);
    }
    if let Some(text) = self::age(row) {
        frame.render_widget(Line::from(text).right_aligned(), age);
    }
    if let Some(pace) = pace {
        frame.render_widget(Line::from(self::behind(pace)).right_aligned(), behind);
        frame.render_widget(Line::from(self::dropped(pace)).right_aligned(), dropped);
    }
}
