//! From TOML to checked entries. Every complaint is collected, each with its key and value; one run of the program then
//! shows all that has to be mended.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use callguard_core::{Calibration, Fusion, Hypothesis, Law, SourceId};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{CueSpec, Dim, Element, Manifest, ModelSpec, SourceSpec, TensorSpec};

/// The version of the layout this crate reads.
const SCHEMA: &str = "callguard.models/1";

/// The entries, or everything that is wrong.
pub(super) fn check(table: Table, dir: &Path) -> Result<Manifest, Vec<String>> {
    let mut complaints = Vec::new();
    let mut root = Reader::new(table, "", &mut complaints);
    if let Some(schema) = root.need::<String>("schema")
        && schema != SCHEMA
    {
        root.complain("schema", &format!("= {schema:?}: expected {SCHEMA:?}"));
    }
    let [models, cues, fusions] =
        ["model", "cue", "fusion"].map(|key| root.take::<Vec<Table>>(key).unwrap_or_default());
    root.finish();
    let models = entries("model", models, &mut complaints, |raw| model(raw, dir));
    let cues = entries("cue", cues, &mut complaints, |raw| cue(raw, dir));
    let mut fusion_of = Vec::new();
    for (i, table) in fusions.into_iter().enumerate() {
        fusion_of.extend(fusion(Reader::new(table, &format!("fusion[{i}]."), &mut complaints)));
    }
    let known = |id: &SourceId| {
        models
            .iter()
            .filter_map(|m| m.evidence.as_ref())
            .chain(cues.iter().map(|c| &c.evidence))
            .any(|s| s.source == *id)
    };
    for (i, f) in fusion_of.iter().enumerate() {
        for (id, _) in f.weights.iter().filter(|(id, _)| !known(id)) {
            complaints.push(format!("fusion[{i}].weights: {id:?} is no source of this manifest", id = id.as_str()));
        }
    }
    if complaints.is_empty() {
        Ok(Manifest { dir: dir.into(), models, cues, fusions: fusion_of })
    } else {
        Err(complaints)
    }
}

/// Every entry of one kind; two may not have one id.
fn entries<T>(
    kind: &str,
    tables: Vec<Table>,
    complaints: &mut Vec<String>,
    read: impl Fn(Reader<'_>) -> Option<T>,
) -> Vec<T> {
    let (mut found, mut ids) = (Vec::new(), Vec::new());
    for (i, table) in tables.into_iter().enumerate() {
        let id = table.get("id").and_then(Value::as_str).map(str::to_string);
        let at = id.as_ref().map_or_else(|| format!("{kind}[{i}]."), |id| format!("{kind}[{i}] ({id})."));
        found.extend(read(Reader::new(table, &at, complaints)));
        if let Some(id) = id {
            if ids.contains(&id) {
                complaints.push(format!("{at}id = {id:?}: another {kind} has it"));
            }
            ids.push(id);
        }
    }
    found
}

fn model(mut raw: Reader<'_>, dir: &Path) -> Option<ModelSpec> {
    let id = raw.name("id");
    let version = raw.text("version");
    let file = raw.path("file");
    let sha256 = raw.need::<String>("sha256");
    if let Some(hash) = &sha256
        && !(hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
    {
        raw.complain("sha256", &format!("= {hash:?}: must be 64 lower-case hexadecimal digits"));
    }
    let task = raw.name("task");
    let licence = raw.text("licence");
    let card = raw.path("card");
    let batch_buckets = raw.need::<Vec<usize>>("batch_buckets");
    if let Some(buckets) = &batch_buckets
        && !(buckets.first() == Some(&1) && buckets.is_sorted_by(|a, b| a < b) && buckets.last() <= Some(&1024))
    {
        raw.complain("batch_buckets", &format!("= {buckets:?}: must begin with 1 and rise, up to 1024"));
    }
    let inputs = tensors(&mut raw, "input");
    let outputs = tensors(&mut raw, "output");
    // A model that only serves others, such as one that finds faces, is no source of evidence and has none of these.
    let is_source = ["source", "hypotheses", "calibration", "law"].iter().any(|key| raw.table.contains_key(*key));
    let evidence = is_source.then(|| source(&mut raw));
    raw.finish();
    Some(ModelSpec {
        id: id?,
        version: version?,
        file: dir.join(file?),
        sha256: sha256?,
        task: task?,
        licence: licence?,
        inputs: inputs?,
        outputs: outputs?,
        batch_buckets: batch_buckets?,
        evidence: match evidence {
            Some(read) => Some(read?),
            None => None,
        },
        card: dir.join(card?),
    })
}

fn cue(mut raw: Reader<'_>, dir: &Path) -> Option<CueSpec> {
    let id = raw.name("id");
    let version = raw.text("version");
    let licence = raw.text("licence");
    let card = raw.path("card");
    let evidence = source(&mut raw);
    raw.finish();
    Some(CueSpec { id: id?, version: version?, licence: licence?, card: dir.join(card?), evidence: evidence? })
}

fn source(raw: &mut Reader<'_>) -> Option<SourceSpec> {
    let source = raw.name("source");
    let hypotheses = hypotheses(raw);
    let calibration = raw.need::<Calibration>("calibration");
    for complaint in calibration.iter().flat_map(Calibration::complaints) {
        raw.complain("calibration", &format!(".{complaint}"));
    }
    let law = raw.take::<Law>("law");
    for complaint in law.iter().flat_map(Law::complaints) {
        raw.complain("law", &format!(".{complaint}"));
    }
    Some(SourceSpec { source: SourceId::new(&source?), hypotheses: hypotheses?, calibration: calibration?, law })
}

fn fusion(mut raw: Reader<'_>) -> Option<Fusion> {
    let name = raw.need::<String>("hypothesis");
    let hypothesis = name.as_deref().and_then(hypothesis_named);
    if let (Some(name), None) = (&name, hypothesis) {
        raw.complain("hypothesis", &format!("= {name:?}: not one of {}", known_hypotheses()));
    }
    let weights = raw.need::<BTreeMap<String, f64>>("weights");
    let correlation = raw.need::<f64>("correlation");
    raw.finish();
    let weights = weights?.into_iter().map(|(id, weight)| (SourceId::new(&id), weight)).collect();
    // Ranges are checked where rules are made of it.
    Some(Fusion { hypothesis: hypothesis?, weights, correlation: correlation? })
}

fn hypothesis_named(name: &str) -> Option<Hypothesis> {
    Hypothesis::ALL.into_iter().find(|h| h.as_str() == name)
}

fn known_hypotheses() -> String {
    Hypothesis::ALL.map(Hypothesis::as_str).join(", ")
}

fn hypotheses(raw: &mut Reader<'_>) -> Option<Vec<Hypothesis>> {
    let names = raw.need::<Vec<String>>("hypotheses")?;
    if names.is_empty() {
        raw.complain("hypotheses", " = []: at least one is needed");
    }
    let mut found = Vec::new();
    for name in &names {
        match hypothesis_named(name) {
            Some(known) if found.contains(&known) => {
                raw.complain("hypotheses", &format!(": {name:?} stands there twice"))
            }
            Some(known) => found.push(known),
            None => {
                raw.complain("hypotheses", &format!(": {name:?} is not one of {}", known_hypotheses()));
            }
        }
    }
    Some(found)
}

fn tensors(raw: &mut Reader<'_>, key: &str) -> Option<Vec<TensorSpec>> {
    let tables = raw.need::<Vec<Table>>(key)?;
    if tables.is_empty() {
        raw.complain(key, " = []: at least one is needed");
    }
    let mut found = Vec::new();
    for (i, table) in tables.into_iter().enumerate() {
        let at = format!("{}{key}[{i}].", raw.at);
        let mut raw = Reader::new(table, &at, raw.complaints);
        let name = raw.text("name");
        let kind = raw.need::<String>("type");
        let element = kind.as_deref().and_then(Element::from_name);
        if let Some(kind) = kind
            && element.is_none()
        {
            raw.complain("type", &format!("= {kind:?}: expected \"float32\" or \"uint8\""));
        }
        let shape = raw.need::<Vec<Value>>("shape").and_then(|axes| {
            let shape = shape(&axes);
            if shape.is_none() {
                raw.complain("shape", &format!("= {}: must be \"batch\" and then sizes from 1", Value::Array(axes)));
            }
            shape
        });
        raw.finish();
        if let (Some(name), Some(element), Some(shape)) = (name, element, shape) {
            found.push(TensorSpec { name, element, shape });
        }
    }
    Some(found)
}

/// `["batch", n, …]`, with so few elements that their count fits.
fn shape(axes: &[Value]) -> Option<Vec<Dim>> {
    let (first, rest) = axes.split_first()?;
    if first.as_str() != Some("batch") {
        return None;
    }
    let mut dims = vec![Dim::Batch];
    let mut elements = 1_usize;
    for axis in rest {
        let size = axis.as_integer().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0)?;
        elements = elements.checked_mul(size).filter(|n| *n <= 1 << 28)?;
        dims.push(Dim::Fixed(size));
    }
    Some(dims)
}

/// A table that is read key by key; what is left over at the end nobody knows.
struct Reader<'a> {
    table: Table,
    at: String,
    complaints: &'a mut Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(table: Table, at: &str, complaints: &'a mut Vec<String>) -> Self {
        Self { table, at: at.into(), complaints }
    }

    fn complain(&mut self, key: &str, what: &str) {
        self.complaints.push(format!("{}{key}{}{what}", self.at, if what.starts_with('=') { " " } else { "" }));
    }

    /// A key that may be absent.
    fn take<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        match self.table.remove(key)?.try_into() {
            Ok(value) => Some(value),
            Err(e) => {
                self.complain(key, &format!(": {}", e.to_string().trim().replace('\n', " ")));
                None
            }
        }
    }

    fn need<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        if !self.table.contains_key(key) {
            self.complain(key, ": is missing");
        }
        self.take(key)
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let text = self.need::<String>(key)?;
        if text.trim().is_empty() {
            self.complain(key, &format!("= {text:?}: must not be empty"));
        }
        Some(text)
    }

    /// A name that stands in reports, metrics and file names.
    fn name(&mut self, key: &str) -> Option<String> {
        let name = self.need::<String>(key)?;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(!name.is_empty() && name.len() <= 64 && name.bytes().all(plain)) {
            self.complain(key, &format!("= {name:?}: must be 1 to 64 of a-z, 0-9 and -"));
        }
        Some(name)
    }

    /// A path below the manifest's folder: a manifest from elsewhere must not name other files of this machine.
    fn path(&mut self, key: &str) -> Option<String> {
        let path = self.text(key)?;
        if !Path::new(&path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            self.complain(key, &format!("= {path:?}: must lie below the manifest's folder"));
        }
        Some(path)
    }

    fn finish(self) {
        for key in self.table.keys() {
            self.complaints.push(format!("{}{key}: unknown key", self.at));
        }
    }
}
