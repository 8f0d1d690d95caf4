//! Frames that came before: a loop of a recording, forwards or to and fro.
//!
//! People come back to a pose, but not through the same second of poses: the closest second of the last minute differs from this one by
//! about what a tenth of a second moves. In a loop it differs by what coding adds. Recordings are compared in pixels of the picture, the face
//! with its surroundings.

use std::collections::VecDeque;
use std::time::Duration;

use callguard_core::{Abstain, MediaTime};

use crate::Face;
use crate::track::Thumb;
use crate::window::WINDOW;

/// How long a loop may be, and how much is kept: at ten looks a second, 600 pictures of at most 9 kB.
const MEMORY: Duration = Duration::from_secs(60);
const MOST_THUMBS: usize = 600;
/// A second that lies nearer than this was never left.
const APART: Duration = Duration::from_secs(2);
/// Looks of a second from which it can be compared.
const LEAST_LOOKS: usize = 5;
/// Cells of the face with its surroundings from which they can be compared: a face of a 26th of the picture's width.
const LEAST_CELLS: usize = 64;
/// Half the side of what is compared, in distances from eyes to mouth: as the wide crop.
const HALF: f32 = 4.0;
/// Least change from look to look that is motion, levels: coding alone gives a tenth.
const LEAST_MOTION: f32 = 0.3;
/// What rounding leaves of a difference, levels.
const NOISE: f32 = 0.1;
/// A second counts as one where its looks are spread like this one's, but for this much.
const SPREAD: Duration = Duration::from_millis(150);
/// Loops need not be whole steps of the grid long: matches between two looks are tried, in quarters.
const QUARTERS: [u32; 3] = [1, 2, 3];

/// Pictures of the last minute in small.
#[derive(Debug, Default)]
pub(crate) struct Memory(VecDeque<(MediaTime, Thumb)>);

impl Memory {
    pub(crate) fn newest(&self) -> Option<&Thumb> {
        self.0.back().map(|(_, thumb)| thumb)
    }

    pub(crate) fn note(&mut self, at: MediaTime, thumb: Thumb) {
        let same = |old: &Thumb| (old.width, old.height) == (thumb.width, thumb.height);
        if self.newest().is_some_and(|old| !same(old)) {
            self.0.clear();
        }
        while self.0.front().is_some_and(|(then, _)| self.0.len() >= MOST_THUMBS || *then + MEMORY < at) {
            self.0.pop_front();
        }
        self.0.push_back((at, thumb));
    }

    /// How much closer the second that ends at `to` is to one before than to itself a look later, as ln of the ratio.
    ///
    /// # Errors
    /// Why nothing can be said.
    pub(crate) fn score(&self, face: &Face, to: MediaTime) -> Result<f64, Abstain> {
        let end = self.0.partition_point(|(at, _)| *at <= to);
        let begin = self.0.partition_point(|(at, _)| *at <= to - WINDOW);
        let thumb = &self.0.get(begin).ok_or(Abstain::TooShort)?.1;
        let area = Area::around(face, thumb).ok_or(Abstain::TooSmall)?;
        if end - begin < LEAST_LOOKS || self.at(begin).since(self.at(0)) < APART {
            return Err(Abstain::TooShort);
        }
        let steps = (end - begin - 1) as f32;
        let moved: u32 = (begin + 1..end).map(|i| area.apart(self.thumb(i), self.thumb(i - 1))).sum();
        let motion = moved as f32 / steps / area.cells() as f32;
        if !(motion >= LEAST_MOTION) {
            return Err(Abstain::TooStill);
        }
        let closest = self.closest(&area, begin, end).ok_or(Abstain::TooShort)?;
        let mismatch = closest as f32 / (end - begin) as f32 / area.cells() as f32;
        Ok(f64::from(((motion + NOISE) / (mismatch + NOISE)).ln()))
    }

    fn at(&self, i: usize) -> MediaTime {
        self.0[i].0
    }

    fn thumb(&self, i: usize) -> &Thumb {
        &self.0[i].1
    }

    /// The summed difference of the looks `begin..end` to the closest second before, forwards or backwards.
    fn closest(&self, area: &Area, begin: usize, end: usize) -> Option<u32> {
        let n = end - begin;
        let spread = self.at(end - 1).since(self.at(begin));
        let last = self.0.partition_point(|(at, _)| *at + APART <= self.at(begin));
        let mut best: Option<(u32, usize, bool)> = None;
        for first in 0..last {
            let Some(then) = self.at((first + n - 1).min(end - 1)).as_nanos().checked_sub(self.at(first).as_nanos())
            else {
                continue;
            };
            if Duration::from_nanos(then).abs_diff(spread) > SPREAD {
                continue;
            }
            for back in [false, true] {
                let most = best.map_or(u32::MAX, |(sum, ..)| sum);
                if let Some(sum) = self.sum(area, begin..end, first, back, most) {
                    best = Some((sum, first, back));
                }
            }
        }
        let (sum, first, back) = best?;
        let between = [first.checked_sub(1), Some(first)].into_iter().flatten();
        let finer = between.flat_map(|low| QUARTERS.map(|q| self.blended(area, begin..end, low, back, q)));
        Some(finer.min().map_or(sum, |finer| finer.min(sum)))
    }

    /// The look of the second from `first` on that look `i` of `n` is compared with.
    fn partner(first: usize, i: usize, n: usize, back: bool) -> usize {
        first + if back { n - 1 - i } else { i }
    }

    /// `None` where it is not below `most`.
    fn sum(&self, area: &Area, looks: std::ops::Range<usize>, first: usize, back: bool, most: u32) -> Option<u32> {
        let (n, mut sum) = (looks.len(), 0);
        for (i, look) in looks.enumerate() {
            sum += area.apart(self.thumb(look), self.thumb(Self::partner(first, i, n, back)));
            if sum >= most {
                return None;
            }
        }
        Some(sum)
    }

    /// As [`sum`](Self::sum), against what lies `quarters` of the way from each look to the next.
    fn blended(&self, area: &Area, looks: std::ops::Range<usize>, low: usize, back: bool, quarters: u32) -> u32 {
        let n = looks.len();
        let one = |(i, look)| {
            let then = Self::partner(low, i, n, back);
            area.apart_between(self.thumb(look), self.thumb(then), self.thumb(then + 1), quarters)
        };
        looks.enumerate().map(one).sum()
    }
}

/// Cells of a thumb.
struct Area {
    stride: usize,
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

impl Area {
    fn around(face: &Face, thumb: &Thumb) -> Option<Self> {
        let centre = face.landmarks.eyes().between(face.landmarks.mouth());
        let half = HALF * face.length();
        // Saturates, and NaN is 0.
        let cell = |pixels: f32, most: usize| ((pixels / thumb.scale).round().max(0.0) as usize).min(most);
        let area = Self {
            stride: thumb.width,
            left: cell(centre.x - half, thumb.width),
            right: cell(centre.x + half, thumb.width),
            top: cell(centre.y - half, thumb.height),
            bottom: cell(centre.y + half, thumb.height),
        };
        (area.cells() >= LEAST_CELLS).then_some(area)
    }

    fn cells(&self) -> usize {
        (self.right - self.left) * (self.bottom - self.top)
    }

    fn rows<'a>(&'a self, thumb: &'a Thumb) -> impl Iterator<Item = &'a [u8]> {
        (self.top..self.bottom).map(|y| &thumb.luma[y * self.stride + self.left..y * self.stride + self.right])
    }

    /// Summed difference, levels.
    fn apart(&self, a: &Thumb, b: &Thumb) -> u32 {
        let row = |(a, b): (&[u8], &[u8])| a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>();
        self.rows(a).zip(self.rows(b)).map(row).sum()
    }

    /// Summed difference to what lies `quarters` of the way from `low` to `high`, levels.
    fn apart_between(&self, a: &Thumb, low: &Thumb, high: &Thumb, quarters: u32) -> u32 {
        let one = |((a, l), h): ((&u8, &u8), &u8)| {
            (4 * u32::from(*a)).abs_diff((4 - quarters) * u32::from(*l) + quarters * u32::from(*h))
        };
        let row = |((a, l), h): ((&[u8], &[u8]), &[u8])| a.iter().zip(l).zip(h).map(one).sum::<u32>();
        self.rows(a).zip(self.rows(low)).zip(self.rows(high)).map(row).sum::<u32>() / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_a_minute_is_kept_and_no_more_than_600_looks() {
        for (step_ms, most) in [(10, 600), (100, 600), (1_000, 61)] {
            let mut memory = Memory::default();
            for i in 0..2_000 {
                let thumb = Thumb { luma: vec![0; 9], width: 3, height: 3, scale: 1.0 };
                memory.note(MediaTime::from_millis(i * step_ms), thumb);
            }
            assert!(memory.0.len() <= most && memory.0.len() + 1 >= most, "{} at {step_ms} ms", memory.0.len());
        }
    }
}
