//! A call that is over before it is judged: a recording, heard and seen where it is called, as fast as the machine can.

use std::collections::BTreeMap;
use std::time::Duration;

use callguard_audio::Block;
use callguard_core::{Abstain, MediaTime, Observation, ParticipantId, ParticipantKind, Span};
use callguard_vision::{Grid, Picture};

use crate::AudioFormat;
use crate::capture::{Flags, TapStats};
use crate::detect::{Answer, Ask, Faces, Voice, score};
use crate::engine::Engine;
use crate::error::{EngineError, ErrorCode};
use crate::fuse::{Act, Doing};
use crate::report::{CallReport, StreamReport};

/// One of an [`OfflineCall`]'s streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamId(usize);

struct Stream {
    name: String,
    sense: Sense,
    stats: TapStats,
    acts: Vec<Act>,
}

// One of a few streams: its size on the stack does not matter.
#[allow(clippy::large_enum_variant)]
enum Sense {
    Voice(Voice),
    Faces { faces: Faces, grid: Grid },
}

/// A recording being judged. Nothing is dropped and nothing runs beside: the numbers are the same on any machine and in any run, in whatever order
/// its streams are pushed.
///
/// What is observed is kept, and fused in [`finish`](Self::finish): only then is it known how long the recording is, and its promise is that of
/// a call of its own length.
pub struct OfflineCall {
    engine: Engine,
    name: String,
    streams: Vec<Stream>,
    /// Ids as they are handed out while streams are pushed; renumbered at the end.
    ids: u32,
}

impl OfflineCall {
    pub(crate) fn new(engine: Engine, name: &str) -> Self {
        Self { engine, name: name.to_owned(), streams: Vec::new(), ids: 0 }
    }

    /// A voice that begins at media time zero.
    ///
    /// # Errors
    /// Where the engine has no model that judges voices.
    pub fn audio(&mut self, name: &str) -> Result<StreamId, EngineError> {
        self.hear(name, false)
    }

    /// The same of a stream in which several people speak, as [`AudioTap::mix`](crate::AudioTap::mix) says of a live one.
    ///
    /// # Errors
    /// As there.
    pub fn mixed_audio(&mut self, name: &str) -> Result<StreamId, EngineError> {
        self.hear(name, true)
    }

    fn hear(&mut self, name: &str, mixed: bool) -> Result<StreamId, EngineError> {
        let detector = self.engine.team().voice.clone().ok_or_else(|| EngineError::nobody("hears voices"))?;
        let voice = Voice::new(self.reserve(), detector, mixed, MediaTime::ZERO);
        Ok(self.add(name, Sense::Voice(voice)))
    }

    /// Pictures, beginning at media time zero.
    ///
    /// # Errors
    /// Where the engine has no model that finds faces.
    pub fn video(&mut self, name: &str) -> Result<StreamId, EngineError> {
        let sees = self.engine.team().sees.clone().ok_or_else(|| EngineError::nobody("finds faces"))?;
        let grid = Grid::new(sees.settings.step);
        Ok(self.add(name, Sense::Faces { faces: Faces::new(sees, MediaTime::ZERO), grid }))
    }

    fn add(&mut self, name: &str, sense: Sense) -> StreamId {
        self.streams.push(Stream { name: name.to_owned(), sense, stats: TapStats::default(), acts: Vec::new() });
        StreamId(self.streams.len() - 1)
    }

    fn reserve(&mut self) -> ParticipantId {
        self.ids += 1;
        ParticipantId(self.ids)
    }

    /// Hears whole interleaved frames whose first is at media time `at`; returns when they are judged.
    ///
    /// # Errors
    /// A format outside the limits, or a model that is gone. What was heard before stays.
    pub fn push(
        &mut self,
        stream: StreamId,
        pcm: &[u8],
        format: AudioFormat,
        at: MediaTime,
        flags: Flags,
    ) -> Result<(), EngineError> {
        let Some(s) = self.streams.get_mut(stream.0) else { return Ok(()) };
        let frames = (pcm.len() / format.frame_bytes().max(1)) as u64;
        s.stats.frames += frames;
        if let Err(refused) = format.check() {
            s.stats.refused_frames += frames;
            let hint = "Convert the recording to 4 to 384 kHz and at most 8 channels.";
            return Err(EngineError::new(ErrorCode::FormatRefused, "capture", refused.to_string(), hint));
        }
        // A second at a time: fewer windows than may wait for their answers.
        let second = format.rate_hz as usize * format.frame_bytes();
        let mut joint = flags;
        for (i, bytes) in pcm[..frames as usize * format.frame_bytes()].chunks(second).enumerate() {
            let at = at + Duration::from_secs(i as u64);
            let block = Block { format, bytes, at, discontinuity: joint.discontinuity, filled: flags.filled };
            self.work(stream, |sense, _, ask| {
                if let Sense::Voice(voice) = sense {
                    voice.listen(&block, ask);
                }
                Ok(())
            })?;
            joint.discontinuity = false;
        }
        Ok(())
    }

    /// Counts a picture at media time `at` and says whether it is one of those that are looked at: only those need be
    /// [shown](Self::show). To be asked of every picture, in order.
    pub fn takes(&mut self, stream: StreamId, at: MediaTime) -> bool {
        let Some(s) = self.streams.get_mut(stream.0) else { return false };
        s.stats.frames += 1;
        match &mut s.sense {
            Sense::Faces { grid, .. } => grid.takes(at),
            Sense::Voice(_) => false,
        }
    }

    /// Looks at a picture; returns when it is judged.
    ///
    /// # Errors
    /// A picture outside the limits, or a model that is gone. What was seen before stays.
    pub fn show(&mut self, stream: StreamId, picture: &Picture<'_>, flags: Flags) -> Result<(), EngineError> {
        if flags.filled {
            let step = self.engine.team().sees.as_ref().map_or(Duration::ZERO, |s| s.settings.step);
            return self.gap(stream, picture.at, step);
        }
        let copy = |to: &mut Vec<u8>| {
            to.clear();
            to.extend_from_slice(picture.bytes);
            Ok(*picture.format)
        };
        let shown = self.work(stream, |sense, reserve, ask| match sense {
            Sense::Faces { faces, .. } => faces.look(picture.at, copy, reserve, ask),
            Sense::Voice(_) => Ok(()),
        });
        if let (Err(e), Some(s)) = (&shown, self.streams.get_mut(stream.0))
            && e.code == ErrorCode::FormatRefused
        {
            s.stats.refused_frames += 1;
        }
        shown
    }

    /// There is nothing to hear or see from `at` on, for so long.
    ///
    /// # Errors
    /// A model that is gone.
    pub fn gap(&mut self, stream: StreamId, at: MediaTime, duration: Duration) -> Result<(), EngineError> {
        let span = Span { from: at, to: at + duration };
        self.work(stream, |sense, reserve, ask| {
            match sense {
                Sense::Voice(voice) => voice.gap(span, ask),
                Sense::Faces { faces, .. } => faces.gap(span, Abstain::FilledIn, reserve, ask),
            }
            Ok(())
        })
    }

    /// The recording is over: what was gathered is judged, and everything fused by the rules for a call of `length`
    /// (`None`: as long as what was heard or seen).
    ///
    /// # Errors
    /// A model that is gone; a length out of range cannot happen, as it is held to at least a second.
    pub fn finish(mut self, length: Option<Duration>) -> Result<CallReport, EngineError> {
        for i in 0..self.streams.len() {
            self.work(StreamId(i), |sense, reserve, ask| {
                match sense {
                    Sense::Voice(voice) => voice.flush(ask),
                    Sense::Faces { faces, .. } => faces.flush(reserve, ask),
                }
                Ok(())
            })?;
        }
        let end = self.streams.iter().map(|s| s.sense.observed_to()).max().unwrap_or_default();
        let mut fusion = self.engine.fusion(Some(length.unwrap_or(end.since(MediaTime::ZERO))));
        fusion.begin(MediaTime::ZERO);
        let (acts, numbers) = renumber(self.streams.iter_mut().map(|s| std::mem::take(&mut s.acts)));
        fusion.advance(end, acts);
        let number = |id: ParticipantId| numbers.get(&id).copied();
        let streams = self.streams.iter().map(|s| StreamReport {
            name: s.name.clone(),
            kind: s.sense.kind(),
            participants: s.sense.participants().into_iter().filter_map(number).collect(),
            stats: s.stats,
            latency: Duration::ZERO,
            failed: s.sense.failed().map(str::to_owned),
            // A recording claims to come from no device.
            findings: Vec::new(),
        });
        let mut report = CallReport::of(&fusion, String::new(), &self.name, |_| String::new(), streams.collect());
        for s in &self.streams {
            let Sense::Faces { faces, .. } = &s.sense else { continue };
            for id in s.sense.participants() {
                report.add_thumbnails(number(id), faces.kept(id));
            }
        }
        Ok(report)
    }

    fn work(
        &mut self,
        stream: StreamId,
        work: impl FnOnce(&mut Sense, &mut dyn FnMut() -> ParticipantId, &mut Vec<Ask>) -> Result<(), String>,
    ) -> Result<(), EngineError> {
        let Self { engine, streams, ids, .. } = self;
        let Some(s) = streams.get_mut(stream.0) else { return Ok(()) };
        let mut reserve = || {
            *ids += 1;
            ParticipantId(*ids)
        };
        let mut ask = Vec::new();
        let done = work(&mut s.sense, &mut reserve, &mut ask);
        // An answer may ask again: crops follow from faces.
        while !ask.is_empty() {
            for Ask { id, task, input } in std::mem::take(&mut ask) {
                let answer = match engine.team().model(task) {
                    Some(model) => score(&**model, input, None),
                    None => Answer::Bad(format!("no model for {task:?}")),
                };
                s.sense.answer(id, &answer, &mut reserve, &mut ask);
                if let Answer::Gone(reason) = &answer {
                    return Err(EngineError::detector(reason));
                }
            }
        }
        s.sense.take(&mut s.acts);
        if let Some(reason) = s.sense.news() {
            return Err(EngineError::detector(&reason));
        }
        let hint = "Convert the recording to a picture of 16 to 8192 pixels each way.";
        done.map_err(|refused| EngineError::new(ErrorCode::FormatRefused, "capture", refused, hint))
    }
}

impl Sense {
    const fn kind(&self) -> ParticipantKind {
        match self {
            Self::Voice(_) => ParticipantKind::Voice,
            Self::Faces { .. } => ParticipantKind::Face,
        }
    }

    fn participants(&self) -> Vec<ParticipantId> {
        match self {
            Self::Voice(voice) => vec![voice.participant()],
            Self::Faces { faces, .. } => faces.participants().collect(),
        }
    }

    fn observed_to(&self) -> MediaTime {
        match self {
            Self::Voice(voice) => voice.heard_to(),
            Self::Faces { faces, .. } => faces.seen_to(),
        }
    }

    fn failed(&self) -> Option<&str> {
        match self {
            Self::Voice(voice) => voice.failed(),
            Self::Faces { faces, .. } => faces.failed(),
        }
    }

    fn news(&mut self) -> Option<String> {
        match self {
            Self::Voice(voice) => voice.news(),
            Self::Faces { faces, .. } => faces.news(),
        }
    }

    fn answer(&mut self, id: u64, answer: &Answer, reserve: &mut dyn FnMut() -> ParticipantId, ask: &mut Vec<Ask>) {
        match self {
            Self::Voice(voice) => voice.answer(id, answer),
            Self::Faces { faces, .. } => faces.answer(id, answer, reserve, ask),
        }
    }

    fn take(&mut self, acts: &mut Vec<Act>) {
        match self {
            Self::Voice(voice) => voice.take(acts),
            Self::Faces { faces, .. } => faces.take(acts),
        }
    }
}

/// All acts in order of time, those of one instant in the order of the streams, with the ids that participants have in that order: decoders run beside
/// each other, so the order in which they came is chance.
fn renumber(streams: impl Iterator<Item = Vec<Act>>) -> (Vec<Act>, BTreeMap<ParticipantId, ParticipantId>) {
    let mut acts: Vec<Act> = streams.flatten().collect();
    acts.sort_by_key(|a| a.at);
    let mut numbers = BTreeMap::new();
    for act in &acts {
        if matches!(act.what, Doing::Join { .. }) {
            let next = ParticipantId(numbers.len() as u32 + 1);
            numbers.entry(act.participant).or_insert(next);
        }
    }
    for act in &mut acts {
        let Some(number) = numbers.get(&act.participant).copied() else { continue };
        act.participant = number;
        if let Doing::Observe(observation) = &mut act.what {
            match observation {
                Observation::Evidence(e) => e.subject = number,
                Observation::Abstention(a) => a.subject = number,
            }
        }
    }
    (acts, numbers)
}
