//! Detect: blocks become windows, windows become evidence.

mod lanes;
mod voice;

pub(crate) use lanes::{Answer, Entry, Job, Lanes, Reply, score, words};
pub(crate) use voice::{Detector, Voice, Window};
