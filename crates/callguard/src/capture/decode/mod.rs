//! A recording, decoded faster than real time: blocks of samples at the native rate and pictures as they are stored, each stream in
//! order, none dropped.

mod link;
mod pictures;
mod run;
mod sound;

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use callguard_audio::Block;
use callguard_core::MediaTime;
use callguard_engine::Picture;
use gst::prelude::*;
use gstreamer as gst;

use super::guard::Guard;
use super::open::open;
use super::whole;
use crate::capture::{Kinds, Place};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};
use link::{Link, State};
use run::Run;

/// Takes an audio stream's blocks; an error ends the decoding.
pub type Hear = Box<dyn FnMut(Block<'_>) -> Result<(), Trouble> + Send>;

/// Takes a video stream's pictures; an error ends the decoding.
pub trait Watch: Send {
    /// Whether the picture at `at` is wanted. Asked of every picture, in order: only what is wanted is mapped.
    fn takes(&mut self, at: MediaTime) -> bool;

    /// Takes one. `filled`: it was made up by the decoder, such as for lost data.
    ///
    /// # Errors
    /// What ends the decoding.
    fn show(&mut self, picture: &Picture<'_>, filled: bool) -> Result<(), Trouble>;
}

/// Gives what takes the audio stream of that number.
pub type OpenSound = Box<dyn Fn(u32) -> Hear + Send + Sync>;

/// Gives what takes the video stream of that number.
pub type OpenPictures = Box<dyn Fn(u32) -> Box<dyn Watch> + Send + Sync>;

/// What takes an input's streams, each asked once per stream with its number among its kind, in the order in which the demuxer shows
/// them. A kind that nobody takes is not decoded.
pub struct Takers {
    /// For sound.
    pub sound: Option<OpenSound>,
    /// For pictures.
    pub pictures: Option<OpenPictures>,
}

impl std::fmt::Debug for Takers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Takers").field(&self.kinds()).finish()
    }
}

impl Takers {
    fn kinds(&self) -> Kinds {
        Kinds { sound: self.sound.is_some(), pictures: self.pictures.is_some() }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Decoded {
    /// Streams that were opened.
    pub streams: u32,
    /// End of the last block or picture of any stream.
    pub heard: Duration,
    /// It has pictures, and nobody took them.
    pub unseen: bool,
    /// Why it is less than the whole, where it is.
    pub cut: Option<Trouble>,
}

/// Breaches after which nothing is said of an input.
const REFUSED: [&str; 4] = [code::CAPS_LIMIT, code::STREAMS_LIMIT, code::NESTED_SOURCE, code::INTERNAL];

/// Decodes `place`. Takers run on the decoder's own threads, so a slow one slows the decoder and nothing is dropped.
///
/// # Errors
/// Where nothing could be heard or seen. What fails later is in [`Decoded::cut`].
pub fn decode(
    place: &Place,
    shown: &str,
    limits: &Limits,
    progress: &dyn Fn(f64),
    takers: Takers,
) -> Result<Decoded, Trouble> {
    place.check(limits)?;
    if let Place::File(path) = place
        && whole::lacks_index(path)
    {
        // Said here since uridecodebin may keep the demuxer's complaint to itself, and wait.
        let what = format!("{shown}: the recording was never finished: its index is missing");
        return Err(Trouble::new(code::DECODE, Stage::Open, what, "Only a tool that rebuilds the index can save it."));
    }
    let wanted = takers.kinds();
    let guard = Guard::new(limits, shown, wanted);
    let state = Arc::new(State::default());
    let pipeline = gst::Pipeline::new();
    let decoder = open(place, &pipeline, &guard)?;
    let link =
        Link { shown: shown.into(), limits: limits.clone(), guard: guard.clone(), state: Arc::clone(&state), takers };
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
    let streams = state.streams.lock().unwrap_or_else(PoisonError::into_inner).all();
    let cut = ended.err().or_else(|| match place {
        Place::File(path) => whole::shortfall(path, heard).map(|missing| cut_short(shown, &missing)),
        Place::Remote(_) => None,
    });
    let nothing = !state.taken.load(Ordering::Acquire);
    match cut {
        // What breaks a rule is refused whole: how much was heard before is chance, and nothing may rest on it.
        Some(trouble) if nothing || REFUSED.contains(&trouble.code.as_str()) => Err(trouble),
        cut => Ok(Decoded { streams, heard, unseen: !wanted.pictures && guard.kinds().pictures, cut }),
    }
}

fn internal(shown: &str, error: &dyn std::fmt::Display) -> Trouble {
    Trouble::defect(Stage::Open, format!("{shown}: {error}"))
}

fn damaged(shown: &str, what: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(code::DECODE, Stage::Capture, format!("{shown}: {what}"), "The recording is damaged.")
}

fn cut_short(shown: &str, missing: &str) -> Trouble {
    Trouble::new(
        code::DECODE,
        Stage::Capture,
        format!("{shown}: the file ends {missing} before its header says"),
        "The recording was cut off; what was there was judged.",
    )
}
