//! What is said, as pixels.

mod outline;
mod raster;
mod sign;
mod tag;
mod text;

pub(super) use outline::outline;
pub(super) use raster::Raster;
pub(super) use tag::{Sizes, line, tag};

use tiny_skia::{Color, Paint};

use super::look::Ink;

fn paint<'a>(ink: Ink, alpha: u8) -> Paint<'a> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(colour(ink, alpha));
    paint
}

fn colour([r, g, b]: Ink, alpha: u8) -> Color {
    Color::from_rgba8(r, g, b, alpha)
}

const BLACK: Ink = [0, 0, 0];
const WHITE: Ink = [255, 255, 255];
