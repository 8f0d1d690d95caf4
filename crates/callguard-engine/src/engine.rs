//! Models, rules and workers: what all calls share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use callguard_audio::WindowSettings;
use callguard_core::{Rules, Source};
use callguard_inference::{Library, Manifest, Model, ModelSpec, Options, Provider, Score, Stats};
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use crate::config::EngineConfig;
use crate::detect::{Detector, Entry, Lanes};
use crate::error::{EngineError, ErrorCode};
use crate::fuse::Fusion;
use crate::live::{CallActor, LiveCall};
use crate::offline::OfflineCall;
use crate::pool::{Pool, Waker};

/// How often calls are looked at whose streams are silent. A quarter second is a quarter of the second within which a verdict's age is told.
const WATCH: Duration = Duration::from_millis(250);
/// How long stopping waits for work that began.
const PATIENCE: Duration = Duration::from_secs(2);
/// The task of the model that judges voices.
const VOICE_TASK: &str = "voice-clone";

/// The guard: started once, shared by all calls of the process. Clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: EngineConfig,
    rules: Arc<Rules>,
    detector: Detector,
    model: Option<Model>,
    entry: Entry,
    waker: Waker,
    calls: Arc<Mutex<BTreeMap<String, Arc<CallActor>>>>,
    running: Mutex<Option<Running>>,
    stopped: AtomicBool,
}

/// What has threads.
struct Running {
    pool: Pool,
    lanes: Lanes,
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
        f.debug_struct("Engine").field("model", &self.0.detector.model.spec().id).finish_non_exhaustive()
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
        let Some(spec) = manifest.by_task(VOICE_TASK) else {
            let message = format!("no model in {} has the task {VOICE_TASK}", manifest.dir.display());
            return Err(EngineError::new(ErrorCode::NoVoiceModel, "setup", message, "Add one to manifest.toml."));
        };
        let library = Library::find(config.library.as_deref())?;
        let options = Options {
            provider: config.provider,
            fallback: config.fallback,
            replicas: config.threads(),
            ..Options::default()
        };
        let model = Model::start(&library, spec, &options)?;
        Self::with(Arc::new(model.clone()), Some(model), config)
    }

    /// An engine whose voices are judged by something else than a model in this process.
    ///
    /// # Errors
    /// Settings, policy or law out of range; no threads.
    pub fn with_voice(score: Arc<dyn Score>, config: EngineConfig) -> Result<Self, EngineError> {
        config.check()?;
        Self::with(score, None, config)
    }

    fn with(score: Arc<dyn Score>, model: Option<Model>, config: EngineConfig) -> Result<Self, EngineError> {
        let spec = score.spec();
        let source = Source {
            id: spec.source.clone(),
            hypotheses: spec.hypotheses.clone(),
            // The law is of windows as they were measured; other windows are as far apart as this engine sets them.
            law: spec.law.map(|law| callguard_core::Law { hop_s: config.hop.as_secs_f64(), ..law }),
            clip: spec.calibration.clip,
        };
        let rules = Arc::new(Rules::new(config.policy.clone(), vec![source], &[])?);
        let settings = WindowSettings { hop: config.hop, ..WindowSettings::default() };
        let settings = settings.check().map_err(|e| {
            EngineError::new(ErrorCode::ConfigInvalid, "setup", e.to_string(), "Correct the setting named.")
        })?;
        let detector = Detector { model: score, settings };
        let (pool, waker) = Pool::start(config.threads()).map_err(|e| EngineError::no_threads(&e))?;
        // Twice the replicas: one window in work and one waiting for each.
        let lanes = Lanes::start(&detector.model, 2 * config.threads());
        let (lanes, entry) = lanes.map_err(|e| EngineError::no_threads(&e))?;
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
            detector,
            model,
            entry,
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

    /// The models in use.
    #[must_use]
    pub fn models(&self) -> Vec<ModelInfo> {
        let model = self.0.model.as_ref();
        vec![ModelInfo {
            spec: self.0.detector.model.spec().clone(),
            provider: model.map(Model::provider),
            stats: model.map(Model::stats),
        }]
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

    pub(crate) fn detector(&self) -> &Detector {
        &self.0.detector
    }

    pub(crate) fn entry(&self) -> Entry {
        self.0.entry.clone()
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
        if let Some(model) = &self.model {
            model.stop();
        }
        pool.stop(PATIENCE);
        lanes.stop(PATIENCE);
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
