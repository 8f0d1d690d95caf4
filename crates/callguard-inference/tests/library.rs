//! Libraries that are missing, too old, of another processor, or something else: each its own error, and none hangs.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use callguard_inference::{API_VERSION, Library, LibraryError, Origin, ProbeError, Tried};

/// A shared library made of a few lines of Rust: set-up brings the compiler.
fn build(folder: &Path, name: &str, code: &str) -> PathBuf {
    let source = folder.join(format!("{name}.rs"));
    let library = folder.join(format!("lib{name}.so"));
    fs::write(&source, code).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let run = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=cdylib", "-Cpanic=abort", "-o"])
        .args([&library, &source])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    library
}

/// What has the entry point of ONNX Runtime, calls itself `version` and knows no interface at all.
fn impostor(folder: &Path, name: &str, version: &str) -> PathBuf {
    let code = r#"
        use std::ffi::{c_char, c_void};
        #[repr(C)]
        pub struct Base(extern "C" fn(u32) -> *const c_void, extern "C" fn() -> *const c_char);
        extern "C" fn api(_: u32) -> *const c_void { std::ptr::null() }
        extern "C" fn version() -> *const c_char { c"VERSION".as_ptr() }
        static BASE: Base = Base(api, version);
        #[unsafe(no_mangle)]
        pub extern "C" fn OrtGetApiBase() -> *const Base { &BASE }
    "#;
    build(folder, name, &code.replace("VERSION", version))
}

/// The first bytes of a shared library for some processor.
fn header(path: &Path, class: u8, order: u8, machine: u16) {
    let mut bytes = [0_u8; 64];
    bytes[..4].copy_from_slice(b"\x7fELF");
    (bytes[4], bytes[5], bytes[6]) = (class, order, 1);
    let pair = |n: u16| if order == 1 { n.to_le_bytes() } else { n.to_be_bytes() };
    bytes[16..18].copy_from_slice(&pair(3));
    bytes[18..20].copy_from_slice(&pair(machine));
    fs::write(path, bytes).unwrap();
}

fn refused(path: &Path) -> ProbeError {
    match Library::find(Some(path)) {
        Err(LibraryError::Refused(Tried { origin: Origin::Setting, error })) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_library_of_the_set_up_is_found_from_any_folder() {
    let found = support::library();
    assert!(found.path().is_absolute(), "{found:?}");
    assert!(found.version().starts_with("1."), "{found:?}");
    assert_eq!(found.api_version(), API_VERSION);
    let again = Library::find(Some(found.path())).unwrap();
    assert_eq!(again, found);
}

#[test]
fn missing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(refused(&folder.path().join("none.so")), ProbeError::Missing { .. }));
    let error = Library::find(Some(Path::new("libno-such-onnxruntime.so"))).unwrap_err().to_string();
    assert!(error.contains("libno-such-onnxruntime.so") && error.contains("make setup"), "{error}");
}

#[test]
fn too_old() {
    let folder = tempfile::tempdir().unwrap();
    for (name, version) in [("old", "1.16.3"), ("liar", "1.99.0"), ("other", "2.0.0")] {
        let error = refused(&impostor(folder.path(), name, version));
        let ProbeError::TooOld { expected, actual, .. } = &error else { panic!("{error}") };
        assert_eq!((expected.as_str(), actual.as_str()), ("1.31", version));
    }
}

#[test]
fn not_onnx_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let other = build(folder.path(), "plain", "#[unsafe(no_mangle)] pub extern \"C\" fn other() {}");
    assert!(matches!(refused(&other), ProbeError::NotOnnxRuntime { .. }));
    let null = build(
        folder.path(),
        "null",
        "#[unsafe(no_mangle)] pub extern \"C\" fn OrtGetApiBase() -> *const u8 { std::ptr::null() }",
    );
    assert!(matches!(refused(&null), ProbeError::NotOnnxRuntime { .. }));
}

#[test]
fn for_another_processor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lib.so");
    let foreign = if std::env::consts::ARCH == "aarch64" { (62, "x86_64") } else { (183, "aarch64") };
    for (class, order, machine, word) in
        [(2, 1, foreign.0, foreign.1), (1, 1, 3, "x86, 32 bit"), (2, 2, 22, "machine 22, 64 bit, big endian")]
    {
        header(&path, class, order, machine);
        let error = refused(&path);
        assert!(matches!(error, ProbeError::WrongArchitecture { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn not_a_library_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lib.so");
    for bytes in [&b""[..], b"\x7fELF", b"INPUT(libonnxruntime.so.1)", &[0; 100]] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(refused(&path), ProbeError::NotALibrary { .. }), "{bytes:?}");
    }
    assert!(matches!(refused(folder.path()), ProbeError::NotALibrary { .. }), "a folder");
    // Opening a pipe that nobody writes to would wait for ever.
    let pipe = folder.path().join("pipe.so");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(matches!(refused(&pipe), ProbeError::NotALibrary { .. }), "a pipe");
}

#[test]
fn a_header_with_nothing_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lib.so");
    let machine = if std::env::consts::ARCH == "aarch64" { 183 } else { 62 };
    header(&path, 2, 1, machine);
    let ProbeError::Unloadable { reason, .. } = refused(&path) else { panic!("{}", refused(&path)) };
    assert!(reason.contains("lib.so"), "the loader's words: {reason}");
}

#[test]
fn a_process_keeps_its_first_library() {
    let first = support::library();
    let model = support::start(&support::weights(), &support::on_cpu());
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("libonnxruntime.so");
    fs::copy(first.path(), &copy).unwrap();
    let second = Library::probe(&copy).unwrap();
    let error =
        callguard_inference::Model::start(&second, &support::weights(), &support::on_cpu()).unwrap_err().to_string();
    assert!(error.contains("already loaded"), "{error}");
    assert_eq!(model.run(vec![0.0; 3]), Ok(support::weighed([0.0; 3])));
}
