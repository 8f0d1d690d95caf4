//! One page: a result and its timelines, in words.

use minijinja::{Environment, Value, context};

use super::timeline::{Moment, Timeline};
use super::{person, words};
use crate::cli::share;
use crate::scan::result::{AlertResult, ScanResult, Status, StreamResult};
use crate::trouble::{Stage, Trouble};

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
    /// The moments that spoke most, with pictures; only where the operator has them kept.
    pub moments: Vec<Moment>,
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
    Trouble::defect(Stage::Report, format!("the page: {error}"))
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
            .map(|(i, p)| person::values(p, self.participants.get(i).unwrap_or(&empty)))
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
        let found: Vec<&str> = result.alerts.iter().map(|a| a.hypothesis.as_str()).collect();
        let values = context! {
            version => result.version,
            title => self.title.clone(),
            subtitle => self.subtitle.clone(),
            unit => self.unit,
            verdict => verdict,
            meaning => words::meaning(verdict, &found),
            partial => result.status == Status::Partial,
            error => result.error.as_ref().map(|e| {
                context! { message => e.message.clone(), hint => e.hint.clone(), stage => e.stage.to_string(), code => e.code.clone() }
            }),
            alerts => alerts,
            participants => participants,
            pictures => self.participants.iter().any(|p| !p.moments.is_empty()),
            promise => self.promise(),
            facts => self.facts(),
            json => json,
        };
        templates.get_template("page.html").and_then(|t| t.render(values)).map_err(|e| broken(&e))
    }

    fn of(&self, id: u32) -> Option<&ParticipantPage> {
        let at = self.result.participants.iter().position(|p| p.id == id);
        at.and_then(|i| self.participants.get(i))
    }

    fn alert(&self, alert: &AlertResult, windows: &[ReasonWindows]) -> Value {
        let of = self.of(alert.participant);
        let moments = of.map_or(&[] as &[Moment], |p| &p.moments);
        let reasons = alert.reasons.iter().enumerate().map(|(i, r)| {
            let look = windows.get(i).map_or(&[] as &[_], Vec::as_slice).iter().map(|(from, to, llr)| {
                let same = |m: &Moment| m.source == r.source && m.from_s < *to && *from < m.to_s;
                let moment =
                    moments.iter().position(same).map(|n| format!("{}-{}", person::anchor(alert.participant), n + 1));
                context! { text => format!("{}–{} ({llr:+.1})", clock(*from), clock(*to)), moment => moment }
            });
            context! {
                source => r.source.clone(),
                about => words::source(&r.source),
                llr => format!("{:+.2}", r.llr),
                from => clock(r.from_s),
                to => clock(r.to_s),
                turn => r.turn_s.map(clock),
                windows => look.collect::<Vec<_>>(),
            }
        });
        context! {
            id => alert.id.clone(),
            hypothesis => alert.hypothesis.clone(),
            about => words::hypothesis(&alert.hypothesis),
            participant => alert.participant,
            who => of.map_or_else(|| format!("participant {}", alert.participant), |p| p.name.clone()),
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
            fact(
                "Followed",
                result.duration_s.map_or_else(|| "nothing".into(), |s| format!("{} ({s:.3} s)", clock(s))),
            ),
            fact("Policy", format!("profile {}, sha256 {}", result.policy.profile, result.policy.sha256)),
        ];
        facts.extend(result.streams.iter().map(|s| fact("Stream", stream(s))));
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

fn stream(s: &StreamResult) -> String {
    let unit = if s.kind == "face" { "pictures" } else { "samples" };
    let mut text = format!("{}: {} {unit}, {} not looked at in time", s.name, s.frames, s.dropped_frames);
    if s.refused_frames > 0 {
        text += &format!(", {} of a format that is not understood", s.refused_frames);
    }
    match &s.failed {
        Some(why) => text + &format!("; could not be judged to its end: {why}"),
        None => text,
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
