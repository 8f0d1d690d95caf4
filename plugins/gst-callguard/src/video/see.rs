//! How pictures are left in a tap: a reference of the few that are looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use callguard_core::MediaTime;
use callguard_engine::{Flags, Turn, VideoTap};
use gst::glib;

use super::lent::Lent;
use super::regions;
use super::shape::Shape;
use crate::filter::{Medium, Seen, Stream};
use crate::{timeline, upright};

#[derive(Debug)]
pub(super) struct See {
    attach: Arc<AtomicBool>,
    shape: Option<Arc<Shape>>,
    refusal: Option<String>,
    turn: Turn,
    /// Of the buffer at hand.
    at: Option<MediaTime>,
}

impl See {
    pub(super) fn new(attach: Arc<AtomicBool>) -> Self {
        Self { attach, shape: None, refusal: None, turn: Turn::None, at: None }
    }

    fn turn(&mut self, turn: Turn) {
        self.turn = turn;
        if let Some(shape) = &mut self.shape {
            Arc::make_mut(shape).turn = turn;
        }
    }
}

impl Medium for See {
    type Tap = VideoTap;
    const STATS: &str = "callguard-video-stats";

    fn caps(&mut self, caps: &gst::CapsRef) -> Result<bool, glib::BoolError> {
        let shape = Shape::new(caps, self.turn)?;
        self.refusal = shape.refusal();
        self.shape = Some(Arc::new(shape));
        // A call adapts its size to its line with the same source behind it: the eyes take such a change as it is.
        Ok(false)
    }

    fn refusal(&self) -> Option<String> {
        self.refusal.clone()
    }

    fn frames(&self, _buffer: &gst::BufferRef) -> u64 {
        1
    }

    fn observe(&mut self, stream: &mut Stream<VideoTap>, buffer: &gst::Buffer) -> Option<Seen> {
        self.at = None;
        let shape = self.shape.as_ref().filter(|_| self.refusal.is_none())?;
        let (cut, filled) = Stream::<VideoTap>::flags(buffer);
        let tapped = stream.is_tapped();
        let interval = buffer.duration().unwrap_or_else(|| shape.interval());
        let (at, discontinuity) = timeline::place_picture(&mut stream.timeline, buffer.pts(), cut, interval)?;
        if !tapped {
            return None;
        }
        let pushed = stream.tapped(|tap| {
            if discontinuity {
                tap.discontinuity();
            }
            tap.takes(at).then(|| {
                let lent = Lent { buffer: buffer.clone(), shape: shape.clone() };
                tap.push(Box::new(lent), at, Flags { discontinuity, filled })
            })
        })?;
        self.at = Some(at);
        Some(Seen {
            taken: u64::from(pushed.is_some()),
            outside: 0,
            filled: u64::from(filled),
            dropped: pushed.map_or(0, |pushed| pushed.dropped_frames),
        })
    }

    fn tags(&mut self, tags: &gst::TagListRef) {
        if let Some(turn) = upright::turn_of(tags) {
            self.turn(turn);
        }
    }

    fn begin(&mut self) {
        self.turn(Turn::None);
    }

    fn pass(&self, stream: &Stream<VideoTap>, buffer: gst::Buffer) -> gst::Buffer {
        match (self.attach.load(Relaxed), &self.shape, self.at) {
            (true, Some(shape), Some(at)) => regions::attach(buffer, at, stream, shape),
            _ => buffer,
        }
    }

    fn reset(&mut self) {
        *self = Self::new(self.attach.clone());
    }
}
