//! What the tests share: the library that set-up installs, the graphs, and entries for them.
#![allow(dead_code, reason = "each test program uses its part")]

use std::path::{Path, PathBuf};

use callguard_core::{Calibration, DEFAULT_CLIP, Hypothesis, SourceId};
use callguard_inference::{
    Dim, Element, Library, Model, ModelError, ModelSpec, Options, Provider, SourceSpec, TensorSpec,
};

/// SHA-256 of each graph, as `sha256sum tests/graphs/*.onnx` prints them.
const HASHES: [(&str, &str); 8] = [
    ("bytes", "6f03b1b25cc4e892d2695b895bcb1f5e24e681d1ca5f5bbc49c54b956db849f0"),
    ("corrupt", "9ff8e66fb0e32805c2f1ca6456225afff8630b079c0c8739e1aec768c4e34d4a"),
    ("identity", "0d2c56fbfecbf62a8d70beb55803e2c9f53b4ce79750b200fdc7b4e089985936"),
    ("one-at-a-time", "8eb5e3dc76790660a80560dcb0acb889b1bccd01e3ba78bfe1c9a25ab7599f67"),
    ("picky", "71158804c725d315dc6f5608053cab7940b68657cbb0e779325def5b718befe4"),
    ("slow", "dff25fb27673ce61fb02e9fc7c1364ff5071120d5d61b2506fc5d4c98d3a9b1a"),
    ("weights", "48814fc88eebccf35647a123a47bf39c5947203363fde0f0c0bbbe3d78e0b0f2"),
    ("wide", "bd142e99e641cec8c8505fb4b509cba93cf0056cfb375c83b130167b3f7c5ddf"),
];

pub fn graphs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graphs")
}

/// ONNX Runtime is a part of set-up: a machine without it fails these tests.
#[track_caller]
pub fn library() -> Library {
    Library::find(None).unwrap_or_else(|e| panic!("{e}"))
}

/// An entry for one of the graphs: `x` of `width` to `output` of `out` elements an item.
pub fn spec(graph: &str, input: (&str, usize), output: (&str, &[usize])) -> ModelSpec {
    let hash = HASHES.iter().find(|(name, _)| *name == graph).map_or("", |(_, hash)| hash);
    let shape = |dims: &[usize]| [Dim::Batch].into_iter().chain(dims.iter().map(|n| Dim::Fixed(*n))).collect();
    let tensor = |name: &str, shape| TensorSpec { name: name.into(), element: Element::F32, shape };
    ModelSpec {
        id: graph.into(),
        version: "1".into(),
        file: graphs().join(format!("{graph}.onnx")),
        sha256: hash.into(),
        task: "test".into(),
        licence: "MIT OR Apache-2.0".into(),
        inputs: vec![tensor(input.0, shape(&[input.1]))],
        outputs: vec![tensor(output.0, shape(output.1))],
        batch_buckets: vec![1, 2, 4],
        evidence: Some(SourceSpec {
            source: SourceId::new("test"),
            hypotheses: vec![Hypothesis::VoiceSynthetic],
            calibration: Calibration { offset: 0.0, slope: 1.0, clip: DEFAULT_CLIP, quality: vec![] },
            law: None,
        }),
        card: PathBuf::from("card.md"),
    }
}

pub fn weights() -> ModelSpec {
    spec("weights", ("x", 3), ("logit", &[]))
}

pub fn slow() -> ModelSpec {
    spec("slow", ("x", 64), ("logit", &[]))
}

/// What the graph `weights` gives.
pub fn weighed(x: [f32; 3]) -> Vec<f32> {
    vec![x[0] + 10.0 * x[1] + 100.0 * x[2] + 0.5]
}

pub fn on_cpu() -> Options {
    Options { provider: Provider::Cpu, ..Options::default() }
}

#[track_caller]
pub fn start(spec: &ModelSpec, options: &Options) -> Model {
    try_start(spec, options).unwrap_or_else(|e| panic!("{e}"))
}

pub fn try_start(spec: &ModelSpec, options: &Options) -> Result<Model, ModelError> {
    Model::start(&library(), spec, options)
}
