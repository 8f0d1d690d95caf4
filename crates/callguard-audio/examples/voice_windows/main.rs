//! Prints the speech windows of WAV files as JSON lines: what models are measured and calibrated through.
//!
//! ```text
//! find clips -name '*.wav' > list.txt
//! cargo run --release -p callguard-audio --example voice_windows -- --model voice-clone.onnx --list list.txt
//! ```
//! One line per window, `{"input","from_s","to_s","speech_s","bandwidth_hz","snr_db","fresh_s","logit"}`, and one per
//! stretch abstained from, `{"input","from_s","to_s","abstain"}`; files in the order of the list, times from the file's start.

mod model;
mod wav;

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::{Context, Result};
use callguard_audio::{Heard, SpeechWindow, VoiceWindows, WindowSettings, logit};
use callguard_core::{Abstain, Span};
use clap::Parser;
use serde_json::json;

#[derive(Parser)]
#[command(group = clap::ArgGroup::new("judge").required(true))]
struct Args {
    /// A graph (a path that ends in .onnx: `samples` float32 [batch, 64000] to `logit` float32 [batch]), or the id of a
    /// model in the manifest.
    #[arg(long, group = "judge")]
    model: Option<String>,
    /// Print windows without asking a model.
    #[arg(long, group = "judge", conflicts_with = "manifest")]
    no_model: bool,
    /// The manifest, where --model is an id; found as the program finds it unless given.
    #[arg(long)]
    manifest: Option<PathBuf>,
    /// File with one path of a WAV file (integer or float samples, any rate) per line.
    #[arg(long)]
    list: PathBuf,
    /// Files worked on at once.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
}

/// The logit of a window.
type Scorer<'a> = dyn Fn(Vec<f32>) -> Result<f64> + Sync + 'a;

fn main() -> Result<()> {
    let args = Args::parse();
    let list = std::fs::read_to_string(&args.list).with_context(|| format!("list {}", args.list.display()))?;
    let inputs: Vec<&str> = list.lines().filter(|l| !l.is_empty()).collect();
    let jobs = args.jobs.max(1);
    let Some(model) = &args.model else { return print_all(&inputs, jobs, None) };
    let model = model::start(model, args.manifest.as_deref(), jobs)?;
    let score =
        |samples| logit(model.run(samples)).map_err(|reason| anyhow::anyhow!("the model gave no score: {reason}"));
    print_all(&inputs, jobs, Some(&score))
}

/// Works on several files at once, prints in the order of the list.
fn print_all(inputs: &[&str], jobs: usize, scorer: Option<&Scorer<'_>>) -> Result<()> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::sync_channel(4 * jobs);
    let mut out = BufWriter::new(std::io::stdout().lock());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(input) = inputs.get(i) else { return };
                    let lines = lines(input, scorer);
                    if send.send((i, lines)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early = std::collections::BTreeMap::new();
        let mut due = 0;
        for (i, done) in receive {
            early.insert(i, done);
            while let Some(done) = early.remove(&due) {
                match done {
                    Ok(text) => out.write_all(text.as_bytes())?,
                    Err(error) => eprintln!("{}: {error:#}", inputs[due]),
                }
                due += 1;
            }
        }
        out.flush()?;
        Ok(())
    })
}

fn lines(input: &str, scorer: Option<&Scorer<'_>>) -> Result<String> {
    let mut heard = Vec::new();
    let mut windows = VoiceWindows::new(WindowSettings::default())?;
    wav::play(input.as_ref(), &mut windows, &mut heard)?;
    let mut text = String::new();
    let mut quiet: Option<(Span, Abstain)> = None;
    for one in heard {
        match one {
            Heard::Abstained { span, reason } => match &mut quiet {
                Some((before, same)) if *same == reason && before.to == span.from => before.to = span.to,
                _ => text += &abstained(input, quiet.replace((span, reason))),
            },
            Heard::Window(window) => {
                text += &abstained(input, quiet.take());
                text += &judged(input, window, scorer)?;
            }
            Heard::TurnEnded { .. } => {}
        }
    }
    text += &abstained(input, quiet);
    Ok(text)
}

fn judged(input: &str, window: SpeechWindow, scorer: Option<&Scorer<'_>>) -> Result<String> {
    let facts = window.facts;
    let logit = scorer.map(|score| score(window.samples)).transpose()?;
    let line = json!({
        "input": input,
        "from_s": facts.span.from.as_secs_f64(),
        "to_s": facts.span.to.as_secs_f64(),
        "speech_s": facts.quality.speech_s,
        "bandwidth_hz": facts.quality.bandwidth_hz,
        "snr_db": facts.quality.snr_db,
        "fresh_s": facts.fresh.as_secs_f64(),
        "logit": logit,
    });
    Ok(format!("{line}\n"))
}

fn abstained(input: &str, quiet: Option<(Span, Abstain)>) -> String {
    quiet.map_or_else(String::new, |(span, reason)| {
        let line = json!({
            "input": input,
            "from_s": span.from.as_secs_f64(),
            "to_s": span.to.as_secs_f64(),
            "abstain": reason.as_str(),
        });
        format!("{line}\n")
    })
}
