//! Evidence over time as a picture: an SVG that stands in the page, needs nothing, and follows its colours.

use std::fmt::Write as _;

use super::timeline::{ChartLine, Timeline};

const WIDTH: f64 = 880.0;
const LEFT: f64 = 46.0;
/// Room for what is written beside the threshold lines.
const RIGHT: f64 = 104.0;
const SCORE_TOP: f64 = 16.0;
const SCORE_HEIGHT: f64 = 170.0;
const GAP: f64 = 30.0;
const WINDOW_HEIGHT: f64 = 84.0;
const STRIP_HEIGHT: f64 = 14.0;

/// Draws one chart: the score against its thresholds, the windows below it, and what was not judged below them.
#[must_use]
pub fn draw(line: &ChartLine, timeline: &Timeline) -> String {
    let (from, to) = (timeline.from_s, timeline.to_s.max(timeline.from_s + 0.5));
    let x = move |t: f64| LEFT + (t.clamp(from, to) - from) / (to - from) * (WIDTH - LEFT - RIGHT);
    let windows: Vec<_> = timeline.windows.iter().filter(|w| line.sources.contains(&w.source)).collect();
    let mut svg = Svg::default();
    let score_end = SCORE_TOP + SCORE_HEIGHT;
    score(&mut svg, line, timeline, &x);
    let mut bottom = score_end;
    if !windows.is_empty() {
        let top = bottom + GAP;
        bottom = top + WINDOW_HEIGHT;
        let most = windows.iter().map(|w| w.llr.abs()).fold(4.0, f64::max).min(12.0);
        let y = |llr: f64| top + WINDOW_HEIGHT / 2.0 * (1.0 - llr.clamp(-most, most) / most);
        svg.text(LEFT, top - 8.0, "begin", "faint", "each window: what it says for synthetic (up) or genuine (down)");
        svg.rule(LEFT, y(0.0), WIDTH - RIGHT, "axis");
        for sign in [most, -most] {
            svg.text(LEFT - 6.0, y(sign) + 4.0, "end", "faint", &format!("{sign:+.0}"));
        }
        let half = windows.len().max(1) as f64;
        let wide = ((WIDTH - LEFT - RIGHT) / half * 0.7).clamp(1.0, 7.0);
        for w in &windows {
            let (class, y0, y1) = if w.llr > 0.0 { ("up", y(w.llr), y(0.0)) } else { ("down", y(0.0), y(w.llr)) };
            let title = format!("{} {:.1}–{:.1} s: {:+.2}", w.source, w.from_s, w.to_s, w.llr);
            svg.bar(x(w.to_s) - wide / 2.0, y0, wide, (y1 - y0).max(1.0), class, &title);
        }
    }
    bottom = strip(&mut svg, timeline, bottom + 14.0, &x);
    time_axis(&mut svg, from, to, bottom + 4.0, &x);
    svg.finish(bottom + 34.0, &format!("{} over time", line.hypothesis))
}

fn score(svg: &mut Svg, line: &ChartLine, timeline: &Timeline, x: &dyn Fn(f64) -> f64) {
    let reach = [line.synthetic_at.unwrap_or(0.0), line.suspect_at, 1.0].into_iter().filter(|v| v.is_finite());
    let most = line.points.iter().map(|p| p.1).chain(reach).fold(1.0, f64::max) * 1.12;
    let end = SCORE_TOP + SCORE_HEIGHT;
    let y = |score: f64| end - score.clamp(0.0, most) / most * SCORE_HEIGHT;
    let step = nice_step(most, 4.0);
    let mut tick = 0.0;
    while tick <= most {
        svg.rule(LEFT, y(tick), WIDTH - RIGHT, if tick == 0.0 { "axis" } else { "grid" });
        svg.text(LEFT - 6.0, y(tick) + 4.0, "end", "faint", &format!("{tick:.0}"));
        tick += step;
    }
    svg.text(LEFT, SCORE_TOP - 5.0, "begin", "faint", "evidence for synthetic, nats");
    let mut thresholds = vec![("suspect", line.suspect_at)];
    thresholds.extend(line.synthetic_at.map(|at| ("synthetic", at)));
    let mut lowest = f64::NEG_INFINITY;
    for (name, at) in thresholds.into_iter().filter(|(_, at)| at.is_finite()).rev() {
        svg.rule(LEFT, y(at), WIDTH - RIGHT, name);
        // Two thresholds close together must not write over one another.
        let text_y = (y(at) + 4.0).max(lowest + 14.0);
        lowest = text_y;
        svg.text(WIDTH - RIGHT + 6.0, text_y, "begin", name, &format!("{name} {at:.1}"));
    }
    if let (Some(first), Some(last)) = (line.points.first(), line.points.last()) {
        let mut path = String::new();
        for (i, (t, s)) in line.points.iter().enumerate() {
            let _ = write!(path, "{}{:.1} {:.1}", if i == 0 { "M" } else { "L" }, x(*t), y(*s));
        }
        let area = format!("{path}L{:.1} {:.1}L{:.1} {:.1}Z", x(last.0), y(0.0), x(first.0), y(0.0));
        let _ = write!(svg.body, r#"<path class="area" d="{area}"/><path class="score" d="{path}"/>"#);
        if line.points.len() == 1 {
            let _ = write!(svg.body, r#"<circle class="dot" cx="{:.1}" cy="{:.1}" r="3.5"/>"#, x(first.0), y(first.1));
        }
    }
    for alert in timeline.alerts.iter().filter(|a| a.hypothesis == line.hypothesis) {
        let _ = write!(
            svg.body,
            r#"<path class="raised" d="M{0:.1} {SCORE_TOP}V{end}"/><circle class="mark" cx="{0:.1}" cy="{1:.1}" r="5"><title>alert raised at {2:.1} s</title></circle>"#,
            x(alert.raised_s),
            y(alert.score),
            alert.raised_s
        );
    }
}

/// One thin lane per reason, so that overlapping reasons stay legible.
fn strip(svg: &mut Svg, timeline: &Timeline, mut top: f64, x: &dyn Fn(f64) -> f64) -> f64 {
    let mut reasons: Vec<&str> = timeline.abstained.iter().map(|a| a.reason.as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in &reasons {
        let mut seconds = 0.0;
        for a in timeline.abstained.iter().filter(|a| a.reason == *reason) {
            let title = format!("not judged, {reason}: {:.1}–{:.1} s", a.from_s, a.to_s);
            svg.bar(x(a.from_s), top, (x(a.to_s) - x(a.from_s)).max(1.0), STRIP_HEIGHT - 3.0, "unjudged", &title);
            seconds += a.to_s - a.from_s;
        }
        svg.text(WIDTH - RIGHT + 6.0, top + 9.5, "begin", "faint", &format!("{reason} {seconds:.1} s"));
        top += STRIP_HEIGHT;
    }
    if reasons.is_empty() { top - 8.0 } else { top }
}

fn time_axis(svg: &mut Svg, from: f64, to: f64, y: f64, x: &dyn Fn(f64) -> f64) {
    svg.rule(LEFT, y, WIDTH - RIGHT, "axis");
    let step = nice_step(to - from, 8.0);
    let mut tick = (from / step).ceil() * step;
    while tick <= to + 1e-9 {
        let digits = usize::from(step < 1.0);
        svg.text(x(tick), y + 16.0, "middle", "faint", &format!("{tick:.digits$}"));
        tick += step;
    }
    svg.text(WIDTH - RIGHT + 6.0, y + 16.0, "begin", "faint", "seconds");
}

/// A step of 1, 2 or 5 times a power of ten that cuts `range` into about `parts`.
fn nice_step(range: f64, parts: f64) -> f64 {
    let raw = (range / parts).max(1e-3);
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= raw * 0.99).unwrap_or(10.0 * power);
    step.max(0.1)
}

#[derive(Default)]
struct Svg {
    body: String,
}

impl Svg {
    fn text(&mut self, x: f64, y: f64, anchor: &str, class: &str, text: &str) {
        let anchor = if anchor == "begin" { "start" } else { anchor };
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#,
            escape(text)
        );
    }

    fn rule(&mut self, from: f64, y: f64, to: f64, class: &str) {
        let _ = write!(self.body, r#"<path class="rule {class}" d="M{from:.1} {y:.1}H{to:.1}"/>"#);
    }

    fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, class: &str, title: &str) {
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"><title>{}</title></rect>"#,
            escape(title)
        );
    }

    fn finish(self, height: f64, label: &str) -> String {
        let Self { body } = self;
        format!(r#"<svg viewBox="0 0 {WIDTH} {height:.0}" role="img" aria-label="{}">{body}</svg>"#, escape(label))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_numbers() {
        for (range, wanted) in [(7.4, 1.0), (60.0, 10.0), (3600.0, 500.0), (0.5, 0.1)] {
            assert_eq!(nice_step(range, 8.0), wanted, "{range}");
        }
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let mut svg = Svg::default();
        svg.text(0.0, 0.0, "begin", "faint", "<script>&\"");
        assert!(svg.finish(1.0, "x").contains("&lt;script&gt;&amp;&quot;"));
    }

    #[test]
    fn an_empty_timeline_draws() {
        let timeline = Timeline::default();
        let line =
            ChartLine { hypothesis: "voice-synthetic".into(), suspect_at: f64::INFINITY, ..ChartLine::default() };
        let svg = draw(&line, &timeline);
        assert!(svg.starts_with("<svg") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
