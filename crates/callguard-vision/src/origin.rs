//! Where the pictures come from, as far as pictures tell: whether exactly the same come again, and whether there is any noise in them.
//!
//! Apart from the cue of repeated frames, which compares faces within what coding adds: here a picture must come again to the bit, which a sensor's
//! never does, and it does not matter what it shows.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use callguard_core::{Finding, Found, MediaTime};

use crate::track::Thumb;
use crate::{Picture, Similarity, sample};

/// How many pictures are remembered: ten minutes at ten looks a second, some 200 kB.
const REMEMBERED: usize = 6000;
/// A picture that was there less than this ago was never left.
const APART: Duration = Duration::from_secs(2);
/// Of so many pictures that differ from the one before, so many must have been there. A loop shows other pictures at the analysis instants of each
/// round if it is no multiple of their distance, so not all of them are known at once.
const RECENT: usize = 20;
const KNOWN: usize = 10;
/// Range of luma below which a picture shows nothing, levels: a covered lens gives the same black again and again.
const LEAST_RANGE: u8 = 24;

/// Places across and down that are looked at for noise, and the side of each, pixels at full size: averages would hide it.
const PLACES: usize = 4;
const PLACE: usize = 16;
/// Luma that is neither crushed nor burnt out, levels: there the last bit of a sensor is never at rest.
const MIDDLE: std::ops::RangeInclusive<u8> = 32..=220;
/// Looks over which a pixel must keep its value to be without noise: two seconds.
const UNCHANGED: u8 = 20;
/// Share of the pixels in the middle range that must be so. Of pixels with Gaussian noise of a tenth of a level, the least that a denoising camera
/// leaves, about as many keep their value for twenty looks (those whose mean is a quarter of a level from rounding); at 0.2 levels next to none.
const SHARE: f64 = 0.6;
/// Share of all pixels that must have changed from look to look: where nothing does, the picture is frozen, which is another matter.
const MOVED: f64 = 0.02;
/// Pixels in the middle range from which it can be told.
const LEAST_PIXELS: usize = 400;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    seen: HashMap<u64, MediaTime>,
    order: VecDeque<u64>,
    newest: Option<u64>,
    /// Of the newest that differ from the one before: when each was there first, if it was.
    recent: VecDeque<Option<MediaTime>>,
    looped: Option<Duration>,
    noise: Noise,
}

impl Origin {
    /// Takes a look: the picture, and the whole of it in small.
    pub(crate) fn note(&mut self, picture: &Picture<'_>, thumb: &Thumb) {
        self.noise.note(picture);
        let range = thumb.luma.iter().max().zip(thumb.luma.iter().min()).map_or(0, |(high, low)| high - low);
        let print = print(thumb);
        if range < LEAST_RANGE || self.newest == Some(print) {
            return;
        }
        self.newest = Some(print);
        let first = self.seen.get(&print).copied().filter(|first| picture.at.since(*first) >= APART);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(first);
        if self.looped.is_none() && self.recent.iter().flatten().count() >= KNOWN {
            self.looped = first.map(|first| picture.at.since(first));
        }
        if self.seen.insert(print, first.unwrap_or(picture.at)).is_none() {
            self.order.push_back(print);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
    }

    /// What was found so far; what was found once stays.
    pub(crate) fn found(&self) -> Vec<Found> {
        let looped = self.looped.map(|after| Found {
            finding: Finding::FileLoop,
            detail: format!("the same pictures, to the bit, as {:.1} s before", after.as_secs_f64()),
        });
        let noiseless = self.noise.none.map(|share| Found {
            finding: Finding::NoNoise,
            detail: format!(
                "{:.0} % of the pixels kept their very value for two seconds while others moved",
                100.0 * share
            ),
        });
        looped.into_iter().chain(noiseless).collect()
    }
}

/// Tells pictures apart: not against those who would forge one, who need only add noise.
fn print(thumb: &Thumb) -> u64 {
    let mut hasher = DefaultHasher::new();
    (thumb.width, thumb.height, &thumb.luma).hash(&mut hasher);
    hasher.finish()
}

/// The noise of single pixels over time.
#[derive(Debug, Default)]
struct Noise {
    size: (u32, u32),
    then: Vec<u8>,
    /// For how many looks each pixel has kept its value.
    kept: Vec<u8>,
    scratch: Vec<u8>,
    none: Option<f64>,
}

impl Noise {
    fn note(&mut self, picture: &Picture<'_>) {
        let size = picture.format.upright();
        let mut now = Vec::with_capacity(PLACES * PLACES * PLACE * PLACE);
        for place in 0..PLACES * PLACES {
            let at = |n: usize, side: u32| ((2 * n + 1) * side as usize / (2 * PLACES)) as f32 - PLACE as f32 / 2.0;
            let (tx, ty) = (at(place % PLACES, size.0).floor(), at(place / PLACES, size.1).floor());
            sample::luma(picture, &Similarity { a: 1.0, b: 0.0, tx, ty }, PLACE, PLACE, &mut self.scratch);
            now.extend_from_slice(&self.scratch);
        }
        if self.size != size || self.then.len() != now.len() {
            (self.size, self.kept, self.then) = (size, vec![0; now.len()], now);
            return;
        }
        let moved = now.iter().zip(&self.then).filter(|(a, b)| a != b).count();
        if (moved as f64) < MOVED * now.len() as f64 {
            return;
        }
        for ((kept, a), b) in self.kept.iter_mut().zip(&now).zip(&self.then) {
            *kept = if a == b { kept.saturating_add(1) } else { 0 };
        }
        let middle = now.iter().zip(&self.kept).filter(|(v, _)| MIDDLE.contains(v));
        let (all, still) =
            middle.fold((0, 0), |(all, still), (_, kept)| (all + 1, still + usize::from(*kept >= UNCHANGED)));
        let share = still as f64 / f64::max(f64::from(all as u32), 1.0);
        if all >= LEAST_PIXELS && share >= SHARE {
            self.none = self.none.or(Some(share));
        }
        self.then = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PictureFormat, PixelFormat};

    const WIDE: usize = 160;
    const HIGH: usize = 120;

    /// A bar that moves before a wall; `noise` is what the sensor adds, seeded by `n`.
    fn shown(step: usize, noise: impl Fn(usize) -> u8) -> Vec<u8> {
        let luma = |i: usize| {
            let (x, y) = (i % WIDE, i / WIDE);
            let bar = x.abs_diff(step * 7 % WIDE) < 12;
            (if bar { 180 } else { 80 + (x / 4 + y / 4) as u8 }) + noise(i)
        };
        (0..WIDE * HIGH).map(luma).collect()
    }

    fn look(looks: impl Iterator<Item = Vec<u8>>) -> Vec<Finding> {
        let (mut origin, format) = (Origin::default(), PictureFormat::packed(PixelFormat::Gray8, 160, 120));
        for (i, bytes) in looks.enumerate() {
            let picture = Picture { format: &format, bytes: &bytes, at: MediaTime::from_millis(100 * i as u64) };
            origin.note(&picture, &Thumb::of(&picture));
        }
        origin.found().into_iter().map(|f| f.finding).collect()
    }

    /// White noise of one or two levels that is another in each picture.
    fn noise(seed: usize, i: usize) -> u8 {
        let mut hasher = DefaultHasher::new();
        (seed, i).hash(&mut hasher);
        (hasher.finish() % 4) as u8
    }

    #[test]
    fn a_sensor_is_told_neither_of_loops_nor_of_silence() {
        let swaying = |n: usize| shown([0, 1, 2, 3, 4, 5, 4, 3, 2, 1][n % 10], move |i| noise(n, i));
        assert_eq!(look((0..200).map(swaying)), []);
    }

    #[test]
    fn a_file_in_a_loop_is_told_whether_or_not_its_length_suits_the_looks() {
        for length in [25, 37] {
            let again = |n: usize| shown(n % length, move |i| noise(n % length, i));
            assert_eq!(look((0..3 * length).map(again)), [Finding::FileLoop], "{length} looks");
        }
        // A loop of 61 pictures at 25 a second: looks are every two and a half pictures.
        let between = |n: usize| {
            let picture = (n * 5).div_ceil(2) % 61;
            shown(picture, move |i| noise(picture, i))
        };
        assert_eq!(look((0..300).map(between)), [Finding::FileLoop]);
    }

    #[test]
    fn what_is_drawn_has_no_noise_and_what_is_frozen_tells_nothing() {
        // It moves and never comes back: the bar's wall grows lighter.
        let drawn = |n: usize| {
            let mut bytes = shown(0, |_| 0);
            bytes.iter_mut().skip(WIDE * HIGH / 2 - 8 * WIDE).take(20 * WIDE).for_each(|v| *v = 60 + n as u8);
            bytes
        };
        assert_eq!(look((0..60).map(drawn)), [Finding::NoNoise]);
        assert_eq!(look((0..60).map(|_| shown(0, |_| 0))), []);
        assert_eq!(look((0..60).map(|n| vec![16 + (n % 3) as u8; WIDE * HIGH])), [], "a covered lens");
    }
}
