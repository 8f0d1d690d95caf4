//! What people read for the names that programs use.

use callguard_core::ParticipantKind;

/// What a participant is called: the `number`th of its kind in its stream; `mixed`: several people speak there.
#[must_use]
pub fn seat(kind: ParticipantKind, mixed: bool, number: usize) -> String {
    let kind = if mixed { format!("mixed {}", kind.as_str()) } else { kind.as_str().to_owned() };
    if number > 1 { format!("{kind} {number}") } else { kind }
}

/// What is said of a mixed stream while nothing speaks for synthetic.
pub const NO_SIGN: &str = "no sign in any turn so far; nobody is vouched for where several speak";

/// What a verdict means. `found`: the hypotheses that alerts were raised for.
#[must_use]
pub fn meaning(verdict: &str, found: &[&str]) -> String {
    match verdict {
        "synthetic" => {
            let mut what: Vec<&str> = found.iter().map(|h| appears(h)).collect();
            what.dedup();
            let what =
                if what.is_empty() { "what was observed appears to be synthetic".into() } else { what.join(", and ") };
            format!("The evidence crossed the threshold of the promise: {what}. Look at the reasons.")
        }
        "suspect" => "The evidence crossed the looser threshold: worth another look, not enough for an alert.".into(),
        "genuine" => "No sign of synthesis in what was observed.".into(),
        "error" => "It could not be read, so nothing is said.".into(),
        _ => "Not enough evidence either way. This is not a finding of being genuine.".into(),
    }
}

fn appears(hypothesis: &str) -> &'static str {
    match hypothesis {
        "face-synthetic" => "a face in it appears to be synthetic",
        "face-presented" => "a face in it appears to be shown to the camera by a screen, a print or a recording",
        "voice-synthetic" => "a voice in it appears to be synthetic",
        "source-injected" => "a stream in it appears not to come from the device it claims",
        "challenge-failed" => "a request was not answered as a person would",
        _ => "what was observed appears to be synthetic",
    }
}

/// What a chart is about.
#[must_use]
pub fn hypothesis(name: &str) -> &'static str {
    match name {
        "face-synthetic" => "a swapped, reenacted or generated face",
        "face-presented" => "a replayed or printed face before the camera",
        "voice-synthetic" => "a synthesised, converted or cloned voice",
        "source-injected" => "a stream that is not from the device it claims",
        "challenge-failed" => "a request not answered as a person would",
        _ => "",
    }
}

/// What a source looks at.
#[must_use]
pub fn source(name: &str) -> &'static str {
    match name {
        "face-forgery" => "traces of synthesis in pictures of the face",
        "face-replay" => "traces of a screen or print around and in the face",
        "face-repeat" => "the same moving pictures coming again",
        "face-flat" => "whether face and background move as one flat thing",
        "voice-clone" => "traces of synthesis in the speech",
        "provenance" => "where the stream comes from, by the operator's rule",
        _ => "",
    }
}

/// Why something is not judged: what that means, and the hatching it is drawn with.
#[must_use]
pub fn abstention(reason: &str) -> (&'static str, &'static str) {
    const NOTHING: &str = "nothing";
    const POOR: &str = "poor";
    const HIDDEN: &str = "hidden";
    const BROKEN: &str = "broken";
    match reason {
        "too-short" => ("less speech or face than a window needs", NOTHING),
        "silence" => ("nothing above the noise floor", NOTHING),
        "no-speech" => ("sound without speech", NOTHING),
        "system-sound" => ("an announcement that the operator named: nobody speaks", NOTHING),
        "no-face" => ("no face in the picture", NOTHING),
        "too-still" => ("nothing moved that could tell", NOTHING),
        "clipped" => ("sound overdriven", POOR),
        "music" => ("music over the speech", POOR),
        "noisy" => ("speech drowned in noise", POOR),
        "parametric-codec" => ("speech drawn by the line's parametric codec", POOR),
        "tone" => ("a steady tone", POOR),
        "too-dark" => ("too dark to judge", POOR),
        "too-bright" => ("too bright to judge", POOR),
        "too-small" => ("face too small to judge", POOR),
        "blurred" => ("too blurred to judge", POOR),
        "turned-away" => ("face turned too far aside", HIDDEN),
        "occluded" => ("face partly covered or cut off", HIDDEN),
        "repeated" => ("repeated or frozen media", BROKEN),
        "filled-in" => ("made up by the pipeline to fill a gap", BROKEN),
        "dropped" => ("lost before analysis", BROKEN),
        "source-lost" => ("the source ended, failed, or gave nothing", BROKEN),
        "bad-output" => ("the model gave no usable answer", BROKEN),
        "late" => ("the answer came too late", BROKEN),
        _ => ("", BROKEN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callguard_core::Abstain;

    #[test]
    fn a_page_of_a_face_does_not_speak_of_a_voice() {
        let words = meaning("synthetic", &["face-synthetic"]);
        assert!(words.contains("a face in it") && !words.contains("voice"), "{words}");
        let both = meaning("synthetic", &["face-synthetic", "voice-synthetic"]);
        assert!(both.contains("a face in it appears to be synthetic, and a voice in it"), "{both}");
        assert!(meaning("synthetic", &[]).contains("what was observed appears to be synthetic"));
    }

    #[test]
    fn seats_are_numbered_from_the_second_on() {
        assert_eq!(seat(ParticipantKind::Face, false, 1), "face");
        assert_eq!(seat(ParticipantKind::Face, false, 2), "face 2");
        assert_eq!(seat(ParticipantKind::Voice, true, 1), "mixed voice");
    }

    #[test]
    fn every_reason_has_words() {
        for reason in [
            Abstain::TooBright,
            Abstain::TurnedAway,
            Abstain::Occluded,
            Abstain::TooStill,
            Abstain::NoFace,
            Abstain::ParametricCodec,
            Abstain::Repeated,
            Abstain::SystemSound,
        ] {
            assert!(!abstention(reason.as_str()).0.is_empty(), "{reason}");
        }
    }
}
