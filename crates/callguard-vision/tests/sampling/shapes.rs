//! Turns, pixel aspects, and the whole picture in a square.

use callguard_vision::{PictureFormat, PixelFormat, Range, Similarity, Turn, sample};

use crate::pictures::{AS_IT_IS, FORMATS, Shot, around, close, draw, scene, slopes};

const TURNS: [Turn; 4] = [Turn::None, Turn::Right, Turn::Half, Turn::Left];

#[track_caller]
fn stands(turn: Turn, aspect: (u32, u32), (width, height): (u32, u32), upright: (u32, u32)) {
    let pixel_aspect_q16 = (aspect.0 << 16) / aspect.1;
    let format = PictureFormat { turn, pixel_aspect_q16, ..PictureFormat::packed(PixelFormat::I420, width, height) };
    assert_eq!(format.upright(), upright);
}

#[test]
fn upright_sizes() {
    stands(Turn::None, (1, 1), (1920, 1080), (1920, 1080));
    stands(Turn::Right, (1, 1), (1920, 1080), (1080, 1920));
    stands(Turn::Half, (1, 1), (1920, 1080), (1920, 1080));
    stands(Turn::Left, (1, 1), (641, 359), (359, 641));
    // PAL, wide PAL, and a field of an interlaced frame.
    stands(Turn::None, (16, 15), (720, 576), (768, 576));
    stands(Turn::Right, (64, 45), (720, 576), (576, 1024));
    stands(Turn::None, (1, 2), (1920, 540), (1920, 1080));
}

/// What a target's rows are when it is turned as pictures are.
fn turned(rgb: &[u8], width: usize, height: usize, turn: Turn) -> Vec<u8> {
    let (to_width, to_height) = if matches!(turn, Turn::None | Turn::Half) { (width, height) } else { (height, width) };
    let mut out = Vec::new();
    for i in 0..to_width * to_height {
        let (x, y) = (i % to_width, i / to_width);
        let (x, y) = match turn {
            Turn::None => (x, y),
            Turn::Right => (y, height - 1 - x),
            Turn::Half => (width - 1 - x, height - 1 - y),
            Turn::Left => (width - 1 - y, x),
        };
        out.extend(&rgb[(y * width + x) * 3..][..3]);
    }
    out
}

/// Turning the picture is turning what was sampled of it.
#[track_caller]
fn turns(pixel: PixelFormat, scale: f32, most: u8) {
    let (width, height) = (96u32, 64u32);
    let map = Similarity { a: scale, ..AS_IT_IS };
    let pixels = |n: u32| (n as f32 / scale).round() as usize;
    let shot = |turn| draw(PictureFormat { turn, ..PictureFormat::packed(pixel, width, height) }, scene);
    let straight = shot(Turn::None).rgb(&map, pixels(width), pixels(height));
    for turn in TURNS {
        let shot = shot(turn);
        let upright = shot.format.upright();
        let actual = shot.rgb(&map, pixels(upright.0), pixels(upright.1));
        close(
            &actual,
            &turned(&straight, pixels(width), pixels(height), turn),
            most,
            &format!("{pixel:?} {turn:?} {scale}"),
        );
    }
}

#[test]
fn turning_before_is_turning_after() {
    for pixel in FORMATS {
        turns(pixel, 1.0, 1);
        turns(pixel, 0.5, 1);
        turns(pixel, 4.0, 1);
        // Weights down are of eight bits, those across finer.
        turns(pixel, 3.2, 3);
    }
}

#[test]
fn turning_aslant() {
    let size = (96, 64);
    for pixel in FORMATS {
        let straight =
            draw(PictureFormat::packed(pixel, size.0, size.1), scene).rgb(&around(size, 40, 1.0, 30.0), 40, 40);
        for (turn, degrees) in TURNS.into_iter().zip([30.0, 120.0, 210.0, 300.0]) {
            let shot = draw(PictureFormat { turn, ..PictureFormat::packed(pixel, size.0, size.1) }, scene);
            let actual = shot.rgb(&around(shot.format.upright(), 40, 1.0, degrees), 40, 40);
            close(&actual, &straight, 2, &format!("{pixel:?} {turn:?}"));
        }
    }
}

/// A picture with pixels of another shape shows the same as one with square pixels.
#[track_caller]
fn same_whatever_its_pixels(aspect: (u32, u32), (width, height): (u32, u32), turn: Turn) {
    let square = PictureFormat { turn, range: Range::Full, ..PictureFormat::packed(PixelFormat::Rgb, 384, 288) };
    let pixel_aspect_q16 = (aspect.0 << 16) / aspect.1;
    let other = PictureFormat {
        pixel_aspect_q16,
        ..PictureFormat { turn, ..PictureFormat::packed(PixelFormat::Rgb, width, height) }
    };
    assert_eq!(other.upright(), square.upright());
    let (square, other) = (draw(square, slopes(384, 288)), draw(other, slopes(width, height)));
    for (scale, degrees) in [(1.0, 0.0), (2.0, 0.0), (0.5, 90.0), (1.5, 33.0)] {
        let map = around(square.format.upright(), 100, scale, degrees);
        close(
            &other.rgb(&map, 100, 100),
            &square.rgb(&map, 100, 100),
            2,
            &format!("{aspect:?} {turn:?} {scale} {degrees}°"),
        );
    }
}

#[test]
fn pixels_that_are_not_square() {
    for turn in TURNS {
        same_whatever_its_pixels((16, 15), (360, 288), turn);
        same_whatever_its_pixels((1, 2), (384, 144), turn);
        same_whatever_its_pixels((2, 1), (192, 288), turn);
    }
}

fn fit(shot: &Shot, side: usize) -> (f32, Vec<u8>) {
    let mut out = vec![9; 7];
    let scale = sample::fit(&shot.picture(), side, &mut out);
    (scale, out)
}

#[test]
fn the_whole_picture_in_a_square() {
    let shot = draw(PictureFormat::packed(PixelFormat::Nv12, 640, 360), |_, _| [100.0; 3]);
    let (scale, out) = fit(&shot, 320);
    assert_eq!((scale, out.len()), (2.0, 320 * 320 * 3));
    assert!(out[..180 * 320 * 3].iter().all(|v| v.abs_diff(100) <= 1));
    assert!(out[180 * 320 * 3..].iter().all(|v| *v == 0));
}

#[test]
fn a_tall_picture_in_a_square() {
    let format = PictureFormat { turn: Turn::Left, ..PictureFormat::packed(PixelFormat::Yuy2, 640, 360) };
    let (scale, out) = fit(&draw(format, |_, _| [100.0; 3]), 160);
    assert_eq!(scale, 4.0);
    for row in out.chunks_exact(160 * 3) {
        assert!(row[..90 * 3].iter().all(|v| v.abs_diff(100) <= 1));
        assert!(row[90 * 3..].iter().all(|v| *v == 0));
    }
}

#[test]
fn a_small_picture_is_magnified() {
    let shot = draw(PictureFormat::packed(PixelFormat::Rgb, 64, 64), slopes(64, 64));
    let (scale, out) = fit(&shot, 320);
    assert_eq!(scale, 0.2);
    let expected: Vec<_> = (0..320)
        .map(|x| (60.0 + 120.0 * ((f64::from(x) + 0.5) / 320.0).clamp(0.5 / 64.0, 63.5 / 64.0)) as u8)
        .collect();
    let row: Vec<_> = out[160 * 320 * 3..161 * 320 * 3].chunks_exact(3).map(|p| p[0]).collect();
    close(&row, &expected, 1, "red of the middle row");
}
