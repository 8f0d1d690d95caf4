//! What goes to a model and what comes back.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select};

use crate::{Element, ModelSpec};

/// The elements of one item, row-major, without the batch axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// For inputs of type `float32`.
    F32(Vec<f32>),
    /// For inputs of type `uint8`.
    U8(Vec<u8>),
}

impl Tensor {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    /// Without any element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of its elements.
    #[must_use]
    pub fn element(&self) -> Element {
        match self {
            Self::F32(_) => Element::F32,
            Self::U8(_) => Element::U8,
        }
    }

    pub(super) fn zeros(element: Element, len: usize) -> Self {
        match element {
            Element::F32 => Self::F32(vec![0.0; len]),
            Element::U8 => Self::U8(vec![0; len]),
        }
    }
}

impl From<Vec<f32>> for Tensor {
    fn from(values: Vec<f32>) -> Self {
        Self::F32(values)
    }
}

impl From<Vec<u8>> for Tensor {
    fn from(values: Vec<u8>) -> Self {
        Self::U8(values)
    }
}

/// One item to be judged.
#[derive(Clone, Debug)]
pub struct Request {
    /// The item, without the batch axis.
    pub input: Tensor,
    /// When the answer is worth nothing any more; a request that still waits then is dropped and counted.
    pub deadline: Option<Instant>,
}

impl From<Vec<f32>> for Request {
    fn from(values: Vec<f32>) -> Self {
        Self { input: values.into(), deadline: None }
    }
}

/// Why a request was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The queue is full: the model is slower than what it is given. Drop the window and count it.
    #[error("model {model}: its queue of {queue} requests is full")]
    Full {
        /// The model.
        model: String,
        /// The queue's length.
        queue: usize,
    },
    /// The model was stopped: start it again.
    #[error("the model was stopped")]
    Stopped,
    /// Not what the model takes: a mistake of the caller.
    #[error("model {model}: expected an input of {expected}, got {actual}")]
    Input {
        /// The model.
        model: String,
        /// Type and number of elements.
        expected: String,
        /// Type and number of elements.
        actual: String,
    },
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The deadline passed before its turn came. Nothing was computed.
    #[error("the deadline passed before the model got to it")]
    Deadline,
    /// The model was stopped before its turn came: start it again.
    #[error("the model was stopped")]
    Stopped,
    /// The queue was full (only where the caller would not wait).
    #[error("model {model}: its queue of {queue} requests is full")]
    Full {
        /// The model.
        model: String,
        /// The queue's length.
        queue: usize,
    },
    /// Not what the model takes: a mistake of the caller.
    #[error("model {model}: expected an input of {expected}, got {actual}")]
    Input {
        /// The model.
        model: String,
        /// Type and number of elements.
        expected: String,
        /// Type and number of elements.
        actual: String,
    },
    /// The run failed on this input; other requests go on.
    #[error("model {model}: the run failed: {reason}")]
    Failed {
        /// The model.
        model: String,
        /// The runtime's words.
        reason: String,
    },
}

impl From<SubmitError> for RunError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Full { model, queue } => Self::Full { model, queue },
            SubmitError::Stopped => Self::Stopped,
            SubmitError::Input { model, expected, actual } => Self::Input { model, expected, actual },
        }
    }
}

pub(super) type Answer = Result<Vec<f32>, RunError>;

/// A request on its way. Dropped without an answer, it answers [`RunError::Stopped`] by itself.
#[derive(Debug)]
pub(super) struct Job {
    pub input: Tensor,
    pub deadline: Option<Instant>,
    pub submitted: Instant,
    pub reply: Sender<Answer>,
}

impl Job {
    pub(super) fn new(request: Request, submitted: Instant, stopped: &Receiver<Infallible>) -> (Self, Ticket) {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let ticket = Ticket { answer, stopped: stopped.clone() };
        (Self { input: request.input, deadline: request.deadline, submitted, reply }, ticket)
    }

    pub(super) fn answer(self, answer: Answer) {
        // Full cannot be: a job answers once. Disconnected: nobody waits any more.
        let _ = self.reply.try_send(answer);
    }
}

/// Type and number of elements, checked before anything is queued.
pub(super) fn check_input(spec: &ModelSpec, input: &Tensor) -> Result<(), SubmitError> {
    let Some(tensor) = spec.inputs.first() else { return Err(SubmitError::Stopped) };
    if input.element() == tensor.element && input.len() == tensor.item_len() {
        return Ok(());
    }
    let words = |element: Element, len: usize| format!("{len} {element} values");
    Err(SubmitError::Input {
        model: spec.id.clone(),
        expected: words(tensor.element, tensor.item_len()),
        actual: words(input.element(), input.len()),
    })
}

/// The claim on one answer.
#[derive(Debug)]
pub struct Ticket {
    answer: Receiver<Answer>,
    /// Disconnected when the model stops. A bounded channel keeps what nobody takes any more for as long as a sender lives, so a
    /// job left in it would never answer by itself.
    stopped: Receiver<Infallible>,
}

impl Ticket {
    /// Waits for the answer. There always is one: a model that stops answers what it still has.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn wait(self) -> Result<Vec<f32>, RunError> {
        select! {
            recv(self.answer) -> answer => answer.unwrap_or(Err(RunError::Stopped)),
            recv(self.stopped) -> _ => self.last(),
        }
    }

    /// Waits at most so long; `None`: not yet.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Result<Vec<f32>, RunError>> {
        select! {
            recv(self.answer) -> answer => Some(answer.unwrap_or(Err(RunError::Stopped))),
            recv(self.stopped) -> _ => Some(self.last()),
            default(timeout) => None,
        }
    }

    /// The answer if it is there; `None`: not yet. After the answer was taken it reads [`RunError::Stopped`].
    pub fn try_take(&self) -> Option<Result<Vec<f32>, RunError>> {
        self.wait_timeout(Duration::ZERO)
    }

    /// The model stopped: what it had answered before still counts.
    fn last(&self) -> Answer {
        self.answer.try_recv().unwrap_or(Err(RunError::Stopped))
    }
}
