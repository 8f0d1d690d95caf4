//! The models that are asked: of a manifest, or bare graphs with the contract of theirs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use callguard_inference::{Dim, Element, Library, Manifest, Model, ModelSpec, Options, Provider, TensorSpec};
use callguard_vision::{ANCHOR_VALUES, DETECTOR_SIDE, TIGHT_SIDE};
use sha2::{Digest, Sha256};

/// What a bare graph takes and gives: a square of RGB, and rows of numbers.
#[derive(Clone, Copy)]
pub struct Graph {
    task: &'static str,
    input: &'static str,
    side: usize,
    output: &'static str,
    shape: &'static [usize],
}

/// Anchors of strides 8, 16 and 32.
pub const DETECTOR: Graph = Graph {
    task: "face-detector",
    input: "picture",
    side: DETECTOR_SIDE,
    output: "faces",
    shape: &[2_100, ANCHOR_VALUES],
};
/// The crop's score and those of its parts.
pub const FORGERY: Graph =
    Graph { task: "face-forgery", input: "crop", side: TIGHT_SIDE, output: "scores", shape: &[101] };

/// Starts it on one core of the CPU, one picture a run: the same numbers on every machine load.
pub fn start(model: &str, graph: Graph, manifest: Option<&Path>) -> Result<Model> {
    let spec = if model.ends_with(".onnx") {
        bare(Path::new(model), graph)?
    } else {
        let manifest = Manifest::load(&Manifest::find(manifest)?)?;
        manifest.get(model).with_context(|| format!("no model {model} in the manifest"))?.clone()
    };
    let options = Options { provider: Provider::Cpu, ..Options::reproducible(1) };
    Ok(Model::start(&Library::find(None)?, &spec, &options)?)
}

fn bare(path: &Path, graph: Graph) -> Result<ModelSpec> {
    let file = path.canonicalize().with_context(|| format!("model {}", path.display()))?;
    let sha256 = Sha256::digest(std::fs::read(&file)?).iter().map(|b| format!("{b:02x}")).collect();
    let id = file.file_stem().and_then(|s| s.to_str()).ok_or_else(|| anyhow!("{}: no name", file.display()))?;
    let tensor = |name: &str, element, sizes: &[usize]| TensorSpec {
        name: name.into(),
        element,
        shape: std::iter::once(Dim::Batch).chain(sizes.iter().map(|n| Dim::Fixed(*n))).collect(),
    };
    Ok(ModelSpec {
        id: id.into(),
        version: "0".into(),
        sha256,
        task: graph.task.into(),
        licence: String::new(),
        inputs: vec![tensor(graph.input, Element::U8, &[graph.side, graph.side, 3])],
        outputs: vec![tensor(graph.output, Element::F32, graph.shape)],
        batch_buckets: vec![1],
        // Raw scores are printed: there is nothing to calibrate with yet.
        evidence: None,
        card: PathBuf::new(),
        file,
    })
}
