//! A phone line: G.711 over RTP, on a good network, behind a relay that loses and reorders, and in a network whose kernel drops packets.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use callguard_e2e::live::{Other, VERDICT, Watched, lacks, loud, phone_line};

const EXE: &str = env!("CARGO_BIN_EXE_callguard-under-test");

#[test]
fn a_phone_line_comes_over_rtp() {
    let dir = tempfile::tempdir().unwrap();
    loud(dir.path());
    let port = phone_line(&dir.path().join("hybrid.sdp"));
    let mut watched = Watched::start(EXE, dir.path(), &["rtp:hybrid.sdp"]);
    // Nothing comes for a while: that is no failure.
    std::thread::sleep(Duration::from_secs(2));
    let line = format!("-v error -re -stream_loop 20 -i loud.wav -ar 8000 -c:a pcm_alaw -f rtp rtp://127.0.0.1:{port}");
    let sender = Other::start(dir.path(), "ffmpeg", &line);
    watched.wait("hybrid voice  joined", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    drop(sender);
    watched.wait("  unobservable", Duration::from_secs(5));
    assert_eq!(watched.end(), Some(0));
}

/// A line between a sender and a receiver that loses one packet of twenty-five and holds each back for up to 60 ms, so that they change places; by a
/// fixed rule. Gives the port to send to.
fn bad_line(to: u16) -> u16 {
    let (socket, out) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut held: Vec<(Instant, Vec<u8>)> = Vec::new();
        let (mut packet, mut number) = ([0u8; 2048], 0u64);
        socket.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
        loop {
            if let Ok(n) = socket.recv(&mut packet) {
                number += 1;
                if number % 25 != 7 {
                    let late = Duration::from_millis(number.wrapping_mul(2_654_435_761) % 61);
                    held.push((Instant::now() + late, packet[..n].to_vec()));
                }
            }
            let now = Instant::now();
            for (_, packet) in held.extract_if(.., |(due, _)| *due <= now) {
                let _ = out.send_to(&packet, ("127.0.0.1", to));
            }
        }
    });
    port
}

#[test]
fn a_phone_line_that_loses_and_reorders_is_judged_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    loud(dir.path());
    let port = phone_line(&dir.path().join("hybrid.sdp"));
    let mut watched = Watched::start(EXE, dir.path(), &["rtp:hybrid.sdp"]);
    std::thread::sleep(Duration::from_secs(2));
    let line = format!(
        "-v error -re -stream_loop 20 -i loud.wav -ar 8000 -c:a pcm_alaw -f rtp rtp://127.0.0.1:{}?pkt_size=172",
        bad_line(port)
    );
    let _sender = Other::start(dir.path(), "ffmpeg", &line);
    watched.wait("hybrid voice  joined", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT);
    assert_eq!(watched.end(), Some(0));
}

/// Where distributions have it: it is not in everybody's PATH.
const NFT: &str = "/usr/sbin/nft";

/// A network of its own, whose kernel drops one of twenty-five packets to a port, at random, and counts them.
struct LossyLine(Other);

impl LossyLine {
    /// `None` where the kernel does not let it be made.
    fn new(dir: &Path, port: u16) -> Option<Self> {
        if lacks(&["unshare", "nsenter", "ip", NFT]) {
            return None;
        }
        let rules = format!(
            "table inet line {{
                counter sent {{ }}
                counter lost {{ }}
                chain input {{
                    type filter hook input priority 0
                    udp dport {port} counter name sent
                    udp dport {port} numgen random mod 100 < 4 counter name lost drop
                }}
            }}"
        );
        std::fs::write(dir.join("line.nft"), rules).unwrap();
        let script = format!(
            "exec 2>why; PATH=\"$PATH:/usr/sbin\"; ip link set lo up && {NFT} -f line.nft && touch ready && exec sleep 1000"
        );
        // Root of this namespace alone, so that whoever runs the tests needs no more rights than the kernel gives to all.
        let arguments = ["-c", &format!("exec unshare --map-root-user --net sh -c '{script}' 2>why")];
        let mut holder = Other::start_with(dir, "sh", &arguments);
        while !dir.join("ready").exists() {
            if holder.0.try_wait().unwrap().is_some() {
                let why = std::fs::read_to_string(dir.join("why")).unwrap();
                assert!(!why.contains("syntax error"), "{why}");
                let why = why.lines().next().unwrap_or_default();
                eprintln!("skipped: the kernel lets no network be made whose packets nftables drops ({why})");
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self(holder))
    }

    /// What runs a program in it.
    fn inside(&self) -> String {
        format!("nsenter -t {} -U --preserve-credentials -n", self.0.0.id())
    }

    fn nft(&self, arguments: &str) -> String {
        let line = format!("{} {NFT} {arguments}", self.inside());
        let done = Command::new("sh").args(["-c", &line]).output().unwrap();
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// Packets that a counter of the kernel's has seen.
    fn counted(&self, name: &str) -> u64 {
        let text = self.nft(&format!("list counter inet line {name}"));
        text.split_once("packets ").and_then(|(_, rest)| rest.split(' ').next()).unwrap().parse().unwrap()
    }
}

#[test]
fn a_phone_line_whose_kernel_drops_packets_is_judged_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let port = phone_line(&dir.path().join("hybrid.sdp"));
    let Some(line) = LossyLine::new(dir.path(), port) else { return };
    loud(dir.path());
    let inside = dir.path().join("inside");
    std::fs::write(&inside, format!("#!/bin/sh\nexec {} {EXE} \"$@\"\n", line.inside())).unwrap();
    std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut watched = Watched::start(inside.to_str().unwrap(), dir.path(), &["rtp:hybrid.sdp"]);
    std::thread::sleep(Duration::from_secs(2));
    let send = format!(
        "exec {} ffmpeg -v error -re -stream_loop 20 -i loud.wav -ar 8000 -c:a pcm_alaw -f rtp rtp://127.0.0.1:{port}?pkt_size=172",
        line.inside()
    );
    let _sender = Other::start_with(dir.path(), "sh", &["-c", &send]);
    watched.wait("hybrid voice  joined", VERDICT);
    watched.wait("ALERT voice-synthetic", VERDICT * 2);
    let (sent, lost) = (line.counted("sent"), line.counted("lost"));
    println!("{lost} of {sent} packets were lost");
    assert!(lost > 0 && lost * 10 < sent, "{lost} of {sent} packets were lost");
    // What was judged came over this line and no other: it ends where the kernel drops all.
    line.nft(&format!("insert rule inet line input udp dport {port} drop"));
    watched.wait("  unobservable", Duration::from_secs(5));
    assert_eq!(watched.end(), Some(0));
}
