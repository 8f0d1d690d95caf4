//! The plugin as a file: `libgstcallguard.so` in processes of its own.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

extern crate gstreamer as gst;
use gst::prelude::*;

const FILE: &str = "libgstcallguard.so";
/// Set in the process that a test runs itself in again.
const CHILD: &str = "CALLGUARD_TEST_CHILD";

/// A folder with nothing but the plugin, and a registry of its own.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(built(), folder.path().join(FILE)).unwrap();
        Self { folder }
    }

    /// A program that finds the plugin, but no models, no ONNX Runtime and no registry.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env("GST_PLUGIN_PATH", self.folder.path())
            .env("GST_REGISTRY", self.folder.path().join("registry.bin"))
            .env("HOME", self.folder.path())
            .env("CALLGUARD_MODELS", self.folder.path())
            .env_remove("ORT_DYLIB_PATH")
            .env_remove("LD_LIBRARY_PATH")
            .current_dir(self.folder.path());
        command
    }
}

/// Cargo builds the plugin file beside the test, where it may also have left an older one.
fn built() -> PathBuf {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    let candidates = [deps.join(FILE), deps.join("..").join(FILE)];
    let age = |p: &PathBuf| std::fs::metadata(p).and_then(|m| m.modified()).ok();
    candidates
        .into_iter()
        .filter(|p| age(p).is_some())
        .max_by_key(age)
        .expect("cargo builds the plugin file with its tests")
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

#[test]
fn it_inspects_without_gpu_models_and_onnx_runtime() {
    let bench = Bench::new();
    let shared = ["GstCallguardFilter", "on-missing-engine", "milliseconds", "unobserved-frames", "acknowledge"];
    let own: [(&str, &[&str]); 3] = [
        ("callguardaudio", &["S24LE", "[ 1, 8 ]"]),
        ("callguardvideo", &["attach-meta", "NV12", "GRAY8", "format:Interlaced", "alternate"]),
        ("callguardoverlay", &["GstBaseTransform", "call", "stream", "NV12"]),
    ];
    for (element, words) in own {
        let page = succeeds(bench.command("gst-inspect-1.0").arg(element));
        let shared = shared.iter().filter(|_| element != "callguardoverlay");
        for word in words.iter().chain(shared) {
            assert!(page.contains(word), "{word} in\n{page}");
        }
    }
    let plugin = succeeds(bench.command("gst-inspect-1.0").arg("callguard"));
    assert!(plugin.contains("MIT/X11") && plugin.contains("3 features"), "{plugin}");
    let listed = succeeds(bench.command("gst-inspect-1.0").arg("-b"));
    assert!(!listed.contains("callguard"), "blacklisted:\n{listed}");
}

#[test]
fn launched_with_and_without_it_the_same_buffers_come_out() {
    let bench = Bench::new();
    let sound = "audiotestsrc num-buffers=250 samplesperbuffer=441 ! audio/x-raw,format=S16LE,rate=22050,channels=2";
    let pictures =
        "videotestsrc num-buffers=50 pattern=ball ! video/x-raw,format=NV12,width=320,height=180,framerate=25/1";
    let run = |source: &str, name: &str, tap: &str| {
        let out = bench.folder.path().join(name);
        let line = format!(
            "{source} ! {tap} tee name=t t. ! queue ! filesink location={} t. ! queue ! fakesink silent=false",
            out.display()
        );
        let said = succeeds(bench.command("gst-launch-1.0").arg("-v").args(line.split_whitespace()));
        let chained =
            said.lines().filter(|l| l.contains("chain   ***")).map(|l| l.split(" 0x").next().map(str::to_owned));
        (chained.collect::<Vec<_>>(), std::fs::read(out).unwrap())
    };
    for (source, tap, buffers) in [(sound, "callguardaudio !", 250), (pictures, "callguardvideo !", 50)] {
        let (without, bytes_without) = run(source, "without", "");
        let (with, bytes_with) = run(source, "with", tap);
        assert_eq!(without.len(), buffers);
        assert_eq!(with, without, "count, sizes, timestamps and flags");
        assert!(bytes_with == bytes_without && !bytes_with.is_empty());
    }
}

/// The line of the overlay's page, with a camera and a screen that every machine has.
#[test]
fn the_launch_line_of_the_overlay_runs() {
    let bench = Bench::new();
    let line = "videotestsrc num-buffers=20 ! videoconvert ! callguardvideo ! videoconvert ! callguardoverlay ! videoconvert \
                ! fakesink";
    let said = succeeds(bench.command("gst-launch-1.0").arg("-m").args(line.split_whitespace()));
    assert!(said.contains("engine-unavailable") && said.contains("Got EOS"), "{said}");
}

#[test]
fn launched_without_models_it_says_what_to_do() {
    let bench = Bench::new();
    let line = "audiotestsrc is-live=true num-buffers=100 ! callguardaudio ! fakesink sync=true";
    let said = bench.command("gst-launch-1.0").arg("-m").args(line.split_whitespace()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.contains("WARNING") && said.contains("Not guarded"), "{said}");
    assert!(said.contains("engine-unavailable") && said.contains("Got EOS"), "{said}");
}

/// In a process of its own: what a program does that has the plugin built in.
fn program() {
    gst::init().unwrap();
    let before = gst::ElementFactory::find("callguardaudio").expect("GST_PLUGIN_PATH holds it");
    assert!(before.plugin().unwrap().filename().is_some());
    gstcallguard::plugin_register_static().unwrap();
    let factory = gst::ElementFactory::find("callguardaudio").unwrap();
    let tap = factory.create().build().unwrap();
    assert_eq!(tap.type_(), gstcallguard::audio::CallguardAudio::static_type(), "the program's own, not the file's");
    tap.set_state(gst::State::Ready).unwrap();
    tap.set_state(gst::State::Null).unwrap();
}

fn again(name: &str, forks: &str) {
    if std::env::var_os(CHILD).is_some() {
        return program();
    }
    let bench = Bench::new();
    let mut child = bench.command(std::env::current_exe().unwrap());
    succeeds(child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").env("GST_REGISTRY_FORK", forks));
}

#[test]
fn a_program_has_its_own_beside_the_file() {
    again("a_program_has_its_own_beside_the_file", "yes");
}

/// Without a scanner process GStreamer loads the file into the program itself.
#[test]
fn a_program_has_its_own_beside_the_loaded_file() {
    again("a_program_has_its_own_beside_the_loaded_file", "no");
}
