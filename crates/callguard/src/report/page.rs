//! One page: a result and its timelines, in words.

use minijinja::{Environment, Value, context};

use super::plot;
use super::timeline::Timeline;
use crate::cli::share;
use crate::scan::result::{AlertResult, ParticipantResult, ScanResult, SourceResult, Status};
use crate::trouble::{Stage, Trouble, code};

/// What a page is made of.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its heading.
    pub title: String,
    /// Below it.
    pub subtitle: String,
    /// What was judged: `file` or `call`.
    pub unit: &'static str,
    /// The result, as in the JSON.
    pub result: ScanResult,
    /// The participants' courses, in the result's order.
    pub participants: Vec<ParticipantPage>,
    /// The windows to look at first, for each alert and reason in the result's order.
    pub windows: Vec<Vec<ReasonWindows>>,
    /// Share of genuine people that may be flagged.
    pub false_alarm: f64,
    /// In a call of so many seconds.
    pub call_s: f64,
    /// What else is known, as name and value.
    pub facts: Vec<(&'static str, String)>,
}

/// Begin, end and llr of the windows that speak most.
pub type ReasonWindows = Vec<(f64, f64, f64)>;

/// What a page shows of a participant beyond the result.
#[derive(Clone, Debug, Default)]
pub struct ParticipantPage {
    /// What they are called.
    pub name: String,
    /// Their course.
    pub timeline: Timeline,
    /// Their states.
    pub states: Vec<StateMark>,
}

/// A state and when it began.
#[derive(Clone, Debug)]
pub struct StateMark {
    /// The state's name.
    pub state: &'static str,
    /// When, as people write it.
    pub at: String,
}

/// A time as people write it: `0:07.5`.
#[must_use]
pub fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// The templates, compiled.
///
/// # Errors
/// None that a user could cause: the templates travel inside the program.
pub fn templates() -> Result<Environment<'static>, Trouble> {
    let mut templates = Environment::new();
    for (name, text) in [
        ("page.html", include_str!("page.html")),
        ("index.html", include_str!("index.html")),
        ("style.css", include_str!("style.css")),
    ] {
        templates.add_template(name, text).map_err(|e| broken(&e))?;
    }
    Ok(templates)
}

pub fn broken(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(
        code::INTERNAL,
        Stage::Report,
        format!("the page: {error}"),
        "This is a defect of callguard: please report it.",
    )
}

impl Page {
    /// What the policy promises, as a sentence.
    #[must_use]
    pub fn promise(&self) -> String {
        promise(self.unit, self.false_alarm, self.call_s)
    }

    /// The page as HTML.
    ///
    /// # Errors
    /// None that a user could cause, as the templates travel inside the program.
    pub fn html(&self, templates: &Environment<'_>) -> Result<String, Trouble> {
        let result = &self.result;
        let empty = ParticipantPage::default();
        let participants: Vec<Value> = result
            .participants
            .iter()
            .enumerate()
            .map(|(i, p)| participant(p, self.participants.get(i).unwrap_or(&empty)))
            .collect();
        let alerts: Vec<Value> = result
            .alerts
            .iter()
            .enumerate()
            .map(|(i, a)| self.alert(a, self.windows.get(i).map_or(&[], Vec::as_slice)))
            .collect();
        let json = if self.unit == "file" {
            Some(serde_json::to_string_pretty(result).map_err(|e| broken(&e))?)
        } else {
            None
        };
        let verdict = if result.status == Status::Error { "error" } else { result.verdict };
        let values = context! {
            version => result.version,
            title => self.title.clone(),
            subtitle => self.subtitle.clone(),
            unit => self.unit,
            verdict => verdict,
            meaning => meaning(verdict),
            partial => result.status == Status::Partial,
            error => result.error.as_ref().map(|e| {
                context! { message => e.message.clone(), hint => e.hint.clone(), stage => e.stage.to_string(), code => e.code.clone() }
            }),
            alerts => alerts,
            participants => participants,
            promise => self.promise(),
            facts => self.facts(),
            json => json,
        };
        templates.get_template("page.html").and_then(|t| t.render(values)).map_err(|e| broken(&e))
    }

    fn name(&self, id: u32) -> String {
        let at = self.result.participants.iter().position(|p| p.id == id);
        at.and_then(|i| self.participants.get(i)).map_or_else(|| format!("participant {id}"), |p| p.name.clone())
    }

    fn alert(&self, alert: &AlertResult, windows: &[ReasonWindows]) -> Value {
        let reasons = alert.reasons.iter().enumerate().map(|(i, r)| {
            let look = windows.get(i).map_or(&[] as &[_], Vec::as_slice);
            let look: Vec<String> = look.iter().map(|(from, to, llr)| format!("{}–{} ({llr:+.1})", clock(*from), clock(*to))).collect();
            context! { source => r.source.clone(), llr => format!("{:+.2}", r.llr), from => clock(r.from_s), to => clock(r.to_s), windows => look.join(", ") }
        });
        context! {
            id => alert.id.clone(),
            hypothesis => alert.hypothesis.clone(),
            who => self.name(alert.participant),
            onset => clock(alert.onset_s),
            raised => clock(alert.raised_s),
            cleared => alert.cleared_s.map(clock),
            score => format!("{:.2}", alert.score),
            threshold => format!("{:.2}", alert.threshold),
            reasons => reasons.collect::<Vec<_>>(),
        }
    }

    fn facts(&self) -> Vec<Value> {
        let fact = |name: &str, value: String| context! { name => name, value => value };
        let result = &self.result;
        let mut facts = vec![
            fact("Heard", result.duration_s.map_or_else(|| "nothing".into(), |s| format!("{} ({s:.3} s)", clock(s)))),
            fact("Policy", format!("profile {}, sha256 {}", result.policy.profile, result.policy.sha256)),
        ];
        facts.extend(
            result
                .models
                .iter()
                .map(|m| fact("Model", format!("{}, run by {}, sha256 {}", m.id, m.provider, m.sha256))),
        );
        facts.extend(self.facts.iter().map(|(name, value)| fact(name, value.clone())));
        facts.push(fact("Callguard", result.version.to_owned()));
        facts
    }
}

/// What the policy promises, as a sentence.
#[must_use]
pub fn promise(unit: &str, false_alarm: f64, call_s: f64) -> String {
    let share = share::show(false_alarm);
    if unit == "file" {
        format!("At most {share} of genuine files are flagged synthetic.")
    } else {
        format!(
            "At most {share} of genuine participants are flagged synthetic in a call of {:.0} minutes.",
            call_s / 60.0
        )
    }
}

fn meaning(verdict: &str) -> &'static str {
    match verdict {
        "synthetic" => {
            "The evidence crossed the threshold of the promise: a voice in it appears to be synthetic. Look at the reasons."
        }
        "suspect" => "The evidence crossed the looser threshold: worth another look, not enough for an alert.",
        "genuine" => "No sign of synthesis in what was observed.",
        "error" => "Nothing could be heard, so nothing is said.",
        _ => "Not enough evidence either way. This is not a finding of being genuine.",
    }
}

fn participant(result: &ParticipantResult, page: &ParticipantPage) -> Value {
    let charts = result.charts.iter().map(|(hypothesis, chart)| {
        let line = page.timeline.charts.iter().find(|c| c.hypothesis == *hypothesis);
        let svg = line.map(|line| plot::draw(line, &page.timeline)).unwrap_or_default();
        let lawless = chart.threshold.is_none();
        context! { hypothesis => hypothesis, lawless => lawless, llr => format!("{:+.2}", chart.llr), peak => format!("{:.2}", chart.peak), svg => Value::from_safe_string(svg) }
    });
    let sources = result.sources.iter().map(|(name, source)| self::source(name, source));
    context! {
        name => page.name.clone(),
        verdict => result.verdict,
        span => format!("{} – {}", clock(result.from_s), clock(result.to_s)),
        charts => charts.collect::<Vec<_>>(),
        sources => sources.collect::<Vec<_>>(),
        states => page.states.iter().map(|s| context! { state => s.state, at => s.at.clone() }).collect::<Vec<_>>(),
    }
}

fn source(name: &str, source: &SourceResult) -> Value {
    let abstained: Vec<String> = source.abstained_s.iter().map(|(reason, s)| format!("{reason} {s:.1} s")).collect();
    context! {
        name => name,
        llr => source.llr.map_or_else(|| "–".to_owned(), |x| format!("{x:+.2}")),
        windows => source.windows,
        observed => format!("{:.1}", source.observed_s),
        abstained => abstained.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_like_a_clock() {
        assert_eq!([0.0, 7.45, 59.96, 3661.0].map(clock), ["0:00.0", "0:07.5", "1:00.0", "61:01.0"]);
    }
}
