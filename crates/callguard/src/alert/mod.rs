//! Telling people: commands and webhooks, tried again with growing waits, never in the way of a call.

pub(crate) mod backoff;
mod channel;
mod command;
mod target;
mod webhook;

pub use backoff::Backoff;
pub use channel::{Channel, ChannelStats, Channels};
pub use target::Target;
