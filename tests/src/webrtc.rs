//! A guest by WebRTC who has no browser: GStreamer's `webrtcbin`, and what WHIP asks of it.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use callguard::capture::whip::description::{self, Kind};
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_sdp::SDPMessage;

use crate::live::VERDICT;

/// Sends for as long as it is kept.
#[derive(Debug)]
pub struct Peer(gst::Pipeline);

impl Peer {
    /// Joins by a guest's link, under the name `agent`, with a picture that is drawn and counted: thirty times a second.
    #[must_use]
    #[track_caller]
    pub fn join(link: &str, agent: &str) -> Self {
        gst::init().unwrap();
        let line = "webrtcbin name=peer bundle-policy=max-bundle videotestsrc is-live=true pattern=ball ! \
                    video/x-raw,width=320,height=240,framerate=30/1 ! vp8enc deadline=1 cpu-used=8 ! rtpvp8pay pt=96 ! \
                    application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96 ! peer.";
        let pipeline = gst::parse::launch(line).unwrap().downcast::<gst::Pipeline>().unwrap();
        let peer = pipeline.by_name("peer").unwrap();
        let (tell, told) = channel();
        peer.connect("on-negotiation-needed", false, move |_| {
            let _ = tell.send(());
            None
        });
        pipeline.set_state(gst::State::Playing).unwrap();
        told.recv_timeout(VERDICT).unwrap();
        let offer = ask(&peer, "create-offer", &None::<gst::Structure>.to_value()).unwrap();
        ask(&peer, "set-local-description", offer.value("offer").unwrap());
        let until = Instant::now() + VERDICT;
        while gst::glib::EnumValue::from_value(&peer.property_value("ice-gathering-state")).unwrap().1.nick()
            != "complete"
        {
            assert!(Instant::now() < until, "its addresses are not gathered");
            std::thread::sleep(Duration::from_millis(20));
        }
        let offer = description::text(&peer.property_value("local-description")).unwrap();
        let (page, token) = link.split_once('#').unwrap();
        let request =
            ureq::post(format!("{page}/whip")).header("Content-Type", "application/sdp").header("User-Agent", agent);
        let mut reply = request.header("Authorization", format!("Bearer {token}")).send(&offer).unwrap();
        let answer = SDPMessage::parse_buffer(reply.body_mut().read_to_string().unwrap().as_bytes()).unwrap();
        ask(&peer, "set-remote-description", &description::value(Kind::Answer, &answer).unwrap());
        Self(pipeline)
    }
}

/// What an action signal promises.
fn ask(peer: &gst::Element, signal: &str, argument: &gst::glib::Value) -> Option<gst::Structure> {
    let promise = gst::Promise::new();
    peer.emit_by_name_with_values(signal, &[argument.clone(), promise.to_value()]);
    assert_eq!(promise.wait(), gst::PromiseResult::Replied, "{signal}");
    promise.get_reply().map(gst::StructureRef::to_owned)
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}
