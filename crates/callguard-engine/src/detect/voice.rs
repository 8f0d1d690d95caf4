//! One voice: its stream in, and what is said of it out, in order, though answers may come late.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use callguard_audio::{Announcements, Block, Heard, SpeechWindow, VoiceWindows, WindowFacts, WindowSettings};
use callguard_core::{Abstain, EpochReason, MediaTime, Observation, ParticipantId, ParticipantKind, Span};
use callguard_inference::{Score, SourceSpec};

use super::lanes::{Answer, words};
use super::{Ask, Task};
use crate::fuse::{Act, Doing};

/// Windows of one stream that may wait for their answers: what ten seconds of waiting blocks hold at the shortest useful hop.
const IN_FLIGHT: usize = 32;

/// The voice model with what every stream needs of it.
#[derive(Clone)]
pub(crate) struct Detector {
    pub model: Arc<dyn Score>,
    pub evidence: SourceSpec,
    pub settings: WindowSettings,
    pub announcements: Announcements,
}

enum Outgoing {
    Asked { id: u64, facts: WindowFacts, stretch: Span },
    Ready(Act),
}

/// See the module.
pub(crate) struct Voice {
    participant: ParticipantId,
    detector: Detector,
    mixed: bool,
    windows: VoiceWindows,
    heard: Vec<Heard>,
    /// In order of the stream; what is ready behind what is asked waits.
    outgoing: VecDeque<Outgoing>,
    next: u64,
    asked: usize,
    late: u64,
    heard_to: MediaTime,
    /// End of the last window: where the next one's own stretch begins.
    windows_to: MediaTime,
    failed: Option<String>,
    /// The same until someone was told.
    news: Option<String>,
}

impl Voice {
    /// `mixed`: several people speak in the stream.
    pub(crate) fn new(participant: ParticipantId, detector: Detector, mixed: bool, at: MediaTime) -> Self {
        let join = Act { at, participant, what: Doing::Join { kind: ParticipantKind::Voice, mixed } };
        Self {
            participant,
            windows: windows(&detector, mixed),
            detector,
            mixed,
            heard: Vec::new(),
            outgoing: VecDeque::from([Outgoing::Ready(join)]),
            next: 0,
            asked: 0,
            late: 0,
            heard_to: at,
            windows_to: at,
            failed: None,
            news: None,
        }
    }

    pub(crate) fn participant(&self) -> ParticipantId {
        self.participant
    }

    /// Media time up to which the stream was listened to.
    pub(crate) fn heard_to(&self) -> MediaTime {
        self.heard_to
    }

    /// Why the stream cannot be judged any more, if so.
    pub(crate) fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// The same, once.
    pub(crate) fn news(&mut self) -> Option<String> {
        self.news.take()
    }

    /// Windows that got no answer in time.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }

    /// Whether answers are outstanding.
    pub(crate) fn waits(&self) -> bool {
        self.asked > 0
    }

    /// Listens to a block; appends the windows to be scored to `ask`.
    pub(crate) fn listen(&mut self, block: &Block<'_>, ask: &mut Vec<Ask>) {
        let end = block.at
            + Duration::from_nanos(MediaTime::from_frames(block.frames() as u64, block.format.rate_hz).as_nanos());
        let span = Span::between(block.at, end);
        self.heard_to = self.heard_to.max(end);
        if self.failed.is_some() {
            return self.abstain(span, Abstain::BadOutput);
        }
        let refused = self.guarded(|windows, heard| windows.push(block, heard).is_err());
        self.ask(ask);
        if refused == Some(true) {
            self.abstain(span, Abstain::Dropped);
        }
    }

    /// Nothing to hear for a stretch.
    pub(crate) fn gap(&mut self, span: Span, ask: &mut Vec<Ask>) {
        self.flush(ask);
        self.heard_to = self.heard_to.max(span.to);
        self.abstain(span, Abstain::FilledIn);
    }

    /// What was gathered is judged or abstained from; nothing later is joined to it.
    pub(crate) fn flush(&mut self, ask: &mut Vec<Ask>) {
        if self.failed.is_none() {
            self.guarded(|windows, heard| windows.flush(heard));
            self.ask(ask);
        }
    }

    /// The participant is judged anew from here on; a failed stream gets another chance.
    pub(crate) fn begin_epoch(&mut self, reason: EpochReason, at: MediaTime, ask: &mut Vec<Ask>) {
        self.flush(ask);
        self.failed = None;
        self.outgoing.push_back(Outgoing::Ready(Act { at, participant: self.participant, what: Doing::Epoch(reason) }));
    }

    /// Takes the answer to a window. One that was answered before is left as it was.
    pub(crate) fn answer(&mut self, id: u64, answer: &Answer) {
        let asked = |o: &Outgoing| match o {
            Outgoing::Asked { id: asked, facts, stretch } if *asked == id => Some((*facts, *stretch)),
            _ => None,
        };
        let Some((i, (facts, stretch))) = self.outgoing.iter().enumerate().find_map(|(i, o)| Some((i, asked(o)?)))
        else {
            return;
        };
        self.asked -= 1;
        let logit = match answer {
            Answer::Scores(raw) => raw.first().map(|x| f64::from(*x)).ok_or(Abstain::BadOutput),
            Answer::Late => {
                self.late += 1;
                Err(Abstain::Late)
            }
            Answer::Bad(reason) => {
                tracing::debug!(stage = "detect", participant = self.participant.0, reason, "a window was not judged");
                Err(Abstain::BadOutput)
            }
            Answer::Gone(reason) => {
                self.fail(reason);
                Err(Abstain::BadOutput)
            }
        };
        self.outgoing[i] = self.ready(self.says().evidence(&WindowFacts { fresh_span: stretch, ..facts }, logit));
    }

    /// Moves what is decided, in order, to `acts`.
    pub(crate) fn take(&mut self, acts: &mut Vec<Act>) {
        while let Some(Outgoing::Ready(_)) = self.outgoing.front() {
            if let Some(Outgoing::Ready(act)) = self.outgoing.pop_front() {
                acts.push(act);
            }
        }
    }

    /// Runs the analysis; a panic in it fails this stream and nothing else.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut VoiceWindows, &mut Vec<Heard>) -> T) -> Option<T> {
        let (windows, heard) = (&mut self.windows, &mut self.heard);
        match catch_unwind(AssertUnwindSafe(|| work(windows, heard))) {
            Ok(done) => Some(done),
            Err(panic) => {
                let reason = format!("the analysis panicked: {}", words(&*panic));
                // What it held may be half changed.
                self.windows = self::windows(&self.detector, self.mixed);
                self.heard.clear();
                self.fail(&reason);
                None
            }
        }
    }

    fn fail(&mut self, reason: &str) {
        if self.failed.is_some() {
            return;
        }
        tracing::error!(stage = "detect", participant = self.participant.0, reason, "a stream cannot be judged");
        self.failed = Some(reason.to_owned());
        self.news = self.failed.clone();
    }

    fn ask(&mut self, ask: &mut Vec<Ask>) {
        for heard in std::mem::take(&mut self.heard) {
            match heard {
                Heard::Abstained { span, reason } => self.abstain(span, reason),
                Heard::TurnEnded { at } => {
                    let what = Doing::EndTurn;
                    self.outgoing.push_back(Outgoing::Ready(Act { at, participant: self.participant, what }));
                }
                Heard::Window(SpeechWindow { samples, facts }) => {
                    let from = self.windows_to.max(facts.span.from).min(facts.span.to);
                    let stretch = Span { from, to: facts.span.to };
                    self.windows_to = self.windows_to.max(facts.span.to);
                    if self.asked >= IN_FLIGHT {
                        self.late += 1;
                        self.abstain(stretch, Abstain::Late);
                        continue;
                    }
                    let id = self.next;
                    self.next += 1;
                    self.asked += 1;
                    self.outgoing.push_back(Outgoing::Asked { id, facts, stretch });
                    ask.push(Ask { id, task: Task::Voice, input: samples.into() });
                }
            }
        }
    }

    fn abstain(&mut self, span: Span, reason: Abstain) {
        self.outgoing.push_back(self.ready(self.says().abstention(span, reason)));
    }

    /// What turns logits into evidence about the participant.
    fn says(&self) -> callguard_audio::Voice {
        let SourceSpec { source, calibration, .. } = &self.detector.evidence;
        callguard_audio::Voice::calibrated(source.clone(), self.participant, calibration.clone())
    }

    fn ready(&self, observation: Observation) -> Outgoing {
        let at = observation.end();
        Outgoing::Ready(Act { at, participant: self.participant, what: Doing::Observe(observation) })
    }
}

fn windows(detector: &Detector, mixed: bool) -> VoiceWindows {
    let windows = VoiceWindows::new(detector.settings).expect("the settings were checked when the engine started");
    let windows = windows.knowing(detector.announcements.clone());
    if mixed { windows.in_turns() } else { windows }
}
