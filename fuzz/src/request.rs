//! What stands in a request beside its body: path, query, matchers, headers. The first byte says which.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Request};
use spin_pushgateway::api::groups::Query;
use spin_pushgateway::auth::Tokens;
use spin_pushgateway::exposition::content_type::PushFormat;
use spin_pushgateway::exposition::encoding::accepts_gzip;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::negotiate::Format;
use spin_pushgateway::exposition::openmetrics::Support;
use spin_pushgateway::groups::matchers::Selector;
use spin_pushgateway::groups::path;
use spin_pushgateway::lifetime::{HEADER, Lifetimes};
use spin_pushgateway::routes::{Paths, Route, route};

/// An hour, in nanoseconds.
const HOUR: u64 = 3_600_000_000_000;

/// Takes the bytes after the first for what that one says.
pub fn check(input: &[u8]) {
    let Some((which, rest)) = input.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    match which % 8 {
        0 => address(&text),
        1 => drop(Query::parse(&text)),
        2 => {
            if let Ok(selector) = Selector::parse(&text) {
                let _ = selector.matches(&[("job", "j"), ("instance", "")]);
            }
        }
        3 => {
            let _ = Format::negotiate(Some(&text), Support::On).content_type();
        }
        4 => {
            let _ = PushFormat::of_header(Some(rest), Support::On);
            let _ = accepts_gzip([rest]);
        }
        5 => authorize(rest),
        6 => live(HeaderValue::from_bytes(rest).ok(), "/"),
        _ => live(None, &text),
    }
}

/// A group that a path names has a job.
fn address(path: &str) {
    let Route::Group { job, segments, .. } = route(&Method::PUT, path, &Paths::new("", "", ""))
    else {
        return;
    };
    for scheme in [NameScheme::Legacy, NameScheme::Utf8] {
        if let Ok(key) = path::parse(job, &segments, scheme) {
            assert!(key.get("job").is_some_and(|job| !job.is_empty()));
        }
    }
}

/// Nobody guesses the token.
fn authorize(value: &[u8]) {
    let token = |_: &str| "5e0f6d1c9b7a48d2a3c4f1e2d3b4a596".to_owned();
    let tokens = Tokens::read(token).expect("a token");
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return;
    };
    let headers: HeaderMap = [(AUTHORIZATION, value)].into_iter().collect();
    let refusal = tokens.check(&Route::Scrape, NameScheme::Utf8, &headers);
    assert!(refusal.is_err());
}

/// No push is shown for longer than it may be.
fn live(header: Option<HeaderValue>, uri: &str) {
    let mut request = Request::put(uri);
    if let Some(value) = header {
        request = request.header(HEADER, value);
    }
    let Ok(request) = request.body(()) else {
        return;
    };
    let lifetimes = Lifetimes {
        group_ttl: None,
        max_group_ttl: Some(HOUR),
    };
    if let Ok(ttl) = lifetimes.of_push(&request.into_parts().0) {
        assert!(ttl.is_some_and(|ttl| 0 < ttl && ttl <= HOUR));
    }
}
