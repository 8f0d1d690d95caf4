//! The eyes: planes to faces to tracks to visual evidence.
//!
//! Read it in the order of the flow: *capture* describes a raw [`Picture`] and samples any part of it straight into a model's input,
//! *detect* reads faces from the detector's answer, *track* gives each face a seat and cuts crops from it, *gate* tells what cannot be
//! judged, *cue* finds what needs no training, *window* joins a second of it. [`Eyes`] is all of it for one video stream: pictures and the
//! detector's answers in, crops and windows out. Pure: no clock, no threads, no I/O, no model.
//!
//! ```
//! use callguard_core::MediaTime;
//! use callguard_vision::{Eyes, EyesSettings, Grid, Look, Picture, PictureFormat, PixelFormat, Plane};
//! # use callguard_vision::{Matrix, Range, Turn};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = EyesSettings::default();
//! let (mut eyes, mut grid, mut sights) = (Eyes::new(settings), Grid::new(settings.step), Vec::new());
//! let plane = Plane { offset: 0, stride: 320 };
//! # let rest = (Matrix::Bt601, Range::Full, Turn::None, 1 << 16);
//! let format = PictureFormat {
//!     pixel: PixelFormat::Gray8, width: 320, height: 240, planes: [plane; 3],
//! #   matrix: rest.0, range: rest.1, turn: rest.2, pixel_aspect_q16: rest.3,
//! };
//! for frame in 0..60 {
//!     let picture = Picture { format: &format, bytes: &[90; 320 * 240], at: MediaTime::from_millis(frame * 33) };
//!     if grid.takes(picture.at)
//!         && let Look::Ask(_input) = eyes.look(&picture, &mut sights)?
//!     {
//!         // The detector's answer to `_input`: no face here.
//!         eyes.found(&picture, Ok(&[]), &mut sights);
//!     }
//! }
//! eyes.flush(&mut sights);
//! assert!(sights.is_empty(), "nobody joined, so nothing is said of anybody");
//! # Ok(())
//! # }
//! ```
//!
//! What it costs, models not counted (`face_windows` with a detector that always gives the same answer): 25 ms of one core for each second of
//! 1280x720 video with one face. What it keeps for each stream: a minute of thumbs, under 6 MB, and about 0.2 MB a seat.
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
mod origin;
mod sight;
mod track;
mod window;

pub use capture::{Matrix, Picture, PictureError, PictureFormat, PixelFormat, Plane, Range, Turn, sample};
pub use detect::{ANCHOR_VALUES, DETECTOR_SIDE};
pub use eyes::{Eyes, EyesSettings, Grid};
pub use face::{Face, Landmarks};
pub use geometry::{Point, Rect, Similarity};
pub use sight::{Crop, CropId, Look, Seat, Sight, VisualSource, WindowFacts};

/// Side of the tight crop that a forgery model judges, pixels.
pub const TIGHT_SIDE: usize = 160;
/// Side of the wide crop that a replay model judges, pixels.
pub const WIDE_SIDE: usize = 128;
