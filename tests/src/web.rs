//! A web server of a few lines: what it answers is up to the test.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// What is answered: the status line's rest and further headers, and the body.
pub type Answer = (String, Vec<u8>);

/// A server on this machine, and what it was asked for.
#[derive(Clone, Debug)]
pub struct Web {
    /// Where it listens.
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    /// Starts one that asks `answer` for each path, with how often that was asked for before. It ends with the test.
    #[must_use]
    pub fn start(answer: impl Fn(&str, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let web = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = Arc::clone(&web.asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (mut reader, mut first) = (BufReader::new(stream), String::new());
                let _ = reader.read_line(&mut first);
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap_or(0) > 2 {
                    line.clear();
                }
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let before = asked.lock().unwrap().iter().filter(|p| **p == path).count();
                let (status, body) = answer(&path, before);
                asked.lock().unwrap().push(path);
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = reader.get_mut().write_all(head.as_bytes()).and_then(|()| reader.get_mut().write_all(&body));
            }
        });
        web
    }

    /// Whether a path was asked for.
    #[must_use]
    pub fn was_asked_for(&self, path: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|p| p == path)
    }
}
