//! The ears: samples to speech windows to voice evidence.
//!
//! Read it in the order of the flow: *capture* turns blocks of any rate and channel count into 16 kHz mono frames, *gate* tells which are
//! speech, *window* joins 4 s of speech and measures what could be observed in it, *detect* asks a model and calibrates
//! its answer. All but the last is pure: no clock, no threads, no I/O.
//!
//! ```
//! use callguard_audio::{Block, Format, Heard, SampleFormat, VoiceWindows, WindowSettings};
//! use callguard_core::{Abstain, MediaTime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let format = Format { rate_hz: 48_000, channels: 2, sample: SampleFormat::S16 };
//! let mut ears = VoiceWindows::new(WindowSettings::default())?;
//! let mut heard = Vec::new();
//! let second = vec![0; 48_000 * format.frame_bytes()];
//! ears.push(&Block { format, bytes: &second, at: MediaTime::ZERO, discontinuity: false, filled: false }, &mut heard)?;
//! ears.flush(&mut heard);
//! assert!(heard.iter().all(|h| matches!(h, Heard::Abstained { reason: Abstain::Silence, .. })));
//! # Ok(())
//! # }
//! ```
//!
//! What it costs (`cargo run --release -p callguard-audio --example voice_windows -- --no-model …` over recorded speech): about
//! 1.5 thousandths of a core for each stream, models and the search for announcements not counted. What it keeps for each stream: the window and
//! 20 s of levels, under 1 MB.
#![warn(clippy::disallowed_methods)]
// `!(x > limit)` is how float checks reject NaN here.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod block;
mod capture;
mod detect;
mod gate;
mod settings;
mod window;

pub use block::{Block, BlockError, Format, LEAST_RATE_HZ, MOST_CHANNELS, MOST_RATE_HZ, SampleFormat};
pub use capture::Recording;
pub use detect::{NotAVoiceModel, Voice, VoiceAnalyser, logit};
pub use settings::{SettingsError, WindowSettings};
pub use window::{AnnouncementError, Announcements, Heard, SpeechWindow, VoiceWindows, WindowFacts};

/// Rate at which speech is judged, hertz.
pub const RATE_HZ: u32 = 16_000;
/// Samples of a window: 4 s at [`RATE_HZ`], the input of the voice models.
pub const WINDOW: usize = 64_000;
/// Samples of a frame, 16 ms: what the voice activity detector takes.
pub(crate) const FRAME: usize = 256;
