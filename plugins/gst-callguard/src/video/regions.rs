//! Faces on the buffer they are passed on with.

use std::time::Duration;

use callguard_core::{MediaTime, ParticipantKind};
use callguard_engine::{CallView, ParticipantView, Rect, VideoTap};

use super::shape::Shape;
use crate::filter::Stream;
use crate::fresh::{FACE, is_fresh};
use crate::upright;

const NAME: &str = "callguard";

/// Attaches the faces that were seen in this stream in the last second. Where there are none, the buffer is as it was.
pub(super) fn attach(mut buffer: gst::Buffer, at: MediaTime, stream: &Stream<VideoTap>, shape: &Shape) -> gst::Buffer {
    let Some((call, name)) = stream.seat() else { return buffer };
    let view = call.view();
    if !is_fresh(&view) {
        return buffer;
    }
    let ours = view.participants.iter().filter(|p| p.kind == ParticipantKind::Face && p.stream == name);
    for (participant, face) in ours.filter_map(|p| Some((p, p.face.as_ref()?))) {
        let age = at.since(face.running);
        let analysed = stream.timeline.pts_at(face.running);
        let Some(bounds) = inside(upright::to_stored(face.bounds, face.size, shape.turn, shape.size()), shape.size())
        else {
            continue;
        };
        if age <= FACE {
            // A reference of the analysis or of a pool makes this another header; the memory is the same.
            let header = buffer.make_mut();
            let mut meta = gst_video::VideoRegionOfInterestMeta::add(header, NAME, bounds);
            meta.add_param(parameters(&view, participant, analysed, age));
        }
    }
    buffer
}

fn parameters(
    view: &CallView,
    participant: &ParticipantView,
    analysed: Option<gst::ClockTime>,
    age: Duration,
) -> gst::Structure {
    let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    let (hypothesis, reason) = participant.reason.as_ref().map(|(h, source)| (h.as_str(), source.as_str())).unzip();
    gst::Structure::builder(NAME)
        .field("participant", participant.id.0)
        .field("stream", participant.stream.as_str())
        .field("verdict", participant.state.as_str())
        .field("alert", participant.alert)
        .field_if_some("hypothesis", hypothesis)
        .field_if_some("reason", reason)
        .field("verdict-age-ms", ms(view.age_of(participant)))
        .field_if_some("analysed-pts", analysed.map(gst::ClockTime::nseconds))
        .field("age-ms", ms(age))
        .build()
}

/// The part of a box that is in the picture, whole pixels. `None`: nothing.
fn inside(bounds: Rect, (width, height): (u32, u32)) -> Option<(u32, u32, u32, u32)> {
    let within = |from: f32, length: f32, most: u32| {
        let (from, to) = (from.max(0.0).floor() as u32, (from + length).ceil().clamp(0.0, most as f32) as u32);
        (from < to).then(|| (from, to - from))
    };
    let ((x, w), (y, h)) = (within(bounds.x, bounds.w, width)?, within(bounds.y, bounds.h, height)?);
    Some((x, y, w, h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_the_picture() {
        let clip = |x, y, w, h| inside(Rect { x, y, w, h }, (100, 50));
        assert_eq!(clip(10.5, 10.0, 20.0, 20.0), Some((10, 10, 21, 20)));
        assert_eq!(clip(-10.0, -10.0, 20.0, 200.0), Some((0, 0, 10, 50)));
        assert_eq!(clip(101.0, 0.0, 20.0, 20.0), None);
        assert_eq!(clip(-30.0, 0.0, 20.0, 20.0), None);
        assert_eq!(clip(f32::NAN, 0.0, 20.0, 20.0), None, "NaN is nowhere");
    }
}
