//! The manifest: read, found, and told off.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use callguard_core::{Hypothesis, Measure};
use callguard_inference::{Dim, Element, Manifest, ManifestError};

const GOOD: &str = r#"
schema = "callguard.models/1"
[[model]]
id = "voice-clone"
version = "0.1.0"
file = "voice-clone.onnx"
sha256 = "48814fc88eebccf35647a123a47bf39c5947203363fde0f0c0bbbe3d78e0b0f2"
task = "voice-clone"
source = "voice-clone"
hypotheses = ["voice-synthetic"]
licence = "MIT OR Apache-2.0"
card = "cards/voice-clone.md"
batch_buckets = [1, 2, 4]
[[model.input]]
name = "samples"
type = "float32"
shape = ["batch", 64000]
[[model.output]]
name = "logit"
type = "float32"
shape = ["batch"]
[model.calibration]
offset = -0.2
slope = 0.7
[[model.calibration.quality]]
measure = "speech_s"
transform = "ln"
min = 0.8
max = 4.0
centre = 1.0
scale = 0.4
slope = 0.1
[model.law]
variance = 3.0
rho = 0.4
epsilon = 0.3
independence_s = 4.0
hop_s = 0.5
"#;

fn load(text: &str) -> Result<Manifest, ManifestError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.toml");
    fs::write(&path, text).unwrap();
    Manifest::load(&path)
}

#[track_caller]
fn complaints(text: &str) -> Vec<String> {
    match load(text) {
        Err(ManifestError::Invalid { complaints, .. }) => complaints,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_entry_is_read_whole() {
    let manifest = load(GOOD).unwrap();
    let model = manifest.by_task("voice-clone").unwrap();
    assert_eq!(Some(model), manifest.get("voice-clone"));
    assert_eq!(manifest.get("other"), None);
    assert_eq!(model.file, manifest.dir.join("voice-clone.onnx"));
    let evidence = model.evidence.as_ref().unwrap();
    assert_eq!(evidence.hypotheses, [Hypothesis::VoiceSynthetic]);
    assert_eq!((model.input_len(), model.output_len()), (64_000, 1));
    assert_eq!(model.inputs[0].element, Element::F32);
    assert_eq!(model.inputs[0].shape, [Dim::Batch, Dim::Fixed(64_000)]);
    assert_eq!((evidence.calibration.slope, evidence.calibration.clip), (0.7, 4.0));
    assert_eq!(evidence.calibration.quality[0].measure, Measure::SpeechS);
    assert_eq!(evidence.law.unwrap().rho, 0.4);
    let lawless = GOOD.split("[model.law]").next().unwrap();
    assert_eq!(load(lawless).unwrap().models[0].evidence.as_ref().unwrap().law, None);
}

/// One table test: what is put in the place of what, and the complaint.
#[test]
fn each_mistake_is_named_with_its_key_and_value() {
    for (from, to, expected) in [
        ("models/1", "models/2", "schema = \"callguard.models/2\": expected \"callguard.models/1\""),
        (
            "id = \"voice-clone\"",
            "id = \"Voice\"",
            "model[0] (Voice).id = \"Voice\": must be 1 to 64 of a-z, 0-9 and -",
        ),
        (
            "file = \"voice-clone.onnx\"",
            "file = \"../x.onnx\"",
            "model[0] (voice-clone).file = \"../x.onnx\": must lie below the manifest's folder",
        ),
        (
            "\"voice-clone.onnx\"",
            "\"/etc/x.onnx\"",
            "model[0] (voice-clone).file = \"/etc/x.onnx\": must lie below the manifest's folder",
        ),
        (
            "\"48814f",
            "\"48814F",
            "model[0] (voice-clone).sha256 = \"48814Fc88eebccf35647a123a47bf39c5947203363fde0f0c0bbbe3d78e0b0f2\": must be 64 lower-case hexadecimal digits",
        ),
        (
            "version = \"0.1.0\"",
            "version = 1",
            "model[0] (voice-clone).version: invalid type: integer `1`, expected a string",
        ),
        (
            "licence = \"MIT OR Apache-2.0\"",
            "licence = \" \"",
            "model[0] (voice-clone).licence = \" \": must not be empty",
        ),
        ("licence =", "license =", "model[0] (voice-clone).licence: is missing"),
        ("licence =", "license =", "model[0] (voice-clone).license: unknown key"),
        (
            "[1, 2, 4]",
            "[2, 4]",
            "model[0] (voice-clone).batch_buckets = [2, 4]: must begin with 1 and rise, up to 1024",
        ),
        (
            "[1, 2, 4]",
            "[1, 4, 4]",
            "model[0] (voice-clone).batch_buckets = [1, 4, 4]: must begin with 1 and rise, up to 1024",
        ),
        ("[\"voice-synthetic\"]", "[]", "model[0] (voice-clone).hypotheses = []: at least one is needed"),
        (
            "[\"voice-synthetic\"]",
            "[\"voice\"]",
            "model[0] (voice-clone).hypotheses: \"voice\" is not one of face-synthetic, face-presented, voice-synthetic, source-injected, challenge-failed",
        ),
        (
            "type = \"float32\"",
            "type = \"float16\"",
            "model[0] (voice-clone).input[0].type = \"float16\": expected \"float32\" or \"uint8\"",
        ),
        (
            "[\"batch\", 64000]",
            "[1, 64000]",
            "model[0] (voice-clone).input[0].shape = [1, 64000]: must be \"batch\" and then sizes from 1",
        ),
        (
            "[\"batch\", 64000]",
            "[\"batch\", 0]",
            "model[0] (voice-clone).input[0].shape = [\"batch\", 0]: must be \"batch\" and then sizes from 1",
        ),
        (
            "[\"batch\", 64000]",
            "[\"batch\", 4000000000, 4000000000]",
            "model[0] (voice-clone).input[0].shape = [\"batch\", 4000000000, 4000000000]: must be \"batch\" and then sizes from 1",
        ),
        ("slope = 0.7", "slope = nan", "model[0] (voice-clone).calibration.slope = NaN: must be finite"),
        (
            "slope = 0.7",
            "slopes = 0.7",
            "model[0] (voice-clone).calibration: unknown field `slopes`, expected one of `offset`, `slope`, `clip`, `quality`",
        ),
        ("rho = 0.4", "rho = 1.4", "model[0] (voice-clone).law.rho = 1.4: must be from 0 to 1"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let found = complaints(&GOOD.replacen(from, to, 1));
        assert!(found.iter().any(|complaint| complaint == expected), "{to}: {found:#?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let second = GOOD.replace("schema = \"callguard.models/1\"", "");
    let bad = GOOD
        .replace("rho = 0.4", "rho = 1.4")
        .replace("[1, 2, 4]", "[]")
        .replace("type = \"float32\"", "type = \"text\"");
    let found = complaints(&format!("colour = 1\n{bad}{second}"));
    assert_eq!(found.len(), 6, "unknown key, buckets, two types, rho, the id used twice: {found:#?}");
    let error = load(&format!("colour = 1\n{bad}{second}")).unwrap_err().to_string();
    assert!(error.contains("6 to mend:") && found.iter().all(|complaint| error.contains(complaint)), "{error}");
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let error = load("schema = \n").unwrap_err().to_string();
    assert!(error.contains("not valid TOML") && error.contains("line 1"), "{error}");
    assert!(matches!(Manifest::load(Path::new("/nowhere/manifest.toml")), Err(ManifestError::Read { .. })));
}

#[test]
fn it_is_found_by_folder_or_file_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.toml");
    fs::write(&path, GOOD).unwrap();
    assert_eq!(Manifest::find(Some(folder.path())).unwrap(), path);
    assert_eq!(Manifest::find(Some(&path)).unwrap(), path);
    let missing = folder.path().join("none");
    let Err(ManifestError::NotFound(looked)) = Manifest::find(Some(&missing)) else { panic!("found") };
    assert_eq!(looked, [missing]);
}

const CUE: &str = r#"
[[cue]]
id = "face-flat"
version = "1"
source = "face-flat"
hypotheses = ["face-presented"]
licence = "MIT OR Apache-2.0"
card = "cards/face-flat.md"
[cue.calibration]
offset = 0.1
slope = 0.5
[[fusion]]
hypothesis = "face-presented"
correlation = 0.2
[fusion.weights]
face-flat = 0.7
"#;

#[test]
fn cues_models_without_evidence_and_weights_are_read() {
    let finder = "[[model]]\nid = \"finder\"\nversion = \"1\"\nfile = \"f.onnx\"\nsha256 = \"48814fc88eebccf35647a123a47bf39c5947203363fde0f0c0bbbe3d78e0b0f2\"\ntask = \"face-detector\"\nlicence = \"MIT\"\ncard = \"c.md\"\nbatch_buckets = [1]\n[[model.input]]\nname = \"x\"\ntype = \"uint8\"\nshape = [\"batch\", 3]\n[[model.output]]\nname = \"y\"\ntype = \"float32\"\nshape = [\"batch\", 15]\n";
    let manifest = load(&format!("{GOOD}{finder}{CUE}")).unwrap();
    assert_eq!(manifest.by_task("face-detector").unwrap().evidence, None);
    let cue = manifest.cue("face-flat").unwrap();
    assert_eq!((cue.evidence.hypotheses[0], cue.evidence.calibration.slope), (Hypothesis::FacePresented, 0.5));
    assert_eq!((manifest.fusions[0].correlation, manifest.fusions[0].weights[0].1), (0.2, 0.7));
    let half = complaints(&GOOD.replace("source = \"voice-clone\"", ""));
    assert_eq!(half, ["model[0] (voice-clone).source: is missing"], "all of it or none");
    let found = complaints(&format!("{GOOD}{}", CUE.replace("face-flat = 0.7", "other = 0.7")));
    assert_eq!(found, ["fusion[0].weights: \"other\" is no source of this manifest"]);
}
