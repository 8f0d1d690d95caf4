//! The eyes: planes to faces to tracks to visual evidence.
//!
//! Read it in the order of the flow: *capture* describes a raw [`Picture`] and samples any part of it straight into a model's input,
//! *detect* reads faces from the detector's answer, *track* gives each face a seat and cuts crops from it, *gate* tells what cannot be
//! judged, *cue* finds what needs no training, *window* joins a second of it. [`Eyes`] is all of it for one video stream: pictures and the
//! detector's answers in, crops and windows out. Pure: no clock, no threads, no I/O, no model.
#![warn(clippy::disallowed_methods)]
// `!(x > limit)` is how float checks reject NaN here.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod capture;
mod cue;
mod detect;
mod eyes;
mod face;
mod gate;
mod geometry;
mod sight;
mod track;
mod window;

pub use capture::{Bytes, Matrix, Picture, PictureError, PictureFormat, PixelFormat, Plane, Range, Turn, sample};
pub use detect::{ANCHOR_VALUES, DETECTOR_SIDE};
pub use eyes::{Eyes, EyesSettings, Grid};
pub use face::{Face, Landmarks};
pub use geometry::{Point, Rect, Similarity};
pub use sight::{Crop, CropId, Look, Seat, Sight, VisualSource, WindowFacts};

/// Side of the tight crop that a forgery model judges, pixels.
pub const TIGHT_SIDE: usize = 160;
