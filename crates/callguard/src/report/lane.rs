//! A source over time: its windows as bars, and hatched what it did not judge.

use super::page::clock;
use super::plot::Axis;
use super::svg::Svg;
use super::timeline::{Moment, Timeline};
use super::words;

/// Height of a lane, and with its heading and what keeps it from the next.
const LANE: f64 = 50.0;
const HEAD: f64 = 16.0;
pub const ROOM: f64 = LANE + HEAD + 14.0;
/// The scale reaches this far, and further where windows do.
const REACH: f64 = 4.0;
const MOST: f64 = 12.0;
/// Bars closer than this share one, which shows the strongest each way.
const CLOSEST: f64 = 1.6;

/// Draws the lane of `source`, its moments numbered.
pub fn draw(
    svg: &mut Svg,
    timeline: &Timeline,
    source: &str,
    moments: &[(usize, &Moment)],
    anchor: &str,
    axis: Axis,
    top: f64,
) {
    let from = top + HEAD;
    svg.text((Axis::LEFT, top + HEAD - 4.0), "start", "title", source);
    abstained(svg, timeline, source, axis, from);
    bars(svg, timeline, source, axis, from);
    for (n, moment) in moments {
        let x = axis.x(moment.to_s);
        svg.link(&format!("{anchor}-{}", n + 1), |svg| {
            svg.path(&format!("M{:.1} {:.1}h8l-4 6z", x - 4.0, from - 6.0), "moment");
            svg.text((x, from - 8.0), "middle", "moment", &(n + 1).to_string());
        });
    }
}

fn bars(svg: &mut Svg, timeline: &Timeline, source: &str, axis: Axis, top: f64) {
    let mut windows: Vec<_> = timeline.windows.iter().filter(|w| w.source == source && w.llr.is_finite()).collect();
    windows.sort_by(|a, b| a.to_s.total_cmp(&b.to_s));
    let most = windows.iter().map(|w| w.llr.abs()).fold(REACH, f64::max).min(MOST);
    let y = |llr: f64| top + LANE / 2.0 * (1.0 - llr.clamp(-most, most) / most);
    svg.rule(Axis::LEFT, y(0.0), Axis::RIGHT, "axis");
    for sign in [most, -most] {
        svg.text(
            (Axis::LEFT - 6.0, y(sign) + if sign > 0.0 { 8.0 } else { 0.0 }),
            "end",
            "faint",
            &format!("{sign:+.0}"),
        );
    }
    let count = if windows.len() == 1 { "1 window".into() } else { format!("{} windows", windows.len()) };
    svg.text((Axis::RIGHT + 6.0, top + 12.0), "start", "faint", &count);
    let gaps = windows.windows(2).map(|w| axis.x(w[1].to_s) - axis.x(w[0].to_s)).filter(|gap| *gap > 0.0);
    let wide = (gaps.fold(f64::INFINITY, f64::min).clamp(CLOSEST, 12.0) * 0.8).min(9.0);
    // The strongest of each way in a column, by where they end.
    let mut shown: Vec<(i64, Option<usize>, Option<usize>)> = Vec::new();
    for (i, w) in windows.iter().enumerate() {
        let column = (axis.x(w.to_s) / CLOSEST) as i64;
        if shown.last().is_none_or(|s| s.0 != column) {
            shown.push((column, None, None));
        }
        let Some((_, up, down)) = shown.last_mut() else { continue };
        let place = if w.llr > 0.0 { up } else { down };
        if place.is_none_or(|there| w.llr.abs() > windows[there].llr.abs()) {
            *place = Some(i);
        }
    }
    for i in shown.into_iter().flat_map(|(_, up, down)| up.into_iter().chain(down)) {
        let w = windows[i];
        let (class, y0, y1) = if w.llr > 0.0 { ("up", y(w.llr), y(0.0)) } else { ("down", y(0.0), y(w.llr)) };
        let title = format!("{source} {}–{}: {:+.2}", clock(w.from_s), clock(w.to_s), w.llr);
        let strength = 0.5 + 0.5 * (w.llr.abs() / REACH).min(1.0);
        svg.bar((axis.x(w.to_s) - wide / 2.0, y0), (wide, (y1 - y0).max(1.0)), class, strength, &title);
    }
}

fn abstained(svg: &mut Svg, timeline: &Timeline, source: &str, axis: Axis, top: f64) {
    let mut spans: Vec<_> = timeline.abstained.iter().filter(|a| a.source == source).collect();
    spans.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    let seconds: f64 = spans.iter().map(|a| a.to_s - a.from_s).sum();
    if seconds > 0.0 {
        svg.text((Axis::RIGHT + 6.0, top + 26.0), "start", "faint", "not judged:");
        svg.text((Axis::RIGHT + 6.0, top + 39.0), "start", "faint", &format!("{seconds:.1} s"));
    }
    // What touches and is of one reason is one, so that a long call does not draw thousands.
    let mut drawn: Vec<(f64, f64, &str)> = Vec::new();
    for a in spans {
        match drawn.last_mut() {
            Some((_, to, reason)) if *reason == a.reason && axis.x(a.from_s) - axis.x(*to) < 0.6 => {
                *to = to.max(a.to_s)
            }
            _ => drawn.push((a.from_s, a.to_s, &a.reason)),
        }
    }
    for (from, to, reason) in drawn {
        let (x, wide) = (axis.x(from), (axis.x(to) - axis.x(from)).max(1.0));
        let class = format!("na {}", words::abstention(reason).1);
        let title = format!("{source} did not judge {}–{}: {reason}", clock(from), clock(to));
        svg.bar((x, top), (wide, LANE), &class, 1.0, &title);
        if Axis::fits(reason, wide) {
            svg.text((x + wide / 2.0, top + 12.0), "middle", "halo", reason);
        }
    }
}
