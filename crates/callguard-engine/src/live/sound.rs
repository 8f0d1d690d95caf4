//! An audio stream: blocks from its queue to the one voice in it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use callguard_audio::Block as Heard;
use callguard_core::{MediaTime, ParticipantId, ParticipantKind, Span};

use super::clock::{Next, StreamClock};
use super::stream::{Stream, is_due};
use crate::capture::{Block, Control, StreamQueue, What};
use crate::detect::{Answer, Ask, Detector, Voice};
use crate::fuse::{Act, Fusion};
use crate::report::StreamReport;

/// Blocks of one stream in one turn: two seconds, then another call has its turn.
const BLOCKS_A_TURN: usize = 20;

pub(super) struct Sound {
    name: String,
    queue: Arc<StreamQueue>,
    detector: Detector,
    /// Seated by the first sample.
    voice: Option<Voice>,
    /// The next block's number; another one means that blocks were lost.
    next_seq: u64,
    control: Option<Control>,
    clock: StreamClock,
    latency: Duration,
    ended: bool,
}

impl Sound {
    pub(super) fn new(name: &str, queue: Arc<StreamQueue>, detector: Detector) -> Self {
        Self {
            name: name.to_owned(),
            queue,
            detector,
            voice: None,
            next_seq: 0,
            control: None,
            clock: StreamClock::default(),
            latency: Duration::ZERO,
            ended: false,
        }
    }

    /// Does what was announced, once the blocks before it were heard.
    fn control(&mut self, fusion: &Fusion, ask: &mut Vec<Ask>) {
        loop {
            let Some(control) = self.control.take().or_else(|| self.queue.door.next_control()) else { return };
            if !is_due(&control, self.next_seq, self.queue.is_drained()) {
                self.control = Some(control);
                return;
            }
            let Some(voice) = &mut self.voice else { continue };
            match control.what {
                What::Epoch(reason) => {
                    self.ended = false;
                    let at = voice.heard_to().max(fusion.now());
                    tracing::info!(stage = "capture", stream = %self.name, ?reason, "judged anew");
                    voice.begin_epoch(reason, at, ask);
                }
                What::End => {
                    self.ended = true;
                    voice.flush(ask);
                }
            }
        }
    }

    /// Hears one block; the first seats a voice.
    fn hear(&mut self, block: &Block, others: bool, fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        let lost = block.seq != self.next_seq;
        self.next_seq = block.seq + 1;
        self.latency = block.pushed.elapsed();
        let next = Next {
            stream: &self.name,
            at: block.at,
            cut: block.discontinuity || lost,
            pushed: block.pushed,
            observed_to: self.voice.as_ref().map(Voice::heard_to),
            others,
        };
        let (at, cut) = self.clock.place(&next, fusion);
        let voice = self.voice.get_or_insert_with(|| {
            let mixed = self.queue.mixed.load(Ordering::Relaxed);
            Voice::new(fusion.reserve(), self.detector.clone(), mixed, at)
        });
        if block.pcm.is_empty() {
            voice.gap(Span { from: at, to: at + block.duration }, ask);
        } else {
            let heard = Heard { format: block.format, bytes: &block.pcm, at, discontinuity: cut, filled: block.filled };
            voice.listen(&heard, ask);
        }
    }
}

impl Stream for Sound {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> ParticipantKind {
        ParticipantKind::Voice
    }

    fn is_live(&self) -> bool {
        self.voice.is_some() && !self.ended && self.clock.is_live()
    }

    fn is_lost(&self) -> bool {
        self.voice.is_some() && self.clock.is_lost(self.ended)
    }

    fn is_drained(&self) -> bool {
        self.queue.is_drained()
    }

    fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn observe(&mut self, others: bool, fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        for _ in 0..BLOCKS_A_TURN {
            self.control(fusion, ask);
            let Some(block) = self.queue.take() else { break };
            self.hear(&block, others, fusion, ask);
            self.queue.top_up(block.pcm.capacity());
            self.queue.recycle(block);
        }
        self.control(fusion, ask);
    }

    fn flush(&mut self, _fusion: &mut Fusion, ask: &mut Vec<Ask>) {
        if let Some(voice) = &mut self.voice {
            voice.flush(ask);
        }
    }

    fn answer(&mut self, id: u64, answer: &Answer, _fusion: &mut Fusion, _ask: &mut Vec<Ask>) {
        if let Some(voice) = &mut self.voice {
            voice.answer(id, answer);
            self.queue.counters.late_windows.store(voice.late(), Ordering::Relaxed);
        }
    }

    fn take(&mut self, acts: &mut Vec<Act>) {
        if let Some(voice) = &mut self.voice {
            voice.take(acts);
        }
    }

    fn decided_to(&self) -> Option<MediaTime> {
        let voice = self.voice.as_ref().filter(|voice| !voice.waits())?;
        Some(self.clock.decided_to(voice.heard_to()))
    }

    fn running(&self, at: MediaTime) -> MediaTime {
        self.clock.running(at)
    }

    fn participants(&self) -> Vec<ParticipantId> {
        self.voice.iter().map(Voice::participant).collect()
    }

    fn failed(&self) -> Option<&str> {
        self.voice.as_ref().and_then(Voice::failed)
    }

    fn news(&mut self) -> Option<String> {
        self.voice.as_mut().and_then(Voice::news)
    }

    fn dropped(&self) -> u64 {
        let stats = self.queue.stats();
        stats.dropped_frames + stats.refused_frames
    }

    fn report(&self) -> StreamReport {
        StreamReport {
            name: self.name.clone(),
            kind: self.kind(),
            participants: self.participants(),
            stats: self.queue.stats(),
            latency: self.latency,
            failed: self.failed().map(str::to_owned),
            findings: Vec::new(),
        }
    }
}
