//! The terminal view: a wall of faces and voices, the alerts that stand, and the log.

use callguard_core::{AlertEvent, State};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};

use super::board::{Board, Row};
use super::{card, plain};
use crate::report::clock;

/// Links that are shown at once; the others follow as guests come.
const MOST_LINKS: usize = 4;

/// What the view knows beside the board.
#[derive(Debug, Default)]
pub struct Look {
    /// The line below the title: the promise.
    pub promise: String,
    /// Links of guests who are waited for.
    pub links: Vec<(String, String)>,
    /// The newest log lines.
    pub log: Vec<String>,
    /// Which of the standing alerts is selected.
    pub selected: usize,
    /// The view is held: it shows how things stood.
    pub paused: bool,
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, board: &Board, look: &Look) {
    let standing: Vec<(&Row, &AlertEvent)> =
        board.rows.iter().flat_map(|r| r.standing().map(move |a| (r, a))).collect();
    let alerts = if standing.is_empty() { 0 } else { (standing.len() as u16 * 3 + 2).min(frame.area().height / 3) };
    let log = if look.log.is_empty() { 0 } else { (look.log.len() as u16 + 1).min(frame.area().height / 4) };
    let parts = [
        Constraint::Length(2 + look.links.len().min(MOST_LINKS) as u16),
        Constraint::Min(card::LEAST),
        Constraint::Length(alerts),
        Constraint::Length(log),
        Constraint::Length(1),
    ];
    let [head, wall, alarm, lines, keys] = Layout::vertical(parts).areas(frame.area());
    draw_head(frame, head, board, look);
    draw_wall(frame, wall, board);
    draw_alerts(frame, alarm, &standing, look.selected);
    let newest = look.log.len().saturating_sub(usize::from(log.saturating_sub(1)));
    let text: Vec<Line<'_>> = look.log[newest..].iter().map(|l| Line::from(shown(l)).dim()).collect();
    frame.render_widget(Paragraph::new(text).block(Block::new().borders(Borders::TOP).title(" log ")), lines);
    let help = if standing.is_empty() {
        " q quit   p hold the view"
    } else {
        " q quit   p hold the view   ↑↓ select an alert   a acknowledge it"
    };
    frame.render_widget(Line::from(help).dim(), keys);
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, board: &Board, look: &Look) {
    let mut first =
        vec![Span::from(" callguard ").bold().reversed(), Span::from(format!("  {} watched", board.rows.len()))];
    if look.paused {
        first.push(Span::from("   HELD: not how things stand now, p goes on ").black().on_yellow().bold());
    }
    for state in [State::Synthetic, State::Suspect] {
        let count = board.rows.iter().filter(|r| r.state == Some(state)).count();
        if count > 0 {
            first.push(Span::from(format!("   {count} {state}")).fg(card::colour(Some(state))).bold());
        }
    }
    let dropped: u64 = board.dropped.values().sum();
    if dropped > 0 {
        first.push(Span::from(format!("   {dropped} frames not analysed")).yellow());
    }
    for (call, why) in &board.unavailable {
        first.push(Span::from(format!("   {}: analysis unavailable ({})", shown(call), shown(why))).red().bold());
    }
    let mut text = vec![Line::from(first), Line::from(format!(" {}", look.promise)).dim()];
    // The link first: it is what is copied, and must not be cut off.
    let link = |(stream, link): &(String, String)| {
        Line::from(format!(" {}  for the guest of {}, good once", shown(link), shown(stream))).cyan()
    };
    text.extend(look.links.iter().take(MOST_LINKS).map(link));
    frame.render_widget(Paragraph::new(text), area);
}

fn draw_wall(frame: &mut Frame<'_>, area: Rect, board: &Board) {
    if board.rows.is_empty() {
        frame.render_widget(Paragraph::new("\n  waiting for the first face or voice …").dim(), area);
        return;
    }
    // Two columns where a card keeps 60 characters, so that a wall of guests fits.
    let columns = if area.width >= 120 && board.rows.len() > 1 { 2 } else { 1 };
    let height = board.rows.iter().map(card::height).max().unwrap_or(card::LEAST);
    if usize::from(area.height / height) * columns < board.rows.len() {
        draw_lines(frame, area, board);
        return;
    }
    let width = area.width / columns as u16;
    for (place, row) in board.rows.iter().enumerate() {
        let (column, line) = ((place % columns) as u16, (place / columns) as u16);
        let card = Rect { x: area.x + column * width, y: area.y + line * height, width, height };
        let findings: Vec<_> = board.findings(row).collect();
        card::draw(frame, card.intersection(area), row, board.pace(row), &findings);
    }
}

/// Where cards have no room: a line each, and whoever is worst stays visible. The order of coming is kept among those shown.
fn draw_lines(frame: &mut Frame<'_>, area: Rect, board: &Board) {
    let mut order: Vec<usize> = (0..board.rows.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(urgency(&board.rows[*i])), *i));
    let room = usize::from(area.height.saturating_sub(1)).max(1);
    let hidden = if order.len() > room { order.split_off(room.saturating_sub(1).max(1)) } else { Vec::new() };
    order.sort_unstable();
    let line = |n: usize| Rect { y: area.y + n as u16, height: 1, ..area }.intersection(area);
    let calls = board.rows.iter().any(|r| r.call != board.rows[0].call);
    card::draw_heading(frame, line(0));
    for (n, index) in order.iter().enumerate() {
        card::draw_line(frame, line(n + 1), &board.rows[*index], board.pace(&board.rows[*index]), calls);
    }
    if let Some(worst) = hidden.iter().filter_map(|i| board.rows[*i].state).max_by_key(|s| s.severity()) {
        let more = format!(" and {} more, none worse than {worst}", hidden.len());
        frame.render_widget(Line::from(more).dim(), line(order.len() + 1));
    }
}

fn urgency(row: &Row) -> u8 {
    u8::from(row.standing().next().is_some()) * 8 + row.state.map_or(0, State::severity)
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
            shown(&row.name()),
            alert.hypothesis,
            clock(alert.raised_s)
        );
        text.push(Line::from(head).red().bold());
        for reason in &alert.reasons {
            text.push(Line::from(format!("    {}", plain::reason(reason))));
        }
    }
    // The selected one is seen, however many there are.
    let lines = standing.iter().take(selected).map(|(_, a)| a.reasons.len() + 1).sum::<usize>() as u16;
    let block = Block::bordered().border_style(ratatui::style::Style::new().fg(Color::Red)).title(" alerts ");
    let text = Paragraph::new(text).wrap(Wrap { trim: false }).block(block);
    frame.render_widget(text.scroll((if lines + 4 > area.height { lines } else { 0 }, 0)), area);
}

/// What comes from outside must not steer the terminal.
pub fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::{event, seen};
    use super::*;
    use callguard_core::{CallEvent, EventType, Hypothesis, ParticipantKind};
    use callguard_engine::{StreamReport, TapStats};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use std::time::Duration;

    fn screen(width: u16, height: u16, board: &Board) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let look = Look { promise: "At most 1 %".into(), log: vec!["a log line".into()], ..Look::default() };
        terminal.draw(|frame| draw(frame, board, &look)).unwrap();
        terminal.backend().to_string()
    }

    fn raised(event: CallEvent) -> CallEvent {
        let alert = AlertEvent {
            id: "x".into(),
            number: 1,
            hypothesis: event.charts[0].hypothesis,
            onset_s: 0.5,
            raised_s: 9.0,
            cleared_s: None,
            acknowledged_s: None,
            score: 6.2,
            threshold: 6.0,
            reasons: event.reasons.clone(),
            findings: Vec::new(),
        };
        CallEvent { r#type: EventType::AlertRaised, alert: Some(alert), ..event }
    }

    #[track_caller]
    fn contains(screen: &str, all: &[&str]) {
        for wanted in all {
            assert!(screen.contains(wanted), "{wanted:?} in\n{screen}");
        }
    }

    /// A voice and a face of one call, the face with an alert.
    fn pair() -> Board {
        let mut board = Board::default();
        board.take(&event(EventType::Joined, 0.0, State::Gathering, 0.0), Some("microphone".into()));
        board.take(&seen(EventType::Joined, 2, 0.0, State::Gathering, 0.0), Some("camera".into()));
        for n in 0..30 {
            let t = f64::from(n);
            board.take(&event(EventType::Update, t, State::Genuine, 0.6 + 0.5 * t.sin()), None);
            board.take(&seen(EventType::Update, 2, t, State::Suspect, t * 0.2), None);
        }
        board.take(&raised(seen(EventType::Update, 2, 31.0, State::Synthetic, 6.2)), None);
        let stats = TapStats { dropped_frames: 12, ..TapStats::default() };
        let (kind, latency) = (ParticipantKind::Face, Duration::from_millis(140));
        let (participants, failed) = (Vec::new(), None);
        board.measure(
            "desk",
            &[StreamReport { name: "camera".into(), kind, participants, stats, latency, failed, findings: Vec::new() }],
        );
        board
    }

    #[test]
    fn a_guest_an_alert_and_the_log_are_seen() {
        let mut board = Board::default();
        board.take(&event(EventType::Joined, 0.0, State::Gathering, 0.0), Some("guest\u{1b}[31m".into()));
        board.take(&raised(event(EventType::Update, 9.0, State::Synthetic, 6.2)), None);
        let screen = screen(80, 20, &board);
        let wanted = [
            "♪ voice in guest\u{fffd}[31m · desk",
            "✕ SYNTHETIC",
            "6.2 of 6.0",
            "▶ desk",
            "voice-clone +6.2",
            "a log line",
            "acknowledge",
        ];
        contains(&screen, &wanted);
        assert!(!screen.contains('\u{1b}'));
    }

    #[test]
    fn a_face_has_a_course_for_each_chart_its_drops_and_its_latency() {
        let screen = screen(80, 24, &pair());
        if let Some(file) = std::env::var_os("CALLGUARD_TEST_SCREEN") {
            std::fs::write(file, &screen).unwrap();
        }
        contains(
            &screen,
            &[
                "☻ face in camera · desk",
                "face-synthetic",
                "face-presented",
                "1.0 of 3.0 suspect",
                "▃",
                "140 ms behind",
                "12 dropped",
            ],
        );
        assert_eq!(screen.lines().filter(|l| l.contains("-synthetic") && l.contains('━')).count(), 2, "{screen}");
    }

    #[test]
    fn many_have_a_line_each() {
        let mut board = pair();
        for n in 3..=9 {
            board.take(&seen(EventType::Joined, n, 0.0, State::Gathering, 0.0), Some("gallery".into()));
        }
        let screen = screen(80, 24, &board);
        let wanted = ["participant", "✕ synthetic", "☻ face 7 in gallery ", "6.2/6.0", "140 ms"];
        contains(&screen, &wanted);
        let mut elsewhere = event(EventType::Joined, 0.0, State::Gathering, 0.0);
        elsewhere.call = "studio".into();
        board.take(&elsewhere, Some("line".into()));
        contains(&self::screen(120, 24, &board), &["♪ voice in line · studio", "face-synthetic"]);
    }

    #[test]
    fn a_remark_on_the_camera_stands_on_the_card() {
        let mut board = Board::default();
        board.take(&seen(EventType::Joined, 2, 0.0, State::Gathering, 0.0), Some("guest".into()));
        let found = Some(super::super::board::tests::found(true));
        let told = event(EventType::Finding, 1.0, State::Gathering, 0.0);
        board.take(&CallEvent { participant: None, finding: found, ..told }, None);
        contains(&screen(120, 20, &board), &["note: virtual-camera (\"OBS\u{fffd}\": known)"]);
    }

    #[test]
    fn no_size_is_too_small() {
        let mut board = pair();
        for n in 3..30 {
            board.take(&seen(EventType::Update, n, 1.0, State::Suspect, 4.0), None);
        }
        for (width, height) in [(1, 1), (10, 3), (20, 5), (40, 8), (79, 24), (200, 60)] {
            screen(width, height, &board);
            screen(width, height, &pair());
        }
    }

    #[test]
    fn the_worst_stays_visible_on_a_full_wall() {
        let mut board = Board::default();
        for n in 1..=20 {
            let state = if n == 20 { State::Synthetic } else { State::Genuine };
            let mut one = event(EventType::Update, 1.0, state, 1.0);
            one.participant = Some(n);
            board.take(&one, Some(format!("guest-{n}")));
        }
        contains(&screen(80, 14, &board), &["guest-20", "more, none worse than genuine"]);
        assert_eq!(board.find("desk", 20).and_then(Row::worst).map(|c| c.hypothesis), Some(Hypothesis::VoiceSynthetic));
    }
}
