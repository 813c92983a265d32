//! The JSON API: the same as the Go Pushgateway's after the same pushes.

mod normal;
mod pushes;

use crate::support::client::{Body, Client, Response};
use crate::support::gateway::{Gateway, Options};
use crate::support::programs::Version;
use crate::support::pushgateway::Pushgateway;

/// The oldest Pushgateway whose API tells everything as the ones of today do.
const REFERENCE: Version = (1, 11, 0);

const METRICS: &str = "/api/v1/metrics";
const STATUS: &str = "/api/v1/status";

/// The headers that only the API has.
const CROSS_ORIGIN: [(&str, &str); 5] = [
    (
        "access-control-allow-headers",
        "Accept, Authorization, Content-Type, Origin",
    ),
    ("access-control-allow-methods", "GET, POST, DELETE, OPTIONS"),
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "Date"),
    ("cache-control", "no-cache, no-store, must-revalidate"),
];

fn get(client: &mut Client, path: &str) -> Response {
    let response = client.get(path).expect("an answer");
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.header("content-type"), Some("application/json"));
    response
}

/// Whether the response has all of the headers of the API, or else none of them.
fn is_cross_origin(response: &Response) -> bool {
    let has = CROSS_ORIGIN.map(|(name, value)| match response.header(name) {
        Some(found) => {
            assert_eq!(found, value, "{name}");
            true
        }
        None => false,
    });
    let all = has == [true; CROSS_ORIGIN.len()];
    assert!(all || has == [false; CROSS_ORIGIN.len()], "{response:?}");
    all
}

#[test]
fn whatever_is_pushed_is_told_as_the_pushgateway_tells_it() {
    let Some(reference) = Pushgateway::start_or_skip(REFERENCE, &["--push.enable-utf8-names"])
    else {
        return;
    };
    let gateway = Options::new()
        .variable("push_enable_utf8_names", "true")
        .start();
    let mut clients = [reference.client(), gateway.client()];
    let mut rejected = 0;
    let pushes = pushes::all();
    for (at, push) in pushes.iter().enumerate() {
        let [want, got] = clients.each_mut().map(|client| push.send(client));
        assert_eq!(got.status, want.status, "{at} {push:?}: {got:?}");
        rejected += usize::from(want.status == 400);
        let [want, got] = clients
            .each_mut()
            .map(|client| normal::groups(&get(client, METRICS).text()));
        for (labels, want) in &want {
            let got = got.get(labels);
            assert_eq!(got, Some(want), "group {labels} after push {at}: {push:?}");
        }
        assert_eq!(got.len(), want.len(), "after push {at}: {push:?}");
    }
    assert!(
        (1..pushes.len() / 4).contains(&rejected),
        "{rejected} pushes were rejected"
    );
}

#[test]
fn bodies_are_the_same_byte_by_byte() {
    let Some(reference) = Pushgateway::start_or_skip(REFERENCE, &[]) else {
        return;
    };
    let gateway = Gateway::start();
    let mut clients = [reference.client(), gateway.client()];
    let bodies = |clients: &mut [Client; 2]| {
        clients
            .each_mut()
            .map(|client| normal::without_times(&get(client, METRICS).text()))
    };
    let [want, got] = bodies(&mut clients);
    assert_eq!(got, want);
    for push in pushes::in_order() {
        for client in &mut clients {
            assert_eq!(push.send(client).status, 200, "{push:?}");
        }
        let [want, got] = bodies(&mut clients);
        assert_eq!(got, want, "{push:?}");
    }
}

#[test]
fn the_status_tells_the_same_flags() {
    let flags = [
        "--push.enable-utf8-names",
        "--web.enable-admin-api",
        "--web.external-url=http://host/a/?<b>",
        "--web.telemetry-path=/m",
    ];
    let variables = [
        ("push_enable_utf8_names", "true"),
        ("web_enable_admin_api", "true"),
        ("web_external_url", "http://host/a/?<b>"),
        ("web_telemetry_path", "/m"),
    ];
    for (flags, variables, prefix) in [
        (&[][..], &[][..], ""),
        (flags.as_slice(), variables.as_slice(), "/a"),
    ] {
        let Some(reference) = Pushgateway::start_or_skip(REFERENCE, flags) else {
            return;
        };
        let gateway = Options::new().variables(variables).start();
        let path = format!("{prefix}{STATUS}");
        let [want, got] = [reference.client(), gateway.client()]
            .map(|mut client| normal::status(&get(&mut client, &path).text()));
        assert_eq!(got, want);
    }
}

#[test]
fn the_start_time_is_that_of_the_first_push() {
    let mut gateway = Gateway::start();
    let start_time = |gateway: &Gateway| {
        let text = get(&mut gateway.client(), STATUS).text();
        let (_, time) = text.split_once("\"start_time\":\"").expect("is there");
        time.split('"').next().unwrap_or_default().to_owned()
    };
    assert_eq!(start_time(&gateway), "0001-01-01T00:00:00Z");
    let mut client = gateway.client();
    client.put("/metrics/job/a", "m 1\n").expect("an answer");
    let first = start_time(&gateway);
    assert!(first.starts_with("20") && first.ends_with('Z'), "{first}");
    client
        .put("/metrics/job/a/zone/z", "m 1\n")
        .expect("an answer");
    gateway.restart();
    assert_eq!(start_time(&gateway), first);
}

#[test]
fn scripts_of_other_sites_may_read_what_the_pushgateway_lets_them_read() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let mut send = |method: &str, path: &str| {
        client
            .send(method, path, &[], Body::None)
            .expect("an answer")
    };
    for path in [METRICS, STATUS] {
        let length = send("GET", path).text().len().to_string();
        let head = send("HEAD", path);
        assert_eq!(
            (head.status, head.header("content-length")),
            (200, Some(length.as_str()))
        );
        let options = send("OPTIONS", path);
        assert_eq!(
            (options.status, options.text().as_str()),
            (200, ""),
            "{path}"
        );
        assert!(is_cross_origin(&options), "{path}");
        assert!(is_cross_origin(&head), "{path}");
        assert!(is_cross_origin(&send("GET", path)), "{path}");
        let refused = send("PUT", path);
        assert_eq!(refused.status, 405);
        assert!(!is_cross_origin(&refused), "{path}");
    }
    for (method, path) in [
        ("OPTIONS", "/api/v1/"),
        ("OPTIONS", "/api/v1/other"),
        ("GET", "/api/v1/other"),
        ("OPTIONS", "/api/v1/admin/wipe"),
        ("OPTIONS", "/metrics"),
        ("GET", "/metrics"),
        ("GET", "/-/ready"),
    ] {
        assert!(!is_cross_origin(&send(method, path)), "{method} {path}");
    }
}
