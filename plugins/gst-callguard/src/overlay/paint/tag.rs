//! The words beside a face, and the lines at the bottom.

use tiny_skia::{FillRule, PathBuilder, Pixmap, Rect, Transform};

use super::sign::sign;
use super::text::{Type, Weight};
use super::{BLACK, Ink, WHITE, paint};
use crate::overlay::look::Mood;

/// How large things are, pixels of the upright picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::overlay) struct Sizes {
    /// Size of the verdict's word.
    pub word: f32,
    /// Size of the rest.
    pub rest: f32,
    /// Width of a line.
    pub pen: f32,
    /// How wide a tag may get.
    pub most: f32,
}

impl Sizes {
    /// For a picture with so many faces.
    ///
    /// Shown at a sixteenth of a screen of 1080 rows it has 270: a word of 6.5 % is 18 pixels high there, the rest 15, the least at which the
    /// font's letters are still apart. A wall of many guests is not shown so small, and its tags must not hide it.
    pub(in crate::overlay) fn of((width, height): (u32, u32), faces: usize) -> Self {
        let side = (height as f32).min(width as f32 * 0.75);
        let crowd = match faces {
            0..=2 => 1.0,
            3..=4 => 0.8,
            5..=9 => 0.6,
            _ => 0.5,
        };
        Self {
            word: (0.065 * side * crowd).max(8.0),
            rest: (0.055 * side * crowd).max(7.0),
            pen: (0.005 * side).max(1.0),
            most: width as f32,
        }
    }
}

/// What the word stands on is the verdict's colour; what else is said stands on black.
const GROUND: u8 = 190;

/// Sign and word, and where they end.
struct Head {
    mood: Mood,
    word: Type,
    rest: Type,
    text: String,
    pad: f32,
    side: f32,
    wide: f32,
    high: f32,
}

impl Head {
    fn new(mood: Mood, sizes: Sizes) -> Self {
        let (word, rest) = (Type::new(Weight::Bold, sizes.word), Type::new(Weight::Regular, sizes.rest));
        let (pad, side) = (0.3 * sizes.word, 1.05 * sizes.word);
        let room = sizes.most - side - 2.7 * pad;
        let text = word.fit(mood.word(), room);
        let wide = side + 2.7 * pad + word.width(&text);
        Self { mood, word, rest, text, pad, side, wide, high: 1.45 * sizes.word }
    }

    /// On its ground of so many pixels.
    fn draw(&self, onto: &mut Pixmap, wide: f32) {
        let (ink, y) = (self.mood.ink(), self.high / 2.0);
        fill(onto, (0.0, 0.0, wide, self.high), ink, 255);
        sign(onto, self.mood.sign(), (self.pad + self.side / 2.0, y), self.side, BLACK, ink);
        self.word.draw(onto, &self.text, self.side + 1.7 * self.pad, y, BLACK);
    }
}

/// A tag of up to three lines: sign and word, who, why.
pub(in crate::overlay) fn tag(mood: Mood, who: &str, why: &str, sizes: Sizes) -> Option<Pixmap> {
    let head = Head::new(mood, sizes);
    let (pad, row) = (head.pad, 1.3 * sizes.rest);
    let fit = |text: &&str| head.rest.fit(text, sizes.most - 2.0 * pad);
    let said: Vec<String> = [who, why].iter().filter(|text| !text.is_empty()).map(fit).collect();
    let wide = said.iter().map(|text| head.rest.width(text) + 2.0 * pad).fold(head.wide, f32::max);
    let below = if said.is_empty() { 0.0 } else { said.len() as f32 * row + 0.5 * pad };
    let mut tag = Pixmap::new(wide.ceil() as u32, (head.high + below).ceil() as u32)?;
    fill(&mut tag, (0.0, head.high, wide, head.high + below), BLACK, GROUND);
    head.draw(&mut tag, wide);
    for (i, text) in said.iter().enumerate() {
        head.rest.draw(&mut tag, text, pad, head.high + 0.25 * pad + (i as f32 + 0.5) * row, WHITE);
    }
    Some(tag)
}

/// All of it in one line.
pub(in crate::overlay) fn line(mood: Mood, who: &str, why: &str, sizes: Sizes) -> Option<Pixmap> {
    let head = Head::new(mood, sizes);
    let said = [who, why].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(" · ");
    let said = head.rest.fit(&said, sizes.most - head.wide - 2.0 * head.pad);
    let behind = if said.is_empty() { 0.0 } else { head.rest.width(&said) + 2.0 * head.pad };
    let wide = head.wide + behind;
    let mut line = Pixmap::new(wide.ceil() as u32, head.high.ceil() as u32)?;
    fill(&mut line, (head.wide, 0.0, wide, head.high), BLACK, GROUND);
    head.draw(&mut line, head.wide);
    head.rest.draw(&mut line, &said, head.wide + head.pad, head.high / 2.0, WHITE);
    Some(line)
}

fn fill(onto: &mut Pixmap, (left, top, right, bottom): (f32, f32, f32, f32), ink: Ink, alpha: u8) {
    if let Some(rect) = Rect::from_ltrb(left, top, right, bottom) {
        let path = PathBuilder::from_rect(rect);
        onto.fill_path(&path, &paint(ink, alpha), FillRule::Winding, Transform::identity(), None);
    }
}
