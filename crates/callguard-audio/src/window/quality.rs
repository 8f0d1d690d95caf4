//! What could be observed in a window, and whether that is enough.

use std::collections::VecDeque;

use callguard_core::{Abstain, Quality};

use super::codec::CodecClock;
use super::held::Speech;
use crate::gate::{BAND_HZ, BANDS, TONE, db};

/// Frames over which the noise floor is sought (20 s): long enough to hold a pause of anyone who speaks.
const FLOOR_FRAMES: usize = 1_250;
/// Fewer frames than this (0.8 s) tell no floor.
const LEAST_FRAMES: usize = 50;
/// Part of the frames that lies at or below the floor: minimum statistics (Martin 2001), robust to a single empty frame.
const FLOOR_SHARE: f64 = 0.1;
/// Below this a frame is digital silence (16-bit dither lies at −98), which says nothing of the room, decibels of full scale.
const DIGITAL_SILENCE_DB: f32 = -95.0;
/// Largest ratio told, decibels: beyond it the number is the converter's, not the room's.
const MOST_SNR_DB: f32 = 60.0;
/// Speech less than this above its noise is drowned, decibels.
const LEAST_SNR_DB: f32 = 3.0;
/// Largest share of samples at full scale.
const MOST_FULL_SCALE: f32 = 0.01;
/// Largest share of held pitch. Measured with `voice_windows`: of 1,670 genuine and 1,660 synthetic clips of speech two windows are above it (both
/// genuine; 99 % are below 0.11), melodies and signalling tones are at 0.29 to 0.9.
const MOST_HELD: f32 = 0.28;
/// Share of the places compared that must be repeats, and how many there must be for a share to mean something.
const MOST_REPEATED: f32 = 0.5;
const LEAST_COMPARED: u32 = 8;
/// A band carries speech when its loud frames stand this far above its quiet ones, decibels. Over stationary noise, whose power in a
/// 125 Hz band (four bins, about six degrees of freedom) spreads by 10 log10(12.6 / 2.2) = 7.6 dB between those quantiles, it stays dark.
const BAND_STANDS_DB: f32 = 12.0;
/// ... and when it is not this far below the strongest band, decibels: leakage of window and resampler lies lower.
const BAND_BELOW_DB: f32 = 65.0;
/// Steeper from one band to the next is no voice but the edge of a filter, decibels: a Hann window's side of a main lobe.
const EDGE_DB: f32 = 8.0;
/// Quantiles of a band's power over the window.
const LOUD: f64 = 0.95;
const QUIET: f64 = 0.1;

/// Levels of the last 20 s, speech or not.
#[derive(Default)]
pub(crate) struct Levels(VecDeque<f32>);

impl Levels {
    pub(crate) fn note(&mut self, level_db: f32) {
        if level_db < DIGITAL_SILENCE_DB {
            return;
        }
        if self.0.len() == FLOOR_FRAMES {
            self.0.pop_front();
        }
        self.0.push_back(level_db);
    }

    /// Noise floor, decibels of full scale.
    fn floor_db(&self) -> Option<f32> {
        (self.0.len() >= LEAST_FRAMES).then(|| quantile(&mut self.0.iter().copied().collect::<Vec<_>>(), FLOOR_SHARE))
    }
}

/// # Errors
/// The reason, where the window must not be judged.
pub(crate) fn judge(speech: &Speech, levels: &Levels, codec: &CodecClock) -> Result<Quality, Abstain> {
    let share = |of: fn(&super::held::Held) -> f32| {
        let (mut sum, mut n) = (0.0, 0.0);
        for frame in speech.frames() {
            sum += of(frame);
            n += 1.0;
        }
        if n > 0.0 { sum / n } else { 0.0 }
    };
    if share(|f| f.full_scale) > MOST_FULL_SCALE {
        return Err(Abstain::Clipped);
    }
    if share(|f| if f.held { 1.0 } else { 0.0 }) > MOST_HELD {
        let tones = share(|f| if f.held && f.peaks > TONE { 1.0 } else { 0.0 });
        return Err(if tones > MOST_HELD / 2.0 { Abstain::Tone } else { Abstain::Music });
    }
    let count = |of: fn(&super::held::Held) -> u16| speech.frames().map(|f| u32::from(of(f))).sum::<u32>();
    let (compared, repeated) = (count(|f| f.compared), count(|f| f.repeated));
    if compared >= LEAST_COMPARED && repeated as f32 > MOST_REPEATED * compared as f32 {
        return Err(Abstain::Repeated);
    }
    let snr_db = levels.floor_db().map(|floor| {
        let power = share(|f| 10f32.powf(f.level_db / 10.0));
        db((power / 10f32.powf(floor / 10.0) - 1.0).max(0.01)).min(MOST_SNR_DB)
    });
    if snr_db.is_some_and(|snr| !(snr >= LEAST_SNR_DB)) {
        return Err(Abstain::Noisy);
    }
    if codec.ticks() {
        return Err(Abstain::ParametricCodec);
    }
    Ok(Quality {
        speech_s: Some(speech.net().as_secs_f64()),
        bandwidth_hz: bandwidth_hz(speech).map(f64::from),
        snr_db: snr_db.map(f64::from),
        ..Quality::default()
    })
}

/// Upper edge of the highest band that carries speech.
fn bandwidth_hz(speech: &Speech) -> Option<f32> {
    let mut loud = [0.0; BANDS];
    let mut stands = [false; BANDS];
    let mut values = Vec::new();
    for b in 0..BANDS {
        values.clear();
        values.extend(speech.frames().map(|f| f.bands[b]));
        if values.is_empty() {
            return None;
        }
        loud[b] = db(quantile(&mut values, LOUD));
        stands[b] = loud[b] - db(quantile(&mut values, QUIET)) > BAND_STANDS_DB;
    }
    let most = loud.iter().copied().fold(f32::MIN, f32::max);
    let top = (0..BANDS).rev().find(|b| stands[*b] && loud[*b] > most - BAND_BELOW_DB)?;
    // The sharp edge of a line leaks into the band above it.
    let edge = top > 0 && loud[top] < loud[top - 1] - EDGE_DB;
    Some((if edge { top } else { top + 1 }) as f32 * BAND_HZ)
}

/// The value with `share` of the others at or below it. Reorders; `values` is not empty.
fn quantile(values: &mut [f32], share: f64) -> f32 {
    let k = ((values.len() - 1) as f64 * share).round() as usize;
    *values.select_nth_unstable_by(k, f32::total_cmp).1
}
