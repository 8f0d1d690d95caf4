//! Detect: blocks become windows, pictures become crops, and both become evidence.

mod faces;
mod keep;
mod lanes;
mod voice;

use std::sync::Arc;

use callguard_core::{Fusion, ParticipantId};
use callguard_inference::{CueSpec, Score, Tensor};

pub(crate) use faces::{Faces, Place, Sees};
pub use keep::Thumbnail;
pub(crate) use lanes::{Answer, Entry, Job, Lanes, Reply, score, words};
pub(crate) use voice::{Detector, Voice};

/// What judges in an [`crate::Engine`]: models of this process, clients of a model server, or a test's own. What is absent judges nothing.
#[derive(Clone, Default)]
pub struct Detectors {
    /// 4 s of speech at 16 kHz to one logit.
    pub voice: Option<Arc<dyn Score>>,
    /// A picture of [`callguard_vision::DETECTOR_SIDE`]² to anchors with boxes and landmarks. Without it nobody is seen.
    pub faces: Option<Arc<dyn Score>>,
    /// A tight crop to a logit and the map of where it comes from.
    pub forgery: Option<Arc<dyn Score>>,
    /// A wide crop to the same.
    pub replay: Option<Arc<dyn Score>>,
    /// Sources that need no model; only those whose id is known here speak.
    pub cues: Vec<CueSpec>,
    /// How several sources of one hypothesis are weighed.
    pub fusions: Vec<Fusion>,
}

/// Which model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Voice,
    Faces,
    Forgery,
    Replay,
}

impl Task {
    pub(crate) const ALL: [Self; 4] = [Self::Voice, Self::Faces, Self::Forgery, Self::Replay];
}

/// Something that waits for its answer.
pub(crate) struct Ask {
    /// Unique within the stream.
    pub id: u64,
    pub task: Task,
    pub input: Tensor,
}

/// Where ids of new participants come from.
pub(crate) type Reserve<'a> = &'a mut dyn FnMut() -> ParticipantId;
