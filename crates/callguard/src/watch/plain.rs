//! The view where there is no terminal: one line per change, flushed.

use callguard_core::{AlertEvent, CallEvent, EventType, FindingEvent, ReasonEvent};

use super::board::{Board, Row};
use super::screen::shown;
use crate::report::clock;

/// The line that an event is worth, if it is.
#[must_use]
pub fn line(event: &CallEvent, board: &Board) -> Option<String> {
    let who = who(event, board);
    let at = clock(event.t_media_s);
    let text = match event.r#type {
        EventType::Joined => format!("{at}  {who}  joined"),
        EventType::Left => format!("{at}  {who}  left"),
        EventType::Epoch => format!("{at}  {who}  begun anew"),
        EventType::Verdict => {
            let row = board.find(&event.call, event.participant?)?;
            format!("{at}  {who}  {}  {}", event.verdict?, standing(row)).trim_end().to_owned()
        }
        EventType::AlertRaised => format!("{at}  {who}  ALERT {}", alert(event.alert.as_ref()?)),
        EventType::AlertCleared => format!("{at}  {who}  alert {} cleared", event.alert.as_ref()?.number),
        EventType::AlertAcknowledged => format!("{at}  {who}  alert {} acknowledged", event.alert.as_ref()?.number),
        EventType::EngineUnavailable => {
            format!(
                "{at}  {}  the analysis broke down: {}",
                event.call,
                event.unobserved.as_deref().unwrap_or("no reason known")
            )
        }
        EventType::Finding => {
            let found = event.finding.as_ref()?;
            format!("{at}  {}/{} {}  {}", event.call, found.stream, found.kind.as_str(), finding(found))
        }
        EventType::Update => return None,
    };
    Some(text)
}

fn who(event: &CallEvent, board: &Board) -> String {
    let row = event.participant.and_then(|p| board.find(&event.call, p));
    row.map_or_else(|| event.call.clone(), of)
}

/// A participant in a line: call, stream and who in it.
#[must_use]
pub fn of(row: &Row) -> String {
    if row.stream.is_empty() {
        format!("{} {}", row.call, row.seat())
    } else {
        format!("{}/{} {}", row.call, row.stream, row.seat())
    }
}

fn standing(row: &Row) -> String {
    let Some(chart) = row.worst() else { return row.unobserved.clone().unwrap_or_default() };
    let against = match chart.synthetic_at {
        Some(at) => format!("{} {:.1} of {at:.1}", chart.hypothesis, chart.score),
        None => format!("{} {:.1}, suspect at {:.1}", chart.hypothesis, chart.score, chart.suspect_at),
    };
    let reason = row.reasons.first().map(|r| format!("  {}", reason(r))).unwrap_or_default();
    format!("{against}{reason}")
}

/// What an alert says for itself.
#[must_use]
pub fn alert(alert: &AlertEvent) -> String {
    let reasons: Vec<String> = alert.reasons.iter().map(reason).collect();
    let beside: String = alert.findings.iter().map(|f| format!("; {}", finding(f))).collect();
    format!("{}  score {:.1} of {:.1}  {}{beside}", alert.hypothesis, alert.score, alert.threshold, reasons.join("; "))
}

/// A finding: what it is worth, what it is, what it rests on.
#[must_use]
pub fn finding(found: &FindingEvent) -> String {
    if found.stands {
        format!("{}: {} ({})", found.worth, found.finding, shown(&found.detail))
    } else {
        format!("{} no longer", found.finding)
    }
}

/// A source, what it gave and since when; of a mixed stream in which turn.
#[must_use]
pub fn reason(reason: &ReasonEvent) -> String {
    let windows: Vec<String> =
        reason.windows.iter().map(|w| format!("{}–{}", clock(w.from_s), clock(w.to_s))).collect();
    let look = if windows.is_empty() { String::new() } else { format!(" (look at {})", windows.join(", ")) };
    let when = match reason.turn_s {
        Some(turn) => format!("in the turn {}–{}", clock(turn), clock(reason.to_s)),
        None => format!("since {}", clock(reason.from_s)),
    };
    format!("{} {:+.1} {when}{look}", reason.source, reason.llr)
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::event;
    use super::*;
    use callguard_core::State;

    #[test]
    fn a_change_is_one_line_with_its_reason() {
        let mut board = Board::default();
        let joined = event(EventType::Joined, 0.0, State::Gathering, 0.0);
        board.take(&joined, Some("guest".into()));
        assert_eq!(line(&joined, &board).as_deref(), Some("0:00.0  desk/guest voice  joined"));
        let suspect = event(EventType::Verdict, 7.5, State::Suspect, 4.25);
        board.take(&suspect, None);
        let wanted = "0:07.5  desk/guest voice  suspect  voice-synthetic 4.2 of 6.0  voice-clone +4.2 since 0:00.5";
        assert_eq!(line(&suspect, &board).as_deref(), Some(wanted));
        assert_eq!(line(&event(EventType::Update, 8.0, State::Suspect, 4.0), &board), None);
    }

    #[test]
    fn of_a_mixed_stream_a_line_names_the_turn() {
        let mut board = Board::default();
        let mut suspect = event(EventType::Verdict, 7.5, State::Suspect, 4.25);
        (suspect.mixed, suspect.reasons[0].turn_s) = (true, Some(2.0));
        board.take(&suspect, Some("monitor".into()));
        let said = line(&suspect, &board).unwrap();
        assert!(said.starts_with("0:07.5  desk/monitor mixed voice  suspect"), "{said}");
        assert!(said.ends_with("voice-clone +4.2 in the turn 0:02.0–0:07.5"), "{said}");
    }

    #[test]
    fn a_finding_is_a_line_of_its_stream() {
        let mut found = event(EventType::Finding, 1.0, State::Gathering, 0.0);
        found.participant = None;
        found.finding = Some(super::super::board::tests::found(true));
        let wanted = "0:01.0  desk/guest face  note: virtual-camera (\"OBS\u{fffd}\": known)";
        assert_eq!(line(&found, &Board::default()).as_deref(), Some(wanted));
        found.finding = Some(super::super::board::tests::found(false));
        let wanted = "0:01.0  desk/guest face  virtual-camera no longer";
        assert_eq!(line(&found, &Board::default()).as_deref(), Some(wanted));
    }
}
