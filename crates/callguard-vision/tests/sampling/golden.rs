//! Against ffmpeg's conversion and area averages: every format, matrix and range, odd sizes, padded rows.
//!
//! Tolerances: swscale rounds its averages and coefficients in other places, and stretches the chroma of odd widths by half a pixel.

use std::io::Write;
use std::process::{Command, Stdio};

use callguard_vision::{Matrix, PictureFormat, PixelFormat, Range, Similarity};

use crate::pictures::{Shot, close, draw, is_rgb, padded, scene};

/// A shrink to so many pixels, and how far a byte may be off.
struct Case {
    from: (u32, u32),
    to: (usize, usize),
    most: u8,
}

const CASES: [Case; 3] = [
    Case { from: (641, 359), to: (641, 359), most: 3 },
    Case { from: (640, 360), to: (160, 90), most: 2 },
    Case { from: (640, 360), to: (256, 144), most: 3 },
];

#[track_caller]
fn as_ffmpeg(pixel: PixelFormat, name: &str) {
    for (i, (matrix, range)) in colours(pixel).into_iter().enumerate() {
        // Colours have nothing to do with averages: one of them is shrunk.
        for Case { from: (width, height), to, most } in CASES.iter().take(if i == 0 { CASES.len() } else { 1 }) {
            let shot = |format| draw(PictureFormat { matrix, range, ..format }, scene);
            let expected = ffmpeg(&shot(PictureFormat::packed(pixel, *width, *height)), name, *to);
            let scale = *width as f32 / to.0 as f32;
            let map = Similarity { a: scale, b: 0.0, tx: 0.0, ty: 0.0 };
            let actual = shot(padded(pixel, *width, *height)).rgb(&map, to.0, to.1);
            close(&actual, &expected, *most, &format!("{pixel:?} {matrix:?} {range:?} {width}x{height} to {to:?}"));
        }
    }
}

/// What ffmpeg knows to tell apart: RGB has neither matrix nor range, and its grey is always of full range.
fn colours(pixel: PixelFormat) -> Vec<(Matrix, Range)> {
    match pixel {
        PixelFormat::Gray8 => vec![(Matrix::Bt601, Range::Full)],
        _ if is_rgb(pixel) => vec![(Matrix::Bt601, Range::Full)],
        _ => [Matrix::Bt601, Matrix::Bt709].into_iter().flat_map(|m| [(m, Range::Limited), (m, Range::Full)]).collect(),
    }
}

fn ffmpeg(shot: &Shot, name: &str, (width, height): (usize, usize)) -> Vec<u8> {
    let PictureFormat { matrix, range, width: from_width, height: from_height, .. } = shot.format;
    let matrix = if matrix == Matrix::Bt601 { "bt601" } else { "bt709" };
    let range = if range == Range::Full { "pc" } else { "tv" };
    let filter = format!(
        "scale={width}:{height}:flags=area+accurate_rnd+full_chroma_int+full_chroma_inp:in_color_matrix={matrix}:in_range={range}:out_range=pc"
    );
    let from = ["-f", "rawvideo", "-pix_fmt", name, "-s", &format!("{from_width}x{from_height}"), "-i", "pipe:0"];
    let to = ["-vf", &filter, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"];
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-threads", "1"]).args(from).args(to);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ffmpeg is installed (make setup)");
    let mut input = child.stdin.take().expect("it is piped");
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(&shot.bytes).expect("ffmpeg takes the picture"));
        let output = child.wait_with_output().expect("ffmpeg ends");
        assert!(output.status.success(), "{command:?}");
        output.stdout
    })
}

#[test]
fn i420() {
    as_ffmpeg(PixelFormat::I420, "yuv420p");
}

#[test]
fn nv12() {
    as_ffmpeg(PixelFormat::Nv12, "nv12");
}

#[test]
fn nv21() {
    as_ffmpeg(PixelFormat::Nv21, "nv21");
}

#[test]
fn y42b() {
    as_ffmpeg(PixelFormat::Y42b, "yuv422p");
}

#[test]
fn y444() {
    as_ffmpeg(PixelFormat::Y444, "yuv444p");
}

#[test]
fn yuy2() {
    as_ffmpeg(PixelFormat::Yuy2, "yuyv422");
}

#[test]
fn uyvy() {
    as_ffmpeg(PixelFormat::Uyvy, "uyvy422");
}

#[test]
fn gray8() {
    as_ffmpeg(PixelFormat::Gray8, "gray");
}

#[test]
fn rgb() {
    as_ffmpeg(PixelFormat::Rgb, "rgb24");
}

#[test]
fn bgr() {
    as_ffmpeg(PixelFormat::Bgr, "bgr24");
}

#[test]
fn rgbx() {
    as_ffmpeg(PixelFormat::Rgbx, "rgb0");
}

#[test]
fn bgrx() {
    as_ffmpeg(PixelFormat::Bgrx, "bgr0");
}

#[test]
fn xrgb() {
    as_ffmpeg(PixelFormat::Xrgb, "0rgb");
}

#[test]
fn xbgr() {
    as_ffmpeg(PixelFormat::Xbgr, "0bgr");
}
