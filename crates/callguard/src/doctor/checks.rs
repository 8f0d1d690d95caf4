//! The checks, in the order of the flow.

use callguard_engine::EngineError;
use callguard_inference::{Library, Model, Options};

use super::Finding;
use crate::capture::{self, camera, element, mic};
use crate::cli::Common;
use crate::config::{self, Config};
use crate::models;
use crate::trouble::{Stage, Trouble, code};

/// Elements without which nothing can be judged: made, since a registry may list what does not load.
const NEEDED: [&str; 8] = [
    "uridecodebin",
    "audioconvert",
    "videoconvert",
    "appsink",
    "appsrc",
    "fakesink",
    "callguardaudio",
    "callguardvideo",
];
/// Elements for particular inputs, and what for.
const FOR_INPUTS: [(&str, &str); 15] = [
    ("wavparse", "WAV"),
    ("flacdec", "FLAC"),
    ("opusdec", "Opus"),
    ("vorbisdec", "Vorbis"),
    ("qtdemux", "MP4"),
    ("avdec_aac", "AAC"),
    ("matroskademux", "Matroska and WebM"),
    ("tsdemux", "MPEG transport streams"),
    ("h264parse", "H.264 in FLV and transport streams"),
    ("avdec_h264", "H.264"),
    ("avdec_mpeg4", "MPEG-4 pictures"),
    ("vp8dec", "VP8"),
    ("jpegdec", "Motion JPEG"),
    ("v4l2src", "cameras"),
    ("souphttpsrc", "http and https"),
];
/// Elements for `watch --overlay`.
const FOR_OVERLAY: [(&str, &str); 9] = [
    ("callguardoverlay", "drawing"),
    ("deinterlace", "interlaced pictures"),
    ("videoflip", "turned pictures"),
    ("vp8enc", "WebM and Matroska"),
    ("webmmux", "WebM"),
    ("matroskamux", "Matroska"),
    ("openh264enc", "MP4"),
    ("mp4mux", "MP4"),
    ("autovideosink", "a window"),
];

type Say<'a> = dyn FnMut(&str, Finding) -> Result<(), Trouble> + 'a;

/// Runs every check; one that fails keeps none of the others from running.
pub fn all(common: &Common, say: &mut Say<'_>) -> Result<(), Trouble> {
    let config = config::load(common);
    say("configuration", outcome(config.as_ref().map(|c| format!("profile {}", c.profile))))?;
    // The rest is looked at all the same, with what a wrong configuration could not say left at its default.
    let config = match config {
        Ok(config) => config,
        Err(_) => config::load(&Common { config: None, profile: None, ..common.clone() })
            .or_else(|_| config::load(&Common::default()))?,
    };
    media(say)?;
    engine(&config, say)?;
    microphones(say)?;
    cameras(say)
}

fn outcome<E: Clone + Into<Trouble>>(result: Result<String, &E>) -> Finding {
    match result {
        Ok(text) => Finding::Fine(text),
        Err(e) => Finding::Broken(e.clone().into()),
    }
}

fn media(say: &mut Say<'_>) -> Result<(), Trouble> {
    let started = capture::init();
    say("GStreamer", outcome(started.as_ref().map(|()| gstreamer::version_string().to_string())))?;
    if started.is_err() {
        return Ok(());
    }
    let missing: Vec<Trouble> = NEEDED.iter().filter_map(|name| element::make(name).err()).collect();
    match missing.first() {
        Some(trouble) => say("elements", Finding::Broken(trouble.clone()))?,
        None => say("elements", Finding::Fine(NEEDED.join(", ")))?,
    }
    optional("inputs", &FOR_INPUTS, say)?;
    optional("overlay", &FOR_OVERLAY, say)
}

fn optional(what: &str, elements: &[(&str, &str)], say: &mut Say<'_>) -> Result<(), Trouble> {
    let (found, lacking): (Vec<_>, Vec<_>) = elements.iter().partition(|(name, _)| element::make(name).is_ok());
    let mut kinds: Vec<&str> = found.iter().map(|(_, kind)| *kind).collect();
    kinds.dedup();
    say(what, Finding::Fine(kinds.join(", ")))?;
    for (name, kind) in lacking {
        let trouble = element::missing(name);
        say(what, Finding::Lacking(Trouble { message: format!("{kind}: {}", trouble.message), ..trouble }))?;
    }
    Ok(())
}

fn engine(config: &Config, say: &mut Say<'_>) -> Result<(), Trouble> {
    let library = Library::find(config.detect.onnxruntime.as_deref()).map_err(EngineError::from);
    let text = |l: &Library| format!("{} (API {}), {}", l.version(), l.api_version(), l.path().display());
    say("ONNX Runtime", outcome(library.as_ref().map(text)))?;
    let manifest = models::manifest(config);
    say("models", outcome(manifest.as_ref().map(|m| format!("{} in {}", m.models.len(), m.dir.display()))))?;
    let (Ok(library), Ok(manifest)) = (library, manifest) else { return Ok(()) };
    for spec in &manifest.models {
        let options =
            Options { provider: config.detect.provider, fallback: config.detect.fallback, ..Options::reproducible(1) };
        let finding = match Model::start(&library, spec, &options) {
            Ok(model) => {
                let law = if spec.evidence.as_ref().is_none_or(|s| s.law.is_some()) {
                    ""
                } else {
                    ", no measured law: raises Suspect at most"
                };
                Finding::Fine(format!("{} {} runs on {}{law}", spec.id, spec.version, model.provider()))
            }
            Err(e) => Finding::Broken(EngineError::from(e).into()),
        };
        say("model", finding)?;
    }
    Ok(())
}

fn microphones(say: &mut Say<'_>) -> Result<(), Trouble> {
    let lists = mic::list();
    let hosts: Vec<&str> = lists.iter().map(|(host, _)| host.name()).collect();
    say("sound servers", Finding::Fine(hosts.join(", ")))?;
    let devices: Vec<_> = lists.into_iter().filter_map(|(_, devices)| devices.ok()).flatten().collect();
    match devices.iter().find(|d| d.default) {
        Some(default) => say("microphone", Finding::Fine(format!("{} ({} in all)", default.name, devices.len()))),
        None => {
            let what =
                format!("no default microphone ({} device(s) in all); only `watch mic` needs one", devices.len());
            let hint = "Plug one in, or start the sound server; `callguard devices` lists what there is.";
            say("microphone", Finding::Lacking(Trouble::new(code::DEVICE, Stage::Capture, what, hint)))
        }
    }
}

fn cameras(say: &mut Say<'_>) -> Result<(), Trouble> {
    if capture::init().is_err() {
        return Ok(());
    }
    let cameras = camera::list();
    match cameras.first() {
        Some(first) => say("camera", Finding::Fine(format!("{}: {} ({} in all)", first.id, first.name, cameras.len()))),
        None => {
            let hint = "Plug one in; `callguard devices` lists what there is.";
            let what = "no camera; only `watch camera` needs one";
            say("camera", Finding::Lacking(Trouble::new(code::DEVICE, Stage::Capture, what, hint)))
        }
    }
}
