//! Folders become the recordings in them.

use std::ffi::OsString;
use std::path::Path;

use super::place::mixed;

/// What is taken for media inside a folder; a file that is named itself is tried whatever its name.
pub const MEDIA_EXTENSIONS: [&str; 31] = [
    "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "au", "avi", "caf", "flac", "flv", "m4a", "m4v", "mka", "mkv",
    "mov", "mp2", "mp3", "mp4", "mpg", "mxf", "oga", "ogg", "ogv", "opus", "ts", "wav", "webm", "wma", "wmv",
];

/// How deep folders may lie in one another: past that it is a loop or a mistake.
const DEEPEST: usize = 64;

/// Replaces each folder by the recordings in it, in the order of their names; everything else stays as it is.
///
/// Hidden files and links to folders are passed over. A folder that cannot be read, or holds no recording, stays too, so that it
/// is reported as a failed input instead of vanishing.
#[must_use]
pub fn expand(arguments: &[OsString]) -> Vec<OsString> {
    let mut inputs = Vec::new();
    for argument in arguments {
        let before = inputs.len();
        let (named, is_mixed) = mixed(argument);
        if Path::new(named).is_dir() {
            walk(Path::new(named), DEEPEST, &mut inputs);
            if is_mixed {
                inputs[before..].iter_mut().for_each(|input| *input = marked(input));
            }
        }
        if inputs.len() == before {
            inputs.push(argument.clone());
        }
    }
    inputs
}

fn marked(input: &OsString) -> OsString {
    let mut marked = OsString::from("mixed:");
    marked.push(input);
    marked
}

fn walk(folder: &Path, deeper: usize, found: &mut Vec<OsString>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && deeper > 0 => walk(&path, deeper - 1, found),
            Ok(kind) if kind.is_dir() => {}
            // Links to files are followed, links to folders are not: those may form a loop.
            _ if is_media(&path) && path.is_file() => found.push(path.into()),
            _ => {}
        }
    }
}

fn is_media(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|e| MEDIA_EXTENSIONS.contains(&e.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_in_order_and_nothing_vanishes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("calls/b")).unwrap();
        std::fs::create_dir(at("nothing")).unwrap();
        for name in ["calls/c.WAV", "calls/a.mp3", "calls/b/x.flac", "calls/notes.txt", "calls/.hidden.wav"] {
            std::fs::write(at(name), "x").unwrap();
        }
        std::os::unix::fs::symlink(at("calls"), at("calls/loop")).unwrap();
        let names = |list: &[&str]| list.iter().map(|n| at(n).into_os_string()).collect::<Vec<_>>();
        let given = names(&["calls", "nothing", "gone.wav", "calls/notes.txt"]);
        let wanted = ["calls/a.mp3", "calls/b/x.flac", "calls/c.WAV", "nothing", "gone.wav", "calls/notes.txt"];
        assert_eq!(expand(&given), names(&wanted));
        let mix = |name: &str| marked(&at(name).into_os_string());
        assert_eq!(expand(&[mix("calls/b"), mix("gone.wav")]), [mix("calls/b/x.flac"), mix("gone.wav")]);
    }
}
