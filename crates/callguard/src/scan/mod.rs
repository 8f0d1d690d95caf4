//! Recordings, judged faster than real time; nothing is dropped, and the result is the same on any number of cores.

pub(crate) mod convert;
mod hear;
pub(crate) mod judge;
mod order;
pub mod result;
#[cfg(test)]
mod sample;
mod table;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callguard_engine::{Engine, EngineConfig};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{Common, Format, Scan};
use crate::config::{Config, Raw};
use crate::out::say;
use crate::report::{Page, Report, Unit};
use crate::trouble::Trouble;
use crate::{capture, config, log};
use judge::{Judge, Judged};
use order::InOrder;
use result::Status;

/// The progress bar counts thousandths of inputs.
const PARTS: u64 = 1000;
/// An input failed.
const FAILED: u8 = 1;
/// An alert was raised and that was to be an error.
const ALERT: u8 = 3;

/// Judges everything that was named.
///
/// # Errors
/// Where nothing can be begun. What fails for one input is in its result.
pub fn run(common: &Common, args: &Scan) -> Result<ExitCode, Trouble> {
    let own = Raw { detect: config::announcements(&args.announcements), ..Raw::default() };
    let config = config::load_with(common, own)?;
    let log = log::start(&config)?;
    capture::init()?;
    let announcements = capture::announcements(&config)?;
    let inputs = capture::expand(&args.inputs);
    let mut report = args.report.as_deref().map(|dir| Report::create(dir, Unit::File)).transpose()?;
    let bar = progress_bar(inputs.len(), args.quiet);
    log.above(&bar);
    let settings = EngineConfig { announcements, thumbnails: args.thumbnails, ..config.engine() };
    let engine = Engine::start(settings).map_err(Trouble::from);
    if let Err(trouble) = &engine {
        bar.suspend(|| eprintln!("callguard: {}", trouble.for_people()));
    }
    let judge = Judge::new(engine.clone(), &config);
    let mut tally = Tally::default();
    let finished = all(&judge, &inputs, jobs(args, &config), &bar, |judged| {
        tally.add(&judged);
        bar.suspend(|| tally.show(&judged, args.format))?;
        match &mut report {
            Some(report) => report.add(&page(judged)),
            None => Ok(()),
        }
    });
    bar.finish_and_clear();
    log.to_stderr();
    if let Ok(engine) = engine {
        engine.stop();
    }
    finished?;
    if args.format == Format::Table {
        say(&tally.table.text())?;
    }
    if let Some(report) = report {
        let index = report.finish()?;
        eprintln!("report: {}", index.display());
    }
    Ok(ExitCode::from(match (args.fail_on_alert && tally.alerts > 0, tally.failed > 0) {
        (true, _) => ALERT,
        (false, true) => FAILED,
        (false, false) => 0,
    }))
}

/// What came of all inputs so far.
#[derive(Default)]
struct Tally {
    table: table::Table,
    alerts: usize,
    failed: usize,
}

impl Tally {
    fn add(&mut self, judged: &Judged) {
        self.alerts += judged.result.alerts.len();
        self.failed += usize::from(judged.result.status != Status::Ok);
        self.table.add(&judged.result);
    }

    fn show(&self, judged: &Judged, format: Format) -> Result<(), Trouble> {
        match format {
            Format::Table => Ok(()),
            Format::Jsonl => {
                let line = serde_json::to_string(&judged.result).map_err(|e| {
                    Trouble::new(
                        crate::trouble::code::INTERNAL,
                        crate::trouble::Stage::Report,
                        e.to_string(),
                        "Please report this.",
                    )
                })?;
                say(&line)
            }
        }
    }
}

fn page(judged: Judged) -> Page {
    Page {
        title: judged.result.input.clone(),
        subtitle: String::new(),
        unit: "file",
        participants: judged.pages,
        windows: judged.windows,
        false_alarm: judged.false_alarm,
        call_s: judged.result.duration_s.unwrap_or(0.0),
        facts: Vec::new(),
        result: judged.result,
    }
}

fn jobs(args: &Scan, config: &Config) -> usize {
    let cores = || std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    args.jobs.map(usize::from).or(config.detect.workers).unwrap_or_else(cores)
}

/// Judges the inputs, `jobs` at a time, and hands the results on in the order of the inputs, each as soon as it is its turn.
fn all(
    judge: &Judge,
    inputs: &[OsString],
    jobs: usize,
    bar: &ProgressBar,
    mut take: impl FnMut(Judged) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = crossbeam_channel::bounded(jobs);
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(inputs.len()) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(input) = inputs.get(number) else { return };
                    let shown = AtomicUsize::new(0);
                    let judged = judge.judge(input, &|done| advance(bar, &shown, done));
                    advance(bar, &shown, 1.0);
                    // Nobody listens any more where a result could not be written: begin nothing new.
                    if sender.send((number, judged)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut ordered = InOrder::default();
        for (number, judged) in receiver {
            for judged in ordered.add(number, judged) {
                take(judged)?;
            }
        }
        Ok(())
    })
}

fn advance(bar: &ProgressBar, shown: &AtomicUsize, done: f64) {
    let now = (done.clamp(0.0, 1.0) * PARTS as f64) as usize;
    let before = shown.fetch_max(now, Ordering::Relaxed);
    bar.inc(now.saturating_sub(before) as u64);
}

fn progress_bar(inputs: usize, quiet: bool) -> ProgressBar {
    let target = if quiet || !std::io::stderr().is_terminal() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(Some(inputs as u64 * PARTS), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} % of {msg}, {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(format!("{inputs} {}", if inputs == 1 { "input" } else { "inputs" }));
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
