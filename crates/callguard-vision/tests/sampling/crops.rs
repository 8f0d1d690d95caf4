//! Crops: a picture whose colours are a linear function of the place tells where each pixel came from.

use callguard_vision::{Face, Landmarks, PictureFormat, PixelFormat, Point, Range, Similarity, TIGHT_SIDE, WIDE_SIDE};

use crate::pictures::{AS_IT_IS, Colour, FORMATS, around, draw, is_rgb, slopes};

/// The colours of the places that a target's pixels lie at.
fn expected(map: &Similarity, width: usize, height: usize, colour: impl Fn(f64, f64) -> Colour) -> Vec<Colour> {
    let places = (0..width * height).map(|i| {
        let target = Point { x: (i % width) as f32 + 0.5, y: (i / width) as f32 + 0.5 };
        map.apply(target)
    });
    places.map(|p| colour(f64::from(p.x), f64::from(p.y))).collect()
}

#[track_caller]
fn off_by_at_most(most: f64, actual: &[u8], expected: &[Colour], what: &str) {
    for (i, (actual, expected)) in actual.chunks_exact(3).zip(expected).enumerate() {
        for (a, e) in actual.iter().zip(expected) {
            assert!((f64::from(*a) - e).abs() <= most, "{what}: pixel {i} is {actual:?} and not {expected:.1?}");
        }
    }
}

/// A face of so many pixels from the eyes to the mouth, tilted clockwise, at the middle of a picture.
fn face((width, height): (u32, u32), eyes_to_mouth: f32, degrees: f32) -> Face {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let at = |x: f32, y: f32| Point {
        x: width as f32 / 2.0 + (x * cos - y * sin) * eyes_to_mouth,
        y: height as f32 / 2.0 + (x * sin + y * cos) * eyes_to_mouth,
    };
    let landmarks = Landmarks {
        left_eye: at(-0.45, -0.5),
        right_eye: at(0.45, -0.5),
        nose: at(0.0, 0.0),
        left_mouth: at(-0.35, 0.5),
        right_mouth: at(0.35, 0.5),
    };
    Face { score: 1.0, landmarks, ..Face::default() }
}

#[track_caller]
fn crops_are_exact(eyes_to_mouth: f32, degrees: f32) {
    let tight = face((960, 720), eyes_to_mouth, degrees).tight();
    is_exact(&tight, TIGHT_SIDE, &format!("tight {eyes_to_mouth} {degrees}°"));
    // As wide as the picture holds.
    let wide = face((960, 720), eyes_to_mouth.min(60.0), degrees).wide();
    is_exact(&wide, WIDE_SIDE, &format!("wide {eyes_to_mouth} {degrees}°"));
}

#[track_caller]
fn is_exact(lie: &Similarity, side: usize, what: &str) {
    let size = (960, 720);
    let expected = expected(lie, side, side, slopes(size.0, size.1));
    for pixel in FORMATS.into_iter().filter(|pixel| *pixel != PixelFormat::Gray8) {
        let format = PictureFormat { range: Range::Full, ..PictureFormat::packed(pixel, size.0, size.1) };
        let crop = draw(format, slopes(size.0, size.1)).rgb(lie, side, side);
        // Each of Y, Cb, Cr is rounded as it is stored, as it is averaged and as it is turned, and the latter two are stretched.
        let most = if is_rgb(pixel) { 1.6 } else { 4.0 };
        off_by_at_most(most, &crop, &expected, &format!("{pixel:?} {what}"));
    }
}

#[test]
fn a_small_level_face() {
    crops_are_exact(20.0, 0.0);
}

#[test]
fn a_face_of_the_crops_own_size() {
    crops_are_exact(38.0, 8.0);
}

#[test]
fn a_large_tilted_face() {
    crops_are_exact(90.0, -25.0);
}

#[test]
fn a_face_lying_on_its_side() {
    crops_are_exact(60.0, 90.0);
}

#[test]
fn a_face_upside_down() {
    crops_are_exact(60.0, 180.0);
}

#[test]
fn black_where_the_picture_is_not() {
    let format = PictureFormat::packed(PixelFormat::I420, 64, 48);
    let shot = draw(format, |_, _| [200.0; 3]);
    for (x, y, black) in [(7, 20, true), (8, 20, false), (20, 7, true), (71, 55, false), (72, 30, true), (30, 56, true)]
    {
        let level = Similarity { tx: -8.0, ty: -8.0, ..AS_IT_IS };
        let pixel = |bytes: Vec<u8>| bytes[(y * 80 + x) * 3..(y * 80 + x) * 3 + 3].to_vec();
        let expected = if black { [0; 3] } else { [200; 3] };
        assert_eq!(pixel(shot.rgb(&level, 80, 64)), expected, "{x}, {y}");
        // So little aslant that no pixel goes over the border, but not level.
        let aslant = Similarity { b: 1e-3, ..level };
        assert_eq!(pixel(shot.rgb(&aslant, 80, 64)), expected, "{x}, {y}, aslant");
    }
}

/// Stripes of one pixel: what samples only some of them sees patterns that are not there.
#[track_caller]
fn no_aliasing(pixel: PixelFormat, scale: f32, degrees: f32, most: u8) {
    let size = (1920, 1080);
    let stripes = |x: f64, y: f64| if (x.floor() + y.floor()) % 2.0 == 0.0 { [60.0; 3] } else { [190.0; 3] };
    let map = around(size, 128, scale, degrees);
    let crop = draw(PictureFormat::packed(pixel, size.0, size.1), stripes).rgb(&map, 128, 128);
    let off = crop.iter().map(|v| v.abs_diff(125)).max();
    assert!(off <= Some(most), "{pixel:?} at {scale}, {degrees}°: off by {off:?}");
}

#[test]
fn fine_stripes_become_grey() {
    no_aliasing(PixelFormat::I420, 6.0, 0.0, 1);
    no_aliasing(PixelFormat::Rgb, 6.0, 0.0, 1);
    no_aliasing(PixelFormat::Yuy2, 5.3, 0.0, 4);
    no_aliasing(PixelFormat::I420, 6.0, 20.0, 6);
    no_aliasing(PixelFormat::Bgrx, 4.0, 45.0, 8);
    no_aliasing(PixelFormat::Nv12, 3.0, 10.0, 16);
}
