//! A video stream's pictures, as they are stored.

use callguard_core::MediaTime;
use callguard_engine::{Picture, Turn};
use gstcallguard::video::{Shape, turn_of};
use gstreamer as gst;
use gstreamer_video as gst_video;

use super::link::{Common, Take, stamp};
use super::{Watch, damaged};
use crate::capture::guard::caps_trouble;
use crate::trouble::Trouble;

/// What the converter may leave.
pub(super) fn formats() -> gst::Caps {
    gst_video::VideoCapsBuilder::new().format_list(gstcallguard::video::formats()).build()
}

pub(super) struct Pictures {
    common: Common,
    watch: Box<dyn Watch>,
    turn: Turn,
    /// What the newest caps say.
    shape: Option<(gst::Caps, Shape)>,
    /// Where the next picture is if it has no time stamp.
    next: MediaTime,
}

impl Take for Pictures {
    fn take(&mut self, sample: &gst::Sample) -> Result<(), Trouble> {
        let (Some(buffer), Some(caps)) = (sample.buffer(), sample.caps()) else { return Ok(()) };
        let shape = self.shape(caps)?;
        let at = stamp(sample).unwrap_or(self.next);
        self.next = at + buffer.duration().unwrap_or(shape.interval()).into();
        self.common.reached(self.next)?;
        if !self.watch.takes(at) {
            return Ok(());
        }
        let broken = |what: &dyn std::fmt::Display| damaged(&self.common.shown, what);
        let format = shape.of(buffer).map_err(|e| broken(&e))?;
        let map = buffer.map_readable().map_err(|e| broken(&e))?;
        let filled = buffer.flags().intersects(gst::BufferFlags::GAP | gst::BufferFlags::CORRUPTED);
        self.watch.show(&Picture { format: &format, bytes: &map, at }, filled)
    }

    fn tags(&mut self, tags: &gst::TagListRef) {
        if let Some(turn) = turn_of(tags) {
            self.turn = turn;
        }
    }
}

impl Pictures {
    pub(super) fn new(common: Common, watch: Box<dyn Watch>) -> Self {
        Self { common, watch, turn: Turn::default(), shape: None, next: MediaTime::ZERO }
    }

    fn shape(&mut self, caps: &gst::CapsRef) -> Result<Shape, Trouble> {
        if let Some((known, shape)) = &self.shape
            && **known == *caps
            && shape.turn == self.turn
        {
            return Ok(shape.clone());
        }
        let Common { limits, shown, .. } = &self.common;
        if let Some(trouble) = caps.structure(0).and_then(|s| caps_trouble(limits, shown, s)) {
            return Err(trouble);
        }
        let shape = Shape::new(caps, self.turn).map_err(|e| damaged(shown, &e))?;
        self.shape = Some((caps.to_owned(), shape.clone()));
        Ok(shape)
    }
}
