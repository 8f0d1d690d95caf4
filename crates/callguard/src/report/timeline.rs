//! What a page is drawn from: the course of one participant.

/// The course of one participant, all seconds of media time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Where it begins.
    pub from_s: f64,
    /// Where it ends.
    pub to_s: f64,
    /// One per hypothesis.
    pub charts: Vec<ChartLine>,
    /// What was judged.
    pub windows: Vec<WindowBar>,
    /// What was not.
    pub abstained: Vec<Abstained>,
    /// What was raised.
    pub alerts: Vec<AlertMark>,
    /// Where they were begun anew.
    pub epochs: Vec<f64>,
    /// Their states, in order of time.
    pub states: Vec<StateMark>,
}

impl Timeline {
    /// Every source that said, or would not say, something.
    #[must_use]
    pub fn sources(&self) -> Vec<&str> {
        let windows = self.windows.iter().map(|w| w.source.as_str());
        let mut all: Vec<&str> = windows.chain(self.abstained.iter().map(|a| a.source.as_str())).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// One chart's score over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartLine {
    /// What it is about.
    pub hypothesis: String,
    /// Time and score, nats.
    pub points: Vec<(f64, f64)>,
    /// Threshold of *Suspect*, nats.
    pub suspect_at: f64,
    /// Threshold of *Synthetic*, nats.
    pub synthetic_at: Option<f64>,
}

/// One window.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowBar {
    /// Who judged it.
    pub source: String,
    /// Begin.
    pub from_s: f64,
    /// End.
    pub to_s: f64,
    /// What it says, nats.
    pub llr: f64,
}

/// A stretch that was not judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Abstained {
    /// Who did not judge it.
    pub source: String,
    /// Why.
    pub reason: String,
    /// Begin.
    pub from_s: f64,
    /// End.
    pub to_s: f64,
}

/// Where an alert was raised.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertMark {
    /// On which chart.
    pub hypothesis: String,
    /// When.
    pub raised_s: f64,
    /// At which score, nats.
    pub score: f64,
}

/// A state and when it began.
#[derive(Clone, Debug, PartialEq)]
pub struct StateMark {
    /// The state's name.
    pub state: &'static str,
    /// When.
    pub at_s: f64,
}

/// A window that spoke, with the picture it spoke of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moment {
    /// Whose window it is.
    pub source: String,
    /// Begin.
    pub from_s: f64,
    /// End.
    pub to_s: f64,
    /// What it says, nats.
    pub llr: f64,
    /// Width and height of the picture, pixels.
    pub side: usize,
    /// `side`² pixels of RGB, rows from the top.
    pub rgb: Vec<u8>,
    /// Where in the picture the score comes from, row by row, as many rows as columns; empty where the source has none.
    pub map: Vec<f32>,
}

impl Moment {
    /// Cells of the map in a row; `None` where there is no map, or none that is square.
    #[must_use]
    pub fn cells(&self) -> Option<usize> {
        let cells = self.map.len().isqrt();
        (cells > 0 && cells * cells == self.map.len()).then_some(cells)
    }
}
