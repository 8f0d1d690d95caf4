use super::super::result::{ModelResult, PolicyResult, SCAN_SCHEMA, ScanResult, Status};
use super::super::sample;
use super::*;
use crate::report::{Page, Report, Unit};

/// As `scan` makes it.
pub fn result(report: &CallReport) -> ScanResult {
    let participants = participants(report);
    let provider = "cpu".to_owned();
    ScanResult {
        schema: SCAN_SCHEMA,
        input: report.name.clone(),
        input_hex: None,
        status: Status::Ok,
        duration_s: Some(45.0),
        verdict: worst(report),
        llr: participants.iter().filter_map(|p| p.llr).reduce(f64::max),
        sources: strongest_sources(&participants),
        streams: streams(report),
        participants,
        alerts: report.alerts.iter().map(|(id, a)| alert(a, id.clone())).collect(),
        models: vec![ModelResult { id: "face-forgery-1".into(), sha256: "5e".repeat(32), provider }],
        policy: PolicyResult { profile: "kyc".into(), sha256: "a7".repeat(32) },
        version: "0.1.0",
        error: None,
    }
}

fn page(report: &CallReport) -> Page {
    Page {
        title: report.name.clone(),
        subtitle: String::new(),
        unit: "file",
        participants: pages(report),
        windows: windows(report),
        false_alarm: 0.01,
        call_s: 45.0,
        facts: Vec::new(),
        result: result(report),
    }
}

/// The page as a reader gets it. It stays in the folder that `CALLGUARD_TEST_PAGES` names, for eyes to look at.
fn html(report: &CallReport) -> String {
    let dir = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("CALLGUARD_TEST_PAGES").map(std::path::PathBuf::from);
    let mut written = Report::create(kept.as_deref().unwrap_or(dir.path()), Unit::File).unwrap();
    written.add(&page(report)).unwrap();
    let index = written.finish().unwrap();
    std::fs::read_to_string(index.with_file_name("0001-guest-mp4.html")).unwrap()
}

#[test]
fn faces_of_a_stream_are_told_apart_and_each_has_its_stream() {
    let names: Vec<_> = participants(&sample::call()).into_iter().map(|p| (p.name, p.stream.unwrap())).collect();
    let wanted =
        [("face in stream 1", "stream 1"), ("face 2 in stream 1", "stream 1"), ("voice in stream 2", "stream 2")];
    assert_eq!(names, wanted.map(|(name, stream)| (name.to_owned(), stream.to_owned())));
}

#[test]
fn an_abstention_keeps_its_source_and_a_moment_its_picture() {
    let pages = pages(&sample::call());
    let flat = pages[0].timeline.abstained.iter().filter(|a| a.source == "face-flat").count();
    assert_eq!((flat, pages[0].timeline.epochs.as_slice()), (6, &[31.0][..]));
    assert!(pages[0].moments.iter().all(|m| m.rgb.len() == m.side * m.side * 3));
}

#[test]
fn every_link_of_a_page_leads_into_it_and_nothing_out_of_it() {
    let html = html(&sample::call());
    for link in html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let id = link.strip_prefix('#').unwrap_or_else(|| panic!("{link}"));
        assert!(html.contains(&format!("id=\"{id}\"")), "{link}");
    }
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("<script"));
    // Each picture of face-forgery with its map, the one of face-flat without.
    assert_eq!(html.matches("src=\"data:image/png;base64,").count(), html.matches("src=").count());
    assert_eq!((html.matches("<img").count(), html.matches("this source has no map").count()), (7, 1));
    assert!(html.contains("a face in it appears to be synthetic") && html.contains("personal data"));
}

#[test]
fn a_page_of_faces_alone_does_not_speak_of_voices_nor_of_pictures_it_has_not() {
    let mut call = sample::call();
    call.participants.truncate(1);
    call.participants[0].thumbnails.clear();
    call.streams.truncate(1);
    let page = page(&call).html(&crate::report::templates().unwrap()).unwrap();
    let words = page.split("<h1>").nth(1).unwrap();
    assert!(!words.contains("voice") && !words.contains("heard") && !words.contains("<img"), "{words}");
}

#[test]
fn the_schema_knows_everything_that_is_put_out() {
    let schema: serde_json::Value = serde_json::from_str(crate::schema::text(crate::cli::SchemaOf::Scan)).unwrap();
    let put_out = serde_json::to_value(result(&sample::call())).unwrap();
    let known = |value: &serde_json::Value, pointer: &str| {
        let known = schema.pointer(pointer).unwrap().as_object().unwrap();
        for name in value.as_object().unwrap().keys() {
            assert!(known.contains_key(name), "{name} at {pointer}");
        }
    };
    known(&put_out, "/properties");
    known(&put_out["participants"][0], "/$defs/participant/properties");
    known(&put_out["streams"][0], "/$defs/stream/properties");
    let reasons =
        schema.pointer("/$defs/source/properties/abstained_s/propertyNames/enum").unwrap().as_array().unwrap();
    for participant in put_out["participants"].as_array().unwrap() {
        for source in participant["sources"].as_object().unwrap().values() {
            for reason in source["abstained_s"].as_object().unwrap().keys() {
                assert!(reasons.iter().any(|r| r == reason), "{reason}");
            }
        }
    }
}

#[test]
fn a_genuine_voice_does_not_speak_for_a_face() {
    let verdict = |of: &dyn Fn(&mut CallReport)| {
        let mut call = sample::call();
        of(&mut call);
        worst(&call)
    };
    assert_eq!(verdict(&|_| ()), "synthetic", "the alert counts whatever else is there");
    let calm = |call: &mut CallReport| {
        call.alerts.clear();
        call.participants.retain(|p| p.id.0 != 1);
    };
    assert_eq!(verdict(&calm), "inconclusive", "a face could not be judged");
    let alone = |call: &mut CallReport| {
        calm(call);
        call.participants.retain(|p| p.kind == ParticipantKind::Voice);
    };
    assert_eq!(verdict(&alone), "genuine");
    let silent = |call: &mut CallReport| {
        alone(call);
        let mut second = call.participants[0].clone();
        (second.charts, second.conclusion) = (Vec::new(), State::Unobservable);
        call.participants.push(second);
    };
    assert_eq!(verdict(&silent), "genuine", "a second stream without a voice says nothing");
    assert_eq!(verdict(&|call| call.participants.clear()), "inconclusive");
}
