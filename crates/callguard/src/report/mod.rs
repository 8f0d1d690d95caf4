//! Pages to read: self-contained HTML that works offline, on paper, in light and in dark.

mod page;
mod plot;
mod timeline;
mod write;

pub use page::{Page, ParticipantPage, ReasonWindows, StateMark, clock, promise};
pub use timeline::{Abstained, AlertMark, ChartLine, Timeline, WindowBar};
pub use write::{Report, Unit};
