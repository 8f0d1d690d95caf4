//! Alerts reach who is to be told, and a receiver that is down holds up nobody.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use callguard::alert::{Channels, Target};
use callguard::config::AlertSettings;
use callguard_core::{AlertEvent, CallEvent, EVENT_SCHEMA, EventType, Hypothesis, State};

fn settings(targets: &[&str]) -> AlertSettings {
    AlertSettings {
        targets: targets.iter().map(|t| Target::parse(t).unwrap()).collect(),
        attempts: 4,
        first_delay: Duration::from_millis(20),
        max_delay: Duration::from_millis(100),
        timeout: Duration::from_secs(2),
        queue: 4,
    }
}

fn event(kind: EventType, number: u64) -> CallEvent {
    let alert = AlertEvent {
        id: format!("alert-{number}"),
        number,
        hypothesis: Hypothesis::VoiceSynthetic,
        onset_s: 0.0,
        raised_s: 7.0,
        cleared_s: None,
        acknowledged_s: None,
        score: 6.0,
        threshold: 5.0,
        reasons: vec![],
        findings: vec![],
    };
    CallEvent {
        schema: EVENT_SCHEMA.into(),
        id: format!("event-{number}"),
        seq: number,
        call: "desk".into(),
        participant: Some(1),
        kind: Some(callguard_core::ParticipantKind::Voice),
        mixed: false,
        epoch: Some(0),
        t_media_s: 7.0,
        t_wall: "2026-01-01T00:00:00Z".into(),
        r#type: kind,
        verdict: Some(State::Synthetic),
        age_s: Some(0.0),
        charts: vec![],
        reasons: vec![],
        unobserved: None,
        dropped: 0,
        alert: Some(alert),
        finding: None,
    }
}

/// One request: its key and its body.
type Received = (String, serde_json::Value);

/// Answers each request with the next of `answers` (the last one from then on), and passes on what came.
fn receiver(answers: &'static [u16]) -> (String, Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook?token=secret", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut key, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) < 3 {
                    break;
                }
                let (name, value) = line.split_once(':').unwrap_or((line.trim(), ""));
                match name.to_ascii_lowercase().as_str() {
                    "idempotency-key" => key = value.trim().to_owned(),
                    "content-length" => length = value.trim().parse().unwrap(),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let status = answers[n.min(answers.len() - 1)];
            // Before the answer: who has it may look at once.
            let _ = sender.send((key, serde_json::from_slice(&body).unwrap()));
            let _ = write!(reader.get_mut(), "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (address, received)
}

#[test]
fn an_alert_is_posted_as_it_is_and_nothing_else() {
    let (address, received) = receiver(&[200]);
    let channels = Channels::start(&settings(&[&address]));
    for kind in
        [EventType::Joined, EventType::Update, EventType::AlertCleared, EventType::AlertRaised, EventType::Verdict]
    {
        channels.notice(&event(kind, 1));
    }
    let stats = channels.finish(Duration::from_secs(5));
    assert_eq!((stats.delivered, stats.lost), (1, 0));
    let (key, body) = received.recv().unwrap();
    assert_eq!(key, "event-1");
    assert_eq!(body, serde_json::to_value(event(EventType::AlertRaised, 1)).unwrap());
    assert!(received.try_recv().is_err(), "one request");
}

#[test]
fn a_receiver_that_is_down_for_a_while_gets_it_with_the_same_key() {
    let (address, received) = receiver(&[503, 429, 200]);
    let channels = Channels::start(&settings(&[&address]));
    channels.notice(&event(EventType::AlertRaised, 1));
    assert_eq!(channels.finish(Duration::from_secs(5)).delivered, 1);
    let keys: Vec<String> = received.try_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["event-1"; 3]);
}

#[test]
fn what_will_never_be_taken_is_given_up_at_once() {
    for status in [&[400], &[404], &[301]] {
        let (address, received) = receiver(status);
        let channels = Channels::start(&settings(&[&address]));
        channels.notice(&event(EventType::AlertRaised, 1));
        let stats = channels.finish(Duration::from_secs(5));
        assert_eq!((stats.delivered, stats.lost), (0, 1), "{status:?}");
        assert_eq!(received.try_iter().count(), 1, "{status:?}");
    }
}

#[test]
fn a_stuck_receiver_holds_up_neither_the_call_nor_the_others() {
    // Takes the connection and never answers.
    let stuck = TcpListener::bind("127.0.0.1:0").unwrap();
    let stuck_at = format!("http://{}/", stuck.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("alerts");
    let channels = Channels::start(&settings(&[&stuck_at, &format!("cat >> '{}'", file.display())]));
    let begin = Instant::now();
    (1..=20).for_each(|n| channels.notice(&event(EventType::AlertRaised, n)));
    assert!(begin.elapsed() < Duration::from_millis(200), "{:?}", begin.elapsed());
    std::thread::sleep(Duration::from_millis(500));
    let told = std::fs::read_to_string(&file).unwrap();
    assert!(told.lines().count() >= 4, "the other target was told: {told}");
    let begin = Instant::now();
    let stats = channels.finish(Duration::from_millis(300));
    assert!(begin.elapsed() < Duration::from_secs(1), "the end is not held up either: {:?}", begin.elapsed());
    assert_eq!(stats.delivered + stats.lost, 40, "every alert is accounted for: {stats:?}");
    assert!(stats.lost >= 20, "{stats:?}");
    drop(stuck);
}

#[test]
fn a_command_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let (first, out) = (dir.path().join("first"), dir.path().join("out"));
    let line =
        format!("if [ -e '{0}' ]; then cat > '{1}'; else touch '{0}'; exit 1; fi", first.display(), out.display());
    let channels = Channels::start(&settings(&[&line]));
    channels.notice(&event(EventType::AlertRaised, 3));
    assert_eq!(channels.finish(Duration::from_secs(5)).delivered, 1);
    let told: CallEvent = serde_json::from_str(&std::fs::read_to_string(out).unwrap()).unwrap();
    assert_eq!(told.alert.unwrap().number, 3);
}
