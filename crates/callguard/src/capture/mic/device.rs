//! Which microphones there are, and what they record natively.

use callguard_core::ParticipantKind;
use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, DeviceDescription, DeviceType, Host, HostId, InterfaceType, SampleFormat, SupportedStreamConfig};

use crate::capture::provenance::{Behind, Facts};
use crate::trouble::{Stage, Trouble, code};

/// One device that can be recorded from.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What to write after `mic:`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether `mic` alone means it.
    pub default: bool,
    /// What it records by itself, or why that cannot be told.
    pub native: String,
    /// What is known of it.
    pub facts: Facts,
}

/// Every device of every sound server and driver that is there.
#[must_use]
pub fn list() -> Vec<(HostId, Result<Vec<Listed>, String>)> {
    let hosts = cpal::available_hosts().into_iter();
    hosts.map(|id| (id, cpal::host_from_id(id).map_err(|e| e.to_string()).and_then(|host| of_host(&host)))).collect()
}

fn of_host(host: &Host) -> Result<Vec<Listed>, String> {
    let default = host.default_input_device().and_then(|d| d.id().ok());
    let is_default_host = host.id() == cpal::default_host().id();
    let devices = host.input_devices().map_err(|e| e.to_string())?;
    Ok(devices
        .filter_map(|device| {
            let id = device.id().ok()?;
            let native = match config(&device) {
                Ok(c) => format!("{} Hz, {} channel(s), {}", c.sample_rate(), c.channels(), c.sample_format()),
                Err(trouble) => trouble.message,
            };
            let default = is_default_host && default.as_ref() == Some(&id);
            let name = device.description().map_or_else(|_| id.to_string(), |d| d.name().to_owned());
            Some(Listed { id: id.to_string(), name, default, native, facts: facts(&device) })
        })
        .collect())
}

/// What its driver tells of a device.
pub fn facts(device: &Device) -> Facts {
    let described = device.description().ok();
    let text =
        |of: fn(&DeviceDescription) -> Option<&str>| described.as_ref().and_then(of).unwrap_or_default().to_owned();
    let is = |virtual_: fn(&DeviceDescription) -> bool| described.as_ref().is_some_and(virtual_);
    let software =
        is(|d| d.device_type() == DeviceType::Virtual) || is(|d| d.interface_type() == InterfaceType::Virtual);
    Facts {
        kind: ParticipantKind::Voice,
        name: text(|d| Some(d.name())),
        driver: text(DeviceDescription::driver),
        bus: text(DeviceDescription::address),
        behind: if software { Behind::Software } else { Behind::Unknown },
    }
}

/// Opens a device by what [`list`] calls it; `None`: the default one.
///
/// # Errors
/// [`code::DEVICE`] where there is no such device.
pub fn find(wanted: Option<&str>) -> Result<Device, Trouble> {
    let none = |what: String| {
        Trouble::new(code::DEVICE, Stage::Open, what, "`callguard devices` lists what can be recorded from.")
    };
    let Some(wanted) = wanted else {
        return cpal::default_host().default_input_device().ok_or_else(|| none("there is no microphone".to_owned()));
    };
    for id in cpal::available_hosts() {
        let Ok(host) = cpal::host_from_id(id) else { continue };
        let Ok(mut devices) = host.input_devices() else { continue };
        let named = |d: &Device| {
            d.id().is_ok_and(|id| id.to_string() == wanted || id.id() == wanted)
                || d.description().is_ok_and(|d| d.name() == wanted)
        };
        if let Some(device) = devices.find(named) {
            return Ok(device);
        }
    }
    Err(none(format!("there is no microphone {wanted}")))
}

/// Sample formats that go on as they are.
pub const FORMATS: [SampleFormat; 4] = [SampleFormat::I16, SampleFormat::I32, SampleFormat::F32, SampleFormat::F64];
/// Most channels of a device: the limit on what comes in.
const MOST_CHANNELS: u16 = 8;

/// What to record: the device's own choice, or the nearest to it that can be handled.
///
/// # Errors
/// [`code::DEVICE`] where it offers nothing that can.
pub fn config(device: &Device) -> Result<SupportedStreamConfig, Trouble> {
    let busy = |e: cpal::Error| {
        Trouble::new(code::DEVICE, Stage::Open, e.to_string(), "Is another program recording from it?")
    };
    let own = device.default_input_config().map_err(busy)?;
    let fits = |format: SampleFormat, channels: u16| FORMATS.contains(&format) && channels <= MOST_CHANNELS;
    if fits(own.sample_format(), own.channels()) {
        return Ok(own);
    }
    device
        .supported_input_configs()
        .map_err(busy)?
        .filter(|c| fits(c.sample_format(), c.channels()))
        .find_map(|c| c.try_with_sample_rate(own.sample_rate()))
        .ok_or_else(|| {
            let what = format!("it records {} channel(s) of {} only", own.channels(), own.sample_format());
            Trouble::new(code::DEVICE, Stage::Open, what, "Choose another device, or let the sound server convert.")
        })
}
