//! A playlist of HTTP Live Streaming (RFC 8216), as far as a live call needs it.

use std::time::Duration;

/// What a playlist holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Playlist {
    /// Other playlists: the same in several qualities.
    Choice(Choice),
    /// Pieces of media.
    Media(Media),
}

/// Playlists to choose from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    pub variants: Vec<Variant>,
    /// Sound that lies beside the pictures: its group, and where.
    pub sounds: Vec<(String, String)>,
}

/// One quality.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Variant {
    pub uri: String,
    pub bandwidth: u64,
    /// Width and height, where they are told.
    pub size: Option<(u32, u32)>,
    /// The group of its sound, where that lies beside it.
    pub sounds: Option<String>,
}

/// Pieces of media, in their order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Media {
    /// No piece is longer.
    pub target: Duration,
    pub pieces: Vec<Piece>,
    /// Nothing will be added.
    pub ended: bool,
}

/// A piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub number: u64,
    pub uri: String,
    /// What must be read before it, once.
    pub head: Option<String>,
    /// Nothing joins it to the one before.
    pub cut: bool,
}

/// Longest piece that is believed, seconds.
const LONGEST: u64 = 60;

impl Playlist {
    /// Reads a playlist.
    ///
    /// # Errors
    /// What it is not, or uses that is not understood here.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        if lines.next().map(|first| first.trim_start_matches('\u{feff}')) != Some("#EXTM3U") {
            return Err("it is no playlist: it does not begin with #EXTM3U".to_owned());
        }
        if text.contains("#EXT-X-STREAM-INF:") {
            choice(lines).map(Self::Choice)
        } else {
            media(lines).map(Self::Media)
        }
    }
}

fn choice<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Choice, String> {
    let mut found = Choice::default();
    let mut stream = None;
    for line in lines {
        match line.split_once(':') {
            Some(("#EXT-X-STREAM-INF", list)) => stream = Some(list),
            Some(("#EXT-X-MEDIA", list)) if attribute(list, "TYPE") == Some("AUDIO") => {
                if let (Some(group), Some(uri)) = (attribute(list, "GROUP-ID"), attribute(list, "URI")) {
                    found.sounds.push((group.to_owned(), uri.to_owned()));
                }
            }
            _ if line.starts_with('#') => {}
            _ => {
                let list = stream.take().unwrap_or_default();
                let size = attribute(list, "RESOLUTION").and_then(|size| size.split_once('x'));
                found.variants.push(Variant {
                    uri: line.to_owned(),
                    bandwidth: attribute(list, "BANDWIDTH").and_then(|n| n.parse().ok()).unwrap_or_default(),
                    size: size.and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?))),
                    sounds: attribute(list, "AUDIO").map(str::to_owned),
                });
            }
        }
    }
    if found.variants.is_empty() { Err("it names no stream".to_owned()) } else { Ok(found) }
}

fn media<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Media, String> {
    let mut found = Media { target: Duration::ZERO, pieces: Vec::new(), ended: false };
    let (mut number, mut head, mut cut) = (0u64, None, false);
    for line in lines {
        let (tag, rest) = line.split_once(':').unwrap_or((line, ""));
        match tag {
            "#EXT-X-TARGETDURATION" => {
                let seconds = rest.trim().parse().ok().filter(|s| (1..=LONGEST).contains(s));
                found.target = Duration::from_secs(seconds.ok_or_else(|| format!("pieces of {rest} s"))?);
            }
            "#EXT-X-MEDIA-SEQUENCE" => {
                number = rest.trim().parse().map_err(|_| format!("a first piece of number {rest}"))?;
            }
            "#EXT-X-KEY" if attribute(rest, "METHOD") != Some("NONE") => return Err("it is encrypted".to_owned()),
            "#EXT-X-BYTERANGE" => return Err("its pieces are parts of files".to_owned()),
            "#EXT-X-MAP" if attribute(rest, "BYTERANGE").is_some() => {
                return Err("its pieces are parts of files".to_owned());
            }
            "#EXT-X-MAP" => head = attribute(rest, "URI").map(str::to_owned),
            "#EXT-X-DISCONTINUITY" => cut = true,
            "#EXT-X-ENDLIST" => found.ended = true,
            _ if line.starts_with('#') => {}
            _ => {
                let cut = std::mem::take(&mut cut);
                found.pieces.push(Piece { number, uri: line.to_owned(), head: head.clone(), cut });
                number = number.checked_add(1).ok_or("its pieces have no number")?;
            }
        }
    }
    if found.target.is_zero() { Err("it does not tell how long its pieces are".to_owned()) } else { Ok(found) }
}

/// The value of `key` in a list such as `A=1,B="x,y"`.
fn attribute<'a>(list: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = list;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        if name.trim() == key {
            return Some(value);
        }
        rest = next.strip_prefix(',')?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIVE: &str = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:41\n#EXT-X-MAP:URI=\"init.mp4\"\n\
                        #EXTINF:2.0,\nlive41.m4s\n#EXT-X-DISCONTINUITY\n#EXTINF:2.0,title\nhttp://other/live42.m4s\n";

    #[test]
    fn a_live_playlist_is_read() {
        let Ok(Playlist::Media(media)) = Playlist::parse(LIVE) else { panic!() };
        assert_eq!((media.target, media.ended), (Duration::from_secs(2), false));
        let piece = |number, uri: &str, cut| Piece { number, uri: uri.into(), head: Some("init.mp4".into()), cut };
        assert_eq!(media.pieces, [piece(41, "live41.m4s", false), piece(42, "http://other/live42.m4s", true)]);
    }

    #[test]
    fn qualities_are_read() {
        let text = "\u{feff}#EXTM3U\r\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a,b\",NAME=\"en\",URI=\"sound.m3u8\"\r\n\
                    #EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS=\"avc1.4d401f,mp4a.40.2\",RESOLUTION=640x360,AUDIO=\"a,b\"\r\nlow.m3u8\r\n";
        let Ok(Playlist::Choice(choice)) = Playlist::parse(text) else { panic!() };
        assert_eq!(choice.sounds, [("a,b".to_owned(), "sound.m3u8".to_owned())]);
        let low =
            Variant { uri: "low.m3u8".into(), bandwidth: 800_000, size: Some((640, 360)), sounds: Some("a,b".into()) };
        assert_eq!(choice.variants, [low]);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (text, wanted) in [
            ("", "no playlist"),
            ("<html>", "no playlist"),
            ("#EXTM3U\na.ts", "how long"),
            ("#EXTM3U\n#EXT-X-TARGETDURATION:0\na.ts", "pieces of 0 s"),
            ("#EXTM3U\n#EXT-X-TARGETDURATION:99999999999999999999", "pieces of 99999999999999999999 s"),
            ("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:-1", "number -1"),
            ("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:18446744073709551615\na.ts", "no number"),
            ("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"file:///etc/passwd\"", "encrypted"),
            ("#EXTM3U\n#EXT-X-BYTERANGE:1@2", "parts of files"),
            ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1", "no stream"),
        ] {
            let told = Playlist::parse(text).unwrap_err();
            assert!(told.contains(wanted), "{text:?}: {told}");
        }
    }

    proptest! {
        /// Whatever a stranger's server answers is read to its end, without a panic.
        #[test]
        fn any_text_is_read(text in "(#EXTM3U\n)?((#EXT-X-(STREAM-INF|MEDIA|MAP|KEY|TARGETDURATION|MEDIA-SEQUENCE):)?[A-Z0-9=\",:\u{e9}\n-]{0,30}\n){0,8}") {
            let _ = Playlist::parse(&text);
        }
    }
}
