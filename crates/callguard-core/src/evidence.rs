//! What detectors say: evidence, or an abstention with its reason.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Llr, MediaTime, ParticipantKind, Span};

/// The name of a detector as its card has it, e.g. `voice-clone`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(Arc<str>);

impl SourceId {
    /// A source by its name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The way a participant may be attacking. Each has a chart of its own, and no chart lowers another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hypothesis {
    /// A swapped, reenacted or generated face.
    FaceSynthetic,
    /// A replayed or printed face held before the camera.
    FacePresented,
    /// A synthesised, converted or cloned voice.
    VoiceSynthetic,
    /// A stream that does not come from the sensor it claims.
    SourceInjected,
    /// A random request that was not answered as a person would.
    ChallengeFailed,
}

impl Hypothesis {
    /// All of them, in the order reports use.
    pub const ALL: [Self; 5] =
        [Self::FaceSynthetic, Self::FacePresented, Self::VoiceSynthetic, Self::SourceInjected, Self::ChallengeFailed];

    /// Whether it can be observed of a participant of this kind.
    #[must_use]
    pub const fn concerns(self, kind: ParticipantKind) -> bool {
        match self {
            Self::FaceSynthetic | Self::FacePresented => matches!(kind, ParticipantKind::Face),
            Self::VoiceSynthetic => matches!(kind, ParticipantKind::Voice),
            Self::SourceInjected | Self::ChallengeFailed => true,
        }
    }

    /// The name in configuration, events and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FaceSynthetic => "face-synthetic",
            Self::FacePresented => "face-presented",
            Self::VoiceSynthetic => "voice-synthetic",
            Self::SourceInjected => "source-injected",
            Self::ChallengeFailed => "challenge-failed",
        }
    }
}

impl fmt::Display for Hypothesis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A seat in a call, unique within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParticipantId(pub u32);

/// What one window of one source says of one participant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who says it.
    pub source: SourceId,
    /// Of whom.
    pub subject: ParticipantId,
    /// The window in media time.
    pub span: Span,
    /// The calibrated log-likelihood ratio, not yet clipped.
    pub llr: Llr,
    /// Net observation inside the window: seconds of speech, or of usable face.
    pub observed: Duration,
    /// The part of `observed` that no earlier window of this source had.
    pub fresh: Duration,
}

/// Why a source says nothing of a stretch of media time.
///
/// An abstention moves no chart. It is never evidence of being genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Abstain {
    /// Less net speech or face than the smallest window.
    TooShort,
    /// Nothing above the noise floor.
    Silence,
    /// Sound without speech.
    NoSpeech,
    /// Samples at full scale.
    Clipped,
    /// Music rather than, or over, speech.
    Music,
    /// Speech drowned in noise.
    Noisy,
    /// A steady tone: dial, ringing, test signal.
    Tone,
    /// An announcement that the operator named: no participant speaks.
    SystemSound,
    /// Speech that a parametric codec on the line drew (Codec 2, as in digital radio): not the talker's own sound.
    ParametricCodec,
    /// Repeated or frozen media.
    Repeated,
    /// Made up by the pipeline: gap, concealment, fill.
    FilledIn,
    /// Media lost before analysis: overflow or discontinuity.
    Dropped,
    /// The source ended, failed, or gives nothing.
    SourceLost,
    /// No face in the picture.
    NoFace,
    /// Too dark to judge.
    TooDark,
    /// Face too small to judge.
    TooSmall,
    /// Too blurred to judge.
    Blurred,
    /// Too bright to judge: burnt out.
    TooBright,
    /// A face turned too far aside to judge.
    TurnedAway,
    /// A face partly covered, or cut off by the picture's edge.
    Occluded,
    /// Nothing moved that could tell.
    TooStill,
    /// The model answered with something that is not a number, or failed.
    BadOutput,
    /// The answer would have come too late.
    Late,
}

impl Abstain {
    /// The name in events and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooShort => "too-short",
            Self::Silence => "silence",
            Self::NoSpeech => "no-speech",
            Self::Clipped => "clipped",
            Self::Music => "music",
            Self::Noisy => "noisy",
            Self::Tone => "tone",
            Self::SystemSound => "system-sound",
            Self::ParametricCodec => "parametric-codec",
            Self::Repeated => "repeated",
            Self::FilledIn => "filled-in",
            Self::Dropped => "dropped",
            Self::SourceLost => "source-lost",
            Self::NoFace => "no-face",
            Self::TooDark => "too-dark",
            Self::TooSmall => "too-small",
            Self::Blurred => "blurred",
            Self::TooBright => "too-bright",
            Self::TurnedAway => "turned-away",
            Self::Occluded => "occluded",
            Self::TooStill => "too-still",
            Self::BadOutput => "bad-output",
            Self::Late => "late",
        }
    }
}

impl fmt::Display for Abstain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A stretch of which a source says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abstention {
    /// Who abstains.
    pub source: SourceId,
    /// Of whom nothing is said.
    pub subject: ParticipantId,
    /// The stretch that was not said anything of before.
    pub span: Span,
    /// Why.
    pub reason: Abstain,
}

/// What a detector hands to fusion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Observation {
    /// A window was judged.
    Evidence(Evidence),
    /// A stretch was not.
    Abstention(Abstention),
}

impl Observation {
    /// The participant it is about.
    #[must_use]
    pub fn subject(&self) -> ParticipantId {
        match self {
            Self::Evidence(e) => e.subject,
            Self::Abstention(a) => a.subject,
        }
    }
    /// The end of what it is about: when it can be said.
    #[must_use]
    pub fn end(&self) -> MediaTime {
        match self {
            Self::Evidence(e) => e.span.to,
            Self::Abstention(a) => a.span.to,
        }
    }
}
