//! Live calls, guarded: sources play or record, the engine listens and looks, and what it finds is shown, kept and told.

mod board;
mod branch;
mod calls;
mod card;
mod conceal;
mod feed;
mod jsonl;
mod overlay;
mod plain;
mod player;
mod relay;
mod screen;
mod source;
mod summary;
mod terminal;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use callguard_core::CallEvent;
use callguard_engine::{Engine, EngineConfig};
use clap::ArgMatches;
use tracing::{error, warn};

use crate::alert::Channels;
use crate::camera::Node;
use crate::cli::{self, Common, Watch};
use crate::config::{self, Complaint, Config, Limits, Raw, RawAlert, refusal};
use crate::log::Log;
use crate::out::say;
use crate::report::promise;
use crate::trouble::Trouble;
use crate::{capture, log};
use board::Board;
pub use calls::Planned;
use calls::{Failed, Guarded, Show};
use jsonl::EventFile;
use overlay::Overlay;
use screen::Look;
pub use source::{From, Source};
use terminal::{Key, Screen};

/// How often events are read, sources looked at and the view drawn: ten times a second reads as at once.
const TURN: Duration = Duration::from_millis(100);
/// How often it is looked at how the analysis keeps up.
const MEASURE: Duration = Duration::from_secs(1);
/// How long the end waits for alerts that are on their way.
const LAST_ALERTS: Duration = Duration::from_secs(10);
/// Log lines that the view shows.
const LOG_LINES: usize = 5;

/// Guards everything that was named, until all sources have ended or the end is asked for.
///
/// # Errors
/// Where nothing can be begun. A source that fails later ends alone and makes the exit code 1.
pub fn run(common: &Common, args: &Watch, matches: Option<&ArgMatches>) -> Result<ExitCode, Trouble> {
    let groups = matches
        .map_or_else(|| Ok(Vec::new()), cli::calls)
        .map_err(|message| refusal(None, &[Complaint { key: "--call".into(), message }]))?;
    guard(common, args, |limits| calls::plan(&groups, limits), None)
}

fn configured(common: &Common, args: &Watch) -> Result<Config, Trouble> {
    let on_alert = (!args.on_alert.is_empty()).then(|| args.on_alert.clone());
    let own = Raw {
        detect: config::announcements(&args.announcements),
        alert: RawAlert { on_alert, ..RawAlert::default() },
        ..Raw::default()
    };
    config::load_with(common, own)
}

/// Guards the calls that `plan` gives; `node`: the camera that is given on, which is told how things stand.
///
/// # Errors
/// As [`run`]; and where the node ends.
pub fn guard(
    common: &Common,
    args: &Watch,
    plan: impl FnOnce(&Limits) -> Result<Vec<Planned>, Trouble>,
    node: Option<Node>,
) -> Result<ExitCode, Trouble> {
    let config = configured(common, args)?;
    let log = log::start(&config)?;
    capture::init()?;
    let announcements = capture::announcements(&config)?;
    let mut planned = plan(&config.capture)?;
    let overlay = args.overlay.as_deref().map(Overlay::parse).transpose()?;
    let show = Show { listen: args.listen, overlay };
    let events = args.jsonl.as_deref().map(EventFile::open).transpose()?;
    let report = args.report.as_deref().map(summary::create).transpose()?;
    let engine = Engine::start(EngineConfig { announcements, thumbnails: args.thumbnails, ..config.engine() })?;
    calls::fit(&mut planned, &show, &engine)?;
    let stop = stop_switch();
    let calls = calls::start(&engine, planned, &show, &config.capture)?;
    let view = View::open(args, &log, &config)?;
    let mut session = Session {
        calls,
        events,
        channels: Channels::start(&config.alert),
        board: Board::default(),
        measured: None,
        view,
        log: log.clone(),
        failed: false,
        node,
        links: Vec::new(),
        held: None,
    };
    let went = session.follow(&stop);
    let Session { calls, channels, board, view, failed, node, .. } = session;
    // The camera disappears with its guard.
    drop(node);
    drop(view);
    log.to_stderr();
    let told = channels.finish(LAST_ALERTS);
    went?;
    summary::print(&calls, &board)?;
    if told.lost > 0 {
        eprintln!("callguard: {} alert(s) could not be delivered; the log says why", told.lost);
    }
    if let Some(report) = report {
        let index = summary::write(report, &calls, &engine, &config)?;
        eprintln!("report: {}", index.display());
    }
    engine.stop();
    Ok(ExitCode::from(u8::from(failed || told.lost > 0)))
}

/// Turns true at Ctrl-C or a request to terminate. One more, a second later, ends the process at once.
fn stop_switch() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&stop);
    let mut first: Option<Instant> = None;
    let set = ctrlc::set_handler(move || {
        switch.store(true, Ordering::Release);
        // Terminals and `timeout` may send one request to the group and to the process: those are one.
        if first.get_or_insert_with(Instant::now).elapsed() > Duration::from_secs(1) {
            // 128 + SIGINT, as shells report it.
            std::process::exit(130);
        }
    });
    if let Err(e) = set {
        error!(stage = "capture", "Ctrl-C ends without a summary: {e}");
    }
    stop
}

/// How it is shown.
enum View {
    Screen(Box<Screen>, Look),
    Lines,
}

impl View {
    fn open(args: &Watch, log: &Log, config: &Config) -> Result<Self, Trouble> {
        if args.plain || !std::io::stdout().is_terminal() {
            return Ok(Self::Lines);
        }
        match Screen::open() {
            Ok(screen) => {
                log.to_pane();
                let promise = promise("call", config.policy.false_alarm, config.policy.call_s);
                Ok(Self::Screen(Box::new(screen), Look { promise, ..Look::default() }))
            }
            Err(e) => {
                eprintln!("callguard: no terminal view ({e}): plain lines instead");
                Ok(Self::Lines)
            }
        }
    }
}

struct Session {
    calls: Vec<Guarded>,
    events: Option<EventFile>,
    channels: Channels,
    board: Board,
    measured: Option<Instant>,
    view: View,
    log: Log,
    failed: bool,
    node: Option<Node>,
    /// Links of guests who are waited for.
    links: Vec<(String, String)>,
    /// How things stood when the view was held.
    held: Option<Board>,
}

impl Session {
    /// Until every call has ended, or the end is asked for.
    fn follow(&mut self, stop: &AtomicBool) -> Result<(), Trouble> {
        loop {
            self.read()?;
            for call in &mut self.calls {
                for failed in call.look() {
                    self.failed |= failed.again.is_none();
                    tell(&failed, matches!(self.view, View::Lines));
                }
            }
            self.invite();
            if let Some(node) = &mut self.node {
                node.beat(self.board.worst())?;
            }
            let over = self.calls.iter().all(Guarded::is_over);
            if over || self.show()? || stop.load(Ordering::Acquire) {
                break;
            }
        }
        self.calls.iter_mut().for_each(Guarded::close);
        self.read()
    }

    /// Tells links of guests who may come in now.
    fn invite(&mut self) {
        let links: Vec<_> = self.calls.iter().flat_map(Guarded::links).collect();
        if matches!(self.view, View::Lines) {
            for (stream, link) in links.iter().filter(|link| !self.links.contains(link)) {
                eprintln!("callguard: the guest's link, good once: {stream}: {link}");
            }
        }
        self.links = links;
    }

    /// Takes every event that is there.
    fn read(&mut self) -> Result<(), Trouble> {
        for call in &self.calls {
            while let Some(event) = call.next_event() {
                self.board.take(&event, call.name_of(&event));
                self.channels.notice(&event);
                if let Some(file) = &mut self.events {
                    file.add(&event)?;
                }
                if matches!(self.view, View::Lines) {
                    speak(&event, &self.board)?;
                }
            }
        }
        Ok(())
    }

    /// Draws, and waits for a key or the next turn; true: the end was asked for.
    fn show(&mut self) -> Result<bool, Trouble> {
        let View::Screen(screen, look) = &mut self.view else {
            std::thread::sleep(TURN);
            return Ok(false);
        };
        if self.measured.is_none_or(|at| at.elapsed() >= MEASURE) {
            self.measured = Some(Instant::now());
            self.calls.iter().for_each(|call| self.board.measure(call.name(), &call.report().streams));
        }
        look.log = self.log.newest(LOG_LINES);
        look.links.clone_from(&self.links);
        // An alert is not held back from whoever reads.
        if self.held.as_ref().is_some_and(|held| standing(held) != standing(&self.board)) {
            self.held = None;
        }
        let board = self.held.as_ref().unwrap_or(&self.board);
        look.paused = self.held.is_some();
        let standing = standing(board);
        look.selected = look.selected.min(standing.len().saturating_sub(1));
        // A terminal that went away is a request to end.
        let Ok(key) = screen.draw(board, look).and_then(|()| screen.key(TURN)) else { return Ok(true) };
        match key {
            Some(Key::Quit) => return Ok(true),
            Some(Key::Pause) => self.held = if self.held.is_some() { None } else { Some(self.board.clone()) },
            Some(Key::Down) => look.selected += 1,
            Some(Key::Up) => look.selected = look.selected.saturating_sub(1),
            Some(Key::Acknowledge) => {
                if let Some((call, number)) = standing.get(look.selected)
                    && let Some(call) = self.calls.iter().find(|c| c.name() == call)
                {
                    call.acknowledge(*number);
                }
            }
            None => {}
        }
        Ok(false)
    }
}

/// Alerts that nobody knows of yet: call and number.
fn standing(board: &Board) -> Vec<(String, u64)> {
    board.rows.iter().flat_map(|r| r.standing().map(|a| (r.call.clone(), a.number))).collect()
}

/// A source that failed, to those who watch.
fn tell(Failed { trouble, again }: &Failed, lines: bool) {
    let then = again.map(|wait| format!(" Opened again in {:.1} s.", wait.as_secs_f64())).unwrap_or_default();
    match again {
        _ if lines => eprintln!("callguard: {}{then}", trouble.for_people()),
        Some(_) => warn!(stage = %trouble.stage, "{trouble}.{then}"),
        None => error!(stage = %trouble.stage, "{trouble}"),
    }
}

fn speak(event: &CallEvent, board: &Board) -> Result<(), Trouble> {
    plain::line(event, board).map_or(Ok(()), |line| say(&line))
}
