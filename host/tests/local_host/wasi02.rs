//! Components for WASI 0.2: what is another part of the host for them. `wasi:keyvalue` is the same.

use crate::app::{App, eventually};

#[test]
fn the_component_sees_the_request_as_it_was_sent() {
    let host = App::wasi02().start(&[]);
    for path in ["/uri//a", "/uri/%2F%2f", "/uri/./../b/?a=%20&b=/"] {
        let want = format!("Some(Scheme::Http) probe.test {path}");
        assert_eq!(host.get(path).ok(), want);
    }
    let headers = host.get("/headers/x").ok();
    assert!(
        headers.contains("spin-path-info: /headers/x\n"),
        "{headers}"
    );
}

#[test]
fn bodies_pass_in_both_directions() {
    let host = App::wasi02().start(&[]);
    let text = "0123456789".repeat(30_000);
    assert_eq!(host.post("/echo", &text).ok(), text);
    assert_eq!(host.get("/large/3000000").ok().len(), 3_000_000);
    assert_eq!(host.get("/large/0").ok(), "");
}

#[test]
fn a_body_that_breaks_off_is_an_error() {
    let host = App::wasi02().start(&[]);
    let mut connection = host.connect();
    connection
        .send("POST /echo HTTP/1.1\r\nhost: probe.test\r\ntransfer-encoding: chunked\r\n\r\n");
    connection.send("3\r\none\r\nno length\r\n");
    let error = connection.answer("POST").failed();
    assert!(error.contains("error reading a body"), "{error}");
}

#[test]
fn every_request_has_an_instance_of_its_own() {
    let host = App::wasi02().start(&[]);
    let mut connection = host.connect();
    let answers = [0, 1].map(|_| connection.call("GET", "/uri", ""));
    assert_ne!(answers[0].instance(), answers[1].instance());
    assert!(
        answers
            .iter()
            .all(|answer| answer.header("probe-requests") == "1")
    );
}

#[test]
fn a_request_without_a_response_fails() {
    let app = App::wasi02();
    let host = app.start(&[]);
    for path in ["/panic", "/silent"] {
        assert_eq!(host.get(path).status, 500, "{path}");
    }
    assert!(app.read("stderr.log").contains("panicked at"));
    assert_eq!(host.get("/uri").status, 200);
}

#[test]
fn variables_and_stores_are_those_of_the_manifest() {
    let host = App::wasi02().start(&["--variable", "greeting=hi"]);
    assert_eq!(host.get("/var/line").ok(), "hi, you");
    assert!(host.get("/var/none").failed().contains("Undefined"));
    assert!(host.get("/var/No").failed().contains("InvalidName"));
    assert_eq!(host.get("/kv/get/a").ok(), "(none)");
    assert_eq!(host.get("/kv/set/a").ok(), "");
    assert_eq!(host.get("/kv/get/a").ok(), "set");
    let app = App::wasi02().with("[\"default\"]", "[]");
    let error = app.start(&[]).get("/kv/get/a").failed();
    assert!(error.contains("AccessDenied"), "{error}");
}

#[test]
fn work_goes_on_after_the_response() {
    let host = App::wasi02().start(&["--idle-instance-timeout", "1ms"]);
    assert_eq!(host.get("/later/300/k").ok(), "accepted");
    eventually("the late write", || {
        (host.get("/kv/get/k").ok() == "later").then_some(())
    });
}

#[test]
fn a_request_that_takes_too_long_fails() {
    let app = App::wasi02();
    let host = app.start(&["--request-timeout", "200ms"]);
    let mut held = host.connect();
    // The body does not come.
    held.send("POST /echo HTTP/1.1\r\nhost: probe.test\r\ncontent-length: 1\r\n\r\n");
    assert_eq!(held.answer("POST").status, 500);
    assert_eq!(host.get("/uri").status, 200);
}
