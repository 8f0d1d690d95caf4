//! One graph in ONNX Runtime, checked against its entry.

use std::sync::Arc;

use ort::ep::{self, ExecutionProvider};
use ort::error::ErrorCode;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{NoSelectedOutputs, RunOptions, Session};
use ort::value::{DynValue, Outlet, TensorElementType, TensorRef, ValueType};
use sha2::{Digest, Sha256};

use super::ModelError;
use super::owner::Executor;
use super::request::Tensor;
use crate::{Dim, Element, Library, ModelSpec, Provider, TensorSpec};

/// Runs of one model share it; setting it to terminate ends them at the next node.
pub(super) type Terminator = Arc<RunOptions<NoSelectedOutputs>>;

pub(super) struct OrtSession {
    session: Session,
    spec: Arc<ModelSpec>,
    run_options: Terminator,
    floats: Vec<f32>,
    bytes: Vec<u8>,
}

impl OrtSession {
    /// Reads, verifies, builds and warms. What was hashed is what runs: the file is read once.
    pub(super) fn build(
        library: &Library,
        spec: &Arc<ModelSpec>,
        provider: Provider,
        buckets: &[usize],
        run_options: &Terminator,
    ) -> Result<Self, ModelError> {
        let graph = spec.read()?;
        let session = open(library, spec, provider, &graph)?;
        check(spec, "input", &spec.inputs, session.inputs())?;
        check(spec, "output", &spec.outputs, session.outputs())?;
        let mut this = Self {
            session,
            spec: Arc::clone(spec),
            run_options: Arc::clone(run_options),
            floats: Vec::new(),
            bytes: Vec::new(),
        };
        this.warm(buckets)?;
        Ok(this)
    }

    /// The first run of each shape allocates and, on a GPU, chooses and compiles kernels: seconds that no call must pay.
    fn warm(&mut self, buckets: &[usize]) -> Result<(), ModelError> {
        let Some(input) = self.spec.inputs.first() else { return Ok(()) };
        let zeros = Tensor::zeros(input.element, input.item_len());
        for &batch in buckets {
            let items = vec![&zeros; batch];
            self.run(&items).map_err(|reason| ModelError::WarmUp { model: self.spec.id.clone(), batch, reason })?;
        }
        Ok(())
    }
}

impl Executor for OrtSession {
    fn run(&mut self, items: &[&Tensor]) -> Result<Vec<Vec<f32>>, String> {
        let (input, output) = match (self.spec.inputs.as_slice(), self.spec.outputs.as_slice()) {
            ([input], [output]) => (input, output),
            _ => return Err("one input and one output are supported".into()),
        };
        let mut shape = vec![items.len()];
        shape.extend(input.shape.iter().filter_map(|dim| if let Dim::Fixed(n) = dim { Some(*n) } else { None }));
        let value = match (input.element, items) {
            (Element::F32, [Tensor::F32(one)]) => {
                TensorRef::from_array_view((shape, one.as_slice())).map(|t| t.into_dyn())
            }
            (Element::U8, [Tensor::U8(one)]) => {
                TensorRef::from_array_view((shape, one.as_slice())).map(|t| t.into_dyn())
            }
            (Element::F32, many) => {
                self.floats.clear();
                many.iter().for_each(|t| {
                    if let Tensor::F32(v) = t {
                        self.floats.extend_from_slice(v)
                    }
                });
                TensorRef::from_array_view((shape, self.floats.as_slice())).map(|t| t.into_dyn())
            }
            (Element::U8, many) => {
                self.bytes.clear();
                many.iter().for_each(|t| {
                    if let Tensor::U8(v) = t {
                        self.bytes.extend_from_slice(v)
                    }
                });
                TensorRef::from_array_view((shape, self.bytes.as_slice())).map(|t| t.into_dyn())
            }
        };
        let value = value.map_err(|e| e.to_string())?;
        let inputs = ort::inputs![input.name.as_str() => value];
        let outputs = self.session.run_with_options(inputs, &*self.run_options).map_err(|e| e.to_string())?;
        let value: &DynValue =
            outputs.get(&output.name).ok_or_else(|| format!("it gave no output {:?}", output.name))?;
        let (shape, scores) = value.try_extract_tensor::<f32>().map_err(|e| e.to_string())?;
        let each = output.item_len();
        if scores.len() != items.len() * each {
            return Err(format!("output {:?}: expected {} items of {output}, got {shape:?}", output.name, items.len()));
        }
        Ok(scores.chunks_exact(each).map(<[f32]>::to_vec).collect())
    }
}

impl ModelSpec {
    /// The graph's bytes, their hash verified.
    ///
    /// # Errors
    /// [`ModelError::Read`], or [`ModelError::Hash`] where the file is not the one the manifest means.
    pub fn read(&self) -> Result<Vec<u8>, ModelError> {
        let bytes = std::fs::read(&self.file).map_err(|source| ModelError::Read {
            model: self.id.clone(),
            path: self.file.clone(),
            source,
        })?;
        let actual: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if actual == self.sha256 {
            return Ok(bytes);
        }
        Err(ModelError::Hash { model: self.id.clone(), path: self.file.clone(), expected: self.sha256.clone(), actual })
    }
}

fn open(library: &Library, spec: &ModelSpec, provider: Provider, graph: &[u8]) -> Result<Session, ModelError> {
    let environment = library.environment()?;
    let unsuitable = |e: ort::Error| match (provider, e.code()) {
        (Provider::Cpu, _) | (_, ErrorCode::InvalidProtobuf | ErrorCode::InvalidGraph | ErrorCode::NoModel) => {
            ModelError::Graph { model: spec.id.clone(), path: spec.file.clone(), reason: e.to_string() }
        }
        _ => ModelError::Provider { model: spec.id.clone(), provider, reason: e.to_string() },
    };
    let unavailable = |reason: String| ModelError::Provider { model: spec.id.clone(), provider, reason };
    let builder =
        Session::builder(&environment).and_then(|builder| configure(builder, &spec.id)).map_err(unsuitable)?;
    let mut builder = match provider {
        Provider::Auto | Provider::Cpu => builder,
        Provider::Cuda | Provider::TensorRt => with_gpu(builder, provider, library).map_err(unavailable)?,
    };
    builder.commit_from_memory(graph).map_err(unsuitable)
}

/// One thread: calls are many and cores are shared by replicas, and with one thread sums have one order, so that numbers do
/// not depend on the machine's core count.
fn configure(builder: SessionBuilder, id: &str) -> ort::Result<SessionBuilder> {
    Ok(builder
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_parallel_execution(false)?
        .with_deterministic_compute(true)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_log_id(id)?)
}

fn with_gpu(builder: SessionBuilder, provider: Provider, library: &Library) -> Result<SessionBuilder, String> {
    let built = |name: &str, found: ort::Result<bool>| match found {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!(
            "{} was built without {name}; `make setup GPU=1` takes one with CUDA",
            library.path().display()
        )),
        Err(e) => Err(e.to_string()),
    };
    built("CUDA", ep::CUDA::is_available())?;
    if let Some(folder) = library.path().parent().filter(|folder| folder.join("libcudart.so.13").is_file()) {
        // Beside the library, where the loader would not look by itself.
        ep::cuda::preload_dylibs(Some(folder), Some(folder)).map_err(|e| e.to_string())?;
    }
    // The heuristic search picks the same kernels every time, which measuring does not; without TF32 the numbers are those
    // of the CPU but for rounding.
    let cuda = ep::CUDA::default()
        .with_conv_algorithm_search(ep::cuda::ConvAlgorithmSearch::Heuristic)
        .with_tf32(false)
        .build()
        .error_on_failure();
    let wanted = if provider == Provider::TensorRt {
        built("TensorRT", ep::TensorRT::is_available())?;
        vec![ep::TensorRT::default().build().error_on_failure(), cuda]
    } else {
        vec![cuda]
    };
    builder.with_execution_providers(wanted).map_err(|e| e.to_string())
}

/// Names, types and shapes against the session's. A fixed axis in the entry may be open in an output of the graph (shape
/// inference gives up early); the warm-up then measures it.
fn check(spec: &ModelSpec, side: &str, expected: &[TensorSpec], actual: &[Outlet]) -> Result<(), ModelError> {
    let differs = |tensor: &str, expected: String, actual: String| ModelError::Tensor {
        model: spec.id.clone(),
        tensor: format!("{side} {tensor:?}"),
        expected,
        actual,
    };
    for tensor in expected {
        let Some(outlet) = actual.iter().find(|outlet| outlet.name() == tensor.name) else {
            let names: Vec<&str> = actual.iter().map(Outlet::name).collect();
            return Err(differs(&tensor.name, tensor.to_string(), format!("none of that name; it has {names:?}")));
        };
        let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
            return Err(differs(&tensor.name, tensor.to_string(), outlet.dtype().to_string()));
        };
        let element = match tensor.element {
            Element::F32 => TensorElementType::Float32,
            Element::U8 => TensorElementType::Uint8,
        };
        let open = side == "output";
        let fits = |(dim, axis): (&Dim, &i64)| match dim {
            Dim::Batch => *axis == -1,
            Dim::Fixed(n) => i64::try_from(*n) == Ok(*axis) || (open && *axis == -1),
        };
        if *ty != element || shape.len() != tensor.shape.len() || !tensor.shape.iter().zip(shape.iter()).all(fits) {
            return Err(differs(&tensor.name, tensor.to_string(), format!("{ty} {}", axes(shape))));
        }
    }
    if let Some(extra) = actual.iter().find(|o| side == "input" && !expected.iter().any(|t| t.name == o.name())) {
        return Err(differs(extra.name(), "none of that name".into(), extra.dtype().to_string()));
    }
    Ok(())
}

fn axes(shape: &[i64]) -> String {
    let axes: Vec<String> = shape.iter().map(|n| if *n < 0 { "any".into() } else { n.to_string() }).collect();
    format!("[{}]", axes.join(", "))
}
