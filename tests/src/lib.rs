//! What the end-to-end tests share: the program, sounds to give it, and the schemas to hold it to.
// Helpers of tests: what fails here fails the test.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

pub mod live;
pub mod pictures;
pub mod web;
pub mod webrtc;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// One run of the program.
#[derive(Debug)]
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Run {
    /// Every line of standard output as JSON; panics where a line is anything else.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}\n{}", self.err));
        self.out.lines().map(parse).collect()
    }
}

/// The program, in `dir`, with nothing of the user's environment that it reads.
#[must_use]
pub fn program(exe: &str, dir: &Path) -> Command {
    let mut command = Command::new(exe);
    command.current_dir(dir);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CALLGUARD_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a tool that set-up installs.
#[track_caller]
pub fn tool<I: AsRef<OsStr>>(name: &str, arguments: impl IntoIterator<Item = I>) {
    let done = Command::new(name).args(arguments).output().unwrap_or_else(|e| panic!("{name}: {e} (run `make setup`)"));
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A synthetic voice that says `text`, as WAV.
#[track_caller]
pub fn robot(path: &Path, text: &str) {
    tool("espeak-ng", [OsStr::new("-v"), OsStr::new("en-us"), OsStr::new("-w"), path.as_os_str(), OsStr::new(text)]);
}

/// A person: prompts of Debian's asterisk-core-sounds-en-g722, one after the other, as 16 kHz WAV. `None` where they are not installed.
#[must_use]
pub fn person(path: &Path, prompts: &[&str]) -> Option<()> {
    let folder = ["/usr/share/asterisk/sounds/en_US_f_Allison", "/usr/share/asterisk/sounds/en"]
        .iter()
        .map(PathBuf::from)
        .find(|f| f.is_dir())?;
    let files: Vec<PathBuf> = prompts.iter().map(|p| folder.join(format!("{p}.g722"))).filter(|f| f.exists()).collect();
    if files.len() != prompts.len() {
        return None;
    }
    let mut arguments: Vec<String> = vec!["-v".into(), "error".into(), "-y".into()];
    for file in &files {
        arguments.extend(["-f".into(), "g722".into(), "-i".into(), file.display().to_string()]);
    }
    arguments.extend([
        "-filter_complex".into(),
        format!("concat=n={}:v=0:a=1", files.len()),
        "-ar".into(),
        "16000".into(),
    ]);
    arguments.push(path.display().to_string());
    tool("ffmpeg", arguments);
    Some(())
}

/// Any sound that ffmpeg's `lavfi` makes.
#[track_caller]
pub fn sound(path: &Path, lavfi: &str) {
    let shown = path.display().to_string();
    tool("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", lavfi, &shown]);
}

/// Converts with ffmpeg; what to do is told by the extension and `options`.
#[track_caller]
pub fn convert(from: &Path, options: &[&str], to: &Path) {
    let (from, to) = (from.display().to_string(), to.display().to_string());
    tool("ffmpeg", [&["-v", "error", "-y", "-i", &from], options, &[&to]].concat());
}

/// A schema that is shipped, ready to hold outputs to it.
#[must_use]
pub fn schema(text: &str) -> jsonschema::Validator {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&serde_json::from_str(text).unwrap())
        .unwrap()
}

/// Fails with everything that is wrong.
#[track_caller]
pub fn assert_valid(schema: &jsonschema::Validator, value: &Value) {
    let wrong: Vec<String> = schema.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{}\n{value:#}", wrong.join("\n"));
}

/// Where data is that this repository does not hold; `None`, with a word, where it is not there.
#[must_use]
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}
