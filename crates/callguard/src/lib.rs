//! The program: command line, capture, reports, alert channels.
//!
//! In the order of the flow: [`cli`] and [`config`] say what is wanted, [`capture`] opens what comes from outside and checks it,
//! [`scan`] judges recordings, [`watch`] guards live calls and [`camera`] a camera that is given on, all by `callguard-engine`; [`report`] writes pages and [`alert`] tells people. A
//! library only so that tests and tools can run the very same program; it promises no stable interface.

pub mod alert;
pub mod camera;
pub mod capture;
pub mod cli;
pub mod config;
mod devices;
mod doctor;
mod log;
mod models;
mod out;
pub mod report;
pub mod scan;
mod schema;
pub mod trouble;
pub mod watch;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use cli::{Cli, Command};
use out::say;
use trouble::Trouble;

/// Wrong usage or configuration.
const USAGE: u8 = 2;

/// Has the allocator keep few arenas. A source that is opened again brings threads of its own, and glibc gives threads arenas (eight for each core)
/// that keep what was freed in them: a watch whose guests come and go would grow for hours.
fn few_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: a call that takes two numbers, before there are other threads.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

/// Runs the program on the process's own arguments.
#[must_use]
pub fn main() -> ExitCode {
    few_arenas();
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(e) => e.exit(),
    };
    let ended = match cli.command {
        Command::Scan(args) => scan::run(&cli.common, &args),
        Command::Watch(args) => watch::run(&cli.common, &args, matches.subcommand_matches("watch")),
        Command::Camera(args) => camera::run(&cli.common, &args),
        Command::CameraNode(args) => camera::node::run(&args),
        Command::Devices => devices::run(),
        Command::Models(what) => models::run(&cli.common, &what),
        Command::Doctor => doctor::run(&cli.common),
        Command::Config(what) => configuration(&cli.common, &what),
        Command::Schema { of } => say(schema::text(of).trim_end()).map(|()| ExitCode::SUCCESS),
        Command::Completions { shell } => completions(shell),
    };
    ended.unwrap_or_else(|trouble| explain(&trouble))
}

/// Tells a person what went wrong, and a script by the exit code.
fn explain(trouble: &Trouble) -> ExitCode {
    // Whoever reads our output went away: nobody is there to be told.
    if trouble.code != out::GONE {
        eprintln!("callguard: {}", trouble.for_people());
    }
    ExitCode::from(if trouble.code == trouble::code::CONFIG { USAGE } else { 1 })
}

fn configuration(common: &cli::Common, what: &cli::Config) -> Result<ExitCode, Trouble> {
    match what {
        cli::Config::Check { file } => {
            let path = file.as_ref().or(common.config.as_ref());
            if let Some(path) = path {
                let complaints = config::complaints_of(&config::read_file(path)?);
                if !complaints.is_empty() {
                    return Err(config::refusal(Some(path), &complaints));
                }
            }
            let config = config::load(&cli::Common { config: path.cloned(), ..common.clone() })?;
            if !config.detect.announcements.is_empty() {
                capture::init()?;
                capture::announcements(&config)?;
            }
            say(&path.map_or_else(|| "the configuration is fine".into(), |p| format!("{}: fine", p.display())))?;
        }
        cli::Config::Show { shipped: Some(name) } => match config::profile::find(name) {
            Some(profile) => say(profile.text.trim_end())?,
            None => {
                let complaint = config::Complaint {
                    key: "--shipped".into(),
                    message: format!("is {name}: must be of {}", config::profile::names()),
                };
                return Err(config::refusal(None, &[complaint]));
            }
        },
        cli::Config::Show { shipped: None } => say(config::show(&config::load(common)?).trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "callguard", &mut script);
    say(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}
