//! HTTP Live Streaming: the playlist and its pieces are fetched here, and decoded by GStreamer as one stream.
//!
//! Not by GStreamer's own demuxers: hlsdemux opens whatever scheme a playlist names, files of this machine too, outside of any pipeline where
//! that could be seen.

mod playlist;
mod pull;

use std::sync::{Arc, OnceLock};

use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app::AppSrc;
use url::Url;

use self::pull::Pull;
use super::contribution::{OnDecoder, decoded};
use super::{Guard, element};
use crate::trouble::{Stage, Trouble};

/// Bytes that may wait for the decoder: it takes what it plays, in real time.
const WAITING: u64 = 4 << 20;

/// Adds what fetches and decodes the live stream of a playlist to the pipeline, under the eyes of `guard`. `with` is told of two decoders: one for
/// the stream, and one for sound that may lie beside it.
///
/// # Errors
/// Where an element is missing.
pub fn open(
    url: &Url,
    pipeline: &gst::Pipeline,
    guard: &Guard,
    reach: &'static [&'static str],
    with: &OnDecoder,
) -> Result<(), Trouble> {
    let start = Arc::new(OnceLock::new());
    let mut sources = Vec::new();
    for _ in 0..2 {
        let source = element::make("appsrc")?;
        source.set_property("max-bytes", WAITING);
        source.set_property("block", true);
        let decoder = decoded(pipeline, guard, &["appsrc"], std::slice::from_ref(&source))?;
        let (weak, start) = (pipeline.downgrade(), Arc::clone(&start));
        decoder.connect_pad_added(move |_, pad| begin_now(pad, weak.clone(), Arc::clone(&start)));
        let source = source.downcast::<AppSrc>().map_err(|_| Trouble::defect(Stage::Open, "no appsrc".to_owned()))?;
        sources.push(source.downgrade());
        with(&decoder);
    }
    Pull::new(guard, reach).start(url.clone(), sources);
    Ok(())
}

/// Moves a stream's running time so that its first media plays now: pieces count from whenever their sender began, and the call is older than
/// a source that came back. All streams of the source are moved alike.
fn begin_now(pad: &gst::Pad, pipeline: gst::glib::WeakRef<gst::Pipeline>, start: Arc<OnceLock<i64>>) {
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let segment = pad.sticky_event::<gst::event::Segment>(0).map(|e| e.segment().clone());
        let running = segment.and_then(|s| {
            let s = s.downcast::<gst::ClockTime>().ok()?;
            s.to_running_time(info.buffer()?.dts_or_pts()?)
        });
        let now = pipeline.upgrade().and_then(|p| p.current_running_time());
        if let (Some(running), Some(now)) = (running, now) {
            let signed = |t: gst::ClockTime| i64::try_from(t.nseconds()).unwrap_or(i64::MAX);
            pad.set_offset(*start.get_or_init(|| signed(now).saturating_sub(signed(running))));
        }
        gst::PadProbeReturn::Remove
    });
}
