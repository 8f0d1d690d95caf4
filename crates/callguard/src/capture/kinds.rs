//! Sound and pictures: what is wanted of an input, and what was seen in it.

use gstreamer as gst;

/// Kinds of media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Audio streams.
    pub sound: bool,
    /// Video streams, and stills.
    pub pictures: bool,
}

impl Kinds {
    /// Both.
    pub const ALL: Self = Self { sound: true, pictures: true };

    /// What raw media of these kinds is called, whatever memory it lies in.
    #[must_use]
    pub fn caps(self) -> gst::Caps {
        let mut caps = gst::Caps::new_empty();
        for (name, wanted) in [("audio/x-raw", self.sound), ("video/x-raw", self.pictures)] {
            if wanted {
                caps.merge(gst::Caps::builder(name).any_features().build());
            }
        }
        caps
    }
}

/// Caps of coded pictures, by how their names begin; `video/` alone is also what containers are called.
const PICTURES: [&str; 14] = [
    "image/",
    "video/x-raw",
    "video/x-h26",
    "video/x-vp",
    "video/x-av1",
    "video/x-theora",
    "video/x-jpeg",
    "video/x-dv",
    "video/x-divx",
    "video/x-xvid",
    "video/x-msmpeg",
    "video/x-wmv",
    "video/x-flash-video",
    "video/x-prores",
];

/// What was seen inside an input, decodable or not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub kinds: Kinds,
    pub other: bool,
}

impl Seen {
    pub(super) fn add(&mut self, s: &gst::StructureRef) {
        let name = s.name().as_str();
        // A system stream is a container: it may hold anything.
        let coded = name == "video/mpeg" && s.get::<bool>("systemstream") == Ok(false);
        self.kinds.sound |= name.starts_with("audio/");
        self.kinds.pictures |= coded || PICTURES.iter().any(|kind| name.starts_with(kind));
        self.other |= ["text/", "subpicture/", "closedcaption/"].iter().any(|kind| name.starts_with(kind));
    }
}
