//! Windows: sliding 4 s of speech, or the reason why there is none.

mod codec;
mod held;
mod known;
mod quality;
mod quiet;

use std::time::Duration;

use callguard_core::{Abstain, MediaTime, Quality, Span};

use crate::capture::{Capture, Frame};
use crate::gate::{Gate, Judged};
use crate::settings::{SettingsError, WindowSettings};
use crate::{Block, BlockError, FRAME, WINDOW};
use codec::CodecClock;
use held::{Held, Speech};
pub use known::{AnnouncementError, Announcements};
use quality::Levels;
use quiet::Quiet;

/// What is known of a window beside its samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowFacts {
    /// From its oldest speech to its newest.
    pub span: Span,
    /// From its oldest speech that no earlier window had to its newest: what is abstained from if it cannot be scored.
    pub fresh_span: Span,
    /// What could be observed.
    pub quality: Quality,
    /// Net speech in it.
    pub observed: Duration,
    /// Net speech in it that no earlier window had.
    pub fresh: Duration,
}

/// A window ready to be scored.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeechWindow {
    /// [`WINDOW`] samples at 16 kHz, nominal −1 to 1: the speech, its pauses taken out, repeated from its begin where it is shorter.
    pub samples: Vec<f32>,
    /// What is known of it.
    pub facts: WindowFacts,
}

/// What comes out of listening.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Speech to be judged.
    Window(SpeechWindow),
    /// A stretch of which nothing will be said.
    Abstained {
        /// The stretch; no window has evidence of it.
        span: Span,
        /// Why.
        reason: Abstain,
    },
    /// Of a stream heard [in turns](VoiceWindows::in_turns): a turn is over, and no window has speech of it and of the next.
    TurnEnded {
        /// When that was clear.
        at: MediaTime,
    },
}

/// A pause of this much without speech ends a turn. The gate keeps 128 ms before and after speech and is smoothed, so what is needed between two voices is
/// about half a second. Measured (`models/evaluate/turns.py`, 249 talkers): of one talker's speech 54 % is left in turns that fill a window where 0.3 s end a
/// turn, 75 % with 0.5 s, 89 % with 0.7 s. Talkers leave 0.2 s between them where they sit together (Stivers et al. 2009), about half a second in a video call (Boland et al. 2022):
/// a longer pause would part few of them, and none parts all.
const TURN_PAUSE: Duration = Duration::from_millis(256);

/// Listens to one audio stream: blocks in, windows and abstentions out. Pure: the same samples give the same windows, however
/// they were cut into blocks and whether they came live or from a file.
///
/// A window is due on a grid of media time (multiples of `hop` since the stream's first block) when there is new speech, and it
/// is full, or its oldest speech is as old as a full window is long. So a file shorter than a window gives exactly one, at its end, and a guest who says
/// little is still judged in time. Speech before a break is not joined with speech after it: what was gathered is judged at the break.
pub struct VoiceWindows {
    settings: WindowSettings,
    begin: Option<MediaTime>,
    next_due: MediaTime,
    capture: Option<Capture>,
    gate: Gate,
    speech: Speech,
    levels: Levels,
    codec: CodecClock,
    quiet: Option<Quiet>,
    announcements: Announcements,
    in_turns: bool,
    /// End of the newest speech of the turn that goes on.
    turn_to: Option<MediaTime>,
    frames: Vec<Frame>,
}

impl VoiceWindows {
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(settings: WindowSettings) -> Result<Self, SettingsError> {
        Ok(Self {
            settings: settings.check()?,
            begin: None,
            next_due: MediaTime::ZERO,
            capture: None,
            gate: Gate::new(),
            speech: Speech::default(),
            levels: Levels::default(),
            codec: CodecClock::new(),
            quiet: None,
            announcements: Announcements::default(),
            in_turns: false,
            turn_to: None,
            frames: Vec::new(),
        })
    }

    /// Knows these announcements: they are in no window, and are abstained from as [`Abstain::SystemSound`].
    #[must_use]
    pub fn knowing(self, announcements: Announcements) -> Self {
        Self { announcements, ..self }
    }

    /// Several people speak in the stream, one after the other: a pause ends a turn, and turns are not joined.
    #[must_use]
    pub fn in_turns(self) -> Self {
        Self { in_turns: true, ..self }
    }

    /// Takes the next block of the stream and appends what became known to `out`.
    ///
    /// # Errors
    /// When the block is outside the limits; it is left out, and what comes after it counts as after a gap.
    pub fn push(&mut self, block: &Block<'_>, out: &mut Vec<Heard>) -> Result<(), BlockError> {
        block.check()?;
        if self.begin.is_none() {
            self.begin = Some(block.at);
            self.next_due = block.at + self.settings.hop;
        }
        if let Some(capture) = &self.capture
            && !capture.continues(block)
        {
            let end = capture.end();
            self.flush(out);
            if block.at > end {
                out.push(Heard::Abstained { span: Span::between(end, block.at), reason: Abstain::Dropped });
            }
        }
        let mut frames = std::mem::take(&mut self.frames);
        self.capture.get_or_insert_with(|| Capture::new(block)).push(block, &mut frames);
        self.take(&mut frames, out);
        self.frames = frames;
        Ok(())
    }

    /// The end of the stream, or of a stretch of it: what was gathered is judged or abstained from. Afterwards a new stretch may begin.
    pub fn flush(&mut self, out: &mut Vec<Heard>) {
        let Some(mut capture) = self.capture.take() else { return };
        let mut frames = std::mem::take(&mut self.frames);
        capture.flush(&mut frames);
        self.take(&mut frames, out);
        self.frames = frames;
        while let Some(judged) = self.gate.flush() {
            self.judge(judged, out);
        }
        self.end_stretch(capture.end(), out);
        self.gate = Gate::new();
        self.levels = Levels::default();
        self.codec = CodecClock::new();
    }

    /// What was gathered is judged or abstained from; nothing later is joined to it.
    fn end_stretch(&mut self, at: MediaTime, out: &mut Vec<Heard>) {
        self.end_quiet(out);
        self.evaluate_if(Self::enough, out);
        self.speech.drop_before(MediaTime::from_nanos(u64::MAX), out);
        out.extend(self.turn_to.take().map(|_| Heard::TurnEnded { at }));
    }

    fn take(&mut self, frames: &mut Vec<Frame>, out: &mut Vec<Heard>) {
        for frame in frames.drain(..) {
            if let Some(judged) = self.gate.push(frame) {
                self.judge(judged, out);
            }
        }
    }

    fn judge(&mut self, judged: Judged, out: &mut Vec<Heard>) {
        let span = judged.frame.span;
        self.codec.push(&judged.frame.samples[..judged.frame.len]);
        if !judged.frame.filled {
            self.levels.note(judged.look.level_db);
        }
        match judged.speech {
            Ok(()) => {
                self.end_quiet(out);
                self.speech.push(Held::new(judged));
                self.turn_to = self.in_turns.then_some(span.to);
            }
            Err(reason) => {
                self.extend_quiet(span, reason, out);
                if self.turn_to.is_some_and(|to| span.to.since(to) >= TURN_PAUSE) {
                    self.end_stretch(span.to, out);
                }
            }
        }
        self.speech.drop_before(span.to - self.settings.oldest, out);
        if span.to >= self.next_due {
            self.end_quiet(out);
            self.evaluate_if(|s| s.due(span.to), out);
            while self.next_due <= span.to {
                self.next_due = self.next_due + self.settings.hop;
            }
        }
    }

    /// Less new speech than half a hop would give the same window again.
    fn least_fresh(&self) -> Duration {
        self.settings.hop / 2
    }

    fn due(&self, now: MediaTime) -> bool {
        // Waiting for another hop would push speech out that no window had; a frame more or less comes from the grid of frames.
        let filled = self.speech.net() + self.settings.hop > full() + held::duration(FRAME);
        let old = self.speech.oldest().is_some_and(|from| now.since(from) >= full());
        self.enough() && (filled || old)
    }

    fn enough(&self) -> bool {
        self.speech.fresh() >= self.least_fresh() && self.speech.net() >= self.settings.least_speech
    }

    /// Evaluates what is left where announcements are taken out: that alone may not be due yet.
    fn evaluate_if(&mut self, due: impl Fn(&Self) -> bool, out: &mut Vec<Heard>) {
        if !due(self) {
            return;
        }
        self.speech.keep_last(WINDOW);
        if !self.announcements.is_empty() {
            self.speech.drop_announcements(&self.announcements, out);
        }
        if self.announcements.is_empty() || due(self) {
            self.evaluate(out);
        }
    }

    fn evaluate(&mut self, out: &mut Vec<Heard>) {
        let Some(fresh_span) = self.speech.fresh_span() else { return };
        let (observed, fresh) = (self.speech.net(), self.speech.fresh());
        let heard = match quality::judge(&self.speech, &self.levels, &self.codec) {
            Err(reason) => Heard::Abstained { span: fresh_span, reason },
            Ok(quality) => {
                let span = self.speech.span().unwrap_or(fresh_span);
                Heard::Window(SpeechWindow {
                    samples: self.speech.tiled(),
                    facts: WindowFacts { span, fresh_span, quality, observed, fresh },
                })
            }
        };
        self.speech.mark_judged();
        out.push(heard);
    }

    fn extend_quiet(&mut self, span: Span, reason: Abstain, out: &mut Vec<Heard>) {
        if let Some(quiet) = &mut self.quiet
            && quiet.takes(reason)
        {
            quiet.extend(span, reason);
            return;
        }
        self.end_quiet(out);
        self.quiet = Some(Quiet::new(span, reason));
    }

    fn end_quiet(&mut self, out: &mut Vec<Heard>) {
        if let Some(quiet) = self.quiet.take() {
            out.push(Heard::Abstained { span: quiet.span, reason: quiet.reason() });
        }
    }
}

fn full() -> Duration {
    held::duration(WINDOW)
}
