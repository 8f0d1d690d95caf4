//! What elements need of a way into a call, whatever goes through it.

use std::time::Duration;

use callguard_core::{EpochReason, MediaTime, ParticipantKind};
use callguard_engine::{AudioTap, LiveCall, VideoTap};

/// A way into a call.
pub(crate) trait Tap: Send + Sized + 'static {
    /// What is observed in its streams.
    const KIND: ParticipantKind;

    /// Opens a stream of the call. May wait for the call's locks.
    fn open(call: &LiveCall, stream: &str) -> Self;
    /// The name that the call gave it: another where there was one of the wished for.
    fn stream(&self) -> &str;
    /// The stream has nothing from `at` on, for so long.
    fn gap(&mut self, at: MediaTime, duration: Duration);
    /// Nothing joins what comes to what was.
    fn discontinuity(&mut self);
    /// Whoever is observed from now on may be another.
    fn source_changed(&mut self, reason: EpochReason);
    /// Nothing more will come.
    fn end(&mut self);
}

macro_rules! tap {
    ($tap:ty, $kind:ident, $open:ident) => {
        impl Tap for $tap {
            const KIND: ParticipantKind = ParticipantKind::$kind;

            fn open(call: &LiveCall, stream: &str) -> Self {
                call.$open(stream)
            }

            fn stream(&self) -> &str {
                self.stream()
            }

            fn gap(&mut self, at: MediaTime, duration: Duration) {
                self.gap(at, duration);
            }

            fn discontinuity(&mut self) {
                self.discontinuity();
            }

            fn source_changed(&mut self, reason: EpochReason) {
                self.source_changed(reason);
            }

            fn end(&mut self) {
                self.end();
            }
        }
    };
}

tap!(AudioTap, Voice, audio);
tap!(VideoTap, Face, video);
