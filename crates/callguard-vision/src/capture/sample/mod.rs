//! Samples of a picture, straight from its planes: no full-frame conversion.
//!
//! A target is a small picture: a model's input. Where it lies is told by a [`Similarity`] from its pixels to those of the *upright* picture
//! ([`PictureFormat::upright`](crate::PictureFormat::upright)): turn and pixel aspect are folded into the addresses, and no one else has to
//! know of them. Each pixel of the target is the average of the picture over its footprint; where the picture is magnified, it is a linear
//! blend of the nearest pixels. Black where the middle of a pixel lies outside the picture; also all of a picture that does not pass
//! [`Picture::check`].
//!
//! ```
//! use callguard_core::MediaTime;
//! use callguard_vision::{DETECTOR_SIDE, Picture, PictureFormat, PixelFormat, sample};
//!
//! # fn main() -> Result<(), callguard_vision::PictureError> {
//! let format = PictureFormat::packed(PixelFormat::I420, 640, 360);
//! let bytes = vec![128; 640 * 360 * 3 / 2];
//! let picture = Picture { format: &format, bytes: &bytes, at: MediaTime::ZERO };
//! picture.check()?;
//! let mut input = Vec::new();
//! assert_eq!(sample::fit(&picture, DETECTOR_SIDE, &mut input), 2.0);
//! assert_eq!(input[..3], [130, 130, 130]);
//! assert_eq!(input[input.len() - 3..], [0, 0, 0]);
//! # Ok(())
//! # }
//! ```
//!
//! Read it in the order of the flow: *address* finds the target in the stored picture, *axis* its footprints along rows and columns,
//! *patch* averages over them, channel by channel and each at its own resolution, *paint* turns patches that lie aslant, *colour* makes
//! RGB of full range of what came out. Averages are of Y, Cb and Cr as they are stored, so colours outside of RGB are clipped once, at the end.
//!
//! Chroma of halved resolution is taken to lie in the middle of its pixels (JPEG, MPEG-1). Most H.264 has it half a pixel further left: its
//! colours are shown half a stored pixel to the right, a twelfth of a pixel when 1920 are shrunk to 320.

mod address;
mod axis;
mod colour;
mod paint;
mod patch;

use self::address::Address;
use self::colour::{AsRgb, Grey, Ink, Luma, RgbToLuma, YuvToRgb};
use self::paint::{Target, paint};
use super::Picture;
use super::layout::{Channel, Channels};
use crate::Similarity;

/// A part of a picture as `width` × `height` pixels of RGB, rows from the top. What was in `out` is gone.
pub fn rgb(picture: &Picture<'_>, to_picture: &Similarity, width: usize, height: usize, out: &mut Vec<u8>) {
    let to = (to_picture, width, height, out);
    match &picture.format.pixel.channels() {
        Channels::Y(channels) => fill(picture, channels, to, &Grey(Luma::new(picture.format))),
        Channels::Yuv(channels) => fill(picture, channels, to, &YuvToRgb::new(picture.format)),
        Channels::Rgb(channels) => fill(picture, channels, to, &AsRgb),
    }
}

/// The whole picture at the top left of a square of `side`² pixels of RGB, as large as it fits; the rest is black. The detector's input.
///
/// Returns the scale, pixels of the upright picture for one of the square: what is found at `p` in the square is at `scale · p` in the picture.
pub fn fit(picture: &Picture<'_>, side: usize, out: &mut Vec<u8>) -> f32 {
    let (wide, high) = picture.format.upright();
    let scale = wide.max(high) as f32 / side as f32;
    rgb(picture, &Similarity { a: scale, b: 0.0, tx: 0.0, ty: 0.0 }, side, side, out);
    scale
}

/// A part of a picture as `width` × `height` bytes of luma, rows from the top, black 0 and white 255 whatever the picture's range: as
/// [`rgb`], without looking at colour where luma is stored apart from it. What was in `out` is gone.
pub fn luma(picture: &Picture<'_>, to_picture: &Similarity, width: usize, height: usize, out: &mut Vec<u8>) {
    let to = (to_picture, width, height, out);
    match &picture.format.pixel.channels() {
        Channels::Y(channels) => fill(picture, channels, to, &Luma::new(picture.format)),
        Channels::Yuv(channels) => fill(picture, &channels[..1], to, &Luma::new(picture.format)),
        Channels::Rgb(channels) => fill(picture, channels, to, &RgbToLuma::new(picture.format)),
    }
}

fn fill<const N: usize>(
    picture: &Picture<'_>,
    channels: &[Channel],
    (to_picture, width, height, out): (&Similarity, usize, usize, &mut Vec<u8>),
    ink: &impl Ink<N>,
) {
    out.clear();
    out.resize(width * height * N, 0);
    if picture.check().is_ok()
        && let Some(address) = Address::new(picture.format, to_picture)
    {
        let (out, _) = out.as_chunks_mut();
        paint(picture, channels, &address, Target { width, height, out }, ink);
    }
}
