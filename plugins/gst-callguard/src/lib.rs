//! The tap: GStreamer elements.
