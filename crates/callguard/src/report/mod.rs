//! Pages to read: self-contained HTML that works offline, on paper, in light and in dark.

mod lane;
mod page;
mod person;
mod picture;
mod plot;
mod svg;
mod timeline;
pub mod words;
mod write;

#[cfg(test)]
pub(crate) use page::templates;
pub use page::{Page, ParticipantPage, ReasonWindows, clock, promise};
pub use timeline::{Abstained, AlertMark, ChartLine, Moment, StateMark, Timeline, WindowBar};
pub use write::{Report, Unit};
