//! Requests that Schemathesis makes up from the file: good ones, and such as break its rules one at a time.
//!
//! Every answer is one that the file describes, none is a failure of the gateway, none has a header that a stranger
//! brought, and the log stays one line of `logfmt` for each event. The run is bounded and the same each time: a fixed
//! seed, so many examples for each operation, no search for smaller ones. (The phase `stateful` needs links, which the
//! file has none of; the checks left out hold that everything which breaks a schema is refused, and the gateway is as
//! generous as the Pushgateway.)

mod logfmt;

use std::fs::{self, File};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::files;
use crate::support::folder;
use crate::support::gateway::{Gateway, Options};
use crate::support::programs::skip;

/// How long a run may take. It takes some twenty seconds.
const TIMEOUT: Duration = Duration::from_secs(240);

/// What is checked of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method,\
                      allow_header_conformance,no_header_is_a_strangers";

/// Low limits, so that some pushes exceed each.
const LIMITS: [(&str, &str); 9] = [
    ("max_push_bytes", "4000"),
    ("max_series_per_push", "50"),
    ("max_labels_per_series", "6"),
    ("max_label_bytes", "200"),
    ("max_groups", "100"),
    ("max_groups_per_job", "10"),
    ("group_ttl", "1h"),
    ("push_enable_openmetrics", "true"),
    ("web_enable_openmetrics", "true"),
];

fn gateway(variables: &[(&str, &str)]) -> Gateway {
    let variables = LIMITS.iter().chain(variables);
    Options::new().variables(variables).start()
}

/// Runs Schemathesis against the gateway; false after saying that it is not installed.
fn run(gateway: &Gateway, seed: &str) -> bool {
    let program = files::path("target/test-programs/schemathesis/bin/st");
    if !program.is_file() {
        skip("Schemathesis");
        return false;
    }
    // Where it would look for a configuration and leave files.
    let folder = folder::temporary();
    let output = folder.path().join("output");
    let file = File::create(&output).expect("a file");
    let mut command = Command::new(program);
    command
        .arg("run")
        .arg(files::path("docs/openapi.yaml"))
        .args(["--url", &format!("http://{}", gateway.address())])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", "40", "--seed", seed, "--no-shrink"])
        .args(["--checks", CHECKS, "--continue-on-failure"])
        .args(["--generation-database", "none", "--warnings", "off"])
        .args(["--request-timeout", "20", "--no-color"])
        .env(
            "SCHEMATHESIS_HOOKS",
            files::path("tests/openapi/fuzz/hooks.py"),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "127.0.0.1")
        .current_dir(folder.path())
        .stdout(file.try_clone().expect("a file"))
        .stderr(file);
    let status = wait(&mut command);
    let output = fs::read_to_string(output).expect("the output is UTF-8");
    assert!(status.success(), "{output}");
    true
}

/// Runs a command, and ends it when it takes too long.
fn wait(command: &mut Command) -> ExitStatus {
    let mut child = command.spawn().expect("it starts");
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(status) = child.try_wait().expect("a status") {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().expect("it ends");
            child.wait().expect("a status");
            panic!("Schemathesis takes longer than {TIMEOUT:?}");
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Checks that the log holds lines of these messages, and nothing but lines of the gateway's own.
fn check_log(gateway: &Gateway, messages: &[&str]) {
    let log = gateway.stderr();
    let mut missing = messages.to_vec();
    for line in log.lines() {
        let pairs = logfmt::parse(line).unwrap_or_else(|| panic!("is no logfmt: {line:?}"));
        let keys: Vec<_> = pairs.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["level", "msg", "detail"], "{line}");
        assert_eq!(pairs[0].1, "warn", "{line}");
        missing.retain(|message| *message != pairs[1].1);
    }
    assert!(missing.is_empty(), "{missing:?} is not in the log:\n{log}");
}

#[test]
fn whatever_is_sent_to_an_open_gateway_is_answered_as_the_file_says() {
    let gateway = gateway(&[("web_enable_admin_api", "true")]);
    if run(&gateway, "1") {
        check_log(&gateway, &["push rejected", "push refused"]);
    }
}

#[test]
fn whatever_is_sent_to_a_guarded_gateway_is_answered_as_the_file_says() {
    let gateway = gateway(&[
        ("push_tokens", "pusher"),
        ("scrape_tokens", "scraper"),
        ("admin_tokens", "admin"),
    ]);
    if run(&gateway, "2") {
        let messages = ["push rejected", "push refused", "request refused"];
        check_log(&gateway, &messages);
    }
}
