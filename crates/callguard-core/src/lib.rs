//! The decision: evidence → charts → verdict → alert.
//!
//! Pure: no I/O, no clock, no threads. Time comes in as [`MediaTime`]; identifiers and wall-clock time are stamped by the
//! engine. Read it in the order of the flow: a raw score becomes an [`Llr`] through its [`Calibration`]; [`Evidence`] adds to a
//! chart per [`Hypothesis`]; the charts of a [`Participant`] make a [`Verdict`]; a crossing raises an [`Alert`]; a [`Call`] says what
//! changed. [`Rules`] hold the thresholds, found by [`simulate`] from each source's [`Law`] and the operator's [`Policy`].
#![warn(clippy::disallowed_methods)]
// `!(x > limit)` is how float checks reject NaN here.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod alert;
mod calibration;
mod call;
mod chart;
mod event;
mod evidence;
mod law;
mod llr;
pub mod page;
mod participant;
mod policy;
mod provenance;
mod rules;
pub mod simulate;
mod time;
mod verdict;

pub use alert::{Alert, AlertKey, Reason};
pub use calibration::{Calibration, DEFAULT_CLIP, Measure, Quality, QualityTerm, Transform};
pub use call::{Call, Change};
pub use event::{AlertEvent, CallEvent, ChartEvent, EVENT_SCHEMA, EventType, ReasonEvent, WindowEvent};
pub use evidence::{Abstain, Abstention, Evidence, Hypothesis, Observation, ParticipantId, SourceId};
pub use law::Law;
pub use llr::{Llr, NotFinite};
pub use participant::{EpochReason, Participant, ParticipantKind, SourceView};
pub use policy::Policy;
pub use provenance::{Finding, FindingEvent, Found, Provenance, Worth};
pub use rules::{Fusion, Rules, RulesError, Source, Thresholds};
pub use time::{MediaTime, Span};
pub use verdict::{ChartView, State, Verdict};
