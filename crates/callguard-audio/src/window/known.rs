//! Announcements that the operator named: known sound, which is nobody's voice.
//!
//! About a second of speech is laid over each announcement wherever it fits, and the two are correlated over frames and bands. What is
//! compared is the shape of the spectrum: a band's mean over the piece is taken out on both sides, so that the line's frequency response
//! cancels, and so is each frame's own, so that levels cancel, also where an automatic gain moves them.
//!
//! Who plays such an announcement himself gains only that those seconds are not judged, and they are reported as system sound: what he says
//! before, after or over it does not correlate. Only a gap of up to half a second between two parts of it goes with them.

use std::sync::Arc;

use callguard_core::MediaTime;

use super::held::Held;
use crate::gate::{BANDS, SILENCE_DB, Spectrum, db};
use crate::{FRAME, RATE_HZ};

/// Bands compared: 250 Hz to 3.375 kHz, which a telephone line passes whole (ITU-T G.712: 300 Hz to 3.4 kHz).
const FIRST: usize = 2;
const COMPARED: usize = 25;
/// What lies further below the strongest band is the line's noise rather than the sound, decibels; the recording itself is cleaner. Of 20 to 40 and
/// 25 to 50 tried these kept most at 10 dB of noise (see [`SAME`]) with as few false matches.
const RANGE_DB: f32 = 25.0;
const RECORDING_RANGE_DB: f32 = 30.0;
/// Frames looked for at once (1 s), how far apart such pieces begin, and the fewest that are looked for.
const PIECE: usize = 64;
const STEP: usize = 32;
const LEAST: usize = 40;
/// From this correlation on a piece is the announcement's. Measured (`measure.rs`: sentences of 35 speakers and 24 prompts of four professional
/// voices as announcements, 16 named at once), pieces missed: none of 268 as they are, nor 20 dB lower; 1 of 266 over Opus at 16 kbit/s, 2 of 283 over
/// G.711, 6 of 285 over it in white noise 10 dB down, 3 of 270 over Opus in pink noise 12 dB down, 14 of 272 through a narrow filter, 7 of 271 behind
/// gain control, 62 of 266 in a room's echoes. Of other recordings, the same speakers' other sentences among them, 9 of 3395 pieces (0.27 %) are taken for
/// one: those of a sentence that is there twice, and some of five prompts by voices that speak announcements too, which share words; nobody
/// else's is above 0.73. A miss costs little, as one piece is enough to find the whole: by time 98 % is recognised as it is, 93 % in the loudest
/// noise, 95 % in echoes.
const SAME: f32 = 0.8;
/// Once it is known where an announcement lies, so many frames are compared at that one place, so far apart, and these are the same from this
/// correlation on: as measured, of parts at their own place 99 % are, in noise 94 %; at a wrong one 0.1 % would be.
const PART: usize = 32;
const PART_STEP: usize = 8;
const PART_SAME: f32 = 0.6;
/// Frames of silence around a recording: speech is held from a little before it begins to a little after it ends.
const EDGE: usize = 32;
/// Most announcements, and the longest, seconds: 16 of 30 s cost a stream a tenth of a core while somebody speaks, two of 10 s half a
/// hundredth.
const MOST: usize = 16;
const LONGEST_S: usize = 30;

/// One frame's spectrum without its level.
type Shape = [f32; COMPARED];

/// Recordings of sound that no participant makes, such as a greeting or "this meeting is being recorded". Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Announcements(Arc<Vec<Announcement>>);

#[derive(Clone)]
struct Announcement {
    name: String,
    shapes: Vec<Shape>,
}

impl std::fmt::Debug for Announcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// A recording that cannot serve as an announcement: name another, or leave it out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnnouncementError {
    /// Nothing in it is louder than an idle line.
    #[error("{name}: silent")]
    Silent {
        /// Which.
        name: String,
    },
    /// Less sound than can be told from somebody's word.
    #[error("{name}: {actual_s:.1} s of sound: expected at least 1 s")]
    TooShort {
        /// Which.
        name: String,
        /// Its sound, pauses not counted.
        actual_s: f64,
    },
    /// Searching it would cost too much.
    #[error("{name}: longer than {LONGEST_S} s")]
    TooLong {
        /// Which.
        name: String,
    },
    /// Searching them would cost too much.
    #[error("{name}: more than {MOST} announcements")]
    TooMany {
        /// The first that is too many.
        name: String,
    },
}

impl Announcements {
    /// Most that [`add`](Self::add) takes.
    pub const MOST: usize = MOST;
    /// Samples of the longest.
    pub const LONGEST: usize = LONGEST_S * RATE_HZ as usize;

    /// Adds a recording: mono samples at [`RATE_HZ`].
    ///
    /// # Errors
    /// When it cannot serve; those added before stay.
    pub fn add(&mut self, name: &str, samples: &[f32]) -> Result<(), AnnouncementError> {
        let name = name.to_owned();
        if self.0.len() >= MOST {
            return Err(AnnouncementError::TooMany { name });
        }
        if samples.len() > Self::LONGEST {
            return Err(AnnouncementError::TooLong { name });
        }
        let edge = [0.0; EDGE * FRAME];
        let mut spectrum = Spectrum::new();
        let looks: Vec<_> =
            [&edge, samples, &edge].concat().as_chunks().0.iter().map(|frame| spectrum.look(frame)).collect();
        let sound = looks.iter().filter(|look| look.level_db > SILENCE_DB).count();
        if sound == 0 {
            return Err(AnnouncementError::Silent { name });
        }
        let actual_s = (sound * FRAME) as f64 / f64::from(RATE_HZ);
        if actual_s < 1.0 {
            return Err(AnnouncementError::TooShort { name, actual_s });
        }
        let shapes = shapes(looks.iter().map(|look| &look.bands), RECORDING_RANGE_DB);
        Arc::make_mut(&mut self.0).push(Announcement { name, shapes });
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Which of `speech` is an announcement. What a window had already only lends a piece its length. `playing`: where the last one was found.
    pub(crate) fn recognise(&self, speech: &[Held], playing: &mut Option<Place>) -> Vec<bool> {
        let mut known = vec![false; speech.len()];
        if let Some(place) = *playing {
            self.spread(place, speech, &mut known);
        }
        let first = speech.iter().position(|f| !f.judged()).unwrap_or(speech.len());
        let mut to = speech.len();
        while to > first && to >= LEAST {
            let from = to.saturating_sub(PIECE);
            if known[from..to].contains(&false)
                && let Some((place, _)) = self.best(&Piece::new(&speech[from..to])).filter(|(_, same)| *same > SAME)
            {
                *playing = Some(place);
                self.spread(place, speech, &mut known);
            }
            to -= STEP;
        }
        known
    }

    /// Where `piece` is most alike to an announcement, and how much.
    fn best(&self, piece: &Piece) -> Option<(Place, f32)> {
        let fits = |a: &Announcement| 0..=a.shapes.len() as i64 - piece.length();
        let places = self.0.iter().enumerate().flat_map(|(number, announcement)| {
            fits(announcement).map(move |at| Place { number, begin: piece.frame - at })
        });
        places.filter_map(|p| Some((p, self.correlation(piece, p)?))).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn correlation(&self, piece: &Piece, place: Place) -> Option<f32> {
        piece.correlation(&self.0.get(place.number)?.shapes, place.begin)
    }

    /// Marks what is the announcement's, wherever it reaches: a piece may lie half in it.
    fn spread(&self, place: Place, speech: &[Held], known: &mut [bool]) {
        let last = speech.len().saturating_sub(PART);
        for from in (0..last).step_by(PART_STEP).chain([last]) {
            let part = from..(from + PART).min(speech.len());
            if self.correlation(&Piece::new(&speech[part.clone()]), place).is_some_and(|same| same > PART_SAME) {
                known[part].fill(true);
            }
        }
        // A breath in it correlates with nothing.
        let mut before = None;
        for i in 0..known.len() {
            if known[i] {
                if let Some(before) = before.filter(|before| i - before <= PART) {
                    known[before..i].fill(true);
                }
                before = Some(i);
            }
        }
    }
}

/// Where an announcement lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    number: usize,
    /// The frame of the stream with which it begins.
    begin: i64,
}

/// Some speech to be laid over a recording.
struct Piece {
    /// Number of its first frame, counted in media time.
    frame: i64,
    /// Where each of its frames lies after the first: there are pauses between.
    places: Vec<usize>,
    shapes: Vec<Shape>,
    energy: f32,
}

impl Piece {
    /// Of some speech; there is at least a frame of it.
    fn new(speech: &[Held]) -> Self {
        let number = |time: MediaTime| (time.as_secs_f64() * f64::from(RATE_HZ) / FRAME as f64).round() as i64;
        let frame = number(speech[0].from());
        // Following a drift may set a frame back.
        let places = speech.iter().map(|f| (number(f.from()) - frame).max(0) as usize).collect();
        let mut shapes = shapes(speech.iter().map(|f| &f.bands), RANGE_DB);
        let mut mean = [0.0; COMPARED];
        shapes.iter().for_each(|shape| add(&mut mean, shape, 1.0 / speech.len() as f32));
        shapes.iter_mut().for_each(|shape| add(shape, &mean, -1.0));
        let energy = shapes.iter().flatten().map(|x| x * x).sum();
        Self { frame, places, shapes, energy }
    }

    /// Frames from its first to its last.
    fn length(&self) -> i64 {
        self.places.iter().max().map_or(0, |last| *last as i64 + 1)
    }

    /// How alike it is to a recording that begins with frame `begin` of the stream; `None` where it does not lie in it.
    fn correlation(&self, recording: &[Shape], begin: i64) -> Option<f32> {
        let recording = recording.get(usize::try_from(self.frame - begin).ok()?..)?;
        if recording.len() < self.length() as usize {
            return None;
        }
        // The piece's own bands have no mean, so that the recording's need not be taken out of the product.
        let (mut product, mut sum, mut squares) = ([0.0; COMPARED], [0.0; COMPARED], [0.0; COMPARED]);
        for (mine, place) in self.shapes.iter().zip(&self.places) {
            for (b, theirs) in recording[*place].iter().enumerate() {
                product[b] += mine[b] * theirs;
                sum[b] += theirs;
                squares[b] += theirs * theirs;
            }
        }
        let n = self.shapes.len() as f32;
        let energy: f32 = squares.iter().zip(&sum).map(|(squares, sum)| squares - sum * sum / n).sum();
        let scale = (energy * self.energy).sqrt();
        // Silence is like nothing.
        Some(if scale > 1.0 { product.iter().sum::<f32>() / scale } else { 0.0 })
    }
}

/// The shapes of frames' spectra, of which no more than `range_db` below the strongest band is told.
fn shapes<'a>(frames: impl Iterator<Item = &'a [f32; BANDS]>, range_db: f32) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = frames.map(|bands| std::array::from_fn(|b| db(bands[FIRST + b]))).collect();
    let floor = shapes.iter().flatten().copied().fold(f32::MIN, f32::max) - range_db;
    for shape in &mut shapes {
        *shape = shape.map(|x| x.max(floor));
        let level = shape.iter().sum::<f32>() / COMPARED as f32;
        *shape = shape.map(|x| x - level);
    }
    shapes
}

fn add(to: &mut Shape, what: &Shape, times: f32) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}

#[cfg(test)]
mod measure;
