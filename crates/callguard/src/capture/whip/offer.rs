//! What of an offer is taken: sound and pictures in codecs that are decoded here, without redundancy that `webrtcbin` of GStreamer 1.22 passes on
//! undecoded (RED, FEC; RFC 2198, RFC 8627) or that needs what is not asked for (RTX; lost packets are sent again as they were).

use gstreamer_sdp::SDPMessage;

/// Largest offer, bytes: Chromium's is 6 KiB.
pub const LARGEST: usize = 64 << 10;
const CODECS: [&str; 8] = ["opus", "pcmu", "pcma", "g722", "vp8", "vp9", "h264", "telephone-event"];

/// The offer with nothing in it that is not taken.
///
/// # Errors
/// What is wrong, for the sender.
pub fn admit(text: &str, wanted: impl Fn(&str) -> bool) -> Result<SDPMessage, String> {
    if text.len() > LARGEST || !text.starts_with("v=0") {
        return Err("not an SDP offer".to_owned());
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|&i| lines[i].starts_with("m=")).collect();
    if starts.is_empty() {
        return Err("it offers no media".to_owned());
    }
    let mut kept: Vec<String> = lines[..starts[0]].iter().map(|l| (*l).to_owned()).collect();
    let (mut any, mut kinds) = (false, Vec::new());
    for (k, &start) in starts.iter().enumerate() {
        let section = &lines[start..starts.get(k + 1).copied().unwrap_or(lines.len())];
        kept.extend(self::section(section)?);
        let kind = section[0][2..].split(' ').next().unwrap_or_default();
        // One guest has one of each: what is found out about a stream is said of its only one.
        if kinds.contains(&kind) {
            return Err(format!("more than one {kind} section: send one sound and one picture"));
        }
        kinds.push(kind);
        any |= wanted(kind);
    }
    if !any {
        return Err("it offers nothing that is judged here".to_owned());
    }
    let message = kept.join("\r\n") + "\r\n";
    SDPMessage::parse_buffer(message.as_bytes()).map_err(|_| "not an SDP offer".to_owned())
}

fn section(lines: &[&str]) -> Result<Vec<String>, String> {
    let words: Vec<&str> = lines[0][2..].split_ascii_whitespace().collect();
    let [kind, port, proto, payloads @ ..] = &words[..] else {
        return Err("a media section without formats".to_owned());
    };
    if !matches!(*kind, "audio" | "video") || !proto.contains("RTP/SAVPF") {
        return Err(format!("a section of {kind} over {proto}: only sound and pictures over SRTP are taken"));
    }
    if lines.iter().any(|l| matches!(*l, "a=recvonly" | "a=inactive")) {
        return Err(format!("the {kind} section sends nothing"));
    }
    let name = |payload: &str| {
        let prefix = format!("a=rtpmap:{payload} ");
        let map = lines.iter().find_map(|l| l.strip_prefix(prefix.as_str()));
        map.and_then(|m| m.split('/').next()).map_or_else(|| fixed(payload).to_owned(), str::to_ascii_lowercase)
    };
    let taken: Vec<&str> = payloads.iter().copied().filter(|p| CODECS.contains(&name(p).as_str())).collect();
    if taken.iter().all(|p| name(p) == "telephone-event") {
        return Err(format!(
            "no codec of its {kind} section is decoded here: offer Opus, G.711 or G.722, VP8, VP9 or H.264"
        ));
    }
    let about = |line: &str| {
        ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"]
            .iter()
            .find_map(|k| line.strip_prefix(k))
            .and_then(|rest| rest.split(' ').next().map(str::to_owned))
    };
    let mut kept = vec![format!("m={kind} {port} {proto} {}", taken.join(" "))];
    for line in &lines[1..] {
        // Which packets repeat which, of what is not taken.
        let redundant = line.starts_with("a=ssrc-group:FID") || line.starts_with("a=ssrc-group:FEC");
        let other = about(line).is_some_and(|p| p != "*" && !taken.contains(&p.as_str()));
        if !redundant && !other {
            kept.push((*line).to_owned());
        }
    }
    Ok(kept)
}

/// Payload types that need no rtpmap (RFC 3551, table 4).
fn fixed(payload: &str) -> &'static str {
    match payload {
        "0" => "pcmu",
        "8" => "pcma",
        "9" => "g722",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
    const VIDEO: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96 97 118 119\r\nc=IN IP4 0.0.0.0\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n\
        a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:118 red/90000\r\na=rtpmap:119 ulpfec/90000\r\na=ssrc-group:FID 1 2\r\na=ssrc:1 cname:x\r\n";

    fn admitted(text: &str) -> Result<String, String> {
        gstreamer::init().unwrap();
        admit(text, |_| true).map(|m| m.as_text().unwrap())
    }

    #[test]
    fn redundancy_is_left_out() {
        let text = admitted(&format!("{HEAD}{VIDEO}")).unwrap();
        assert!(text.contains("m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"), "{text}");
        for gone in ["rtx", "red/", "ulpfec", "apt=", "FID"] {
            assert!(!text.contains(gone), "{gone} in {text}");
        }
        assert!(text.contains("nack pli") && text.contains("cname:x"));
    }

    #[test]
    fn other_offers_are_refused() {
        let said = |text: &str| admitted(text).unwrap_err();
        assert_eq!(said("hello"), "not an SDP offer");
        assert_eq!(said(HEAD), "it offers no media");
        assert!(said(&format!("{HEAD}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n")).contains("application"));
        assert!(said(&format!("{HEAD}{VIDEO}{VIDEO}")).contains("more than one video"));
        assert!(said(&format!("{HEAD}{}", VIDEO.replace("VP8", "AV1"))).contains("no codec"));
        assert!(said(&format!("{HEAD}{}", VIDEO.replace("sendonly", "recvonly"))).contains("sends nothing"));
        assert!(said(&format!("{HEAD}m=audio 5004 RTP/AVP 0\r\n")).contains("SRTP"));
        let sound = |kind: &str| kind == "audio";
        assert!(admit(&format!("{HEAD}{VIDEO}"), sound).unwrap_err().contains("nothing that is judged"));
    }

    proptest::proptest! {
        #[test]
        fn no_offer_panics(head in "[ -~]{0,20}", body in "([vomcsta]=[ -~]{0,40}\r?\n){0,20}") {
            gstreamer::init().unwrap();
            let _ = admit(&format!("{head}{body}"), |_| true);
            let _ = admit(&format!("v=0\r\n{body}"), |_| true);
            let _ = admit(&format!("{HEAD}{VIDEO}{body}"), |_| true);
        }
    }
}
