//! The speech that windows are cut from.

use std::collections::VecDeque;
use std::time::Duration;

use callguard_core::{Abstain, MediaTime, Span};

use super::Heard;
use super::known::{Announcements, Place};
use crate::gate::{BANDS, Judged};
use crate::{FRAME, RATE_HZ, WINDOW};

/// A frame of speech.
pub(crate) struct Held {
    samples: [f32; FRAME],
    len: usize,
    span: Span,
    judged: bool,
    pub full_scale: f32,
    pub compared: u16,
    pub repeated: u16,
    pub level_db: f32,
    pub bands: [f32; BANDS],
    pub held: bool,
    pub peaks: f32,
}

impl Held {
    pub(crate) fn new(judged: Judged) -> Self {
        let Judged { frame, look, held, .. } = judged;
        Self {
            samples: frame.samples,
            len: frame.len,
            span: frame.span,
            judged: false,
            full_scale: frame.full_scale,
            compared: frame.compared,
            repeated: frame.repeated,
            level_db: look.level_db,
            bands: look.bands,
            held,
            peaks: look.peaks,
        }
    }

    pub(crate) fn from(&self) -> MediaTime {
        self.span.from
    }

    /// Whether a window had it.
    pub(crate) fn judged(&self) -> bool {
        self.judged
    }
}

/// Frames of speech, oldest first, pauses taken out.
#[derive(Default)]
pub(crate) struct Speech {
    frames: VecDeque<Held>,
    net: usize,
    fresh: usize,
    playing: Option<Place>,
}

pub(crate) fn duration(samples: usize) -> Duration {
    MediaTime::from_frames(samples as u64, RATE_HZ).since(MediaTime::ZERO)
}

impl Speech {
    pub(crate) fn push(&mut self, held: Held) {
        self.net += held.len;
        if !held.judged {
            self.fresh += held.len;
        }
        self.frames.push_back(held);
    }

    pub(crate) fn frames(&self) -> impl Iterator<Item = &Held> {
        self.frames.iter()
    }

    pub(crate) fn net(&self) -> Duration {
        duration(self.net)
    }

    pub(crate) fn fresh(&self) -> Duration {
        duration(self.fresh)
    }

    pub(crate) fn oldest(&self) -> Option<MediaTime> {
        self.frames.front().map(|f| f.span.from)
    }

    pub(crate) fn span(&self) -> Option<Span> {
        Some(Span { from: self.frames.front()?.span.from, to: self.frames.back()?.span.to })
    }

    pub(crate) fn fresh_span(&self) -> Option<Span> {
        Some(Span { from: self.frames.iter().find(|f| !f.judged)?.span.from, to: self.frames.back()?.span.to })
    }

    pub(crate) fn mark_judged(&mut self) {
        self.frames.iter_mut().for_each(|f| f.judged = true);
        self.fresh = 0;
    }

    /// Lets go of what is more than `samples` back.
    pub(crate) fn keep_last(&mut self, samples: usize) {
        while self.net > samples {
            let Some(gone) = self.pop() else { return };
            debug_assert!(gone.judged || self.net + gone.len - samples <= 3 * FRAME, "unheard speech was let go");
        }
    }

    /// Lets go of speech that ended before `time`. Where no window had it, there was too little of it.
    pub(crate) fn drop_before(&mut self, time: MediaTime, out: &mut Vec<Heard>) {
        let mut lost = Lost { span: None, reason: Abstain::TooShort };
        while self.frames.front().is_some_and(|f| f.span.to < time) {
            let Some(gone) = self.pop() else { return };
            lost.add(&gone, out);
        }
        lost.tell(out);
    }

    /// Lets go of what is an announcement, so that a person's speech is joined with none of it.
    pub(crate) fn drop_announcements(&mut self, announcements: &Announcements, out: &mut Vec<Heard>) {
        let known = announcements.recognise(self.frames.make_contiguous(), &mut self.playing);
        let mut lost = Lost { span: None, reason: Abstain::SystemSound };
        for known in known {
            let Some(frame) = self.pop() else { return };
            if known { lost.add(&frame, out) } else { self.push(frame) }
        }
        lost.tell(out);
    }

    /// The speech, repeated from its begin to a full window.
    pub(crate) fn tiled(&self) -> Vec<f32> {
        let mut samples = Vec::with_capacity(WINDOW);
        for frame in &self.frames {
            samples.extend_from_slice(&frame.samples[..frame.len]);
        }
        let net = samples.len();
        while samples.len() < WINDOW && net > 0 {
            let more = net.min(WINDOW - samples.len());
            samples.extend_from_within(..more);
        }
        samples.truncate(WINDOW);
        samples
    }

    fn pop(&mut self) -> Option<Held> {
        let gone = self.frames.pop_front()?;
        self.net -= gone.len;
        if !gone.judged {
            self.fresh -= gone.len;
        }
        Some(gone)
    }
}

/// Frames let go of, told in stretches without a gap.
struct Lost {
    span: Option<Span>,
    reason: Abstain,
}

impl Lost {
    fn add(&mut self, gone: &Held, out: &mut Vec<Heard>) {
        match &mut self.span {
            _ if gone.judged => {}
            Some(span) if span.to == gone.span.from => span.to = gone.span.to,
            _ => {
                self.tell(out);
                self.span = Some(gone.span);
            }
        }
    }

    fn tell(&mut self, out: &mut Vec<Heard>) {
        out.extend(self.span.take().map(|span| Heard::Abstained { span, reason: self.reason }));
    }
}
