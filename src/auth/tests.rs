//! Decisions: every kind of caller on every kind of route.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};

use super::*;
use crate::routes::{self, Paths};

const PUSH: &str = "push_tokens";
const SCRAPE: &str = "scrape_tokens";
const ADMIN: &str = "admin_tokens";

/// Names and values.
type Variables<'a> = &'a [(&'a str, &'a str)];

fn tokens(variables: Variables<'_>) -> Tokens {
    Tokens::read(|name| {
        let variable = variables.iter().find(|(have, _)| *have == name);
        variable.map_or_else(String::new, |(_, value)| (*value).to_owned())
    })
    .expect("well-formed")
}

/// What a request gets: `ok`, 401 or 403. An empty token is none.
fn outcome(tokens: &Tokens, token: &str, method: &str, path: &str) -> &'static str {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let paths = Paths::new("", "", "");
    let route = routes::route(&method, path, &paths);
    let mut headers = HeaderMap::new();
    if !token.is_empty() {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a value");
        headers.insert(AUTHORIZATION, value);
    }
    match tokens.check(&route, NameScheme::Legacy, &headers) {
        Ok(()) => "ok",
        Err(Refusal::Unknown(Challenge::Bearer)) => "401",
        Err(Refusal::Unknown(Challenge::Basic)) => "401 with a dialog",
        Err(Refusal::NotAllowed) => "403",
    }
}

#[test]
fn each_token_allows_what_it_is_for() {
    let tokens = tokens(&[
        (
            PUSH,
            "push-old,push,backup=exact,ci-*=prefix,ci-*=two,nightly=two",
        ),
        (SCRAPE, "scrape"),
        (ADMIN, "admin"),
    ]);
    let callers = [
        "", "wrong", "push", "push-old", "exact", "prefix", "two", "scrape", "admin",
    ];
    let (ok, unknown, other) = ("ok", "401", "403");
    let open = [ok; 9];
    // In the order of the callers above.
    let change = [unknown, unknown, ok, ok, other, other, other, other, ok];
    let backup = [unknown, unknown, ok, ok, ok, other, other, other, ok];
    let ci = [unknown, unknown, ok, ok, other, ok, ok, other, ok];
    let nightly = [unknown, unknown, ok, ok, other, other, ok, other, ok];
    let malformed = [unknown, unknown, ok, ok, ok, ok, ok, other, ok];
    let read = [unknown, unknown, other, other, other, other, other, ok, ok];
    let administer = [
        unknown, unknown, other, other, other, other, other, other, ok,
    ];
    let cases = [
        ("PUT /metrics/job/any", change),
        ("POST /metrics/job/any", change),
        ("DELETE /metrics/job/any", change),
        ("PUT /metrics/job/backup", backup),
        ("DELETE /metrics/job/backup/instance/i", backup),
        ("PUT /metrics/job@base64/YmFja3Vw", backup),
        ("PUT /metrics/job/%62ackup", backup),
        // The job that the group will have counts, wherever another one is named.
        ("PUT /metrics/job/any/job/backup", change),
        ("PUT /metrics/job/backup/job/any", backup),
        ("PUT /metrics/job/backup%2F..", change),
        ("PUT /metrics/job/Backup", change),
        ("PUT /metrics/job/backups", change),
        ("PUT /metrics/job/ci-", ci),
        ("PUT /metrics/job/ci-x", ci),
        ("PUT /metrics/job/ci", change),
        ("PUT /metrics/job/nightly", nightly),
        // What names no group is told to everyone who may push.
        ("PUT /metrics/job/", malformed),
        ("PUT /metrics/job/any/odd", malformed),
        ("GET /metrics", read),
        ("HEAD /metrics", read),
        ("GET /metrics/", read),
        ("GET /%6Detrics", read),
        ("GET /api/v1/metrics", read),
        ("HEAD /api/v1/status", read),
        ("GET /api/v1/groups", read),
        ("DELETE /api/v1/groups", administer),
        ("PUT /api/v1/admin/wipe", administer),
        ("GET /-/healthy", open),
        ("GET /-/ready", open),
        ("PUT /-/quit", open),
        ("OPTIONS /metrics", open),
        ("OPTIONS /metrics/job/any", open),
        ("OPTIONS /api/v1/metrics", open),
        ("GET /metrics/job/any", open),
        ("GET /nothing", open),
    ];
    for (request, want) in cases {
        let (method, path) = request.split_once(' ').expect("two words");
        let got = callers.map(|token| outcome(&tokens, token, method, path));
        assert_eq!(got, want, "{request}, by {callers:?}");
    }
}

#[test]
fn a_right_without_tokens_is_open_to_all() {
    let requests = [
        ("PUT", "/metrics/job/j"),
        ("GET", "/metrics"),
        ("PUT", "/api/v1/admin/wipe"),
    ];
    let cases: [(Variables<'_>, [&str; 3]); 6] = [
        (&[], ["ok", "ok", "ok"]),
        (&[(PUSH, "t")], ["401", "ok", "ok"]),
        (&[(PUSH, "other=t")], ["401", "ok", "ok"]),
        (&[(SCRAPE, "t")], ["ok", "401", "ok"]),
        (&[(ADMIN, "t")], ["ok", "ok", "401"]),
        (&[(PUSH, "t"), (SCRAPE, "u")], ["401", "401", "ok"]),
    ];
    for (variables, want) in cases {
        for token in ["", "wrong"] {
            let got =
                requests.map(|(method, path)| outcome(&tokens(variables), token, method, path));
            assert_eq!(got, want, "{variables:?} {token:?}");
        }
    }
}

#[test]
fn a_token_in_two_variables_has_both_rights() {
    let tokens = tokens(&[(PUSH, "both"), (SCRAPE, "both,scrape")]);
    assert_eq!(outcome(&tokens, "both", "PUT", "/metrics/job/j"), "ok");
    assert_eq!(outcome(&tokens, "both", "GET", "/metrics"), "ok");
    assert_eq!(outcome(&tokens, "scrape", "PUT", "/metrics/job/j"), "403");
}

#[test]
fn the_switch_offers_administration_only_where_there_are_no_tokens() {
    let cases: [(Variables<'_>, bool, bool); 7] = [
        (&[], false, false),
        (&[], true, true),
        (&[(PUSH, "t")], true, false),
        (&[(SCRAPE, "t")], true, false),
        (&[(ADMIN, "t")], false, true),
        (&[(ADMIN, "t")], true, true),
        (&[(PUSH, "t"), (ADMIN, "u")], false, true),
    ];
    for (variables, switch, want) in cases {
        assert_eq!(
            tokens(variables).offer_administration(switch),
            want,
            "{variables:?} {switch}"
        );
    }
}

#[test]
fn a_malformed_variable_is_named() {
    for name in [PUSH, SCRAPE, ADMIN] {
        let error = Tokens::read(|variable| {
            let value = if variable == name {
                "good,hidden token"
            } else {
                "good"
            };
            value.to_owned()
        })
        .expect_err("is malformed");
        assert_eq!(error.0, name);
        assert!(
            error.1.to_string().starts_with("entry 2 is no token"),
            "{}",
            error.1
        );
    }
}

#[test]
fn only_pages_make_a_browser_ask_its_user() {
    let tokens = tokens(&[(SCRAPE, "scrape")]);
    let cases = [
        ("/", "401 with a dialog"),
        ("/status", "401 with a dialog"),
        ("/metrics", "401"),
        ("/api/v1/metrics", "401"),
    ];
    for (path, want) in cases {
        assert_eq!(outcome(&tokens, "", "GET", path), want, "{path}");
    }
}

#[test]
fn who_is_refused_is_told_what_is_missing() {
    let unknown = Refusal::Unknown(Challenge::Bearer).to_string();
    assert!(
        unknown.contains("Authorization: Bearer <token>"),
        "{unknown}"
    );
    assert_eq!(
        Refusal::NotAllowed.to_string(),
        "the token does not allow this"
    );
}

#[test]
fn tokens_are_in_no_debug_output() {
    let tokens = tokens(&[
        (PUSH, "job=hunter2"),
        (SCRAPE, "hunter2"),
        (ADMIN, "hunter2"),
    ]);
    let digest_of_hunter2 = "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7";
    let text = format!("{tokens:?}");
    assert!(text.contains("job") && !text.contains("hunter2"), "{text}");
    // Neither in hexadecimal nor as a list of numbers.
    assert!(
        !text.contains(digest_of_hunter2) && !text.contains("245, 47"),
        "{text}"
    );
}
