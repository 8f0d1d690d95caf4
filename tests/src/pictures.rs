//! Clips whose answers are known with the stand-ins of `tests/models`: a face at one place, "synthetic" where the picture is bright there.

use std::path::Path;

use crate::tool;

/// How a clip is coded: the options are ffmpeg's.
pub const H264: &[&str] = &["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
/// Motion JPEG of good quality: every picture by itself.
pub const JPEG: &[&str] = &["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"];
/// MPEG-4 part 2, which takes odd sizes.
pub const MPEG4: &[&str] = &["-c:v", "mpeg4", "-q:v", "2", "-pix_fmt", "yuv420p"];

/// Moving pictures without sound. They waver, since what stands still is no evidence.
#[track_caller]
pub fn clip(path: &Path, (width, height): (u32, u32), rate: u32, seconds: u32, options: &[&str]) {
    let source = wavering(width, height, rate, seconds);
    let shown = path.display().to_string();
    tool("ffmpeg", [&["-v", "error", "-y", "-f", "lavfi", "-i", source.as_str()], options, &[shown.as_str()]].concat());
}

/// The same with the sound of a file, as long as the pictures.
#[track_caller]
pub fn clip_with(path: &Path, sound: &Path, seconds: u32, options: &[&str]) {
    let (source, length) = (wavering(320, 240, 25, seconds), seconds.to_string());
    let (sound, shown) = (sound.display().to_string(), path.display().to_string());
    let inputs =
        ["-v", "error", "-y", "-f", "lavfi", "-i", source.as_str(), "-stream_loop", "-1", "-i", sound.as_str()];
    let parts = ["-map", "0:v", "-map", "1:a", "-t", length.as_str()];
    tool("ffmpeg", [&inputs[..], &parts, options, &[shown.as_str()]].concat());
}

fn wavering(width: u32, height: u32, rate: u32, seconds: u32) -> String {
    format!(
        "testsrc=s={}x{}:r={rate}:d={seconds},format=rgb24,crop={width}:{height}:20+15*sin(2.3*t):20+12*sin(3.1*t),\
         noise=alls=10:allf=t",
        width + 40,
        height + 40
    )
}

/// Says in an MP4 or MOV that its pictures, `height` high as they are stored, must be turned clockwise by a quarter.
#[track_caller]
pub fn turn(path: &Path, height: u32) {
    let mut bytes = std::fs::read(path).unwrap();
    let matrix = |values: [u32; 9]| values.map(u32::to_be_bytes).concat();
    let upright = matrix([0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
    let turned = matrix([0, 0x1_0000, 0, 0xffff_0000, 0, 0, height << 16, 0, 0x4000_0000]);
    let find = |what: &[u8], from: usize| bytes[from..].windows(what.len()).position(|w| w == what).unwrap() + from;
    let at = find(&upright, find(b"tkhd", 0));
    bytes[at..at + turned.len()].copy_from_slice(&turned);
    std::fs::write(path, bytes).unwrap();
}

/// Width, height and number of pictures of a file, decoded to the end.
#[track_caller]
#[must_use]
pub fn frames(path: &Path) -> (u32, u32, u32) {
    let probe = ["-v", "error", "-count_frames", "-select_streams", "v:0"];
    let shown = ["-show_entries", "stream=width,height,nb_read_frames", "-of", "csv=p=0"];
    let done = std::process::Command::new("ffprobe").args(probe).args(shown).arg(path).output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let numbers: Vec<u32> = text.trim().split(',').filter_map(|n| n.parse().ok()).collect();
    assert_eq!(numbers.len(), 3, "{}: {text} {}", path.display(), String::from_utf8_lossy(&done.stderr));
    (numbers[0], numbers[1], numbers[2])
}
