//! How long it takes to sample a picture of 1920x1080 into a model's input: `cargo bench -p callguard-benches --bench vision`, one thread.
//! The aims are 1.5 ms for the detector's input and 0.2 ms for a tight crop. `scripts/bench_vision.py` sets OpenCV and numpy beside it.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use callguard_core::MediaTime;
use callguard_vision::{
    DETECTOR_SIDE, Face, Landmarks, Picture, PictureFormat, PixelFormat, Point, Similarity, TIGHT_SIDE, sample,
};
use criterion::{Criterion, criterion_group, criterion_main};

const FORMATS: [PixelFormat; 5] =
    [PixelFormat::I420, PixelFormat::Nv12, PixelFormat::Yuy2, PixelFormat::Rgb, PixelFormat::Bgrx];

/// Noise: the script makes the same.
fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A face of 60 pixels from the eyes to the mouth at the middle of the picture, tilted.
fn face(degrees: f32) -> Face {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let at = |x: f32, y: f32| Point { x: 960.0 + x * cos - y * sin, y: 540.0 + x * sin + y * cos };
    let landmarks = Landmarks {
        left_eye: at(-27.0, -30.0),
        right_eye: at(27.0, -30.0),
        nose: at(0.0, 0.0),
        left_mouth: at(-21.0, 30.0),
        right_mouth: at(21.0, 30.0),
    };
    Face { landmarks, ..Face::default() }
}

fn sampling(c: &mut Criterion) {
    let bytes = noise(1920 * 1080 * 4);
    let mut out = Vec::new();
    for pixel in FORMATS {
        let format = PictureFormat::packed(pixel, 1920, 1080);
        let picture = Picture { format: &format, bytes: &bytes, at: MediaTime::ZERO };
        let name = format!("{pixel:?}");
        c.benchmark_group("fit").bench_function(&name, |b| {
            b.iter(|| sample::fit(black_box(&picture), DETECTOR_SIDE, &mut out));
        });
        for (group, degrees) in [("tight", 10.0), ("tight-level", 0.0)] {
            let tight = face(degrees).tight();
            c.benchmark_group(group).bench_function(&name, |b| {
                b.iter(|| sample::rgb(black_box(&picture), &tight, TIGHT_SIDE, TIGHT_SIDE, &mut out));
            });
        }
        let twelfth = Similarity { a: 12.0, b: 0.0, tx: 0.0, ty: 0.0 };
        c.benchmark_group("luma").bench_function(&name, |b| {
            b.iter(|| sample::luma(black_box(&picture), &twelfth, 160, 90, &mut out));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = sampling
}
criterion_main!(benches);
