//! A recording's streams, heard and seen by one call.

use std::sync::{Arc, Mutex, PoisonError};

use callguard_core::MediaTime;
use callguard_engine::{CallReport, Engine, EngineError, ErrorCode, Flags, OfflineCall, Picture, StreamId};
use tracing::warn;

use crate::capture::Place;
use crate::capture::decode::{Decoded, Hear, OpenPictures, Takers, Watch, decode};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// Decodes all of `place` into a call of its own; `mixed`: several people speak in its sound.
///
/// # Errors
/// Where nothing of it could be judged.
pub fn hear(
    engine: &Engine,
    place: &Place,
    shown: &str,
    mixed: bool,
    limits: &Limits,
    progress: &dyn Fn(f64),
) -> Result<(Decoded, CallReport), Trouble> {
    let call = Call(Arc::new(Mutex::new(Some(engine.offline(shown)))), Arc::default());
    let (sound, pictures) = (call.clone(), call.clone());
    let takers = Takers {
        sound: Some(Box::new(move |number| sound.hear(number, mixed))),
        pictures: engine.sees().then(|| -> OpenPictures { Box::new(move |number| pictures.watch(number)) }),
    };
    let mut decoded = decode(place, shown, limits, progress, takers)?;
    if decoded.unseen {
        warn!(stage = "detect", "its pictures were not judged: no model in the manifest finds faces");
    }
    if !engine.hears() {
        warn!(stage = "detect", "its sound, if it has any, was not judged: no model in the manifest judges voices");
    }
    decoded.cut = decoded.cut.or_else(|| lock(&call.1).take());
    if let Some(cut) = &decoded.cut {
        warn!(stage = "capture", "{cut}");
    }
    let call = lock(&call.0)
        .take()
        .ok_or_else(|| Trouble::new(code::INTERNAL, Stage::Fuse, format!("{shown}: no call"), "Please report this."))?;
    Ok((decoded, call.finish(None)?))
}

/// The call, and why pictures of it could not be looked at.
#[derive(Clone)]
struct Call(Arc<Mutex<Option<OfflineCall>>>, Arc<Mutex<Option<Trouble>>>);

impl Call {
    fn with<T>(&self, work: impl FnOnce(&mut OfflineCall) -> T) -> Option<T> {
        lock(&self.0).as_mut().map(work)
    }

    fn hear(&self, number: u32, mixed: bool) -> Hear {
        let call = self.clone();
        let name = format!("stream {number}");
        let stream = call.with(|c| if mixed { c.mixed_audio(&name) } else { c.audio(&name) }).and_then(Result::ok);
        Box::new(move |block| {
            let flags = Flags { discontinuity: block.discontinuity, filled: block.filled };
            let pushed = stream.and_then(|s| call.with(|c| c.push(s, block.bytes, block.format, block.at, flags)));
            Ok(pushed.unwrap_or(Ok(()))?)
        })
    }

    fn watch(&self, number: u32) -> Box<dyn Watch> {
        let stream = self.with(|c| c.video(&format!("stream {number}"))).and_then(Result::ok);
        Box::new(Eye { call: self.clone(), stream })
    }
}

struct Eye {
    call: Call,
    stream: Option<StreamId>,
}

impl Watch for Eye {
    fn takes(&mut self, at: MediaTime) -> bool {
        self.stream.and_then(|s| self.call.with(|c| c.takes(s, at))).unwrap_or(false)
    }

    fn show(&mut self, picture: &Picture<'_>, filled: bool) -> Result<(), Trouble> {
        let flags = Flags { discontinuity: false, filled };
        let Some(shown) = self.stream.and_then(|s| self.call.with(|c| c.show(s, picture, flags))) else {
            return Ok(());
        };
        match shown {
            // The sound is judged all the same: a picture too small to hold a face must not hide a voice.
            Err(EngineError { code: ErrorCode::FormatRefused, message, hint, .. }) => {
                let trouble = Trouble::new(ErrorCode::FormatRefused.as_str(), Stage::Capture, message, hint);
                lock(&self.call.1).get_or_insert(trouble);
                Ok(())
            }
            shown => Ok(shown?),
        }
    }
}

/// What panicked meanwhile ends its decoding; what is behind the lock is still whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
