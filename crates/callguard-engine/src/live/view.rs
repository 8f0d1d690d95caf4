//! How a call stands, for those who draw it over the picture: read without a lock, from any thread.

use std::time::{Duration, Instant};

use callguard_core::{Hypothesis, MediaTime, ParticipantId, ParticipantKind, State};
use callguard_vision::Rect;

use super::Inside;

/// How a call stands.
#[derive(Clone, Debug, Default)]
pub struct CallView {
    /// Media time up to which it was decided.
    pub now: MediaTime,
    /// When this was made; `None`: nothing was decided yet.
    pub made: Option<Instant>,
    /// Who is there, by id.
    pub participants: Vec<ParticipantView>,
    /// Why nothing is judged any more, if so.
    pub unavailable: Option<String>,
}

/// How a participant stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ParticipantView {
    /// Seat.
    pub id: ParticipantId,
    /// What is observed.
    pub kind: ParticipantKind,
    /// Several people speak in the stream.
    pub mixed: bool,
    /// The stream it is observed in.
    pub stream: String,
    /// The verdict.
    pub state: State,
    /// Media time since the newest evidence behind it.
    pub age: Duration,
    /// An alert stands: neither cleared nor acknowledged.
    pub alert: bool,
    /// What speaks most for synthetic: the chart's hypothesis and its first source.
    pub reason: Option<(Hypothesis, String)>,
    /// Why nothing is observed just now, if so.
    pub unobserved: Option<&'static str>,
    /// Where the face was seen last.
    pub face: Option<FaceView>,
}

/// Where a face is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceView {
    /// Its box, in pixels of an upright picture of `size`.
    pub bounds: Rect,
    /// Width and height of that picture.
    pub size: (u32, u32),
    /// When it was seen, in the call's media time.
    pub at: MediaTime,
    /// The same in the stream's own: running time of its pipeline.
    pub running: MediaTime,
}

impl CallView {
    /// A participant as of now: what was not renewed since ages.
    #[must_use]
    pub fn age_of(&self, participant: &ParticipantView) -> Duration {
        participant.age + self.made.map_or(Duration::ZERO, |made| made.elapsed())
    }
}

pub(super) fn view(inside: &Inside) -> CallView {
    let Inside { fusion, streams, .. } = inside;
    let rules = fusion.rules();
    let mut participants: Vec<ParticipantView> = Vec::new();
    for fed in streams {
        let stream = &fed.stream;
        for id in stream.participants() {
            let Some(seat) = fusion.participant(id) else { continue };
            let verdict = seat.verdict(rules, fusion.now());
            let place = stream.places().iter().find(|p| p.participant == id);
            participants.push(ParticipantView {
                id,
                kind: seat.kind(),
                mixed: seat.is_mixed(),
                stream: stream.name().to_owned(),
                state: verdict.state,
                age: verdict.age,
                alert: fusion.alerts().iter().any(|a| a.participant == id && a.stands()),
                reason: seat
                    .worst(rules)
                    .and_then(|(hypothesis, reasons)| Some((hypothesis, reasons.first()?.source.to_string()))),
                unobserved: fusion.unobserved(id).map(callguard_core::Abstain::as_str),
                face: place.map(|p| FaceView {
                    bounds: p.bounds,
                    size: p.size,
                    at: p.at,
                    running: stream.running(p.at),
                }),
            });
        }
    }
    participants.sort_by_key(|p| p.id);
    CallView { now: fusion.now(), made: Some(Instant::now()), participants, unavailable: None }
}
