//! Where the constants come from: recordings through lines as announcements, and other recordings against them.
//!
//! ```text
//! CALLGUARD_ANNOUNCEMENTS=list.txt CALLGUARD_OTHERS=list.txt cargo test -p callguard-audio measure -- --ignored --nocapture
//! ```
//! Each list has one path a line of what ffmpeg reads. No recording is compared with itself as another.
// A tool, in the place of a test only to reach what is measured.
#![allow(clippy::disallowed_methods)]

use std::process::Command;

use callguard_core::MediaTime;

use super::*;
use crate::capture::Capture;
use crate::gate::Gate;
use crate::{Block, Format, SampleFormat};

fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let done = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments).output().expect("ffmpeg");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

fn read(path: &str) -> Vec<f32> {
    let format: &[&str] = if path.ends_with(".g722") { &["-f", "g722"] } else { &[] };
    let bytes = ffmpeg(&[format, &["-i", path, "-ac", "1", "-ar", "16000", "-f", "f32le", "-"]].concat());
    bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// Through a file that ffmpeg writes with `options`.
fn through(samples: &[f32], options: &[&str], extension: &str) -> Vec<f32> {
    let at = |name: &str| std::env::temp_dir().join(format!("callguard-{}-{name}", std::process::id()));
    let (from, to) = (at("in.f32"), at(&format!("line.{extension}")));
    std::fs::write(&from, samples.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
        .expect("a folder to write to");
    let (from, to) = (from.display().to_string(), to.display().to_string());
    ffmpeg(&[&["-f", "f32le", "-ar", "16000", "-ac", "1", "-i", &from], options, &[&to]].concat());
    read(&to)
}

/// With noise so far below the louder half; `pink`: low-passed.
fn noisy(samples: &[f32], snr_db: f32, pink: bool) -> Vec<f32> {
    let mut powers: Vec<f32> =
        samples.chunks(FRAME).map(|c| c.iter().map(|x| x * x).sum::<f32>() / c.len() as f32).collect();
    powers.sort_by(f32::total_cmp);
    let loud = &powers[powers.len() / 2..];
    let (mut state, mut low) = (1u64, 0.0);
    let noise: Vec<f32> = (0..samples.len())
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let white = (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
            low = 0.9 * low + white;
            if pink { low } else { white }
        })
        .collect();
    let power = noise.iter().map(|x| x * x).sum::<f32>() / noise.len() as f32;
    let gain = (loud.iter().sum::<f32>() / loud.len() as f32 / power / 10f32.powf(snr_db / 10.0)).sqrt();
    samples.iter().zip(noise).map(|(x, n)| x + gain * n).collect()
}

/// The speech in it, on a grid of frames that is not the recording's own.
fn held(samples: &[f32], shift: usize) -> Vec<Held> {
    let around = vec![0.0; RATE_HZ as usize / 2 + shift];
    let bytes: Vec<u8> = [&around[..], samples, &around[..]].concat().iter().flat_map(|x| x.to_le_bytes()).collect();
    let format = Format { rate_hz: RATE_HZ, channels: 1, sample: SampleFormat::F32 };
    let block = Block { format, bytes: &bytes, at: MediaTime::ZERO, discontinuity: false, filled: false };
    let (mut capture, mut gate, mut frames) = (Capture::new(&block), Gate::new(), Vec::new());
    capture.push(&block, &mut frames);
    let mut judged: Vec<_> = frames.into_iter().filter_map(|f| gate.push(f)).collect();
    judged.extend(std::iter::from_fn(|| gate.flush()));
    judged.into_iter().filter(|j| j.speech.is_ok()).map(Held::new).collect()
}

/// The best correlation of each piece, and the share of frames recognised in windows of 4 s.
fn compared(known: &Announcements, speech: &[Held]) -> (Vec<f32>, f64) {
    let pieces = speech.chunks_exact(PIECE);
    let best = pieces.filter_map(|p| Some(known.best(&Piece::new(p))?.1)).collect();
    let mut playing = None;
    let marked: usize =
        speech.chunks(250).map(|w| known.recognise(w, &mut playing).iter().filter(|k| **k).count()).sum();
    (best, marked as f64 / speech.len().max(1) as f64)
}

fn tell(what: &str, all: &[(Vec<f32>, f64)]) {
    let mut best: Vec<f32> = all.iter().flat_map(|(best, _)| best.iter().copied()).collect();
    best.sort_by(f32::total_cmp);
    let at = |share: f64| best[((best.len() - 1) as f64 * share) as usize];
    let above = best.iter().filter(|x| **x > SAME).count();
    println!(
        "{what:24} {} pieces, {above} above {SAME}; 0, 1, 5, 50, 99, 99.9, 100 %: {:.3} {:.3} {:.3} {:.3} {:.3} {:.3} {:.3}; time recognised {:.2} %",
        best.len(),
        at(0.0),
        at(0.01),
        at(0.05),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        100.0 * all.iter().map(|(_, share)| share).sum::<f64>() / all.len() as f64,
    );
}

/// Correlations of parts at the place where their piece was found, and at places where they do not belong.
fn parts(known: &Announcements, speech: &[Held]) -> [Vec<f32>; 2] {
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for piece in speech.chunks_exact(PIECE) {
        let Some((place, _)) = known.best(&Piece::new(piece)).filter(|(_, same)| *same > SAME) else { continue };
        for part in piece.chunks_exact(PART).map(Piece::new) {
            right.extend(known.correlation(&part, place));
            for off in (20..80).step_by(7).flat_map(|off| [off, -off]) {
                wrong.extend(known.correlation(&part, Place { begin: place.begin + off, ..place }));
            }
        }
    }
    [right, wrong]
}

#[test]
#[ignore = "needs recordings: see the module"]
fn measure() {
    let list = |name: &str| {
        let path = std::env::var(name).unwrap_or_else(|_| panic!("{name}: a file with one path a line"));
        std::fs::read_to_string(path).expect("a list").lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (announcements, others) = (list("CALLGUARD_ANNOUNCEMENTS"), list("CALLGUARD_OTHERS"));
    let recordings: Vec<(&str, Vec<f32>)> = announcements.iter().map(|p| (p.as_str(), read(p))).collect();
    // As many at once as may be named.
    let groups: Vec<Announcements> = recordings
        .chunks(MOST)
        .map(|group| {
            let mut known = Announcements::default();
            group.iter().for_each(|(path, samples)| known.add(path, samples).unwrap_or_else(|e| panic!("{e}")));
            known
        })
        .collect();
    let pcmu = |s: &[f32]| through(s, &["-ar", "8000", "-c:a", "pcm_mulaw"], "wav");
    let opus = |s: &[f32]| through(s, &["-c:a", "libopus", "-b:a", "16k"], "ogg");
    let filter = |s: &[f32], what: &str| through(s, &["-af", what], "wav");
    type Line<'a> = (&'a str, &'a dyn Fn(&[f32]) -> Vec<f32>);
    let lines: [Line<'_>; 9] = [
        ("as it is", &|s| s.to_vec()),
        ("20 dB lower", &|s| s.iter().map(|x| 0.1 * x).collect()),
        ("Opus 16 kbit/s", &opus),
        ("G.711 at 8 kHz", &pcmu),
        ("G.711, white 10 dB", &|s| noisy(&pcmu(s), 10.0, false)),
        ("pink 12 dB, Opus", &|s| opus(&noisy(s, 12.0, true))),
        ("400 Hz to 2.5 kHz, +8 dB", &|s| filter(s, "highpass=f=400,lowpass=f=2500,equalizer=f=1000:t=q:w=1:g=8")),
        ("gain control", &|s| filter(s, "acompressor=threshold=0.03:ratio=8:attack=5:release=80:makeup=4")),
        ("echoes of a room", &|s| filter(s, "aecho=0.8:0.7:23|57|91:0.5|0.3|0.2")),
    ];
    for (name, line) in lines {
        let (mut all, mut at) = (Vec::new(), [Vec::new(), Vec::new()]);
        for (i, (_, samples)) in recordings.iter().enumerate() {
            let speech = held(&line(samples), i * 37 % FRAME);
            all.push(compared(&groups[i / MOST], &speech));
            at.iter_mut().zip(parts(&groups[i / MOST], &speech)).for_each(|(at, parts)| at.extend(parts));
        }
        tell(name, &all);
        for (what, at) in ["parts there", "parts elsewhere"].iter().zip(&at) {
            let above = at.iter().filter(|x| **x > PART_SAME).count();
            println!("  {what}: {above} of {} above {PART_SAME}", at.len());
        }
    }
    let mut all = Vec::new();
    for (i, path) in others.iter().filter(|p| !announcements.contains(p)).enumerate() {
        let of = compared(&groups[i % groups.len()], &held(&read(path), 0));
        if let Some(most) = of.0.iter().copied().reduce(f32::max).filter(|most| *most > 0.7) {
            println!("  {most:.3} {path} in group {}", i % groups.len());
        }
        all.push(of);
    }
    tell("others", &all);
}
