//! Steady sounds: tones, and held notes.

use super::spectrum::Look;

/// Share of the power in the strongest peaks that makes a tone. Two tones with distortion 20 dB down have 0.99; a vowel spreads over
/// formants.
pub(crate) const TONE_SHARE: f32 = 0.9;
/// Frames for which a peak must hold (0.4 s): longer than a vowel keeps its pitch inside a bin, shorter than any call-progress tone
/// (the shortest in ITU-T E.180 supplement 2 is 0.2 s, repeated: two of them) and most held notes.
const HOLD: u32 = 25;
/// Level change per frame of what still is steady, decibels.
const LEVEL_DB: f32 = 1.5;
/// Flatter than this is noise, where the strongest bin means nothing.
const FLAT: f32 = 0.2;

/// Follows the strongest peak.
#[derive(Default)]
pub(crate) struct Steady {
    peak: u16,
    level_db: f32,
    run: u32,
}

impl Steady {
    /// Whether this frame belongs to a sound that has been steady.
    pub(crate) fn push(&mut self, look: &Look) -> bool {
        let holds = look.peak.abs_diff(self.peak) <= 1
            && (look.level_db - self.level_db).abs() < LEVEL_DB
            && look.flatness < FLAT;
        self.run = if holds { self.run + 1 } else { 0 };
        self.peak = look.peak;
        self.level_db = look.level_db;
        self.run >= HOLD
    }
}
