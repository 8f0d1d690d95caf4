//! What the benches share.

pub mod simulation;
