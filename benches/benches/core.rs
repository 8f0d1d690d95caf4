//! How many windows the decision takes in a second: `cargo bench -p callguard-benches --bench core`.
//! The aim is 5 million evidence/s on one core.
#![allow(missing_docs)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use callguard_core::{
    Call, Evidence, Hypothesis, Law, Llr, MediaTime, Observation, ParticipantKind, Policy, Rules, Source, SourceId,
    Span,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn evidence(c: &mut Criterion) {
    let source = SourceId::new("voice-clone");
    let law = Law { variance: 3.0, rho: 0.4, epsilon: 0.2, independence_s: 4.0, hop_s: 0.5 };
    let sources = vec![Source {
        id: source.clone(),
        hypotheses: vec![Hypothesis::VoiceSynthetic],
        law: Some(law),
        clip: 4.0,
        rule: false,
    }];
    let rules = Arc::new(Rules::new(Policy::default(), sources, &[]).expect("the law is in range"));
    let mut call = Call::new(rules);
    let subject = call.join(ParticipantKind::Voice, MediaTime::ZERO);
    const BATCH: u64 = 1000;
    // An hour of one genuine guest, over and over, with now and then a window that speaks against them.
    let llrs: Vec<Llr> = (0..997).filter_map(|i| Llr::new(f64::from(i % 7) - 4.0)).collect();
    let mut group = c.benchmark_group("fuse");
    group.throughput(Throughput::Elements(BATCH));
    let mut t = 0u64;
    group.bench_function("evidence", |b| {
        b.iter(|| {
            for _ in 0..BATCH {
                t += 1;
                let to = MediaTime::from_millis(4000 + t * 500);
                let o = Observation::Evidence(Evidence {
                    source: source.clone(),
                    subject,
                    span: Span { from: MediaTime::from_millis(t * 500), to },
                    llr: llrs[(t % 997) as usize],
                    observed: Duration::from_secs(4),
                    fresh: Duration::from_millis(500),
                });
                black_box(call.tick(to, std::slice::from_ref(&o)));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, evidence);
criterion_main!(benches);
