//! Capture: from a media thread to the workers, without either waiting for the other.

mod block;
mod door;
mod frame;
mod queue;
mod tap;
mod video;

pub(crate) use block::{BLOCK, Block, Control, What};
pub(crate) use door::Door;
pub use frame::FrameBuffer;
pub(crate) use frame::{FrameSlot, Shown, Waiting};
pub(crate) use queue::StreamQueue;
pub use tap::{AudioTap, Flags, Pushed, TapStats};
pub use video::VideoTap;
