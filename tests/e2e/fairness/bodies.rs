//! Bodies that come slowly, or are large, keep nobody else from being answered.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{ORDINARY, Trace, put};
use crate::exposition::value;
use crate::support::client::Client;
use crate::support::client::Response;
use crate::support::gateway::{Gateway, Options};

/// How many requests the host gives one instance at once.
const AT_ONCE: usize = 16;

/// A push of 100,000 series.
pub(super) fn large() -> String {
    (0..100_000)
        .map(|n| format!("m{{n=\"{n}\"}} 1\n"))
        .collect()
}

/// A push whose body has been sent by half.
#[derive(Debug)]
pub(super) struct Slow {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Slow {
    /// Sends the head and the first half of the body.
    pub(super) fn start(gateway: &Gateway, job: &str, body: &str) -> Self {
        let (first, rest) = body.as_bytes().split_at(body.len() / 2);
        let mut slow = Self::announce(gateway, job, body.len());
        slow.stream.write_all(first).expect("is sent");
        slow.rest = rest.to_vec();
        slow
    }

    /// Sends only the head, which announces a body of so many bytes.
    fn announce(gateway: &Gateway, job: &str, length: usize) -> Self {
        let timeout = Some(Duration::from_secs(30));
        let mut stream = TcpStream::connect(gateway.address()).expect("a connection");
        stream.set_read_timeout(timeout).expect("a timeout");
        stream.set_write_timeout(timeout).expect("a timeout");
        write!(
            stream,
            "PUT /metrics/job/{job} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        )
        .expect("is sent");
        Self {
            stream,
            rest: Vec::new(),
        }
    }

    /// Sends the rest; returns the status of the answer.
    fn finish(mut self) -> u16 {
        self.stream.write_all(&self.rest).expect("is sent");
        let answer = Response::read(&mut BufReader::new(self.stream), "PUT");
        answer.expect("an answer").status
    }
}

/// Pushes to groups that have nothing to do with what is tried.
fn push_others(client: &mut Client) {
    for n in 0..20 {
        assert_eq!(put(client, &format!("/metrics/job/{n}"), "ok 1\n"), 200);
    }
}

#[test]
fn others_are_answered_while_a_giant_push_comes_in() {
    let (gateway, trace) = Trace::start(Options::new().variable("max_groups", "10"));
    let mut client = gateway.client();
    assert_eq!(put(&mut client, "/metrics/job/fine", "ok 0\n"), 200);
    let giant = Slow::start(&gateway, "giant", &large());
    for n in 1..=20 {
        let body = format!("ok {n}\n");
        let calls = trace.calls_of(|| {
            assert_eq!(put(&mut client, "/metrics/job/fine", &body), 200);
        });
        assert_eq!(calls, ORDINARY);
        let ok = "ok{instance=\"\",job=\"fine\"}";
        assert_eq!(value(&mut client, ok), Some(f64::from(n)));
    }
    assert_eq!(giant.finish(), 200);
    let last = "m{instance=\"\",job=\"giant\",n=\"99999\"}";
    assert_eq!(value(&mut client, last), Some(1.0));
}

#[test]
fn others_are_answered_while_more_bodies_are_open_than_an_instance_takes() {
    let gateway = Gateway::start();
    let slow: Vec<_> = (0..AT_ONCE * 3)
        .map(|n| Slow::start(&gateway, &format!("slow{n}"), "m 1\n"))
        .collect();
    let mut client = gateway.client();
    push_others(&mut client);
    assert_eq!(client.get("/metrics").expect("an answer").status, 200);
    for slow in slow {
        assert_eq!(slow.finish(), 200);
    }
}

#[test]
fn bodies_take_memory_when_they_come_and_not_when_they_are_announced() {
    // Enough for an instance that works, and for a few of the bodies that are announced.
    let gateway = Options::new()
        .argument("--max-instance-memory")
        .argument(&(64 << 20).to_string())
        .start();
    let _announced: Vec<_> = (0..AT_ONCE - 1)
        .map(|n| Slow::announce(&gateway, &format!("slow{n}"), 16 << 20))
        .collect();
    let mut client = gateway.client();
    push_others(&mut client);
    assert_eq!(gateway.stderr().matches("failed").count(), 0);
}
