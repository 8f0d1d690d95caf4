//! Models, rules and workers: what all calls share.

mod team;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use callguard_core::Rules;
use callguard_inference::{CueSpec, Library, Manifest, Model, ModelSpec, Options, Provider, Score, Stats};
use callguard_vision::VisualSource;
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use crate::config::EngineConfig;
use crate::detect::{Detectors, Lanes, Task};
use crate::error::{EngineError, ErrorCode};
use crate::fuse::Fusion;
use crate::live::{CallActor, LiveCall};
use crate::offline::OfflineCall;
use crate::pool::{Pool, Waker};
pub(crate) use team::{Entries, Team};

/// How often calls are looked at whose streams are silent. A quarter second is a quarter of the second within which a verdict's age is told.
const WATCH: Duration = Duration::from_millis(250);
/// How long stopping waits for work that began.
const PATIENCE: Duration = Duration::from_secs(2);
/// Tasks of the models that are looked for in the manifest.
const VOICE_TASK: &str = "voice-clone";
const FACES_TASK: &str = "face-detector";
const FORGERY_TASK: &str = "face-forgery";
const REPLAY_TASK: &str = "face-replay";
/// Ids of the cues that are known here.
const CUES: [(&str, VisualSource); 2] = [("face-repeat", VisualSource::Repeat), ("face-flat", VisualSource::Flat)];

/// The guard: started once, shared by all calls of the process. Clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: EngineConfig,
    rules: Arc<Rules>,
    team: Arc<Team>,
    models: Vec<Model>,
    entries: Entries,
    waker: Waker,
    calls: Arc<Mutex<BTreeMap<String, Arc<CallActor>>>>,
    running: Mutex<Option<Running>>,
    stopped: AtomicBool,
}

/// What has threads.
struct Running {
    pool: Pool,
    lanes: Vec<Lanes>,
    watch: Sender<()>,
    watchdog: JoinHandle<()>,
}

/// A model in use.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// Its entry in the manifest.
    pub spec: ModelSpec,
    /// What really runs it; `None` where that is not this process.
    pub provider: Option<Provider>,
    /// What it did so far.
    pub stats: Option<Stats>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("models", &self.0.models).finish_non_exhaustive()
    }
}

impl Engine {
    /// Finds ONNX Runtime and the models, verifies and warms them, and simulates guests for the thresholds. Takes seconds: never on a
    /// media thread.
    ///
    /// # Errors
    /// What is missing or wrong, and what to do about it.
    pub fn start(config: EngineConfig) -> Result<Self, EngineError> {
        config.check()?;
        let manifest = Manifest::load(&Manifest::find(config.models.as_deref())?)?;
        // One sense is enough: a stream for the other is told that nobody judges it.
        if [VOICE_TASK, FACES_TASK].iter().all(|task| manifest.by_task(task).is_none()) {
            let message = format!("no model in {} has the task {VOICE_TASK} or {FACES_TASK}", manifest.dir.display());
            return Err(EngineError::new(ErrorCode::NoModel, "setup", message, "Add one to manifest.toml."));
        }
        let library = Library::find(config.library.as_deref())?;
        let options = Options {
            provider: config.provider,
            fallback: config.fallback,
            replicas: config.threads(),
            ..Options::default()
        };
        let mut models = Vec::new();
        let mut start = |task| -> Result<Option<Arc<dyn Score>>, EngineError> {
            let Some(spec) = manifest.by_task(task) else { return Ok(None) };
            let model = Model::start(&library, spec, &options)?;
            models.push(model.clone());
            Ok(Some(Arc::new(model)))
        };
        let (voice, faces) = (start(VOICE_TASK)?, start(FACES_TASK)?);
        let (forgery, replay) = (start(FORGERY_TASK)?, start(REPLAY_TASK)?);
        let detectors = Detectors { voice, faces, forgery, replay, cues: manifest.cues, fusions: manifest.fusions };
        Self::with_models(detectors, models, config)
    }

    /// An engine whose judges are something else than models in this process.
    ///
    /// # Errors
    /// Settings, policy or law out of range; no threads; a detector without the calibration it needs.
    pub fn with(detectors: Detectors, config: EngineConfig) -> Result<Self, EngineError> {
        config.check()?;
        Self::with_models(detectors, Vec::new(), config)
    }

    fn with_models(detectors: Detectors, models: Vec<Model>, config: EngineConfig) -> Result<Self, EngineError> {
        let team = Arc::new(Team::new(&detectors, &config)?);
        let mut sources = team.sources(config.hop);
        sources.extend(config.provenance.source());
        let rules = Arc::new(Rules::new(config.policy.clone(), sources, &detectors.fusions)?);
        let (pool, waker) = Pool::start(config.threads()).map_err(|e| EngineError::no_threads(&e))?;
        let (lanes, entries) = team.lanes(2 * config.threads()).map_err(|e| EngineError::no_threads(&e))?;
        let calls: Arc<Mutex<BTreeMap<String, Arc<CallActor>>>> = Arc::default();
        let (watch, watched) = bounded::<()>(0);
        let watchdog = std::thread::Builder::new().name("callguard-watch".into()).spawn({
            let (calls, waker) = (calls.clone(), waker.clone());
            move || {
                while watched.recv_timeout(WATCH) == Err(RecvTimeoutError::Timeout) {
                    let all: Vec<_> = {
                        let mut calls = lock(&calls);
                        calls.retain(|_, call| !call.is_closed());
                        calls.values().cloned().collect()
                    };
                    for call in all {
                        waker.wake(&call.actor());
                    }
                }
            }
        });
        let watchdog = watchdog.map_err(|e| EngineError::no_threads(&e))?;
        Ok(Self(Arc::new(Inner {
            config,
            rules,
            team,
            models,
            entries,
            waker,
            calls,
            running: Mutex::new(Some(Running { pool, lanes, watch, watchdog })),
            stopped: AtomicBool::new(false),
        })))
    }

    /// The live call of that name: the one there is, or a new one. After [`stop`](Self::stop) it is closed from the start.
    #[must_use]
    pub fn live(&self, name: &str) -> LiveCall {
        let mut calls = lock(&self.0.calls);
        if let Some(call) = calls.get(name).filter(|call| !call.is_closed()) {
            return LiveCall::new(call.clone());
        }
        let call = CallActor::new(self, name);
        if self.0.stopped.load(Ordering::Acquire) {
            call.close();
        } else {
            calls.insert(name.to_owned(), call.clone());
        }
        LiveCall::new(call)
    }

    /// A call that is heard where it is called.
    #[must_use]
    pub fn offline(&self, name: &str) -> OfflineCall {
        OfflineCall::new(self.clone(), name)
    }

    /// The names of the live calls.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        lock(&self.0.calls).iter().filter(|(_, c)| !c.is_closed()).map(|(name, _)| name.clone()).collect()
    }

    /// The models in use, in the order of their tasks: voices, faces, forgeries, replays.
    #[must_use]
    pub fn models(&self) -> Vec<ModelInfo> {
        let info = |score: &Arc<dyn Score>| {
            let spec = score.spec().clone();
            let model = self.0.models.iter().find(|m| m.spec().id == spec.id);
            ModelInfo { provider: model.map(Model::provider), stats: model.map(Model::stats), spec }
        };
        Task::ALL.iter().filter_map(|task| self.0.team.model(*task)).map(info).collect()
    }

    /// What needs no model and is in use.
    #[must_use]
    pub fn cues(&self) -> &[CueSpec] {
        &self.0.team.cues
    }

    /// Whether sound can be judged: a model that hears voices is in use.
    #[must_use]
    pub fn hears(&self) -> bool {
        self.0.team.voice.is_some()
    }

    /// Whether pictures can be judged: a model that finds faces is in use.
    #[must_use]
    pub fn sees(&self) -> bool {
        self.0.team.sees.is_some()
    }

    /// Policy and thresholds.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.0.rules
    }

    /// What it was started with.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.0.config
    }

    /// Closes every call and ends every thread; waits a moment for work that began, and not for a model that hangs.
    pub fn stop(&self) {
        self.0.stop();
    }

    pub(crate) fn team(&self) -> &Arc<Team> {
        &self.0.team
    }

    pub(crate) fn entries(&self) -> Entries {
        self.0.entries.clone()
    }

    pub(crate) fn waker(&self) -> Waker {
        self.0.waker.clone()
    }

    /// The decision for one call: by the engine's promise, or by that for a call of its own length.
    pub(crate) fn fusion(&self, length: Option<Duration>) -> Fusion {
        let rules = length.map_or_else(|| self.0.rules.clone(), |length| Arc::new(self.0.rules.for_call_of(length)));
        Fusion::new(rules, self.0.config.hop, None)
    }

    /// The same for a call without end: of what is over only so much is kept.
    pub(crate) fn live_fusion(&self, keep: usize) -> Fusion {
        Fusion::new(self.0.rules.clone(), self.0.config.hop, Some(keep))
    }
}

impl Inner {
    fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        let Some(Running { mut pool, mut lanes, watch, watchdog }) = lock(&self.running).take() else { return };
        drop(watch);
        // One patience for all calls: a model that hangs has many of them waiting.
        let until = std::time::Instant::now() + PATIENCE / 2;
        for call in std::mem::take(&mut *lock(&self.calls)).into_values() {
            call.close_by(until);
        }
        self.models.iter().for_each(Model::stop);
        pool.stop(PATIENCE);
        lanes.iter_mut().for_each(|lanes| lanes.stop(PATIENCE));
        crate::pool::join(&mut vec![watchdog], PATIENCE);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A turn that panicked is reported by its call; what it guards is replaced or still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
