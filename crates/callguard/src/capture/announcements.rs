//! The announcements that the configuration names, read before anything starts.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use callguard_audio::Recording;
use callguard_engine::Announcements;

use super::decode::{Hear, Takers, decode};
use crate::capture::Place;
use crate::config::{Config, Limits};
use crate::trouble::{Stage, Trouble, code};

/// Reads them all; GStreamer has been started.
///
/// # Errors
/// [`code::CONFIG`] for the first that cannot serve, with its name.
pub fn announcements(config: &Config) -> Result<Announcements, Trouble> {
    let refuse =
        |what: String, hint: &str| Trouble::new(code::CONFIG, Stage::Configure, format!("announcement {what}"), hint);
    let mut all = Announcements::default();
    for path in &config.detect.announcements {
        let shown = path.display().to_string();
        let (samples, cut) = read(path, &shown, &config.capture).map_err(|t| refuse(t.message, &t.hint))?;
        let hint = "Name a recording of nothing but the announcement, 1 to 30 s long, or leave it out.";
        all.add(&shown, &samples).map_err(|e| refuse(e.to_string(), hint))?;
        if let Some(cut) = cut {
            return Err(refuse(cut.message, "Record it anew: the announcement must be whole."));
        }
    }
    Ok(all)
}

/// The first sound in a file, and why it is less than the whole.
fn read(path: &Path, shown: &str, limits: &Limits) -> Result<(Vec<f32>, Option<Trouble>), Trouble> {
    let read = Arc::new(Mutex::new(Recording::default()));
    let (into, name) = (Arc::clone(&read), shown.to_owned());
    let open = move |number: u32| -> Hear {
        let (into, name) = (Arc::clone(&into), name.clone());
        Box::new(move |block| {
            let mut recording = into.lock().unwrap_or_else(PoisonError::into_inner);
            let wrong = |what: String| {
                Trouble::new(code::CONFIG, Stage::Configure, format!("{name}: {what}"), "Convert it to WAV.")
            };
            match number {
                1 if recording.len() > Announcements::LONGEST => Err(wrong("too long".to_owned())),
                1 => recording.push(&block).map_err(|e| wrong(e.to_string())),
                _ => Ok(()),
            }
        })
    };
    let takers = Takers { sound: Some(Box::new(open)), pictures: None };
    let decoded = decode(&Place::File(path.to_owned()), shown, limits, &|_| (), takers)?;
    let recording = std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((recording.finish(), decoded.cut))
}
