//! From a place to decoded sound and pictures, guarded.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gst::prelude::*;
use gstreamer as gst;

use super::guard::Guard;
use super::{Place, element};
use crate::trouble::{Stage, Trouble};

/// Adds what opens and decodes `place` to the pipeline, under the eyes of `guard`. The element that is returned shows a pad for
/// each stream of a kind that the guard's input is wanted for.
///
/// # Errors
/// Where an element is missing.
pub fn open(place: &Place, pipeline: &gst::Pipeline, guard: &Guard) -> Result<gst::Element, Trouble> {
    let broken = |e: gst::glib::BoolError| Trouble::defect(Stage::Open, e.to_string());
    Ok(match place {
        Place::File(path) if is_wav(path) => {
            // wavparse of GStreamer 1.22 gives nothing of a file whose last chunk is data of odd length if it may read where it
            // likes; what comes through a queue it takes in order, and well.
            let (file, queue, decoder) =
                (element::make("filesrc")?, element::make("queue")?, element::make("decodebin")?);
            file.set_property("location", path);
            refuse_pools(&file);
            guard.watch(pipeline, &decoder, place.reach());
            pipeline.add_many([&file, &queue, &decoder]).map_err(broken)?;
            gst::Element::link_many([&file, &queue, &decoder]).map_err(broken)?;
            decoder
        }
        _ => {
            let decoder = element::make("uridecodebin")?;
            decoder.set_property("uri", place.uri()?);
            guard.watch(pipeline, &decoder, place.reach());
            pipeline.add(&decoder).map_err(broken)?;
            decoder
        }
    })
}

/// Has the element's allocation queries end here. They would wait in line with the data, and queue of GStreamer 1.22 forgets the one
/// that waits when what follows it has read enough: its asker then waits for ever, and no end of the stream is told.
fn refuse_pools(element: &gst::Element) {
    let Some(pad) = element.static_pad("src") else { return };
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        let pools = info.query().is_some_and(|query| matches!(query.view(), gst::QueryView::Allocation(_)));
        if pools { gst::PadProbeReturn::Drop } else { gst::PadProbeReturn::Ok }
    });
}

fn is_wav(path: &Path) -> bool {
    let mut head = [0u8; 12];
    let read = File::open(path).and_then(|mut f| f.read_exact(&mut head));
    read.is_ok() && &head[..4] == b"RIFF" && &head[8..] == b"WAVE"
}
