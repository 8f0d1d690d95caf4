//! What the elements cost a stream: a buffer through them, and through `identity` for comparison.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::faces::{ONE, Script, video_caps};
use common::gst::prelude::*;
use common::{FRAMES, How, buffer, engine, gst, gst_check, harness, harness_of, init};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

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

/// As it leaves a camera: from a pool, filled, and back. The media path is what fills it, and that is what the tap is measured against.
fn watch(c: &mut Criterion) {
    init();
    let mut group = c.benchmark_group("a picture of 1280 x 720");
    group.throughput(Throughput::Elements(1));
    let caps = video_caps("I420", 1280, 720, 25);
    let size = 1280 * 720 * 3 / 2;
    let mut measure = |name: &str, h: &mut gst_check::Harness| {
        h.set_src_caps(caps.clone());
        let pool = gst::BufferPool::new();
        let mut config = pool.config();
        config.set_params(Some(&caps), size, 4, 0);
        pool.set_config(config).unwrap();
        pool.set_active(true).unwrap();
        let mut n = 0u64;
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut buffer = pool.acquire_buffer(None).unwrap();
                let b = buffer.get_mut().unwrap();
                b.map_writable().unwrap().fill(n as u8);
                b.set_pts(gst::ClockTime::from_mseconds(40 * n));
                b.set_duration(gst::ClockTime::from_mseconds(40));
                n += 1;
                h.push_and_pull(buffer).unwrap()
            });
        });
        pool.set_active(false).unwrap();
    };
    measure("identity", &mut gst_check::Harness::new("identity"));
    for (name, stuck) in [("quick detector", false), ("stuck detector", true)] {
        let script = Script::new(&[ONE], 0.0);
        script.stuck.store(stuck, std::sync::atomic::Ordering::Relaxed);
        let engine = script.engine(How::Says(0.0));
        measure(name, &mut harness_of("callguardvideo", Some(&engine), &[], caps.clone()).0);
        script.stuck.store(false, std::sync::atomic::Ordering::Relaxed);
    }
    measure("no engine", &mut harness_of("callguardvideo", None, &[("models", "/nonexistent")], caps.clone()).0);
    measure("overlay, one line", &mut harness_of("callguardoverlay", None, &[], caps.clone()).0);
}

criterion_group!(benches, pass, watch);
criterion_main!(benches);
