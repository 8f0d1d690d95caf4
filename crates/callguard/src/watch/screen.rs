//! The terminal view: a wall of guests, the alerts that stand, and the log.

use callguard_core::{AlertEvent, State};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, LineGauge, Paragraph, Sparkline, Wrap};

use super::board::{Board, Row};
use super::plain;
use crate::report::clock;

/// Height of one guest: a frame, the gauge, the course, the reason.
const CARD: u16 = 5;

/// What the view knows beside the board.
#[derive(Debug, Default)]
pub struct Look {
    /// The line below the title: the promise.
    pub promise: String,
    /// The newest log lines.
    pub log: Vec<String>,
    /// Which of the standing alerts is selected.
    pub selected: usize,
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, board: &Board, look: &Look) {
    let standing: Vec<(&Row, &AlertEvent)> =
        board.rows.iter().flat_map(|r| r.standing().map(move |a| (r, a))).collect();
    let alerts = if standing.is_empty() { 0 } else { (standing.len() as u16 * 3 + 2).min(frame.area().height / 3) };
    let log = if look.log.is_empty() { 0 } else { (look.log.len() as u16 + 1).min(6) };
    let parts = [
        Constraint::Length(2),
        Constraint::Min(CARD),
        Constraint::Length(alerts),
        Constraint::Length(log),
        Constraint::Length(1),
    ];
    let [head, wall, alarm, lines, keys] = Layout::vertical(parts).areas(frame.area());
    draw_head(frame, head, board, look);
    draw_wall(frame, wall, board);
    draw_alerts(frame, alarm, &standing, look.selected);
    let text: Vec<Line<'_>> = look.log.iter().map(|l| Line::from(shown(l)).dim()).collect();
    frame.render_widget(Paragraph::new(text).block(Block::new().borders(Borders::TOP).title(" log ")), lines);
    let help = if standing.is_empty() { " q quit" } else { " q quit   ↑↓ select an alert   a acknowledge it" };
    frame.render_widget(Line::from(help).dim(), keys);
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, board: &Board, look: &Look) {
    let mut first =
        vec![Span::from(" callguard ").bold().reversed(), Span::from(format!("  {} watched", board.rows.len()))];
    let dropped: u64 = board.dropped.values().sum();
    if dropped > 0 {
        first.push(Span::from(format!("   {dropped} frames not analysed")).yellow());
    }
    for (call, why) in &board.unavailable {
        first.push(Span::from(format!("   {}: analysis unavailable ({})", shown(call), shown(why))).red().bold());
    }
    let second = Line::from(format!(" {}", look.promise)).dim();
    frame.render_widget(Paragraph::new(vec![Line::from(first), second]), area);
}

fn draw_wall(frame: &mut Frame<'_>, area: Rect, board: &Board) {
    if board.rows.is_empty() {
        frame.render_widget(Paragraph::new("\n  waiting for the first sound …").dim(), area);
        return;
    }
    // Two columns where a card keeps 60 characters, so that a wall of guests fits.
    let columns = if area.width >= 120 && board.rows.len() > 1 { 2 } else { 1 };
    let fits = usize::from(area.height / CARD) * columns;
    // Whoever is worst stays visible; the order of coming is kept among those shown.
    let mut shown: Vec<usize> = (0..board.rows.len()).collect();
    shown.sort_by_key(|i| (std::cmp::Reverse(urgency(&board.rows[*i])), *i));
    shown.truncate(fits.max(1));
    shown.sort_unstable();
    let width = area.width / columns as u16;
    for (place, index) in shown.iter().enumerate() {
        let (column, line) = ((place % columns) as u16, (place / columns) as u16);
        let card = Rect { x: area.x + column * width, y: area.y + line * CARD, width, height: CARD };
        draw_card(frame, card.intersection(area), &board.rows[*index]);
    }
}

fn urgency(row: &Row) -> u8 {
    u8::from(row.standing().next().is_some()) * 4 + row.state.map_or(0, State::severity)
}

fn colour(state: Option<State>) -> Color {
    match state {
        Some(State::Synthetic) => Color::Red,
        Some(State::Suspect) => Color::Yellow,
        Some(State::Genuine) => Color::Green,
        _ => Color::Gray,
    }
}

fn draw_card(frame: &mut Frame<'_>, area: Rect, row: &Row) {
    let state = row.state.map_or("gathering", State::as_str);
    let tone = colour(row.state);
    let raised = row.standing().next().is_some();
    let name = format!(" {} · {} ", shown(&row.call), shown(&row.name));
    let mut verdict = Style::new().fg(tone).bold();
    if raised {
        verdict = verdict.add_modifier(Modifier::REVERSED);
    }
    let end = if row.left { "ended" } else { "" };
    let block = Block::bordered()
        .border_style(Style::new().fg(if raised { Color::Red } else { Color::DarkGray }))
        .title(Line::from(name).bold())
        .title(Line::from(Span::styled(format!(" {} ", state.to_uppercase()), verdict)).right_aligned())
        .title_bottom(Line::from(format!(" {} {end} ", clock(row.at_s))).right_aligned().dim());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let [gauge, course, reason] = Layout::vertical([Constraint::Length(1); 3]).areas(inside);
    match row.worst() {
        Some((chart, share)) => {
            let limit = chart.synthetic_at.unwrap_or(chart.suspect_at);
            let label = format!("{} {:.1} of {limit:.1}", chart.hypothesis, chart.score);
            let bar = LineGauge::default()
                .filled_style(Style::new().fg(tone))
                .unfilled_style(Style::new().fg(Color::DarkGray));
            frame.render_widget(bar.label(label).ratio(share.clamp(0.0, 1.0)), gauge);
        }
        None => frame.render_widget(Line::from("no evidence yet").dim(), gauge),
    }
    let points: Vec<u64> =
        row.course.iter().rev().take(course.width.into()).map(|(_, s)| (s.clamp(0.0, 1.5) * 100.0) as u64).collect();
    let points: Vec<u64> = points.into_iter().rev().collect();
    frame.render_widget(Sparkline::default().data(&points).max(100).style(Style::new().fg(tone)), course);
    let text = match (&row.unobserved, row.reasons.first()) {
        (Some(why), _) => format!("nothing to judge: {}", shown(why)),
        (None, Some(first)) => plain::reason(first),
        (None, None) => row.age_s.map_or_else(String::new, |age| format!("evidence {age:.1} s old")),
    };
    frame.render_widget(Line::from(text).dim(), reason);
}

fn draw_alerts(frame: &mut Frame<'_>, area: Rect, standing: &[(&Row, &AlertEvent)], selected: usize) {
    if standing.is_empty() {
        return;
    }
    let mut text = Vec::new();
    for (i, (row, alert)) in standing.iter().enumerate() {
        let mark = if i == selected { "▶ " } else { "  " };
        let head = format!(
            "{mark}{} · {}: {} at {}",
            shown(&row.call),
            shown(&row.name),
            alert.hypothesis,
            clock(alert.raised_s)
        );
        text.push(Line::from(head).red().bold());
        for reason in &alert.reasons {
            text.push(Line::from(format!("    {}", plain::reason(reason))));
        }
    }
    let block = Block::bordered().border_style(Style::new().fg(Color::Red)).title(" alerts ");
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }).block(block), area);
}

/// What comes from outside must not steer the terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::event;
    use super::*;
    use callguard_core::{EventType, Hypothesis};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn screen(width: u16, height: u16, board: &Board) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let look = Look { promise: "At most 1 %".into(), log: vec!["a log line".into()], selected: 0 };
        terminal.draw(|frame| draw(frame, board, &look)).unwrap();
        terminal.backend().to_string()
    }

    fn alert() -> AlertEvent {
        AlertEvent {
            id: "x".into(),
            number: 1,
            hypothesis: Hypothesis::VoiceSynthetic,
            onset_s: 0.5,
            raised_s: 9.0,
            cleared_s: None,
            acknowledged_s: None,
            score: 6.2,
            threshold: 6.0,
            reasons: event(EventType::Update, 9.0, State::Synthetic, 6.2).reasons,
        }
    }

    #[test]
    fn a_guest_an_alert_and_the_log_are_seen() {
        let mut board = Board::default();
        board.take(&event(EventType::Joined, 0.0, State::Gathering, 0.0), Some("guest\u{1b}[31m".into()));
        let raised = callguard_core::CallEvent {
            alert: Some(alert()),
            ..event(EventType::AlertRaised, 9.0, State::Synthetic, 6.2)
        };
        board.take(&raised, None);
        let screen = screen(80, 20, &board);
        for wanted in [
            "desk · guest\u{fffd}[31m",
            "SYNTHETIC",
            "voice-synthetic 6.2 of 6.0",
            "▶ desk",
            "voice-clone +6.2",
            "a log line",
            "acknowledge",
        ] {
            assert!(screen.contains(wanted), "{wanted:?} in\n{screen}");
        }
        assert!(!screen.contains('\u{1b}'));
    }

    #[test]
    fn no_size_is_too_small() {
        let mut board = Board::default();
        for n in 0..30 {
            let mut one = event(EventType::Update, 1.0, State::Suspect, 4.0);
            one.participant = Some(n);
            board.take(&one, None);
        }
        for (width, height) in [(1, 1), (10, 3), (40, 8), (200, 60)] {
            screen(width, height, &board);
        }
    }

    #[test]
    fn the_worst_stays_visible_on_a_full_wall() {
        let mut board = Board::default();
        for n in 1..=20 {
            let mut one = event(EventType::Update, 1.0, if n == 20 { State::Synthetic } else { State::Genuine }, 1.0);
            one.participant = Some(n);
            board.take(&one, Some(format!("guest-{n}")));
        }
        assert!(screen(80, 14, &board).contains("guest-20"));
    }
}
