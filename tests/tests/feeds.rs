//! `callguard watch` of what is live: contribution feeds with ffmpeg, GStreamer and nginx as the other side, a PipeWire node, a screen. They come, go, and
//! come back. The models are the stand-ins of `tests/models`, for which a loud voice is synthetic, and a picture that is bright where its face is.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use callguard_e2e::live::{Other, Sender, VERDICT, Watched, appears, free_tcp, free_udp, lacks, loud, serve};
use callguard_e2e::pictures::frames;
use callguard_e2e::{assert_valid, schema};

const SCHEMA: &str = include_str!("../../docs/schemas/callguard.event-1.schema.json");
const EXE: &str = env!("CARGO_BIN_EXE_callguard-under-test");
const SEND_SRT: &str = "-v error -re -stream_loop 20 -i loud.wav -c:a aac -f mpegts";

#[test]
fn a_guest_who_goes_is_unobservable_at_once_and_judged_anew_when_back() {
    let dir = tempfile::tempdir().unwrap();
    loud(dir.path());
    let port = free_udp();
    let listening = format!("srt://127.0.0.1:{port}?mode=listener&passphrase=correct-horse");
    let mut watched = Watched::start(EXE, dir.path(), &["--call", "desk", &listening]);
    let sending = |passphrase: &str| format!("{SEND_SRT} srt://127.0.0.1:{port}?passphrase={passphrase}");
    // Who does not know the passphrase is not heard, and does not keep the other out.
    let mut stranger = Other::start(dir.path(), "ffmpeg", &sending("wrong-wrong-wrong"));
    assert!(!stranger.0.wait().unwrap().success());
    let sender = Sender::start(dir.path(), "ffmpeg", &sending("correct-horse"));
    watched.wait("joined", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    drop(sender);
    watched.wait("  unobservable", Duration::from_secs(5));
    let _back = Sender::start(dir.path(), "ffmpeg", &sending("correct-horse"));
    watched.wait("begun anew", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    assert_eq!(watched.end(), Some(0), "a guest who goes is no failure of the program");
}

#[test]
fn srt_is_called_where_it_listens() {
    let dir = tempfile::tempdir().unwrap();
    loud(dir.path());
    let port = free_udp();
    let line = format!(
        "-q filesrc location=loud.wav ! wavparse ! audioconvert ! opusenc ! mpegtsmux ! srtsink uri=srt://127.0.0.1:{port}?mode=listener wait-for-connection=true"
    );
    let _sender = Sender::start(dir.path(), "gst-launch-1.0", &line);
    let mut watched = Watched::start(EXE, dir.path(), &[&format!("srt://127.0.0.1:{port}")]);
    watched.wait("ALERT voice-synthetic", VERDICT);
    assert_eq!(watched.end(), Some(0));
}

const RTMP_MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

#[test]
fn rtmp_is_pulled_from_a_server() {
    let dir = tempfile::tempdir().unwrap();
    if !Path::new(RTMP_MODULE).exists() {
        eprintln!("skipped: nginx with its RTMP module is not installed (libnginx-mod-rtmp)");
        return;
    }
    loud(dir.path());
    let port = free_tcp();
    let here = dir.path().display();
    // Alone, in this folder, on this machine only.
    let config = format!(
        "load_module {RTMP_MODULE};\ndaemon off;\npid {here}/pid;\nerror_log {here}/log;\nevents {{}}\n\
         rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}\n"
    );
    std::fs::write(dir.path().join("nginx.conf"), config).unwrap();
    let _server = Other::start(dir.path(), "nginx", &format!("-e {here}/log -p {here} -c {here}/nginx.conf"));
    let address = format!("rtmp://127.0.0.1:{port}/live/guest");
    let _publisher = Sender::start(
        dir.path(),
        "ffmpeg",
        &format!("-v error -re -stream_loop 20 -i loud.wav -c:a aac -f flv {address}"),
    );
    let mut watched = Watched::start(EXE, dir.path(), &[&address]);
    watched.wait("guest voice  joined", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    assert_eq!(watched.end(), Some(0));
}

/// Pieces of a second or two, as they are made, in a playlist that holds the newest six.
const SEND_HLS: &str = "-v error -re -stream_loop 20 -i loud.wav -re -f lavfi -i testsrc=s=320x240:r=25,noise=alls=10:allf=t -g 25 -c:a aac \
                        -c:v libx264 -preset ultrafast -pix_fmt yuv420p -f hls -hls_time 1 -hls_list_size 6 -hls_flags delete_segments";

#[test]
fn a_playlist_is_pulled_comes_back_and_never_tells_old_news() {
    let dir = tempfile::tempdir().unwrap();
    loud(dir.path());
    let (_server, port) = serve(dir.path());
    let address = format!("http://127.0.0.1:{port}/guest.m3u8?token=1");
    let mut watched = Watched::start(EXE, dir.path(), &[&address]);
    // Nobody sends yet: that is said, and it is tried again.
    watched.wait("guest.m3u8: http status: 404", VERDICT);
    watched.wait("Opened again", VERDICT);
    let sending = format!("{SEND_HLS} guest.m3u8");
    let sender = Other::start(dir.path(), "ffmpeg", &sending);
    watched.wait("guest voice  joined", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    assert!(watched.seen.iter().any(|line| line.contains("guest face  joined")), "{:?}", watched.seen);
    drop(sender);
    watched.wait("  unobservable", VERDICT);
    // The playlist is still there: nothing in it is live.
    watched.wait("gave nothing more", VERDICT);
    watched.wait("nothing was added to its playlist", VERDICT * 2);
    assert!(!watched.seen.iter().any(|line| line.contains("begun anew")), "{:?}", watched.seen);
    let _back = Other::start(dir.path(), "ffmpeg", &sending);
    watched.wait("begun anew", VERDICT * 2);
    watched.wait("ALERT voice-synthetic", VERDICT * 2);
    assert_eq!(watched.end(), Some(0));
}

#[test]
fn pictures_and_sound_of_a_playlist_lie_beside_each_other() {
    let dir = tempfile::tempdir().unwrap();
    loud(dir.path());
    let (_server, port) = serve(dir.path());
    let apart = SEND_HLS.replace("-hls_time", "-hls_segment_type fmp4 -master_pl_name all.m3u8 -map 0:a -map 1:v -var_stream_map a:0,agroup:sound,default:yes@v:0,agroup:sound -hls_time");
    let line = format!("{apart} part-%v.m3u8");
    let arguments: Vec<String> = line.split_whitespace().map(|a| a.replace('@', " ")).collect();
    let _sender = Other::start_with(dir.path(), "ffmpeg", &arguments);
    let until = Instant::now() + VERDICT;
    while !dir.path().join("all.m3u8").exists() {
        assert!(Instant::now() < until, "nothing is sent");
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut watched = Watched::start(EXE, dir.path(), &[&format!("http://127.0.0.1:{port}/all.m3u8")]);
    watched.wait("ALERT voice-synthetic", VERDICT * 2);
    for wanted in ["all voice  joined", "all face  joined"] {
        assert!(watched.seen.iter().any(|line| line.contains(wanted)), "{wanted} in {:?}", watched.seen);
    }
    assert_eq!(watched.end(), Some(0));
}

/// A receiver's film: size, and number of pictures.
#[track_caller]
fn received(dir: &Path, from: &str, file: &str) -> (u32, u32, u32) {
    let arguments = ["90", "ffmpeg", "-v", "error", "-y", "-i", from, "-frames:v", "20", "-c:v", "mjpeg", file];
    let mut receiver = Other::start_with(dir, "timeout", &arguments);
    assert!(receiver.0.wait().unwrap().success(), "nothing comes from {from}");
    frames(&dir.join(file))
}

#[test]
fn the_overlay_goes_to_receivers_that_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_udp();
    let overlay = format!("srt://127.0.0.1:{port}?mode=listener&passphrase=correct-horse");
    let mut watched = Watched::start(EXE, dir.path(), &["--video", "test", "--overlay", &overlay]);
    watched.wait("test face  joined", VERDICT);
    for file in ["first.mov", "second.mov"] {
        let seen = received(dir.path(), &format!("srt://127.0.0.1:{port}?passphrase=correct-horse"), file);
        assert_eq!(seen, (640, 360, 20), "{file}");
    }
    assert_eq!(watched.end(), Some(0));
}

#[test]
fn an_overlay_that_nobody_receives_is_nothing_to_the_call() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_udp();
    let overlay = format!("srt://127.0.0.1:{port}");
    let mut watched = Watched::start(EXE, dir.path(), &["--video", "test", "--overlay", &overlay]);
    watched.wait("test face  joined", VERDICT);
    watched.find(&["nobody receives the overlay"], VERDICT);
    // It is called as soon as it is there.
    let seen = received(dir.path(), &format!("srt://127.0.0.1:{port}?mode=listener"), "late.mov");
    assert_eq!(seen, (640, 360, 20));
    assert!(!watched.seen.iter().any(|line| line.contains("unobservable")), "{:?}", watched.seen);
    assert_eq!(watched.end(), Some(0));
    let two = ["--overlay", &overlay, "--call", "a", "test", "--call", "b", "test"];
    let mut refused = Watched::start(EXE, dir.path(), &two);
    refused.wait("an SRT address takes the pictures of one call", VERDICT);
    assert_eq!(refused.child.wait().unwrap().code(), Some(2));
}

#[test]
fn what_needs_a_library_that_is_not_here_says_so() {
    if Command::new("gst-inspect-1.0").args(["--exists", "ndisrc"]).status().unwrap().success() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut watched = Watched::start(EXE, dir.path(), &["ndi:STUDIO (Camera 1)"]);
    watched.wait("no element ndisrc", VERDICT);
    watched.wait("gst-plugin-ndi", VERDICT);
    assert_eq!(watched.child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_port_that_is_taken_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut watched = Watched::start(EXE, dir.path(), &[&format!("srt://127.0.0.1:{port}?mode=listener")]);
    watched.wait(&format!("srt-{port}: "), VERDICT);
    assert_eq!(watched.child.wait().unwrap().code(), Some(1));
}

/// A session of its own, with a camera that is unplugged and plugged in again when files of that name are there.
fn session(dir: &Path) -> Other {
    let script = r#"
        export XDG_RUNTIME_DIR="$PWD"
        chmod 700 .
        pipewire & sleep 1; wireplumber & sleep 2
        camera() {
            exec gst-launch-1.0 -q videotestsrc is-live=true horizontal-speed=3 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 \
                ! pipewiresink mode=provide stream-properties="p,media.class=Video/Source,node.name=camera-1"
        }
        camera & first=$!; sleep 1
        touch ready; while [ ! -e unplug ]; do sleep 0.1; done
        kill $first; while [ ! -e plug ]; do sleep 0.1; done
        camera & wait $!
    "#;
    std::fs::write(dir.join("session.sh"), script).unwrap();
    let session = Other::start(dir, "dbus-run-session", "sh session.sh");
    appears(&dir.join("ready"));
    session
}

/// Adds a microphone to a session: what a loudspeaker with a clock of its own plays, which nobody hears. It is there for as long as what is returned.
fn microphone(dir: &Path) -> (Other, Other) {
    let inside = |script: &str| {
        let script = format!("export XDG_RUNTIME_DIR=\"$PWD\"; {script}");
        Other::start_with(dir, "sh", &["-c", &script])
    };
    let node = "factory.name=support.null-audio-sink node.name=desk-line media.class=Audio/Sink audio.position=[FL FR] monitor.channel-volumes=true";
    let line = inside(&format!("(echo 'create-node adapter {{ {node} }}'; exec sleep 1000) | pw-cli"));
    (line, inside("while :; do pw-play --target desk-line loud.wav; sleep 0.2; done"))
}

#[test]
fn a_microphone_is_watched_taken_away_and_brought_back() {
    if lacks(&["pipewire", "wireplumber", "dbus-run-session", "gst-launch-1.0", "pw-cli", "pw-play"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    loud(dir.path());
    let _session = session(dir.path());
    let plugged = microphone(dir.path());
    std::thread::sleep(Duration::from_secs(2));
    let arguments = ["--call", "desk", "node:camera-1", "mic:pipewire:desk-line"];
    let mut watched = Watched::start_with(EXE, dir.path(), "watch", &arguments, &[("XDG_RUNTIME_DIR", dir.path())]);
    watched.wait("voice  joined", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    drop(plugged);
    watched.wait("voice  unobservable", Duration::from_secs(8));
    let _again = microphone(dir.path());
    watched.wait("voice  begun anew", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    assert_eq!(watched.end(), Some(0));
}

#[test]
fn the_guarded_microphone_gives_the_same_sound() {
    if lacks(&["pipewire", "wireplumber", "dbus-run-session", "gst-launch-1.0", "pw-loopback", "pw-play", "pw-record"])
    {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    loud(dir.path());
    let _session = session(dir.path());
    let _microphone = microphone(dir.path());
    std::thread::sleep(Duration::from_secs(2));
    let arguments = ["node:camera-1", "--name", "guarded", "--microphone", "monitor:desk-line", "--plain"];
    let mut guard = Watched::start_with(EXE, dir.path(), "camera", &arguments, &[("XDG_RUNTIME_DIR", dir.path())]);
    guard.wait("voice  joined", VERDICT);
    let record = |node: &str, file: &str| {
        let monitor = "-P '{ stream.capture.sink=true }'";
        let how = if node == "desk-line" { monitor } else { "" };
        let script =
            format!("export XDG_RUNTIME_DIR=\"$PWD\"; exec pw-record {how} --format f32 --target '{node}' {file}");
        Other::start_with(dir.path(), "sh", &["-c", &script])
    };
    let recordings = (record("desk-line", "original.wav"), record("guarded Microphone", "given.wav"));
    std::thread::sleep(Duration::from_secs(6));
    drop(recordings);
    // Samples as they are, 4 bytes each; a WAV header is part of neither.
    let samples = |file: &str| std::fs::read(dir.path().join(file)).unwrap()[200..].to_vec();
    let (original, given) = (samples("original.wav"), samples("given.wav"));
    let known: std::collections::HashSet<&[u8]> = original.windows(64).step_by(4).collect();
    let pieces: Vec<&[u8]> = given.chunks_exact(64).filter(|piece| piece.iter().any(|b| *b != 0)).collect();
    let same = pieces.iter().filter(|piece| known.contains(*piece)).count();
    assert!(pieces.len() > 5_000, "{} pieces of sound in six seconds", pieces.len());
    assert!(same * 10 >= pieces.len() * 8, "{same} of {} pieces are the microphone's own", pieces.len());
    assert_eq!(guard.end(), Some(0));
}

#[test]
fn a_pipewire_camera_is_taken_away_and_brought_back() {
    if lacks(&["pipewire", "wireplumber", "dbus-run-session", "gst-launch-1.0"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let _session = session(dir.path());
    let mut watched =
        Watched::start_with(EXE, dir.path(), "watch", &["node:camera-1"], &[("XDG_RUNTIME_DIR", dir.path())]);
    watched.wait("camera-1 face  joined", VERDICT);
    std::fs::write(dir.path().join("unplug"), "").unwrap();
    watched.wait("  unobservable", Duration::from_secs(8));
    watched.wait("Opened again", VERDICT);
    std::fs::write(dir.path().join("plug"), "").unwrap();
    watched.wait("begun anew", VERDICT);
    assert_eq!(watched.end(), Some(0));
}

/// What a JSONL file holds of an event type; fails where an event is not in the schema.
fn told(file: &Path, kind: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let schema = schema(SCHEMA);
    events.inspect(|event| assert_valid(&schema, event)).filter(|event| event["type"] == kind).collect()
}

#[test]
fn a_virtual_camera_is_a_remark_and_where_the_desk_says_so_a_suspicion() {
    if lacks(&["pipewire", "wireplumber", "dbus-run-session", "gst-launch-1.0"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let _session = session(dir.path());
    let runtime = [("XDG_RUNTIME_DIR", dir.path())];
    let mut devices = Watched::start_with(EXE, dir.path(), "devices", &[], &runtime);
    devices.wait("node:camera-1", VERDICT);
    devices.wait("virtual-camera: ", VERDICT);

    let arguments = ["node:camera-1", "--jsonl", "noted.jsonl"];
    let mut watched = Watched::start_with(EXE, dir.path(), "watch", &arguments, &runtime);
    watched.wait("camera-1 face  note: virtual-camera (", VERDICT);
    watched.wait("camera-1 face  joined", VERDICT);
    std::thread::sleep(Duration::from_secs(5));
    assert!(!watched.seen.iter().any(|line| line.contains("source-injected")), "a remark is no evidence");
    assert_eq!(watched.end(), Some(0));
    let found = told(&dir.path().join("noted.jsonl"), "finding");
    let virtual_camera = found.iter().find(|e| e["finding"]["finding"] == "virtual-camera").unwrap();
    assert_eq!(
        (&virtual_camera["finding"]["worth"], &virtual_camera["participant"]),
        (&"note".into(), &serde_json::Value::Null)
    );
    for event in told(&dir.path().join("noted.jsonl"), "update") {
        let charts = event["charts"].as_array().unwrap();
        assert!(charts.iter().all(|chart| chart["hypothesis"] != "source-injected"), "{event}");
    }

    // Plugged in anew: pipewiresink does not always serve a second one after the first has gone.
    std::fs::write(dir.path().join("unplug"), "").unwrap();
    std::thread::sleep(Duration::from_secs(1));
    std::fs::write(dir.path().join("plug"), "").unwrap();
    std::thread::sleep(Duration::from_secs(2));
    std::fs::write(dir.path().join("bank.toml"), "[provenance]\nvirtual_camera = \"suspect\"\n").unwrap();
    let arguments = ["--config", "bank.toml", "node:camera-1", "--jsonl", "held.jsonl"];
    let mut watched = Watched::start_with(EXE, dir.path(), "watch", &arguments, &runtime);
    watched.wait("camera-1 face  suspect: virtual-camera (", VERDICT);
    let line = watched.wait("camera-1 face  suspect  source-injected", VERDICT);
    assert!(line.contains("provenance +4.0"), "{line}");
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(watched.end(), Some(0));
    let alerts = told(&dir.path().join("held.jsonl"), "alert-raised");
    assert!(alerts.iter().all(|e| e["alert"]["hypothesis"] != "source-injected"), "suspect at most: {alerts:?}");
}

/// A short clip that never repeats itself.
fn clip(dir: &Path, seconds: u32) {
    let arguments = format!(
        "-v error -f lavfi -i testsrc2=size=320x240:rate=25 -t {seconds} -c:v mpeg2video -b:v 2M -g 25 -f mpegts clip.ts"
    );
    assert!(Other::start(dir, "ffmpeg", &arguments).0.wait().unwrap().success());
}

#[test]
fn a_sender_and_a_recording_are_not_held_to_what_a_camera_is() {
    let dir = tempfile::tempdir().unwrap();
    clip(dir.path(), 30);
    let port = free_udp();
    let listening = format!("srt://127.0.0.1:{port}?mode=listener&passphrase=correct-horse");
    let arguments = ["--jsonl", "events.jsonl", "--call", "line", &listening, "--call", "tape", "clip.ts"];
    let mut watched = Watched::start(EXE, dir.path(), &arguments);
    let sending = format!("-v error -re -i clip.ts -c copy -f mpegts srt://127.0.0.1:{port}?passphrase=correct-horse");
    let _sender = Sender::start(dir.path(), "ffmpeg", &sending);
    watched.wait("line/srt-", VERDICT);
    std::thread::sleep(Duration::from_secs(8));
    assert_eq!(watched.end(), Some(0));
    let events = dir.path().join("events.jsonl");
    assert!(!told(&events, "update").is_empty(), "both were seen");
    assert_eq!(told(&events, "finding"), Vec::<serde_json::Value>::new());
}

#[test]
fn a_clip_that_is_sent_in_a_loop_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    clip(dir.path(), 3);
    let port = free_udp();
    let listening = format!("srt://127.0.0.1:{port}?mode=listener&passphrase=correct-horse");
    let mut watched = Watched::start(EXE, dir.path(), &[&listening]);
    let sending = format!(
        "-v error -re -stream_loop -1 -i clip.ts -c copy -f mpegts srt://127.0.0.1:{port}?passphrase=correct-horse"
    );
    let _sender = Sender::start(dir.path(), "ffmpeg", &sending);
    watched.wait("face  note: file-loop (", VERDICT);
    assert_eq!(watched.end(), Some(0));
}

#[test]
fn what_is_on_a_screen_is_watched() {
    if lacks(&["Xvfb", "gst-launch-1.0"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let display = format!(":{}", 200 + std::process::id() % 20_000);
    let _screen = Other::start(dir.path(), "Xvfb", &format!("{display} -screen 0 1280x800x24"));
    std::thread::sleep(Duration::from_secs(2));
    let line = "-q videotestsrc is-live=true horizontal-speed=3 ! video/x-raw,width=320,height=240,framerate=25/1 ! videoconvert ! ximagesink display=";
    let _window = Other::start(dir.path(), "gst-launch-1.0", &format!("{line}{display}"));
    let mut watched = Watched::start_with(
        EXE,
        dir.path(),
        "watch",
        &["screen:region=0,0,320x240"],
        &[("DISPLAY", Path::new(&display))],
    );
    watched.wait("region-0-0 face  joined", VERDICT);
    assert_eq!(watched.end(), Some(0));
}

const PICTURE: usize = 320 * 240 * 3 / 2;

/// Writes a node's pictures to a file, one after the other.
fn record(dir: &Path, node: &str, file: &str) -> Other {
    let line = format!(
        "pipewiresrc target-object={node} always-copy=true ! video/x-raw,format=I420 ! filesink location={file} buffer-mode=unbuffered"
    );
    Other::start(dir, "env", &format!("XDG_RUNTIME_DIR={} gst-launch-1.0 -q {line}", dir.display()))
}

/// Mean brightness of the newest whole picture.
fn brightness(file: &Path) -> Option<f64> {
    let bytes = std::fs::read(file).ok()?;
    let picture = bytes.chunks_exact(PICTURE).next_back()?;
    let luma = &picture[..320 * 240];
    Some(luma.iter().map(|y| f64::from(*y)).sum::<f64>() / luma.len() as f64)
}

#[test]
fn the_guarded_camera_gives_the_same_pictures_and_says_when_nobody_guards() {
    if lacks(&["pipewire", "wireplumber", "dbus-run-session", "gst-launch-1.0"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let _session = session(dir.path());
    let arguments = ["node:camera-1", "--name", "guarded", "--plain"];
    let mut guard = Watched::start_with(EXE, dir.path(), "camera", &arguments, &[("XDG_RUNTIME_DIR", dir.path())]);
    guard.wait("camera/camera face  joined", VERDICT);
    let recordings = (record(dir.path(), "camera-1", "original"), record(dir.path(), "guarded", "given"));
    std::thread::sleep(Duration::from_secs(5));
    let (original, given) = (dir.path().join("original"), dir.path().join("given"));
    let pictures =
        |file: &Path| std::fs::read(file).unwrap().chunks_exact(PICTURE).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let known: std::collections::HashSet<Vec<u8>> = pictures(&original).into_iter().collect();
    let passed = pictures(&given);
    let same = passed.iter().filter(|picture| known.contains(*picture)).count();
    assert!(passed.len() > 50, "{} pictures in five seconds", passed.len());
    assert!(
        same * 10 >= passed.len() * 8,
        "{same} of {} are the camera's own: the others lie before the recording",
        passed.len()
    );
    let bright = brightness(&given).unwrap();

    // The guard dies; its camera goes on, and says so.
    Command::new("kill").args(["-KILL", &guard.child.id().to_string()]).status().unwrap();
    let begin = Instant::now();
    while brightness(&given).unwrap() > bright / 2.0 {
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "it still looks protected: {} of {bright}",
            brightness(&given).unwrap()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let pictures_then = pictures(&given).len();
    std::thread::sleep(Duration::from_secs(1));
    assert!(pictures(&given).len() > pictures_then, "it is alive, not frozen");
    drop(recordings);
}
