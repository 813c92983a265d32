//! Requests and responses, as they pass through the host.

use crate::app::App;

#[test]
fn the_component_sees_the_path_as_it_was_sent() {
    let host = App::new().start(&[]);
    for path in [
        "/uri//a",
        "/uri/%2F%2f",
        "/uri/./../b/",
        "/uri/?a=%20&b=/",
        "/uri/é",
    ] {
        let want = format!("Some(Scheme::Http) probe.test {path}");
        assert_eq!(host.get(path).ok(), want);
    }
}

#[test]
fn an_absolute_request_target_is_the_same_request() {
    let host = App::new().start(&[]);
    let mut connection = host.connect();
    connection.send("GET http://probe.test/uri/a HTTP/1.1\r\nhost: probe.test\r\n\r\n");
    let want = "Some(Scheme::Http) probe.test /uri/a";
    assert_eq!(connection.answer("GET").ok(), want);
}

#[test]
fn without_a_host_the_connection_is_closed() {
    let host = App::new().start(&[]);
    let mut connection = host.connect();
    connection.send("GET /uri HTTP/1.1\r\n\r\n");
    assert!(connection.is_closed());
}

#[test]
fn spin_headers_follow_those_of_the_client() {
    let host = App::new().with("/...", "/pgw/...").start(&[]);
    let mut connection = host.connect();
    connection.send(
        "GET /pgw//headers HTTP/1.1\r\nhost: probe.test\r\nspin-path-info: /forged\r\na: b\r\n\r\n",
    );
    // The probe does not know its prefix.
    assert_eq!(connection.answer("GET").status, 404);

    let host = App::new().start(&[]);
    let mut connection = host.connect();
    connection.send(
        "GET /headers/x/?y HTTP/1.1\r\nhost: probe.test\r\nspin-path-info: /forged\r\na: b\r\n\r\n",
    );
    let headers = connection.answer("GET").ok();
    let values = |name: &str| -> Vec<&str> {
        let lines = headers.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value)
            .collect()
    };
    assert_eq!(values("spin-path-info"), ["/forged", "/headers/x/"]);
    assert_eq!(values("spin-full-url"), ["http://probe.test/headers/x/?y"]);
    assert_eq!(values("spin-matched-route"), ["/..."]);
    assert_eq!(values("spin-base-path"), ["/"]);
    assert_eq!(values("spin-raw-component-route"), ["/..."]);
    assert_eq!(values("spin-component-route"), [""]);
    assert_eq!(values("a"), ["b"]);
    assert!(values("spin-client-addr")[0].starts_with("127.0.0.1:"));
}

#[test]
fn a_route_with_a_prefix_leaves_other_paths_out() {
    let host = App::new().with("/...", "/uri/...").start(&[]);
    let want = "Some(Scheme::Http) probe.test /uri/a";
    assert_eq!(host.get("/uri/a").ok(), want);
    for path in ["/", "/uria", "/headers"] {
        let answer = host.get(path);
        assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{path}");
        assert_eq!(answer.instance(), "", "{path}");
    }
}

#[test]
fn a_header_that_is_not_utf8_never_reaches_the_component() {
    let host = App::new().start(&[]);
    let mut connection = host.connect();
    connection.send(b"GET /uri HTTP/1.1\r\nhost: probe.test\r\na: \xff\r\n\r\n");
    let answer = connection.answer("GET");
    assert_eq!((answer.status, answer.instance()), (500, ""));
    let mut connection = host.connect();
    connection.send("GET /headers HTTP/1.1\r\nhost: probe.test\r\na: é\r\n\r\n");
    assert!(connection.answer("GET").ok().contains("a: é\n"));
}

#[test]
fn well_known_paths_are_the_hosts() {
    let host = App::new().start(&[]);
    let health = host.get("/.well-known/spin/health");
    assert_eq!((health.instance(), health.body.as_str()), ("", "OK"));
    assert_eq!(host.get("/.well-known/spin/else").instance(), "");
    assert_ne!(host.get("/.well-known/else").instance(), "");
}

#[test]
fn a_known_length_stays_and_nothing_is_chunked() {
    let host = App::new().start(&[]);
    let mut connection = host.connect();
    // On one connection: a wrong length would spoil what follows.
    for (method, path, length) in [
        ("GET", "/kv/set/a", "0"),
        ("GET", "/sleep/0", "5"),
        ("HEAD", "/sleep/0", "5"),
        ("HEAD", "/kv/set/a", "0"),
        ("GET", "/sleep/1", "5"),
    ] {
        let answer = connection.call(method, path, "");
        assert_eq!(answer.status, 200, "{method} {path}");
        assert_eq!(answer.header("content-length"), length, "{method} {path}");
        assert_eq!(answer.header("transfer-encoding"), "", "{method} {path}");
    }
}

#[test]
fn bodies_stream_in_both_directions() {
    let host = App::new().start(&[]);
    let mut connection = host.connect();
    connection
        .send("POST /echo HTTP/1.1\r\nhost: probe.test\r\ntransfer-encoding: chunked\r\n\r\n");
    connection.send("3\r\none\r\n");
    let head = connection.head();
    assert_eq!(head.header("transfer-encoding"), "chunked");
    assert_eq!(connection.chunk(), "one");
    connection.send("3\r\ntwo\r\n");
    assert_eq!(connection.chunk(), "two");
    connection.send("0\r\n\r\n");
    assert_eq!(connection.chunk(), "");
    assert_eq!(connection.call("POST", "/length", "12345").ok(), "5");
}

#[test]
fn a_large_body_arrives_whole() {
    let host = App::new().start(&[]);
    let body = "0123456789abcdef".repeat(200_000);
    assert_eq!(host.post("/length", &body).ok(), body.len().to_string());
    assert_eq!(host.post("/kv/set/large", &body).status, 200);
    assert_eq!(host.get("/kv/get/large").ok(), body);
}

#[test]
fn a_client_that_expects_100_is_told_to_continue() {
    let host = App::new().start(&[]);
    let mut connection = host.connect();
    connection.send(
        "POST /length HTTP/1.1\r\nhost: probe.test\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n",
    );
    assert_eq!(connection.head().status, 100);
    connection.send("ok");
    assert_eq!(connection.answer("POST").ok(), "2");
}

#[test]
fn a_component_that_fails_answers_500() {
    let host = App::new().start(&[]);
    let mut connection = host.connect();
    let answer = connection.call("GET", "/error", "");
    assert_eq!((answer.status, answer.body.as_str()), (500, ""));
    assert_eq!(connection.call("GET", "/sleep/0", "").status, 200);
}

#[test]
fn the_world_of_the_component_is_closed() {
    let app = App::new();
    let host = app.start(&[]);
    let here = app.path("spin.toml");
    let cases = [
        (format!("/file{}", here.display()), "NotFound"),
        (format!("/connect/{}", host.address), "PermissionDenied"),
        ("/fetch/probe.test".to_owned(), "HttpRequestDenied"),
        ("/env/HOME".to_owned(), "NotPresent"),
    ];
    for (path, want) in cases {
        let error = host.get(&path).failed();
        assert!(error.contains(want), "{path}: {error}");
    }
    assert_eq!(host.get("/env/PLACE").ok(), "here");
}

#[test]
fn requests_leave_to_where_the_manifest_allows() {
    let hosts = "key_value_stores = [\"default\"]\nallowed_outbound_hosts = [\"{{ greeting }}\"]";
    let other = App::new().start(&[]);
    let allowed = format!("http://{}", other.address);
    let host = App::new()
        .with("key_value_stores = [\"default\"]", hosts)
        .with("\"hello\"", &format!("\"{allowed}\""))
        .start(&[]);
    // The probe has nothing at its root.
    assert_eq!(host.get(&format!("/fetch/{}", other.address)).ok(), "404");
    let denied = host.get(&format!("/fetch/{}", host.address)).failed();
    assert!(denied.contains("HttpRequestDenied"), "{denied}");
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let nobody = free.expect("a port that is free again");
    let host = App::new()
        .with("key_value_stores = [\"default\"]", hosts)
        .with("\"hello\"", &format!("\"http://{nobody}\""))
        .start(&[]);
    let failed = host.get(&format!("/fetch/{nobody}")).failed();
    assert!(failed.contains("ConnectionRefused"), "{failed}");
}
