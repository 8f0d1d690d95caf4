//! A microphone as a GStreamer source: cpal's callback → `appsrc`, at the device's own rate, supervised.

mod clock;
mod device;
mod record;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_audio as gst_audio;
use tracing::{info, warn};

use super::provenance::Facts;
use crate::alert::Backoff;
use crate::trouble::{Stage, Trouble, code};
use clock::CaptureClock;
pub use device::{Listed, list};
use record::Recording;

/// How often recorded blocks are passed on: a quarter of the 40 ms a listener begins to notice.
const FEED: Duration = Duration::from_millis(10);
/// A device that gives nothing for so long is taken for lost: unplugged devices often do not say so.
const STALLED: Duration = Duration::from_secs(2);
const REBUILD: Backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(10) };

/// Who wants to know which device was opened, and when it is lost.
pub type Opened = Box<dyn Fn(Option<&Facts>) + Send>;

/// A microphone that feeds an `appsrc` until it is dropped.
#[derive(Debug)]
pub struct Mic {
    source: gst_app::AppSrc,
    stop: Arc<AtomicBool>,
    feeder: Option<JoinHandle<()>>,
}

impl Mic {
    /// Opens the device that `wanted` names (`None`: the default) and begins feeding. `clock` and `base` are the pipeline's; `opened_as` is told what
    /// each device is that it opens.
    ///
    /// # Errors
    /// [`code::DEVICE`] where it cannot be opened now; later losses are mended by themselves.
    pub fn start(
        wanted: Option<&str>,
        clock: &gst::Clock,
        base: gst::ClockTime,
        opened_as: Opened,
    ) -> Result<Self, Trouble> {
        let source = gst_app::AppSrc::builder()
            .format(gst::Format::Time)
            .is_live(true)
            .do_timestamp(false)
            // What is downstream passes at once; a second of room covers a stall, past that the oldest goes.
            .max_time(gst::ClockTime::from_seconds(1))
            .leaky_type(gst_app::AppLeakyType::Downstream)
            .build();
        let stop = Arc::new(AtomicBool::new(false));
        let feeder = Feeder {
            wanted: wanted.map(str::to_owned),
            source: source.clone(),
            clock: clock.clone(),
            base,
            stop: Arc::clone(&stop),
            device: 0,
            opened_as,
        };
        let (opened, first) = crossbeam_channel::bounded(1);
        // Some hosts' streams must stay on the thread that made them.
        let thread = std::thread::Builder::new().name("mic".into()).spawn(move || feeder.run(&opened));
        let thread = thread.map_err(|e| {
            Trouble::new(code::INTERNAL, Stage::Open, format!("no thread: {e}"), "Lower the system's load.")
        })?;
        let mic = Self { source, stop, feeder: Some(thread) };
        match first.recv_timeout(Duration::from_secs(10)) {
            Ok(Ok(())) => Ok(mic),
            Ok(Err(trouble)) => Err(trouble),
            Err(_) => Err(Trouble::new(
                code::DEVICE,
                Stage::Open,
                "the microphone does not answer",
                "Is the sound server running?",
            )),
        }
    }

    /// The element to put into the pipeline.
    #[must_use]
    pub fn element(&self) -> &gst::Element {
        self.source.upcast_ref()
    }
}

impl Drop for Mic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }
}

struct Feeder {
    wanted: Option<String>,
    source: gst_app::AppSrc,
    clock: gst::Clock,
    base: gst::ClockTime,
    stop: Arc<AtomicBool>,
    /// Counts the devices that were opened: each is a source of its own to whoever listens.
    device: u32,
    opened_as: Opened,
}

impl Feeder {
    fn run(mut self, opened: &crossbeam_channel::Sender<Result<(), Trouble>>) {
        let mut failures = 0;
        while !self.stop.load(Ordering::Acquire) {
            match self.open() {
                Ok((recording, caps)) => {
                    let _ = opened.try_send(Ok(()));
                    failures = 0;
                    self.feed(&recording, &caps);
                    // The next one may be another.
                    (self.opened_as)(None);
                }
                Err(trouble) => {
                    failures += 1;
                    if opened.try_send(Err(trouble.clone())).is_ok() {
                        return;
                    }
                    warn!(stage = "capture", "microphone: {trouble}");
                }
            }
            self.rest(REBUILD.wait(failures.max(1), 0.5));
        }
        let _ = self.source.end_of_stream();
    }

    fn open(&mut self) -> Result<(Recording, gst_audio::AudioInfo), Trouble> {
        let device = device::find(self.wanted.as_deref())?;
        let config = device::config(&device)?;
        let format = match config.sample_format() {
            cpal::SampleFormat::I16 => gst_audio::AudioFormat::S16le,
            cpal::SampleFormat::I32 => gst_audio::AudioFormat::S32le,
            cpal::SampleFormat::F64 => gst_audio::AudioFormat::F64le,
            _ => gst_audio::AudioFormat::F32le,
        };
        let broken =
            |e: gst::glib::BoolError| Trouble::new(code::DEVICE, Stage::Open, e.to_string(), "Choose another device.");
        let info = gst_audio::AudioInfo::builder(format, config.sample_rate(), u32::from(config.channels()))
            .build()
            .map_err(broken)?;
        let caps = info.to_caps().map_err(broken)?;
        let recording = Recording::start(&device, &config, self.clock.clone())?;
        (self.opened_as)(Some(&device::facts(&device)));
        self.device += 1;
        info!(stage = "capture", rate_hz = config.sample_rate(), channels = config.channels(), "recording");
        if self.device > 1 {
            // A new stream tells the elements that what follows may come from another device.
            let id = format!("mic-{}", self.device);
            self.source.send_event(gst::event::StreamStart::new(&id));
        }
        self.source.set_caps(Some(&caps));
        Ok((recording, info))
    }

    /// Passes blocks on until the device is lost or the end is asked for.
    fn feed(&self, recording: &Recording, info: &gst_audio::AudioInfo) {
        let mut line = CaptureClock::new(info.rate());
        let (mut last, mut overruns) = (Instant::now(), 0);
        let frame = info.bpf().max(1) as usize;
        while !self.stop.load(Ordering::Acquire) {
            while let Some(block) = recording.ready.pop() {
                last = Instant::now();
                let now = recording.health.overruns.load(Ordering::Acquire);
                let lost = block.lost || now != overruns;
                overruns = now;
                let frames = (block.bytes.len() / frame) as u64;
                let stamp = line.stamp(frames, block.captured_ns.saturating_sub(self.base.nseconds()), lost);
                let mut buffer = gst::Buffer::from_slice(block.bytes.clone());
                recording.free(block);
                if let Some(buffer) = buffer.get_mut() {
                    buffer.set_pts(gst::ClockTime::from_nseconds(stamp.pts_ns));
                    buffer.set_duration(gst::ClockTime::from_nseconds(
                        frames * 1_000_000_000 / u64::from(info.rate().max(1)),
                    ));
                    if stamp.discontinuity {
                        buffer.set_flags(gst::BufferFlags::DISCONT);
                    }
                }
                if self.source.push_buffer(buffer).is_err() {
                    return;
                }
            }
            if recording.health.broken() || last.elapsed() > STALLED {
                let silent_s = last.elapsed().as_secs_f64();
                warn!(stage = "capture", silent_s, "the microphone was lost; trying to open it again");
                return;
            }
            std::thread::sleep(FEED);
        }
    }

    fn rest(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end && !self.stop.load(Ordering::Acquire) {
            std::thread::sleep(FEED);
        }
    }
}
