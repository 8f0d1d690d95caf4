//! What is drawn on the next picture, kept as long as it looks the same.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::watch::Watch;

/// How often an overlay without an engine asks its neighbours again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The state of the streaming thread.
pub(super) struct Stage {
    watch: Arc<Watch>,
    stream: Option<String>,
    info: Option<gst_video::VideoInfo>,
    looked: Option<Instant>,
}

impl Stage {
    pub(super) fn new(watch: Arc<Watch>, stream: Option<String>) -> Self {
        Self { watch, stream, info: None, looked: None }
    }

    pub(super) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    pub(super) fn is_due_to_look(&mut self) -> bool {
        let due = self.watch.is_alone() && self.looked.is_none_or(|at| at.elapsed() >= LOOK_AGAIN);
        if due {
            self.looked = Some(Instant::now());
        }
        due
    }

    pub(super) fn set_info(&mut self, info: gst_video::VideoInfo) {
        self.info = Some(info);
    }

    pub(super) fn clear(&mut self) {
        self.info = None;
    }

    pub(super) fn event(&mut self, _event: &gst::Event) {}

    pub(super) fn draw(&mut self, buffer: gst::Buffer) -> gst::Buffer {
        let _ = (&self.stream, self.watch.guard());
        buffer
    }
}
