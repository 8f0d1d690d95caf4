//! Gate: which frames are speech, and why the others are not.

mod held;
mod spectrum;
mod transform;

use std::collections::VecDeque;

use callguard_core::Abstain;
use earshot::Detector;

use crate::capture::Frame;
pub(crate) use held::TONE;
use held::{HOLD, HeldPitch};
pub(crate) use spectrum::{BAND_HZ, BANDS, Look, Spectrum, db};
pub(crate) use transform::Transform;

/// Smoothing of the voice activity score, share kept per frame: a time constant of three frames (48 ms), about a phone.
const KEEP: f32 = 0.7;
/// Smoothed score at which speech begins, and below which it ends: earshot's own 0.5, with hysteresis.
const BEGIN: f32 = 0.5;
const END: f32 = 0.35;
/// Frames of speech kept after its end (128 ms): stops and weak endings are speech, and short pauses inside a phrase stay whole.
const AFTER: u64 = 8;
/// Frames of speech kept before its begin (128 ms): onset consonants score low, and smoothing is late. The gate decides so much later.
const BEFORE: usize = HOLD;
/// Below this nothing was said, decibels of full scale. Idle 16-bit converters and µ-law idle noise lie at −70 and below; speech, at
/// telephone levels, around −26 (ITU-T P.56), its weakest parts 30 dB lower.
pub(crate) const SILENCE_DB: f32 = -58.0;

/// A frame with its judgement.
pub(crate) struct Judged {
    pub frame: Frame,
    pub look: Look,
    /// Part of a tone or a note, though it may be in speech.
    pub held: bool,
    /// `Ok`: speech.
    pub speech: Result<(), Abstain>,
}

/// Frames in, judged frames out, `BEFORE` frames later.
pub(crate) struct Gate {
    vad: Box<Detector>,
    spectrum: Spectrum,
    pitch: HeldPitch,
    score: f32,
    active: bool,
    /// Frames heard.
    heard: u64,
    /// One past the last active frame.
    active_end: Option<u64>,
    waiting: VecDeque<(Frame, Look, bool)>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            vad: Detector::default_boxed(),
            spectrum: Spectrum::new(),
            pitch: HeldPitch::default(),
            score: 0.0,
            active: false,
            heard: 0,
            active_end: None,
            waiting: VecDeque::with_capacity(BEFORE + 1),
        }
    }

    /// Takes the next frame; gives one that is decided, once there is.
    pub(crate) fn push(&mut self, frame: Frame) -> Option<Judged> {
        let look = self.spectrum.look(&frame.samples);
        let held = self.pitch.push(&look);
        // Hot float streams: the detector is made for nominal samples.
        let nominal = frame.samples.map(|x| x.clamp(-1.0, 1.0));
        let score = self.vad.predict_f32(&nominal);
        self.score = KEEP * self.score + (1.0 - KEEP) * score;
        self.active = self.score > if self.active { END } else { BEGIN };
        self.heard += 1;
        if self.active {
            self.active_end = Some(self.heard);
        }
        self.waiting.push_back((frame, look, false));
        self.waiting.iter_mut().rev().take(held).for_each(|(_, _, held)| *held = true);
        if self.waiting.len() > BEFORE { self.decide() } else { None }
    }

    /// At the end of a stretch: the frames that still wait, one by one.
    pub(crate) fn flush(&mut self) -> Option<Judged> {
        self.decide()
    }

    fn decide(&mut self) -> Option<Judged> {
        let index = self.heard - self.waiting.len() as u64;
        let (frame, look, held) = self.waiting.pop_front()?;
        let near_speech = self.active_end.is_some_and(|end| end + AFTER > index);
        let speech = if frame.filled {
            Err(Abstain::FilledIn)
        } else if near_speech {
            Ok(())
        } else if look.level_db < SILENCE_DB {
            Err(Abstain::Silence)
        } else if held {
            Err(if look.peaks > TONE { Abstain::Tone } else { Abstain::Music })
        } else {
            Err(Abstain::NoSpeech)
        };
        Some(Judged { frame, look, held, speech })
    }
}
