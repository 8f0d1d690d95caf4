//! Detect: a window's raw score to calibrated evidence.

use callguard_core::{Abstain, Abstention, Calibration, Evidence, Llr, Observation, ParticipantId, SourceId, Span};
use callguard_inference::{ModelSpec, RunError};

use crate::{Block, BlockError, Heard, SettingsError, SpeechWindow, VoiceWindows, WINDOW, WindowFacts, WindowSettings};

/// Who speaks, of whom, and how a score becomes an llr: what turns [`Heard`] into an [`Observation`].
///
/// It holds no model, so that a caller may score a window now, later, or elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    source: SourceId,
    subject: ParticipantId,
    calibration: Calibration,
}

/// A model that cannot judge speech windows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("model {model}: {side} holds {actual} values, expected {expected}")]
pub struct NotAVoiceModel {
    /// Its id.
    pub model: String,
    /// `input`, `output`, or `evidence` where the manifest has no calibration for it.
    pub side: &'static str,
    /// What the manifest says.
    pub actual: usize,
    /// What a voice model has.
    pub expected: usize,
}

impl Voice {
    /// The voice of `subject` as the model of `spec` judges it.
    ///
    /// # Errors
    /// When the model does not take a window of [`WINDOW`] samples or does not answer with one logit.
    pub fn new(spec: &ModelSpec, subject: ParticipantId) -> Result<Self, NotAVoiceModel> {
        for (side, actual, expected) in [("input", spec.input_len(), WINDOW), ("output", spec.output_len(), 1)] {
            if actual != expected {
                return Err(NotAVoiceModel { model: spec.id.clone(), side, actual, expected });
            }
        }
        match &spec.evidence {
            Some(s) => Ok(Self::calibrated(s.source.clone(), subject, s.calibration.clone())),
            None => Err(NotAVoiceModel { model: spec.id.clone(), side: "evidence", actual: 0, expected: 1 }),
        }
    }

    /// The voice of `subject` as `source` judges it through `calibration`.
    #[must_use]
    pub const fn calibrated(source: SourceId, subject: ParticipantId, calibration: Calibration) -> Self {
        Self { source, subject, calibration }
    }

    /// What a scored window says. Where there was no score, or none that means anything, the window's new speech is abstained from.
    #[must_use]
    pub fn evidence(&self, facts: &WindowFacts, logit: Result<f64, Abstain>) -> Observation {
        let llr = logit.and_then(|x| self.calibration.llr(x, &facts.quality).ok_or(Abstain::BadOutput));
        match llr {
            Ok(llr) => self.say(facts, llr),
            Err(reason) => self.abstention(facts.fresh_span, reason),
        }
    }

    /// Nothing is said of `span`.
    #[must_use]
    pub fn abstention(&self, span: Span, reason: Abstain) -> Observation {
        Observation::Abstention(Abstention { source: self.source.clone(), subject: self.subject, span, reason })
    }

    fn say(&self, facts: &WindowFacts, llr: Llr) -> Observation {
        Observation::Evidence(Evidence {
            source: self.source.clone(),
            subject: self.subject,
            span: facts.span,
            llr,
            observed: facts.observed,
            fresh: facts.fresh,
        })
    }
}

/// The one logit of an answer.
///
/// # Errors
/// [`Abstain::Late`] where the deadline passed or nothing ran any more, [`Abstain::BadOutput`] for everything else that is not
/// exactly one number.
pub fn logit(answer: Result<Vec<f32>, RunError>) -> Result<f64, Abstain> {
    match answer.as_deref() {
        Ok([logit]) => Ok(f64::from(*logit)),
        Err(RunError::Deadline | RunError::Stopped) => Err(Abstain::Late),
        Ok(_) | Err(_) => Err(Abstain::BadOutput),
    }
}

/// A stream's voice, judged window by window where it is called: blocks in, observations out.
pub struct VoiceAnalyser {
    windows: VoiceWindows,
    voice: Voice,
    heard: Vec<Heard>,
}

impl VoiceAnalyser {
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(settings: WindowSettings, voice: Voice) -> Result<Self, SettingsError> {
        Ok(Self { windows: VoiceWindows::new(settings)?, voice, heard: Vec::new() })
    }

    /// Takes the next block; `score` is asked for the logit of each window that is ready, e.g.
    /// `|samples| logit(model.score(samples))`.
    ///
    /// # Errors
    /// When the block is outside the limits; it is left out.
    pub fn push(
        &mut self,
        block: &Block<'_>,
        score: impl FnMut(Vec<f32>) -> Result<f64, Abstain>,
        out: &mut Vec<Observation>,
    ) -> Result<(), BlockError> {
        let taken = self.windows.push(block, &mut self.heard);
        self.observe(score, out);
        taken
    }

    /// The end of the stream.
    pub fn flush(&mut self, score: impl FnMut(Vec<f32>) -> Result<f64, Abstain>, out: &mut Vec<Observation>) {
        self.windows.flush(&mut self.heard);
        self.observe(score, out);
    }

    fn observe(&mut self, mut score: impl FnMut(Vec<f32>) -> Result<f64, Abstain>, out: &mut Vec<Observation>) {
        out.extend(self.heard.drain(..).filter_map(|heard| match heard {
            Heard::Window(SpeechWindow { samples, facts }) => Some(self.voice.evidence(&facts, score(samples))),
            Heard::Abstained { span, reason } => Some(self.voice.abstention(span, reason)),
            Heard::TurnEnded { .. } => None,
        }));
    }
}
