//! What is long beside the body: paths, queries, headers.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};

use crate::{Case, Request, parts};

/// The inputs, for a gateway that wants a token for pushes. (Hyper takes targets of 64 KiB and somewhat longer heads.)
pub(crate) const CASES: [Case; 9] = [
    Case {
        name: "many grouping labels, without a token",
        size: 1_000,
        request: |n| Request {
            target: format!("/metrics/job/x{}", parts(n, |n| format!("/l{n}/x"))),
            ..Request::push("m 1\n")
        },
        status: 401,
    },
    Case {
        name: "a long token",
        size: 20_000,
        request: |n| {
            Request::push("m 1\n").with("Authorization", format!("Bearer {}", "x".repeat(n)))
        },
        status: 401,
    },
    Case {
        name: "a long password",
        size: 20_000,
        request: |n| {
            let pair = BASE64_STANDARD.encode(format!("{}:{}", "u".repeat(n), "p".repeat(n)));
            Request::push("m 1\n").with("Authorization", format!("Basic {pair}"))
        },
        status: 401,
    },
    Case {
        name: "many formats that are accepted",
        size: 1_000,
        request: |n| {
            let format = "application/openmetrics-text;version=0.0.1;q=0.5,";
            Request::get("/metrics").with("Accept", format.repeat(n))
        },
        status: 200,
    },
    Case {
        name: "a format with many parameters",
        size: 4_000,
        request: |n| {
            let parameters = ";x=\"\\\"\";q=0.1".repeat(n);
            Request::get("/metrics").with("Accept", format!("text/plain{parameters}"))
        },
        status: 200,
    },
    Case {
        name: "many encodings that are accepted",
        size: 5_000,
        request: |n| Request::get("/metrics").with("Accept-Encoding", "gzip;q=0,".repeat(n)),
        status: 200,
    },
    Case {
        name: "many matchers",
        size: 100,
        request: |n| {
            let matchers = parts(n, |n| format!("l{n}=\"x\","));
            Request::get(format!("/api/v1/groups?match[]={{{}}}", encoded(&matchers)))
        },
        status: 200,
    },
    Case {
        // No more than 32 are taken.
        name: "many selectors",
        size: 8,
        request: |n| {
            let selector = format!("match[]={}&", encoded("{l=~\".+x\"}"));
            Request::get(format!("/api/v1/groups?{}", selector.repeat(n)))
        },
        status: 200,
    },
    Case {
        name: "a long search",
        size: 10_000,
        request: |n| Request::get(format!("/api/v1/groups?search={}", "x".repeat(n))),
        status: 200,
    },
];

/// The inputs for a gateway that is open.
pub(crate) const OPEN_CASES: [Case; 7] = [
    Case {
        name: "many grouping labels",
        size: 1_000,
        request: |n| Request {
            target: format!("/metrics/job/x{}", parts(n, |n| format!("/l{n}/x"))),
            ..Request::push("m 1\n")
        },
        status: 200,
    },
    Case {
        name: "the same grouping label many times",
        size: 3_000,
        request: |n| Request {
            target: format!("/metrics/job/x{}", "/l/x".repeat(n)),
            ..Request::push("m 1\n")
        },
        status: 200,
    },
    Case {
        name: "many slashes",
        size: 10_000,
        request: |n| Request::get("/".repeat(n)),
        status: 404,
    },
    Case {
        name: "a long job in base64",
        size: 10_000,
        request: |n| Request {
            target: format!(
                "/metrics/job@base64/{}",
                BASE64_URL_SAFE.encode("x".repeat(n))
            ),
            ..Request::push("m 1\n")
        },
        status: 200,
    },
    Case {
        name: "a long job of percent signs",
        size: 5_000,
        request: |n| Request {
            target: format!("/metrics/job/{}", "%25".repeat(n)),
            ..Request::push("m 1\n")
        },
        status: 200,
    },
    Case {
        name: "a long lifetime",
        size: 20_000,
        request: |n| Request::push("m 1\n").with("X-Pushgateway-TTL", "1h".repeat(n)),
        status: 400,
    },
    Case {
        name: "a content type with many parameters",
        size: 5_000,
        request: |n| {
            Request::push("m 1\n").with(
                "Content-Type",
                format!("text/plain{}", ";x=\"y\"".repeat(n)),
            )
        },
        status: 200,
    },
];

/// The text as a part of a query.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
