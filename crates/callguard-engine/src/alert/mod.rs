//! Alert: what changed goes out as events; states are never lost, telemetry may be.

mod hub;
mod stamp;

pub(crate) use hub::Hub;
pub use hub::Subscription;
pub(crate) use stamp::{About, Stamp};
