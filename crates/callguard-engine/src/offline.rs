//! A call that is over before it is judged: a recording, heard where it is called, as fast as the machine can.

use std::time::Duration;

use callguard_audio::Block;
use callguard_core::{MediaTime, ParticipantKind, Span};

use crate::AudioFormat;
use crate::capture::{Flags, TapStats};
use crate::detect::{Answer, Voice, Window, score};
use crate::engine::Engine;
use crate::error::{EngineError, ErrorCode};
use crate::fuse::{Act, Fusion};
use crate::report::{CallReport, StreamReport};

/// One of an [`OfflineCall`]'s streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamId(usize);

struct Stream {
    name: String,
    voice: Voice,
    frames: u64,
    refused: u64,
}

/// A recording being heard. Nothing is dropped and nothing runs beside: the numbers are the same on any machine and in any run.
///
/// What is observed is kept, and fused in [`finish`](Self::finish): only then is it known how long the recording is, and its promise is that of
/// a call of its own length.
pub struct OfflineCall {
    engine: Engine,
    name: String,
    streams: Vec<Stream>,
    acts: Vec<Act>,
    joins: Fusion,
}

impl OfflineCall {
    pub(crate) fn new(engine: Engine, name: &str) -> Self {
        let joins = engine.fusion(None);
        Self { engine, name: name.to_owned(), streams: Vec::new(), acts: Vec::new(), joins }
    }

    /// A voice that begins at media time zero.
    pub fn audio(&mut self, name: &str) -> StreamId {
        let (participant, _) = self.joins.join(ParticipantKind::Voice, MediaTime::ZERO);
        let voice = Voice::new(participant, self.engine.detector().clone(), MediaTime::ZERO);
        self.streams.push(Stream { name: name.to_owned(), voice, frames: 0, refused: 0 });
        StreamId(self.streams.len() - 1)
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
        s.frames += frames;
        if let Err(refused) = format.check() {
            s.refused += frames;
            let hint = "Convert the recording to 4 to 384 kHz and at most 8 channels.";
            return Err(EngineError::new(ErrorCode::FormatRefused, "capture", refused.to_string(), hint));
        }
        // A second at a time: fewer windows than may wait for their answers.
        let second = format.rate_hz as usize * format.frame_bytes();
        let mut joint = flags;
        for (i, bytes) in pcm[..frames as usize * format.frame_bytes()].chunks(second).enumerate() {
            let at = at + Duration::from_secs(i as u64);
            let block = Block { format, bytes, at, discontinuity: joint.discontinuity, filled: flags.filled };
            self.work(stream, |voice, ask| voice.listen(&block, ask))?;
            joint.discontinuity = false;
        }
        Ok(())
    }

    /// There is nothing to hear from `at` on, for so long.
    ///
    /// # Errors
    /// A model that is gone.
    pub fn gap(&mut self, stream: StreamId, at: MediaTime, duration: Duration) -> Result<(), EngineError> {
        self.work(stream, |voice, ask| voice.gap(Span { from: at, to: at + duration }, ask))
    }

    /// The recording is over: what was gathered is judged, and everything fused by the rules for a call of `length`
    /// (`None`: as long as what was heard).
    ///
    /// # Errors
    /// A model that is gone; a length out of range cannot happen, as it is held to at least a second.
    pub fn finish(mut self, length: Option<Duration>) -> Result<CallReport, EngineError> {
        for i in 0..self.streams.len() {
            self.work(StreamId(i), Voice::flush)?;
        }
        let end = self.streams.iter().map(|s| s.voice.heard_to()).max().unwrap_or_default();
        let mut fusion = self.engine.fusion(Some(length.unwrap_or(end.since(MediaTime::ZERO))));
        for _ in &self.streams {
            fusion.join(ParticipantKind::Voice, MediaTime::ZERO);
        }
        fusion.advance(end, self.acts);
        let streams = self.streams.iter().map(|s| StreamReport {
            name: s.name.clone(),
            participant: Some(s.voice.participant()),
            stats: TapStats { frames: s.frames, refused_frames: s.refused, ..TapStats::default() },
            latency: Duration::ZERO,
            failed: s.voice.failed().map(str::to_owned),
        });
        Ok(CallReport::of(&fusion, String::new(), &self.name, |_| String::new(), streams.collect()))
    }

    fn work(&mut self, stream: StreamId, work: impl FnOnce(&mut Voice, &mut Vec<Window>)) -> Result<(), EngineError> {
        let Some(s) = self.streams.get_mut(stream.0) else { return Ok(()) };
        let mut ask = Vec::new();
        work(&mut s.voice, &mut ask);
        for window in ask {
            let answer = score(&*self.engine.detector().model, window.samples, None);
            let gone = if let Answer::Gone(reason) = &answer { Some(EngineError::detector(reason)) } else { None };
            s.voice.answer(window.id, &answer);
            if let Some(gone) = gone {
                return Err(gone);
            }
        }
        s.voice.take(&mut self.acts);
        s.voice.news().map_or(Ok(()), |reason| Err(EngineError::detector(&reason)))
    }
}
