//! From TOML to checked entries. Every complaint is collected, each with its key and value; one run of the program then
//! shows all that has to be mended.

use std::path::{Component, Path};

use callguard_core::{Calibration, Hypothesis, Law, SourceId};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{Dim, Element, ModelSpec, TensorSpec};

/// The version of the layout this crate reads.
const SCHEMA: &str = "callguard.models/1";

/// The entries, or everything that is wrong.
pub(super) fn check(table: Table, dir: &Path) -> Result<Vec<ModelSpec>, Vec<String>> {
    let mut complaints = Vec::new();
    let mut root = Reader::new(table, "", &mut complaints);
    if let Some(schema) = root.need::<String>("schema")
        && schema != SCHEMA
    {
        root.complain("schema", &format!("= {schema:?}: expected {SCHEMA:?}"));
    }
    let tables = root.take::<Vec<Table>>("model").unwrap_or_default();
    root.finish();
    let mut models: Vec<ModelSpec> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for (i, table) in tables.into_iter().enumerate() {
        let id = table.get("id").and_then(Value::as_str).map(str::to_string);
        let at = id.as_ref().map_or_else(|| format!("model[{i}]."), |id| format!("model[{i}] ({id})."));
        models.extend(model(Reader::new(table, &at, &mut complaints), dir));
        if let Some(id) = id {
            if ids.contains(&id) {
                complaints.push(format!("{at}id = {id:?}: another model has it"));
            }
            ids.push(id);
        }
    }
    if complaints.is_empty() { Ok(models) } else { Err(complaints) }
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
    let source = raw.name("source");
    let hypotheses = hypotheses(&mut raw);
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
    let calibration = raw.need::<Calibration>("calibration");
    for complaint in calibration.iter().flat_map(Calibration::complaints) {
        raw.complain("calibration", &format!(".{complaint}"));
    }
    let law = raw.take::<Law>("law");
    for complaint in law.iter().flat_map(Law::complaints) {
        raw.complain("law", &format!(".{complaint}"));
    }
    raw.finish();
    Some(ModelSpec {
        id: id?,
        version: version?,
        file: dir.join(file?),
        sha256: sha256?,
        task: task?,
        source: SourceId::new(&source?),
        hypotheses: hypotheses?,
        licence: licence?,
        inputs: inputs?,
        outputs: outputs?,
        batch_buckets: batch_buckets?,
        calibration: calibration?,
        law,
        card: dir.join(card?),
    })
}

fn hypotheses(raw: &mut Reader<'_>) -> Option<Vec<Hypothesis>> {
    let names = raw.need::<Vec<String>>("hypotheses")?;
    if names.is_empty() {
        raw.complain("hypotheses", " = []: at least one is needed");
    }
    let mut found = Vec::new();
    for name in &names {
        match Hypothesis::ALL.into_iter().find(|h| h.as_str() == name) {
            Some(known) if found.contains(&known) => {
                raw.complain("hypotheses", &format!(": {name:?} stands there twice"))
            }
            Some(known) => found.push(known),
            None => {
                let known = Hypothesis::ALL.map(Hypothesis::as_str).join(", ");
                raw.complain("hypotheses", &format!(": {name:?} is not one of {known}"));
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
