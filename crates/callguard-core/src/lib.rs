//! The decision: evidence → charts → verdict → alert.
//!
//! Pure: no I/O, no clock, no threads. Time comes in as [`MediaTime`]; identifiers and wall-clock time are stamped by the
//! engine. Read it in the order of the flow: [`Evidence`] is weighed by [`Calibration`], adds to a [`Chart`] per
//! [`Hypothesis`], the charts of a [`Participant`] make a [`Verdict`], a crossing raises an [`Alert`], and a [`Call`] says
//! what changed.
#![warn(clippy::disallowed_methods)]
// `!(x > limit)` is how float checks reject NaN here.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod calibration;
mod evidence;
mod law;
mod llr;
mod time;

pub use calibration::{Calibration, DEFAULT_CLIP, Measure, Quality, QualityTerm, Transform};
pub use evidence::{Abstain, Abstention, Evidence, Hypothesis, Observation, ParticipantId, SourceId};
pub use law::Law;
pub use llr::{Llr, NotFinite};
pub use time::{MediaTime, Span};
