//! Detect: from the detector's answer to faces.

/// Side of the detector's square input, pixels: uint8 RGB, rows from the top.
pub const DETECTOR_SIDE: usize = 320;
/// Values of an anchor in its answer: score, box (x, y, w, h), five points (x, y), pixels of the input.
pub const ANCHOR_VALUES: usize = 15;

