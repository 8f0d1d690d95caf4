//! The terminal while it is ours: raw, an alternate screen, and given back whatever happens.

use std::io::{self, IsTerminal};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::board::Board;
use super::screen::{self, Look};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// End it.
    Quit,
    /// Hold the view, or go on.
    Pause,
    /// The next alert.
    Down,
    /// The alert before.
    Up,
    /// The selected alert is known.
    Acknowledge,
}

/// The terminal, until it is dropped. A panic gives it back, too: ratatui installs a hook.
#[derive(Debug)]
pub struct Screen {
    terminal: DefaultTerminal,
    /// Keys come by the standard input, as they do unless that is redirected. Asked once: one that hung up is no terminal any more.
    on_stdin: bool,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where it cannot be taken.
    pub fn open() -> io::Result<Self> {
        Ok(Self { on_stdin: io::stdin().is_terminal(), terminal: ratatui::try_init()? })
    }

    /// Draws where things stand.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn draw(&mut self, board: &Board, look: &Look) -> io::Result<()> {
        self.terminal.draw(|frame| screen::draw(frame, board, look)).map(|_| ())
    }

    /// Waits for a key, `wait` at most.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn key(&self, wait: Duration) -> io::Result<Option<Key>> {
        let wait = if self.on_stdin { wait_for_input(wait).map(|()| Duration::ZERO)? } else { wait };
        if !event::poll(wait)? {
            return Ok(None);
        }
        let Event::Key(key) = event::read()? else { return Ok(None) };
        if key.kind != KeyEventKind::Press {
            return Ok(None);
        }
        Ok(match key.code {
            KeyCode::Char('q') | KeyCode::Esc => Some(Key::Quit),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
            KeyCode::Char('p') => Some(Key::Pause),
            KeyCode::Char('a') => Some(Key::Acknowledge),
            KeyCode::Down | KeyCode::Char('j') => Some(Key::Down),
            KeyCode::Up | KeyCode::Char('k') => Some(Key::Up),
            _ => None,
        })
    }
}

/// Waits here rather than in crossterm, which reads for ever from a terminal that hung up: its window was closed, its line broke.
fn wait_for_input(wait: Duration) -> io::Result<()> {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    match poll(&mut fds, Timespec::try_from(wait).ok().as_ref()) {
        // A signal: whatever it is about is looked at in between.
        Ok(_) | Err(rustix::io::Errno::INTR) if !fds[0].revents().intersects(gone) => Ok(()),
        Ok(_) | Err(rustix::io::Errno::INTR) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the terminal is gone")),
        Err(e) => Err(e.into()),
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
