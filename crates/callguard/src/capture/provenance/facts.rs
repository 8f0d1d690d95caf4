//! What the system tells of a device.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use callguard_core::ParticipantKind;
use gst::prelude::*;
use gstreamer as gst;
use serde_json::Value;

/// Whether hardware stands behind a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behind {
    /// The system does not tell.
    #[default]
    Unknown,
    /// It does.
    Hardware,
    /// Software alone.
    Software,
}

/// A camera or microphone, as the system tells of it. Every word of it may be made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Face: a camera, voice: a microphone.
    pub kind: ParticipantKind,
    /// What people call it.
    pub name: String,
    /// Driver, or whatever else made it; empty where that is not told.
    pub driver: String,
    /// Where it is plugged in; empty where that is not told.
    pub bus: String,
    /// What stands behind it.
    pub behind: Behind,
}

/// Where the kernel tells of V4L2 devices.
const V4L2: &str = "/sys/class/video4linux";

/// A V4L2 device.
#[must_use]
pub fn camera(device: &Path) -> Facts {
    let device = device.canonicalize().unwrap_or_else(|_| device.to_owned());
    v4l2(Path::new(V4L2), &device)
}

fn v4l2(class: &Path, device: &Path) -> Facts {
    let entry = device.file_name().map(|name| class.join(name));
    let of = |part: &str| entry.as_ref().map(|e| e.join(part));
    let name = of("name").and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let bus = entry.as_ref().and_then(|e| e.canonicalize().ok()).map(|p| p.to_string_lossy().into_owned());
    let driver = of("device/driver").and_then(|d| d.canonicalize().ok());
    let driver = driver.and_then(|d| Some(d.file_name()?.to_string_lossy().into_owned()));
    // Devices of modules that drive no hardware lie below devices/virtual (`Documentation/driver-api/driver-model`).
    let behind = match &bus {
        Some(path) if path.contains("/devices/virtual/") => Behind::Software,
        Some(_) if driver.is_some() => Behind::Hardware,
        _ => Behind::Unknown,
    };
    Facts {
        kind: ParticipantKind::Face,
        name: name.trim().to_owned(),
        driver: driver.unwrap_or_default(),
        bus: bus.unwrap_or_default(),
        behind,
    }
}

/// A PipeWire node, by its name or serial number; `None` where PipeWire tells of none. May take seconds.
///
/// PipeWire's own tool is asked, in a process of its own: its GStreamer provider (0.3.65) frees devices twice when nodes come and go, which
/// ended the guard.
#[must_use]
pub fn node(wanted: &str) -> Option<Facts> {
    let dump = read("pw-dump")?;
    nodes(&dump).iter().find(|p| is_named(p, wanted)).map(|p| of_node(ParticipantKind::Face, p))
}

fn is_named(node: &BTreeMap<String, String>, wanted: &str) -> bool {
    ["node.name", "object.serial"].iter().any(|key| node.get(*key).is_some_and(|v| v == wanted))
}

/// The properties of every node in what `pw-dump` prints.
fn nodes(dump: &str) -> Vec<BTreeMap<String, String>> {
    let objects: Vec<Value> = serde_json::from_str(dump).unwrap_or_default();
    let properties = |object: &Value| {
        let node = object["type"] == "PipeWire:Interface:Node";
        let all = object["info"]["props"].as_object().filter(|_| node)?;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(all.iter().map(|(key, value)| (key.clone(), text(value))).collect())
    };
    objects.iter().filter_map(properties).collect()
}

/// What a program prints, if it is there and ends in time.
fn read(program: &str) -> Option<String> {
    let mut command = Command::new(program);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let out = child.stdout.take()?;
    let (sender, printed) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = out.take(MOST_BYTES).read_to_string(&mut text);
        let _ = sender.send(read.is_ok().then_some(text));
    });
    let text = printed.recv_timeout(PATIENCE).ok().flatten();
    let _ = child.kill();
    let _ = child.wait();
    text
}

/// How long a program may take, and how much it may print.
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_BYTES: u64 = 16 << 20;

/// Every camera that the system tells of.
pub(crate) fn cameras() -> Vec<gst::Device> {
    let monitor = gst::DeviceMonitor::new();
    let _ = monitor.add_filter(Some("Video/Source"), None);
    // Started, not only asked: PipeWire's provider (0.3.65) then tidies up fewer devices that it never made.
    if monitor.start().is_err() {
        return Vec::new();
    }
    let devices = monitor.devices();
    monitor.stop();
    devices.into_iter().collect()
}

/// What a device says of itself.
pub(crate) fn properties(device: &gst::Device) -> BTreeMap<String, String> {
    let Some(all) = device.properties() else { return BTreeMap::new() };
    let text = |value: &gst::glib::SendValue| match value.get::<String>() {
        Ok(text) => Some(text),
        Err(_) => value.serialize().ok().map(|s| s.to_string()),
    };
    all.iter().filter_map(|(key, value)| Some((key.to_string(), text(value)?))).collect()
}

/// What a PipeWire node's properties tell (<https://docs.pipewire.org/page_man_pipewire-props_7.html>).
#[must_use]
pub fn of_node(kind: ParticipantKind, properties: &BTreeMap<String, String>) -> Facts {
    let first = |keys: &[&str]| keys.iter().find_map(|key| properties.get(*key)).cloned().unwrap_or_default();
    let is = |key: &str| properties.get(key).is_some_and(|v| v == "true" || v == "1");
    // A session manager makes a node for each device, and writes which; one that a client brings has none.
    let device = ["device.id", "device.api", "device.path", "api.v4l2.path", "api.libcamera.path", "api.alsa.path"];
    let made = properties.get("factory.name").is_some_and(|f| f.starts_with("support."));
    let behind = if is("node.virtual") || made || !device.iter().any(|key| properties.contains_key(*key)) {
        Behind::Software
    } else {
        Behind::Hardware
    };
    Facts {
        kind,
        name: first(&["node.description", "node.nick", "node.name"]),
        driver: first(&["api.v4l2.cap.driver", "v4l2.device.driver", "factory.name", "application.name", "media.name"]),
        bus: first(&["api.v4l2.cap.bus_info", "v4l2.device.bus_info", "device.bus_path", "node.name"]),
        behind,
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_by_software;
    use super::*;
    use std::os::unix::fs::symlink;

    fn map(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_kernel_tells_loopback_from_hardware() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        // As on a laptop: a UVC camera on USB, and v4l2loopback.
        for (device, entry, name) in [
            ("sys/devices/pci0000:00/0000:00:14.0/usb1/1-8/1-8:1.0", "video0", "Integrated Camera: Integrated C\n"),
            ("sys/devices/virtual", "video9", "Meeting Room Camera\n"),
        ] {
            let entry_dir = at(device).join("video4linux").join(entry);
            std::fs::create_dir_all(&entry_dir).unwrap();
            std::fs::create_dir_all(at("class")).unwrap();
            std::fs::write(entry_dir.join("name"), name).unwrap();
            symlink(&entry_dir, at("class").join(entry)).unwrap();
        }
        std::fs::create_dir_all(at("sys/bus/usb/drivers/uvcvideo")).unwrap();
        let usb = at("sys/devices/pci0000:00/0000:00:14.0/usb1/1-8/1-8:1.0");
        symlink(at("sys/bus/usb/drivers/uvcvideo"), usb.join("driver")).unwrap();
        symlink(&usb, usb.join("video4linux/video0/device")).unwrap();
        let facts = |device: &str| v4l2(&at("class"), Path::new(device));
        let real = facts("/dev/video0");
        assert_eq!(
            (real.name.as_str(), real.driver.as_str(), real.behind),
            ("Integrated Camera: Integrated C", "uvcvideo", Behind::Hardware)
        );
        assert_eq!(made_by_software(&real), None);
        let renamed = facts("/dev/video9");
        assert_eq!(
            (renamed.name.as_str(), renamed.behind),
            ("Meeting Room Camera", Behind::Software),
            "the path gives it away"
        );
        assert!(made_by_software(&renamed).is_some());
        assert_eq!(facts("/dev/video1").behind, Behind::Unknown);
    }

    #[test]
    fn pipewire_tells_a_clients_node_from_a_device() {
        // Recorded with pw-dump from a camera of WirePlumber's, gst-launch's pipewiresink, and a null sink.
        let camera = [
            ("device.api", "v4l2"),
            ("device.id", "42"),
            ("factory.name", "api.v4l2.source"),
            ("api.v4l2.path", "/dev/video0"),
            ("api.v4l2.cap.driver", "uvcvideo"),
            ("node.name", "v4l2_input.pci-0000_00_14.0-usb-0_8_1.0"),
            ("node.description", "Integrated Camera (V4L2)"),
        ];
        let facts = of_node(ParticipantKind::Face, &map(&camera));
        assert_eq!((facts.behind, made_by_software(&facts)), (Behind::Hardware, None));
        let loopback =
            map(&[&camera[..3], &[("api.v4l2.cap.driver", "v4l2 loopback"), ("node.description", "Cam (V4L2)")]]
                .concat());
        assert!(made_by_software(&of_node(ParticipantKind::Face, &loopback)).is_some(), "its driver is known");
        let client = [
            ("client.id", "35"),
            ("media.class", "Video/Source"),
            ("node.name", "camera-1"),
            ("node.description", "gst-launch-1.0"),
        ];
        let found = made_by_software(&of_node(ParticipantKind::Face, &map(&client))).unwrap();
        assert!(found.detail.contains("gst-launch-1.0") && found.detail.contains("no device"), "{found:?}");
        let null = [("factory.name", "support.null-audio-sink"), ("node.name", "speech"), ("device.id", "1")];
        assert_eq!(of_node(ParticipantKind::Voice, &map(&null)).behind, Behind::Software);
    }
}
