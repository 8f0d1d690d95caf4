//! Where a stream comes from: what was found out about that, and what each finding is worth to the operator.
//!
//! No finding proves anything: pixels and names say what they were made to say, and a driver may be renamed. And much that is found is
//! harmless: whoever blurs the room behind them has a virtual camera, too.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Hypothesis, ParticipantKind, Source, SourceId};

/// Something about a stream that a sensor of its kind does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// A camera that is made by software.
    VirtualCamera,
    /// A microphone that is made by software.
    VirtualMicrophone,
    /// A size, rate or format of pictures that no sensor gives.
    OddFormat,
    /// Timestamps without the jitter of a capture clock.
    SteadyClock,
    /// Timestamps that run at another rate than the clock, or more pictures than announced.
    FrameRate,
    /// Exactly the same pictures again: a recording that is played in a loop.
    FileLoop,
    /// No noise at all where nothing moves.
    NoNoise,
    /// A guest by WebRTC whom no browser sends.
    NotABrowser,
    /// A guest by WebRTC who claims a browser that writes other offers.
    FalseBrowser,
    /// RTP timestamps of pictures that were counted, not read from a clock.
    SteadyRtp,
}

impl Finding {
    /// All of them, in the order of configuration.
    pub const ALL: [Self; 10] = [
        Self::VirtualCamera,
        Self::VirtualMicrophone,
        Self::OddFormat,
        Self::SteadyClock,
        Self::FrameRate,
        Self::FileLoop,
        Self::NoNoise,
        Self::NotABrowser,
        Self::FalseBrowser,
        Self::SteadyRtp,
    ];

    /// The name in events and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VirtualCamera => "virtual-camera",
            Self::VirtualMicrophone => "virtual-microphone",
            Self::OddFormat => "odd-format",
            Self::SteadyClock => "steady-clock",
            Self::FrameRate => "frame-rate",
            Self::FileLoop => "file-loop",
            Self::NoNoise => "no-noise",
            Self::NotABrowser => "not-a-browser",
            Self::FalseBrowser => "false-browser",
            Self::SteadyRtp => "steady-rtp",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a finding is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Worth {
    /// Nothing: it is not even told.
    Allow,
    /// A remark: told, and no evidence.
    #[default]
    Note,
    /// Evidence for [`Hypothesis::SourceInjected`]: whoever is in the stream is *Suspect*, and by this alone never more.
    Suspect,
}

impl Worth {
    /// The name in configuration, events and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Note => "note",
            Self::Suspect => "suspect",
        }
    }
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Worth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Allow, Self::Note, Self::Suspect];
        all.into_iter()
            .find(|worth| worth.as_str() == text)
            .ok_or_else(|| format!("is \"{text}\": must be of allow, note, suspect"))
    }
}

/// A finding with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What was found.
    pub finding: Finding,
    /// What it rests on, for people: names, numbers.
    pub detail: String,
}

/// What the operator holds each finding to be worth. What is not named is a [note](Worth::Note).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Provenance(BTreeMap<Finding, Worth>);

impl Provenance {
    /// The same with another worth of one finding.
    #[must_use]
    pub fn with(mut self, finding: Finding, worth: Worth) -> Self {
        self.0.insert(finding, worth);
        self
    }

    /// What a finding is worth.
    #[must_use]
    pub fn worth(&self, finding: Finding) -> Worth {
        self.0.get(&finding).copied().unwrap_or_default()
    }

    /// The source that speaks where a finding is worth a suspicion; `None` where none is: then no chart of it is kept.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        let decides = Finding::ALL.into_iter().any(|finding| self.worth(finding) == Worth::Suspect);
        decides.then(|| Source::rule(Self::id(), Hypothesis::SourceInjected))
    }

    /// The source's name.
    #[must_use]
    pub fn id() -> SourceId {
        SourceId::new("provenance")
    }
}

/// A finding in an event, an alert or a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingEvent {
    /// The stream it is about.
    pub stream: String,
    /// What is observed in that stream.
    pub kind: ParticipantKind,
    /// What was found.
    pub finding: Finding,
    /// What that is worth here.
    pub worth: Worth,
    /// What it rests on, for people.
    pub detail: String,
    /// False: it no longer holds, as the stream comes from another device.
    pub stands: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_a_note_and_decides_nothing() {
        let quiet = Provenance::default().with(Finding::NoNoise, Worth::Allow);
        assert_eq!((quiet.worth(Finding::FileLoop), quiet.worth(Finding::NoNoise)), (Worth::Note, Worth::Allow));
        assert_eq!(quiet.source(), None);
        let source = quiet.with(Finding::FileLoop, Worth::Suspect).source().expect("it decides");
        assert_eq!((source.hypotheses.as_slice(), source.law), (&[Hypothesis::SourceInjected][..], None));
    }

    #[test]
    fn names_read_back() {
        for worth in [Worth::Allow, Worth::Note, Worth::Suspect] {
            assert_eq!(worth.as_str().parse(), Ok(worth));
        }
        assert!("alert".parse::<Worth>().is_err());
        for finding in Finding::ALL {
            assert_eq!(serde_json::to_value(finding).ok(), Some(finding.as_str().into()));
        }
    }
}
