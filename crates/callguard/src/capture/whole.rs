//! Does a file hold as much as its header says? Demuxers end quietly where a file was cut off.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// What a file lacks by its own header, of which `heard` could be decoded: "100 bytes", "3.2 s".
#[must_use]
pub fn shortfall(path: &Path, heard: Duration) -> Option<String> {
    if let Some(missing) = missing_bytes(path) {
        return Some(format!("{missing} bytes"));
    }
    let missing = flac_length(path)?.checked_sub(heard)?;
    // One FLAC block is at most 65 535 frames; less than a tenth of a second is rounding.
    (missing > Duration::from_millis(100)).then(|| format!("{:.1} s", missing.as_secs_f64()))
}

/// Total samples and rate of FLAC's STREAMINFO (RFC 9639, section 8.2); zero samples mean unknown.
fn flac_length(path: &Path) -> Option<Duration> {
    let mut head = [0u8; 26];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    if &head[..4] != b"fLaC" || head[4] & 0x7f != 0 {
        return None;
    }
    let rate = u32::from_be_bytes([0, head[18], head[19], head[20]]) >> 4;
    let samples = u64::from(head[21] & 0x0f) << 32 | u64::from(u32::from_be_bytes(head[22..26].try_into().ok()?));
    (rate > 0 && samples > 0).then(|| Duration::from_secs_f64(samples as f64 / f64::from(rate)))
}

/// Bytes that the file lacks by its own header; `None` where nothing is missing or the format does not tell.
///
/// RIFF (WAV, AVI) and Matroska state one size for everything, ISO media (MP4, MOV) one for each box. A size of zero or all ones
/// means "until the end" (a recorder that could not go back to its header): nothing can be missing then.
fn missing_bytes(path: &Path) -> Option<u64> {
    let mut file = File::open(path).ok()?;
    let len = file.metadata().ok()?.len();
    let mut head = [0u8; 64];
    let read = file.read(&mut head).ok()?;
    let head = &head[..read];
    let ends = match head {
        [b'R', b'I', b'F', b'F', size @ ..] if size.len() >= 8 => riff_end(size),
        [0x1A, 0x45, 0xDF, 0xA3, ..] => matroska_end(head),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => boxes_end(&mut file, len),
        _ => None,
    }?;
    ends.checked_sub(len).filter(|missing| *missing > 0)
}

fn riff_end(size: &[u8]) -> Option<u64> {
    let size = u32::from_le_bytes(size.get(..4)?.try_into().ok()?);
    (size != 0 && size != u32::MAX).then(|| u64::from(size) + 8)
}

/// An EBML header, then the segment, each with a size of variable length (RFC 8794, section 6).
fn matroska_end(head: &[u8]) -> Option<u64> {
    let (header, used) = vint(head.get(4..)?)?;
    let segment = usize::try_from(header).ok()?.checked_add(4 + used)?;
    if head.get(segment..segment.checked_add(4)?)? != [0x18, 0x53, 0x80, 0x67] {
        return None;
    }
    let (size, used) = vint(head.get(segment + 4..)?)?;
    size.checked_add((segment + 4 + used) as u64)
}

fn vint(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    if length > 8 {
        return None;
    }
    let mut value = u64::from(first) & ((1u64 << (8 - length)) - 1);
    for byte in bytes.get(1..length)? {
        value = value << 8 | u64::from(*byte);
    }
    // All ones: unknown size.
    (value != (1u64 << (7 * length)) - 1).then_some((value, length))
}

/// An MP4 that was never finished: its index is written last. Nothing can be read without it.
#[must_use]
pub fn lacks_index(path: &Path) -> bool {
    let Ok(mut file) = File::open(path) else { return false };
    let Ok(len) = file.metadata().map(|m| m.len()) else { return false };
    let mut head = [0u8; 8];
    if file.read_exact(&mut head).is_err() || &head[4..] != b"ftyp" {
        return false;
    }
    let mut indexed = false;
    let end = walk_boxes(&mut file, len, |kind| indexed |= kind == *b"moov");
    end.is_some_and(|end| end > len) && !indexed
}

/// Where the last box ends. A file cut inside a box says in that box's header how far it should have gone.
fn boxes_end(file: &mut File, len: u64) -> Option<u64> {
    walk_boxes(file, len, |_| ())
}

fn walk_boxes(file: &mut File, len: u64, mut meet: impl FnMut([u8; 4])) -> Option<u64> {
    let mut at = 0u64;
    // Fragmented recordings have many boxes; a hostile file must not keep us here.
    for _ in 0..100_000 {
        if at >= len {
            return Some(at);
        }
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut header = [0u8; 16];
        let read = file.read(&mut header).ok()?;
        if read < 8 {
            return Some(at + 8);
        }
        meet(header[4..8].try_into().ok()?);
        let size = u64::from(u32::from_be_bytes(header[..4].try_into().ok()?));
        let size = match size {
            0 => return None,
            1 if read == 16 => u64::from_be_bytes(header[8..].try_into().ok()?),
            n => n,
        };
        at = at.checked_add(size.max(8))?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(bytes: &[u8]) -> Option<u64> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, bytes).unwrap();
        missing_bytes(&path)
    }

    fn riff(size: u32) -> Vec<u8> {
        [b"RIFF", size.to_le_bytes().as_slice(), b"WAVEfmt ", [0; 84].as_slice()].concat()
    }

    #[test]
    fn a_cut_wav_lacks_what_its_header_states() {
        assert_eq!(missing(&riff(92)), None);
        assert_eq!(missing(&riff(192)), Some(100));
        assert_eq!(missing(&riff(0)), None);
        assert_eq!(missing(&riff(u32::MAX)), None);
    }

    #[test]
    fn a_cut_mp4_lacks_the_rest_of_its_box() {
        let boxes = |mdat: u32| {
            [&16u32.to_be_bytes(), b"ftypisom0000".as_slice(), &mdat.to_be_bytes(), b"mdat", [0; 12].as_slice()]
                .concat()
        };
        assert_eq!(missing(&boxes(20)), None);
        assert_eq!(missing(&boxes(1020)), Some(1000));
        assert_eq!(missing(&boxes(0)), None);
        let dir = tempfile::tempdir().unwrap();
        let index = |bytes: &[u8]| {
            std::fs::write(dir.path().join("f"), bytes).unwrap();
            lacks_index(&dir.path().join("f"))
        };
        assert!(index(&boxes(1020)));
        assert!(
            !index(&boxes(0))
                && !index(b"RIFF")
                && !index(&[b"\0\0\0\x08ftyp\0\0\0\x08moov".as_slice(), &boxes(1020)].concat())
        );
    }

    #[test]
    fn a_cut_matroska_lacks_the_rest_of_its_segment() {
        let segment = |size: u8| {
            let ebml = [0x1A, 0x45, 0xDF, 0xA3, 0x82, 0, 0];
            [ebml.as_slice(), &[0x18, 0x53, 0x80, 0x67, 0x80 | size], &[0; 20]].concat()
        };
        assert_eq!(missing(&segment(20)), None);
        assert_eq!(missing(&segment(30)), Some(10));
        assert_eq!(missing(&segment(0x7f)), None);
    }

    proptest::proptest! {
        /// No content makes it panic or run long: sizes in a file are claims.
        #[test]
        fn any_bytes_are_survived(kind in 0..4usize, tail in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            let heads: [&[u8]; 4] = [b"RIFF", &[0x1A, 0x45, 0xDF, 0xA3], &[0, 0, 0, 8, b'f', b't', b'y', b'p'], b""];
            missing(&[heads[kind], &tail].concat());
        }
    }
}
