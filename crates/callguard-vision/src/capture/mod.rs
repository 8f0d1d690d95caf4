//! Capture: what a raw picture is, and samples of any part of it.

mod check;
mod layout;
mod picture;
pub mod sample;

pub use picture::{Matrix, Picture, PictureError, PictureFormat, PixelFormat, Plane, Range, Turn};
