//! A recording, decoded faster than real time: blocks of samples at the native rate, in order, none dropped.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use callguard_audio::{Block, Format, SampleFormat};
use callguard_core::MediaTime;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_audio as gst_audio;

use super::guard::{Guard, caps_trouble, trouble_of};
use super::open::open as open_place;
use super::{element, whole};
use crate::capture::Place;
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// Takes a stream's blocks; an error ends the decoding.
pub type Taker = Box<dyn FnMut(Block<'_>) -> Result<(), Trouble> + Send>;

/// What came of it.
#[derive(Debug)]
pub struct Decoded {
    /// Audio streams that gave something.
    pub streams: u32,
    /// End of the last block of any stream.
    pub heard: Duration,
    /// Why it is less than the whole, where it is.
    pub cut: Option<Trouble>,
}

/// Breaches after which nothing is said of an input.
const REFUSED: [&str; 4] = [code::CAPS_LIMIT, code::STREAMS_LIMIT, code::NESTED_SOURCE, code::INTERNAL];

/// After an error, what is already on its way is still heard; it is all there once nothing came for so long.
const DRAINED: Duration = Duration::from_millis(500);

/// Jumps in time stamps up to this are rounding of containers (the coarsest in use count milliseconds; MP3 and AAC frames last
/// up to 26 ms at 44.1 kHz, so a lost frame must show).
const JITTER: Duration = Duration::from_millis(20);

/// Decodes `place`. `open` is asked once per audio stream, in the order in which the demuxer shows them, and gives what takes its
/// blocks. Takers run on the decoder's own threads, so a slow one slows the decoder and nothing is dropped.
///
/// # Errors
/// Where nothing could be heard. What fails later is in [`Decoded::cut`].
pub fn decode(
    place: &Place,
    shown: &str,
    limits: &Limits,
    progress: &dyn Fn(f64),
    open: impl Fn(u32) -> Taker + Send + Sync + 'static,
) -> Result<Decoded, Trouble> {
    place.check(limits)?;
    if let Place::File(path) = place
        && whole::lacks_index(path)
    {
        // Said here since uridecodebin may keep the demuxer's complaint to itself, and wait.
        let what = format!("{shown}: the recording was never finished: its index is missing");
        return Err(Trouble::new(code::DECODE, Stage::Open, what, "Only a tool that rebuilds the index can save it."));
    }
    let guard = Guard::new(limits, shown);
    let state = Arc::new(State::default());
    let pipeline = gst::Pipeline::new();
    let decoder = open_place(place, &pipeline, &guard)?;
    let link = Link {
        shown: shown.into(),
        limits: limits.clone(),
        guard: guard.clone(),
        state: Arc::clone(&state),
        open: Box::new(open),
    };
    let weak = pipeline.downgrade();
    decoder.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        if let Err(trouble) = link.connect(&pipeline, pad) {
            link.guard.note(trouble);
        }
    });
    let done = Arc::clone(&state);
    decoder.connect_no_more_pads(move |_| done.complete.store(true, Ordering::Release));
    let ended = Run {
        pipeline: &pipeline,
        guard: &guard,
        state: &state,
        limits,
        shown,
        local: matches!(place, Place::File(_)),
        progress,
    }
    .run();
    // Also where an error ended it: joins the decoder's threads, so no taker runs after this.
    let _ = pipeline.set_state(gst::State::Null);
    let heard = Duration::from_nanos(state.heard_ns.load(Ordering::Acquire));
    let streams = *state.streams.lock().unwrap_or_else(PoisonError::into_inner);
    let cut = ended.err().or_else(|| match place {
        Place::File(path) => whole::shortfall(path, heard).map(|missing| cut_short(shown, &missing)),
        Place::Remote(_) => None,
    });
    match cut {
        // What breaks a rule is refused whole: how much was heard before is chance, and nothing may rest on it.
        Some(trouble) if heard.is_zero() || REFUSED.contains(&trouble.code.as_str()) => Err(trouble),
        cut => Ok(Decoded { streams, heard, cut }),
    }
}

fn internal(shown: &str, error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(
        code::INTERNAL,
        Stage::Open,
        format!("{shown}: {error}"),
        "This is a defect of callguard: please report it.",
    )
}

fn cut_short(shown: &str, missing: &str) -> Trouble {
    Trouble::new(
        code::DECODE,
        Stage::Capture,
        format!("{shown}: the file ends {missing} before its header says"),
        "The recording was cut off; what was there was heard.",
    )
}

/// What the decoder's threads tell the one that waits.
#[derive(Debug, Default)]
struct State {
    streams: Mutex<u32>,
    complete: AtomicBool,
    heard_ns: AtomicU64,
    /// Counts blocks; a change is progress.
    blocks: AtomicU64,
    /// Streams that have ended.
    ended: AtomicU64,
    /// Takers at work: their time is not the input's silence.
    busy: AtomicU64,
}

struct Link {
    shown: String,
    limits: Limits,
    guard: Guard,
    state: Arc<State>,
    open: Box<dyn Fn(u32) -> Taker + Send + Sync>,
}

impl Link {
    fn connect(&self, pipeline: &gst::Pipeline, pad: &gst::Pad) -> Result<(), Trouble> {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let Some(s) = caps.structure(0).filter(|s| s.name() == "audio/x-raw") else { return Ok(()) };
        if let Some(trouble) = caps_trouble(&self.limits, &self.shown, s) {
            return Err(trouble);
        }
        let number = {
            let mut streams = self.state.streams.lock().unwrap_or_else(PoisonError::into_inner);
            if *streams >= self.limits.streams {
                let most = self.limits.streams;
                return Err(Trouble::new(
                    code::STREAMS_LIMIT,
                    Stage::Open,
                    format!("{}: more than {most} audio streams", self.shown),
                    "Split the recording.",
                ));
            }
            *streams += 1;
            *streams
        };
        let convert = element::make("audioconvert")?;
        let sink = gst_app::AppSink::builder().sync(false).caps(&formats()).max_buffers(1).build();
        sink.set_enable_last_sample(false);
        let mut stream = Stream {
            limits: self.limits.clone(),
            shown: self.shown.clone(),
            guard: self.guard.clone(),
            state: Arc::clone(&self.state),
            take: (self.open)(number),
            next: None,
        };
        let state = Arc::clone(&self.state);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .eos(move |_| {
                    state.ended.fetch_add(1, Ordering::AcqRel);
                })
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    stream.sample(&sample)
                })
                .build(),
        );
        let parts = [convert.upcast_ref(), sink.upcast_ref::<gst::Element>()];
        pipeline.add_many(parts).map_err(|e| internal(&self.shown, &e))?;
        gst::Element::link_many(parts).map_err(|e| internal(&self.shown, &e))?;
        for part in parts {
            part.sync_state_with_parent().map_err(|e| internal(&self.shown, &e))?;
        }
        let into = convert.static_pad("sink").ok_or_else(|| internal(&self.shown, &"audioconvert has no sink pad"))?;
        pad.link(&into).map_err(|e| internal(&self.shown, &format!("a stream cannot be linked: {e:?}")))?;
        Ok(())
    }
}

fn formats() -> gst::Caps {
    use gst_audio::AudioFormat::{F32le, F64le, S16le, S32le};
    gst_audio::AudioCapsBuilder::new_interleaved().format_list([S16le, F32le, S32le, F64le]).build()
}

struct Stream {
    limits: Limits,
    shown: String,
    guard: Guard,
    state: Arc<State>,
    take: Taker,
    /// Where the next block begins if nothing is missing: anchor, frames since, rate.
    next: Option<(MediaTime, u64, u32)>,
}

impl Stream {
    fn sample(&mut self, sample: &gst::Sample) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.state.busy.fetch_add(1, Ordering::AcqRel);
        // A panic must not cross into C.
        let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.take(sample)));
        self.state.busy.fetch_sub(1, Ordering::AcqRel);
        self.state.blocks.fetch_add(1, Ordering::AcqRel);
        match taken {
            Ok(Ok(())) if self.guard.found().is_none() => Ok(gst::FlowSuccess::Ok),
            Ok(Ok(())) => Err(gst::FlowError::Eos),
            Ok(Err(trouble)) => {
                self.guard.note(trouble);
                Err(gst::FlowError::Eos)
            }
            Err(_) => {
                self.guard.note(internal(&self.shown, &"an analysis panicked"));
                Err(gst::FlowError::Eos)
            }
        }
    }

    fn take(&mut self, sample: &gst::Sample) -> Result<(), Trouble> {
        let broken = |what: &dyn std::fmt::Display| {
            Trouble::new(code::DECODE, Stage::Capture, format!("{}: {what}", self.shown), "The recording is damaged.")
        };
        let (Some(buffer), Some(caps)) = (sample.buffer(), sample.caps()) else { return Ok(()) };
        let info = gst_audio::AudioInfo::from_caps(caps).map_err(|e| broken(&e))?;
        if let Some(trouble) = caps.structure(0).and_then(|s| caps_trouble(&self.limits, &self.shown, s)) {
            return Err(trouble);
        }
        let format = format_of(&info).ok_or_else(|| broken(&"an unexpected sample format"))?;
        let map = buffer.map_readable().map_err(|e| broken(&e))?;
        let frames = (map.size() as u64) / u64::from(info.bpf().max(1));
        let stamp = sample
            .segment()
            .and_then(|s| s.downcast_ref::<gst::ClockTime>())
            .zip(buffer.pts())
            .and_then(|(segment, pts)| segment.to_running_time(pts))
            .map(|t| MediaTime::from_nanos(t.nseconds()));
        let (at, discontinuity) = self.place(stamp, format.rate_hz, frames);
        let filled = buffer.flags().intersects(gst::BufferFlags::GAP | gst::BufferFlags::DROPPABLE);
        (self.take)(Block { bytes: &map[..frames as usize * info.bpf() as usize], format, at, discontinuity, filled })?;
        let end = at + MediaTime::from_frames(frames, format.rate_hz).since(MediaTime::ZERO);
        self.state.heard_ns.fetch_max(end.as_nanos(), Ordering::AcqRel);
        if end.since(MediaTime::ZERO) > self.limits.duration {
            let most = self.limits.duration.as_secs();
            return Err(Trouble::new(
                code::DURATION_LIMIT,
                Stage::Capture,
                format!("{}: longer than {most} s; the rest was not heard", self.shown),
                "Raise capture.duration_s, or cut the recording.",
            ));
        }
        Ok(())
    }

    /// Time of a block: counted in frames while the stamps agree, so that their rounding does not reach the analysis.
    fn place(&mut self, stamp: Option<MediaTime>, rate_hz: u32, frames: u64) -> (MediaTime, bool) {
        let expected = self.next.filter(|(_, _, rate)| *rate == rate_hz).map(|(anchor, since, rate)| {
            (anchor, since, anchor + MediaTime::from_frames(since, rate).since(MediaTime::ZERO))
        });
        let (anchor, since, at, jump) = match (expected, stamp) {
            (Some((anchor, since, expected)), Some(stamp)) => {
                let off = stamp.since(expected).max(expected.since(stamp));
                if off <= JITTER { (anchor, since, expected, false) } else { (stamp, 0, stamp, true) }
            }
            (Some((anchor, since, expected)), None) => (anchor, since, expected, false),
            (None, stamp) => {
                let stamp = stamp.unwrap_or_default();
                (stamp, 0, stamp, self.next.is_some())
            }
        };
        self.next = Some((anchor, since + frames, rate_hz));
        (at, jump)
    }
}

fn format_of(info: &gst_audio::AudioInfo) -> Option<Format> {
    use gst_audio::AudioFormat::{F32le, F64le, S16le, S32le};
    let sample = match info.format() {
        S16le => SampleFormat::S16,
        S32le => SampleFormat::S32,
        F32le => SampleFormat::F32,
        F64le => SampleFormat::F64,
        _ => return None,
    };
    Some(Format { rate_hz: info.rate(), channels: u16::try_from(info.channels()).ok()?, sample })
}

struct Run<'a> {
    pipeline: &'a gst::Pipeline,
    guard: &'a Guard,
    state: &'a State,
    limits: &'a Limits,
    shown: &'a str,
    local: bool,
    progress: &'a dyn Fn(f64),
}

impl Run<'_> {
    /// Waits for the end, an error, a breach of the limits, or silence.
    fn run(&self) -> Result<(), Trouble> {
        let bus = self.pipeline.bus().ok_or_else(|| internal(self.shown, &"a pipeline without a bus"))?;
        if self.pipeline.set_state(gst::State::Playing).is_err() {
            let message = bus.timed_pop_filtered(gst::ClockTime::ZERO, &[gst::MessageType::Error]);
            return Err(message.map_or_else(|| internal(self.shown, &"it does not start"), |m| self.explain(&m)));
        }
        let (begin, mut last, mut seen) = (Instant::now(), Instant::now(), 0);
        loop {
            let message = bus.timed_pop_filtered(
                gst::ClockTime::from_mseconds(50),
                &[gst::MessageType::Error, gst::MessageType::Eos],
            );
            if let Some(trouble) = self.guard.found() {
                return Err(trouble);
            }
            if let Some(message) = message {
                return match message.view() {
                    gst::MessageView::Eos(_) => self.ended(),
                    _ => {
                        let trouble = self.explain(&message);
                        self.drain();
                        Err(self.guard.found().unwrap_or(trouble))
                    }
                };
            }
            if self.all_ended() {
                // The message of the end may not come where a stream ended while its sink was still starting. An error that
                // was posted before the end is on the bus by now.
                let error = bus.pop_filtered(&[gst::MessageType::Error]).map(|m| self.explain(&m));
                return error.map_or_else(|| self.ended(), Err);
            }
            let blocks = self.state.blocks.load(Ordering::Acquire);
            if blocks != seen || self.state.busy.load(Ordering::Acquire) > 0 {
                (last, seen) = (Instant::now(), blocks);
                self.report();
            } else if self.state.complete.load(Ordering::Acquire) && self.streams() == 0 {
                return Err(self.no_audio());
            }
            if seen == 0 && begin.elapsed() > self.limits.open_timeout && self.state.busy.load(Ordering::Acquire) == 0 {
                return Err(self.late(code::OPEN_TIMEOUT, "did not open within", self.limits.open_timeout));
            }
            if seen > 0 && last.elapsed() > self.limits.data_timeout {
                return Err(self.late(code::DATA_TIMEOUT, "gave nothing more for", self.limits.data_timeout));
            }
        }
    }

    /// Waits until what was decoded before an error is heard, so that the result does not depend on who was faster.
    fn drain(&self) {
        let (mut last, mut seen) = (Instant::now(), self.state.blocks.load(Ordering::Acquire));
        while self.state.ended.load(Ordering::Acquire) < u64::from(self.streams()) && last.elapsed() < DRAINED {
            std::thread::sleep(Duration::from_millis(5));
            let blocks = self.state.blocks.load(Ordering::Acquire);
            if blocks != seen || self.state.busy.load(Ordering::Acquire) > 0 {
                (last, seen) = (Instant::now(), blocks);
            }
        }
    }

    fn all_ended(&self) -> bool {
        let streams = u64::from(self.streams());
        streams > 0
            && self.state.complete.load(Ordering::Acquire)
            && self.state.ended.load(Ordering::Acquire) == streams
    }

    fn streams(&self) -> u32 {
        *self.state.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> Result<(), Trouble> {
        if self.streams() == 0 {
            return Err(self.no_audio());
        }
        if self.state.heard_ns.load(Ordering::Acquire) == 0 {
            let what = format!("{}: its audio stream is empty", self.shown);
            return Err(Trouble::new(code::NO_AUDIO, Stage::Open, what, "Was the recording finished?"));
        }
        Ok(())
    }

    fn no_audio(&self) -> Trouble {
        Trouble::new(
            code::NO_AUDIO,
            Stage::Open,
            format!("{}: no audio stream", self.shown),
            "Name a recording that has sound.",
        )
    }

    fn late(&self, code: &str, what: &str, after: Duration) -> Trouble {
        let message = format!("{}: {what} {:.1} s", self.shown, after.as_secs_f64());
        Trouble::new(
            code,
            Stage::Capture,
            message,
            "Try again, or raise capture.open_timeout_s or capture.data_timeout_s.",
        )
    }

    fn report(&self) {
        let duration = self.pipeline.query_duration::<gst::ClockTime>().map_or(0.0, |d| d.nseconds() as f64);
        if duration > 0.0 {
            (self.progress)((self.state.heard_ns.load(Ordering::Acquire) as f64 / duration).min(1.0));
        }
    }

    fn explain(&self, message: &gst::MessageRef) -> Trouble {
        let gst::MessageView::Error(error) = message.view() else {
            return internal(self.shown, &"an unexpected message");
        };
        tracing::debug!(stage = "capture", input = self.shown, "{} ({:?})", error.error(), error.debug());
        if self.guard.soundless() {
            return self.no_audio();
        }
        let heard = self.state.blocks.load(Ordering::Acquire) > 0;
        trouble_of(self.shown, &error.error(), self.local, heard)
    }
}
