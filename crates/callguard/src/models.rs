//! `models list|verify|bench`.

use std::process::ExitCode;
use std::time::Instant;

use callguard_engine::EngineError;
use callguard_inference::{Element, Library, Manifest, Model, ModelSpec, Options, SourceSpec, Tensor};
use comfy_table::{Table, presets};
use serde_json::json;

use crate::cli::{Common, Models};
use crate::config::{self, Config};
use crate::out::say;
use crate::trouble::Trouble;

/// Lists, checks or measures the models.
///
/// # Errors
/// Where there are no models, no ONNX Runtime, or one is not what the manifest says.
pub fn run(common: &Common, what: &Models) -> Result<ExitCode, Trouble> {
    let config = config::load(common)?;
    crate::log::start(&config)?;
    let manifest = manifest(&config)?;
    match what {
        Models::List { json: true } => {
            say(&serde_json::Value::from_iter(manifest.models.iter().map(described)).to_string())?
        }
        Models::List { json: false } => say(&table(&manifest))?,
        Models::Verify => return verify(&config, &manifest),
        Models::Bench { windows } => bench(&config, &manifest, *windows)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The manifest in effect.
///
/// # Errors
/// Where there is none or it is wrong.
pub fn manifest(config: &Config) -> Result<Manifest, Trouble> {
    let path = Manifest::find(config.detect.models.as_deref()).map_err(EngineError::from)?;
    Ok(Manifest::load(&path).map_err(EngineError::from)?)
}

fn described(spec: &ModelSpec) -> serde_json::Value {
    json!({
        "id": spec.id, "version": spec.version, "task": spec.task, "licence": spec.licence, "file": spec.file,
        "sha256": spec.sha256, "card": spec.card, "evidence": spec.evidence.as_ref().map(evidence),
    })
}

fn evidence(s: &SourceSpec) -> serde_json::Value {
    json!({ "source": s.source, "hypotheses": s.hypotheses, "calibration": s.calibration, "law": s.law })
}

fn table(manifest: &Manifest) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["model", "version", "task", "speaks to", "licence", "law", "sha256"]);
    for spec in &manifest.models {
        let (hypotheses, law) = spoken(spec.evidence.as_ref());
        table.add_row([
            spec.id.as_str(),
            &spec.version,
            &spec.task,
            &hypotheses,
            &spec.licence,
            &law,
            spec.sha256.get(..12).unwrap_or(&spec.sha256),
        ]);
    }
    for cue in &manifest.cues {
        let (hypotheses, law) = spoken(Some(&cue.evidence));
        table.add_row([cue.id.as_str(), &cue.version, "needs no model", &hypotheses, &cue.licence, &law, "–"]);
    }
    format!("{table}\n{}", manifest.dir.display())
}

/// What a source speaks to, and how it behaves on genuine people.
fn spoken(evidence: Option<&SourceSpec>) -> (String, String) {
    let Some(s) = evidence else { return ("serves others".to_owned(), "–".to_owned()) };
    let hypotheses: Vec<&str> = s.hypotheses.iter().map(|h| h.as_str()).collect();
    let law = s.law.map_or_else(
        || "not measured: suspect at most".to_owned(),
        |l| format!("variance {:.1}, rho {:.2}, misses {:.0} %", l.variance, l.rho, l.epsilon * 100.0),
    );
    (hypotheses.join(", "), law)
}

fn options(config: &Config) -> Options {
    Options { provider: config.detect.provider, fallback: config.detect.fallback, ..Options::reproducible(1) }
}

fn verify(config: &Config, manifest: &Manifest) -> Result<ExitCode, Trouble> {
    let library = Library::find(config.detect.onnxruntime.as_deref()).map_err(EngineError::from)?;
    let mut failed = false;
    for spec in &manifest.models {
        match Model::start(&library, spec, &options(config)).map_err(EngineError::from).map_err(Trouble::from) {
            Ok(model) => {
                say(&format!("{}: hash, names, shapes and types are right; runs on {}", spec.id, model.provider()))?
            }
            Err(trouble) => {
                failed = true;
                eprintln!("{}: {}", spec.id, trouble.for_people());
            }
        }
    }
    Ok(ExitCode::from(u8::from(failed)))
}

fn bench(config: &Config, manifest: &Manifest, windows: u32) -> Result<(), Trouble> {
    let library = Library::find(config.detect.onnxruntime.as_deref()).map_err(EngineError::from)?;
    for spec in &manifest.models {
        let model = Model::start(&library, spec, &options(config)).map_err(EngineError::from)?;
        // Noise: some graphs take shortcuts through silence.
        let noise = (0..spec.input_len()).map(|i| ((i as f32 * 12.9898).sin() * 43_758.547).fract());
        let input = match spec.inputs[0].element {
            Element::F32 => Tensor::F32(noise.map(|x| x * 0.1).collect()),
            Element::U8 => Tensor::U8(noise.map(|x| (x.abs() * 255.0) as u8).collect()),
        };
        let begin = Instant::now();
        for _ in 0..windows {
            model.run(input.clone()).map_err(|e| {
                Trouble::new(
                    "detector-failed",
                    crate::trouble::Stage::Detect,
                    format!("{}: {e}", spec.id),
                    "Run `callguard models verify`.",
                )
            })?;
        }
        let (took, stats) = (begin.elapsed().as_secs_f64(), model.stats());
        say(&format!(
            "{} on {} ({}): {:.1} ms a window (median {:.1}, 95 % within {:.1}, 99 % within {:.1}), {:.0} windows/s on one thread",
            spec.id,
            model.provider(),
            library.version(),
            took * 1000.0 / f64::from(windows),
            stats.run.p50_us as f64 / 1000.0,
            stats.run.p95_us as f64 / 1000.0,
            stats.run.p99_us as f64 / 1000.0,
            f64::from(windows) / took,
        ))?;
    }
    Ok(())
}
