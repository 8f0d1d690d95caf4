//! From caps, tags and a buffer's meta to what the eyes must know of a picture.

use std::time::Duration;

use callguard_engine::{Matrix, PictureFormat, PixelFormat, Plane, Range, Turn};
use gst::{ClockTime, glib};
use gst_video::{VideoFormat, VideoInterlaceMode};
use gstreamer as gst;
use gstreamer_video as gst_video;

/// GStreamer's formats that the eyes read: alpha is not looked at.
const FORMATS: [(VideoFormat, PixelFormat); 19] = [
    (VideoFormat::I420, PixelFormat::I420),
    (VideoFormat::Yv12, PixelFormat::Yv12),
    (VideoFormat::Nv12, PixelFormat::Nv12),
    (VideoFormat::Nv21, PixelFormat::Nv21),
    (VideoFormat::Y42b, PixelFormat::Y42b),
    (VideoFormat::Y444, PixelFormat::Y444),
    (VideoFormat::Yuy2, PixelFormat::Yuy2),
    (VideoFormat::Uyvy, PixelFormat::Uyvy),
    (VideoFormat::Rgb, PixelFormat::Rgb),
    (VideoFormat::Bgr, PixelFormat::Bgr),
    (VideoFormat::Rgbx, PixelFormat::Rgbx),
    (VideoFormat::Bgrx, PixelFormat::Bgrx),
    (VideoFormat::Xrgb, PixelFormat::Xrgb),
    (VideoFormat::Xbgr, PixelFormat::Xbgr),
    (VideoFormat::Rgba, PixelFormat::Rgbx),
    (VideoFormat::Bgra, PixelFormat::Bgrx),
    (VideoFormat::Argb, PixelFormat::Xrgb),
    (VideoFormat::Abgr, PixelFormat::Xbgr),
    (VideoFormat::Gray8, PixelFormat::Gray8),
];

/// What the eyes read.
pub fn formats() -> gst::Caps {
    gst_video::VideoCapsBuilder::new().format_list(FORMATS.map(|(format, _)| format)).build()
}

/// What caps say of all pictures of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    info: gst_video::VideoInfo,
    pixel: PixelFormat,
}

impl Shape {
    /// Reads caps.
    ///
    /// # Errors
    /// Where they are no video, or of a format that the eyes do not read.
    pub fn new(caps: &gst::CapsRef) -> Result<Self, glib::BoolError> {
        let info = gst_video::VideoInfo::from_caps(caps)?;
        let known = FORMATS.iter().find(|(format, _)| *format == info.format());
        let (_, pixel) = known.ok_or_else(|| glib::bool_error!("unexpected pixel format {:?}", info.format()))?;
        Ok(Self { pixel: *pixel, info })
    }

    /// How long a picture is shown; zero where the rate varies.
    pub fn interval(&self) -> Duration {
        let fps = self.info.fps();
        let (pictures, seconds) = (u64::try_from(fps.numer()).unwrap_or(0), u64::try_from(fps.denom()).unwrap_or(0));
        let second = ClockTime::SECOND.nseconds();
        second.saturating_mul(seconds).checked_div(pictures).map_or(Duration::ZERO, Duration::from_nanos)
    }

    /// Where the pixels of a buffer lie among its bytes, `turn` being how its pictures must be turned.
    ///
    /// # Errors
    /// Why they cannot be looked at.
    pub fn of(&self, buffer: &gst::BufferRef, turn: Turn) -> Result<PictureFormat, String> {
        let flags = gst_video::VideoBufferFlags::from_bits_truncate(buffer.flags().bits());
        let interlaced = flags.contains(gst_video::VideoBufferFlags::INTERLACED);
        let (info, meta) = (&self.info, buffer.meta::<gst_video::VideoMeta>());
        let meta = meta.as_deref().filter(|meta| meta.format() == info.format());
        let (offsets, strides) = meta.map_or((info.offset(), info.stride()), |meta| (meta.offset(), meta.stride()));
        let (width, height) = meta.map_or((info.width(), info.height()), |meta| (meta.width(), meta.height()));
        let one_field = match info.interlace_mode() {
            VideoInterlaceMode::Interleaved => true,
            VideoInterlaceMode::Mixed => interlaced,
            VideoInterlaceMode::Progressive => false,
            other => return Err(format!("{other:?} pictures: expected progressive or interleaved ones")),
        };
        let (rows, apart) = if one_field { (height / 2, 2) } else { (height, 1) };
        let mut planes = [Plane::default(); 3];
        for (plane, (offset, stride)) in planes.iter_mut().zip(offsets.iter().zip(strides)) {
            let stride = usize::try_from(*stride).map_err(|_| "rows from the bottom up".to_owned())?;
            *plane = Plane { offset: *offset, stride: stride.saturating_mul(apart) };
        }
        let pixel_aspect_q16 = aspect_q16(info.par()) / if one_field { 2 } else { 1 };
        let (matrix, range) = (self.matrix(), self.range());
        Ok(PictureFormat { pixel: self.pixel, width, height: rows, planes, matrix, range, turn, pixel_aspect_q16 })
    }

    fn matrix(&self) -> Matrix {
        use gst_video::VideoColorMatrix as M;
        // Between those of high definition the difference is far below what a camera's white balance makes.
        match self.info.colorimetry().matrix() {
            M::Bt709 | M::Bt2020 | M::Smpte240m => Matrix::Bt709,
            _ => Matrix::Bt601,
        }
    }

    fn range(&self) -> Range {
        match self.info.colorimetry().range() {
            gst_video::VideoColorRange::Range0_255 => Range::Full,
            _ => Range::Limited,
        }
    }
}

/// A pixel's width over its height, in 1/65536.
fn aspect_q16(aspect: gst::Fraction) -> u32 {
    let (wide, high) = (i64::from(aspect.numer()), i64::from(aspect.denom()));
    // A broken one is 0, which is out of range.
    (wide << 16).checked_div(high).and_then(|q| u32::try_from(q).ok()).unwrap_or(0)
}

/// How pictures of a stream must be turned, by its `image-orientation`; `None`: these tags do not say. That they are mirrored too is
/// left out, a face being a face either way; but what is flipped before it is turned is turned the other way round by that.
pub fn turn_of(tags: &gst::TagListRef) -> Option<Turn> {
    let orientation = tags.get::<gst::tags::ImageOrientation>()?;
    match orientation.get() {
        "rotate-0" | "flip-rotate-0" => Some(Turn::None),
        "rotate-90" | "flip-rotate-270" => Some(Turn::Right),
        "rotate-180" | "flip-rotate-180" => Some(Turn::Half),
        "rotate-270" | "flip-rotate-90" => Some(Turn::Left),
        _ => None,
    }
}
