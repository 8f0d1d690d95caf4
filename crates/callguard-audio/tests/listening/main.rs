//! What the ears make of whole signals: speech gives windows, everything else a reason, and neither depends on how the stream
//! was cut.

mod announcements;
mod breaks;
mod cutting;
mod evidence;
mod formats;
mod signals;
mod silence;
mod windows;
