//! Where a stream comes from: facts about device, format and clock, and what they give away. What is made of it, the configuration says.
//!
//! Read it in the order of the flow: *facts* asks the system, *known* names what is made by software, *rules* turns facts into findings, *sender* reads
//! what a WebRTC guest's offer tells, *pace* and *rtp* watch the clock of a running stream, *inquiry* carries what was found from the pipeline to the call. Nothing here proves that a stream is
//! injected: a driver that is renamed, or stamps with a little jitter, passes.

mod facts;
mod inquiry;
mod known;
mod pace;
mod rtp;
mod rules;
mod sender;

pub use facts::{Behind, Facts, camera, node, of_node};
pub(crate) use facts::{cameras, properties};
pub use inquiry::{Inquiry, Said, Tell};
pub use pace::Pace;
pub use rtp::RtpPace;
pub use rules::{made_by_software, odd_format};
pub use sender::sender;
