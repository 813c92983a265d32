//! What browsers send on behalf of other sites changes nothing.

use crate::exposition::samples;
use crate::support::client::Body;
use crate::support::gateway::{Gateway, Options};

/// Names and values; `HOST` stands for where the gateway listens.
type Headers<'a> = &'a [(&'a str, &'a str)];

#[test]
fn changes_on_behalf_of_other_sites_are_refused() {
    let gateway = Options::new()
        .variable("web_enable_admin_api", "true")
        .start();
    let mut client = gateway.client();
    let host = gateway.address().to_string();
    let pushed = client.put("/metrics/job/j", "m 1\n").expect("an answer");
    assert_eq!(pushed.status, 200);
    let other: [Headers<'_>; 8] = [
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", "http://HOST")],
        &[
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Site", "cross-site"),
        ],
        &[("Origin", "https://evil.example")],
        &[
            ("Origin", "http://evil.example"),
            ("spin-full-url", "http://evil.example/"),
        ],
        &[("Origin", "http://127.0.0.1:1")],
        &[("Origin", "null")],
    ];
    for headers in other {
        for (method, path) in [
            ("PUT", "/metrics/job/j"),
            ("POST", "/metrics/job/j"),
            ("DELETE", "/metrics/job/j"),
            ("DELETE", "/api/v1/groups?match[]=%7Bjob%3D%22j%22%7D"),
            ("PUT", "/api/v1/admin/wipe"),
        ] {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (*name, value.replace("HOST", &host)))
                .collect();
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let response = client
                .send(method, path, &headers, Body::Fixed(b"m 2\n"))
                .expect("an answer");
            assert_eq!(response.status, 403, "{method} {path} {headers:?}");
            let text = response.text();
            let start = "changes on behalf of other sites are refused: ";
            assert!(text.starts_with(start), "{text}");
            assert_eq!(response.header("access-control-allow-origin"), None);
        }
    }
    assert_eq!(samples(&mut client), ["m{instance=\"\",job=\"j\"} 1"]);
}

#[test]
fn the_own_pages_and_other_programs_may_change_things() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let origin = format!("http://{}", gateway.address());
    let behind_a_proxy = origin.replace("http:", "https:");
    let own: [Headers<'_>; 6] = [
        &[],
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
        &[
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", "https://public.example"),
        ],
        &[("Origin", &origin)],
        &[("Origin", &behind_a_proxy)],
    ];
    for headers in own {
        let push = client
            .send("PUT", "/metrics/job/j", headers, Body::Fixed(b"m 1\n"))
            .expect("an answer");
        assert_eq!(push.status, 200, "{headers:?}");
        let delete = client
            .send("DELETE", "/metrics/job/j", headers, Body::None)
            .expect("an answer");
        assert_eq!(delete.status, 202, "{headers:?}");
    }
}

#[test]
fn no_site_is_told_that_it_may_change_things() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let headers = [
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Access-Control-Request-Method", "DELETE"),
        ("Access-Control-Request-Headers", "authorization"),
    ];
    for path in [
        "/metrics/job/j",
        "/metrics",
        "/api/v1/admin/wipe",
        "/-/quit",
    ] {
        let response = client
            .send("OPTIONS", path, &headers, Body::None)
            .expect("an answer");
        assert_eq!(response.status, 200, "{path}");
        let is_cors = |(name, _): &(String, String)| name.starts_with("access-control-");
        assert!(
            !response.headers.iter().any(is_cors),
            "{path}: {response:?}"
        );
    }
    // Reading changes nothing: a link to the scrape works.
    let scrape = client
        .send("GET", "/metrics", &headers, Body::None)
        .expect("an answer");
    assert_eq!(scrape.status, 200);
    assert_eq!(scrape.header("access-control-allow-origin"), None);
}
