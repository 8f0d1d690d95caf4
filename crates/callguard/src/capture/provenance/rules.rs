//! From facts to findings.

use callguard_core::{Finding, Found, ParticipantKind};
use gstreamer_video as gst_video;

use super::facts::{Behind, Facts};
use super::known;

/// Whether it is a camera or microphone that software makes.
#[must_use]
pub fn made_by_software(facts: &Facts) -> Option<Found> {
    let (finding, what, known): (_, _, fn(&str) -> Option<&'static str>) = match facts.kind {
        ParticipantKind::Face => (Finding::VirtualCamera, "camera", known::camera),
        ParticipantKind::Voice => (Finding::VirtualMicrophone, "microphone", known::microphone),
    };
    let named = [&facts.name, &facts.driver, &facts.bus].into_iter().find(|text| known(text).is_some());
    let called = if facts.name.is_empty() { String::new() } else { format!("\"{}\": ", facts.name) };
    let detail = match (named, facts.behind) {
        (Some(text), _) if *text == facts.name => format!("{called}known as a virtual {what}"),
        (Some(text), _) => format!("{called}\"{text}\" is known to make a virtual {what}"),
        (None, Behind::Software) => format!("{called}no device stands behind it"),
        (None, Behind::Unknown | Behind::Hardware) => return None,
    };
    Some(Found { finding, detail })
}

/// Widths of sensors' modes are multiples of this, heights of [`HIGH`], pixels: macroblocks and chroma ask for it. The smallest and oddest that
/// webcams list (160x90, 424x240, 432x240, 1712x960) are.
const WIDE: u32 = 8;
const HIGH: u32 = 2;
/// Most pictures a second of a camera for calls.
const MOST_FPS: f64 = 240.0;
/// How near a rate must be to a half of a whole number, or to one of NTSC's: drivers round intervals to 100 ns.
const NEAR: f64 = 1e-3;

/// Whether no sensor gives pictures of this format, size or rate.
#[must_use]
pub fn odd_format(info: &gst_video::VideoInfo) -> Option<Found> {
    let (width, height, format) = (info.width(), info.height(), info.format());
    let fps = (info.fps().numer() > 0).then(|| f64::from(info.fps().numer()) / f64::from(info.fps().denom().max(1)));
    let mut odd = Vec::new();
    if width % WIDE != 0 || height % HIGH != 0 {
        odd.push(format!("{width}x{height} pixels"));
    }
    if info.has_alpha() {
        odd.push(format!("{format:?}, which has transparency"));
    }
    if let Some(fps) = fps.filter(|fps| *fps > MOST_FPS || !usual(*fps)) {
        odd.push(format!("{fps:.3} pictures a second"));
    }
    (!odd.is_empty()).then(|| Found { finding: Finding::OddFormat, detail: odd.join(", ") })
}

fn usual(fps: f64) -> bool {
    let near = |halves: f64| (halves - halves.round()).abs() <= NEAR * halves;
    near(2.0 * fps) || near(2.0 * fps * 1.001)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gst_video::VideoFormat;

    fn facts(kind: ParticipantKind, name: &str, driver: &str) -> Facts {
        Facts { kind, name: name.into(), driver: driver.into(), bus: String::new(), behind: Behind::Hardware }
    }

    #[test]
    fn a_name_or_a_driver_gives_it_away_and_the_detail_says_which() {
        let said = |facts: &Facts| made_by_software(facts).map(|f| (f.finding, f.detail));
        assert_eq!(
            said(&facts(ParticipantKind::Face, "OBS Virtual Camera", "")),
            Some((Finding::VirtualCamera, "\"OBS Virtual Camera\": known as a virtual camera".into()))
        );
        assert_eq!(
            said(&facts(ParticipantKind::Face, "HD Webcam", "v4l2 loopback")),
            Some((Finding::VirtualCamera, "\"HD Webcam\": \"v4l2 loopback\" is known to make a virtual camera".into()))
        );
        assert_eq!(
            said(&facts(ParticipantKind::Voice, "Krisp Microphone", "")).map(|s| s.0),
            Some(Finding::VirtualMicrophone)
        );
        assert_eq!(said(&facts(ParticipantKind::Face, "HD Pro Webcam C920", "uvcvideo")), None);
        assert_eq!(said(&facts(ParticipantKind::Face, "HD Webcam", "renamed")), None, "the limit that is written down");
    }

    fn odd(format: VideoFormat, width: u32, height: u32, fps: (i32, i32)) -> Option<String> {
        let info = gst_video::VideoInfo::builder(format, width, height).fps(gstreamer::Fraction::new(fps.0, fps.1));
        odd_format(&info.build().unwrap()).map(|f| f.detail)
    }

    #[test]
    fn what_webcams_list_is_not_odd() {
        gstreamer::init().unwrap();
        for (width, height) in [(640, 480), (160, 90), (424, 240), (1712, 960), (1920, 1080), (2592, 1944), (960, 540)]
        {
            for fps in [(30, 1), (15, 2), (5, 1), (30000, 1001), (10_000_000, 333_333), (24, 1), (60, 1), (0, 1)] {
                assert_eq!(odd(VideoFormat::Yuy2, width, height, fps), None, "{width}x{height} {fps:?}");
            }
        }
    }

    #[test]
    fn what_only_software_gives_is_odd() {
        gstreamer::init().unwrap();
        assert_eq!(odd(VideoFormat::Rgba, 640, 480, (30, 1)).as_deref(), Some("Rgba, which has transparency"));
        assert_eq!(odd(VideoFormat::I420, 854, 480, (30, 1)).as_deref(), Some("854x480 pixels"));
        assert!(odd(VideoFormat::I420, 640, 481, (1000, 1)).unwrap().contains("1000.000 pictures a second"));
        assert!(odd(VideoFormat::I420, 640, 480, (2217, 100)).unwrap().contains("22.170"));
    }
}
