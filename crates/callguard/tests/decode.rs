//! Decoding of what comes from outside: all of it in order, and a typed error for everything that is not right.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callguard::capture::Place;
use callguard::capture::decode::{Decoded, Hear, Takers, Watch, decode};
use callguard::cli::Common;
use callguard::config::Limits;
use callguard::trouble::Trouble;
use callguard_core::MediaTime;
use callguard_engine::Picture;

/// What a taker saw: media time, frames, rate, channels, discontinuity.
type Seen = Arc<Mutex<Vec<(u32, f64, usize, u32, u16, bool)>>>;

fn limits() -> Limits {
    callguard::config::load(&Common::default()).unwrap().capture
}

fn hear(place: &Place, limits: &Limits) -> (Result<Decoded, Trouble>, Seen) {
    callguard::capture::init().unwrap();
    let seen: Seen = Arc::default();
    let all = Arc::clone(&seen);
    let sound = move |stream| -> Hear {
        let all = Arc::clone(&all);
        Box::new(move |block| {
            let frames = block.bytes.len() / block.format.frame_bytes();
            let at = block.at.as_secs_f64();
            all.lock().unwrap().push((
                stream,
                at,
                frames,
                block.format.rate_hz,
                block.format.channels,
                block.discontinuity,
            ));
            Ok(())
        })
    };
    let takers = Takers { sound: Some(Box::new(sound)), pictures: None };
    (decode(place, "the input", limits, &|_| (), takers), seen)
}

fn code_of(place: &Place, limits: &Limits) -> String {
    match hear(place, limits).0 {
        Ok(decoded) => format!("heard, cut: {:?}", decoded.cut.map(|t| t.code)),
        Err(trouble) => trouble.code,
    }
}

fn file(dir: &Path, name: &str, bytes: &[u8]) -> Place {
    std::fs::write(dir.join(name), bytes).unwrap();
    Place::File(dir.join(name))
}

/// A WAV file of `frames` frames of 16-bit samples.
fn wav(frames: u32, rate: u32, channels: u16) -> Vec<u8> {
    let bytes = frames * u32::from(channels) * 2;
    let mut out = Vec::new();
    out.extend(b"RIFF");
    out.extend((36 + bytes).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    out.extend(channels.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate * u32::from(channels) * 2).to_le_bytes());
    out.extend((channels * 2).to_le_bytes());
    out.extend(b"\x10\0data");
    out.extend(bytes.to_le_bytes());
    out.extend((0..frames * u32::from(channels)).flat_map(|i| (((i * 37) % 2000) as i16 - 1000).to_le_bytes()));
    out
}

fn ffmpeg(dir: &Path, arguments: &str, name: &str) -> PathBuf {
    let out = dir.join(name);
    let done =
        Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments.split(' ')).arg(&out).status().unwrap();
    assert!(done.success(), "ffmpeg {arguments} {name}");
    out
}

/// Answers the first request with `body` and then, where `stuck`, keeps the line open without a word.
fn serve(body: Vec<u8>, kind: &'static str, stuck: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, body) = (stream.unwrap(), body.clone());
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                if !stuck || !body.is_empty() {
                    let length = body.len() + if stuck { 1_000_000 } else { 0 };
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                    );
                    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
                }
                if stuck {
                    std::thread::sleep(Duration::from_secs(60));
                }
            });
        }
    });
    format!("http://{address}/it")
}

fn remote(uri: &str) -> Place {
    Place::Remote(uri.parse().unwrap())
}

#[test]
fn every_frame_comes_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    // Odd lengths too: half of all A-law recordings have one.
    let odd = ffmpeg(dir.path(), "-f lavfi -i sine=r=8000:d=1 -af atrim=end_sample=7001 -c:a pcm_alaw", "odd.wav");
    assert_eq!(hear(&Place::File(odd), &limits()).0.unwrap().heard, Duration::from_nanos(7001 * 125_000));
    for (rate, channels) in [(8000, 1), (16_000, 1), (44_100, 2), (48_000, 8)] {
        let (decoded, seen) = hear(&file(dir.path(), "a.wav", &wav(rate * 3 + 17, rate, channels)), &limits());
        let decoded = decoded.unwrap();
        assert!(decoded.cut.is_none() && decoded.streams == 1, "{decoded:?}");
        let seen = seen.lock().unwrap();
        let mut next = 0usize;
        for (_, at, frames, r, c, gap) in seen.iter() {
            assert_eq!((*r, *c, *gap), (rate, channels, false));
            assert!((at - next as f64 / f64::from(rate)).abs() < 1e-6, "{at} at frame {next}");
            next += frames;
        }
        assert_eq!(next as u32, rate * 3 + 17, "{rate} Hz");
    }
}

#[test]
fn a_file_that_was_cut_off_gives_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let whole = wav(48_000, 16_000, 1);
    let (decoded, _) = hear(&file(dir.path(), "cut.wav", &whole[..whole.len() / 2]), &limits());
    let decoded = decoded.unwrap();
    assert_eq!(decoded.cut.unwrap().code, "decode-failed");
    assert!((decoded.heard.as_secs_f64() - 1.5).abs() < 0.01, "{:?}", decoded.heard);
    let source = dir.path().join("whole.wav");
    std::fs::write(&source, whole).unwrap();
    for name in ["a.flac", "a.m4a", "a.mka"] {
        let made = ffmpeg(dir.path(), &format!("-i {}", source.display()), name);
        assert!(hear(&Place::File(made.clone()), &limits()).0.unwrap().cut.is_none(), "{name} is whole");
        let bytes = std::fs::read(&made).unwrap();
        let cut = file(dir.path(), &format!("cut-{name}"), &bytes[..bytes.len() * 2 / 3]);
        match hear(&cut, &limits()).0 {
            Ok(decoded) => assert!(decoded.cut.is_some() && decoded.heard > Duration::ZERO, "{name}: {decoded:?}"),
            // An MP4 whose index lies at the end cannot be read without it.
            Err(trouble) => assert!(name == "a.m4a" && trouble.code == "decode-failed", "{name}: {trouble:?}"),
        }
    }
}

#[test]
fn what_is_not_right_is_told_by_its_code() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let cases: [(&str, &[u8], &str); 4] = [
        ("text.wav", b"This is a text about nothing in particular, and no recording at all.\n", "not-media"),
        ("noise.mp4", &[0xA5; 5000], "not-media"),
        (
            "list.m3u8",
            b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-VERSION:3\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
            "nested-source",
        ),
        ("list.uri", b"file:///etc/passwd\nfile:///etc/hosts\n", "not-media"),
    ];
    for (name, bytes, wanted) in cases {
        let code = code_of(&file(at, name, bytes), &limits());
        assert!(code == wanted || (wanted == "not-media" && code == "nested-source"), "{name}: {code}");
    }
    let colour = ffmpeg(at, "-f lavfi -i color=c=blue:s=64x64:d=1", "mute.mkv");
    assert_eq!(code_of(&Place::File(colour), &limits()), "no-media");
    let wide = ffmpeg(at, "-f lavfi -i color=c=blue:s=4400x64:d=0.2 -f lavfi -i sine=d=0.2 -c:v mpeg4", "wide.mkv");
    assert_eq!(code_of(&Place::File(wide), &limits()), "caps-limit");
    assert_eq!(code_of(&file(at, "nine.wav", &wav(4000, 8000, 9)), &limits()), "caps-limit");
    let short = Limits { duration: Duration::from_secs(1), ..limits() };
    assert_eq!(code_of(&file(at, "long.wav", &wav(48_000, 16_000, 1)), &short), "heard, cut: Some(\"duration-limit\")");
}

#[test]
fn several_streams_are_heard_up_to_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let two = ffmpeg(dir.path(), "-f lavfi -i sine=d=1 -f lavfi -i sine=f=300:d=2 -map 0 -map 1", "two.mka");
    let (decoded, seen) = hear(&Place::File(two.clone()), &limits());
    assert_eq!(decoded.unwrap().streams, 2);
    let frames = |n| seen.lock().unwrap().iter().filter(|s| s.0 == n).map(|s| s.2).sum::<usize>();
    assert!((frames(1) as f64 / 44_100.0 - 1.0).abs() < 0.1 && (frames(2) as f64 / 44_100.0 - 2.0).abs() < 0.1);
    assert!(code_of(&Place::File(two), &Limits { streams: 1, ..limits() }) == "streams-limit");
}

#[test]
fn the_network_is_heard_and_may_name_nothing_of_this_machine() {
    let sound = wav(32_000, 16_000, 1);
    let (decoded, _) = hear(&remote(&serve(sound.clone(), "audio/x-wav", false)), &limits());
    assert_eq!(decoded.unwrap().heard, Duration::from_secs(2));
    let small = Limits { input_bytes: 20_000, ..limits() };
    assert!(code_of(&remote(&serve(sound, "audio/x-wav", false)), &small).contains("size-limit"));
    let dir = tempfile::tempdir().unwrap();
    file(dir.path(), "secret.ts", b"x");
    let secret = format!("file://{}/secret.ts", dir.path().display());
    let list = format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-VERSION:3\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n");
    assert_eq!(
        code_of(&remote(&serve(list.into_bytes(), "application/vnd.apple.mpegurl", false)), &limits()),
        "nested-source"
    );
}

#[test]
fn what_does_not_open_or_does_not_go_on_is_given_up() {
    let hasty =
        Limits { open_timeout: Duration::from_millis(700), data_timeout: Duration::from_millis(700), ..limits() };
    assert_eq!(code_of(&remote(&serve(Vec::new(), "audio/x-wav", true)), &hasty), "open-timeout");
    let mut sound = wav(64_000, 16_000, 1);
    let whole = 36 + 64_000u32 * 2 + 1_000_000;
    sound[4..8].copy_from_slice(&whole.to_le_bytes());
    sound[40..44].copy_from_slice(&(whole - 36).to_le_bytes());
    assert_eq!(code_of(&remote(&serve(sound, "audio/x-wav", true)), &hasty), "heard, cut: Some(\"data-timeout\")");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(code_of(&remote(&format!("http://{closed}/x.wav")), &limits()), "network");
}

/// A picture as it was shown: media time, upright size, bytes.
type Shown = (f64, (u32, u32), usize);

/// What a video stream's taker was asked, and what it was shown.
#[derive(Clone, Default)]
struct Film(Arc<Mutex<Vec<f64>>>, Arc<Mutex<Vec<Shown>>>);

impl Watch for Film {
    /// Every tenth.
    fn takes(&mut self, at: MediaTime) -> bool {
        let mut asked = self.0.lock().unwrap();
        asked.push(at.as_secs_f64());
        asked.len() % 10 == 1
    }

    fn show(&mut self, picture: &Picture<'_>, filled: bool) -> Result<(), Trouble> {
        picture.check().unwrap();
        assert!(!filled);
        self.1.lock().unwrap().push((picture.at.as_secs_f64(), picture.format.upright(), picture.bytes.len()));
        Ok(())
    }
}

/// Asked, shown.
type Watched = (Vec<f64>, Vec<Shown>);

fn watch(place: &Place, limits: &Limits) -> (Result<Decoded, Trouble>, Watched) {
    callguard::capture::init().unwrap();
    let film = Film::default();
    let given = film.clone();
    let takers = Takers { sound: None, pictures: Some(Box::new(move |_| Box::new(given.clone()))) };
    let decoded = decode(place, "the input", limits, &|_| (), takers);
    let watched = (film.0.lock().unwrap().clone(), film.1.lock().unwrap().clone());
    (decoded, watched)
}

#[test]
fn every_picture_is_asked_for_in_order_and_what_is_taken_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let film = |options: &str, name: &str| {
        ffmpeg(dir.path(), &format!("-f lavfi -i testsrc=s=322x242:r=25:d=2 -f lavfi -i sine=d=2 {options}"), name)
    };
    for (options, name, size) in [
        ("-c:v libx264 -pix_fmt yuv420p", "a.mp4", (322, 242)),
        // Ten bits, and pixels that are not square: the one is converted, the other told.
        ("-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le", "ten.mp4", (322, 242)),
        ("-c:v mpeg4 -vf scale=321:241,setsar=2/1", "wide.mkv", (642, 241)),
        (
            "-c:v libx264 -pix_fmt yuv420p -vf scale=322:244,setsar=1,setfield=tff -flags +ilme+ildct -x264opts tff=1",
            "fields.mp4",
            (322, 244),
        ),
        ("-c:v ffv1 -pix_fmt bgr0", "rgb.mkv", (322, 242)),
        ("-c:v ffv1 -pix_fmt gray", "grey.mkv", (322, 242)),
    ] {
        let (decoded, (asked, shown)) = watch(&Place::File(film(options, name)), &limits());
        let decoded = decoded.unwrap();
        assert!(decoded.cut.is_none() && decoded.streams == 1 && !decoded.unseen, "{name}: {decoded:?}");
        assert!((decoded.heard.as_secs_f64() - 2.0).abs() < 0.05, "{name}: {decoded:?}");
        assert_eq!((asked.len(), shown.len()), (50, 5), "{name}");
        assert!(asked.iter().enumerate().all(|(i, at)| (at - i as f64 / 25.0).abs() < 5e-3), "{name}: {asked:?}");
        assert!(shown.iter().all(|(_, upright, bytes)| *upright == size && *bytes >= 321 * 241), "{name}: {shown:?}");
    }
    let sound = film("-c:v libx264 -pix_fmt yuv420p", "both.mp4");
    assert!(hear(&Place::File(sound), &limits()).0.unwrap().unseen, "pictures that nobody took are told of");
}

#[test]
fn pictures_keep_to_the_limits_too() {
    let dir = tempfile::tempdir().unwrap();
    let code = |place: &Place, limits: &Limits| match watch(place, limits).0 {
        Ok(decoded) => format!("seen, cut: {:?}", decoded.cut.map(|t| t.code)),
        Err(trouble) => trouble.code,
    };
    let film = Place::File(ffmpeg(dir.path(), "-f lavfi -i testsrc=s=320x240:r=30:d=3 -c:v mpeg4", "a.mkv"));
    assert_eq!(code(&film, &limits()), "seen, cut: None");
    assert_eq!(code(&film, &Limits { width: 300, ..limits() }), "caps-limit");
    assert_eq!(code(&film, &Limits { fps: 25, ..limits() }), "caps-limit");
    assert_eq!(
        code(&film, &Limits { duration: Duration::from_secs(1), ..limits() }),
        "seen, cut: Some(\"duration-limit\")"
    );
    assert_eq!(code(&file(dir.path(), "a.wav", &wav(8000, 8000, 1)), &limits()), "no-media");
    let still = Place::File(ffmpeg(dir.path(), "-f lavfi -i testsrc=s=64x64:d=0.04", "still.png"));
    assert_eq!(code(&still, &limits()), "seen, cut: None");
    let two = "-f lavfi -i testsrc=s=64x64:d=1 -f lavfi -i testsrc=s=64x64:d=1 -map 0 -map 1 -c:v mpeg4";
    let two = Place::File(ffmpeg(dir.path(), two, "two.mkv"));
    assert_eq!(code(&two, &Limits { streams: 1, ..limits() }), "streams-limit");
}
