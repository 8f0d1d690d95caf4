//! What is to be seen: from how the call stands to what is said where. Nothing stale comes out of here.

use std::time::Duration;

use callguard_core::{Hypothesis, MediaTime, ParticipantKind, State};
use callguard_engine::{CallView, FaceView, ParticipantView, Rect};

use super::look::Mood;
use super::watch::Guard;
use crate::fresh::{FACE, is_fresh};

/// A face with its box, or with a line at the bottom where it has none: a voice, or the guard itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// Where the face is, in shares of the upright picture.
    pub face: Option<Rect>,
    pub mood: Mood,
    /// Who, and how old the verdict is.
    pub who: String,
    /// Why.
    pub why: String,
}

/// What is said of the picture at `running` time; of the faces only those of `stream`, where one is named.
pub(super) fn scene(guard: Guard<'_>, stream: Option<&str>, running: Option<MediaTime>) -> Vec<Said> {
    match guard {
        Guard::Missing => vec![notice(Mood::Off)],
        Guard::Starting => vec![notice(Mood::Starting)],
        Guard::Call(call) => of_view(&call.view(), stream, running),
    }
}

fn notice(mood: Mood) -> Said {
    Said { face: None, mood, who: String::new(), why: String::new() }
}

fn of_view(view: &CallView, stream: Option<&str>, running: Option<MediaTime>) -> Vec<Said> {
    if view.unavailable.is_some() {
        return vec![notice(Mood::Off)];
    }
    if !is_fresh(view) {
        return vec![notice(Mood::Stale)];
    }
    let drawn =
        view.participants.iter().filter(|p| stream.is_none_or(|s| p.kind == ParticipantKind::Voice || p.stream == s));
    drawn.filter_map(|p| said(view, p, running)).collect()
}

fn said(view: &CallView, participant: &ParticipantView, running: Option<MediaTime>) -> Option<Said> {
    let face = participant.face.as_ref().filter(|face| is_here(view, face, running)).map(share);
    // A face that is not seen has nothing to be drawn at; but vanishing does not wash anyone clean.
    if participant.kind == ParticipantKind::Face && face.is_none() && !participant.alert {
        return None;
    }
    let mut who = name(view, participant);
    if face.is_none() {
        let mixed = if participant.mixed { "mixed " } else { "" };
        who = format!("{mixed}{} · {who}", participant.kind.as_str());
    }
    if participant.state != State::Gathering {
        who = format!("{who} · {}", age(view.age_of(participant)));
    }
    Some(Said { face, mood: Mood::Verdict(participant.state), who, why: why(participant) })
}

/// Whether a face may still be where it was seen last, by the clock on the wall and by that of the picture at hand.
fn is_here(view: &CallView, face: &FaceView, running: Option<MediaTime>) -> bool {
    let unrenewed = view.made.map_or(Duration::MAX, |made| made.elapsed());
    let by_wall = view.now.since(face.at).saturating_add(unrenewed);
    let by_picture = running.map_or(Duration::ZERO, |running| running.since(face.running));
    by_wall.max(by_picture) <= FACE
}

/// Upright boxes do not care for how many pixels the picture has by now.
fn share(face: &FaceView) -> Rect {
    let (w, h) = (face.size.0.max(1) as f32, face.size.1.max(1) as f32);
    let Rect { x, y, .. } = face.bounds;
    Rect { x: x / w, y: y / h, w: face.bounds.w / w, h: face.bounds.h / h }
}

/// The stream, and which face of it where it has several.
fn name(view: &CallView, participant: &ParticipantView) -> String {
    let alike = |p: &&ParticipantView| p.kind == participant.kind && p.stream == participant.stream;
    let nth = view.participants.iter().filter(alike).position(|p| p.id == participant.id).unwrap_or_default() + 1;
    match view.participants.iter().filter(alike).count() {
        0 | 1 => participant.stream.clone(),
        _ => format!("{} {nth}", participant.stream),
    }
}

/// Rounded up, to half a second at most: nothing is said to be fresher than it is, and the text changes twice a second.
fn age(age: Duration) -> String {
    let halves = age.as_millis().div_ceil(500).max(1);
    match halves {
        0..20 => format!("{}.{} s", halves / 2, 5 * (halves % 2)),
        20..240 => format!("{} s", halves.div_ceil(2)),
        _ => format!("{} min", halves.div_ceil(120)),
    }
}

fn why(participant: &ParticipantView) -> String {
    match (participant.state, &participant.reason, participant.unobserved) {
        (State::Suspect | State::Synthetic, Some((hypothesis, source)), _) => {
            format!("{} · {source}", words(*hypothesis))
        }
        // It stands until someone has acknowledged it, whoever is seen by now.
        _ if participant.alert => "an alert stands".into(),
        (State::Genuine, ..) => "no sign of synthesis".into(),
        (_, _, Some(unobserved)) => unobserved.replace('-', " "),
        _ => String::new(),
    }
}

fn words(hypothesis: Hypothesis) -> &'static str {
    match hypothesis {
        Hypothesis::FaceSynthetic => "synthetic face",
        Hypothesis::FacePresented => "replay or print",
        Hypothesis::VoiceSynthetic => "synthetic voice",
        Hypothesis::SourceInjected => "injected source",
        Hypothesis::ChallengeFailed => "challenge failed",
    }
}
