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
}

/// One chart's score over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartLine {
    /// What it is about.
    pub hypothesis: String,
    /// Whose windows it adds up.
    pub sources: Vec<String>,
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
