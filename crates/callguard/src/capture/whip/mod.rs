//! WebRTC from a browser or any other WHIP sender (RFC 9725): a door for each guest, and a token that opens it once.

pub mod description;
mod door;
mod offer;
mod server;
mod session;

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;

use gst::prelude::*;
use gstreamer as gst;
use url::Url;

use super::contribution::{JITTER_MS, OnDecoder, OnSaid};
use super::element::make;
use super::{Guard, Kinds};
use crate::trouble::{Stage, Trouble, code};
pub use door::Held;
use door::{Door, Token};
use server::Server;

const FORM: &str = "Write whip://ADDRESS:PORT/NAME; after ? may stand cert=, key=, token=, stun=, turn=, joined by &.";

/// Where guests come in, and what they need to.
#[derive(Clone, PartialEq, Eq)]
pub struct Whip {
    address: SocketAddr,
    name: String,
    /// Certificate chain and key, PEM.
    tls: Option<(PathBuf, PathBuf)>,
    /// The first guest's, where it was agreed on before.
    token: Option<String>,
    /// `stun://HOST:PORT`; nothing is asked where it is not set.
    stun: Option<String>,
    /// `turn://USER:PASSWORD@HOST:PORT`.
    turn: Option<String>,
}

// By hand: neither a token nor a password belongs in a log.
impl std::fmt::Debug for Whip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whip").field("address", &self.address).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Whip {
    /// Reads `whip://…`.
    ///
    /// # Errors
    /// [`code::CONFIG`] for what cannot be a door, or would listen to others in the clear.
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let shown = text.split('?').next().unwrap_or_default();
        let wrong = |what: &dyn std::fmt::Display, hint: &str| {
            Trouble::new(code::CONFIG, Stage::Configure, format!("{shown}: {what}"), hint)
        };
        let url = Url::parse(text).map_err(|e| wrong(&e, FORM))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port().filter(|port| *port > 0).ok_or_else(|| wrong(&"no port", FORM))?;
        let address = match host {
            "localhost" => (host, port).to_socket_addrs().ok().and_then(|mut all| all.next()),
            _ => host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port)),
        };
        let address = address.ok_or_else(|| {
            wrong(&"that is no address of this machine", "127.0.0.1 is this machine alone, 0.0.0.0 all its addresses.")
        })?;
        let name = url.path().trim_matches('/').to_owned();
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(fine) {
            return Err(wrong(&"the name has 1 to 64 letters, digits, -, _ or .", FORM));
        }
        let (mut cert, mut key) = (None, None);
        let mut whip = Self { address, name, tls: None, token: None, stun: None, turn: None };
        for (option, value) in url.query_pairs() {
            match (&*option, &*value) {
                ("cert", file) if !file.is_empty() => cert = Some(PathBuf::from(file)),
                ("key", file) if !file.is_empty() => key = Some(PathBuf::from(file)),
                ("token", token) if token.len() >= 16 && token.chars().all(fine) => whip.token = Some(token.to_owned()),
                ("token", _) => return Err(wrong(&"a token has at least 16 letters, digits, -, _ or .", FORM)),
                ("stun", server) if !server.is_empty() => whip.stun = Some(format!("stun://{server}")),
                ("turn", server) if server.contains('@') => whip.turn = Some(format!("turn://{server}")),
                (option, _) => return Err(wrong(&format!("{option}= is not understood"), FORM)),
            }
        }
        whip.tls = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => return Err(wrong(&"cert= and key= go together", FORM)),
        };
        if whip.tls.is_none() && !whip.address.ip().is_loopback() {
            let hint = "Add cert=FILE&key=FILE (PEM), or listen on 127.0.0.1 behind a proxy that speaks TLS.";
            return Err(wrong(&"beyond this machine it needs TLS: browsers give no camera to a page without", hint));
        }
        Ok(whip)
    }

    /// What its streams are called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds what receives to the pipeline and opens the door to one guest; each of the guest's streams gets a decoder, which `with` is told of,
    /// and `said` of who sends and how the clock of the pictures runs.
    ///
    /// # Errors
    /// Where an element is missing, the address cannot be listened on, or the door is open already.
    pub fn open(
        &self,
        pipeline: &gst::Pipeline,
        guard: &Guard,
        with: OnDecoder,
        said: OnSaid,
    ) -> Result<Held, Trouble> {
        // webrtcbin is made without it, and then does nothing.
        make("nicesrc")?;
        let webrtc = make("webrtcbin")?;
        webrtc.set_property_from_str("bundle-policy", "max-bundle");
        webrtc.set_property("latency", JITTER_MS);
        if let Some(stun) = &self.stun {
            webrtc.set_property("stun-server", stun);
        }
        if let Some(turn) = &self.turn {
            webrtc.set_property("turn-server", turn);
        }
        session::receive(&webrtc, pipeline, guard, with, Arc::clone(&said));
        pipeline.add(&webrtc).map_err(|e| Trouble::defect(Stage::Open, e.to_string()))?;
        let server = Server::at(self.address, self.tls.as_ref())?;
        let token = Token::new(self.token.as_deref());
        server.open(&self.name, Door::new(&webrtc, pipeline, guard, said, token))
    }
}

/// What of an offer is wanted.
fn wants(guard: &Guard, kind: &str) -> bool {
    let Kinds { sound, pictures } = guard.wanted();
    match kind {
        "audio" => sound,
        "video" => pictures,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Whip::parse(text).unwrap_err().message
    }

    #[test]
    fn a_door_has_an_address_and_a_name() {
        let whip = Whip::parse("whip://127.0.0.1:8190/desk-1?token=0123456789abcdef&stun=stun.example:3478").unwrap();
        assert_eq!((whip.address.to_string().as_str(), whip.name()), ("127.0.0.1:8190", "desk-1"));
        assert_eq!(whip.stun.as_deref(), Some("stun://stun.example:3478"));
        assert!(!format!("{whip:?}").contains("0123456789"));
        assert!(Whip::parse("whip://[::1]:8190/a").is_ok() && Whip::parse("whip://localhost:8190/a").is_ok());
        assert!(Whip::parse("whip://0.0.0.0:8190/a?cert=c.pem&key=k.pem").is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, what) in [
            ("whip://127.0.0.1/a", "no port"),
            ("whip://desk.example:1/a", "no address of this machine"),
            ("whip://127.0.0.1:1/", "1 to 64"),
            ("whip://127.0.0.1:1/a/b", "1 to 64"),
            ("whip://0.0.0.0:1/a", "it needs TLS"),
            ("whip://0.0.0.0:1/a?cert=x", "go together"),
            ("whip://127.0.0.1:1/a?token=short", "at least 16"),
            ("whip://127.0.0.1:1/a?colour=red", "colour= is not understood"),
        ] {
            assert!(message(text).contains(what), "{text}: {}", message(text));
        }
    }
}
