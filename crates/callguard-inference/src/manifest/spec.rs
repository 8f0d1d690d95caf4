//! One model's entry, checked.

use std::fmt;
use std::path::PathBuf;

use callguard_core::{Calibration, Hypothesis, Law, SourceId};

/// A model as the manifest has it: what it is, what goes in and out, how its score becomes an llr.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSpec {
    /// Name, unique in the manifest.
    pub id: String,
    /// Version of the weights.
    pub version: String,
    /// The graph, absolute.
    pub file: PathBuf,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// What it is for, e.g. `voice-clone`; detectors ask for a model by its task.
    pub task: String,
    /// Licence of the weights.
    pub licence: String,
    /// What goes in; at least one.
    pub inputs: Vec<TensorSpec>,
    /// What comes out; at least one.
    pub outputs: Vec<TensorSpec>,
    /// Batch sizes that are warmed before *ready* and that runs are cut to: ascending, the first is 1.
    pub batch_buckets: Vec<usize>,
    /// What it says of people; `None` where it only serves others, as a model that finds faces does.
    pub evidence: Option<SourceSpec>,
    /// The model's page, absolute.
    pub card: PathBuf,
}

impl ModelSpec {
    /// Elements of one item of the first input, the batch axis left out.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.inputs.first().map_or(0, TensorSpec::item_len)
    }

    /// Elements of one item of the first output, the batch axis left out.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.outputs.first().map_or(0, TensorSpec::item_len)
    }
}

/// A source of evidence as the decision needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceSpec {
    /// Its name in evidence, events and reports.
    pub source: SourceId,
    /// The charts its evidence may add to; at least one.
    pub hypotheses: Vec<Hypothesis>,
    /// From raw score to llr.
    pub calibration: Calibration,
    /// How the llr behaves on genuine people. Without it the source raises *Suspect* at most.
    pub law: Option<Law>,
}

/// A source of evidence that needs no model: its score is computed, and calibrated like any other.
#[derive(Clone, Debug, PartialEq)]
pub struct CueSpec {
    /// Name, unique among the cues.
    pub id: String,
    /// Version of its figures.
    pub version: String,
    /// Licence of its figures.
    pub licence: String,
    /// Its page, absolute.
    pub card: PathBuf,
    /// What it says of people.
    pub evidence: SourceSpec,
}

/// A named input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// The name in the graph.
    pub name: String,
    /// The type of its elements.
    pub element: Element,
    /// Its axes; the first is [`Dim::Batch`], and no other is.
    pub shape: Vec<Dim>,
}

impl TensorSpec {
    /// Elements of one item: the product of all axes but the batch.
    #[must_use]
    pub fn item_len(&self) -> usize {
        self.shape.iter().map(|dim| if let Dim::Fixed(n) = dim { *n } else { 1 }).product()
    }
}

impl fmt::Display for TensorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        write!(f, "{} [{}]", self.element, dims.join(", "))
    }
}

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32-bit floating point.
    F32,
    /// Bytes: pictures go in as they are.
    U8,
}

impl Element {
    /// The name in the manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::U8 => "uint8",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::F32, Self::U8].into_iter().find(|e| e.as_str() == name)
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An axis of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dim {
    /// As many as run together; `"batch"` in the manifest.
    Batch,
    /// A fixed size, at least 1.
    Fixed(usize),
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch => f.write_str("batch"),
            Self::Fixed(n) => n.fmt(f),
        }
    }
}
