//! A door: what a guest's offer opens, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callguard_core::ParticipantKind;
use gst::prelude::*;
use gstreamer as gst;
use uuid::Uuid;

use super::server::Server;
use super::{offer, session};
use crate::capture::Guard;
use crate::capture::contribution::OnSaid;
use crate::capture::provenance::{Said, sender};
use crate::trouble::{Stage, Trouble, code};

/// Opens a door once: 122 random bits, or what was agreed on.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    pub fn new(agreed: Option<&str>) -> Self {
        Self(agreed.map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned))
    }

    /// In a time that does not tell how much of it is right.
    fn is(&self, other: &str) -> bool {
        let (mine, theirs) = (self.0.as_bytes(), other.as_bytes());
        mine.len() == theirs.len() && mine.iter().zip(theirs).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Why an offer is not answered.
#[derive(Debug)]
pub enum Refused {
    /// The token is another one, or was used.
    Token,
    /// What is wrong with the offer.
    Offer(String),
    /// It cannot be answered here.
    Broken(String),
}

/// What is behind a name: one guest's `webrtcbin`.
pub struct Door {
    pub id: Uuid,
    /// Unguessable too: who knows it may end the session.
    pub session: Uuid,
    pub token: Token,
    used: AtomicBool,
    webrtc: gst::glib::WeakRef<gst::Element>,
    pipeline: gst::glib::WeakRef<gst::Pipeline>,
    guard: Guard,
    said: OnSaid,
}

impl Door {
    pub fn new(webrtc: &gst::Element, pipeline: &gst::Pipeline, guard: &Guard, said: OnSaid, token: Token) -> Self {
        Self {
            id: Uuid::new_v4(),
            session: Uuid::new_v4(),
            token,
            used: AtomicBool::new(false),
            webrtc: webrtc.downgrade(),
            pipeline: pipeline.downgrade(),
            guard: guard.clone(),
            said,
        }
    }

    /// Answers the offer of who has the token, and names itself `agent`. An offer that cannot be understood leaves the token good.
    pub async fn enter(&self, token: &str, agent: &str, text: &str) -> Result<String, Refused> {
        if !self.token.is(token) || self.used.load(Ordering::Acquire) {
            return Err(Refused::Token);
        }
        let offer = offer::admit(text, |kind| super::wants(&self.guard, kind)).map_err(Refused::Offer)?;
        if self.used.swap(true, Ordering::AcqRel) {
            return Err(Refused::Token);
        }
        let webrtc = self.webrtc.upgrade().ok_or(Refused::Token)?;
        for kind in [ParticipantKind::Face, ParticipantKind::Voice] {
            (self.said)(kind, Said::Sender(sender(agent, text)));
        }
        let limit = self.guard.limits().open_timeout;
        match session::answer(&webrtc, &offer, limit).await {
            Ok(answer) => {
                self.expect(limit);
                Ok(answer)
            }
            Err(what) => {
                self.guard.note(self.fail(code::NETWORK, &what));
                Err(Refused::Broken(what))
            }
        }
    }

    /// A guest who was answered and does not come is a failure, and the next one is let in.
    fn expect(&self, limit: Duration) {
        let (webrtc, guard) = (self.webrtc.clone(), self.guard.clone());
        let late = self.fail(
            code::OPEN_TIMEOUT,
            &format!("was answered, and did not connect within {:.1} s", limit.as_secs_f64()),
        );
        tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            if webrtc.upgrade().is_some_and(|webrtc| !session::is_connected(&webrtc)) {
                guard.note(late);
            }
        });
    }

    fn fail(&self, code: &str, what: &str) -> Trouble {
        let hint = "A firewall between the two may be why: WebRTC needs UDP from the guest to this machine, or a TURN server (turn=).";
        Trouble::new(code, Stage::Open, format!("{}: {what}", self.guard.shown()), hint)
    }

    /// Ends the session, if that is its name.
    pub fn end(&self, session: &str) -> bool {
        let ends = Uuid::parse_str(session).is_ok_and(|id| id == self.session) && self.used.load(Ordering::Acquire);
        if ends
            && let Some(pipeline) = self.pipeline.upgrade()
            && let Some(bus) = pipeline.bus()
        {
            let _ = bus.post(gst::message::Eos::builder().src(&pipeline).build());
        }
        ends
    }
}

/// Keeps a door open; closed when it is dropped.
pub struct Held {
    pub(super) server: Arc<Server>,
    pub(super) name: String,
    pub(super) door: Arc<Door>,
}

impl Held {
    /// What a guest opens in a browser, while it is good. The token is in the part of an address that browsers send nobody.
    #[must_use]
    pub fn link(&self) -> Option<String> {
        let good = !self.door.used.load(Ordering::Acquire);
        good.then(|| format!("{}/{}#{}", self.server.origin(), self.name, self.door.token.text()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.server.close(&self.name, self.door.id);
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("name", &self.name).finish_non_exhaustive()
    }
}
