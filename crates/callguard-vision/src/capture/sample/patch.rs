//! A part of a picture, shrunk along its rows and columns.

use std::ops::Range;

use super::axis::{Axis, Footprints, even_total};
use crate::capture::layout::Channel;
use crate::capture::{Picture, Plane as Place};

/// Bits of a channel in a cell: eight of value, and room for a blend.
pub(super) const LANE: u32 = 16;

/// Rows of cells. A cell holds each channel in the low byte of a [`LANE`] of its own, the first lowest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patch {
    pub cells: Vec<u64>,
    pub width: usize,
}

impl Patch {
    /// Averages of a checked picture, over the cells of `across` and `down`. Of each row no more is filled than what `part` says.
    pub fn of(
        picture: &Picture<'_>,
        channels: &[Channel],
        across: &Axis,
        down: &Axis,
        part: impl Fn(usize) -> Range<usize>,
    ) -> Self {
        let (width, height) = (across.cells.len(), down.cells.len());
        let mut cells = vec![0; width * height];
        if cells.is_empty() {
            return Self { cells, width };
        }
        let planes = 0..picture.format.pixel.planes();
        let mut planes: Vec<_> = planes.filter_map(|i| Plane::of(picture, channels, i, across, down)).collect();
        for (j, row) in cells.chunks_exact_mut(width).enumerate() {
            for plane in &mut planes {
                plane.average(j, part(j), row);
            }
        }
        Self { cells, width }
    }
}

/// What is needed of a plane.
struct Plane<'a> {
    /// Beginning with its first row.
    bytes: &'a [u8],
    stride: usize,
    /// Which part of a row is needed.
    part: Range<usize>,
    down: Footprints,
    lanes: Vec<Lane>,
    /// The part of rows, weighed and summed.
    sums: Vec<u16>,
}

/// Which bytes of a row become a channel of the cells.
struct Lane {
    /// Bytes from one sample to the next.
    step: usize,
    /// In bytes from the beginning of the plane's part.
    footprints: Footprints,
    /// Where it goes in a cell, bits.
    shift: u32,
}

impl<'a> Plane<'a> {
    /// None where no channel lies in it.
    fn of(picture: &Picture<'a>, channels: &[Channel], plane: usize, across: &Axis, down: &Axis) -> Option<Self> {
        let format = picture.format;
        let taken = channels.iter().zip((0..).step_by(LANE as usize)).filter(|(channel, _)| channel.plane == plane);
        // Channels of one plane have as many rows.
        let (channel, _) = taken.clone().next()?;
        let down = down.footprints(channel.size(format.width, format.height).1, channel.down, even_total);
        let total = ((1 << SUM) + down.total / 2) / down.total;
        let lane = |(channel, shift): (&Channel, u32)| {
            let samples = channel.size(format.width, format.height).0;
            let mut footprints = across.footprints(samples, channel.across, |_| total);
            footprints.first.iter_mut().for_each(|first| *first = channel.first + *first * channel.step);
            Lane { step: channel.step, footprints, shift }
        };
        let mut lanes: Vec<_> = taken.map(lane).collect();
        let part = lanes.iter().map(Lane::bytes).reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))?;
        lanes.iter_mut().flat_map(|lane| &mut lane.footprints.first).for_each(|first| *first -= part.start);
        let Place { offset, stride } = format.planes[plane];
        Some(Self { bytes: &picture.bytes[offset..], stride, sums: vec![0; part.len()], part, down, lanes })
    }

    /// Fills its lanes of a row of cells.
    fn average(&mut self, row: usize, part: Range<usize>, cells: &mut [u64]) {
        self.sum(row);
        for lane in &self.lanes {
            match lane.step {
                1 => lane.average::<1>(&self.sums, part.clone(), cells),
                2 => lane.average::<2>(&self.sums, part.clone(), cells),
                3 => lane.average::<3>(&self.sums, part.clone(), cells),
                _ => lane.average::<4>(&self.sums, part.clone(), cells),
            }
        }
    }

    /// The weighed sum of the rows of a row of cells, whatever lies in them: all channels of the plane at once.
    fn sum(&mut self, row: usize) {
        let mut set = false;
        for (row, weight) in self.down.cell(row).filter(|(_, weight)| *weight > 0) {
            let start = row * self.stride;
            let bytes = &self.bytes[start + self.part.start..start + self.part.end];
            // It is at most 256.
            let weight = weight as u16;
            let sums = self.sums.iter_mut().zip(bytes);
            if set {
                sums.for_each(|(sum, byte)| *sum += u16::from(*byte) * weight);
            } else {
                sums.for_each(|(sum, byte)| *sum = u16::from(*byte) * weight);
            }
            set = true;
        }
    }
}

/// Bits of a byte's weight down and across.
const SUM: u32 = 24;

impl Lane {
    /// All bytes that it takes.
    fn bytes(&self) -> Range<usize> {
        let first = self.footprints.first.iter();
        let (from, to) = (first.clone().min().copied().unwrap_or(0), first.max().copied().unwrap_or(0));
        from..to + (self.footprints.taps - 1) * self.step + 1
    }

    /// Averages of a channel with a sample every `STEP` bytes.
    fn average<const STEP: usize>(&self, sums: &[u16], part: Range<usize>, cells: &mut [u64]) {
        let (cells, first) = (&mut cells[part.clone()], &self.footprints.first[part.clone()]);
        let taps = self.footprints.taps;
        let weights = &self.footprints.weights[part.start * taps..part.end * taps];
        match taps {
            1 => self.unrolled::<STEP, 1>(sums, first, weights, cells),
            2 => self.unrolled::<STEP, 2>(sums, first, weights, cells),
            3 => self.unrolled::<STEP, 3>(sums, first, weights, cells),
            4 => self.unrolled::<STEP, 4>(sums, first, weights, cells),
            _ => {
                for ((cell, first), weights) in cells.iter_mut().zip(first).zip(weights.chunks_exact(taps)) {
                    let taken = sums[*first..].iter().step_by(STEP).zip(weights);
                    let sum: u32 = taken.map(|(&sum, weight)| u32::from(sum) * weight).sum();
                    *cell |= value(sum) << self.shift;
                }
            }
        }
    }

    /// As `average`, for so many samples.
    fn unrolled<const STEP: usize, const TAPS: usize>(
        &self,
        sums: &[u16],
        first: &[usize],
        weights: &[u32],
        cells: &mut [u64],
    ) {
        for ((cell, first), weights) in cells.iter_mut().zip(first).zip(weights.as_chunks::<TAPS>().0) {
            let taken = &sums[*first..first + (TAPS - 1) * STEP + 1];
            let mut sum = 0;
            for (tap, weight) in weights.iter().enumerate() {
                sum += u32::from(taken[tap * STEP]) * weight;
            }
            *cell |= value(sum) << self.shift;
        }
    }
}

/// What a weighed sum of bytes is on average. A sum of 255s and the half that rounds fit 32 bits.
fn value(sum: u32) -> u64 {
    u64::from((sum + (1 << (SUM - 1))) >> SUM)
}
