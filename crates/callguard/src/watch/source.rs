//! What is watched: one argument each.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::capture::{Feed, Kinds, Place, Screen, camera, mixed};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// One source, and what is wanted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it comes from.
    pub from: From,
    /// Its sound, its pictures, or both.
    pub wanted: Kinds,
    /// Several people speak in its sound.
    pub mixed: bool,
}

/// Where a source comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// A file or URI, at real-time pace.
    Play(Place),
    /// Somebody sends it, or gives it on request.
    Feed(Feed),
    /// A microphone; `None`: the default one.
    Mic(Option<String>),
    /// A camera; `None`: the first one.
    Camera(Option<PathBuf>),
    /// What is on a screen.
    Screen(Screen),
    /// The pictures of a PipeWire node.
    Node(String),
    /// Pictures that another process of callguard passes on through shared memory.
    Shared {
        /// Its socket.
        socket: PathBuf,
        /// What they are.
        caps: String,
        /// The camera they come from, as it was named.
        of: String,
    },
    /// A test signal, to see that everything runs.
    Test,
}

impl Source {
    /// Reads an argument of which `wanted` is wanted. A file named `mic`, `camera`, `screen` or `test` is written `./mic` and so on. What a loudspeaker
    /// plays is mixed, and whatever has `mixed:` before it.
    ///
    /// # Errors
    /// As [`Place::parse`] and [`Place::check`]; [`code::CONFIG`] for pictures from a microphone or sound from a camera.
    pub fn parse(argument: &OsStr, wanted: Kinds, limits: &Limits) -> Result<Self, Trouble> {
        let (argument, is_mixed) = mixed(argument);
        let from = From::parse(argument, limits)?;
        let gives = from.gives();
        let wanted = Kinds { sound: wanted.sound && gives.sound, pictures: wanted.pictures && gives.pictures };
        let mixed = is_mixed || from.is_played();
        if wanted == Kinds::default() || (is_mixed && !wanted.sound) {
            let (what, right) = if gives.sound { ("no pictures", "--audio") } else { ("no sound", "--video") };
            let shown = argument.to_string_lossy();
            let hint = format!("Write {right} {shown}, or {shown} alone.");
            return Err(Trouble::new(code::CONFIG, Stage::Configure, format!("{shown} has {what}"), hint));
        }
        Ok(Self { from, wanted, mixed })
    }

    /// What the streams are called in their call.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.from {
            From::Play(Place::File(path)) => stem(path),
            From::Play(Place::Remote(url)) => stem(Path::new(url.path())),
            From::Feed(feed) => feed.name(),
            From::Mic(None) => "mic".to_owned(),
            From::Mic(Some(device)) => device.clone(),
            From::Camera(None) => "camera".to_owned(),
            From::Camera(Some(path)) => stem(path),
            From::Screen(screen) => screen.name(),
            From::Node(name) => name.clone(),
            From::Shared { .. } => "camera".to_owned(),
            From::Test => "test".to_owned(),
        }
    }
}

impl From {
    fn parse(argument: &OsStr, limits: &Limits) -> Result<Self, Trouble> {
        match argument.to_str() {
            Some("mic") => return Ok(Self::Mic(None)),
            Some("camera") => return Ok(Self::Camera(None)),
            Some("test") => return Ok(Self::Test),
            Some("screen") => return Ok(Self::Screen(Screen::Whole)),
            Some(text) if text.starts_with("screen:") => return Screen::parse(&text[7..]).map(Self::Screen),
            Some(text) if text.starts_with("node:") && text.len() > 5 => return Ok(Self::Node(text[5..].to_owned())),
            Some(text) if text.starts_with("mic:") && text.len() > 4 => {
                return Ok(Self::Mic(Some(text[4..].to_owned())));
            }
            Some(text) if text.starts_with("camera:") && text.len() > 7 => {
                return Ok(Self::Camera(Some(camera::find(Some(Path::new(&text[7..])))?)));
            }
            _ => {}
        }
        if let Some(feed) = Feed::parse(argument, &limits.watch_schemes)? {
            return Ok(Self::Feed(feed));
        }
        let place = Place::parse(argument, &limits.watch_schemes)?;
        if let Place::File(path) = &place
            && camera::is_camera(path)
        {
            return Ok(Self::Camera(Some(path.clone())));
        }
        place.check(limits)?;
        Ok(Self::Play(place))
    }

    /// What it may have.
    fn gives(&self) -> Kinds {
        match self {
            Self::Play(_) | Self::Feed(_) | Self::Test => Kinds::ALL,
            Self::Mic(_) => Kinds { sound: true, pictures: false },
            Self::Camera(_) | Self::Screen(_) | Self::Node(_) | Self::Shared { .. } => {
                Kinds { sound: false, pictures: true }
            }
        }
    }

    /// It is what a loudspeaker plays, by the name that PulseAudio gives to such a source: whoever speaks in a meeting.
    fn is_played(&self) -> bool {
        matches!(self, Self::Mic(Some(device)) if device.ends_with(".monitor"))
    }

    /// It gives its own pace, and cannot wait.
    pub(super) fn is_live(&self) -> bool {
        !matches!(self, Self::Play(_))
    }

    /// It may come back: where it fails or ends it is opened again.
    pub(super) fn comes_back(&self) -> bool {
        !matches!(self, Self::Play(_) | Self::Shared { .. } | Self::Test)
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "stream".to_owned(), |s| s.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: Kinds = Kinds { sound: true, pictures: false };
    const PICTURES: Kinds = Kinds { sound: false, pictures: true };

    fn parse(text: impl AsRef<OsStr>, wanted: Kinds) -> Result<Source, Trouble> {
        let limits = crate::config::load(&crate::cli::Common::default()).unwrap().capture;
        Source::parse(text.as_ref(), wanted, &limits)
    }

    #[test]
    fn words_and_paths_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("guest one.wav");
        std::fs::write(&file, "x").unwrap();
        let from = |text: &str| parse(text, Kinds::ALL).map(|s| s.from);
        assert_eq!(from("mic"), Ok(From::Mic(None)));
        assert_eq!(from("mic:alsa:hw:0"), Ok(From::Mic(Some("alsa:hw:0".into()))));
        assert_eq!(from("camera"), Ok(From::Camera(None)));
        assert_eq!(from("test"), Ok(From::Test));
        assert_eq!(parse(&file, Kinds::ALL).unwrap().name(), "guest one");
        let code = |text: &str| from(text).unwrap_err().code;
        assert_eq!(code("./mic"), "not-found");
        assert!(matches!(from("srt://127.0.0.1:9000?mode=listener"), Ok(From::Feed(_))));
        assert_eq!(code("srt://:9000"), "config");
        assert_eq!(code("gopher://x/y"), "scheme-not-allowed");
        assert_eq!(code("camera:/dev/video99"), "device-unavailable");
        assert_eq!(code("/dev/null"), "not-a-file");
    }

    #[test]
    fn a_source_gives_what_it_has() {
        assert_eq!(parse("test", PICTURES).unwrap().wanted, PICTURES);
        assert_eq!(parse("mic", Kinds::ALL).unwrap().wanted, SOUND);
        assert_eq!(parse("camera", Kinds::ALL).unwrap().wanted, PICTURES);
        assert!(!parse("mic:pulseaudio:in", SOUND).unwrap().mixed);
        assert!(parse("mic:pulseaudio:out.monitor", SOUND).unwrap().mixed, "what a loudspeaker plays");
        let meeting = parse("mixed:mic:pulseaudio:in", Kinds::ALL).unwrap();
        assert_eq!((meeting.mixed, meeting.from), (true, From::Mic(Some("pulseaudio:in".into()))));
        assert_eq!(parse("mixed:camera", Kinds::ALL).unwrap_err().code, "config");
        assert!(parse("mic", PICTURES).unwrap_err().hint.contains("--audio mic"));
        assert!(parse("camera", SOUND).unwrap_err().hint.contains("--video camera"));
    }
}
