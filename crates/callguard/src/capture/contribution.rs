//! Contribution feeds: SRT, RTMP, RTSP, HLS, RTP that an SDP file describes, WebRTC, and NDI.

use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use callguard_core::ParticipantKind;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_sdp::SDPMessage;
use url::{Url, form_urlencoded};

use super::element::make;
use super::guard::caps_trouble;
use super::provenance::Said;
use super::whip::{Held, Whip};
use super::{Guard, hls};
use crate::trouble::{Stage, Trouble, code};

/// Where a passphrase may stand instead of the command line, which every user of a machine can read.
pub const PASSPHRASE: &str = "CALLGUARD_SRT_PASSPHRASE";
/// What SRT holds back to have lost packets sent again, milliseconds: the library's own 120, a network's round trip a few times over.
const SRT_LATENCY_MS: u32 = 120;
/// How soon SRT notices that it is to stop, milliseconds.
const SRT_POLL_MS: i32 = 100;
/// What a jitter buffer holds back, milliseconds.
pub(super) const JITTER_MS: u32 = 100;
/// Three pieces of ten seconds, which is as long as senders make them.
const LEAD: Duration = Duration::from_secs(30);
/// Largest SDP file, bytes.
const LARGEST_SDP: u64 = 64 << 10;

/// Takes each decoder as it comes.
pub type OnDecoder = Arc<dyn Fn(&gst::Element) + Send + Sync>;
/// Takes what is found out about where a feed's streams come from.
pub type OnSaid = Arc<dyn Fn(ParticipantKind, Said) + Send + Sync>;

/// Sound and pictures that somebody sends, or gives on request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    /// SRT.
    Srt(Srt),
    /// RTMP, pulled from a server.
    Rtmp(Url),
    /// RTSP, pulled from a server or camera over TCP.
    Rtsp(Url),
    /// The playlist of an HTTP live stream.
    Hls(Url),
    /// RTP to ports of this machine, as this SDP file tells.
    Rtp(PathBuf),
    /// WebRTC, from a browser or another WHIP sender.
    Whip(Whip),
    /// NDI, by the sender's name.
    Ndi(String),
}

/// One end of an SRT connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Srt {
    /// `None`: any address of this machine.
    host: Option<String>,
    port: u16,
    listens: bool,
    passphrase: Option<String>,
    stream: Option<String>,
    latency_ms: u32,
}

// By hand: a passphrase does not belong in a log.
impl std::fmt::Debug for Srt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secret = self.passphrase.as_ref().map(|_| "…");
        f.debug_struct("Srt").field("uri", &self.uri()).field("passphrase", &secret).finish_non_exhaustive()
    }
}

impl Feed {
    /// Reads an argument; `None` where it names no feed. Its scheme must be among `schemes`.
    ///
    /// # Errors
    /// [`code::SCHEME`] for one that is not allowed here, [`code::CONFIG`] for what cannot be a feed, and what is wrong with an SDP file.
    pub fn parse(argument: &OsStr, schemes: &[String]) -> Result<Option<Self>, Trouble> {
        let Some((text, scheme, rest)) =
            argument.to_str().and_then(|t| t.split_once(':').map(|(s, rest)| (t, s, rest)))
        else {
            return Ok(None);
        };
        let address = rest.strip_prefix("//");
        let kind = match (scheme, address) {
            ("srt" | "rtmp" | "rtmps" | "rtsp" | "rtsps" | "whip", Some(_)) | ("rtp" | "ndi", None)
                if !rest.is_empty() =>
            {
                scheme
            }
            ("http" | "https", Some(_)) if is_playlist(text) => scheme,
            _ => return Ok(None),
        };
        if !schemes.iter().any(|s| s == kind) {
            let hint =
                format!("Schemes that this command opens: {}. capture.watch_schemes says which.", schemes.join(", "));
            return Err(Trouble::new(
                code::SCHEME,
                Stage::Open,
                format!("{text}: scheme {kind} is not allowed here"),
                hint,
            ));
        }
        let url = || {
            const FORM: &str = "Write rtmp://HOST/APP/STREAM, rtsp://HOST/PATH or https://HOST/PATH.m3u8.";
            let url = Url::parse(text).map_err(|e| wrong(text, &e, FORM))?;
            if url.host_str().is_none_or(str::is_empty) { Err(wrong(text, &"no host", FORM)) } else { Ok(url) }
        };
        Ok(Some(match (kind, address) {
            ("srt", Some(address)) => Self::Srt(Srt::parse(text, address)?),
            ("whip", _) => Self::Whip(Whip::parse(text)?),
            ("ndi", _) => Self::Ndi(rest.to_owned()),
            ("rtmp" | "rtmps", _) => Self::Rtmp(url()?),
            ("http" | "https", _) => Self::Hls(url()?),
            ("rtp", _) => {
                let file = PathBuf::from(rest);
                medias(&file)?;
                Self::Rtp(file)
            }
            _ => Self::Rtsp(url()?),
        }))
    }

    /// What its streams are called.
    #[must_use]
    pub fn name(&self) -> String {
        let last = |url: &Url| {
            url.path_segments().and_then(|mut s| s.next_back().map(str::to_owned)).filter(|s| !s.is_empty())
        };
        match self {
            Self::Srt(srt) => srt.stream.clone().unwrap_or_else(|| format!("srt-{}", srt.port)),
            Self::Rtmp(url) | Self::Rtsp(url) => last(url).unwrap_or_else(|| url.scheme().to_owned()),
            Self::Whip(whip) => whip.name().to_owned(),
            Self::Ndi(name) => name.clone(),
            Self::Hls(url) => last(url).map_or_else(|| "hls".to_owned(), |name| stem(Path::new(&name))),
            Self::Rtp(file) => stem(file),
        }
    }

    /// Whether it is asked for, so that nothing within the time to open is a failure. A listener waits for as long as it takes.
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        !matches!(self, Self::Srt(Srt { listens: true, .. }) | Self::Rtp(_) | Self::Whip(_))
    }

    /// How long its first picture or sound may take beyond what it takes to open: that of a playlist comes with its next piece but one.
    #[must_use]
    pub fn lead(&self) -> Duration {
        if matches!(self, Self::Hls(_)) { LEAD } else { Duration::ZERO }
    }

    /// Schemes of what may be opened on its behalf.
    fn reach(&self) -> &'static [&'static str] {
        match self {
            Self::Srt(_) => &["srt"],
            Self::Rtmp(_) => &["rtmp", "rtmps"],
            Self::Rtsp(_) => &["rtsp", "rtsps"],
            Self::Hls(url) if url.scheme() == "https" => &["https"],
            Self::Hls(_) => &["http", "https"],
            Self::Rtp(_) => &["udp"],
            Self::Whip(_) | Self::Ndi(_) => &[],
        }
    }

    /// Adds what receives and decodes it to the pipeline, under the eyes of `guard`. `with` is told of each decoder, now or when it comes; a
    /// decoder shows a pad for each stream of a kind that is wanted. `said` hears what WebRTC tells of the sender. What is returned must live as
    /// long as the pipeline.
    ///
    /// # Errors
    /// Where an element is missing, the SDP file changed for the worse, or an address cannot be listened on.
    pub fn open(
        &self,
        pipeline: &gst::Pipeline,
        guard: &Guard,
        with: OnDecoder,
        said: OnSaid,
    ) -> Result<Option<Held>, Trouble> {
        let reach = self.reach();
        match self {
            Self::Whip(whip) => return whip.open(pipeline, guard, with, said).map(Some),
            Self::Srt(srt) => {
                let source = srt.element("srtsrc")?;
                guard.await_caller(&source);
                with(&decoded(pipeline, guard, reach, &[source])?);
            }
            Self::Rtmp(url) => {
                let source = make("rtmp2src")?;
                source.set_property("location", url.as_str());
                with(&decoded(pipeline, guard, reach, &[source])?);
            }
            Self::Rtsp(url) => {
                let decoder = make("uridecodebin")?;
                decoder.set_property("uri", url.as_str());
                // TCP: what a firewall lets through, and no port of this machine is opened.
                decoder.connect("source-setup", false, |values| {
                    let source = values.get(1)?.get::<gst::Element>().ok()?;
                    source.set_property_from_str("protocols", "tcp");
                    None
                });
                guard.watch(pipeline, &decoder, reach);
                pipeline.add(&decoder).map_err(|e| internal(&e))?;
                with(&decoder);
            }
            // What comes is raw: nothing is decoded, and nothing else opened.
            Self::Ndi(name) => {
                let (source, demux) = (make("ndisrc")?, make("ndisrcdemux")?);
                source.set_property("ndi-name", name);
                pipeline.add_many([&source, &demux]).and_then(|()| source.link(&demux)).map_err(|e| internal(&e))?;
                with(&demux);
            }
            Self::Hls(url) => hls::open(url, pipeline, guard, reach, &with)?,
            Self::Rtp(file) => {
                let wanted = |media: &Media| if media.sound { guard.wanted().sound } else { guard.wanted().pictures };
                let medias: Vec<Media> = medias(file)?.into_iter().filter(wanted).collect();
                // Before a port is opened: what a depayloader of GStreamer 1.22 cannot do it passes over in silence.
                if let Some(trouble) =
                    medias.iter().find_map(|m| caps_trouble(guard.limits(), guard.shown(), &m.told()))
                {
                    return Err(trouble);
                }
                for media in medias {
                    with(&decoded(pipeline, guard, reach, &media.elements()?)?);
                }
            }
        }
        Ok(None)
    }
}

/// `parts`, then a decoder.
pub(super) fn decoded(
    pipeline: &gst::Pipeline,
    guard: &Guard,
    reach: &'static [&'static str],
    parts: &[gst::Element],
) -> Result<gst::Element, Trouble> {
    let decoder = make("decodebin")?;
    guard.watch(pipeline, &decoder, reach);
    pipeline.add_many(parts).and_then(|()| pipeline.add(&decoder)).map_err(|e| internal(&e))?;
    let all: Vec<&gst::Element> = parts.iter().chain([&decoder]).collect();
    gst::Element::link_many(all).map_err(|e| internal(&e))?;
    Ok(decoder)
}

impl Srt {
    /// Reads `text`, whose `address` stands after `srt://`.
    ///
    /// # Errors
    /// [`code::CONFIG`] with what is wrong.
    pub fn parse(text: &str, address: &str) -> Result<Self, Trouble> {
        const FORM: &str = "Write srt://HOST:PORT to call, srt://:PORT to be called; after ? may stand mode=listener, passphrase=, streamid=, latency= (ms), joined by &.";
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        let (host, port) = address.trim_end_matches('/').rsplit_once(':').unwrap_or((address, ""));
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(|| wrong(text, &"no port", FORM))?;
        let host = Some(host.trim_matches(['[', ']']).to_owned()).filter(|host| !host.is_empty());
        let fine = |host: &String| host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:_".contains(c));
        if host.as_ref().is_some_and(|host| !fine(host)) {
            return Err(wrong(text, &"that is no host", FORM));
        }
        let mut srt = Self {
            listens: host.is_none(),
            host,
            port,
            passphrase: std::env::var(PASSPHRASE).ok().filter(|p| !p.is_empty()),
            stream: None,
            latency_ms: SRT_LATENCY_MS,
        };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match (&*key, &*value) {
                ("mode", "listener") => srt.listens = true,
                ("mode", "caller") if srt.host.is_some() => srt.listens = false,
                ("passphrase", value) => srt.passphrase = Some(value.to_owned()),
                ("streamid", value) if !value.is_empty() => srt.stream = Some(value.to_owned()),
                ("latency", value) => match value.parse() {
                    Ok(ms) if (20..=8_000).contains(&ms) => srt.latency_ms = ms,
                    _ => return Err(wrong(text, &format!("latency={value}: 20 to 8000 ms"), FORM)),
                },
                (key, value) => return Err(wrong(text, &format!("{key}={value} is not understood"), FORM)),
            }
        }
        srt.check(text)
    }

    fn check(self, text: &str) -> Result<Self, Trouble> {
        // After srt_setsockopt's SRTO_PASSPHRASE.
        if self.passphrase.as_ref().is_some_and(|p| !(10..=79).contains(&p.len())) {
            return Err(wrong(text, &"a passphrase has 10 to 79 characters", "Agree on a longer one with the sender."));
        }
        if self.listens && self.passphrase.is_none() && !self.is_loopback() {
            let hint = format!(
                "Set {PASSPHRASE} (or passphrase=) to what the sender uses, or listen on this machine alone: srt://127.0.0.1:{}?mode=listener.",
                self.port
            );
            return Err(wrong(text, &"it would listen to anyone: without a passphrase only on loopback", &hint));
        }
        Ok(self)
    }

    fn is_loopback(&self) -> bool {
        self.host
            .as_deref()
            .is_some_and(|host| host == "localhost" || host.parse::<IpAddr>().is_ok_and(|a| a.is_loopback()))
    }

    /// Without its passphrase.
    #[must_use]
    pub fn uri(&self) -> String {
        let host = self.host.clone().unwrap_or_else(|| Ipv4Addr::UNSPECIFIED.to_string());
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        format!("srt://{host}:{}?mode={}", self.port, if self.listens { "listener" } else { "caller" })
    }

    /// What sends there. It does not wait for a receiver, and fails where the one that it called is gone.
    ///
    /// # Errors
    /// Where the element is missing.
    pub fn sink(&self) -> Result<gst::Element, Trouble> {
        let sink = self.element("srtsink")?;
        sink.set_property("wait-for-connection", false);
        sink.set_property("sync", false);
        sink.set_property("async", false);
        sink.set_property("auto-reconnect", false);
        Ok(sink)
    }

    fn element(&self, factory: &str) -> Result<gst::Element, Trouble> {
        let element = make(factory)?;
        element.set_property("uri", self.uri());
        element.set_property("latency", i32::try_from(self.latency_ms).unwrap_or(i32::MAX));
        // It waits for ever by itself, and then cannot be stopped: GStreamer 1.22 does not wake it.
        element.set_property("poll-timeout", SRT_POLL_MS);
        if let Some(passphrase) = &self.passphrase {
            element.set_property("passphrase", passphrase);
        }
        if let Some(stream) = &self.stream {
            element.set_property("streamid", stream);
        }
        Ok(element)
    }
}

/// One stream of an SDP file.
struct Media {
    sound: bool,
    address: IpAddr,
    port: i32,
    caps: gst::Caps,
}

impl Media {
    /// What it will be, as far as the description tells: there, all is text.
    fn told(&self) -> gst::Structure {
        let mut told = gst::Structure::new_empty(if self.sound { "audio/x-raw" } else { "video/x-raw" });
        for (key, name) in [("encoding-params", "channels"), ("width", "width"), ("height", "height")] {
            if let Some(value) = self.caps.structure(0).and_then(|s| s.get::<&str>(key).ok()) {
                told.set(name, value.parse::<i32>().unwrap_or(i32::MAX));
            }
        }
        told
    }

    fn elements(&self) -> Result<[gst::Element; 2], Trouble> {
        let (source, jitter) = (make("udpsrc")?, make("rtpjitterbuffer")?);
        source.set_property("address", self.address.to_string());
        source.set_property("port", self.port);
        source.set_property("caps", &self.caps);
        jitter.set_property("latency", JITTER_MS);
        jitter.set_property("do-lost", true);
        Ok([source, jitter])
    }
}

/// What an SDP file describes: RTP to a port of this machine, or to a multicast group.
fn medias(file: &Path) -> Result<Vec<Media>, Trouble> {
    let shown = file.display();
    let unfit = |what: &str| {
        let hint = "Name an SDP file (RFC 8866) with m=audio or m=video lines of RTP/AVP, each with its a=rtpmap.";
        Trouble::new(code::NOT_MEDIA, Stage::Open, format!("{shown}: {what}"), hint)
    };
    let about = std::fs::metadata(file).map_err(|e| {
        let code = if e.kind() == std::io::ErrorKind::NotFound { code::NOT_FOUND } else { code::NOT_READABLE };
        Trouble::new(code, Stage::Open, format!("{shown}: {e}"), "Check the path.")
    })?;
    if !about.is_file() || about.len() > LARGEST_SDP {
        return Err(unfit("no file of at most 64 KiB"));
    }
    let text = std::fs::read(file).map_err(|e| {
        Trouble::new(code::NOT_READABLE, Stage::Open, format!("{shown}: {e}"), "Check its permissions.")
    })?;
    if text.is_empty() {
        return Err(unfit("an empty file"));
    }
    // The parser of GStreamer 1.22 takes any text for an SDP message with nothing in it.
    let message = SDPMessage::parse_buffer(&text).map_err(|_| unfit("not an SDP file"))?;
    let session = message.connection().and_then(|c| c.address()).map(str::to_owned);
    let mut found = Vec::new();
    for media in message.medias() {
        let sound = match media.media() {
            Some("audio") => true,
            Some("video") => false,
            _ => continue,
        };
        if !media.proto().is_some_and(|p| p.starts_with("RTP/AVP")) {
            return Err(unfit("only RTP/AVP is received"));
        }
        let port = i32::try_from(media.port()).ok().filter(|port| (1..=65_535).contains(port));
        let port = port.ok_or_else(|| unfit("a port must be 1 to 65535"))?;
        let payload = media.format(0).and_then(|f| f.parse::<i32>().ok()).filter(|pt| (0..128).contains(pt));
        let payload = payload.ok_or_else(|| unfit("a payload type must be 0 to 127"))?;
        let mut caps = media.caps_from_media(payload).ok_or_else(|| unfit("a payload type without a=rtpmap"))?;
        if let Some(s) = caps.make_mut().structure_mut(0) {
            s.set_name("application/x-rtp");
        }
        let own = media.connection(0).and_then(|c| c.address().map(str::to_owned)).or_else(|| session.clone());
        let own = own.and_then(|a| a.split('/').next().and_then(|a| a.parse::<IpAddr>().ok()));
        // Where it names a unicast address other than loopback, that is this machine as the sender sees it.
        let address = own.filter(|a| a.is_multicast() || a.is_loopback()).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        found.push(Media { sound, address, port, caps });
    }
    if found.is_empty() { Err(unfit("it describes neither sound nor pictures")) } else { Ok(found) }
}

/// Whether an address is that of a playlist, by its path.
fn is_playlist(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    Path::new(path).extension().is_some_and(|e| e.eq_ignore_ascii_case("m3u8"))
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "stream".to_owned(), |s| s.to_string_lossy().into_owned())
}

fn wrong(text: &str, what: &dyn std::fmt::Display, hint: &str) -> Trouble {
    let shown = text.split('?').next().unwrap_or_default();
    Trouble::new(code::CONFIG, Stage::Configure, format!("{shown}: {what}"), hint)
}

fn internal(e: &dyn std::fmt::Display) -> Trouble {
    Trouble::defect(Stage::Open, e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 10] = ["srt", "rtmp", "rtmps", "rtsp", "rtsps", "rtp", "whip", "http", "https", "ndi"];

    fn parse(text: &str) -> Result<Option<Feed>, Trouble> {
        Feed::parse(OsStr::new(text), &ALL.map(str::to_owned))
    }

    fn message(text: &str) -> String {
        parse(text).unwrap_err().message
    }

    #[test]
    fn words_are_feeds_or_left_to_others() {
        for text in ["a.wav", "http://h/x", "rtp:", "srt:x", "C:/x", "file:///x"] {
            assert_eq!(parse(text), Ok(None), "{text}");
        }
        assert_eq!(parse("rtmp://host/live/guest").unwrap().unwrap().name(), "guest");
        assert_eq!(parse("rtsp://host/").unwrap().unwrap().name(), "rtsp");
        assert_eq!(parse("ndi:STUDIO (Camera 1)"), Ok(Some(Feed::Ndi("STUDIO (Camera 1)".to_owned()))));
        assert_eq!(parse("https://host/live/guest.M3U8?token=x.ts").unwrap().unwrap().name(), "guest");
        assert_eq!(parse("http://host/film.ts?list=a.m3u8"), Ok(None));
        assert_eq!(Feed::parse(OsStr::new("srt://h:1"), &["rtsp".to_owned()]).unwrap_err().code, code::SCHEME);
    }

    #[test]
    fn srt_calls_or_is_called() {
        let srt = |text: &str| match parse(text).unwrap().unwrap() {
            Feed::Srt(srt) => srt,
            other => panic!("{other:?}"),
        };
        assert_eq!(srt("srt://studio.example:9000").uri(), "srt://studio.example:9000?mode=caller");
        assert_eq!(srt("srt://[::1]:9000?mode=listener").uri(), "srt://[::1]:9000?mode=listener");
        let listening = srt("srt://:9000?passphrase=0123456789&streamid=guest&latency=200");
        assert_eq!(listening.uri(), "srt://0.0.0.0:9000?mode=listener");
        assert_eq!((listening.latency_ms, Feed::Srt(listening.clone()).name()), (200, "guest".to_owned()));
        assert!(!format!("{listening:?}").contains("0123456789"));
    }

    #[test]
    fn nobody_listens_to_anyone_without_a_passphrase() {
        assert!(message("srt://:9000").contains("without a passphrase only on loopback"));
        assert!(message("srt://0.0.0.0:9000?mode=listener").contains("loopback"));
        assert!(parse("srt://127.0.0.1:9000?mode=listener").is_ok());
        let short = message("srt://:9000?passphrase=short");
        assert!(short.contains("10 to 79") && !short.contains("=short"), "{short}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, what) in [
            ("srt://host", "no port"),
            ("srt://host:0", "no port"),
            ("srt://ho st:1", "no host"),
            ("srt://host:1?latency=5", "20 to 8000 ms"),
            ("srt://host:1?colour=red", "colour=red is not understood"),
            ("srt://:1?mode=caller", "mode=caller is not understood"),
            ("rtmp://", "no host"),
            ("rtsp:///path", "no host"),
        ] {
            assert!(message(text).contains(what), "{text}: {}", message(text));
        }
    }

    fn sdp(text: &str) -> Result<Vec<Media>, Trouble> {
        gst::init().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("s.sdp");
        std::fs::write(&file, text).unwrap();
        medias(&file)
    }

    const HEAD: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n";

    #[test]
    fn a_phone_line_is_described_in_sdp() {
        let found = sdp(&format!("{HEAD}m=audio 5004 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n")).unwrap();
        let [media] = &found[..] else { panic!("{} streams", found.len()) };
        let s = media.caps.structure(0).unwrap();
        assert_eq!((media.sound, media.port, media.address.to_string().as_str()), (true, 5004, "127.0.0.1"));
        assert_eq!(
            (s.name().as_str(), s.get::<&str>("encoding-name"), s.get("clock-rate")),
            ("application/x-rtp", Ok("PCMA"), Ok(8000))
        );
    }

    #[test]
    fn other_sdp_is_refused() {
        let said = |text: &str| sdp(text).err().map(|t| t.message).unwrap_or_default();
        assert!(said("hello").contains("neither sound nor pictures"));
        assert!(said(&format!("{HEAD}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n")).contains("neither"));
        assert!(
            said(&format!("{HEAD}m=audio 5004 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus/48000/2\r\n"))
                .contains("RTP/AVP")
        );
        assert!(said(&format!("{HEAD}m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n")).contains("port"));
        assert!(said(&format!("{HEAD}m=audio 5004 RTP/AVP x\r\n")).contains("payload type"));
        let elsewhere = sdp("v=0\r\nc=IN IP4 192.0.2.7\r\nm=audio 5004 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n").unwrap();
        assert_eq!(elsewhere[0].address.to_string(), "0.0.0.0");
    }

    proptest::proptest! {
        #[test]
        fn no_word_and_no_sdp_panics(text in "(srt|rtp|rtmp|rtsp)://?[ -~]{0,40}", body in "([vomcsta]=[ -~]{0,30}\r\n){0,12}") {
            let _ = parse(&text);
            let _ = sdp(&body);
        }
    }
}
