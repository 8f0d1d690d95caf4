//! Where this program lies, so that models and libraries are found from any working directory.

use std::path::{Path, PathBuf};

/// Folders of the files this code runs from, nearest first, without repetition.
///
/// First the folder of the file that holds this code: for a plugin that is not the running program (`gst-launch-1.0` lies in
/// `/usr/bin`). Then the running program's.
pub(crate) fn homes() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for file in [code_file(), std::env::current_exe().ok()].into_iter().flatten() {
        let file = file.canonicalize().unwrap_or(file);
        if let Some(folder) = file.parent().map(Path::to_path_buf)
            && !found.contains(&folder)
        {
            found.push(folder);
        }
    }
    found
}

/// The shared object or program that holds this function.
#[cfg(target_os = "linux")]
fn code_file() -> Option<PathBuf> {
    let here = homes as *const () as usize;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| file_at(line, here))
}

#[cfg(not(target_os = "linux"))]
fn code_file() -> Option<PathBuf> {
    None
}

/// The file of one line of `/proc/self/maps` (`from-to perms offset device inode path`), if the address lies in it.
#[cfg(target_os = "linux")]
fn file_at(line: &str, address: usize) -> Option<PathBuf> {
    let (from, rest) = line.split_once('-')?;
    let (to, rest) = rest.split_once(' ')?;
    let from = usize::from_str_radix(from, 16).ok()?;
    let to = usize::from_str_radix(to, 16).ok()?;
    if !(from..to).contains(&address) {
        return None;
    }
    // A rebuilt file keeps running under this suffix; its folder is still the right one.
    let path = rest.get(rest.find('/')?..)?.trim_end_matches(" (deleted)");
    Some(PathBuf::from(path))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_test_program_is_where_the_code_lies() {
        let exe = std::env::current_exe().unwrap().canonicalize().unwrap();
        assert_eq!(code_file().unwrap().canonicalize().unwrap(), exe);
        assert_eq!(homes(), vec![exe.parent().unwrap().to_path_buf()]);
    }

    #[test]
    fn a_line_of_the_map_is_read() {
        let line = "1000-2000 r-xp 00000000 08:01 1234      /opt/my plugins/lib.so (deleted)";
        assert_eq!(file_at(line, 0x1fff), Some(PathBuf::from("/opt/my plugins/lib.so")));
        assert_eq!(file_at(line, 0x2000), None);
        assert_eq!(file_at("1000-2000 rw-p 00000000 00:00 0 [heap]", 0x1000), None);
    }
}
