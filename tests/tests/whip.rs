//! Guests who come by browser, or by what claims to be one: `whip://`, with Chromium as the caller.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use callguard_e2e::convert;
use callguard_e2e::live::{Other, VERDICT, Watched, free_tcp, lacks, loud};
use callguard_e2e::webrtc::Peer;

const EXE: &str = env!("CARGO_BIN_EXE_callguard-under-test");

/// A guest's browser, with a film for a camera and a recording for a microphone; `None` where there is none.
fn browser(dir: &Path, link: &str) -> Option<Other> {
    if lacks(&["chromium"]) {
        return None;
    }
    // A face is found in no test picture; the stand-in for what finds faces takes any.
    convert(&dir.join("loud.wav"), &["-ar", "48000", "-ac", "1"], &dir.join("mic.wav"));
    let film = "testsrc2=size=320x240:rate=30:duration=4,format=yuv420p";
    callguard_e2e::tool("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", film, dir.join("camera.y4m").to_str()?]);
    let (page, token) = link.split_once('#')?;
    let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update \
                 --disable-sync --use-fake-ui-for-media-stream --use-fake-device-for-media-stream --use-file-for-fake-video-capture=camera.y4m \
                 --use-file-for-fake-audio-capture=mic.wav";
    Some(Other::start(dir, "chromium", &format!("{flags} --user-data-dir=profile-{token} {page}?join#{token}")))
}

/// The link in a line.
fn link(line: &str) -> String {
    line.split_whitespace().find(|word| word.starts_with("http")).unwrap().to_owned()
}

/// What the server says to an offer: status, body, and where the session is.
fn offer(link: &str, token: &str, kind: &str, text: &str) -> (u16, String, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let (page, _) = link.split_once('#').unwrap();
    let request = agent.post(format!("{page}/whip")).header("Content-Type", kind);
    let mut reply = request.header("Authorization", format!("Bearer {token}")).send(text).unwrap();
    let place = reply.headers().get("location").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    (reply.status().as_u16(), reply.body_mut().read_to_string().unwrap(), place)
}

#[test]
fn a_guest_comes_by_browser_with_a_link_that_is_good_once() {
    let dir = tempfile::tempdir().unwrap();
    loud(dir.path());
    let port = free_tcp();
    let mut watched =
        Watched::start(EXE, dir.path(), &["--call", "counter", &format!("whip://127.0.0.1:{port}/desk-1")]);
    let first = link(&watched.wait("good once", VERDICT));
    let Some(tab) = browser(dir.path(), &first) else { return };
    watched.wait("joined", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    // A second caller with the token that was used.
    let (status, said, _) = offer(&first, first.split_once('#').unwrap().1, "application/sdp", OFFER);
    assert_eq!(status, 401, "{said}");
    drop(tab);
    watched.wait("unobservable", Duration::from_secs(10));
    let second = link(&watched.wait("good once", VERDICT));
    assert_ne!(first, second);
    let _back = browser(dir.path(), &second);
    watched.wait("begun anew", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    // A film instead of a camera, and still a browser: what that cannot tell is written down.
    for finding in ["not-a-browser", "false-browser", "steady-rtp"] {
        assert!(!watched.seen.iter().any(|line| line.contains(finding)), "{:?}", watched.seen);
    }
    assert_eq!(watched.end(), Some(0), "a guest who goes is no failure of the program");
}

#[test]
fn who_comes_by_something_else_than_a_browser_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let door = format!("whip://127.0.0.1:{}/desk-1", free_tcp());
    let mut watched = Watched::start(EXE, dir.path(), &["--call", "counter", &door]);
    let guest = link(&watched.wait("good once", VERDICT));
    let peer = Peer::join(&guest, "GStreamer souphttpsrc 1.22.0 libsoup/3.2.2");
    watched.wait("face  note: not-a-browser (an offer by GStreamer (o=- ", VERDICT);
    // Ten seconds of pictures.
    watched.wait("face  note: steady-rtp (250 pictures stamped exactly 33.33 ms apart", VERDICT);
    assert!(!watched.seen.iter().any(|line| line.contains("false-browser")), "it claims nothing: {:?}", watched.seen);
    drop(peer);
    let guest = link(&watched.wait("good once", VERDICT));
    let _peer = Peer::join(
        &guest,
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    );
    watched.wait("face  note: false-browser (an offer by GStreamer (o=- ", VERDICT);
    assert_eq!(watched.end(), Some(0));
}

/// As a browser writes it, with what is not taken in it.
const OFFER: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=msid-semantic: WMS\r\n\
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0 8\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\na=setup:actpass\r\n\
a=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n\
a=fmtp:63 111/111\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96 97 118\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\na=setup:actpass\r\n\
a=mid:1\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
a=rtpmap:118 red/90000\r\n";

#[test]
fn strangers_and_broken_offers_are_turned_away_and_the_door_stays_good() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_tcp();
    let agreed = "0123456789abcdef";
    let door = format!("whip://127.0.0.1:{port}/desk-1?token={agreed}");
    let brief = dir.path().join("brief.toml");
    std::fs::write(&brief, "[capture]\nopen_timeout_s = 2.0\n").unwrap();
    let mut watched =
        Watched::start(EXE, dir.path(), &["--config", brief.to_str().unwrap(), "--call", "counter", &door]);
    let first = link(&watched.wait("good once", VERDICT));
    assert!(first.ends_with(agreed));
    let sdp = "application/sdp";
    for (token, kind, text, status) in [
        ("", sdp, OFFER, 401),
        ("fedcba9876543210", sdp, OFFER, 401),
        (agreed, "text/plain", OFFER, 415),
        (agreed, sdp, "", 400),
        (agreed, sdp, "v=0\r\n", 400),
        (agreed, sdp, &OFFER.replace("VP8", "AV1"), 400),
        (agreed, sdp, &OFFER.replace("sendonly", "recvonly"), 400),
        (agreed, sdp, &format!("{OFFER}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"), 400),
        (agreed, sdp, &format!("{OFFER}{}", "a=x:0123456789\r\n".repeat(10_000)), 413),
    ] {
        let (got, said, _) = offer(&first, token, kind, text);
        assert_eq!(got, status, "{said}");
    }
    let other = first.replace("desk-1", "desk-2");
    assert_eq!(offer(&other, agreed, sdp, OFFER).0, 401, "whether a name is known is not told");
    // Each broken differently, by a fixed rule; who is let in all the same does not come, and the door opens again with another token.
    let (mut link_now, mut let_in) = (first.clone(), 0);
    for k in 0..40usize {
        let mut lines: Vec<&str> = OFFER.split_inclusive("\r\n").collect();
        lines.remove(1 + k * 7 % (lines.len() - 1));
        let mut text: Vec<u8> = lines.concat().into_bytes();
        let at = k * 131 % text.len();
        text[at] = b'0' + (k % 75) as u8;
        let text = String::from_utf8(text).unwrap();
        let token = link_now.split_once('#').unwrap().1.to_owned();
        let (status, said, place) = offer(&link_now, &token, sdp, &text);
        assert!([201, 400, 500].contains(&status), "{status} {said} to\n{text}");
        if status == 201 {
            assert!(place.starts_with("/desk-1/whip/"));
        }
        if status != 400 {
            watched.wait("counter/desk-1: ", VERDICT);
            link_now = link(&watched.wait("good once", VERDICT));
            let_in += 1;
        }
        // Each of them costs the time that a guest may take to come.
        if let_in == 4 {
            break;
        }
    }
    assert_eq!(watched.end(), Some(0));
}

#[test]
fn beyond_this_machine_the_door_speaks_tls() {
    if lacks(&["openssl"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let port = free_tcp();
    let key = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=desk";
    assert!(Other::start(dir.path(), "openssl", key).0.wait().unwrap().success());
    let door = |key: &str| format!("whip://0.0.0.0:{port}/desk-1?token=0123456789abcdef&cert=cert.pem&key={key}");
    let mut refused = Watched::start(EXE, dir.path(), &[&door("gone.pem")]);
    refused.wait("cert.pem and gone.pem", VERDICT);
    assert_eq!(refused.child.wait().unwrap().code(), Some(2));
    let mut watched = Watched::start(EXE, dir.path(), &["--call", "counter", &door("key.pem")]);
    assert!(link(&watched.wait("good once", VERDICT)).starts_with("https://"));
    // Nobody vouches for this certificate.
    let tls = ureq::tls::TlsConfig::builder().disable_verification(true).build();
    let agent: ureq::Agent = ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).build().into();
    let page =
        agent.get(format!("https://127.0.0.1:{port}/desk-1")).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(page.contains("Join the call"), "{page}");
    assert!(agent.get(format!("http://127.0.0.1:{port}/desk-1")).call().is_err(), "nothing in the clear");
    assert_eq!(watched.end(), Some(0));
}

#[test]
fn a_session_is_ended_by_who_began_it() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_tcp();
    let mut watched =
        Watched::start(EXE, dir.path(), &["--call", "counter", &format!("whip://127.0.0.1:{port}/desk-1")]);
    let first = link(&watched.wait("good once", VERDICT));
    let (page, token) = first.split_once('#').unwrap();
    let (status, answer, place) = offer(&first, token, "application/sdp", OFFER);
    assert_eq!(status, 201, "{answer}");
    // What is not decoded is not agreed to, and nothing outside was asked for an address.
    assert!(!answer.contains("red/") && !answer.contains("rtx/"), "{answer}");
    assert!(answer.contains("a=candidate:") && !answer.contains("srflx") && !answer.contains("relay"), "{answer}");
    let origin = page.strip_suffix("/desk-1").unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let delete = |place: &str| agent.delete(format!("{origin}{place}")).call().unwrap().status().as_u16();
    assert_eq!(delete("/desk-1/whip/00000000-0000-0000-0000-000000000000"), 404);
    assert_eq!(delete(&place), 200);
    let second = link(&watched.wait("good once", VERDICT));
    assert_ne!(first, second);
    assert_eq!(watched.end(), Some(0));
}
