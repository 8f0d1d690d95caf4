//! What a format says of its bytes, and whether a picture keeps to it.

use super::{Matrix, Picture, PictureError, PictureFormat, PixelFormat, Plane, Range, Turn};

/// Smallest width and height, pixels: the detector finds nothing in less.
const LEAST: u32 = 16;
/// Greatest width and height, pixels.
const MOST: u32 = 8192;
/// A square pixel.
const SQUARE_Q16: u32 = 1 << 16;
/// Greatest width of a pixel over its height, and the other way: anamorphic film has 2, a field of an interlaced picture ½.
const MOST_ASPECT: u32 = 8;

impl PictureFormat {
    /// Planes behind one another, without padding; chroma of odd sizes rounded up (ffmpeg's `rawvideo`). BT.601 of limited range, upright,
    /// square pixels.
    #[must_use]
    pub fn packed(pixel: PixelFormat, width: u32, height: u32) -> Self {
        let mut planes = [Plane::default(); 3];
        let mut offset = 0;
        for (i, plane) in planes.iter_mut().enumerate().take(pixel.planes()) {
            let (stride, rows) = pixel.plane_size(i, width, height);
            *plane = Plane { offset, stride };
            // Of sizes that are refused anyway it may not fit.
            offset = stride.saturating_mul(rows).saturating_add(offset);
        }
        let (matrix, range, turn) = (Matrix::default(), Range::default(), Turn::default());
        Self { pixel, width, height, planes, matrix, range, turn, pixel_aspect_q16: SQUARE_Q16 }
    }

    /// Width and height of the upright picture of square pixels: what all faces and crops are measured in. Neither side has fewer pixels
    /// than are stored, so a field of an interlaced picture (pixel aspect ½) is as high as its frame.
    #[must_use]
    pub fn upright(&self) -> (u32, u32) {
        let (wide, high) = self.square_size();
        // Within 8192 · 8 in a checked format; a cast saturates in any other.
        let (wide, high) = (wide.round() as u32, high.round() as u32);
        if self.lies() { (high, wide) } else { (wide, high) }
    }

    /// Whether a buffer of so many bytes can hold the picture.
    ///
    /// # Errors
    /// A size or pixel aspect outside the limits, rows that overlap, or too few bytes: pictures of this format are left out.
    pub fn check(&self, bytes: usize) -> Result<(), PictureError> {
        let Self { pixel, width, height, pixel_aspect_q16, .. } = *self;
        if !(LEAST..=MOST).contains(&width) || !(LEAST..=MOST).contains(&height) {
            return Err(PictureError::Size { width, height });
        }
        if !(SQUARE_Q16 / MOST_ASPECT..=SQUARE_Q16 * MOST_ASPECT).contains(&pixel_aspect_q16) {
            return Err(PictureError::Aspect { pixel_aspect_q16 });
        }
        for plane in 0..pixel.planes() {
            let (row, rows) = pixel.plane_size(plane, width, height);
            let Plane { offset, stride } = self.planes[plane];
            if stride < row {
                return Err(PictureError::Stride { pixel, plane, width, expected: row, actual: stride });
            }
            // The last row need not be padded. What does not fit a `usize` does not fit the buffer either.
            let expected = stride.saturating_mul(rows - 1).saturating_add(row).saturating_add(offset);
            if bytes < expected {
                return Err(PictureError::Bytes { pixel, width, height, expected, actual: bytes });
            }
        }
        Ok(())
    }

    /// Whether the stored picture lies on its side.
    pub(crate) fn lies(&self) -> bool {
        matches!(self.turn, Turn::Right | Turn::Left)
    }

    /// How many square pixels a stored pixel is wide and high; one of them is 1.
    pub(crate) fn stretch(&self) -> (f64, f64) {
        let aspect = f64::from(self.pixel_aspect_q16) / f64::from(SQUARE_Q16);
        if aspect < 1.0 { (1.0, 1.0 / aspect) } else { (aspect, 1.0) }
    }

    /// Width and height of the stored picture in square pixels.
    pub(crate) fn square_size(&self) -> (f64, f64) {
        let (across, down) = self.stretch();
        (f64::from(self.width) * across, f64::from(self.height) * down)
    }
}

impl Picture<'_> {
    /// Whether its bytes are as its format says: what every function of [`sample`](super::sample) relies on.
    ///
    /// # Errors
    /// As [`PictureFormat::check`].
    pub fn check(&self) -> Result<(), PictureError> {
        self.format.check(self.bytes.len())
    }
}
