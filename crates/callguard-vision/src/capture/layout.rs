//! Where the channels of a pixel format lie.

use super::PixelFormat;

/// One channel: a byte every `step`, beginning with `first` in each row of its plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    /// Which plane it lies in.
    pub plane: usize,
    /// Its first byte in a row.
    pub first: usize,
    /// Bytes from one sample to the next.
    pub step: usize,
    /// Pixels that share a sample, across: a power of two, its logarithm.
    pub across: u32,
    /// Pixels that share a sample, down.
    pub down: u32,
}

impl Channel {
    const fn full(plane: usize, first: usize, step: usize) -> Self {
        Self { plane, first, step, across: 0, down: 0 }
    }

    const fn chroma(plane: usize, first: usize, step: usize, down: u32) -> Self {
        Self { plane, first, step, across: 1, down }
    }

    /// Samples in a row and rows, of a picture of so many pixels. The last sample of an odd picture stands for what is left.
    pub fn size(&self, width: u32, height: u32) -> (usize, usize) {
        let shared = |pixels: u32, shift: u32| pixels.div_ceil(1 << shift) as usize;
        (shared(width, self.across), shared(height, self.down))
    }
}

/// What the channels of a format are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    /// Luma alone.
    Y([Channel; 1]),
    /// Luma, blue and red difference.
    Yuv([Channel; 3]),
    /// Red, green, blue.
    Rgb([Channel; 3]),
}

impl Channels {
    pub fn as_slice(&self) -> &[Channel] {
        match self {
            Self::Y(one) => one,
            Self::Yuv(three) | Self::Rgb(three) => three,
        }
    }
}

impl PixelFormat {
    /// How many planes a picture has.
    #[must_use]
    pub fn planes(self) -> usize {
        self.channels().as_slice().iter().map(|c| c.plane + 1).max().unwrap_or(0)
    }

    pub(crate) fn channels(self) -> Channels {
        use Channels::{Rgb, Y, Yuv};
        let rgb = |r, g, b, step| Rgb([r, g, b].map(|first| Channel::full(0, first, step)));
        let planar = Channel::full(0, 0, 1);
        match self {
            Self::I420 => Yuv([planar, Channel::chroma(1, 0, 1, 1), Channel::chroma(2, 0, 1, 1)]),
            Self::Yv12 => Yuv([planar, Channel::chroma(2, 0, 1, 1), Channel::chroma(1, 0, 1, 1)]),
            Self::Nv12 => Yuv([planar, Channel::chroma(1, 0, 2, 1), Channel::chroma(1, 1, 2, 1)]),
            Self::Nv21 => Yuv([planar, Channel::chroma(1, 1, 2, 1), Channel::chroma(1, 0, 2, 1)]),
            Self::Y42b => Yuv([planar, Channel::chroma(1, 0, 1, 0), Channel::chroma(2, 0, 1, 0)]),
            Self::Y444 => Yuv([planar, Channel::full(1, 0, 1), Channel::full(2, 0, 1)]),
            Self::Yuy2 => Yuv([Channel::full(0, 0, 2), Channel::chroma(0, 1, 4, 0), Channel::chroma(0, 3, 4, 0)]),
            Self::Uyvy => Yuv([Channel::full(0, 1, 2), Channel::chroma(0, 0, 4, 0), Channel::chroma(0, 2, 4, 0)]),
            Self::Rgb => rgb(0, 1, 2, 3),
            Self::Bgr => rgb(2, 1, 0, 3),
            Self::Rgbx => rgb(0, 1, 2, 4),
            Self::Bgrx => rgb(2, 1, 0, 4),
            Self::Xrgb => rgb(1, 2, 3, 4),
            Self::Xbgr => rgb(3, 2, 1, 4),
            Self::Gray8 => Y([planar]),
        }
    }

    /// Bytes in a row of a plane and its rows, of a picture of so many pixels.
    pub(crate) fn plane_size(self, plane: usize, width: u32, height: u32) -> (usize, usize) {
        let channels = self.channels();
        let sizes = channels.as_slice().iter().filter(|c| c.plane == plane).map(|c| {
            let (samples, rows) = c.size(width, height);
            (samples * c.step, rows)
        });
        sizes.fold((0, 0), |(bytes, rows), (b, r)| (bytes.max(b), rows.max(r)))
    }
}
