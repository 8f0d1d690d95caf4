//! One line of text.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};
use tiny_skia::{Pixmap, PremultipliedColorU8};

use super::Ink;

/// How heavy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| built_in(dejavu::sans_condensed::regular()));
static BOLD: LazyLock<FontRef<'static>> = LazyLock::new(|| built_in(dejavu::sans_condensed::bold()));

fn built_in(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("a font that is part of the program is one")
}

/// Text of a size.
#[derive(Clone, Copy)]
pub(super) struct Type {
    font: &'static FontRef<'static>,
    scale: PxScale,
}

impl Type {
    /// `em`: the size, pixels.
    pub(super) fn new(weight: Weight, em: f32) -> Self {
        let font: &FontRef = match weight {
            Weight::Regular => &REGULAR,
            Weight::Bold => &BOLD,
        };
        let per_em = font.units_per_em().map_or(1.0, |units| font.height_unscaled() / units);
        Self { font, scale: PxScale::from(em * per_em) }
    }

    /// How far the text reaches, pixels.
    pub(super) fn width(&self, text: &str) -> f32 {
        self.glyphs(text).last().map_or(0.0, |(_, _, end)| end)
    }

    /// The text, or as much of it as fits with an ellipsis behind it.
    pub(super) fn fit(&self, text: &str, most: f32) -> String {
        if self.width(text) <= most {
            return text.to_owned();
        }
        let room = most - self.width("…");
        let fits = text.char_indices().zip(self.glyphs(text)).take_while(|(_, (_, _, end))| *end <= room);
        let bytes = fits.last().map_or(0, |((at, c), _)| at + c.len_utf8());
        if bytes == 0 { String::new() } else { format!("{}…", text[..bytes].trim_end()) }
    }

    /// Draws the text from `x` on, its capitals centred around `y`.
    pub(super) fn draw(&self, onto: &mut Pixmap, text: &str, x: f32, y: f32, ink: Ink) {
        let scaled = self.font.as_scaled(self.scale);
        let baseline = y + self.cap_height() / 2.0;
        for (id, at, _) in self.glyphs(text) {
            let glyph = id.with_scale_and_position(self.scale, point(x + at, baseline));
            let Some(outlined) = scaled.outline_glyph(glyph) else { continue };
            let bounds = outlined.px_bounds();
            let (left, top) = (bounds.min.x as i64, bounds.min.y as i64);
            outlined.draw(|gx, gy, covered| blend(onto, left + i64::from(gx), top + i64::from(gy), ink, covered));
        }
    }

    fn cap_height(&self) -> f32 {
        let scaled = self.font.as_scaled(self.scale);
        let h = scaled.outline_glyph(self.font.glyph_id('H').with_scale(self.scale));
        h.map_or(0.0, |h| h.px_bounds().height())
    }

    /// Glyphs with where they begin and end.
    fn glyphs<'t>(&self, text: &'t str) -> impl Iterator<Item = (GlyphId, f32, f32)> + use<'t> {
        let scaled = self.font.as_scaled(self.scale);
        let mut before: Option<GlyphId> = None;
        let mut end = 0.0;
        text.chars().map(move |c| {
            let id = scaled.glyph_id(c);
            let at = end + before.map_or(0.0, |before| scaled.kern(before, id));
            end = at + scaled.h_advance(id);
            before = Some(id);
            (id, at, end)
        })
    }
}

fn blend(onto: &mut Pixmap, x: i64, y: i64, ink: Ink, covered: f32) {
    let (width, height) = (i64::from(onto.width()), i64::from(onto.height()));
    if !(0..width).contains(&x) || !(0..height).contains(&y) {
        return;
    }
    let Some(pixel) = onto.pixels_mut().get_mut((y * width + x) as usize) else { return };
    let alpha = covered.clamp(0.0, 1.0);
    let over = |ink: u8, below: u8| (f32::from(ink) * alpha + f32::from(below) * (1.0 - alpha)).round() as u8;
    let [r, g, b] = ink;
    let a = over(255, pixel.alpha());
    let mixed = [over(r, pixel.red()), over(g, pixel.green()), over(b, pixel.blue())].map(|c| c.min(a));
    if let Some(mixed) = PremultipliedColorU8::from_rgba(mixed[0], mixed[1], mixed[2], a) {
        *pixel = mixed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_with_an_ellipsis() {
        let text = Type::new(Weight::Regular, 20.0);
        assert_eq!(text.fit("voice-clone", 1000.0), "voice-clone");
        let cut = text.fit("synthetic voice · voice-clone", 120.0);
        assert!(cut.ends_with('…') && text.width(&cut) <= 120.0, "{cut}");
        assert_eq!(text.fit("voice", 3.0), "");
        // Of any alphabet: there is no byte in the middle of a character to trip over.
        assert!(text.fit("Übergrößenträger 北京", 60.0).starts_with('Ü'));
    }

    #[test]
    fn ink_stays_in_the_picture() {
        let mut small = Pixmap::new(10, 10).unwrap();
        Type::new(Weight::Bold, 40.0).draw(&mut small, "W", -5.0, 5.0, [255, 0, 0]);
        assert!(small.pixels().iter().any(|p| p.red() > 200 && p.green() == 0));
    }
}
