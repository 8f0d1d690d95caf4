//! Is this file an ONNX Runtime that can be used? Asked with plain `dlopen`, before `ort` is touched.
//!
//! `ort` aborts or waits for itself for ever where the library is missing or too old (ort#560, #583: building its error
//! needs the library whose loading failed), so everything that it would assume is checked here.

use std::ffi::{CStr, c_char, c_void};
use std::path::Path;

use libloading::Symbol;

use super::{API_VERSION, Library, ProbeError};

/// The head of ONNX Runtime's C interface: `struct OrtApiBase` of `onnxruntime_c_api.h`, stable since 1.0.
#[repr(C)]
struct ApiBase {
    get_api: unsafe extern "C" fn(version: u32) -> *const c_void,
    get_version_string: unsafe extern "C" fn() -> *const c_char,
}

/// Loads and questions the library; on success it stays loaded until the process ends.
pub(super) fn probe(path: &Path) -> Result<Library, ProbeError> {
    // A bare name is left to the loader's own search; everything else is looked at first.
    if path.components().count() > 1 {
        is_regular_file(path)?;
        #[cfg(target_os = "linux")]
        super::elf::check(path)?;
    }
    // SAFETY: loading runs the library's initialisers. The file is the operator's own choice or lies where programs and
    // libraries are installed, and was seen to be a shared object for this processor.
    let library = unsafe { libloading::Library::new(path) }
        .map_err(|e| ProbeError::Unloadable { path: path.into(), reason: reason(&e) })?;
    let version = version(&library, path)?;
    // Never unloaded: sessions, and the runtime's own threads and exit handlers, run its code.
    std::mem::forget(library);
    Ok(Library { path: path.into(), version })
}

fn version(library: &libloading::Library, path: &Path) -> Result<String, ProbeError> {
    let stranger = || ProbeError::NotOnnxRuntime { path: path.into() };
    // SAFETY: the symbol, where it exists, has this signature in every release of ONNX Runtime.
    let get_base: Symbol<'_, unsafe extern "C" fn() -> *const ApiBase> =
        unsafe { library.get(b"OrtGetApiBase\0") }.map_err(|_| stranger())?;
    // SAFETY: takes nothing and gives a pointer to a static of the library, or null.
    let base = unsafe { get_base().as_ref() }.ok_or_else(stranger)?;
    // SAFETY: gives a static, zero-terminated string, or null.
    let text = unsafe { (base.get_version_string)() };
    if text.is_null() {
        return Err(stranger());
    }
    // SAFETY: not null, and zero-terminated by the interface's contract.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
    // SAFETY: takes a number and gives null where the library does not know that interface.
    let api = unsafe { (base.get_api)(API_VERSION) };
    if !new_enough(&text) || api.is_null() {
        return Err(ProbeError::TooOld { path: path.into(), expected: expected_version(), actual: text });
    }
    Ok(text)
}

/// `1.N.x`, N at least [`API_VERSION`]: ONNX Runtime numbers its interface by its minor version.
fn new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    matches!((parts.next().flatten(), parts.next().flatten()), (Some(1), Some(minor)) if minor >= API_VERSION)
}

pub(super) fn expected_version() -> String {
    format!("1.{API_VERSION}")
}

/// Before anything opens it: opening a pipe would wait for ever.
fn is_regular_file(path: &Path) -> Result<(), ProbeError> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() => Ok(()),
        Ok(_) => Err(ProbeError::NotALibrary { path: path.into() }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(ProbeError::Missing { path: path.into() }),
        Err(source) => Err(ProbeError::Unreadable { path: path.into(), source }),
    }
}

/// The loader's own words: `Display` of the error only says that `dlopen` failed.
fn reason(error: &libloading::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_decides() {
        for (version, usable) in [
            ("1.31.1", true),
            ("1.32.0", true),
            ("1.100.0", true),
            ("1.30.9", false),
            ("1.4.0", false),
            ("2.0.0", false),
            ("", false),
            ("x.y", false),
        ] {
            assert_eq!(new_enough(version), usable, "{version}");
        }
    }
}
