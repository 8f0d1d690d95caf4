//! What is known of each frame before resampling blurs it: filled in, at full scale, repeated.

use std::collections::VecDeque;

use crate::FRAME;

/// At or above this a sample counts as full scale, if the one before does too. 16-bit clipping is at 1; the largest value of G.711 is
/// 32 124 / 32 768 = 0.980 (µ-law, ITU-T G.711 table 2), so a saturated phone line never comes nearer.
const FULL_SCALE: f32 = 0.975;

#[derive(Clone, Copy, Default)]
pub(crate) struct Flags {
    pub filled: bool,
    pub compared: u16,
    pub repeated: u16,
    total: u32,
    full_scale: u32,
}

impl Flags {
    pub(crate) fn full_scale_share(self) -> f32 {
        if self.total == 0 { 0.0 } else { self.full_scale as f32 / self.total as f32 }
    }
}

/// Flags by frame, from the first that was not yet taken.
#[derive(Default)]
pub(crate) struct Ledger {
    open: VecDeque<Flags>,
    first: u64,
    loud_before: bool,
}

impl Ledger {
    /// Notes a sample of the stream's own rate that lies at `place` of the 16 kHz stream.
    pub(crate) fn note(&mut self, place: u64, x: f32, filled: bool, repeat: Option<bool>) {
        let frame = place / FRAME as u64;
        // A frame that was taken already cannot get more: the resampler gives a sample only once it has seen what it lies on.
        let Some(i) = frame.checked_sub(self.first).map(|i| i as usize) else { return };
        while self.open.len() <= i {
            self.open.push_back(Flags::default());
        }
        let flags = &mut self.open[i];
        let loud = x.abs() >= FULL_SCALE;
        flags.total += 1;
        flags.full_scale += u32::from(loud && self.loud_before);
        flags.filled |= filled;
        flags.compared = flags.compared.saturating_add(u16::from(repeat.is_some()));
        flags.repeated = flags.repeated.saturating_add(u16::from(repeat == Some(true)));
        self.loud_before = loud;
    }

    /// The flags of the next frame.
    pub(crate) fn take(&mut self) -> Flags {
        self.first += 1;
        self.open.pop_front().unwrap_or_default()
    }
}
