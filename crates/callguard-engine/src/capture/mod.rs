//! Capture: from a media thread to the workers, without either waiting for the other.

mod block;
mod queue;
mod tap;

pub(crate) use block::{BLOCK, Block, Control, What};
pub(crate) use queue::StreamQueue;
pub use tap::{AudioTap, Flags, Pushed, TapStats};
