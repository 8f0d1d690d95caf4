//! A participant over time as a picture: their charts, a lane per source below, all on one axis.

use std::fmt::Write as _;

use super::lane;
use super::page::clock;
use super::svg::{Svg, nice_step, time_step};
use super::timeline::{AlertMark, ChartLine, Moment, Timeline};

const WIDTH: f64 = 900.0;
const LEFT: f64 = 40.0;
/// Room for what is written beside the threshold lines and the lanes.
const RIGHT: f64 = 128.0;
const HEAD: f64 = 20.0;
const BAND: f64 = 12.0;
const CHART: f64 = 120.0;
const GAP: f64 = 16.0;
/// Room of a letter in what is written inside of bars.
const LETTER: f64 = 7.0;

/// Where the axis lies.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    fn of(timeline: &Timeline) -> Self {
        Self { from: timeline.from_s, to: timeline.to_s.max(timeline.from_s + 0.5) }
    }

    /// Where an instant is drawn.
    #[must_use]
    pub fn x(self, t: f64) -> f64 {
        Self::LEFT + (t.clamp(self.from, self.to) - self.from) / (self.to - self.from) * (Self::RIGHT - Self::LEFT)
    }

    /// Both ends.
    pub const LEFT: f64 = LEFT;
    /// Both ends.
    pub const RIGHT: f64 = WIDTH - RIGHT;

    /// Whether a text has room in so much.
    #[must_use]
    pub fn fits(text: &str, room: f64) -> bool {
        text.chars().count() as f64 * LETTER + 6.0 < room
    }
}

/// Draws a participant. `anchor` begins the addresses of the moments.
#[must_use]
pub fn draw(timeline: &Timeline, moments: &[Moment], anchor: &str) -> String {
    let axis = Axis::of(timeline);
    let mut svg = Svg::default();
    let sources = timeline.sources();
    let bottom = BAND + HEAD + timeline.charts.len() as f64 * (HEAD + CHART + GAP) + sources.len() as f64 * lane::ROOM;
    time_axis(&mut svg, axis, BAND + 8.0, bottom);
    band(&mut svg, timeline, axis);
    let mut top = BAND + HEAD;
    for line in &timeline.charts {
        let alerts: Vec<&AlertMark> = timeline.alerts.iter().filter(|a| a.hypothesis == line.hypothesis).collect();
        chart(&mut svg, line, timeline, &alerts, axis, top);
        top += HEAD + CHART + GAP;
    }
    for source in sources {
        let marks: Vec<(usize, &Moment)> = moments.iter().enumerate().filter(|(_, m)| m.source == source).collect();
        lane::draw(&mut svg, timeline, source, &marks, anchor, axis, top);
        top += lane::ROOM;
    }
    for at in &timeline.epochs {
        svg.post(axis.x(*at), BAND + 2.0, bottom, "epoch", &format!("begun anew at {}", clock(*at)));
    }
    svg.finish(WIDTH, bottom + 24.0, "charts and sources over time")
}

/// The verdict over time.
fn band(svg: &mut Svg, timeline: &Timeline, axis: Axis) {
    svg.text((Axis::RIGHT + 6.0, BAND - 1.0), "start", "faint", "verdict");
    let ends = timeline.states.iter().skip(1).map(|s| s.at_s).chain([axis.to]);
    for (mark, end) in timeline.states.iter().zip(ends) {
        let (x0, x1) = (axis.x(mark.at_s), axis.x(end));
        let title = format!("{} from {} to {}", mark.state, clock(mark.at_s), clock(end));
        svg.bar((x0, 0.0), ((x1 - x0).max(1.0), BAND + 3.0), &format!("state {}", mark.state), 1.0, &title);
        if Axis::fits(mark.state, x1 - x0) {
            svg.text((x0 + 5.0, BAND - 1.0), "start", "on-state", mark.state);
        }
    }
}

fn chart(svg: &mut Svg, line: &ChartLine, timeline: &Timeline, alerts: &[&AlertMark], axis: Axis, top: f64) {
    let (from, end) = (top + HEAD, top + HEAD + CHART);
    svg.text((LEFT, top + HEAD - 7.0), "start", "title", &format!("{}: score, nats", line.hypothesis));
    let reach = [line.synthetic_at.unwrap_or(0.0), line.suspect_at, 1.0].into_iter().filter(|v| v.is_finite());
    let scores = line.points.iter().map(|p| p.1).chain(alerts.iter().map(|a| a.score));
    let most = scores.chain(reach).fold(1.0, f64::max) * 1.12;
    let y = |score: f64| end - score.clamp(0.0, most) / most * (end - from);
    let step = nice_step(most, 4.0);
    let mut tick = 0.0;
    while tick <= most {
        svg.rule(LEFT, y(tick), Axis::RIGHT, if tick == 0.0 { "axis" } else { "grid" });
        svg.text((LEFT - 6.0, y(tick) + 4.0), "end", "faint", &format!("{tick:.*}", usize::from(step < 1.0)));
        tick += step;
    }
    let mut thresholds = vec![("suspect", line.suspect_at)];
    thresholds.extend(line.synthetic_at.map(|at| ("synthetic", at)));
    let mut lowest = f64::NEG_INFINITY;
    for (name, at) in thresholds.into_iter().filter(|(_, at)| at.is_finite()).rev() {
        svg.rule(LEFT, y(at), Axis::RIGHT, name);
        // Two thresholds close together must not write over one another.
        let text_y = (y(at) + 4.0).max(lowest + 14.0);
        lowest = text_y;
        svg.text((Axis::RIGHT + 6.0, text_y), "start", name, &format!("{name} {at:.1}"));
    }
    let path = steps(line, timeline, axis, &y);
    if let (false, Some(first)) = (path.is_empty(), line.points.first()) {
        svg.path(&format!("{path}V{:.1}H{:.1}Z", y(0.0), axis.x(first.0)), "area");
        svg.path(&path, "score");
    }
    for alert in alerts {
        let (x, title) = (axis.x(alert.raised_s), format!("alert raised at {}", clock(alert.raised_s)));
        svg.post(x, from, end, "raised", &title);
        svg.dot((x, y(alert.score)), 4.5, "mark", &title);
        let (at, anchor) = if x < Axis::RIGHT - 90.0 { (x + 7.0, "start") } else { (x - 7.0, "end") };
        svg.text((at, from + 8.0), anchor, "alarm", &format!("alert {}", clock(alert.raised_s)));
    }
}

/// A score stands from one window to the next, and is gone where the participant is begun anew. Where several windows share a pixel, the
/// highest score of it stands.
fn steps(line: &ChartLine, timeline: &Timeline, axis: Axis, y: &dyn Fn(f64) -> f64) -> String {
    let anew = timeline.epochs.iter().map(|at| (*at, None));
    let mut points: Vec<(f64, Option<f64>)> = line.points.iter().map(|(t, s)| (*t, Some(*s))).chain(anew).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut shown: Vec<(f64, Option<f64>)> = Vec::new();
    for (t, score) in points {
        match shown.last_mut() {
            Some((x, Some(highest))) if axis.x(t) - *x < 0.7 && score.is_some() => {
                *highest = highest.max(score.unwrap_or_default());
            }
            _ => shown.push((axis.x(t), score)),
        }
    }
    let mut path = String::new();
    for (x, score) in shown {
        let y = y(score.unwrap_or_default());
        let _ = if path.is_empty() { write!(path, "M{x:.1} {y:.1}") } else { write!(path, "H{x:.1}V{y:.1}") };
    }
    if !path.is_empty() {
        let _ = write!(path, "H{:.1}", axis.x(timeline.to_s));
    }
    path
}

fn time_axis(svg: &mut Svg, axis: Axis, top: f64, bottom: f64) {
    svg.rule(LEFT, bottom, Axis::RIGHT, "axis");
    let step = time_step(axis.to - axis.from, 9.0);
    // Counted, so that no error of rounding adds up.
    let first = (axis.from / step).ceil();
    let mut n = 0.0;
    while (first + n) * step <= axis.to + 1e-9 {
        let t = (first + n) * step;
        svg.post(axis.x(t), top, bottom, "grid", "");
        let text = clock(t);
        let text = if step >= 1.0 { text.trim_end_matches(".0") } else { &text };
        svg.text((axis.x(t), bottom + 16.0), "middle", "faint", text);
        n += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Abstained, WindowBar};

    #[test]
    fn an_empty_timeline_draws() {
        let line =
            ChartLine { hypothesis: "voice-synthetic".into(), suspect_at: f64::INFINITY, ..ChartLine::default() };
        for charts in [Vec::new(), vec![line]] {
            let svg = draw(&Timeline { charts, ..Timeline::default() }, &[], "m");
            assert!(svg.starts_with("<svg") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn a_source_that_only_abstains_has_a_lane() {
        let abstained =
            vec![Abstained { source: "face-flat".into(), reason: "too-still".into(), from_s: 0.0, to_s: 30.0 }];
        let svg = draw(&Timeline { to_s: 30.0, abstained, ..Timeline::default() }, &[], "m");
        assert!(svg.contains("face-flat") && svg.contains("na nothing") && svg.contains("too-still"), "{svg}");
    }

    #[test]
    fn a_day_is_not_a_rectangle_per_window() {
        let windows = (0..170_000)
            .map(|n| f64::from(n) * 0.5)
            .map(|t| WindowBar { source: "voice-clone".into(), from_s: t, to_s: t + 4.0, llr: (t / 7.0).sin() })
            .collect();
        let points = (0..170_000).map(|n| f64::from(n) * 0.5).map(|t| (t, 2.0 + (t / 9.0).sin())).collect();
        let line = ChartLine { hypothesis: "voice-synthetic".into(), points, suspect_at: 4.0, ..ChartLine::default() };
        let svg = draw(&Timeline { to_s: 85_000.0, windows, charts: vec![line], ..Timeline::default() }, &[], "m");
        assert!(svg.len() < 400_000, "{}", svg.len());
    }

    #[test]
    fn a_moment_is_a_link() {
        let windows = vec![WindowBar { source: "face-forgery".into(), from_s: 1.0, to_s: 3.0, llr: 3.0 }];
        let moment = Moment { source: "face-forgery".into(), from_s: 1.0, to_s: 3.0, ..Moment::default() };
        let svg = draw(&Timeline { to_s: 9.0, windows, ..Timeline::default() }, &[moment], "moment-1");
        assert!(svg.contains(r##"href="#moment-1-1""##), "{svg}");
    }
}
