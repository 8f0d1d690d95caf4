//! How `callguardoverlay` looks: a PNG for each verdict, into a folder.
//!
//! ```text
//! cargo run -p gst-callguard --example overlay_states -- FOLDER [PICTURE.png]
//! ```
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use common::faces::{HEIGHT, Script, WIDTH, show, video_caps};
use common::gst::prelude::*;
use common::{How, gst, harness_of, push_speech};

/// A face of the picture that is drawn on, as the detector sees it.
const FACE: [f32; 3] = [230.0, 85.0, 170.0];

struct State {
    name: &'static str,
    faces: &'static [[f32; 3]],
    logit: f32,
    pictures: u64,
    voice: Option<f32>,
    pause: Duration,
}

fn states() -> [State; 8] {
    let one: &[[f32; 3]] = &[FACE];
    let two: &[[f32; 3]] = &[[60.0, 70.0, 130.0], [430.0, 110.0, 120.0]];
    let state =
        |name, faces, logit, pictures, voice| State { name, faces, logit, pictures, voice, pause: Duration::ZERO };
    [
        state("gathering", one, 0.0, 8, None),
        state("genuine", one, -4.0, 60, None),
        state("suspect", one, 2.0, 44, None),
        state("synthetic", one, 4.0, 60, None),
        state("synthetic-voice", one, -4.0, 60, Some(4.0)),
        state("two", two, 2.0, 44, Some(-2.0)),
        State { pause: Duration::from_millis(2500), ..state("frozen", one, 4.0, 60, None) },
        state("nobody", &[], 0.0, 8, None),
    ]
}

fn main() {
    common::init();
    let folder = std::env::args().nth(1).expect("a folder");
    let background = std::env::args().nth(2);
    for state in states() {
        let script = Script::new(state.faces, state.logit);
        let engine = script.engine(How::Says(state.voice.unwrap_or(0.0)));
        let properties = [("call", state.name), ("stream", "guest")];
        let (mut tap, _bus) =
            harness_of("callguardvideo", Some(&engine), &properties, video_caps("GRAY8", WIDTH, HEIGHT, 10));
        if state.voice.is_some() {
            let (mut heard, _bus) = common::harness(Some(&engine), &[("call", state.name), ("stream", "phone")]);
            push_speech(&mut heard, 0, 9.0);
        }
        show(&mut tap, &engine, state.name, 0..state.pictures);
        std::thread::sleep(state.pause);
        let more = Arc::new(AtomicBool::new(state.pause.is_zero()));
        let shown = {
            let (more, engine) = (more.clone(), engine.clone());
            // What is drawn is of a call that goes on.
            std::thread::spawn(move || {
                for n in state.pictures.. {
                    if !more.load(Relaxed) {
                        return;
                    }
                    show(&mut tap, &engine, state.name, n..n + 1);
                }
            })
        };
        std::thread::sleep(Duration::from_millis(200));
        for p in &engine.live(state.name).view().participants {
            println!("{}: {:?} {:?} {:?} {:?}", state.name, p.kind, p.state, p.reason, p.unobserved);
        }
        draw(Some((&engine, state.name)), &folder, state.name, background.as_deref());
        more.store(false, Relaxed);
        shown.join().unwrap();
        engine.stop();
    }
    draw(None, &folder, "not-guarded", background.as_deref());
}

/// One picture through the overlay, at 1280 x 720 and as it is seen at a sixteenth of a screen.
fn draw(of: Option<(&callguard_engine::Engine, &str)>, folder: &str, name: &str, background: Option<&str>) {
    let source = background.map_or("videotestsrc num-buffers=1 pattern=smpte".into(), |png| {
        format!("filesrc location={png} ! pngdec ! videoconvert ! videoscale add-borders=false")
    });
    let to = |suffix: &str| Path::new(folder).join(format!("{name}{suffix}.png")).display().to_string();
    let line = format!(
        "{source} ! video/x-raw,width=1280,height=720,pixel-aspect-ratio=1/1 ! videoconvert ! video/x-raw,format=I420 \
         ! callguardoverlay name=overlay ! tee name=t ! queue ! videoconvert ! pngenc ! filesink location={} \
         t. ! queue ! videoscale ! video/x-raw,width=480,height=270 ! videoconvert ! pngenc ! filesink location={}",
        to(""),
        to("-16th"),
    );
    let pipeline = gst::parse::launch(&line).unwrap().downcast::<gst::Pipeline>().unwrap();
    if let Some((engine, call)) = of {
        pipeline.set_context(&gstcallguard::context(&gstcallguard::EngineHandle::new(engine.clone())));
        pipeline.by_name("overlay").unwrap().set_property("call", call);
    }
    let bus = pipeline.bus().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &ends).unwrap();
    assert_eq!(end.type_(), gst::MessageType::Eos, "{end:?}");
    pipeline.set_state(gst::State::Null).unwrap();
}
