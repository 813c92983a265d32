//! Paths and methods, the odd ones above all: `docs/differences.md` lists them.

use crate::exposition::samples;
use crate::support::client::Body;
use crate::support::gateway::Gateway;

#[test]
fn every_path_has_its_answer() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let cases = [
        ("PUT", "/metrics/job/x/", 200, ""),
        ("PUT", "/metrics/job/x//", 400, "improper label name \"\"\n"),
        ("PUT", "/metrics/job//a/b", 400, "job name is required\n"),
        ("PUT", "/metrics/job/", 400, "job name is required\n"),
        (
            "PUT",
            "/metrics/job/x/a",
            400,
            "odd number of components in label string \"/a\"\n",
        ),
        (
            "PUT",
            "/metrics/job/x/a-b/c",
            400,
            "improper label name \"a-b\"\n",
        ),
        (
            "PUT",
            "/metrics/job/%zz",
            400,
            "invalid percent-encoding in path segment \"%zz\"\n",
        ),
        (
            "PUT",
            "/metrics/job/%ff",
            400,
            "value of label job is not valid UTF-8: \"\\xff\"\n",
        ),
        (
            "PUT",
            "/metrics/job@base64/x.y",
            400,
            "invalid base64 encoding in job name \"\": illegal base64 data at input byte 1\n",
        ),
        ("PUT", "/metrics/job", 404, "404 page not found\n"),
        ("PUT", "/METRICS/job/x", 404, "404 page not found\n"),
        ("GET", "/METRICS", 404, "404 page not found\n"),
        ("GET", "/nothing", 404, "404 page not found\n"),
        ("GET", "/metrics/job/x", 405, "Method Not Allowed\n"),
        ("POST", "/metrics", 405, "Method Not Allowed\n"),
        ("PATCH", "/-/ready", 405, "Method Not Allowed\n"),
        ("GET", "/-/healthy", 200, "OK"),
        ("GET", "/-/ready", 200, "OK"),
        ("GET", "/-/quit", 405, "Only POST or PUT requests allowed."),
        ("PUT", "/-/quit", 403, "Lifecycle API is not enabled."),
        ("DELETE", "/metrics/job/never_pushed", 202, ""),
        (
            "DELETE",
            "/metrics/job/x/a",
            400,
            "odd number of components in label string \"/a\"\n",
        ),
    ];
    for (method, path, status, text) in cases {
        let response = client
            .send(method, path, &[], Body::Fixed(b""))
            .expect("an answer");
        assert_eq!(
            (response.status, response.text().as_str()),
            (status, text),
            "{method} {path}"
        );
        assert_eq!(response.header("location"), None, "{method} {path}");
    }
}

#[test]
fn heads_are_answered_like_gets_without_the_body() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    client.put("/metrics/job/x", "m 1\n").expect("an answer");
    for path in ["/metrics", "/-/healthy", "/-/ready", "/nothing"] {
        let get = client.get(path).expect("an answer");
        let head = client
            .send("HEAD", path, &[], Body::None)
            .expect("an answer");
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "{path}"
        );
        assert_eq!(
            head.header("content-length"),
            Some(get.body.len().to_string().as_str()),
            "{path}"
        );
        assert!(head.body.is_empty(), "{path}");
    }
}

#[test]
fn methods_are_listed() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let cases = [
        ("/metrics", "GET, HEAD, OPTIONS"),
        ("/metrics/job/x", "DELETE, OPTIONS, POST, PUT"),
        ("/metrics/job@base64/eA", "DELETE, OPTIONS, POST, PUT"),
        ("/-/ready", "GET, HEAD, OPTIONS"),
    ];
    for (path, allow) in cases {
        for (method, status) in [("OPTIONS", 200), ("TRACE", 405)] {
            let response = client
                .send(method, path, &[], Body::None)
                .expect("an answer");
            assert_eq!(
                (response.status, response.header("allow")),
                (status, Some(allow)),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn one_group_can_be_written_in_many_ways() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    for path in [
        "/metrics/job/a%2Fb/x/y%20z",
        "/metrics/x/y", // no such path: the job comes first
        "/metrics/job@base64/YS9i/x/y%20z",
        "/metrics/job@base64/YS9i=/x@base64/eSB6/instance/",
        "/metrics/job/a%2Fb/instance//x/y%20z",
        "/%6Detrics/job/a%2fb/x@base64/eSB6==",
        "/metrics/job/a%2Fb/x/1/x/y%20z/job/c",
    ] {
        let response = client.post(path, "m 1\n").expect("an answer");
        assert_eq!(
            response.status,
            if path == "/metrics/x/y" { 404 } else { 200 },
            "{path}"
        );
    }
    assert_eq!(
        samples(&mut client),
        ["m{instance=\"\",job=\"a/b\",x=\"y z\"} 1"]
    );
}

#[test]
fn bodies_come_as_clients_send_them() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let cases: [(&[(&str, &str)], Body<'_>); 5] = [
        (
            &[("Content-Type", "application/x-www-form-urlencoded")],
            Body::Fixed(b"m 1\n"),
        ),
        (
            &[("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
            Body::Fixed(b"m 1\n"),
        ),
        (&[("Content-Type", "nonsense")], Body::Fixed(b"m 1\n")),
        (&[], Body::Chunked(&[b"m", b" ", b"1\n"])),
        (&[("Expect", "100-continue")], Body::Fixed(b"m 1\n")),
    ];
    for (headers, body) in cases {
        client.delete("/metrics/job/j").expect("an answer");
        let response = client
            .send("POST", "/metrics/job/j", headers, body)
            .expect("an answer");
        assert_eq!(response.status, 200, "{headers:?} {response:?}");
        assert_eq!(
            samples(&mut client),
            ["m{instance=\"\",job=\"j\"} 1"],
            "{headers:?}"
        );
    }
}
