//! Whatever comes: no panic; and what every picture has in common.

use callguard_core::MediaTime;
use callguard_vision::{Matrix, Picture, PictureFormat, PixelFormat, Plane, Range, Similarity, Turn, sample};
use proptest::prelude::*;

use crate::pictures::{FORMATS, around, draw, is_rgb, luma_of, padded, slopes};

fn pixels() -> impl Strategy<Value = PixelFormat> {
    prop::sample::select(FORMATS.to_vec())
}

fn turns() -> impl Strategy<Value = Turn> {
    prop::sample::select(vec![Turn::None, Turn::Right, Turn::Half, Turn::Left])
}

fn matrices() -> impl Strategy<Value = Matrix> {
    prop::sample::select(vec![Matrix::Bt601, Matrix::Bt709])
}

fn ranges() -> impl Strategy<Value = Range> {
    prop::sample::select(vec![Range::Limited, Range::Full])
}

/// Any number at all, or one that makes sense.
fn numbers() -> impl Strategy<Value = f32> {
    prop_oneof![any::<f32>(), -300.0f32..300.0, -2.0f32..2.0, Just(0.0)]
}

fn maps() -> impl Strategy<Value = Similarity> {
    (numbers(), numbers(), numbers(), numbers()).prop_map(|(a, b, tx, ty)| Similarity { a, b, tx, ty })
}

fn sizes() -> impl Strategy<Value = u32> {
    prop_oneof![16u32..130, 0u32..20, any::<u32>()]
}

prop_compose! {
    fn formats()(
        (pixel, width, height) in (pixels(), sizes(), sizes()),
        planes in prop::array::uniform3(prop_oneof![
            (0usize..3000, 0usize..600).prop_map(|(offset, stride)| Plane { offset, stride }),
            (any::<usize>(), any::<usize>()).prop_map(|(offset, stride)| Plane { offset, stride }),
        ]),
        tight in any::<bool>(),
        (matrix, range, turn) in (matrices(), ranges(), turns()),
        pixel_aspect_q16 in prop_oneof![Just(65_536u32), 8192u32..=524_288, any::<u32>()],
    ) -> PictureFormat {
        let planes = if tight { PictureFormat::packed(pixel, width, height).planes } else { planes };
        PictureFormat { pixel, width, height, planes, matrix, range, turn, pixel_aspect_q16 }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    /// Whatever the format says, the bytes are and the target is: it is filled, or black where the picture is refused.
    #[test]
    fn no_picture_can_break_it(
        format in formats(),
        bytes in (any::<u8>(), prop_oneof![0usize..3000, 30_000usize..70_000]).prop_map(|(byte, n)| vec![byte; n]),
        map in maps(),
        (width, height) in (0usize..40, 0usize..40),
    ) {
        let picture = Picture { format: &format, bytes: &bytes, at: MediaTime::ZERO };
        let (mut rgb, mut luma, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        sample::rgb(&picture, &map, width, height, &mut rgb);
        sample::luma(&picture, &map, width, height, &mut luma);
        sample::fit(&picture, width, &mut whole);
        prop_assert_eq!((rgb.len(), luma.len(), whole.len()), (width * height * 3, width * height, width * width * 3));
        if picture.check().is_err() {
            prop_assert!(rgb.iter().chain(&luma).chain(&whole).all(|v| *v == 0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_constant_picture_stays_constant(
        pixel in pixels(), (matrix, range, turn) in (matrices(), ranges(), turns()),
        colour in prop::array::uniform3(30.0f64..225.0),
        (width, height) in (40u32..120, 40u32..120),
        (scale, degrees) in (0.1f32..1.5, prop_oneof![Just(0.0f32), Just(90.0), -180.0f32..180.0]),
    ) {
        let grey = [luma_of(matrix, colour); 3];
        // Grey alone is sure to lie within RGB in all formats.
        let format = PictureFormat { matrix, range, turn, ..padded(pixel, width, height) };
        let shot = draw(format, |_, _| grey);
        let map = around(format.upright(), 16, scale, degrees);
        let rgb = shot.rgb(&map, 16, 16);
        for (value, luma) in rgb.iter().zip(shot.luma(&map, 16, 16).into_iter().flat_map(|v| [v; 3])) {
            prop_assert!((f64::from(*value) - grey[0]).abs() <= 1.1, "{} for {}", value, grey[0]);
            prop_assert!(value.abs_diff(luma) <= 1);
        }
        prop_assert!(rgb.iter().all(|v| *v == rgb[0]));
    }

    #[test]
    fn all_formats_of_a_picture_agree(
        pixel in pixels(), (matrix, range, turn) in (matrices(), ranges(), turns()),
        (width, height) in (100u32..160, 100u32..160),
        (scale, degrees) in (0.3f32..4.0, prop_oneof![Just(0.0f32), -180.0f32..180.0]),
    ) {
        let like = PictureFormat { matrix, range, turn, ..padded(PixelFormat::Rgb, width, height) };
        let format = PictureFormat { matrix, range, turn, ..padded(pixel, width, height) };
        let map = around(format.upright(), 24, scale, degrees);
        let (expected, actual) = (draw(like, slopes(width, height)), draw(format, slopes(width, height)));
        for (a, e) in actual.luma(&map, 24, 24).iter().zip(expected.luma(&map, 24, 24)) {
            prop_assert!(a.abs_diff(e) <= 2, "luma {} for {}", a, e);
        }
        if pixel != PixelFormat::Gray8 {
            let most = if is_rgb(pixel) { 0 } else { 6 };
            for (a, e) in actual.rgb(&map, 24, 24).iter().zip(expected.rgb(&map, 24, 24)) {
                prop_assert!(a.abs_diff(e) <= most, "{} for {}", a, e);
            }
        }
    }
}
