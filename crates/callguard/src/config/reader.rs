//! Takes keys out of a TOML table, and collects everything that is wrong instead of stopping at the first.

use toml::{Table, Value};

/// One complaint: the key, and what is wrong with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Dotted key, like `policy.false_alarm`.
    pub key: String,
    /// What is wrong and what it must be.
    pub message: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// Reads one table; [`Reader::finish`] complains of every key that nobody asked for.
pub struct Reader<'a> {
    table: Table,
    path: &'a str,
    known: Vec<&'static str>,
    complaints: &'a mut Vec<Complaint>,
}

impl<'a> Reader<'a> {
    /// `path` is empty for the top, `policy.` inside `[policy]`.
    pub fn new(table: Table, path: &'a str, complaints: &'a mut Vec<Complaint>) -> Self {
        Self { table, path, known: Vec::new(), complaints }
    }

    fn complain(&mut self, key: &str, message: String) {
        self.complaints.push(Complaint { key: format!("{}{key}", self.path), message });
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    fn wrong(&mut self, key: &str, value: &Value, wanted: &str) {
        self.complain(key, format!("is {}: must be {wanted}", shown(value)));
    }

    /// A text that `parse` understands; its error says what would be understood.
    pub fn parsed<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match self.take(key)? {
            Value::String(text) => parse(&text).map_err(|wrong| self.complain(key, wrong)).ok(),
            other => {
                self.wrong(key, &other, "a text in quotes");
                None
            }
        }
    }

    /// Any text.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        self.parsed(key, |text| Ok(text.to_owned()))
    }

    /// A number; whole numbers will do.
    pub fn number(&mut self, key: &'static str) -> Option<f64> {
        match self.take(key)? {
            Value::Float(x) => Some(x),
            Value::Integer(n) => Some(n as f64),
            other => {
                self.wrong(key, &other, "a number");
                None
            }
        }
    }

    /// A whole number, not negative.
    pub fn count(&mut self, key: &'static str) -> Option<u64> {
        match self.take(key)? {
            Value::Integer(n) if n >= 0 => Some(n.unsigned_abs()),
            other => {
                self.wrong(key, &other, "a whole number, not negative");
                None
            }
        }
    }

    /// A share of people: a fraction, or a text such as `"1%"`.
    pub fn share(&mut self, key: &'static str) -> Option<f64> {
        let parsed = match self.take(key)? {
            Value::String(text) => crate::cli::share::parse(&text),
            Value::Float(x) => crate::cli::share::parse(&x.to_string()),
            other => Err(format!("is {}: must be a share such as \"1%\" or 0.01", shown(&other))),
        };
        parsed.map_err(|wrong| self.complain(key, wrong)).ok()
    }

    /// A list of texts.
    pub fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let value = self.take(key)?;
        let texts = value.as_array().and_then(|list| list.iter().map(|v| v.as_str().map(str::to_owned)).collect());
        if texts.is_none() {
            self.wrong(key, &value, "a list of texts in quotes");
        }
        texts
    }

    /// A table of its own, read by `read`; one that is absent reads as empty.
    pub fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let table = match self.take(key) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => {
                self.wrong(key, &other, &format!("a table: [{}{key}]", self.path));
                Table::new()
            }
        };
        let path = format!("{}{key}.", self.path);
        let mut inner = Reader::new(table, &path, self.complaints);
        let read = read(&mut inner);
        inner.finish();
        read
    }

    /// Complains of every key that is left, and names the one that may have been meant.
    pub fn finish(self) {
        for key in self.table.keys() {
            let near = self.known.iter().find(|k| near(k, key));
            let hint =
                near.map_or_else(|| format!("known here: {}", self.known.join(", ")), |k| format!("did you mean {k}?"));
            self.complaints
                .push(Complaint { key: format!("{}{key}", self.path), message: format!("no such key; {hint}") });
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Table(_) => "a table".to_owned(),
        other => other.to_string(),
    }
}

/// One slip apart: a letter more, less or other, or `-` for `_`.
fn near(known: &str, given: &str) -> bool {
    let given = given.replace('-', "_").to_lowercase();
    if given == known {
        return true;
    }
    let (a, b): (Vec<char>, Vec<char>) = (known.chars().collect(), given.chars().collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    a.len().abs_diff(b.len()) <= 1 && head + tail + 2 > a.len().max(b.len())
}
