//! One argument that names an input: a path or a URI.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use url::Url;

use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// Where an input lies, as far as the argument tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A path of this machine.
    File(PathBuf),
    /// An address elsewhere.
    Remote(Url),
}

impl Place {
    /// Reads an argument. What begins with `scheme://` is a URI and its scheme must be among `schemes`; all else is a path, also
    /// one that is not UTF-8.
    ///
    /// # Errors
    /// [`code::SCHEME`] for a scheme that is not allowed, or a `file` URI that names another machine.
    pub fn parse(argument: &OsStr, schemes: &[String]) -> Result<Self, Trouble> {
        let Some(text) = argument.to_str().filter(|t| looks_like_uri(t)) else {
            return Ok(Self::File(argument.into()));
        };
        let refuse = |message: String| {
            let known = schemes.join(", ");
            Trouble::new(
                code::SCHEME,
                Stage::Open,
                message,
                format!("Schemes that this command opens: {known}. A path needs none."),
            )
        };
        let url = Url::parse(text).map_err(|e| refuse(format!("{text}: not a URI: {e}")))?;
        if !schemes.iter().any(|s| s == url.scheme()) {
            return Err(refuse(format!("{text}: scheme {} is not allowed here", url.scheme())));
        }
        if url.scheme() != "file" {
            return Ok(Self::Remote(url));
        }
        url.to_file_path().map(Self::File).map_err(|()| refuse(format!("{text}: names no file of this machine")))
    }

    /// The checks that need no decoder: it is there, it is a file, it is not too large.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, limits: &Limits) -> Result<(), Trouble> {
        match self {
            Self::Remote(_) => Ok(()),
            Self::File(path) => check_file(path, limits),
        }
    }

    /// The URI that GStreamer opens.
    ///
    /// # Errors
    /// Where a relative path cannot be made whole.
    pub fn uri(&self) -> Result<String, Trouble> {
        let unusable = |e: String| Trouble::new(code::NOT_FOUND, Stage::Open, e, "Name the file by its whole path.");
        match self {
            Self::Remote(url) => Ok(url.to_string()),
            Self::File(path) => {
                let whole = std::path::absolute(path).map_err(|e| unusable(format!("{}: {e}", path.display())))?;
                let uri = gstreamer::glib::filename_to_uri(&whole, None);
                Ok(uri.map_err(|e| unusable(format!("{}: {e}", path.display())))?.to_string())
            }
        }
    }

    /// Schemes of what may be opened on behalf of this input: nothing but its own kind.
    #[must_use]
    pub fn reach(&self) -> &'static [&'static str] {
        match self {
            Self::File(_) => &["file"],
            Self::Remote(url) if url.scheme() == "https" => &["https"],
            Self::Remote(_) => &["http", "https"],
        }
    }
}

/// What is meant by `mixed:` before an input, and whether that stands there: several people speak in its sound, as in a meeting's mix. A file whose
/// name begins so is written `./mixed:…`.
#[must_use]
pub fn mixed(argument: &OsStr) -> (&OsStr, bool) {
    match argument.as_bytes().strip_prefix(b"mixed:") {
        Some(input) => (OsStr::from_bytes(input), true),
        None => (argument, false),
    }
}

/// `scheme://` at the front, the scheme after RFC 3986.
fn looks_like_uri(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

fn check_file(path: &Path, limits: &Limits) -> Result<(), Trouble> {
    let shown = path.display();
    let trouble = |code, message: String, hint: &str| Trouble::new(code, Stage::Open, message, hint);
    let about = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => trouble(code::NOT_FOUND, format!("{shown}: no such file"), "Check the path."),
        _ => trouble(code::NOT_READABLE, format!("{shown}: {e}"), "Check the path and its permissions."),
    })?;
    if !about.is_file() {
        return Err(trouble(code::NOT_A_FILE, format!("{shown}: not a file"), "Name a file or a folder of files."));
    }
    if about.len() == 0 {
        return Err(trouble(code::NOT_MEDIA, format!("{shown}: the file is empty"), "Was the recording finished?"));
    }
    if about.len() > limits.input_bytes {
        let (actual, most) = (about.len() >> 20, limits.input_bytes >> 20);
        return Err(trouble(
            code::SIZE_LIMIT,
            format!("{shown}: {actual} MiB, the limit is {most} MiB"),
            "Raise capture.input_mib, or cut the recording.",
        ));
    }
    std::fs::File::open(path)
        .map_err(|e| trouble(code::NOT_READABLE, format!("{shown}: {e}"), "Check the file's permissions."))?;
    Ok(())
}

/// The argument for JSON: byte for byte where it is UTF-8. Otherwise what can be shown of it, and all its bytes in hexadecimal
/// beside it, since JSON holds nothing but Unicode.
#[must_use]
pub fn argument_text(argument: &OsString) -> (String, Option<String>) {
    match argument.to_str() {
        Some(text) => (text.to_owned(), None),
        None => {
            let bytes = argument.as_encoded_bytes();
            (argument.to_string_lossy().into_owned(), Some(bytes.iter().map(|b| format!("{b:02x}")).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Place, String> {
        let schemes = ["file", "http"].map(str::to_owned);
        Place::parse(OsStr::new(text), &schemes).map_err(|t| t.code)
    }

    #[test]
    fn paths_and_uris_are_told_apart() {
        assert_eq!(parse("a b.wav"), Ok(Place::File("a b.wav".into())));
        assert_eq!(parse("C:/x"), Ok(Place::File("C:/x".into())));
        assert_eq!(parse("file:///tmp/a%20b.wav"), Ok(Place::File("/tmp/a b.wav".into())));
        assert!(matches!(parse("http://host/x.wav"), Ok(Place::Remote(_))));
        assert!(matches!(parse("HTTP://host/x.wav"), Ok(Place::Remote(_))));
    }

    #[test]
    fn a_mix_is_said_before_the_input() {
        assert_eq!(mixed(OsStr::new("mixed:srt://host:1")), (OsStr::new("srt://host:1"), true));
        assert_eq!(mixed(OsStr::new("./mixed:x.wav")), (OsStr::new("./mixed:x.wav"), false));
    }

    #[test]
    fn other_schemes_are_refused() {
        for text in ["https://host/x", "rtsp://host/x", "fd://0", "file://otherhost/x", "appsrc://", "http://"] {
            assert_eq!(parse(text), Err(code::SCHEME.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_argument_that_is_no_text_keeps_its_bytes() {
        use std::os::unix::ffi::OsStringExt;
        let (shown, hex) = argument_text(&OsString::from_vec(vec![b'a', 0xff, b'b']));
        assert_eq!((shown.as_str(), hex.as_deref()), ("a\u{fffd}b", Some("61ff62")));
        assert_eq!(argument_text(&OsString::from("ä\\")), ("ä\\".to_owned(), None));
    }

    #[test]
    fn what_is_no_file_is_refused_with_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let limits = crate::config::load(&crate::cli::Common::default()).unwrap().capture;
        let small = Limits { input_bytes: 10, ..limits.clone() };
        let (empty, large) = (dir.path().join("empty"), dir.path().join("large"));
        std::fs::write(&empty, "").unwrap();
        std::fs::write(&large, [0; 11]).unwrap();
        let check = |p: &Path, limits: &Limits| Place::File(p.into()).check(limits).unwrap_err().code;
        assert_eq!(check(&dir.path().join("none"), &limits), code::NOT_FOUND);
        assert_eq!(check(dir.path(), &limits), code::NOT_A_FILE);
        assert_eq!(check(Path::new("/dev/zero"), &limits), code::NOT_A_FILE);
        assert_eq!(check(&empty, &limits), code::NOT_MEDIA);
        assert_eq!(check(&large, &small), code::SIZE_LIMIT);
    }
}
