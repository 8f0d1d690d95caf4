//! What fetches a playlist again and again, and each piece once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gst::glib::WeakRef;
use gstreamer as gst;
use gstreamer_app::AppSrc;
use url::Url;

use super::playlist::{Choice, Media, Piece, Playlist};
use crate::capture::Guard;
use crate::trouble::{Stage, Trouble, code};

/// Largest playlist, bytes.
const LARGEST_PLAYLIST: u64 = 1 << 20;
/// Largest piece, bytes: ten seconds of 50 Mbit/s.
const LARGEST_PIECE: u64 = 64 << 20;
/// What is handed to the decoder at once, bytes.
const CHUNK: usize = 64 << 10;
/// Times that a server may send elsewhere.
const MOST_REDIRECTS: u32 = 4;
/// Between two looks at a playlist: half of a piece's time (RFC 8216, 6.3.4), but not more often or seldom than this.
const LOOK: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// How soon it is noticed that nobody takes the stream any more.
const STEP: Duration = Duration::from_millis(50);
/// A playlist to which nothing was added for the time of so many pieces stands still.
const STILL: u32 = 4;

/// Fetches on behalf of one source.
#[derive(Clone)]
pub(super) struct Pull {
    agent: ureq::Agent,
    guard: Guard,
    reach: &'static [&'static str],
}

/// What a look at a playlist is compared with.
struct Follow {
    /// The number of the piece that is next.
    next: Option<u64>,
    /// Whether something was handed on. A playlist that its sender has left looks like one that is live: only where it grows is it that, and it
    /// begins with the newest piece of the first look.
    begun: bool,
    head: Option<String>,
    grown: Instant,
}

impl Pull {
    pub(super) fn new(guard: &Guard, reach: &'static [&'static str]) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(guard.limits().data_timeout))
            .max_redirects(MOST_REDIRECTS)
            .https_only(!reach.contains(&"http"))
            .http_status_as_error(true)
            .user_agent(concat!("callguard/", env!("CARGO_PKG_VERSION")));
        Self { agent: config.build().new_agent(), guard: guard.clone(), reach }
    }

    /// Begins; `into`: for the stream, and for sound beside it. Ends once those are gone.
    pub(super) fn start(self, url: Url, into: Vec<WeakRef<AppSrc>>) {
        std::thread::spawn(move || {
            if let (Err(trouble), Some(_)) = (self.run(&url, &into), into[0].upgrade()) {
                self.guard.note(trouble);
            }
        });
    }

    fn run(&self, url: &Url, into: &[WeakRef<AppSrc>]) -> Result<(), Trouble> {
        let (base, list) = self.playlist(url)?;
        let Playlist::Choice(choice) = list else { return self.follow(url, &into[0]) };
        let (stream, sound) = self.choose(&choice)?;
        let sound = sound.map(|uri| self.join(&base, uri)).transpose()?;
        match (self.join(&base, stream)?, sound) {
            (_, Some(sound)) if !self.guard.wanted().pictures => self.follow(&sound, &into[0]),
            (stream, Some(sound)) => {
                let (other, beside) = (self.clone(), into[1].clone());
                std::thread::spawn(move || {
                    if let (Err(trouble), Some(_)) = (other.follow(&sound, &beside), beside.upgrade()) {
                        other.guard.note(trouble);
                    }
                });
                self.follow(&stream, &into[0])
            }
            (stream, None) => self.follow(&stream, &into[0]),
        }
    }

    /// The best pictures within the limits, where pictures are wanted; and the sound that belongs to them, where it lies beside.
    fn choose<'a>(&self, choice: &'a Choice) -> Result<(&'a str, Option<&'a str>), Trouble> {
        let (limits, wanted) = (self.guard.limits(), self.guard.wanted());
        let fit =
            choice.variants.iter().filter(|v| v.size.is_none_or(|(w, h)| w <= limits.width && h <= limits.height));
        let best = if wanted.pictures { fit.max_by_key(|v| v.bandwidth) } else { fit.min_by_key(|v| v.bandwidth) };
        let best = best.ok_or_else(|| {
            let hint = "Have the sender offer a smaller picture, or raise capture.width and capture.height.";
            self.trouble(code::CAPS_LIMIT, &"every stream of its playlist is larger than the limits", hint)
        })?;
        let sound = choice.sounds.iter().find(|(group, _)| wanted.sound && best.sounds.as_ref() == Some(group));
        Ok((&best.uri, sound.map(|(_, uri)| uri.as_str())))
    }

    /// Hands on each piece that a playlist gets, until nobody takes them.
    fn follow(&self, url: &Url, into: &WeakRef<AppSrc>) -> Result<(), Trouble> {
        let mut follow = Follow { next: None, begun: false, head: None, grown: Instant::now() };
        while into.upgrade().is_some() {
            let looked = Instant::now();
            let (base, list) = self.playlist(url)?;
            let Playlist::Media(media) = list else {
                return Err(self.unfit(&"its playlist names playlists that name playlists"));
            };
            for piece in self.fresh(&media, &mut follow)? {
                if !self.hand_on(&base, piece, &mut follow, into)? {
                    return Ok(());
                }
            }
            if media.ended {
                let what = if follow.begun {
                    "the sender ended it"
                } else {
                    "its playlist is that of a recording, not of a live stream"
                };
                return Err(self.trouble(code::ENDED, &what, "It is looked at again; a recording is named itself."));
            }
            if follow.grown.elapsed() > media.target * STILL + self.guard.limits().data_timeout {
                let what =
                    format!("nothing was added to its playlist for {:.0} s", follow.grown.elapsed().as_secs_f64());
                return Err(self.trouble(code::DATA_TIMEOUT, &what, "Is the sender still there?"));
            }
            let wait = (media.target / 2).clamp(LOOK.0, LOOK.1);
            while looked.elapsed() < wait && into.upgrade().is_some() {
                std::thread::sleep(STEP);
            }
        }
        Ok(())
    }

    /// The pieces that are to be handed on now.
    fn fresh<'a>(&self, media: &'a Media, follow: &mut Follow) -> Result<&'a [Piece], Trouble> {
        let (Some(first), Some(last)) = (media.pieces.first(), media.pieces.last()) else { return Ok(&[]) };
        let next = *follow.next.get_or_insert(last.number);
        if last.number.saturating_add(1) < next {
            return Err(self.trouble(code::ENDED, &"its playlist began anew", "It is opened again."));
        }
        if follow.begun && first.number > next {
            let hint = "Is the network, or this machine, too slow for it?";
            return Err(self.trouble(code::DATA_TIMEOUT, &"pieces of it were gone before they were fetched", hint));
        }
        let mut fresh = &media.pieces[media.pieces.partition_point(|p| p.number < next)..];
        if !follow.begun {
            if last.number == next {
                return Ok(&[]);
            }
            // What comes before a cut is another's.
            fresh = &fresh[fresh.iter().rposition(|p| p.cut).unwrap_or(0)..];
        }
        Ok(fresh)
    }

    /// False: nobody takes it any more.
    fn hand_on(&self, base: &Url, piece: &Piece, follow: &mut Follow, into: &WeakRef<AppSrc>) -> Result<bool, Trouble> {
        if piece.cut && follow.begun {
            return Err(self.trouble(
                code::ENDED,
                &"something else begins in it",
                "It is opened again, and judged anew.",
            ));
        }
        if piece.head.is_some() && piece.head != follow.head {
            follow.head.clone_from(&piece.head);
            let head = self.fetch(&self.join(base, piece.head.as_deref().unwrap_or_default())?, LARGEST_PIECE)?.1;
            if !push(&head, into) {
                return Ok(false);
            }
        }
        let bytes = self.fetch(&self.join(base, &piece.uri)?, LARGEST_PIECE)?.1;
        (follow.next, follow.begun, follow.grown) = (piece.number.checked_add(1), true, Instant::now());
        Ok(push(&bytes, into))
    }

    /// The address of something that a playlist names.
    fn join(&self, base: &Url, uri: &str) -> Result<Url, Trouble> {
        let url = base.join(uri).map_err(|e| self.unfit(&format!("its playlist names {uri}: {e}")))?;
        if self.reach.contains(&url.scheme()) {
            return Ok(url);
        }
        let what = format!("its playlist names {uri}, and from there only {} is opened", self.reach.join(" and "));
        Err(self.trouble(code::NESTED_SOURCE, &what, "Do not trust this sender; name another address."))
    }

    fn playlist(&self, url: &Url) -> Result<(Url, Playlist), Trouble> {
        let (base, bytes) = self.fetch(url, LARGEST_PLAYLIST)?;
        let text = String::from_utf8(bytes).map_err(|_| self.unfit(&"its playlist is not UTF-8"))?;
        Ok((base, Playlist::parse(&text).map_err(|e| self.unfit(&e))?))
    }

    /// What lies there, and where it was found in the end.
    fn fetch(&self, url: &Url, most: u64) -> Result<(Url, Vec<u8>), Trouble> {
        let failed = |e: ureq::Error| match e {
            ureq::Error::BodyExceedsLimit(_) => {
                let what = format!("{} has more than {} MiB", url.path(), most >> 20);
                self.trouble(code::SIZE_LIMIT, &what, "Have the sender make shorter pieces.")
            }
            e => {
                let hint = "Check the address and the network; it is tried again.";
                self.trouble(code::NETWORK, &format!("{}: {e}", url.path()), hint)
            }
        };
        let mut answer = self.agent.get(url.as_str()).call().map_err(failed)?;
        let found = ureq::ResponseExt::get_uri(&answer).to_string();
        let bytes = answer.body_mut().with_config().limit(most).read_to_vec().map_err(failed)?;
        Ok((Url::parse(&found).unwrap_or_else(|_| url.clone()), bytes))
    }

    fn unfit(&self, what: &dyn std::fmt::Display) -> Trouble {
        self.trouble(
            code::NOT_MEDIA,
            what,
            "Name the playlist of a live stream in MPEG-TS, fragmented MP4 or AAC, not encrypted.",
        )
    }

    fn trouble(&self, code: &'static str, what: &dyn std::fmt::Display, hint: &str) -> Trouble {
        Trouble::new(code, Stage::Capture, format!("{}: {what}", self.guard.shown()), hint)
    }
}

/// Waits for the decoder where it has enough. False: it is gone.
fn push(bytes: &[u8], into: &WeakRef<AppSrc>) -> bool {
    bytes.chunks(CHUNK).all(|chunk| {
        into.upgrade().is_some_and(|into| into.push_buffer(gst::Buffer::from_slice(Arc::<[u8]>::from(chunk))).is_ok())
    })
}
