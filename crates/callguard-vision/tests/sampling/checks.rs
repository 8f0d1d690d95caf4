//! What a format says of its bytes.

use callguard_vision::{PictureError, PictureFormat, PixelFormat, Plane};

fn vga(pixel: PixelFormat) -> PictureFormat {
    PictureFormat::packed(pixel, 641, 359)
}

#[track_caller]
fn packs(pixel: PixelFormat, planes: &[(usize, usize)], bytes: usize) {
    let format = vga(pixel);
    let expected: Vec<_> = planes.iter().map(|&(offset, stride)| Plane { offset, stride }).collect();
    assert_eq!(format.planes[..pixel.planes()], expected);
    assert_eq!(format.check(bytes), Ok(()));
    let (width, height) = (641, 359);
    let short = PictureError::Bytes { pixel, width, height, expected: bytes, actual: bytes - 1 };
    assert_eq!(format.check(bytes - 1), Err(short));
}

/// As many bytes as ffmpeg writes: `ffmpeg -f lavfi -i testsrc=s=641x359 -frames 1 -pix_fmt … -f rawvideo - | wc -c`.
#[test]
fn packed_as_ffmpeg_does() {
    use PixelFormat::*;
    packs(I420, &[(0, 641), (230_119, 321), (287_899, 321)], 345_679);
    packs(Yv12, &[(0, 641), (230_119, 321), (287_899, 321)], 345_679);
    packs(Nv12, &[(0, 641), (230_119, 642)], 345_679);
    packs(Nv21, &[(0, 641), (230_119, 642)], 345_679);
    packs(Y42b, &[(0, 641), (230_119, 321), (345_358, 321)], 460_597);
    packs(Y444, &[(0, 641), (230_119, 641), (460_238, 641)], 690_357);
    packs(Yuy2, &[(0, 1284)], 460_956);
    packs(Uyvy, &[(0, 1284)], 460_956);
    packs(Rgb, &[(0, 1923)], 690_357);
    packs(Bgr, &[(0, 1923)], 690_357);
    packs(Rgbx, &[(0, 2564)], 920_476);
    packs(Gray8, &[(0, 641)], 230_119);
}

#[track_caller]
fn refused(change: impl Fn(&mut PictureFormat), error: &str) {
    let mut format = vga(PixelFormat::Nv12);
    change(&mut format);
    assert_eq!(format.check(1 << 20).expect_err("it is refused").to_string(), error);
}

#[test]
fn what_is_refused_says_why() {
    refused(|f| f.width = 15, "15x359 pixels: expected 16x16 to 8192x8192");
    refused(|f| f.height = 8193, "641x8193 pixels: expected 16x16 to 8192x8192");
    refused(|f| f.pixel_aspect_q16 = 0, "a pixel aspect of 0: expected 1/8 to 8");
    refused(|f| f.planes[1].stride = 641, "plane 1: a stride of 641 bytes: Nv12 of 641 pixels needs 642");
    refused(|f| f.planes[0].offset = 1 << 20, "1048576 bytes: Nv12 of 641x359 needs 1278695");
    refused(|f| f.planes[1].stride = usize::MAX, &format!("1048576 bytes: Nv12 of 641x359 needs {}", usize::MAX));
}

#[test]
fn the_last_row_needs_no_padding() {
    let mut format = PictureFormat::packed(PixelFormat::Nv12, 64, 48);
    format.planes[1].stride = 100;
    let end = 64 * 48 + 100 * 23 + 64;
    assert_eq!(format.check(end), Ok(()));
    assert!(format.check(end - 1).is_err());
}
