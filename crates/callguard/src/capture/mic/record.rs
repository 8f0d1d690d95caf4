//! Recording: the callback copies into blocks that are there already and returns; everything else happens elsewhere.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{Device, ErrorKind, SupportedStreamConfig};
use crossbeam_queue::ArrayQueue;
use gst::prelude::*;
use gstreamer as gst;

use crate::trouble::{Stage, Trouble, code};

/// One block holds so much; a longer callback fills several.
const BLOCK_MS: usize = 20;
/// So many blocks: 5 s, far beyond what the feeding thread ever lags.
const BLOCKS: usize = 256;

/// What a callback delivered.
#[derive(Debug)]
pub struct Recorded {
    /// Interleaved frames; the capacity is fixed.
    pub bytes: Vec<u8>,
    /// The pipeline's clock when the first frame was captured, nanoseconds.
    pub captured_ns: u64,
    /// Frames were lost right before it.
    pub lost: bool,
}

/// How a stream fares; written by callbacks.
#[derive(Debug, Default)]
pub struct Health {
    /// Frames for which no block was free.
    pub lost_frames: AtomicU64,
    /// 0: fine, 1: must be built anew, 2: gone for good until found again.
    broken: AtomicU8,
    /// The system refused a real-time thread; recording goes on.
    pub no_realtime: AtomicU8,
    /// The driver lost frames.
    pub overruns: AtomicU64,
}

impl Health {
    /// The stream says of itself that it will give nothing more.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.broken.load(Ordering::Acquire) > 0
    }

    fn note(&self, error: &cpal::Error) {
        match error.kind() {
            ErrorKind::Xrun => {
                self.overruns.fetch_add(1, Ordering::AcqRel);
            }
            ErrorKind::RealtimeDenied => self.no_realtime.store(1, Ordering::Release),
            _ => self.broken.store(1, Ordering::Release),
        }
    }
}

/// A running recording. Dropping it ends it.
pub struct Recording {
    /// Records while it lives.
    _stream: cpal::Stream,
    /// Blocks to read; give each back to [`Recording::free`].
    pub ready: Arc<ArrayQueue<Recorded>>,
    free: Arc<ArrayQueue<Recorded>>,
    /// How it fares.
    pub health: Arc<Health>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").field("health", &self.health).finish_non_exhaustive()
    }
}

impl Recording {
    /// Begins recording; times are taken from `clock`.
    ///
    /// # Errors
    /// [`code::DEVICE`] where the device refuses.
    pub fn start(device: &Device, config: &SupportedStreamConfig, clock: gst::Clock) -> Result<Self, Trouble> {
        let refuse = |e: cpal::Error| {
            Trouble::new(
                code::DEVICE,
                Stage::Open,
                format!("the microphone cannot be used: {e}"),
                "Is another program using it? `callguard devices` lists others.",
            )
        };
        let frame = config.sample_format().sample_size() * usize::from(config.channels());
        let capacity = (config.sample_rate() as usize * BLOCK_MS / 1000).max(1) * frame;
        let (ready, free) = (Arc::new(ArrayQueue::new(BLOCKS)), Arc::new(ArrayQueue::new(BLOCKS)));
        for _ in 0..BLOCKS {
            let _ = free.push(Recorded { bytes: Vec::with_capacity(capacity), captured_ns: 0, lost: false });
        }
        let health = Arc::new(Health::default());
        let taker = Taker {
            ready: Arc::clone(&ready),
            free: Arc::clone(&free),
            health: Arc::clone(&health),
            clock,
            ns_per_frame: 1_000_000_000 / u64::from(config.sample_rate().max(1)),
            frame,
            capacity,
            lost: false,
        };
        let stream = build(device, config, &health, taker).map_err(refuse)?;
        stream.play().map_err(refuse)?;
        Ok(Self { _stream: stream, ready, free, health })
    }

    /// Gives a block back.
    pub fn free(&self, mut block: Recorded) {
        block.bytes.clear();
        let _ = self.free.push(block);
    }
}

/// Builds the stream, in blocks of [`BLOCK_MS`] where the device can: by themselves some sound servers deliver seconds at once.
fn build(
    device: &Device,
    config: &SupportedStreamConfig,
    health: &Arc<Health>,
    taker: Taker,
) -> Result<cpal::Stream, cpal::Error> {
    // Shared by two attempts; the second is made only where the first left no stream, so nobody waits for the lock.
    let taker = Arc::new(Mutex::new(taker));
    let attempt = |size| {
        let (taker, errors) = (Arc::clone(&taker), Arc::clone(health));
        device.build_input_stream_raw(
            cpal::StreamConfig { buffer_size: size, ..config.config() },
            config.sample_format(),
            move |data, info| {
                let stamp = info.timestamp();
                let age = stamp.callback.saturating_duration_since(stamp.capture);
                if let Ok(mut taker) = taker.try_lock() {
                    taker.take(data.bytes(), age.as_nanos() as u64);
                }
            },
            move |error| errors.note(&error),
            Some(std::time::Duration::from_secs(5)),
        )
    };
    let frames = config.sample_rate() / (1000 / BLOCK_MS as u32);
    attempt(cpal::BufferSize::Fixed(frames.max(1))).or_else(|_| attempt(cpal::BufferSize::Default))
}

/// The callback's half. No allocation, no lock, no log: it runs on the sound server's real-time thread.
struct Taker {
    ready: Arc<ArrayQueue<Recorded>>,
    free: Arc<ArrayQueue<Recorded>>,
    health: Arc<Health>,
    clock: gst::Clock,
    ns_per_frame: u64,
    frame: usize,
    capacity: usize,
    lost: bool,
}

impl Taker {
    fn take(&mut self, bytes: &[u8], age_ns: u64) {
        let now = self.clock.time().nseconds();
        // Some hosts report the age of the newest frame: the first one is at least as old as the block is long.
        let long_ns = (bytes.len() / self.frame) as u64 * self.ns_per_frame;
        let mut captured_ns = now.saturating_sub(age_ns.max(long_ns));
        for part in bytes.chunks(self.capacity) {
            let frames = (part.len() / self.frame) as u64;
            match self.free.pop() {
                Some(mut block) => {
                    block.bytes.extend_from_slice(part);
                    block.captured_ns = captured_ns;
                    block.lost = self.lost;
                    // There are as many places as blocks.
                    self.lost = self.ready.push(block).is_err();
                }
                None => {
                    self.lost = true;
                    self.health.lost_frames.fetch_add(frames, Ordering::Relaxed);
                }
            }
            captured_ns += frames * self.ns_per_frame;
        }
    }
}
