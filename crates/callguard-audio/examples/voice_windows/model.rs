//! The model that is asked: one of a manifest, or a bare graph with the contract of voice models.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use callguard_audio::WINDOW;
use callguard_core::{Calibration, DEFAULT_CLIP, Hypothesis, SourceId};
use callguard_inference::{
    Dim, Element, Library, Manifest, Model, ModelSpec, Options, Provider, SourceSpec, TensorSpec,
};
use sha2::{Digest, Sha256};

/// Starts it, with `jobs` sessions on the CPU, one window a run: the same numbers on every machine load.
pub fn start(model: &str, manifest: Option<&Path>, jobs: usize) -> Result<Model> {
    let spec = if model.ends_with(".onnx") {
        if manifest.is_some() {
            bail!("--model names a graph: leave --manifest out, or name a model of it");
        }
        bare(Path::new(model))?
    } else {
        let manifest = Manifest::load(&Manifest::find(manifest)?)?;
        manifest.get(model).with_context(|| format!("no model {model} in the manifest"))?.clone()
    };
    let options = Options { provider: Provider::Cpu, ..Options::reproducible(jobs) };
    Ok(Model::start(&Library::find(None)?, &spec, &options)?)
}

/// A graph without an entry: `samples` float32 [batch, 64000] to `logit` float32 [batch].
fn bare(path: &Path) -> Result<ModelSpec> {
    let file: PathBuf = path.canonicalize().with_context(|| format!("model {}", path.display()))?;
    let bytes = std::fs::read(&file)?;
    let sha256 = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    let id = file.file_stem().and_then(|s| s.to_str()).ok_or_else(|| anyhow!("{}: no name", file.display()))?;
    let tensor = |name: &str, shape| TensorSpec { name: name.into(), element: Element::F32, shape };
    Ok(ModelSpec {
        id: id.into(),
        version: "0".into(),
        sha256,
        task: "voice-clone".into(),
        licence: String::new(),
        inputs: vec![tensor("samples", vec![Dim::Batch, Dim::Fixed(WINDOW)])],
        outputs: vec![tensor("logit", vec![Dim::Batch])],
        batch_buckets: vec![1],
        // Raw logits are printed: there is nothing to calibrate with yet.
        evidence: Some(SourceSpec {
            source: SourceId::new("voice-clone"),
            hypotheses: vec![Hypothesis::VoiceSynthetic],
            calibration: Calibration { offset: 0.0, slope: 1.0, clip: DEFAULT_CLIP, quality: vec![] },
            law: None,
        }),
        card: PathBuf::new(),
        file,
    })
}
