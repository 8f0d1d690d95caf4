//! What a window costs: `cargo bench -p callguard-benches --bench inference`, on the models of the repository.
//!
//! The overhead of queue, owner thread and answer is told as the ratio of latency to the graph's own run, both of the same
//! windows; batches are told per window against batch 1 of the same run, since machines differ and drift.
#![allow(missing_docs)]

use std::error::Error;
use std::time::{Duration, Instant};

use callguard_inference::{Library, Manifest, Model, Options};

const WINDOWS: usize = 128;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|a| a == "--test") {
        return Ok(());
    }
    let library = Library::find(None)?;
    let manifest = Manifest::load(&Manifest::find(None)?)?;
    println!("ONNX Runtime {} from {}", library.version(), library.path().display());
    for spec in &manifest.models {
        let item = vec![0.01f32; spec.input_len()];
        let mut alone = None;
        for &batch in &spec.batch_buckets {
            // It waits for a whole batch, so that every run has that size.
            let max_delay = if batch > 1 { Duration::from_millis(200) } else { Duration::ZERO };
            let options = Options { max_batch: Some(batch), max_delay, queue: WINDOWS, ..Options::default() };
            let model = Model::start(&library, spec, &options)?;
            let begun = Instant::now();
            if batch == 1 {
                for _ in 0..WINDOWS {
                    model.run(item.clone())?;
                }
            } else {
                let tickets: Vec<_> = (0..WINDOWS).map(|_| model.submit(item.clone().into())).collect();
                for ticket in tickets {
                    ticket?.wait()?;
                }
            }
            let each = begun.elapsed().as_secs_f64() * 1e3 / WINDOWS as f64;
            let stats = model.stats();
            let alone = *alone.get_or_insert(each);
            println!(
                "{} on {}: batch {batch}: {each:.2} ms a window ({:.2} of batch 1); run p50 {:.2} ms p99 {:.2} ms; latency/run at p50 {:.3}; n = {WINDOWS}",
                spec.id,
                model.provider(),
                each / alone,
                stats.run.p50_us as f64 / 1e3,
                stats.run.p99_us as f64 / 1e3,
                stats.latency.p50_us as f64 / stats.run.p50_us.max(1) as f64,
            );
        }
    }
    Ok(())
}
