//! The terminal while it is ours: raw, an alternate screen, and given back whatever happens.

use std::io;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use super::board::Board;
use super::screen::{self, Look};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// End it.
    Quit,
    /// The next alert.
    Down,
    /// The alert before.
    Up,
    /// The selected alert is known.
    Acknowledge,
}

/// The terminal, until it is dropped. A panic gives it back, too: ratatui installs a hook.
#[derive(Debug)]
pub struct Screen(DefaultTerminal);

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where it cannot be taken.
    pub fn open() -> io::Result<Self> {
        ratatui::try_init().map(Self)
    }

    /// Draws where things stand.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn draw(&mut self, board: &Board, look: &Look) -> io::Result<()> {
        self.0.draw(|frame| screen::draw(frame, board, look)).map(|_| ())
    }

    /// Waits for a key, `wait` at most.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn key(&self, wait: Duration) -> io::Result<Option<Key>> {
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
            KeyCode::Char('a') => Some(Key::Acknowledge),
            KeyCode::Down | KeyCode::Char('j') => Some(Key::Down),
            KeyCode::Up | KeyCode::Char('k') => Some(Key::Up),
            _ => None,
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
