//! The program as it runs, beside others that send to it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::{convert, program, robot};

const TEXT: &str = "Good evening, this is a caller who has quite a lot to say to the desk. I would like to talk about the news of the week, \
                    about the weather, and about everything else that comes to mind while I am on the line, and then some more of it.";
/// A verdict takes six seconds of speech; the rest is for a busy machine.
pub const VERDICT: Duration = Duration::from_secs(30);

/// A running program whose lines are waited for.
#[derive(Debug)]
pub struct Watched {
    /// Its process.
    pub child: Child,
    lines: Receiver<String>,
    /// What it has said so far.
    pub seen: Vec<String>,
}

impl Watched {
    /// `callguard watch`.
    #[must_use]
    #[track_caller]
    pub fn start(exe: &str, dir: &Path, arguments: &[&str]) -> Self {
        Self::start_with(exe, dir, "watch", arguments, &[])
    }

    /// Another command, with more in its environment.
    #[must_use]
    #[track_caller]
    pub fn start_with(exe: &str, dir: &Path, what: &str, arguments: &[&str], environment: &[(&str, &Path)]) -> Self {
        let mut command = program(exe, dir);
        command.arg(what).args(arguments);
        command.env("CALLGUARD_MODELS", Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
        command.envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let readers: [Box<dyn BufRead + Send>; 2] = [Box::new(BufReader::new(out)), Box::new(BufReader::new(err))];
        for reader in readers {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in reader.lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines, seen: Vec::new() }
    }

    /// The next line that holds `text`.
    #[track_caller]
    pub fn wait(&mut self, text: &str, most: Duration) -> String {
        self.wait_any(&[text], most)
    }

    /// The next line that holds one of `texts`.
    #[track_caller]
    pub fn wait_any(&mut self, texts: &[&str], most: Duration) -> String {
        let until = Instant::now() + most;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line);
                    let line = self.seen.last().unwrap();
                    if texts.iter().any(|text| line.contains(text)) {
                        return line.clone();
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("none of {texts:?} within {most:?} in\n{}", self.seen.join("\n"))
                }
            }
        }
    }

    /// The newest lines, for whoever wonders what it did.
    #[must_use]
    pub fn newest(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen[self.seen.len().saturating_sub(40)..].join("\n")
    }

    /// A line that holds each of `texts`, said already or to come.
    #[track_caller]
    pub fn find(&mut self, texts: &[&str], most: Duration) -> String {
        let until = Instant::now() + most;
        let holds = |line: &String| texts.iter().all(|text| line.contains(text));
        if let Some(line) = self.seen.iter().find(|line| holds(line)) {
            return line.clone();
        }
        loop {
            let line = self.wait(texts[0], until.saturating_duration_since(Instant::now()));
            if holds(&line) {
                return line;
            }
        }
    }

    /// Asks it to end; gives its exit code.
    #[must_use]
    pub fn end(mut self) -> Option<i32> {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Another program that is ended with the test.
#[derive(Debug)]
pub struct Other(pub Child);

impl Other {
    /// What set-up installs, in `dir`, with arguments between spaces.
    #[must_use]
    #[track_caller]
    pub fn start(dir: &Path, name: &str, arguments: &str) -> Self {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        Self::start_with(dir, name, &arguments)
    }

    /// The same with arguments that hold spaces.
    #[must_use]
    #[track_caller]
    pub fn start_with(dir: &Path, name: &str, arguments: &[impl AsRef<OsStr>]) -> Self {
        let mut command = Command::new(name);
        // A group of its own, so that what it starts ends with it.
        command.args(arguments).current_dir(dir).process_group(0);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(quiet.spawn().unwrap_or_else(|e| panic!("{name}: {e} (run `make setup`)")))
    }
}

/// A sender that, as senders do, tries again while nobody takes what it sends.
#[derive(Debug)]
pub struct Sender {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sender {
    /// As [`Other::start`].
    #[must_use]
    pub fn start(dir: &Path, name: &'static str, arguments: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, dir, arguments) = (Arc::clone(&stop), dir.to_owned(), arguments.to_owned());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                let mut other = Other::start(&dir, name, &arguments);
                while !stopped.load(Ordering::Acquire) && other.0.try_wait().unwrap().is_none() {
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0.id())]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

/// A loud voice, `loud.wav`.
#[track_caller]
pub fn loud(dir: &Path) {
    robot(&dir.join("raw.wav"), TEXT);
    convert(&dir.join("raw.wav"), &["-ar", "48000", "-af", "loudnorm=I=-16:TP=-3"], &dir.join("loud.wav"));
}

/// A port that nobody has now.
#[must_use]
pub fn free_udp() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The same for TCP.
#[must_use]
pub fn free_tcp() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Describes a phone line (G.711, A-law) to a port of this machine in an SDP file; gives the port.
#[must_use]
#[track_caller]
pub fn phone_line(file: &Path) -> u16 {
    let port = free_udp() & !1;
    let sdp = format!(
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=hybrid\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
    );
    std::fs::write(file, sdp).unwrap();
    port
}

/// Waits for a file by which a script says that it is ready.
#[track_caller]
pub fn appears(file: &Path) {
    let until = Instant::now() + VERDICT;
    while !file.exists() {
        assert!(Instant::now() < until, "{} does not appear", file.display());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A name of the program that is needed and not installed, if so.
#[must_use]
pub fn lacks(names: &[&str]) -> bool {
    let missing = names.iter().find(|name| {
        !Command::new("sh")
            .args(["-c", &format!("command -v {name}")])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    });
    missing
        .inspect(|name| eprintln!("skipped: {name} is not installed (`make setup` installs it on Debian and Ubuntu)"))
        .is_some()
}

/// Serves the files of a folder on this machine only; gives its port.
#[must_use]
#[track_caller]
pub fn serve(dir: &Path) -> (Other, u16) {
    let port = free_tcp();
    let server = Other::start(dir, "python3", &format!("-m http.server --bind 127.0.0.1 {port}"));
    let until = Instant::now() + VERDICT;
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "the server does not start");
        std::thread::sleep(Duration::from_millis(100));
    }
    (server, port)
}
