//! Who may do what, by the tokens that are configured.

use std::fs;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::support::client::{Body, Client, Response};
use crate::support::gateway::{Gateway, Options};
use crate::support::programs::CURL;
use crate::support::prometheus::Prometheus;

const PUSH: &str = "push-token-0f1e2d";
const BOUND: &str = "bound-token-3c4b5a";
const SCRAPE: &str = "scrape-token-697887";
const ADMIN: &str = "admin-token-96a5b4=";
const WRONG: &str = "wrong-token-c3d2e1";

/// Names and values.
type Variables<'a> = &'a [(&'a str, &'a str)];

/// A gateway that asks for tokens everywhere, and takes old ones as well.
fn protected() -> Gateway {
    Options::new()
        .variable("push_tokens", &format!("old,{PUSH}, backup-*={BOUND}"))
        .variable("scrape_tokens", &format!("{SCRAPE},old-scrape"))
        .variable("admin_tokens", ADMIN)
        .start()
}

/// Sends a request with these values of `Authorization`.
fn send(client: &mut Client, method: &str, path: &str, authorization: &[&str]) -> Response {
    let headers: Vec<_> = authorization
        .iter()
        .map(|value| ("Authorization", *value))
        .collect();
    let body = match method {
        "PUT" | "POST" => Body::Fixed(b"m 1\n"),
        _ => Body::None,
    };
    client
        .send(method, path, &headers, body)
        .expect("an answer")
}

#[test]
fn each_token_opens_its_routes_and_no_other() {
    const OPEN: &str = "everyone";
    let gateway = protected();
    let mut client = gateway.client();
    let push = "old push admin";
    let bound = "old push bound admin";
    let read = "scrape old-scrape admin";
    // Who may; a deletion comes last, so that there is something to delete.
    let cases = [
        ("PUT", "/metrics/job/j", push),
        ("POST", "/metrics/job/j", push),
        ("PUT", "/metrics/job/j/job/backup-x", push),
        ("PUT", "/metrics/job/backup-", bound),
        ("POST", "/metrics/job/backup-x/instance/i", bound),
        ("POST", "/metrics/job@base64/YmFja3VwLXg=/instance/i", bound),
        ("POST", "/metrics/job/backup-x/job/j/instance/i", bound),
        ("DELETE", "/metrics/job/backup-x", bound),
        ("DELETE", "/metrics/job/j", push),
        ("GET", "/metrics", read),
        ("HEAD", "/metrics", read),
        ("GET", "/metrics/", read),
        ("GET", "/%6detrics", read),
        ("GET", "/api/v1/metrics", read),
        ("GET", "/api/v1/status", read),
        ("GET", "/api/v1/groups", read),
        (
            "DELETE",
            "/api/v1/groups?match[]=%7Bjob%3D%22j%22%7D",
            "admin",
        ),
        ("PUT", "/api/v1/admin/wipe", "admin"),
        ("GET", "/-/healthy", OPEN),
        ("GET", "/-/ready", OPEN),
        ("OPTIONS", "/metrics", OPEN),
        ("OPTIONS", "/metrics/job/j", OPEN),
        ("OPTIONS", "/api/v1/status", OPEN),
        ("OPTIONS", "/api/v1/admin/wipe", OPEN),
    ];
    let callers = [
        ("nobody", ""),
        ("wrong", WRONG),
        ("old", "old"),
        ("push", PUSH),
        ("bound", BOUND),
        ("scrape", SCRAPE),
        ("old-scrape", "old-scrape"),
        ("admin", ADMIN),
    ];
    for (method, path, allowed) in cases {
        for (caller, token) in callers {
            let case = format!("{method} {path} by {caller}");
            let bearer = format!("Bearer {token}");
            let authorization: &[&str] = if token.is_empty() { &[] } else { &[&bearer] };
            let response = send(&mut client, method, path, authorization);
            if allowed == OPEN || allowed.split(' ').any(|name| name == caller) {
                assert!(response.status < 300, "{case}: {response:?}");
                continue;
            }
            let (status, challenge) = if matches!(caller, "nobody" | "wrong") {
                (401, Some("Bearer realm=\"pushgateway\""))
            } else {
                (403, None)
            };
            assert_eq!(response.status, status, "{case}");
            assert_eq!(response.header("www-authenticate"), challenge, "{case}");
            // Nothing of what is stored or configured.
            let text = response.text();
            assert!(!text.contains("m{") && !text.contains("token-"), "{text}");
        }
    }
}

#[test]
fn paths_without_a_route_are_no_secret() {
    let gateway = protected();
    let mut client = gateway.client();
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("POST", "/metrics", 405),
        ("GET", "/metrics/job/j", 405),
        ("POST", "/api/v1/admin/wipe", 405),
        ("GET", "/-/quit", 405),
    ] {
        let response = send(&mut client, method, path, &[]);
        assert_eq!(response.status, status, "{method} {path}");
    }
}

#[test]
fn a_refused_push_changes_nothing_and_is_not_read() {
    let gateway = protected();
    let mut client = gateway.client();
    let too_large = vec![b'x'; 17 << 20];
    let announced = [("Content-Length", "9999999999")];
    for (path, headers, body) in [
        ("/metrics/job/j", &[][..], Body::Fixed(b"m 1\n")),
        ("/metrics/job/j", &[], Body::Fixed(b"nonsense")),
        ("/metrics/job/j", &[], Body::Fixed(&too_large)),
        ("/metrics/job/", &[], Body::Fixed(b"m 1\n")),
        ("/metrics/job/j", &announced, Body::None),
    ] {
        // A connection each: the body of a refused request is not waited for.
        let response = gateway.client().send("PUT", path, headers, body);
        assert_eq!(response.expect("an answer").status, 401, "{path}");
    }
    let bearer = format!("Bearer {SCRAPE}");
    let scrape = send(&mut client, "GET", "/metrics", &[&bearer]);
    assert!(
        scrape.text().contains("\npushgateway_groups 0\n"),
        "{scrape:?}"
    );
}

#[test]
fn tokens_come_in_every_form_that_clients_send_and_in_no_other() {
    let gateway = protected();
    let mut client = gateway.client();
    let basic = |user: &str| BASE64_STANDARD.encode(format!("{user}:{PUSH}"));
    let unpadded = basic("x").trim_end_matches('=').to_owned();
    let accepted = [
        format!("Bearer {PUSH}"),
        format!("bearer   {PUSH}"),
        format!("Basic {}", basic("")),
        format!("Basic {}", basic("any name")),
        format!("BASIC {unpadded}"),
    ];
    for value in accepted {
        let response = send(&mut client, "PUT", "/metrics/job/j", &[&value]);
        assert_eq!(response.status, 200, "{value}");
    }
    let refused = [
        PUSH.to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer{PUSH}"),
        format!("Bearer {PUSH},"),
        format!("Bearer {PUSH}x"),
        format!("Bearer \"{PUSH}\""),
        format!("Bearer {}", PUSH.to_uppercase()),
        format!("Bearer {PUSH} {PUSH}"),
        format!("Bearer {PUSH}\u{e9}"),
        format!("Bearer backup-*={BOUND}"),
        format!("Token {PUSH}"),
        format!("Basic {PUSH}"),
        format!("Basic {}!", basic("x")),
        format!("Basic {}", BASE64_STANDARD.encode(PUSH)),
        format!("Basic {}", BASE64_STANDARD.encode(format!("{PUSH}:"))),
        format!("Bearer {}", "x".repeat(4000)),
    ];
    for value in refused {
        let response = send(&mut client, "PUT", "/metrics/job/j", &[&value]);
        assert_eq!(response.status, 401, "{value}");
    }
    let bearer = format!("Bearer {PUSH}");
    for values in [[&*bearer, &bearer], [&bearer, "Basic eDp5"]] {
        let response = send(&mut client, "PUT", "/metrics/job/j", &values);
        assert_eq!(response.status, 401, "{values:?}");
    }
}

#[test]
fn a_right_without_tokens_stays_open_and_wiping_needs_an_admin() {
    // Pushing, reading and wiping by nobody in particular, when this is set.
    let cases: [(Variables<'_>, [u16; 3]); 6] = [
        (&[], [200, 200, 404]),
        (&[("web_enable_admin_api", "true")], [200, 200, 202]),
        (&[("push_tokens", "t")], [401, 200, 404]),
        (&[("scrape_tokens", "t")], [200, 401, 404]),
        (&[("admin_tokens", "t")], [200, 200, 401]),
        // The switch alone would let everybody delete what only some may push.
        (
            &[("push_tokens", "t"), ("web_enable_admin_api", "true")],
            [401, 200, 404],
        ),
    ];
    for (variables, want) in cases {
        let gateway = Options::new().variables(variables).start();
        let mut client = gateway.client();
        let got = [
            ("PUT", "/metrics/job/j"),
            ("GET", "/metrics"),
            ("PUT", "/api/v1/admin/wipe"),
        ]
        // A token that is not asked for does no harm.
        .map(|(method, path)| send(&mut client, method, path, &["Bearer other"]).status);
        assert_eq!(got, want, "{variables:?}");
    }
}

#[test]
fn tokens_are_in_no_log_and_no_answer() {
    let gateway = protected();
    let mut client = gateway.client();
    let secrets = [PUSH, BOUND, SCRAPE, ADMIN, WRONG];
    for secret in secrets {
        for (method, path) in [
            ("PUT", "/metrics/job/j"),
            ("DELETE", "/metrics/job/j"),
            ("GET", "/metrics"),
            ("GET", "/api/v1/status"),
            ("GET", "/api/v1/metrics"),
            ("GET", "/api/v1/groups"),
            ("DELETE", "/api/v1/groups"),
            ("PUT", "/api/v1/admin/wipe"),
            ("GET", "/-/ready"),
            ("GET", "/nothing"),
        ] {
            let basic = BASE64_STANDARD.encode(format!("user:{secret}"));
            for value in [format!("Bearer {secret}"), format!("Basic {basic}")] {
                let answer = format!("{:?}", send(&mut client, method, path, &[&value]));
                for secret in secrets {
                    assert!(!answer.contains(secret), "{method} {path}: {answer}");
                }
            }
        }
        let query = format!("/metrics?token={secret}");
        assert_eq!(send(&mut client, "GET", &query, &[]).status, 401);
    }
    let log = gateway.stderr();
    assert!(
        log.contains("level=warn msg=\"request refused\" detail=\"PUT /metrics/job/j: "),
        "{log}"
    );
    for secret in secrets {
        let basic = BASE64_STANDARD.encode(format!("user:{secret}"));
        assert!(!log.contains(secret) && !log.contains(&basic), "{log}");
    }
}

#[test]
fn a_malformed_list_closes_everything() {
    let cases = [
        ("push_tokens", "hidden1,", "entry 2 is empty"),
        ("push_tokens", "job=", "entry 1 has no token behind <job>="),
        ("push_tokens", "a*b=hidden1", "entry 1 has no job before ="),
        ("scrape_tokens", "hidden1 hidden2", "entry 1 is no token"),
        ("admin_tokens", " ", "entry 1 is empty"),
    ];
    for (variable, value, problem) in cases {
        let gateway = Options::new().variable(variable, value).start();
        let mut client = gateway.client();
        for (method, path) in [
            ("GET", "/-/ready"),
            ("GET", "/metrics"),
            ("PUT", "/metrics/job/j"),
            ("PUT", "/api/v1/admin/wipe"),
        ] {
            let response = send(&mut client, method, path, &["Bearer hidden1"]);
            assert_eq!(response.status, 500, "{variable}={value}: {method} {path}");
            let text = response.text();
            let start = format!("variable {variable} is set to something else than tokens");
            assert!(text.starts_with(&start) && text.contains(problem), "{text}");
            assert!(!text.contains("hidden"), "{text}");
        }
        assert!(!gateway.stderr().contains("hidden"));
    }
}

#[test]
fn curl_pushes_with_a_token() {
    let Some(curl) = CURL.find_or_skip() else {
        return;
    };
    let gateway = protected();
    let group = |job: &str| format!("http://{}/metrics/job/{job}", gateway.address());
    let user = format!("ci:{BOUND}");
    let header = format!("Authorization: Bearer {BOUND}");
    let cases: [(&[&str], &str, &str); 4] = [
        (&["-u", &user], "backup-db", "200"),
        (&["-H", &header], "backup-db", "200"),
        (&["-H", &header], "other", "403"),
        (&[], "backup-db", "401"),
    ];
    for (arguments, job, want) in cases {
        let output = Command::new(&curl)
            .args(["-q", "-s", "--max-time", "20", "-o", "/dev/null"])
            .args(["-w", "%{http_code}", "--data-binary", "m 1\n"])
            .args(arguments)
            .arg(group(job))
            .output()
            .expect("curl runs");
        let got = String::from_utf8_lossy(&output.stdout);
        assert_eq!(got, want, "{arguments:?} {job}");
    }
}

#[test]
fn prometheus_scrapes_with_a_token() {
    let gateway = protected();
    let mut client = gateway.client();
    let bearer = format!("Bearer {PUSH}");
    let pushed = send(&mut client, "PUT", "/metrics/job/j", &[&bearer]);
    assert_eq!(pushed.status, 200);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("token");
    // As an editor leaves it: Prometheus trims what is around the token.
    fs::write(&file, format!("{SCRAPE}\n")).expect("the file with the token");
    let config = format!(
        "{}  authorization: {{credentials_file: '{}'}}\n",
        Prometheus::scrape_config(gateway.address()),
        file.display()
    );
    let Some(prometheus) = Prometheus::start_or_skip(&config, &[]) else {
        return;
    };
    let result = prometheus.wait_for("m");
    assert_eq!(result[0]["metric"]["job"], "j");
    assert_eq!(prometheus.query("up")[0]["value"][1], "1");
}
