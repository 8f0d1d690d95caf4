//! The guarded camera's own process. It has no model and no engine: nothing in it can hang on one.
//!
//! Pictures go from the camera straight to the PipeWire node that calls see, at their own size and format. A copy goes to the guard, which
//! answers with a heartbeat, a line on standard input that says how things stand. Without one for a second the node shows NOT PROTECTED; with
//! the process the camera disappears. It ends with its camera, half a minute after its guard has gone, or when it is told to.

use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstreamer as gst;

use super::END;
use super::microphone::Given;
use crate::cli::CameraNode;
use crate::trouble::{Stage, Trouble, code};

/// Without a heartbeat for so long nobody is protected.
const PULSE: Duration = Duration::from_secs(1);
/// How often that is looked at.
const TURN: Duration = Duration::from_millis(50);
/// How long the picture says so after the guard has gone.
const GONE: Duration = Duration::from_secs(30);
/// Shared memory for pictures on their way to the guard, bytes: two of the largest there are (4096², I420, 24 MiB).
const SHARED: u32 = 64 << 20;

/// When the guard was last heard of, and what it said.
#[derive(Debug)]
struct Pulse {
    at: Instant,
    said: String,
    over: Option<bool>,
}

/// Passes a camera on until it ends.
///
/// # Errors
/// Where it cannot be opened, or fails.
pub fn run(args: &CameraNode) -> Result<ExitCode, Trouble> {
    crate::capture::init()?;
    let pipeline = pipeline(args)?;
    let (switch, badge) = (part(pipeline.upcast_ref(), "switch")?, pipeline.by_name("badge"));
    let pads = ["sink_0", "sink_1"].map(|name| switch.static_pad(name));
    let [Some(camera), Some(card)] = pads else { return Err(broken(&"the switch has no pads")) };
    let pulse = Arc::new(Mutex::new(Pulse { at: Instant::now(), said: String::new(), over: None }));
    listen(Arc::clone(&pulse));
    let bus = pipeline.bus().ok_or_else(|| broken(&"the pipeline has no bus"))?;
    pipeline.set_state(gst::State::Playing).map_err(|e| failed(&bus, &e))?;
    let name = format!("{} Microphone", args.name);
    let mut microphone = args.microphone.as_ref().map(|from| Given::start(from, &name)).transpose()?;
    let ended = loop {
        let wait = gst::ClockTime::from_mseconds(TURN.as_millis() as u64);
        if let Some(message) = bus.timed_pop_filtered(wait, &[gst::MessageType::Error, gst::MessageType::Eos]) {
            break match message.view() {
                gst::MessageView::Error(error) => Err(lost(&error.error())),
                _ => Ok(ExitCode::SUCCESS),
            };
        }
        if let Some(microphone) = &mut microphone {
            microphone.keep();
        }
        let now = pulse.lock().unwrap_or_else(PoisonError::into_inner);
        if now.over == Some(true) || (now.over == Some(false) && now.at.elapsed() > GONE) {
            break Ok(ExitCode::SUCCESS);
        }
        let alive = now.over.is_none() && now.at.elapsed() < PULSE;
        switch.set_property("active-pad", if alive { &camera } else { &card });
        if let Some(badge) = &badge {
            badge.set_property("text", &now.said);
        }
    };
    let _ = pipeline.set_state(gst::State::Null);
    ended
}

/// Takes heartbeats from standard input.
fn listen(pulse: Arc<Mutex<Pulse>>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let mut pulse = pulse.lock().unwrap_or_else(PoisonError::into_inner);
            if line == END {
                pulse.over = Some(true);
                return;
            }
            (pulse.at, pulse.said) = (Instant::now(), line);
        }
        pulse.lock().unwrap_or_else(PoisonError::into_inner).over.get_or_insert(false);
    });
}

fn pipeline(args: &CameraNode) -> Result<gst::Pipeline, Trouble> {
    let pipeline = gst::Pipeline::new();
    // A camera's own clock may stop with it, and the card must go on.
    pipeline.use_clock(Some(&gst::SystemClock::obtain()));
    let source = super::source(&args.source, &pipeline)?;
    let badge =
        if args.badge { "textoverlay name=badge valignment=top halignment=left shaded-background=true !" } else { "" };
    // One buffer waits at most: what is late is old. The card has a rate of its own, as a camera's may be "variable" (0/1).
    let rest = format!(
        "tee name=seen \
         seen. ! queue max-size-buffers=1 max-size-bytes=0 max-size-time=0 leaky=downstream ! switch.sink_0 \
         videotestsrc is-live=true pattern=black ! video/x-raw,framerate=10/1 ! textoverlay text=\"NOT PROTECTED\" font-desc=\"Sans Bold 40\" valignment=center halignment=center \
         ! videoconvert ! videoscale ! videorate ! capsfilter name=card ! switch.sink_1 \
         input-selector name=switch sync-streams=false ! {badge} pipewiresink name=out mode=provide sync=false \
         seen. ! queue max-size-buffers=1 max-size-bytes=0 max-size-time=0 leaky=downstream ! videoconvert ! capsfilter name=copied \
         caps=video/x-raw,format=I420 ! shmsink name=copy wait-for-connection=false sync=false async=false"
    );
    let rest = gst::parse::bin_from_description(&rest, false).map_err(|e| missing(&e))?;
    let node = part(&rest, "out")?;
    let about = gst::Structure::builder("properties")
        .field("media.class", "Video/Source")
        .field("node.name", &args.name)
        .field("node.description", &args.name);
    node.set_property("stream-properties", about.build());
    let copy = part(&rest, "copy")?;
    copy.set_property("socket-path", args.socket.to_string_lossy().as_ref());
    copy.set_property("shm-size", SHARED);
    follow(&rest)?;
    pipeline.add(&rest).map_err(|e| broken(&e))?;
    let seen = part(&rest, "seen")?.static_pad("sink").ok_or_else(|| broken(&"no tee"))?;
    let into = gst::GhostPad::builder_with_target(&seen).map_err(|e| broken(&e))?.name("sink").build();
    rest.add_pad(&into).map_err(|e| broken(&e))?;
    source.link(&rest).map_err(|e| broken(&e))?;
    Ok(pipeline)
}

/// The card takes the camera's form, and the guard is told the form of its copy, once it is known.
fn follow(rest: &gst::Bin) -> Result<(), Trouble> {
    let (seen, card, copied) = (part(rest, "seen")?, part(rest, "card")?, part(rest, "copied")?);
    let on_caps = |element: &gst::Element, pad: &str, then: Box<dyn Fn(&gst::Caps) + Send + Sync>| {
        let pad = element.static_pad(pad).ok_or_else(|| broken(&pad))?;
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::EventView::Caps(caps)) = info.event().map(|e| e.view()) {
                then(&caps.caps_owned());
            }
            gst::PadProbeReturn::Ok
        });
        Ok::<_, Trouble>(())
    };
    on_caps(&seen, "sink", Box::new(move |caps| card.set_property("caps", caps)))?;
    on_caps(
        &copied,
        "src",
        Box::new(|caps| {
            // The guard may be gone: no reason to panic in a streaming thread.
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{caps}").and_then(|()| out.flush());
        }),
    )
}

fn part(of: &gst::Bin, name: &str) -> Result<gst::Element, Trouble> {
    of.by_name(name).ok_or_else(|| broken(&name))
}

fn failed(bus: &gst::Bus, error: &dyn std::fmt::Display) -> Trouble {
    let message = bus.timed_pop_filtered(gst::ClockTime::from_mseconds(200), &[gst::MessageType::Error]);
    match message.as_ref().map(|m| m.view()) {
        Some(gst::MessageView::Error(error)) => lost(&error.error()),
        _ => lost(error),
    }
}

fn lost(error: &dyn std::fmt::Display) -> Trouble {
    let hint = "Is the camera plugged in and free, and does PipeWire run (`pw-cli info 0`)?";
    Trouble::new(code::DEVICE, Stage::Capture, format!("the guarded camera has ended: {error}"), hint)
}

fn missing(error: &dyn std::fmt::Display) -> Trouble {
    let hint = "Install gstreamer1.0-pipewire and gstreamer1.0-plugins-bad; `callguard doctor` lists what is missing.";
    Trouble::new(code::MISSING_ELEMENT, Stage::Open, error.to_string(), hint)
}

fn broken(what: &dyn std::fmt::Display) -> Trouble {
    Trouble::defect(Stage::Open, format!("the guarded camera: {what}"))
}
