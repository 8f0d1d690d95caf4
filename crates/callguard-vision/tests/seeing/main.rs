//! What the eyes see, on a drawn stage and with a detector that knows where everyone is.

mod anything;
mod cues;
mod epochs;
mod gate;
mod seats;
mod stage;
mod windows;
