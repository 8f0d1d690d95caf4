//! A drawn piece in the form that GStreamer blends.

use callguard_engine::Turn;
use gst_video::{VideoFormat, VideoFrameFlags, VideoMeta};
use tiny_skia::Pixmap;

/// The one format of rectangles that needs no conversion: `GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB`.
const FORMAT: VideoFormat = if cfg!(target_endian = "little") { VideoFormat::Bgra } else { VideoFormat::Argb };

/// Pixels to blend, turned as the picture is stored.
#[derive(Clone, Debug)]
pub(in crate::overlay) struct Raster {
    pub pixels: gst::Buffer,
    /// Upright.
    pub width: u32,
    pub height: u32,
}

impl Raster {
    /// `None`: nothing can be drawn there.
    pub(in crate::overlay) fn new(pixmap: &Pixmap, turn: Turn) -> Option<Self> {
        let (width, height) = (pixmap.width(), pixmap.height());
        let (across, down) = match turn {
            Turn::None | Turn::Half => (width, height),
            Turn::Right | Turn::Left => (height, width),
        };
        let from = pixmap.pixels();
        let mut bytes = Vec::with_capacity(from.len() * 4);
        for y in 0..down {
            for x in 0..across {
                let (x, y) = match turn {
                    Turn::None => (x, y),
                    Turn::Right => (width - 1 - y, x),
                    Turn::Half => (width - 1 - x, height - 1 - y),
                    Turn::Left => (y, height - 1 - x),
                };
                let p = from.get((y * width + x) as usize)?;
                let rgba = [p.red(), p.green(), p.blue(), p.alpha()];
                let [r, g, b, a] = rgba;
                bytes.extend(if FORMAT == VideoFormat::Bgra { [b, g, r, a] } else { [a, r, g, b] });
            }
        }
        let mut pixels = gst::Buffer::from_mut_slice(bytes);
        VideoMeta::add(pixels.get_mut()?, VideoFrameFlags::empty(), FORMAT, across, down).ok()?;
        Some(Self { pixels, width, height })
    }
}

#[cfg(test)]
mod tests {
    use tiny_skia::ColorU8;

    use super::*;

    /// The stored bytes of an upright row of a red and a blue pixel, by their red and blue.
    #[track_caller]
    fn stored(turn: Turn, size: (u32, u32), expected: &[&str]) {
        gst::init().unwrap();
        let mut row = Pixmap::new(2, 1).unwrap();
        row.pixels_mut()[0] = ColorU8::from_rgba(255, 0, 0, 255).premultiply();
        row.pixels_mut()[1] = ColorU8::from_rgba(0, 0, 255, 255).premultiply();
        let raster = Raster::new(&row, turn).unwrap();
        let meta = raster.pixels.meta::<VideoMeta>().unwrap();
        assert_eq!(((meta.width(), meta.height()), (raster.width, raster.height)), (size, (2, 1)), "{turn:?}");
        let map = raster.pixels.map_readable().unwrap();
        let red = if FORMAT == VideoFormat::Bgra { 2 } else { 1 };
        let names: Vec<_> = map.chunks(4).map(|p| if p[red] == 255 { "red" } else { "blue" }).collect();
        assert_eq!(names, expected, "{turn:?}");
    }

    #[test]
    fn pieces_are_turned_as_the_picture_is_stored() {
        stored(Turn::None, (2, 1), &["red", "blue"]);
        stored(Turn::Half, (2, 1), &["blue", "red"]);
        // The upright right is on the stored top.
        stored(Turn::Right, (1, 2), &["blue", "red"]);
        stored(Turn::Left, (1, 2), &["red", "blue"]);
    }
}
