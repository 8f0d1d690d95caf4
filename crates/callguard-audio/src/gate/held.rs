//! Held pitch: what tells tones and notes from a voice.

use super::spectrum::Look;

/// Largest relative change of the strongest peak from frame to frame that is still the same pitch: interpolation places the peak of a steady tone that
/// well, and a voice glides faster (see `MOST_HELD` of the windows for what both then measure).
const SAME: f32 = 0.006;
/// Frames for which a pitch must hold (128 ms), and how far back the gate still can tell.
pub(crate) const HOLD: usize = 8;
/// Share of the power in two peaks that makes a tone; the two of a signalling tone with distortion 20 dB down have 0.99.
pub(crate) const TONE: f32 = 0.98;
/// Frames for which a tone must hold (64 ms): the shortest DTMF digit on the line lasts 65 ms (ITU-T Q.24: 40 ms must be heard).
const HOLD_TONE: usize = 4;
/// A frame this far below the loudest of late is the end of a sound, not a pitch, decibels.
const FADED_DB: f32 = 20.0;
/// How fast the loudest is forgotten, decibels a frame (6 dB a second).
const FORGET_DB: f32 = 0.1;

/// Follows the strongest peak.
pub(crate) struct HeldPitch {
    before_hz: f32,
    loudest_db: f32,
    run: usize,
}

impl Default for HeldPitch {
    fn default() -> Self {
        Self { before_hz: 0.0, loudest_db: f32::MIN, run: 0 }
    }
}

impl HeldPitch {
    /// How many frames, this one the last, hold one pitch; 0 where they are too few.
    pub(crate) fn push(&mut self, look: &Look) -> usize {
        self.loudest_db = look.level_db.max(self.loudest_db - FORGET_DB);
        let same = (look.peak_hz - self.before_hz).abs() < SAME * look.peak_hz;
        self.run = if same && look.level_db > self.loudest_db - FADED_DB { self.run + 1 } else { 0 };
        self.before_hz = look.peak_hz;
        let enough = if look.peaks > TONE { HOLD_TONE } else { HOLD };
        if self.run >= enough { self.run } else { 0 }
    }
}
