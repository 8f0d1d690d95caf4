//! What the element costs a stream: a buffer of 20 ms through it, and through `identity` for comparison.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{FRAMES, How, buffer, engine, gst_check, harness, init};
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

criterion_group!(benches, pass);
criterion_main!(benches);
