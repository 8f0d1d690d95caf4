//! What judges, with what each judge needs: made once, shared by all calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use callguard_audio::WindowSettings;
use callguard_core::{Law, Source};
use callguard_inference::{CueSpec, Score, SourceSpec};
use callguard_vision::{ANCHOR_VALUES, DETECTOR_SIDE, EyesSettings, TIGHT_SIDE, VisualSource, WIDE_SIDE};

use super::CUES;
use crate::config::EngineConfig;
use crate::detect::{Detector, Detectors, Entry, Job, Lanes, Sees, Task};
use crate::error::{EngineError, ErrorCode};

/// See the module.
pub(crate) struct Team {
    pub voice: Option<Detector>,
    pub sees: Option<Sees>,
    pub cues: Vec<CueSpec>,
}

impl Team {
    pub(crate) fn new(detectors: &Detectors, config: &EngineConfig) -> Result<Self, EngineError> {
        let voice = detectors.voice.as_ref().map(|model| voice(model, config)).transpose()?;
        let known = |cue: &&CueSpec| CUES.iter().any(|(id, _)| *id == cue.id);
        let cues: Vec<CueSpec> = detectors.cues.iter().filter(known).cloned().collect();
        let sees = detectors.faces.as_ref().map(|faces| sees(faces, detectors, &cues, config)).transpose()?;
        // Without faces there is nobody for a cue to speak of.
        let cues = if sees.is_some() { cues } else { Vec::new() };
        Ok(Self { voice, sees, cues })
    }

    /// The model for a task.
    pub(crate) fn model(&self, task: Task) -> Option<&Arc<dyn Score>> {
        match task {
            Task::Voice => self.voice.as_ref().map(|d| &d.model),
            Task::Faces => self.sees.as_ref().map(|s| &s.faces),
            Task::Forgery => self.sees.as_ref()?.forgery.as_ref(),
            Task::Replay => self.sees.as_ref()?.replay.as_ref(),
        }
    }

    /// The sources as the decision needs them.
    pub(crate) fn sources(&self, hop: Duration) -> Vec<Source> {
        let heard = self.voice.iter().map(|d| &d.evidence);
        let seen = self.sees.iter().flat_map(|s| s.sources.values());
        let source = |spec: &SourceSpec| Source {
            id: spec.source.clone(),
            hypotheses: spec.hypotheses.clone(),
            // The law is of windows as they were measured; other windows are as far apart as this engine sets them.
            law: spec.law.map(|law| Law { hop_s: hop.as_secs_f64(), ..law }),
            clip: spec.calibration.clip,
            rule: false,
        };
        heard.chain(seen).map(source).collect()
    }

    /// Lanes to every model, so many each: twice the replicas, one item in work and one waiting for each.
    pub(crate) fn lanes(&self, each: usize) -> std::io::Result<(Vec<Lanes>, Entries)> {
        let (mut all, mut entries) = (Vec::new(), Entries::default());
        for task in Task::ALL {
            let Some(model) = self.model(task) else { continue };
            let (lanes, entry) = Lanes::start(model, each)?;
            all.push(lanes);
            *entries.of(task) = Some(entry);
        }
        Ok((all, entries))
    }
}

/// Ways onto the lanes of each model.
#[derive(Clone, Default)]
pub(crate) struct Entries {
    voice: Option<Entry>,
    faces: Option<Entry>,
    forgery: Option<Entry>,
    replay: Option<Entry>,
}

impl Entries {
    fn of(&mut self, task: Task) -> &mut Option<Entry> {
        match task {
            Task::Voice => &mut self.voice,
            Task::Faces => &mut self.faces,
            Task::Forgery => &mut self.forgery,
            Task::Replay => &mut self.replay,
        }
    }

    /// Puts a job on its lane. False: no room.
    pub(crate) fn submit(&self, task: Task, job: Job) -> bool {
        let entry = match task {
            Task::Voice => &self.voice,
            Task::Faces => &self.faces,
            Task::Forgery => &self.forgery,
            Task::Replay => &self.replay,
        };
        entry.as_ref().is_some_and(|entry| entry.submit(job).is_ok())
    }
}

fn evidence(model: &Arc<dyn Score>) -> Result<SourceSpec, EngineError> {
    model.spec().evidence.clone().ok_or_else(|| {
        let message = format!("model {}: no source, hypotheses and calibration", model.spec().id);
        EngineError::new(ErrorCode::ManifestInvalid, "setup", message, "Add them to its entry in manifest.toml.")
    })
}

fn voice(model: &Arc<dyn Score>, config: &EngineConfig) -> Result<Detector, EngineError> {
    let settings = WindowSettings { hop: config.hop, ..WindowSettings::default() };
    let settings = settings.check().map_err(|e| {
        EngineError::new(ErrorCode::ConfigInvalid, "setup", e.to_string(), "Correct the setting named.")
    })?;
    let announcements = config.announcements.clone();
    Ok(Detector { model: model.clone(), evidence: evidence(model)?, settings, announcements })
}

fn sees(
    faces: &Arc<dyn Score>,
    detectors: &Detectors,
    cues: &[CueSpec],
    config: &EngineConfig,
) -> Result<Sees, EngineError> {
    expect(
        faces,
        DETECTOR_SIDE * DETECTOR_SIDE * 3,
        |out| out > 0 && out.is_multiple_of(ANCHOR_VALUES),
        "anchors of 15",
    )?;
    let mut sources = BTreeMap::new();
    for (source, model, side) in
        [(VisualSource::Forgery, &detectors.forgery, TIGHT_SIDE), (VisualSource::Replay, &detectors.replay, WIDE_SIDE)]
    {
        let Some(model) = model else { continue };
        expect(model, side * side * 3, |out| out > 0, "a logit and its map")?;
        sources.insert(source, evidence(model)?);
    }
    for (id, source) in CUES {
        sources.extend(cues.iter().find(|cue| cue.id == id).map(|cue| (source, cue.evidence.clone())));
    }
    let settings = EyesSettings {
        hop: config.hop,
        forgery: detectors.forgery.is_some(),
        replay: detectors.replay.is_some(),
        ..EyesSettings::default()
    };
    Ok(Sees {
        faces: faces.clone(),
        forgery: detectors.forgery.clone(),
        replay: detectors.replay.clone(),
        sources,
        settings,
        thumbnails: config.thumbnails,
    })
}

fn expect(model: &Arc<dyn Score>, input: usize, output: impl Fn(usize) -> bool, what: &str) -> Result<(), EngineError> {
    let spec = model.spec();
    if spec.input_len() == input && output(spec.output_len()) {
        return Ok(());
    }
    let message = format!(
        "model {}: {} values in and {} out, expected {input} in and {what} out",
        spec.id,
        spec.input_len(),
        spec.output_len()
    );
    Err(EngineError::new(ErrorCode::ModelRefused, "setup", message, "Correct the model or its entry in manifest.toml."))
}
