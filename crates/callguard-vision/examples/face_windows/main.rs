//! Prints what the eyes see in video files as JSON lines: what models and cues are measured and calibrated through.
//!
//! ```text
//! cargo run --release -p callguard-vision --example face_windows -- clip.mp4 other.mp4
//! ffmpeg -i clip.mp4 -vf noise=c0s=8 -pix_fmt yuv420p -f yuv4mpegpipe - | cargo run … -- --detector face-detector.onnx -
//! ```
//! Files are decoded by `ffmpeg`, `-` is YUV4MPEG2 (4:2:0) on standard input. One line per sight, in order, times in seconds from the file's
//! start: `{"input","seat","joined"}`, `{…,"epoch","reason"}`, `{…,"source","from_s","to_s","fresh_s","observed_s","face_px","sharpness","luma",
//! "yaw_deg","score"}` and `{…,"source","from_s","to_s","abstain"}`. The score of a forgery window is the mean of its crops'; none
//! without a forgery model.

mod look;
mod model;
mod video;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

#[derive(Parser)]
struct Args {
    /// The graph that finds faces (a path that ends in .onnx), or its id in the manifest.
    #[arg(long, default_value = "face-detector")]
    detector: String,
    /// The graph that judges tight crops, or its id in the manifest. Without it windows have no score.
    #[arg(long)]
    forgery: Option<String>,
    /// The manifest, where a model is named by its id; found as the program finds it unless given.
    #[arg(long)]
    manifest: Option<PathBuf>,
    /// File with one path of a video per line.
    #[arg(long)]
    list: Option<PathBuf>,
    /// Videos, or `-`.
    inputs: Vec<String>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut inputs = args.inputs;
    if let Some(list) = &args.list {
        let text = std::fs::read_to_string(list).with_context(|| format!("list {}", list.display()))?;
        inputs.extend(text.lines().filter(|l| !l.is_empty()).map(String::from));
    }
    let start = |name: &str, graph| model::start(name, graph, args.manifest.as_deref());
    let detector = start(&args.detector, model::DETECTOR)?;
    let forgery = args.forgery.as_deref().map(|name| start(name, model::FORGERY)).transpose()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for input in &inputs {
        // A file that cannot be decoded is told, and the others go on.
        match look::lines(input, &detector, forgery.as_ref()) {
            Ok(text) => out.write_all(text.as_bytes())?,
            Err(error) => eprintln!("{input}: {error:#}"),
        }
        out.flush()?;
    }
    Ok(())
}
