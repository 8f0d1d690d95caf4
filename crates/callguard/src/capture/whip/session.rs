//! One guest's `webrtcbin`: an answer to an offer, and what comes of it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callguard_core::ParticipantKind;
use gst::glib;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_sdp::SDPMessage;
use tokio::sync::oneshot;

use super::description;
use crate::capture::Guard;
use crate::capture::contribution::{OnDecoder, OnSaid};
use crate::capture::element::make;
use crate::capture::provenance::{RtpPace, Said};
use crate::trouble::{Stage, Trouble, code};

/// How long a step of the negotiation may take.
const STEP: Duration = Duration::from_secs(15);

/// Has each stream that comes decoded if it is wanted, and thrown away if not: an unlinked one would end the session.
pub fn receive(webrtc: &gst::Element, pipeline: &gst::Pipeline, guard: &Guard, with: OnDecoder, said: OnSaid) {
    webrtc.connect("on-new-transceiver", false, |values| {
        // Lost packets are asked for again.
        let transceiver = values.get(1)?.get::<glib::Object>().ok()?;
        transceiver.set_property("do-nack", true);
        None
    });
    // One for each of the guest's streams, made when its first packet is there.
    if let Some(bin) = webrtc.downcast_ref::<gst::Bin>() {
        bin.connect_deep_element_added(move |_, _, element| {
            let jitter = element.factory().is_some_and(|f| f.name() == "rtpjitterbuffer");
            if let Some(pad) = element.static_pad("sink").filter(|_| jitter) {
                watch_clock(&pad, Arc::clone(&said));
            }
        });
    }
    let gone = guard.clone();
    webrtc.connect_notify(Some("connection-state"), move |webrtc, _| {
        if matches!(state(webrtc, "connection-state").as_str(), "failed" | "closed") {
            let what = format!("{}: the guest's connection is gone", gone.shown());
            gone.note(Trouble::new(code::ENDED, Stage::Capture, what, "The next guest is waited for."));
        }
    });
    let (weak, guard) = (pipeline.downgrade(), guard.clone());
    webrtc.connect_pad_added(move |_, pad| {
        if pad.direction() == gst::PadDirection::Src
            && let Some(pipeline) = weak.upgrade()
            && let Err(trouble) = take(&pipeline, pad, &guard, &with)
        {
            guard.note(trouble);
        }
    });
}

fn take(pipeline: &gst::Pipeline, pad: &gst::Pad, guard: &Guard, with: &OnDecoder) -> Result<(), Trouble> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let media = caps.structure(0).and_then(|s| s.get::<String>("media").ok()).unwrap_or_default();
    let part = if super::wants(guard, &media) {
        let decoder = make("decodebin")?;
        guard.watch(pipeline, &decoder, &[]);
        decoder
    } else {
        let sink = make("fakesink")?;
        sink.set_property("async", false);
        sink
    };
    let broken = |e: &dyn std::fmt::Display| Trouble::defect(Stage::Open, e.to_string());
    pipeline.add(&part).map_err(|e| broken(&e))?;
    with(&part);
    part.sync_state_with_parent().map_err(|e| broken(&e))?;
    let into = part.static_pad("sink").ok_or_else(|| broken(&"no sink pad"))?;
    pad.link(&into).map(|_| ()).map_err(|e| broken(&format!("a stream cannot be linked: {e:?}")))
}

/// Watches the timestamps of pictures where packets arrive: what comes out of a jitter buffer has no jitter.
fn watch_clock(pad: &gst::Pad, said: OnSaid) {
    // The streaming thread's alone; the lock is for the compiler.
    let pace: Mutex<Option<RtpPace>> = Mutex::new(None);
    let clock = gst::SystemClock::obtain();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let (Ok(mut pace), Some(packet)) = (pace.try_lock(), info.buffer()) else { return gst::PadProbeReturn::Ok };
        if pace.is_none() {
            let (mut kind, mut media) = ([0], None);
            if packet.copy_to_slice(1, &mut kind).is_ok() {
                media = self::media(pad, kind[0] & 0x7f);
            }
            match media.as_deref() {
                Some("video") => {}
                Some(_) => return gst::PadProbeReturn::Remove,
                None => return gst::PadProbeReturn::Ok,
            }
        }
        let pace = pace.get_or_insert_default();
        // The timestamp follows on four bytes (RFC 3550, section 5.1).
        let mut stamp = [0; 4];
        if packet.copy_to_slice(4, &mut stamp).is_ok()
            && let Some(found) = pace.note(u32::from_be_bytes(stamp), clock.time().nseconds())
        {
            said(ParticipantKind::Face, Said::Clock(found));
        }
        gst::PadProbeReturn::Ok
    });
}

/// What packets of this type carry, as was agreed: the jitter buffer asks the same for their clock.
fn media(sink: &gst::Pad, payload: u8) -> Option<String> {
    let buffer = sink.parent_element()?;
    let caps = buffer.emit_by_name::<Option<gst::Caps>>("request-pt-map", &[&u32::from(payload)])?;
    caps.structure(0)?.get::<String>("media").ok()
}

/// Whether packets can come.
pub fn is_connected(webrtc: &gst::Element) -> bool {
    state(webrtc, "connection-state") == "connected"
}

/// The answer, with every address at which this machine can be reached: WHIP senders need not trickle.
///
/// # Errors
/// Which step failed, and how.
pub async fn answer(webrtc: &gst::Element, offer: &SDPMessage, limit: Duration) -> Result<String, String> {
    // Values do not cross threads, so none is kept while something is waited for.
    let remote = || description::value(description::Kind::Offer, offer).ok_or("webrtcbin is not what was expected");
    let asked = Asked::of(webrtc, "set-remote-description", &remote()?);
    asked.reply().await?;
    let asked = Asked::of(webrtc, "create-answer", &None::<gst::Structure>.to_value());
    let made = asked.reply().await?;
    let local = || made.as_ref().and_then(|s| s.value("answer").ok()).ok_or("webrtcbin gives no answer");
    let asked = Asked::of(webrtc, "set-local-description", local()?);
    asked.reply().await?;
    let begin = Instant::now();
    while state(webrtc, "ice-gathering-state") != "complete" {
        if begin.elapsed() > limit.min(STEP) {
            return Err("the addresses of this machine could not be gathered".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    description::text(&webrtc.property_value("local-description")).ok_or_else(|| "webrtcbin gives no answer".to_owned())
}

/// An action signal of `webrtcbin` that was emitted, and what it promised.
struct Asked {
    signal: &'static str,
    told: oneshot::Receiver<Result<Option<gst::Structure>, gst::PromiseError>>,
}

impl Asked {
    fn of(webrtc: &gst::Element, signal: &'static str, argument: &glib::Value) -> Self {
        let (tell, told) = oneshot::channel();
        let promise = gst::Promise::with_change_func(move |reply| {
            let _ = tell.send(reply.map(|reply| reply.map(gst::StructureRef::to_owned)));
        });
        webrtc.emit_by_name_with_values(signal, &[argument.clone(), promise.to_value()]);
        Self { signal, told }
    }

    async fn reply(self) -> Result<Option<gst::Structure>, String> {
        let Self { signal, told } = self;
        // A promise that is not kept by then is left to webrtcbin: GStreamer 1.22 frees an expired one by a null pointer, which ends the program.
        match tokio::time::timeout(STEP, told).await {
            Ok(Ok(Ok(Some(reply)))) if reply.has_field("error") => {
                let what = reply.get::<glib::Error>("error").map_or_else(|e| e.to_string(), |e| e.to_string());
                Err(format!("{signal}: {what}"))
            }
            Ok(Ok(Ok(reply))) => Ok(reply),
            Ok(_) => Err(format!("{signal} was given up")),
            Err(_) => Err(format!("{signal} took too long")),
        }
    }
}

/// A state's name, such as `connected`.
fn state(webrtc: &gst::Element, property: &str) -> String {
    let value = webrtc.property_value(property);
    glib::EnumValue::from_value(&value).map(|(_, v)| v.nick().to_owned()).unwrap_or_default()
}
