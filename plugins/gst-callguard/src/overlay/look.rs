//! How each verdict looks: never by colour alone.

use callguard_core::State;

/// Red, green, blue.
pub(super) type Ink = [u8; 3];

// Okabe and Ito, "Color Universal Design" (2008): told apart with every common colour blindness.
const GREEN: Ink = [0, 158, 115];
const ORANGE: Ink = [230, 159, 0];
const VERMILLION: Ink = [213, 94, 0];
const BLUE: Ink = [86, 180, 233];
const GREY: Ink = [187, 187, 187];

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Verdict(State),
    /// A verdict that is not renewed.
    Stale,
    /// No engine yet.
    Starting,
    /// No engine.
    Off,
}

/// The line around a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outline {
    Corners,
    Dashes,
    Double,
    Dots,
    Thin,
}

/// The sign before the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// A check mark in a disc.
    Check,
    /// A question mark in a triangle.
    Question,
    /// An exclamation mark in an octagon.
    Stop,
    /// Three dots in a ring.
    Dots,
    /// A dash in a ring.
    Dash,
    /// A bar across a ring.
    Barred,
}

impl Mood {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Verdict(State::Gathering) => "GATHERING",
            Self::Verdict(State::Genuine) => "GENUINE",
            Self::Verdict(State::Suspect) => "SUSPECT",
            Self::Verdict(State::Synthetic) => "SYNTHETIC",
            Self::Verdict(State::Unobservable) => "UNOBSERVABLE",
            Self::Stale => "NO VERDICT",
            Self::Starting => "GUARD STARTS",
            Self::Off => "NOT GUARDED",
        }
    }

    pub(super) fn ink(self) -> Ink {
        match self {
            Self::Verdict(State::Gathering) | Self::Starting => BLUE,
            Self::Verdict(State::Genuine) => GREEN,
            Self::Verdict(State::Suspect) => ORANGE,
            Self::Verdict(State::Synthetic) => VERMILLION,
            Self::Verdict(State::Unobservable) | Self::Stale | Self::Off => GREY,
        }
    }

    pub(super) fn sign(self) -> Sign {
        match self {
            Self::Verdict(State::Gathering) | Self::Starting => Sign::Dots,
            Self::Verdict(State::Genuine) => Sign::Check,
            Self::Verdict(State::Suspect) => Sign::Question,
            Self::Verdict(State::Synthetic) => Sign::Stop,
            Self::Verdict(State::Unobservable) | Self::Stale => Sign::Dash,
            Self::Off => Sign::Barred,
        }
    }

    pub(super) fn outline(self) -> Outline {
        match self {
            Self::Verdict(State::Genuine) => Outline::Corners,
            Self::Verdict(State::Suspect) => Outline::Dashes,
            Self::Verdict(State::Synthetic) => Outline::Double,
            Self::Verdict(State::Gathering) => Outline::Dots,
            _ => Outline::Thin,
        }
    }
}
