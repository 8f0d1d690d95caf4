//! The call: queues, workers and fusion of one call; what GStreamer elements and the program share.
//!
//! Read it in the order of the flow: *capture* takes samples from a media thread without ever making it wait, *detect* turns them
//! into windows and asks the model, *fuse* hands evidence to the decision in order of media time, *alert* tells whoever
//! listens. An [`Engine`] holds the models and the rules; a [`LiveCall`] is an actor on its pool of workers; an [`OfflineCall`] does the
//! same work where it is called, drops nothing, and gives the same numbers.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod alert;
mod capture;
mod config;
mod detect;
mod engine;
mod error;
mod fuse;
mod live;
mod offline;
mod pool;
mod report;

pub use alert::Subscription;
pub use callguard_audio::{Announcements, Format as AudioFormat, SampleFormat};
pub use callguard_vision::{Matrix, Picture, PictureFormat, PixelFormat, Plane, Range, Rect, Turn};
pub use capture::{AudioTap, Flags, FrameBuffer, Pushed, TapStats, VideoTap};
pub use config::EngineConfig;
pub use detect::{Detectors, Thumbnail};
pub use engine::{Engine, ModelInfo};
pub use error::{EngineError, ErrorCode};
pub use fuse::{ChartPoint, Timeline, WindowPoint};
pub use live::{CallView, FaceView, LiveCall, Origin, ParticipantView};
pub use offline::{OfflineCall, StreamId};
pub use report::{CallReport, ParticipantReport, StreamReport};
