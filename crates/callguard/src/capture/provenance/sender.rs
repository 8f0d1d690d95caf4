//! Who sends, as a WebRTC guest's offer and the request that brought it tell. Both are texts: who copies a browser's passes, and a browser may be
//! given any camera.

use callguard_core::{Finding, Found};

/// What writes the offers of browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    /// That of Chromium and Safari, and of the browsers made from them.
    Libwebrtc,
    /// Firefox's own.
    Firefox,
}

/// What wrote an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Browser(Engine),
    /// Something else, by what people call it.
    Other(&'static str),
}

/// What of an offer is shown, characters.
const SHOWN: usize = 100;

/// What an offer, and the `User-Agent` of the request that brought it, give away.
#[must_use]
pub fn sender(agent: &str, offer: &str) -> Vec<Found> {
    let (writer, claim) = (Writer::of(offer), claimed(agent));
    let offer = match writer {
        Writer::Browser(Engine::Libwebrtc) => "an offer as Chromium and Safari write it".to_owned(),
        Writer::Browser(Engine::Firefox) => "an offer as Firefox writes it".to_owned(),
        Writer::Other(name) => format!("an offer by {name} ({})", shown(line(offer, "o=").unwrap_or("no o= line"))),
    };
    let by = if agent.is_empty() { "a program without a name".to_owned() } else { format!("\"{}\"", shown(agent)) };
    let detail = format!("{offer}, sent by {by}");
    let mut found = Vec::new();
    if claim.is_none() || matches!(writer, Writer::Other(_)) {
        found.push(Found { finding: Finding::NotABrowser, detail: detail.clone() });
    }
    if claim.is_some_and(|claim| writer != Writer::Browser(claim)) {
        found.push(Found { finding: Finding::FalseBrowser, detail });
    }
    found
}

/// The engine of the browser that a `User-Agent` names. Every browser on iOS has Safari's.
fn claimed(agent: &str) -> Option<Engine> {
    if agent.contains("AppleWebKit/") {
        Some(Engine::Libwebrtc)
    } else {
        agent.contains("Firefox/").then_some(Engine::Firefox)
    }
}

impl Writer {
    /// By the `o=` line, and what nobody else writes. Firefox 153, Chromium 156, GStreamer 1.22 and aiortc 1.16 were looked at; Safari 12 to 18, FFmpeg's
    /// WHIP muxer and libdatachannel (OBS) in offers and sources that are public.
    fn of(offer: &str) -> Self {
        let origin = line(offer, "o=").unwrap_or_default();
        let user = origin[origin.len().min(2)..].split(' ').next().unwrap_or_default();
        match user {
            _ if user.starts_with("mozilla...THIS_IS_SDPARTA") => Self::Browser(Engine::Firefox),
            "FFmpeg" => Self::Other("FFmpeg"),
            "rtc" => Self::Other("libdatachannel (OBS)"),
            "-" if is_libwebrtc(offer, origin) => Self::Browser(Engine::Libwebrtc),
            // GLib's and GStreamer's way to make up a name (`rtp_session_init`, gst/rtpmanager/rtpsession.c).
            "-" if offer.contains(" cname:user") && offer.contains("@host-") => Self::Other("GStreamer"),
            _ => Self::Other("no browser that is known"),
        }
    }
}

/// What libwebrtc writes: where it says it is (`kSessionOriginAddress`, pc/webrtc_sdp.cc), a blank after a colon, and random words of these lengths
/// (`ICE_UFRAG_LENGTH` and `ICE_PWD_LENGTH`, p2p/base/p2p_constants.cc).
fn is_libwebrtc(offer: &str, origin: &str) -> bool {
    let long = |start: &str, length: usize| line(offer, start).is_some_and(|l| l.len() == start.len() + length);
    origin.ends_with(" IN IP4 127.0.0.1")
        && line(offer, "a=msid-semantic: WMS").is_some()
        && long("a=ice-ufrag:", 4)
        && long("a=ice-pwd:", 24)
}

/// The first line that starts so.
fn line<'a>(offer: &'a str, start: &str) -> Option<&'a str> {
    offer.lines().map(str::trim_end).find(|line| line.starts_with(start))
}

/// Text of a stranger's, fit for a screen.
fn shown(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROMIUM: &str = "v=0\r\no=- 5353583660086728655 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\n\
        a=msid-semantic: WMS b9fb1ba1\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:6N2R\r\na=ice-pwd:I9gx0wdiBPHVYRKlfkmn/VLH\r\n";
    const FIREFOX: &str = "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 6336735998576763716 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=msid-semantic:WMS *\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 120\r\na=ice-pwd:d4432dd0701ba285916289b49030a182\r\na=ice-ufrag:f138b347\r\n";
    const AIORTC: &str = "v=0\r\no=- 4004692860 4004692860 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=msid-semantic:WMS *\r\n\
        m=video 32930 UDP/TLS/RTP/SAVPF 97\r\na=ice-ufrag:Ck93\r\na=ice-pwd:W5FkfD95RU8BTOPOBf8xtR\r\n";
    const FFMPEG: &str = "v=0\r\no=FFmpeg 4489045141692799359 2 IN IP4 127.0.0.1\r\ns=FFmpegPublishSession\r\nt=0 0\r\na=extmap-allow-mixed\r\n\
        a=msid-semantic: WMS\r\nm=video 9 UDP/TLS/RTP/SAVPF 106\r\na=ice-ufrag:1ac08523\r\na=ice-pwd:fb55f4f4d99d240fa65c2adfec5e7c24\r\n";
    const OBS: &str = "v=0\r\no=rtc 2281582238 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=msid-semantic:WMS *\r\na=ice-options:ice2,trickle\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:E2Fr\r\na=ice-pwd:OpQzg1PAwUdeOB244chlgd\r\n";

    const CHROME: &str =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
    const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/604.1";
    const GECKO: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";

    fn findings(agent: &str, offer: &str) -> Vec<Finding> {
        sender(agent, offer).into_iter().map(|f| f.finding).collect()
    }

    #[test]
    fn browsers_are_what_they_say() {
        for (agent, offer) in [(CHROME, CHROMIUM), (SAFARI, CHROMIUM), (GECKO, FIREFOX)] {
            assert_eq!(findings(agent, offer), [], "{agent}");
        }
    }

    #[test]
    fn other_senders_are_named() {
        for (agent, offer, name) in [
            ("Lavf/62.3.100", FFMPEG, "FFmpeg (o=FFmpeg 44890"),
            ("Mozilla/5.0 (OBS-Studio/30.1.2; Windows x86_64; en-US)", OBS, "libdatachannel (OBS) (o=rtc 22815"),
            ("Python/3.11 aiohttp/3.14.5", AIORTC, "no browser that is known (o=- 4004692860"),
            ("", "v=0\r\n", "no browser that is known (no o= line), sent by a program without a name"),
        ] {
            let [found] = &sender(agent, offer)[..] else { panic!("{agent}: {:?}", findings(agent, offer)) };
            assert_eq!(found.finding, Finding::NotABrowser, "{agent}");
            assert!(found.detail.contains(name) && found.detail.contains(agent), "{}", found.detail);
        }
        assert_eq!(
            findings("libwebrtc-native/1.0", CHROMIUM),
            [Finding::NotABrowser],
            "a browser's engine without one"
        );
    }

    #[test]
    fn a_claim_that_the_offer_contradicts_is_a_finding_of_its_own() {
        for offer in [FFMPEG, OBS, AIORTC] {
            assert_eq!(findings(CHROME, offer), [Finding::NotABrowser, Finding::FalseBrowser], "{offer}");
        }
        assert_eq!(findings(GECKO, CHROMIUM), [Finding::FalseBrowser], "a browser, and another one than it says");
        assert_eq!(findings(CHROME, FIREFOX), [Finding::FalseBrowser]);
    }

    #[test]
    fn what_a_stranger_writes_cannot_move_the_cursor() {
        let found = sender("\u{1b}[2Jx", &format!("v=0\r\no=\u{1b}]0;{}\r\n", "y".repeat(500)));
        assert!(found[0].detail.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{}", found[0].detail);
        assert!(found[0].detail.len() < 300, "{}", found[0].detail.len());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(agent in ".{0,60}", body in "([voa]=.{0,60}\r?\n){0,10}") {
            let _ = sender(&agent, &body);
        }
    }
}
