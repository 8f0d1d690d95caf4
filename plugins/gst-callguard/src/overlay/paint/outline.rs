//! The line around a face.

use tiny_skia::{LineCap, LineJoin, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform};

use super::{BLACK, Ink, paint};
use crate::overlay::look::{Mood, Outline};

/// Four strips around a box of `width` x `height` pixels, each with where its top left corner lies from that of the box. The middle is
/// left out: nothing is drawn there, and blending nothing costs as much as blending something. `pen`: the width of a line.
pub(in crate::overlay) fn outline(mood: Mood, (width, height): (u32, u32), pen: f32) -> Vec<((i32, i32), Pixmap)> {
    // The widest line reaches three and a half pens to either side.
    let margin = (3.5 * pen).ceil() as i32;
    let (w, h) = (i32::try_from(width).unwrap_or(i32::MAX / 4), i32::try_from(height).unwrap_or(i32::MAX / 4));
    let inner = (h - 2 * margin).max(0);
    let strips = [
        (-margin, -margin, w + 2 * margin, 2 * margin),
        (-margin, h - margin, w + 2 * margin, 2 * margin),
        (-margin, margin, 2 * margin, inner),
        (w - margin, margin, 2 * margin, inner),
    ];
    let draw = |(x, y, across, down): (i32, i32, i32, i32)| {
        let mut strip = Pixmap::new(u32::try_from(across).ok()?, u32::try_from(down).ok()?)?;
        let shift = Transform::from_translate(-x as f32, -y as f32);
        for line in lines(mood, (width as f32, height as f32), pen) {
            line.draw(&mut strip, shift);
        }
        Some(((x, y), strip))
    };
    strips.into_iter().filter_map(draw).collect()
}

struct Line {
    path: Path,
    stroke: Stroke,
    ink: Ink,
    alpha: u8,
}

impl Line {
    fn draw(&self, onto: &mut Pixmap, shift: Transform) {
        onto.stroke_path(&self.path, &paint(self.ink, self.alpha), &self.stroke, shift, None);
    }
}

/// Each line with a dark edge below it, so that it stands out from bright and dark pictures alike.
fn lines(mood: Mood, (w, h): (f32, f32), pen: f32) -> Vec<Line> {
    let reach = 0.22 * w.min(h);
    let (paths, width, dash, cap) = match mood.outline() {
        Outline::Corners => (corners(w, h, reach), 2.0 * pen, None, LineCap::Round),
        Outline::Dashes => (frame(w, h, 0.0), 1.6 * pen, Some(vec![6.0 * pen, 4.5 * pen]), LineCap::Butt),
        Outline::Double => {
            let outer = frame(w, h, 1.9 * pen);
            (outer.into_iter().chain(frame(w, h, -1.5 * pen)).collect(), 2.0 * pen, None, LineCap::Butt)
        }
        Outline::Dots => (frame(w, h, 0.0), 2.2 * pen, Some(vec![0.01, 5.0 * pen]), LineCap::Round),
        Outline::Thin => (frame(w, h, 0.0), 0.8 * pen, None, LineCap::Butt),
    };
    let stroke = |width| Stroke {
        width,
        line_cap: cap,
        line_join: LineJoin::Miter,
        dash: dash.clone().and_then(|dash| StrokeDash::new(dash, 0.0)),
        ..Stroke::default()
    };
    let line = |path: &Path, width, ink, alpha| Line { path: path.clone(), stroke: stroke(width), ink, alpha };
    let below = paths.iter().map(|path| line(path, width + pen, BLACK, 150));
    below.chain(paths.iter().map(|path| line(path, width, mood.ink(), 255))).collect()
}

fn frame(w: f32, h: f32, outside: f32) -> Vec<Path> {
    let rect = Rect::from_ltrb(-outside, -outside, w + outside, h + outside);
    rect.map(PathBuilder::from_rect).into_iter().collect()
}

fn corners(w: f32, h: f32, reach: f32) -> Vec<Path> {
    let corner = |(x, y): (f32, f32), (right, down): (f32, f32)| {
        let mut path = PathBuilder::new();
        path.move_to(x, y + down * reach);
        path.line_to(x, y);
        path.line_to(x + right * reach, y);
        path.finish()
    };
    let all = [
        corner((0.0, 0.0), (1.0, 1.0)),
        corner((w, 0.0), (-1.0, 1.0)),
        corner((w, h), (-1.0, -1.0)),
        corner((0.0, h), (1.0, -1.0)),
    ];
    all.into_iter().flatten().collect()
}
