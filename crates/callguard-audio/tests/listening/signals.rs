//! Signals made here, and the ears that hear them.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use callguard_audio::{Block, Format, Heard, RATE_HZ, SampleFormat, SpeechWindow, VoiceWindows, WindowSettings};
use callguard_core::{Abstain, MediaTime, Span};

pub const MONO: Format = Format { rate_hz: RATE_HZ, channels: 1, sample: SampleFormat::F32 };

/// A dozen seconds of one voice, 16 kHz, said once by espeak-ng (`make setup` installs it).
pub fn speech() -> &'static [f32] {
    static SPEECH: OnceLock<Vec<f32>> = OnceLock::new();
    SPEECH.get_or_init(|| {
        let text = "Good evening, and thank you for calling the programme. We would like to know where you are, what you \
                    saw this morning, and whether your neighbours were able to leave the village before the river rose. \
                    Please speak slowly, because the line is not very good tonight.";
        let wav = Command::new("espeak-ng")
            .args(["--stdout", "-v", "en-gb", "-s", "150", text])
            .output()
            .expect("espeak-ng runs: `make setup` installs it")
            .stdout;
        // Its header has no length, as it writes to a pipe: 44 bytes, then 16-bit samples at 22,050 Hz.
        let samples: Vec<f32> =
            wav[44..].as_chunks().0.iter().map(|b| f32::from(i16::from_le_bytes(*b)) / 32_768.0).collect();
        let rate = f64::from(RATE_HZ) / 22_050.0;
        (0..(samples.len() as f64 * rate) as usize)
            .map(|i| {
                let at = i as f64 / rate;
                let (k, part) = (at as usize, at.fract() as f32);
                samples[k] * (1.0 - part) + samples.get(k + 1).unwrap_or(&0.0) * part
            })
            .collect()
    })
}

/// What Codec 2 makes of it at this bit rate; nothing, and a word, where ffmpeg has no libcodec2.
pub fn codec2(samples: &[f32], bit_rate: &str) -> Option<Vec<f32>> {
    let ffmpeg = |input: &[&str], output: &[&str], data: &[u8]| -> Option<Vec<u8>> {
        let mut child = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error"])
            .args(input)
            .args(["-i", "pipe:0"])
            .args(output)
            .arg("pipe:1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (mut stdin, data) = (child.stdin.take()?, data.to_vec());
        let writer = std::thread::spawn(move || stdin.write_all(&data));
        let done = child.wait_with_output().ok()?;
        writer.join().ok()?.ok()?;
        done.status.success().then_some(done.stdout)
    };
    let raw = ["-f", "f32le", "-ar", "16000"];
    let coded = ["-ar", "8000", "-c:a", "libcodec2", "-mode", bit_rate, "-f", "codec2raw"];
    let sent = ffmpeg(&raw, &coded, &bytes(samples));
    let Some(sent) = sent.filter(|s| !s.is_empty()) else {
        eprintln!("skipped: ffmpeg has no encoder libcodec2");
        return None;
    };
    let heard = ffmpeg(&["-f", "codec2raw", "-mode", bit_rate], &raw, &sent).expect("ffmpeg decodes what it coded");
    Some(heard.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
}

pub fn seconds(s: f64) -> usize {
    (s * f64::from(RATE_HZ)) as usize
}

pub fn silence(s: f64) -> Vec<f32> {
    vec![0.0; seconds(s)]
}

/// White, uniform, of the given power in decibels of full scale; the same on every run.
pub fn noise(s: f64, level_db: f64) -> Vec<f32> {
    let peak = (3f64.sqrt() * 10f64.powf(level_db / 20.0)) as f32;
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    (0..seconds(s))
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * peak
        })
        .collect()
}

/// Sines of equal strength.
pub fn tones(s: f64, frequencies_hz: &[f64]) -> Vec<f32> {
    let part = 0.5 / frequencies_hz.len() as f64;
    let at = |i: usize| i as f64 / f64::from(RATE_HZ);
    (0..seconds(s))
        .map(|i| frequencies_hz.iter().map(|f| part * (std::f64::consts::TAU * f * at(i)).sin()).sum::<f64>() as f32)
        .collect()
}

pub fn bytes(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub fn block(bytes: &[u8], format: Format, first: usize) -> Block<'_> {
    let at = MediaTime::from_frames(first as u64, format.rate_hz);
    Block { format, bytes, at, discontinuity: false, filled: false }
}

pub fn ears() -> VoiceWindows {
    VoiceWindows::new(WindowSettings::default()).expect("defaults are in range")
}

/// Hears a whole signal in blocks of 20 ms.
pub fn hear(samples: &[f32]) -> Vec<Heard> {
    hear_as(&bytes(samples), MONO)
}

pub fn hear_as(bytes: &[u8], format: Format) -> Vec<Heard> {
    hear_with(ears(), bytes, format)
}

pub fn hear_with(mut ears: VoiceWindows, bytes: &[u8], format: Format) -> Vec<Heard> {
    let mut heard = Vec::new();
    let frames = format.rate_hz as usize / 50;
    for (i, chunk) in bytes.chunks(frames * format.frame_bytes()).enumerate() {
        ears.push(&block(chunk, format, i * frames), &mut heard).expect("a valid block");
    }
    ears.flush(&mut heard);
    heard
}

pub fn windows(heard: &[Heard]) -> Vec<&SpeechWindow> {
    heard.iter().filter_map(|h| if let Heard::Window(w) = h { Some(w) } else { None }).collect()
}

pub fn abstained(heard: &[Heard], why: Abstain) -> Duration {
    let of = |h: &Heard| match h {
        Heard::Abstained { span, reason } if *reason == why => span.duration(),
        _ => Duration::ZERO,
    };
    heard.iter().map(of).sum()
}

/// All spans abstained from, and the new speech of all windows: together they are the stream.
pub fn accounted(heard: &[Heard]) -> Duration {
    let of = |h: &Heard| match h {
        Heard::Abstained { span, .. } => span.duration(),
        Heard::Window(w) => w.facts.fresh,
        Heard::TurnEnded { .. } => Duration::ZERO,
    };
    heard.iter().map(of).sum()
}

pub fn span(from_s: f64, to_s: f64) -> Span {
    let at = |s: f64| MediaTime::from_nanos((s * 1e9) as u64);
    Span::between(at(from_s), at(to_s))
}
