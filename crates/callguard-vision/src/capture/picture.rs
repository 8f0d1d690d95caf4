//! A raw picture as cameras and decoders leave it.

use callguard_core::MediaTime;

/// How pixels lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// Planar Y, U, V, chroma halved both ways.
    I420,
    /// As I420 with V before U.
    Yv12,
    /// Y and interleaved U V, chroma halved both ways.
    Nv12,
    /// Y and interleaved V U.
    Nv21,
    /// Planar Y, U, V, chroma halved across.
    Y42b,
    /// Planar Y, U, V at full size.
    Y444,
    /// Packed Y U Y V.
    Yuy2,
    /// Packed U Y V Y.
    Uyvy,
    /// Three bytes.
    Rgb,
    /// Three bytes.
    Bgr,
    /// Four bytes, the last unused or alpha.
    Rgbx,
    /// Four bytes, the last unused or alpha.
    Bgrx,
    /// Four bytes, the first unused or alpha.
    Xrgb,
    /// Four bytes, the first unused or alpha.
    Xbgr,
    /// One byte of luma.
    Gray8,
}

/// Which matrix made Y, Cb, Cr of R, G, B.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// ITU-R BT.601: standard definition.
    #[default]
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
}

/// What black and white are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Range {
    /// 16 to 235 (chroma 240).
    #[default]
    Limited,
    /// 0 to 255.
    Full,
}

/// How a stored picture must be turned to stand upright (EXIF and GStreamer's `image-orientation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Turn {
    /// As it is.
    #[default]
    None,
    /// By a quarter, clockwise.
    Right,
    /// Upside down.
    Half,
    /// By a quarter, counter-clockwise.
    Left,
}

/// Where a plane lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plane {
    /// First byte of its first row.
    pub offset: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// What is true of all pictures of a stream until its format changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PictureFormat {
    /// How pixels lie in memory.
    pub pixel: PixelFormat,
    /// Stored width, pixels.
    pub width: u32,
    /// Stored height, pixels. Of one field where pictures are interlaced and only one is looked at (its strides doubled).
    pub height: u32,
    /// Its planes; as many as the pixel format has.
    pub planes: [Plane; 3],
    /// For formats with Y.
    pub matrix: Matrix,
    /// For formats with Y.
    pub range: Range,
    /// How it must be turned.
    pub turn: Turn,
    /// How much wider than high a pixel is: 1 for square ones. A field of an interlaced picture has ½. In 1/65536.
    pub pixel_aspect_q16: u32,
}

/// A picture outside the limits, or whose bytes do not reach as far as its format says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Nothing, or more than is sensible.
    #[error("{width}x{height} pixels: expected 16x16 to 8192x8192")]
    Size {
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
    },
    /// A pixel much wider than high, or the other way.
    #[error("a pixel aspect of {}: expected 1/8 to 8", f64::from(*.pixel_aspect_q16) / 65536.0)]
    Aspect {
        /// Width over height, in 1/65536.
        pixel_aspect_q16: u32,
    },
    /// Rows that overlap one another.
    #[error("plane {plane}: a stride of {actual} bytes: {pixel:?} of {width} pixels needs {expected}")]
    Stride {
        /// The format.
        pixel: PixelFormat,
        /// Which plane, counted from 0.
        plane: usize,
        /// Width, pixels.
        width: u32,
        /// Bytes of a row.
        expected: usize,
        /// Bytes from one row to the next.
        actual: usize,
    },
    /// Fewer bytes than the format needs.
    #[error("{actual} bytes: {pixel:?} of {width}x{height} needs {expected}")]
    Bytes {
        /// The format.
        pixel: PixelFormat,
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
        /// How many are needed.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
}

/// One picture.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// How its bytes are laid out.
    pub format: &'a PictureFormat,
    /// All planes.
    pub bytes: &'a [u8],
    /// When it was taken, media time.
    pub at: MediaTime,
}
