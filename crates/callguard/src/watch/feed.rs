//! From a source to pads that branches are linked to.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use callguard_core::ParticipantKind;
use gst::prelude::*;
use gstreamer as gst;

use super::branch::{Branch, Claim, broken, static_pad};
use super::source::{From, Source};
use crate::capture::element::{filtered, make};
use crate::capture::mic::Mic;
use crate::capture::open::open;
use crate::capture::provenance::{self, Said, made_by_software};
use crate::capture::screen::node;
use crate::capture::whip;
use crate::capture::{Guard, camera};
use crate::trouble::Trouble;

/// What must live as long as the pipeline that it feeds.
#[derive(Debug)]
pub enum Held {
    /// A recorder.
    Mic(#[expect(dead_code, reason = "it feeds until it is dropped")] Mic),
    /// A door that guests come in by.
    Door(whip::Held),
}

/// Adds a source to the pipeline and links each of its streams, now or when it shows. What is returned must live as long as the pipeline.
///
/// # Errors
/// Where an element is missing, or a device cannot be opened.
pub fn feed(
    source: &Source,
    pipeline: &gst::Pipeline,
    guard: &Guard,
    mut branch: Branch,
    (clock, base): (&gst::Clock, gst::ClockTime),
) -> Result<Option<Held>, Trouble> {
    match &source.from {
        From::Play(place) => decoded(&open(place, pipeline, guard)?, pipeline, guard, &Arc::new(branch)),
        From::Feed(feed) => {
            branch.claim = Claim::Sender;
            let (tell, stream) = (branch.tell.clone(), branch.watched.stream.clone());
            let (branch, weak, noted) = (Arc::new(branch), pipeline.downgrade(), guard.clone());
            let with = move |decoder: &gst::Element| {
                if let Some(pipeline) = weak.upgrade() {
                    decoded(decoder, &pipeline, &noted, &branch);
                }
            };
            let said = move |kind, said| tell.say(&stream, kind, said);
            return Ok(feed.open(pipeline, guard, Arc::new(with), Arc::new(said))?.map(Held::Door));
        }
        From::Camera(wanted) => {
            let device = camera::find(wanted.as_deref())?;
            let decoder = camera::open(&device, pipeline, &branch.limits)?;
            branch.claim = Claim::Sensor(decoder.static_pad("sink"));
            ask_of_camera(&device, &branch);
            decoded(&decoder, pipeline, guard, &Arc::new(branch));
        }
        From::Screen(screen) => raw(&screen.open(pipeline, &branch.limits)?, pipeline, &branch)?,
        From::Shared { socket, caps, of } => {
            // The camera's own pictures, stamped anew on the way.
            branch.claim = Claim::Sender;
            match of.strip_prefix("node:") {
                Some(name) => ask_of_node(name, &branch),
                None if of == "test" => {}
                None => {
                    let wanted = of.strip_prefix("camera:").or((of != "camera").then_some(of));
                    ask_of_camera(&camera::find(wanted.map(Path::new))?, &branch);
                }
            }
            raw(&shared(socket, caps, pipeline)?, pipeline, &branch)?;
        }
        From::Node(name) => {
            branch.claim = Claim::Sensor(None);
            ask_of_node(name, &branch);
            raw(&node(name, pipeline)?, pipeline, &branch)?;
        }
        From::Mic(device) => {
            // The recorder stamps by the pipeline's clock from its first block on.
            let (tell, stream) = (branch.tell.clone(), branch.watched.stream.clone());
            let opened = move |facts: Option<&provenance::Facts>| {
                tell.say(&stream, ParticipantKind::Voice, Said::Device(facts.and_then(made_by_software)));
            };
            let recording = Mic::start(device.as_deref(), clock, base, Box::new(opened))?;
            let shown = branch.watched.shown();
            pipeline.add(recording.element()).map_err(|e| broken(&shown, &e))?;
            branch.connect_sound(pipeline, &static_pad(recording.element(), "src", &shown)?)?;
            return Ok(Some(Held::Mic(recording)));
        }
        From::Test => test(source, pipeline, &branch)?,
    }
    Ok(None)
}

/// Asks the kernel what a camera is.
fn ask_of_camera(device: &Path, branch: &Branch) {
    let found = made_by_software(&provenance::camera(device));
    branch.tell.say(&branch.watched.stream, ParticipantKind::Face, Said::Device(found));
}

/// Asks PipeWire what a node is, apart: where it does not answer, the call goes on.
fn ask_of_node(name: &str, branch: &Branch) {
    let (name, tell, stream) = (name.to_owned(), branch.tell.clone(), branch.watched.stream.clone());
    let asked = std::thread::Builder::new().name("provenance".into()).spawn(move || match provenance::node(&name) {
        Some(facts) => tell.say(&stream, ParticipantKind::Face, Said::Device(made_by_software(&facts))),
        None => tracing::info!(stage = "capture", node = name, "PipeWire does not tell what this node is"),
    });
    if let Err(e) = asked {
        tracing::warn!(stage = "capture", "no thread to ask PipeWire with: {e}");
    }
}

fn decoded(decoder: &gst::Element, pipeline: &gst::Pipeline, guard: &Guard, branch: &Arc<Branch>) {
    let progress = Arc::clone(&branch.progress);
    let (weak, guard, branch) = (pipeline.downgrade(), guard.clone(), Arc::clone(branch));
    decoder.connect_pad_added(move |_, pad| {
        // What was refused is shown as well: nobody takes it.
        if guard.found().is_none()
            && let Some(pipeline) = weak.upgrade()
            && let Err(trouble) = branch.connect(&pipeline, pad)
        {
            guard.note(trouble);
        }
    });
    decoder.connect("no-more-pads", false, move |_| {
        progress.complete.store(true, Ordering::Release);
        None
    });
}

/// What gives raw media on one pad that is there from the beginning.
fn raw(part: &gst::Element, pipeline: &gst::Pipeline, branch: &Branch) -> Result<(), Trouble> {
    branch.connect(pipeline, &static_pad(part, "src", &branch.watched.shown())?)?;
    branch.progress.complete.store(true, Ordering::Release);
    Ok(())
}

/// Pictures that another process passes on.
fn shared(socket: &Path, caps: &str, pipeline: &gst::Pipeline) -> Result<gst::Element, Trouble> {
    let source = make("shmsrc")?;
    source.set_property("socket-path", socket.to_string_lossy().as_ref());
    source.set_property("is-live", true);
    source.set_property("do-timestamp", true);
    let caps = caps.parse::<gst::Caps>().map_err(|e| broken("camera", &e))?;
    filtered(pipeline, &source, &caps)
}

/// A tone, and colour bars that move.
fn test(source: &Source, pipeline: &gst::Pipeline, branch: &Branch) -> Result<(), Trouble> {
    let shown = branch.watched.shown();
    if source.wanted.sound {
        let tone = make("audiotestsrc")?;
        tone.set_property("is-live", true);
        tone.set_property_from_str("wave", "sine");
        tone.set_property("volume", 0.2);
        pipeline.add(&tone).map_err(|e| broken(&shown, &e))?;
        branch.connect(pipeline, &static_pad(&tone, "src", &shown)?)?;
    }
    if source.wanted.pictures {
        let (bars, filter) = (make("videotestsrc")?, make("capsfilter")?);
        bars.set_property("is-live", true);
        bars.set_property("horizontal-speed", 2i32);
        let caps = gst::Caps::builder("video/x-raw").field("width", 640i32).field("height", 360i32);
        filter.set_property("caps", caps.field("framerate", gst::Fraction::new(25, 1)).build());
        pipeline.add_many([&bars, &filter]).map_err(|e| broken(&shown, &e))?;
        gst::Element::link_many([&bars, &filter]).map_err(|e| broken(&shown, &e))?;
        branch.connect(pipeline, &static_pad(&filter, "src", &shown)?)?;
    }
    branch.progress.complete.store(true, Ordering::Release);
    Ok(())
}
