//! What is watched: one argument each.

use std::ffi::OsStr;
use std::path::Path;

use crate::capture::Place;
use crate::config::Limits;
use crate::trouble::Trouble;

/// One source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file or URI, at real-time pace.
    Play(Place),
    /// A microphone; `None`: the default one.
    Mic(Option<String>),
    /// A test signal, to see that everything runs.
    Test,
}

impl Source {
    /// Reads an argument. A file named `mic` or `test` is written `./mic` or `./test`.
    ///
    /// # Errors
    /// As [`Place::parse`] and [`Place::check`].
    pub fn parse(argument: &OsStr, limits: &Limits) -> Result<Self, Trouble> {
        match argument.to_str() {
            Some("mic") => return Ok(Self::Mic(None)),
            Some("test") => return Ok(Self::Test),
            Some(text) if text.starts_with("mic:") && text.len() > 4 => {
                return Ok(Self::Mic(Some(text[4..].to_owned())));
            }
            _ => {}
        }
        let place = Place::parse(argument, &limits.watch_schemes)?;
        place.check(limits)?;
        Ok(Self::Play(place))
    }

    /// What the stream is called in its call.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Play(Place::File(path)) => stem(path),
            Self::Play(Place::Remote(url)) => stem(Path::new(url.path())),
            Self::Mic(None) => "mic".to_owned(),
            Self::Mic(Some(device)) => device.clone(),
            Self::Test => "test".to_owned(),
        }
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "stream".to_owned(), |s| s.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_paths_are_told_apart() {
        let limits = crate::config::load(&crate::cli::Common::default()).unwrap().capture;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("guest one.wav");
        std::fs::write(&file, "x").unwrap();
        let parse = |text: &OsStr| Source::parse(text, &limits);
        assert_eq!(parse(OsStr::new("mic")), Ok(Source::Mic(None)));
        assert_eq!(parse(OsStr::new("mic:alsa:hw:0")), Ok(Source::Mic(Some("alsa:hw:0".into()))));
        assert_eq!(parse(OsStr::new("test")), Ok(Source::Test));
        assert_eq!(parse(file.as_os_str()).unwrap().name(), "guest one");
        assert_eq!(parse(OsStr::new("./mic")).unwrap_err().code, "not-found");
        assert_eq!(parse(OsStr::new("rtsp://x/y")).unwrap_err().code, "scheme-not-allowed");
    }
}
