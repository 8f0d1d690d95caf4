//! A stretch without speech, told as one.

use std::time::Duration;

use callguard_core::{Abstain, Span};

/// Consecutive frames without speech. A room near the limit of silence changes its reason from frame to frame: the stretch is told by the
/// reason that most of it has. Only what was filled in is kept apart, to the frame: that is a fact and not a judgement.
pub(crate) struct Quiet {
    pub span: Span,
    reasons: Vec<(Abstain, Duration)>,
}

impl Quiet {
    pub(crate) fn new(span: Span, reason: Abstain) -> Self {
        Self { span, reasons: vec![(reason, span.duration())] }
    }

    pub(crate) fn takes(&self, reason: Abstain) -> bool {
        let filled = self.reasons.iter().any(|(r, _)| *r == Abstain::FilledIn);
        filled == (reason == Abstain::FilledIn)
    }

    pub(crate) fn extend(&mut self, span: Span, reason: Abstain) {
        self.span.to = span.to;
        match self.reasons.iter_mut().find(|(r, _)| *r == reason) {
            Some((_, sum)) => *sum += span.duration(),
            None => self.reasons.push((reason, span.duration())),
        }
    }

    /// The reason of most of it; of two with the same share, the one that sorts first.
    pub(crate) fn reason(&self) -> Abstain {
        let most = self.reasons.iter().max_by_key(|(reason, sum)| (*sum, std::cmp::Reverse(*reason)));
        // `new` puts one in.
        most.map_or(Abstain::NoSpeech, |(reason, _)| *reason)
    }
}
