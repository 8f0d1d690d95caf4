//! Cameras: V4L2 devices.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use callguard_core::ParticipantKind;
use gst::prelude::*;
use gstreamer as gst;

use super::{element, provenance};
use crate::capture::provenance::Facts;
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// The kernel's number for video4linux devices (`Documentation/admin-guide/devices.txt`).
const V4L2_MAJOR: u64 = 81;
/// Slower than this, pictures are too few to judge motion by: a camera offers its largest size at such a rate.
const LEAST_FPS: i32 = 10;

/// A camera that can be watched.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What to write for it: `camera:` and its path, one that stays the same where the system has one, or `node:` and its name.
    pub id: String,
    /// Its device; `None`: a node of PipeWire's alone.
    pub path: Option<PathBuf>,
    /// What people call it.
    pub name: String,
    /// What it gives by itself.
    pub native: String,
    /// What is known of it.
    pub facts: Facts,
}

/// Every camera that the system tells of.
#[must_use]
pub fn list() -> Vec<Listed> {
    provenance::cameras().iter().filter_map(listed).collect()
}

fn listed(device: &gst::Device) -> Option<Listed> {
    let properties = provenance::properties(device);
    let path = ["device.path", "api.v4l2.path"].iter().find_map(|key| properties.get(*key)).map(PathBuf::from);
    let (id, facts) = match &path {
        Some(path) => (format!("camera:{}", lasting(path).display()), provenance::camera(path)),
        None => {
            let name = properties.get("node.name")?;
            (format!("node:{name}"), provenance::of_node(ParticipantKind::Face, &properties))
        }
    };
    let native = device.caps().map(|caps| formats(&caps)).unwrap_or_default();
    Some(Listed { id, path, name: device.display_name().to_string(), native, facts })
}

/// Where the system links cameras by what they are, not by the order they came in.
const BY_ID: &str = "/dev/v4l/by-id";
/// Formats that are listed of one camera.
const MOST_FORMATS: usize = 8;

/// The path of a camera that stays the same when others come and go; where there is none, its own.
fn lasting(path: &Path) -> PathBuf {
    let links = std::fs::read_dir(BY_ID).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let same = |link: &PathBuf| link.canonicalize().is_ok_and(|target| target == path);
    links.into_iter().filter(same).min().unwrap_or_else(|| path.to_owned())
}

/// The highest of the rates that are offered; 0 where that is open.
fn fastest(rate: &gst::glib::SendValue) -> f64 {
    let of = |f: gst::Fraction| f64::from(f.numer()) / f64::from(f.denom().max(1));
    if let Ok(one) = rate.get::<gst::Fraction>() {
        return of(one);
    }
    if let Ok(list) = rate.get::<gst::List>() {
        return list.iter().map(fastest).fold(0.0, f64::max);
    }
    rate.get::<gst::FractionRange>().map_or(0.0, |range| of(range.max()))
}

/// Formats with size and highest rate, as many as fit.
fn formats(caps: &gst::CapsRef) -> String {
    let one = |s: &gst::StructureRef| {
        let field = |key: &str| s.value(key).ok().and_then(|v| v.serialize().ok()).map(|v| v.to_string());
        let name = field("format").unwrap_or_else(|| s.name().to_string());
        let size = field("width").zip(field("height")).map(|(w, h)| format!(" {w}x{h}")).unwrap_or_default();
        let rate = s.value("framerate").ok().map(fastest).filter(|fps| *fps > 0.0);
        let rate = rate.map(|fps| format!(" at {fps:.4} fps").replace(".0000", "")).unwrap_or_default();
        format!("{name}{size}{rate}")
    };
    let mut all: Vec<String> = caps.iter().map(one).collect();
    all.dedup();
    let more = all.len().saturating_sub(MOST_FORMATS);
    all.truncate(MOST_FORMATS);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{more}", all.join("; "))
}

/// Whether a path is a V4L2 device.
#[must_use]
pub fn is_camera(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.file_type().is_char_device() && (m.rdev() >> 8) & 0xfff == V4L2_MAJOR)
}

/// The camera that is meant: the one named, or the first there is.
///
/// # Errors
/// [`code::DEVICE`] where there is none.
pub fn find(wanted: Option<&Path>) -> Result<PathBuf, Trouble> {
    let none = |what: String| {
        Trouble::new(code::DEVICE, Stage::Open, what, "`callguard devices` lists which cameras there are.")
    };
    match wanted {
        Some(path) if is_camera(path) => Ok(path.to_owned()),
        Some(path) if path.exists() => Err(none(format!("{}: not a camera (no V4L2 device)", path.display()))),
        Some(path) => Err(none(format!("{}: there is no such camera", path.display()))),
        None => list().into_iter().find_map(|c| c.path).ok_or_else(|| none("there is no camera".to_owned())),
    }
}

/// Adds a camera to a pipeline: what is returned shows a pad with its decoded pictures.
///
/// # Errors
/// Where an element is missing.
pub fn open(device: &Path, pipeline: &gst::Pipeline, limits: &Limits) -> Result<gst::Element, Trouble> {
    let source = element::make("v4l2src")?;
    source.set_property("device", device.to_string_lossy().as_ref());
    let filter = element::filtered(pipeline, &source, &wanted(limits))?;
    let decoder = element::make("decodebin")?;
    decoder.set_property("caps", super::Kinds { sound: false, pictures: true }.caps());
    let linked = pipeline.add(&decoder).and_then(|()| filter.link(&decoder));
    linked.map_err(|e| Trouble::defect(Stage::Open, e.to_string()))?;
    Ok(decoder)
}

/// Raw pictures before coded ones, within the limits.
fn wanted(limits: &Limits) -> gst::Caps {
    let most = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let one = |name: &str| {
        gst::Structure::builder(name)
            .field("width", gst::IntRange::new(16, most(limits.width)))
            .field("height", gst::IntRange::new(16, most(limits.height)))
            .field(
                "framerate",
                gst::FractionRange::new(
                    gst::Fraction::new(LEAST_FPS.min(most(limits.fps)), 1),
                    gst::Fraction::new(most(limits.fps), 1),
                ),
            )
            .build()
    };
    ["video/x-raw", "image/jpeg", "video/x-h264"].into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_devices_and_files_are_no_cameras() {
        assert!(!is_camera(Path::new("/dev/null")) && !is_camera(Path::new("/")) && !is_camera(Path::new("/dev/gone")));
        let said = |path: &str| find(Some(Path::new(path))).unwrap_err().message;
        assert_eq!(said("/dev/null"), "/dev/null: not a camera (no V4L2 device)");
        assert_eq!(said("/dev/video99"), "/dev/video99: there is no such camera");
    }

    #[test]
    fn formats_are_listed_with_size_and_rate_and_not_without_end() {
        gst::init().unwrap();
        let caps = |text: &str| formats(&text.parse::<gst::Caps>().unwrap());
        let two = "video/x-raw,format=YUY2,width=640,height=480,framerate=30/1; image/jpeg,width=1280,height=720,framerate={30/1,15/1}";
        assert_eq!(caps(two), "YUY2 640x480 at 30 fps; image/jpeg 1280x720 at 30 fps");
        let many: Vec<String> = (1..20).map(|n| format!("image/jpeg,width={}", 16 * n)).collect();
        assert!(caps(&many.join(";")).matches("image/jpeg").count() <= 8);
    }

    #[test]
    fn a_camera_is_asked_for_what_is_within_the_limits() {
        gst::init().unwrap();
        let limits = crate::config::load(&crate::cli::Common::default()).unwrap().capture;
        let caps = wanted(&Limits { width: 1280, fps: 5, ..limits });
        assert_eq!(caps.size(), 3);
        assert!(caps.to_string().contains("width=(int)[ 16, 1280 ]"), "{caps}");
    }
}
