//! How many requests share an instance, and when one ends.

use std::collections::BTreeSet;
use std::io::BufRead;

use crate::app::{App, Host, eventually};
use crate::client::Connection;

/// Begins a request that lasts until [`release`], and waits until the component has it.
fn hold(app: &App, host: &Host, trace: &str) -> Connection {
    let before = app.read(trace).lines().count();
    let mut connection = host.connect();
    connection.send("POST /hold/a HTTP/1.1\r\nhost: probe.test\r\ncontent-length: 1\r\n\r\n");
    eventually("the request arrives", || {
        // Opening the store, and writing to it.
        (app.read(trace).lines().count() == before + 2).then_some(())
    });
    connection
}

/// Ends a request that [`hold`] began. Gives its status and its instance.
fn release(mut connection: Connection) -> (u16, String) {
    connection.send("x");
    let answer = connection.answer("POST");
    (answer.status, answer.instance().to_owned())
}

#[test]
fn an_instance_serves_so_many_requests() {
    let host = App::new().start(&["--max-instance-reuse-count", "2"]);
    let seen: Vec<(String, String)> = (0..4)
        .map(|_| host.get("/sleep/0"))
        .map(|answer| {
            (
                answer.instance().to_owned(),
                answer.header("probe-requests").to_owned(),
            )
        })
        .collect();
    let requests: Vec<&str> = seen.iter().map(|(_, requests)| requests.as_str()).collect();
    assert_eq!(requests, ["1", "2", "1", "2"]);
    assert_eq!(seen[0].0, seen[1].0);
    assert_ne!(seen[1].0, seen[2].0);
}

#[test]
fn an_instance_serves_so_many_requests_at_once() {
    let app = App::new();
    let host = app.start(&[
        "--max-instance-concurrent-reuse-count",
        "1",
        "--trace-store",
        "trace.log",
    ]);
    let held: Vec<Connection> = (0..3).map(|_| hold(&app, &host, "trace.log")).collect();
    let instances: BTreeSet<String> = held.into_iter().map(|held| release(held).1).collect();
    assert_eq!(instances.len(), 3);
}

#[test]
fn requests_share_an_instance() {
    let app = App::new();
    let host = app.start(&["--trace-store", "trace.log"]);
    // A busy instance does not take a second request, so it may need some attempts.
    eventually("two requests in one instance", || {
        let held = hold(&app, &host, "trace.log");
        let other = host.get("/sleep/0").instance().to_owned();
        (release(held) == (200, other)).then_some(())
    });
}

#[test]
fn a_panic_fails_the_other_requests_of_the_instance() {
    let app = App::new();
    let host = app.start(&["--trace-store", "trace.log"]);
    eventually("a panic beside another request", || {
        let held = hold(&app, &host, "trace.log");
        assert_eq!(host.get("/panic").status, 500);
        (release(held).0 == 500).then_some(())
    });
    assert_eq!(host.get("/sleep/0").status, 200);
    assert!(app.read("stderr.log").contains("panicked at"));
}

#[test]
fn an_instance_that_panics_is_gone() {
    let host = App::new().start(&[]);
    ends_an_instance(&host, "/panic");
}

/// Checks that a request fails, and ends the instance that it is in.
pub(crate) fn ends_an_instance(host: &Host, path: &str) {
    let gone = eventually("an instance ends", || {
        // A response that goes on for as long as its instance.
        let mut witness = host.connect();
        witness
            .send("POST /echo HTTP/1.1\r\nhost: probe.test\r\ntransfer-encoding: chunked\r\n\r\n");
        witness.send("3\r\none\r\n");
        let head = witness.head();
        assert_eq!(witness.chunk(), "one");
        let failed = host.get(path);
        assert_eq!((failed.status, failed.instance()), (500, ""));
        witness.send("3\r\ntwo\r\n");
        (witness.line() != "3").then(|| head.instance().to_owned())
    });
    for _ in 0..10 {
        let answer = host.get("/sleep/0");
        assert_eq!(answer.status, 200);
        assert_ne!(answer.instance(), gone);
    }
}

#[test]
fn an_idle_instance_ends() {
    let host = App::new().start(&["--idle-instance-timeout", "20ms"]);
    let first = host.get("/sleep/0").instance().to_owned();
    let next = eventually("a new instance", || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let answer = host.get("/sleep/0");
        (answer.instance() != first).then_some(answer)
    });
    assert_eq!(next.header("probe-requests"), "1");
}

#[test]
fn a_request_that_takes_too_long_fails() {
    let host = App::new().start(&["--request-timeout", "50ms"]);
    assert_eq!(host.get("/sleep/60000").status, 500);
    assert_eq!(host.get("/sleep/0").status, 200);
}

#[test]
fn an_instance_has_so_much_memory() {
    let host = App::new().start(&["--max-instance-memory", "8000000"]);
    assert_eq!(host.get("/memory/1000000").status, 200);
    assert_eq!(host.get("/memory/16000000").status, 500);
    let host = App::new().start(&[]);
    assert_eq!(host.get("/memory/16000000").status, 200);
}

#[test]
fn work_goes_on_after_the_response() {
    let host = App::new().start(&["--idle-instance-timeout", "1ms"]);
    assert_eq!(host.get("/later/300/k").ok(), "accepted");
    eventually("the late write", || {
        (host.get("/kv/get/k").ok() == "later").then_some(())
    });
}

#[test]
fn what_the_component_prints_is_passed_on() {
    let app = App::new();
    let mut host = app.start(&[]);
    assert_eq!(host.get("/print/it").status, 200);
    let mut lines = (&mut host.output).lines();
    assert!(lines.any(|line| line.unwrap() == "out it"));
    eventually("the line on stderr", || {
        app.read("stderr.log").contains("err it\n").then_some(())
    });
}
