//! From the pipeline to the call: what was found, by whoever found it, to the one who asks now and then.

use std::collections::BTreeMap;

use callguard_core::{Finding, Found, ParticipantKind};
use callguard_engine::Origin;
use crossbeam_channel::{Receiver, Sender, bounded};

/// Messages that may wait: each of a source's streams says a handful in all.
const WAITING: usize = 256;

/// What one of those who look has to say of a stream. A newer word of the same one replaces the older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// What device it is.
    Device(Option<Found>),
    /// What its pictures are like, and what they are to be looked at for.
    Format(Option<Found>, Vec<Finding>),
    /// How its clock runs.
    Clock(Found),
    /// Who sends it.
    Sender(Vec<Found>),
}

type Stream = (String, &'static str);

/// Says it; never waits, so that a streaming thread may.
#[derive(Clone, Debug)]
pub struct Tell(Sender<(String, ParticipantKind, Said)>);

impl Tell {
    /// Of a stream.
    pub fn say(&self, stream: &str, kind: ParticipantKind, said: Said) {
        if self.0.try_send((stream.to_owned(), kind, said)).is_err() {
            tracing::debug!(stage = "capture", stream, "a finding about its origin was not heard");
        }
    }
}

/// Collects what is said of one opening of a source.
#[derive(Debug)]
pub struct Inquiry {
    tell: Tell,
    heard: Receiver<(String, ParticipantKind, Said)>,
    known: BTreeMap<Stream, Known>,
}

#[derive(Debug, Default)]
struct Known {
    device: Option<Found>,
    format: Option<Found>,
    clock: Vec<Found>,
    sender: Vec<Found>,
    looked_for: Vec<Finding>,
}

impl Default for Inquiry {
    fn default() -> Self {
        let (sender, heard) = bounded(WAITING);
        Self { tell: Tell(sender), heard, known: BTreeMap::new() }
    }
}

impl Inquiry {
    /// A way to say something.
    #[must_use]
    pub fn tell(&self) -> Tell {
        self.tell.clone()
    }

    /// What is known now of each stream of which something was said since it was asked last.
    pub fn news(&mut self) -> Vec<(String, ParticipantKind, Origin)> {
        let mut changed: Vec<(String, ParticipantKind)> = Vec::new();
        for (stream, kind, said) in self.heard.try_iter() {
            let known = self.known.entry((stream.clone(), kind.as_str())).or_default();
            match said {
                Said::Device(found) => known.device = found,
                Said::Format(found, looked_for) => (known.format, known.looked_for) = (found, looked_for),
                Said::Clock(found) => known.clock.push(found),
                Said::Sender(found) => known.sender = found,
            }
            if !changed.iter().any(|(s, k)| (s, *k) == (&stream, kind)) {
                changed.push((stream, kind));
            }
        }
        let origin = |(stream, kind): (String, ParticipantKind)| {
            let known = self.known.get(&(stream.clone(), kind.as_str()))?;
            let found = known.device.iter().chain(&known.format).chain(&known.clock).chain(&known.sender);
            Some((stream, kind, Origin { found: found.cloned().collect(), looked_for: known.looked_for.clone() }))
        };
        changed.into_iter().filter_map(origin).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_adds_up_and_is_told_once() {
        let mut inquiry = Inquiry::default();
        let (tell, found) = (inquiry.tell(), |finding| Found { finding, detail: String::new() });
        assert_eq!(inquiry.news(), []);
        tell.say("camera", ParticipantKind::Face, Said::Device(Some(found(Finding::VirtualCamera))));
        tell.say("camera", ParticipantKind::Face, Said::Format(None, vec![Finding::FileLoop]));
        let news = inquiry.news();
        assert_eq!((news.len(), news[0].2.found.len(), news[0].2.looked_for.len()), (1, 1, 1));
        tell.say("camera", ParticipantKind::Face, Said::Clock(found(Finding::SteadyClock)));
        assert_eq!(inquiry.news()[0].2.found.len(), 2, "the device is still what it is");
        assert_eq!(inquiry.news(), []);
    }
}
