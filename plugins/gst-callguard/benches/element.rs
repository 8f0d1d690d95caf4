//! What the elements cost a stream: a buffer through them, and through `identity` for comparison.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use common::faces::{ONE, Script, video_caps};
use common::gst::prelude::*;
use common::{FRAMES, How, buffer, engine, gst, gst_check, harness, harness_of, init};
use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

fn pass(c: &mut Criterion) {
    init();
    let mut group = c.benchmark_group("a buffer of 20 ms");
    group.throughput(Throughput::Elements(1));
    let mut measure = |name: &str, h: &mut gst_check::Harness| {
        let mut n = 0;
        group.bench_function(name, |b| {
            let next = || {
                n += 1;
                buffer(n, vec![0; FRAMES * 2])
            };
            b.iter_batched(next, |buffer| h.push_and_pull(buffer).unwrap(), BatchSize::LargeInput);
        });
    };
    let mut identity = gst_check::Harness::new("identity");
    identity.set_src_caps(common::caps("S16LE", common::RATE, 1));
    measure("identity", &mut identity);
    for (name, how) in [("quick model", How::Says(0.0)), ("stuck model", How::Stuck)] {
        let engine = engine(how);
        let (mut h, _bus) = harness(Some(&engine), &[]);
        measure(name, &mut h);
    }
    let (mut h, _bus) = harness(None, &[("models", "/nonexistent")]);
    measure("no engine", &mut h);
}

/// A picture of 1280 x 720 as it leaves a camera: from a pool, filled, and back.
struct Camera {
    pool: gst::BufferPool,
    pictures: u64,
}

impl Camera {
    const INTERVAL: Duration = Duration::from_millis(10);

    fn caps() -> gst::Caps {
        video_caps("I420", 1280, 720, 100)
    }

    fn new() -> Self {
        let pool = gst::BufferPool::new();
        let mut config = pool.config();
        config.set_params(Some(&Self::caps()), 1280 * 720 * 3 / 2, 4, 0);
        pool.set_config(config).unwrap();
        pool.set_active(true).unwrap();
        Self { pool, pictures: 0 }
    }

    fn pass(&mut self, h: &mut gst_check::Harness) {
        let mut buffer = self.pool.acquire_buffer(None).unwrap();
        let b = buffer.get_mut().unwrap();
        b.map_writable().unwrap().fill(self.pictures as u8);
        let interval = gst::ClockTime::from_nseconds(Self::INTERVAL.as_nanos() as u64);
        b.set_pts(interval * self.pictures);
        b.set_duration(interval);
        self.pictures += 1;
        drop(h.push_and_pull(buffer).unwrap());
    }
}

/// How long this thread was on a core so far.
fn on_core() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
}

/// What the media thread works for a picture at 100 a second, filling it included; what the analysis works beside it does not count.
fn watch(c: &mut Criterion) {
    init();
    let mut group = c.benchmark_group("a picture of 1280 x 720");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(8));
    let mut measure = |name: &str, h: &mut gst_check::Harness| {
        h.set_src_caps(Camera::caps());
        let mut camera = Camera::new();
        group.bench_function(name, |b| {
            b.iter_custom(|pictures| {
                // Of all of them: for one, the kernel's clock is too coarse. Sleeping takes next to none.
                let before = on_core();
                for _ in 0..pictures {
                    std::thread::sleep(Camera::INTERVAL);
                    camera.pass(h);
                }
                on_core() - before
            });
        });
    };
    measure("identity", &mut gst_check::Harness::new("identity"));
    for (name, stuck) in [("quick detector", false), ("stuck detector", true)] {
        let script = Script::new(&[ONE], 0.0);
        script.stuck.store(stuck, Relaxed);
        let engine = script.engine(How::Says(0.0));
        measure(name, &mut harness_of("callguardvideo", Some(&engine), &[], Camera::caps()).0);
        script.stuck.store(false, Relaxed);
    }
    // How much of a difference is the machine's.
    measure("identity again", &mut gst_check::Harness::new("identity"));
    let missing = [("models", "/nonexistent")];
    measure("no engine", &mut harness_of("callguardvideo", None, &missing, Camera::caps()).0);
    measure("overlay, one line", &mut harness_of("callguardoverlay", None, &[], Camera::caps()).0);
}

criterion_group!(benches, pass, watch);
criterion_main!(benches);
