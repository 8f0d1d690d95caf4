//! Cues: what is found without training. Each is a raw score that its calibration weighs, as any model's.

mod flat;
mod flow;
mod plane;
mod repeat;

pub(crate) use flat::Flat;
pub(crate) use repeat::Memory;
