//! From caps and a buffer's meta to what the eyes must know of a picture.

use callguard_engine::{Matrix, PictureFormat, PixelFormat, Plane, Range, Turn};
use gst::{ClockTime, glib};
use gst_video::{VideoFormat, VideoInterlaceMode};

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

/// The formats, as GStreamer has them.
pub fn formats() -> impl IntoIterator<Item = VideoFormat> {
    FORMATS.map(|(format, _)| format)
}

/// What the element takes.
pub(super) fn template() -> gst::Caps {
    let raw = || gst_video::VideoCapsBuilder::new().format_list(formats());
    let fields = raw().features([gst_video::CAPS_FEATURE_FORMAT_INTERLACED]).field("interlace-mode", "alternate");
    let mut caps = raw().build();
    caps.make_mut().append(fields.build());
    caps
}

/// What caps and tags say of all pictures of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    info: gst_video::VideoInfo,
    pixel: PixelFormat,
    /// How its pictures must be turned.
    pub turn: Turn,
}

impl Shape {
    /// Reads caps.
    ///
    /// # Errors
    /// Where they are no video, or of a format that the eyes do not read.
    pub fn new(caps: &gst::CapsRef, turn: Turn) -> Result<Self, glib::BoolError> {
        let info = gst_video::VideoInfo::from_caps(caps)?;
        let known = FORMATS.iter().find(|(format, _)| *format == info.format());
        let (_, pixel) = known.ok_or_else(|| glib::bool_error!("{:?} is no format of this element", info.format()))?;
        Ok(Self { pixel: *pixel, info, turn })
    }

    /// How long a picture is shown; 0 where the rate varies.
    #[must_use]
    pub fn interval(&self) -> ClockTime {
        let fps = self.info.fps();
        let (pictures, seconds) = (u64::try_from(fps.numer()).unwrap_or(0), u64::try_from(fps.denom()).unwrap_or(0));
        ClockTime::SECOND
            .nseconds()
            .saturating_mul(seconds)
            .checked_div(pictures)
            .map_or(ClockTime::ZERO, |ns| ClockTime::from_nseconds(ns.min(ClockTime::MAX.nseconds())))
    }

    /// Stored pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.info.width(), self.info.height())
    }

    /// Why nothing of this shape can be looked at, if so.
    pub(super) fn refusal(&self) -> Option<String> {
        self.format(None, false).and_then(|format| format.check(usize::MAX).map_err(|e| e.to_string())).err()
    }

    /// Where the pixels of a buffer lie among its bytes.
    ///
    /// # Errors
    /// Why they cannot be looked at.
    pub fn of(&self, buffer: &gst::BufferRef) -> Result<PictureFormat, String> {
        let flags = gst_video::VideoBufferFlags::from_bits_truncate(buffer.flags().bits());
        let interlaced = flags.contains(gst_video::VideoBufferFlags::INTERLACED);
        self.format(buffer.meta::<gst_video::VideoMeta>().as_deref(), interlaced)
    }

    fn format(&self, meta: Option<&gst_video::VideoMeta>, interlaced: bool) -> Result<PictureFormat, String> {
        let info = &self.info;
        if meta.is_some_and(|meta| meta.format() != info.format()) {
            return Err(format!("a buffer whose meta is not of the format {:?}", info.format()));
        }
        let (offsets, strides) = meta.map_or((info.offset(), info.stride()), |meta| (meta.offset(), meta.stride()));
        let (width, height) = meta.map_or(self.size(), |meta| (meta.width(), meta.height()));
        let (rows, apart) = match info.interlace_mode() {
            VideoInterlaceMode::Interleaved => (height / 2, 2),
            VideoInterlaceMode::Mixed if interlaced => (height / 2, 2),
            VideoInterlaceMode::Alternate => (height.div_ceil(2), 1),
            VideoInterlaceMode::Fields => {
                return Err("fields of a picture in several views: expected interleaved".into());
            }
            _ => (height, 1),
        };
        let mut planes = [Plane::default(); 3];
        for (plane, (offset, stride)) in planes.iter_mut().zip(offsets.iter().zip(strides)) {
            let stride = usize::try_from(*stride).map_err(|_| "rows from the bottom up".to_owned())?;
            *plane = Plane { offset: *offset, stride: stride.saturating_mul(apart) };
        }
        let one_field = rows < height;
        Ok(PictureFormat {
            pixel: self.pixel,
            width,
            height: rows,
            planes,
            matrix: self.matrix(),
            range: self.range(),
            turn: self.turn,
            pixel_aspect_q16: aspect_q16(info.par()) / if one_field { 2 } else { 1 },
        })
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
