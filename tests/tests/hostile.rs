//! What strangers send: playlists that name what is not theirs, pictures and sound past every limit, senders that never send, and descriptions
//! that make no sense. It is refused with a word that says why, and the other calls go on.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::OpenOptions;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use callguard::capture::Kinds;
use callguard::watch::Source;
use callguard_e2e::live::{Other, Sender, VERDICT, Watched, free_udp, loud};
use callguard_e2e::web::Web;
use callguard_e2e::{Run, program, tool};

const EXE: &str = env!("CARGO_BIN_EXE_callguard-under-test");

/// A file that knows whether it was opened: a pipe, whose writer finds no reader until then.
struct Bait {
    path: PathBuf,
    opened: Arc<AtomicBool>,
}

impl Bait {
    fn lay(dir: &Path) -> Self {
        let path = dir.join("bait.ts");
        tool("mkfifo", [&path]);
        let (opened, at) = (Arc::new(AtomicBool::new(false)), path.clone());
        let seen = Arc::clone(&opened);
        std::thread::spawn(move || {
            // O_NONBLOCK: it does not open while nobody reads.
            while OpenOptions::new().write(true).custom_flags(0o4000).open(&at).is_err() {
                std::thread::sleep(Duration::from_millis(5));
            }
            seen.store(true, Ordering::Release);
        });
        Self { path, opened }
    }

    fn uri(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// Nobody opened it; and it would have been known.
    #[track_caller]
    fn is_untouched(&self) {
        assert!(!self.opened.load(Ordering::Acquire), "{} was opened", self.path.display());
        tool("timeout", ["10", "cat", &self.path.display().to_string()]);
        let until = Instant::now() + VERDICT;
        while !self.opened.load(Ordering::Acquire) {
            assert!(Instant::now() < until, "the bait does not work");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A live playlist, `n` pieces on, of what `tags` say.
fn playlist(tags: &str, uri: &str, n: usize) -> String {
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{n}\n{tags}#EXTINF:1,\n{uri}\n#EXTINF:1,\n{uri}\n")
}

#[test]
fn playlists_open_nothing_of_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let bait = Bait::lay(dir.path());
    let (uri, path) = (bait.uri(), bait.path.display().to_string());
    let variant = |uri: &str| format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\n{uri}\n");
    let (bad, plain) = (uri.clone(), path.clone());
    let web = Web::start(move |asked, n| {
        let text = match asked {
            "/piece.m3u8" => playlist("", &bad, n),
            "/head.m3u8" => playlist(&format!("#EXT-X-MAP:URI=\"{bad}\"\n"), "a.mp4", n),
            "/key.m3u8" => playlist(&format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{bad}\"\n"), "a.ts", n),
            "/variant.m3u8" => variant(&bad),
            "/sound.m3u8" => {
                variant("a.m3u8") + &format!("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"{bad}\"\n")
            }
            "/path.m3u8" => playlist("", &plain, n),
            "/nested.m3u8" => playlist("", "nested.ts", n),
            "/large.m3u8" => "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=16384x16384\na.m3u8\n".to_owned(),
            // As media, whatever the name says.
            "/nested.ts" | "/unnamed" => playlist("#EXT-X-VERSION:3\n", &bad, 0),
            "/away.m3u8" => return (format!("302 Found\r\nLocation: {bad}"), Vec::new()),
            _ => return ("404 Not Found".to_owned(), Vec::new()),
        };
        ("200 OK".to_owned(), text.into_bytes())
    });
    // Lists as files, of each kind that a decoder might follow.
    for (name, text) in [
        ("list.m3u8", playlist("", &uri, 0)),
        ("all.m3u8", variant(&uri)),
        (
            "list.mpd",
            format!(
                "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" mediaPresentationDuration=\"PT1S\"><Period><AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" bandwidth=\"1\"><BaseURL>{uri}</BaseURL></Representation></AdaptationSet></Period></MPD>"
            ),
        ),
        ("list.uri", format!("{uri}\n{uri}\n")),
        ("list.smil", format!("<?xml version=\"1.0\"?><smil><body><video src=\"{uri}\"/></body></smil>")),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let address = |name: &str| format!("http://127.0.0.1:{}/{name}", web.port);
    let mut arguments = Vec::new();
    let named = format!("its playlist names {uri}, and from there only http and https is opened");
    let cases = [
        ("piece.m3u8", named.as_str()),
        ("head.m3u8", &named),
        ("key.m3u8", "it is encrypted"),
        ("variant.m3u8", &named),
        ("sound.m3u8", &named),
        ("nested.m3u8", "playlist"),
        ("large.m3u8", "larger than the limits"),
        ("away.m3u8", "away.m3u8: "),
        ("path.m3u8", "http status: 404"),
        ("unnamed", "it is a playlist"),
    ];
    for (name, _) in cases {
        arguments.extend(["--call".to_owned(), format!("net-{name}"), address(name)]);
    }
    let files = ["list.m3u8", "all.m3u8", "list.mpd", "list.uri", "list.smil"];
    for name in files {
        arguments.extend(["--call".to_owned(), format!("file-{name}"), name.to_owned()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut watched = Watched::start(EXE, dir.path(), &arguments);
    for (name, wanted) in cases {
        watched.find(&[&format!("callguard: net-{name}/"), wanted], VERDICT * 2);
    }
    for name in files {
        watched.find(&[&format!("callguard: file-{name}/")], VERDICT * 2);
    }
    assert!(web.was_asked_for(&path), "a path is one of the server's");
    assert_eq!(watched.end(), Some(1), "files do not come back");

    let mut scan = program(EXE, dir.path());
    scan.args(["scan", "--format", "jsonl"]).args(files).arg(address("unnamed"));
    let run: Run =
        scan.env("CALLGUARD_MODELS", Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).output().unwrap().into();
    let lines = run.json();
    assert_eq!((run.code, lines.len()), (1, files.len() + 1), "{}", run.err);
    let code =
        |n: usize| lines[n].pointer("/error/code").and_then(|c| c.as_str().map(str::to_owned)).unwrap_or_default();
    for (n, name) in files.iter().enumerate() {
        assert!(["nested-source", "not-media", "missing-element"].contains(&&*code(n)), "{name}: {:#}", lines[n]);
    }
    assert_eq!((code(0), code(files.len())), ("nested-source".to_owned(), "nested-source".to_owned()));
    bait.is_untouched();
}

const SESSION: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n";

#[test]
fn pictures_and_sound_past_the_limits_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (wide, many, crowd, wall) = (free_udp(), free_udp(), free_udp(), free_udp());
    let video = format!(
        "{SESSION}m=video {wide} RTP/AVP 96\r\na=rtpmap:96 raw/90000\r\na=fmtp:96 sampling=RGB; depth=8; width=16384; height=16384\r\n"
    );
    std::fs::write(dir.path().join("wide.sdp"), video).unwrap();
    let audio = format!("{SESSION}m=audio {many} RTP/AVP 97\r\na=rtpmap:97 L16/48000/64\r\n");
    std::fs::write(dir.path().join("many.sdp"), audio).unwrap();
    let listening = |port: u16, name: &str| format!("srt://127.0.0.1:{port}?mode=listener&streamid={name}");
    let (a, b) = (listening(crowd, "crowd"), listening(wall, "wall"));
    let mut watched = Watched::start(EXE, dir.path(), &["rtp:wide.sdp", "rtp:many.sdp", &a, &b]);
    let send = |what: &str, port: u16| {
        let line = format!("-q {what} ! matroskamux streamable=true ! srtsink uri=srt://127.0.0.1:{port}?mode=caller");
        Sender::start(dir.path(), "gst-launch-1.0", &line)
    };
    let _crowd = send(
        "audiotestsrc is-live=true ! audio/x-raw,format=S16LE,rate=48000,channels=64,channel-mask=(bitmask)0",
        crowd,
    );
    let _wall = send(
        "videotestsrc is-live=true pattern=black ! video/x-raw,width=16384,height=64,framerate=5/1 ! jpegenc",
        wall,
    );
    watched.find(&["call/wide: 16384 pixels wide (limit 4096), 16384 pixels high (limit 4096)"], VERDICT * 2);
    watched.find(&["call/many: 64 channels (limit 8)"], VERDICT * 2);
    watched.find(&["call/crowd: 64 channels (limit 8)"], VERDICT * 2);
    watched.find(&["call/wall: 16384 pixels wide (limit 4096)"], VERDICT * 2);
    assert!(!watched.seen.iter().any(|line| line.contains("joined")), "{:?}", watched.seen);
    assert_eq!(
        watched.end(),
        Some(1),
        "descriptions do not change by themselves; a sender that does better may come yet"
    );
}

/// Takes every call, and says nothing.
fn silent() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().map_while(Result::ok).collect::<Vec<_>>());
    port
}

#[test]
fn senders_that_never_send_are_given_up_and_the_others_go_on() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("short.toml"), "[capture]\nopen_timeout_s = 4.0\ndata_timeout_s = 4.0\n").unwrap();
    let (tcp, srt) = (silent(), free_udp());
    let address = |scheme: &str, name: &str| format!("{scheme}://127.0.0.1:{tcp}/{name}");
    let listening = format!("srt://127.0.0.1:{srt}?mode=listener&streamid=caller");
    let calls = [
        ("list", address("http", "list.m3u8")),
        ("film", address("http", "film.ts")),
        ("rtmp", address("rtmp", "live/rtmp")),
        ("rtsp", address("rtsp", "rtsp")),
        ("srt", listening),
        ("good", "test".to_owned()),
    ];
    let mut arguments =
        vec!["--config".to_owned(), "short.toml".to_owned(), "--jsonl".to_owned(), "e.jsonl".to_owned()];
    for (name, source) in &calls {
        arguments.extend(["--call".to_owned(), (*name).to_owned(), source.clone()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut watched = Watched::start(EXE, dir.path(), &arguments);
    watched.find(&["good/test voice  joined"], VERDICT);
    let line = format!("sleep 1000 | gst-launch-1.0 -q fdsrc ! srtsink uri=srt://127.0.0.1:{srt}?mode=caller");
    let _caller = Other::start_with(dir.path(), "sh", &["-c", &line]);
    for (call, wanted) in [
        ("list/list", "timeout"),
        ("film/film", "did not open within 4.0 s"),
        ("rtmp/rtmp", "did not open within 4.0 s"),
        ("rtsp/rtsp", "did not open within 4.0 s"),
        ("srt/caller", "somebody called and gave nothing for 4.0 s"),
    ] {
        watched.find(&[&format!("callguard: {call}: "), wanted], VERDICT * 2);
    }
    // The caller's place is free again.
    loud(dir.path());
    let sending = format!("-v error -re -stream_loop 20 -i loud.wav -c:a aac -f mpegts srt://127.0.0.1:{srt}");
    let _guest = Sender::start(dir.path(), "ffmpeg", &sending);
    watched.find(&["srt/caller voice  joined"], VERDICT * 2);
    // And again: what is silent is tried again, and the one who is there is still looked after.
    let updates = || {
        let events = std::fs::read_to_string(dir.path().join("e.jsonl")).unwrap_or_default();
        events.lines().filter(|e| e.contains("\"call\":\"good\"") && e.contains("\"type\":\"update\"")).count()
    };
    let before = updates();
    let until = Instant::now() + VERDICT * 2;
    while updates() < before + 5 {
        assert!(Instant::now() < until, "the other call does not go on: {:?}", watched.seen);
        std::thread::sleep(Duration::from_millis(200));
    }
    // From now on: a second time.
    watched.wait("callguard: rtmp/rtmp: did not open", VERDICT * 2);
    assert_eq!(watched.end(), Some(1), "the recording over HTTP has failed");
}

/// Draws that are the same in every run (Steele's SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }

    fn of<'a>(&mut self, those: &[&'a str]) -> &'a str {
        those[self.below(those.len())]
    }

    /// The same text with something wrong in a few places.
    fn spoil(&mut self, text: &str) -> Vec<u8> {
        const NUMBERS: [&str; 8] = ["0", "-1", "127", "128", "65535", "65536", "4294967296", "99999999999999999999"];
        const PIECES: [&str; 9] =
            ["\r\n", "\0", "=", "m=video", "m=audio 0 RTP/AVP", " ", "/", "a=rtpmap:", "\u{ff}%s%n"];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(4) {
            let (at, most) = (self.below(bytes.len() + 1), bytes.len());
            let to = (at + self.below(24)).min(most);
            match self.below(5) {
                0 => drop(bytes.drain(at..to)),
                1 => drop(bytes.splice(at..to, self.of(&NUMBERS).bytes())),
                2 => drop(bytes.splice(at..at, self.of(&PIECES).bytes())),
                3 => drop(bytes.splice(at..at, bytes[at..to].to_vec().repeat(1 + self.below(200)))),
                _ if at < most => bytes[at] ^= 1 << self.below(8),
                _ => {}
            }
        }
        bytes
    }
}

/// Has other calls go on while each of these is tried in the program itself: none may end it, or keep it from ending.
#[track_caller]
fn tried(dir: &Path, words: &[String]) {
    let mut arguments = vec!["--call".to_owned(), "good".to_owned(), "test".to_owned()];
    for (n, word) in words.iter().enumerate() {
        arguments.extend(["--call".to_owned(), format!("c{n}"), word.clone()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut watched = Watched::start(EXE, dir, &arguments);
    watched.wait("good/test voice  joined", VERDICT * 2);
    std::thread::sleep(Duration::from_secs(3));
    let pid = watched.child.id().to_string();
    Command::new("kill").args(["-INT", &pid]).status().unwrap();
    let until = Instant::now() + VERDICT * 2;
    let code = loop {
        if let Some(status) = watched.child.try_wait().unwrap() {
            break status.code();
        }
        assert!(Instant::now() < until, "it does not end with {words:?}");
        std::thread::sleep(Duration::from_millis(100));
    };
    // A port that is taken, or not to be had, is a call that fails: 1. A panic is 101, a crash no code at all.
    assert!(matches!(code, Some(0 | 1)), "{code:?} with {words:?}");
}

#[test]
fn descriptions_and_words_that_make_no_sense_are_refused_or_harmless() {
    const VIDEO: &str = "m=video 5006 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n";
    const AUDIO: &str =
        "m=audio 5004 RTP/AVP 8 97\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:97 L16/48000/2\r\na=ptime:20\r\n";
    const WORDS: [&str; 9] = [
        "srt://127.0.0.1:9000?mode=listener&passphrase=0123456789&latency=120",
        "rtmp://127.0.0.1:1/live/guest",
        "rtsp://user:word@[::1]:1/path",
        "http://127.0.0.1:1/live/guest.m3u8?token=1#x",
        "screen:region=0,0,640x480",
        "node:camera-1",
        "mic:alsa:hw:0",
        "camera:/dev/video0",
        "rtp:0.sdp",
    ];
    let dir = tempfile::tempdir().unwrap();
    callguard::capture::init().unwrap();
    let limits = callguard::config::load(&callguard::cli::Common::default()).unwrap().capture;
    let (done, told) = std::sync::mpsc::channel();
    let at = dir.path().to_owned();
    let parsing = std::thread::spawn(move || {
        let mut draw = Draw(8);
        for n in 0..400 {
            let word = if n % 2 == 0 {
                let media = [VIDEO, AUDIO][draw.below(2)];
                let file = at.join(format!("{n}.sdp"));
                std::fs::write(&file, draw.spoil(&format!("{SESSION}{media}"))).unwrap();
                format!("rtp:{}", file.display())
            } else {
                let word = draw.of(&WORDS);
                String::from_utf8_lossy(&draw.spoil(word)).into_owned()
            };
            let taken = Source::parse(word.as_ref(), Kinds::ALL, &limits).is_ok();
            done.send((word, taken)).unwrap();
        }
    });
    let mut taken = Vec::new();
    let mut last = String::new();
    while let Ok((word, fine)) = told.recv_timeout(VERDICT * 2) {
        if fine && word.starts_with("rtp:") {
            taken.push(word.clone());
        }
        last = word;
    }
    // Whoever hangs is not waited for.
    std::thread::sleep(Duration::from_millis(100));
    assert!(parsing.is_finished(), "no answer after {last:?}");
    parsing.join().unwrap_or_else(|_| panic!("a panic after {last:?}"));
    assert!(taken.len() > 20, "{} of 200 descriptions are taken: too few to tell", taken.len());
    for some in taken.chunks(taken.len().div_ceil(3)) {
        tried(dir.path(), some);
    }
}
