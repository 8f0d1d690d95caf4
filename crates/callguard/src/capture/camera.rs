//! Cameras: V4L2 devices.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use gst::prelude::*;
use gstreamer as gst;

use super::element;
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// The kernel's number for video4linux devices (`Documentation/admin-guide/devices.txt`).
const V4L2_MAJOR: u64 = 81;
/// Slower than this, pictures are too few to judge motion by: a camera offers its largest size at such a rate.
const LEAST_FPS: i32 = 10;

/// A camera that can be watched.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What to write after `camera:`.
    pub path: String,
    /// What people call it.
    pub name: String,
    /// What it gives by itself.
    pub native: String,
}

/// Every camera that the system tells of.
#[must_use]
pub fn list() -> Vec<Listed> {
    let monitor = gst::DeviceMonitor::new();
    let _ = monitor.add_filter(Some("Video/Source"), None);
    monitor.devices().iter().filter_map(listed).collect()
}

fn listed(device: &gst::Device) -> Option<Listed> {
    let properties = device.properties()?;
    let path = ["device.path", "api.v4l2.path"].iter().find_map(|key| properties.get::<String>(*key).ok())?;
    let formats: std::collections::BTreeSet<String> =
        device.caps().iter().flat_map(|caps| caps.iter()).map(|s| s.name().to_string()).collect();
    let native = formats.into_iter().collect::<Vec<_>>().join(", ");
    Some(Listed { path, name: device.display_name().to_string(), native })
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
        None => list().first().map(|c| c.path.clone().into()).ok_or_else(|| none("there is no camera".to_owned())),
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
    fn a_camera_is_asked_for_what_is_within_the_limits() {
        gst::init().unwrap();
        let limits = crate::config::load(&crate::cli::Common::default()).unwrap().capture;
        let caps = wanted(&Limits { width: 1280, fps: 5, ..limits });
        assert_eq!(caps.size(), 3);
        assert!(caps.to_string().contains("width=(int)[ 16, 1280 ]"), "{caps}");
    }
}
