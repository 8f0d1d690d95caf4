//! Names of cameras and microphones that are made by software.

/// Parts of names, drivers and bus addresses; words of a name are separated by single blanks here. From the products' own pages and drivers, 2025.
const CAMERAS: &[&str] = &[
    "v4l2loopback",
    "v4l2 loopback",
    "dummy video device",
    "vivid",
    "akvcam",
    "obs virtual",
    "obs camera",
    "obs cam",
    "virtual camera",
    "virtual webcam",
    "virtualcam",
    "manycam",
    "snap camera",
    "xsplit",
    "mmhmm",
    "nvidia broadcast",
    "streamlabs",
    "unity video capture",
    "e2esoft",
    "vcam",
    "webcamoid",
    "webcammax",
    "splitcam",
    "youcam",
    "chromacam",
    "altercam",
    "sparkocam",
    "avatarify",
    "deepfacelive",
    "ndi webcam",
    "ndi video",
    "newtek ndi",
    "droidcam",
    "iriun",
    "epoccam",
    "reincubate camo",
    "callguard camera",
];

/// The same of sound.
const MICROPHONES: &[&str] = &[
    "snd aloop",
    "loopback",
    "null output",
    "null sink",
    "null audio sink",
    "virtual microphone",
    "virtual mic",
    "virtual audio",
    "virtual source",
    "virtual cable",
    "vb audio",
    "cable output",
    "voicemeeter",
    "blackhole",
    "soundflower",
    "nvidia broadcast",
    "krisp",
    "voicemod",
    "morphvox",
    "clownfish",
    "voice ai",
    "easyeffects",
    "noisetorch",
    "echo cancel",
    "manycam",
    "mmhmm",
    "xsplit",
    "snap camera",
    "steelseries sonar",
];

/// The entry that a camera's name, driver or address matches.
pub fn camera(text: &str) -> Option<&'static str> {
    find(CAMERAS, text)
}

/// The same of a microphone.
pub fn microphone(text: &str) -> Option<&'static str> {
    find(MICROPHONES, text)
}

/// Whole words in any case, with any punctuation between them.
fn find(known: &[&'static str], text: &str) -> Option<&'static str> {
    let spaced: String = text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words = format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "));
    known.iter().find(|name| words.contains(&format!(" {name} "))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_as_words_whatever_stands_between_them() {
        for name in [
            "OBS Virtual Camera",
            "OBS-Camera",
            "platform:v4l2loopback-000",
            "ManyCam Virtual Webcam",
            "XSplit VCam",
            "Snap Camera",
            "mmhmm Camera",
            "NVIDIA Broadcast",
            "Dummy video device (0x0000)",
        ] {
            assert!(camera(name).is_some(), "{name}");
        }
        for name in [
            "Integrated Camera: Integrated C",
            "HD Pro Webcam C920",
            "Vividcam 8018",
            "FaceTime HD Camera",
            "Cam Link 4K",
        ] {
            assert_eq!(camera(name), None, "{name}");
        }
        for name in [
            "Monitor of Null Output",
            "CABLE Output (VB-Audio Virtual Cable)",
            "Loopback: PCM (hw:2,1)",
            "Krisp Microphone",
        ] {
            assert!(microphone(name).is_some(), "{name}");
        }
        for name in ["Built-in Audio Analog Stereo", "Yeti Stereo Microphone", "Monitor of Built-in Audio"] {
            assert_eq!(microphone(name), None, "{name}");
        }
    }
}
