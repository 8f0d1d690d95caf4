//! A drawing that grows: the few shapes that pages are drawn with, coloured by the page's style.

use std::fmt::Write as _;

/// A drawing.
#[derive(Debug, Default)]
pub struct Svg(String);

impl Svg {
    /// A text; `anchor` is `start`, `middle` or `end`.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: &str, class: &str, text: &str) {
        let text = escape(text);
        let _ = write!(self.0, r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#);
    }

    /// A line across.
    pub fn rule(&mut self, from: f64, y: f64, to: f64, class: &str) {
        let _ = write!(self.0, r#"<path class="rule {class}" d="M{from:.1} {y:.1}H{to:.1}"/>"#);
    }

    /// A line down, with a word on what it is.
    pub fn post(&mut self, x: f64, from: f64, to: f64, class: &str, title: &str) {
        let title = title_of(title);
        let _ = write!(self.0, r#"<path class="rule {class}" d="M{x:.1} {from:.1}V{to:.1}">{title}</path>"#);
    }

    /// Any path, as `d` has it.
    pub fn path(&mut self, d: &str, class: &str) {
        let _ = write!(self.0, r#"<path class="{class}" d="{d}"/>"#);
    }

    /// A bar. `strength`, 0 to 1, is how much it covers.
    pub fn bar(&mut self, (x, y): (f64, f64), (w, h): (f64, f64), class: &str, strength: f64, title: &str) {
        let title = title_of(title);
        let faint = if strength < 0.995 { format!(r#" fill-opacity="{strength:.2}""#) } else { String::new() };
        let _ = write!(
            self.0,
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}"{faint}>{title}</rect>"#
        );
    }

    /// A dot.
    pub fn dot(&mut self, (x, y): (f64, f64), r: f64, class: &str, title: &str) {
        let title = title_of(title);
        let _ = write!(self.0, r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="{r}">{title}</circle>"#);
    }

    /// Leads whoever clicks on what `draw` draws to a place in the page.
    pub fn link(&mut self, anchor: &str, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.0, r##"<a href="#{}">"##, escape(anchor));
        draw(self);
        self.0.push_str("</a>");
    }

    /// All of it.
    #[must_use]
    pub fn finish(self, width: f64, height: f64, label: &str) -> String {
        let label = escape(label);
        format!(r#"<svg viewBox="0 0 {width:.0} {height:.0}" role="img" aria-label="{label}">{}</svg>"#, self.0)
    }
}

fn title_of(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<title>{}</title>", escape(text)) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A step of 1, 2 or 5 times a power of ten that cuts `range` into about `parts`.
#[must_use]
pub fn nice_step(range: f64, parts: f64) -> f64 {
    let raw = (range / parts).max(1e-3);
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= raw * 0.99).unwrap_or(10.0 * power);
    step.max(0.1)
}

/// The same for seconds, as clocks count: from a tenth of a second to hours.
#[must_use]
pub fn time_step(range: f64, parts: f64) -> f64 {
    const STEPS: [f64; 16] =
        [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0];
    let raw = range / parts;
    STEPS.into_iter().find(|s| *s >= raw * 0.99).unwrap_or_else(|| (raw / 3600.0).ceil() * 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_numbers() {
        for (range, wanted) in [(7.4, 1.0), (60.0, 10.0), (3600.0, 500.0), (0.5, 0.1)] {
            assert_eq!(nice_step(range, 8.0), wanted, "{range}");
        }
        for (range, wanted) in [(7.4, 1.0), (45.0, 10.0), (600.0, 120.0), (7200.0, 900.0), (200_000.0, 25_200.0)] {
            assert_eq!(time_step(range, 8.0), wanted, "{range}");
        }
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let mut svg = Svg::default();
        svg.text((0.0, 0.0), "start", "faint", "<script>&\"");
        assert!(svg.finish(1.0, 1.0, "x").contains("&lt;script&gt;&amp;&quot;"));
    }
}
