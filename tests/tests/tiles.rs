//! Several faces in one picture of a screen, as a meeting shows them: each is a participant. With the models that are shipped, since the stand-ins
//! know one face at one place.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use callguard_e2e::live::{Other, VERDICT, Watched, lacks};
use callguard_e2e::{shared, tool};

const EXE: &str = env!("CARGO_BIN_EXE_callguard-under-test");
/// Clips of one person each whom the detector finds in every picture, as small as they are here.
const PEOPLE: [&str; 4] = ["006", "012", "017", "018"];
const TILE: (u32, u32) = (480, 360);

/// A window at a place that plays a clip over and over.
fn window(dir: &Path, display: &str, clip: usize, (x, y): (u32, u32)) -> Other {
    let (w, h) = TILE;
    let place = format!("-left {x} -top {y} -x {w} -y {h} -noborder");
    let line = format!("SDL_AUDIODRIVER=dummy DISPLAY={display} ffplay -v error -an -loop 0 {place} {clip}.mkv");
    Other::start(dir, "env", &line)
}

#[test]
fn four_windows_are_four_participants() {
    let Some(clips) = shared("data/clips/real") else { return };
    if lacks(&["Xvfb", "ffplay"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (w, h) = TILE;
    for (n, person) in PEOPLE.iter().enumerate() {
        let from = clips.join(format!("CelebV-Text-sample-web-video__{person}.mp4"));
        let fit = format!("fps=12,scale={w}:{h}:force_original_aspect_ratio=decrease,pad={w}:{h}:-1:-1:0x303030");
        let to = dir.path().join(format!("{n}.mkv"));
        let (from, to) = (from.display().to_string(), to.display().to_string());
        // There and back, so that a loop has no cut.
        let graph = format!("{fit},split[a][b];[b]reverse[c];[a][c]concat");
        tool(
            "ffmpeg",
            ["-v", "error", "-i", &from, "-an", "-filter_complex", &graph, "-c:v", "mjpeg", "-q:v", "2", &to],
        );
    }
    let display = format!(":{}", 200 + std::process::id() % 20_000);
    let _screen = Other::start(dir.path(), "Xvfb", &format!("{display} -screen 0 1280x800x24"));
    std::thread::sleep(Duration::from_secs(2));
    let places = [(0, 0), (700, 0), (0, 420), (700, 420)];
    let mut windows: Vec<Other> =
        places.iter().enumerate().map(|(n, place)| window(dir.path(), &display, n, *place)).collect();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let environment = [("DISPLAY", Path::new(&display)), ("CALLGUARD_MODELS", models.as_path())];
    let mut watched = Watched::start_with(EXE, dir.path(), "watch", &["screen"], &environment);
    for _ in places {
        watched.wait("  joined", VERDICT * 3);
    }
    // Each has a name of its own.
    let mut names: Vec<String> = joined(&watched);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4, "{:?}", watched.seen);
    // One tile jumps to a place where nobody was: whoever is there is not the one who was judged.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(joined(&watched).len(), 4, "nobody else: {:?}", watched.seen);
    windows.remove(3);
    windows.push(window(dir.path(), &display, 3, (350, 220)));
    // In the seat of one who is gone, begun anew; or in one of their own, where nobody was missed yet.
    watched.wait_any(&["begun anew", "face 5  joined"], VERDICT * 3);
    assert_eq!(watched.end(), Some(0));
}

/// Who joined, by the names that are shown.
fn joined(watched: &Watched) -> Vec<String> {
    let name = |line: &String| line.split("  ").nth(1).map(str::to_owned);
    watched.seen.iter().filter(|line| line.ends_with("  joined")).filter_map(name).collect()
}
