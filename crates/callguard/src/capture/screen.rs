//! What is on a screen of X11: all of it, or a part; and pictures of a PipeWire node.
//!
//! Not a window by its id: Xlib ends the process where a window that is captured is closed.

use gst::prelude::*;
use gstreamer as gst;

use super::element::{filtered, make};
use crate::config::Limits;
use crate::trouble::{Stage, Trouble, code};

/// Looks a second: faces are looked at ten times a second, and their motion between.
const FPS: i32 = 25;
/// X11's coordinates have 16 bits, one of them for the sign.
const MOST: u32 = 32_767;

/// What of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// All of it.
    Whole,
    /// A part: left, top, width, height in pixels.
    Region(u32, u32, u32, u32),
}

impl Screen {
    /// Reads what stands after `screen:`; nothing: all of it.
    ///
    /// # Errors
    /// [`code::CONFIG`] with how to write it.
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let wrong = || {
            let hint = "Write screen, or screen:region=X,Y,WIDTHxHEIGHT; `xwininfo` tells where a window is.";
            Trouble::new(code::CONFIG, Stage::Configure, format!("screen:{text}: not understood"), hint)
        };
        match text.split_once('=') {
            None if text.is_empty() => Ok(Self::Whole),
            Some(("region", place)) => {
                let numbers: Vec<u32> =
                    place.split([',', 'x']).map_while(|n| n.parse().ok()).filter(|n| *n <= MOST).collect();
                match numbers[..] {
                    [x, y, w, h] if place.split([',', 'x']).count() == 4 && w >= 16 && h >= 16 => {
                        Ok(Self::Region(x, y, w, h))
                    }
                    _ => Err(wrong()),
                }
            }
            _ => Err(wrong()),
        }
    }

    /// What its stream is called.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Whole => "screen".to_owned(),
            Self::Region(x, y, ..) => format!("region-{x}-{y}"),
        }
    }

    /// Adds it to the pipeline: the pad of what is returned shows its pictures.
    ///
    /// # Errors
    /// Where there is no X11, or an element is missing.
    pub fn open(&self, pipeline: &gst::Pipeline, limits: &Limits) -> Result<gst::Element, Trouble> {
        if std::env::var_os("DISPLAY").is_none() {
            let hint = "Set DISPLAY. Under Wayland share the screen and name its node: node:NAME (`pw-cli ls Node`).";
            return Err(Trouble::new(code::DEVICE, Stage::Open, "screen: there is no X11 display", hint));
        }
        let source = make("ximagesrc")?;
        // Damage reports come late under load, and what nothing damages is a picture all the same.
        source.set_property("use-damage", false);
        source.set_property("show-pointer", false);
        if let Self::Region(x, y, w, h) = self {
            for (key, value) in [("startx", *x), ("starty", *y), ("endx", x + w - 1), ("endy", y + h - 1)] {
                source.set_property(key, value);
            }
        }
        let rate = FPS.min(i32::try_from(limits.fps).unwrap_or(FPS));
        let caps = gst::Caps::builder("video/x-raw").field("framerate", gst::Fraction::new(rate, 1));
        filtered(pipeline, &source, &caps.build())
    }
}

/// Adds a PipeWire node that gives raw pictures, by its name or serial number: the pad of what is returned shows them.
///
/// # Errors
/// Where an element is missing.
pub fn node(name: &str, pipeline: &gst::Pipeline) -> Result<gst::Element, Trouble> {
    let source = make("pipewiresrc")?;
    source.set_property("target-object", name);
    // Buffers of the sender's own would be held while they are looked at, and it has few.
    source.set_property("always-copy", true);
    filtered(pipeline, &source, &gst::Caps::new_empty_simple("video/x-raw"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_or_all_of_it() {
        let parse = |text: &str| Screen::parse(text).ok();
        assert_eq!(parse(""), Some(Screen::Whole));
        assert_eq!(parse("region=10,20,640x480"), Some(Screen::Region(10, 20, 640, 480)));
        for text in [
            "window=",
            "window=0xyz",
            "region=1,2,3",
            "region=1,2,640x480x5",
            "region=0,0,8x8",
            "region=-1,0,64x64",
            "region=0,0,64x4294967295",
            "all",
        ] {
            assert!(Screen::parse(text).unwrap_err().hint.contains("screen:region="), "{text}");
        }
    }
}
