//! The differential test: the gateway and the Go Pushgateway get the same
//! random requests, and must give the same answers and the same expositions.
//!
//! Pushed are text and delimited protobuf, valid and spoiled, in every encoding
//! and with all kinds of headers. After each push the groups are compared as
//! the JSON API shows them, and a scrape in one of the formats, negotiated by
//! the same headers, once it is decoded. This is done three times: as both are
//! by default, with UTF-8 names, and without the consistency check, where the
//! Pushgateway's scrapes fail and the gateway's must not.
//!
//! What the gateway does differently on purpose is listed in [`intended`], each
//! entry with its reason, and counted at the end of a run. Anything else fails
//! the test with a case that was shrunk, printed as a shell script.
//!
//! Environment:
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `DIFF_PUSHES` | how many requests each run sends | 600 to 2000 |
//! | `DIFF_SEED` | the seed of the first sequence, or `random`, which is printed | 1 |
//! | `DIFF_FAILURES` | how many differences are collected before a run ends | 1 |
//!
//! `make test` runs a few thousand requests. More than 20,000, 7000 for each of
//! the three, are sent by
//! `DIFF_PUSHES=7000 DIFF_SEED=random cargo test --test differential answers_like -- --nocapture`.

#[path = "../support/mod.rs"]
mod support;

mod api;
mod compare;
mod delivery;
mod error_text;
mod exposition;
mod generate;
mod helps;
mod intended;
mod prototext;
mod request;
mod run;
mod scrape;
mod script;
mod shrink;
mod side;
mod ties;

use compare::{Pair, Rules};
use intended::Intended;
use run::{Plan, run};
use side::{Altered, Side};
use spin_pushgateway::exposition::names::NameScheme;
use support::client::Response;
use support::gateway;
use support::programs::Version;
use support::pushgateway::Pushgateway;

/// The oldest Pushgateway that behaves as the ones of today: 1.11.0 brought
/// the parser for quoted names.
const REFERENCE: Version = (1, 11, 0);

#[test]
fn the_gateway_answers_like_the_pushgateway() {
    compare(
        Rules::DEFAULT,
        &[],
        gateway::Options::new(),
        Intended::of_the_gateway(),
        Plan::from_env(2000),
    );
}

#[test]
fn the_gateway_answers_like_the_pushgateway_with_utf8_names() {
    compare(
        Rules {
            names: NameScheme::Utf8,
            ..Rules::DEFAULT
        },
        &["--push.enable-utf8-names"],
        gateway::Options::new().variable("push_enable_utf8_names", "true"),
        Intended::of_the_gateway_with_utf8_names(),
        Plan::from_env(1000),
    );
}

#[test]
fn the_gateway_answers_like_the_pushgateway_without_the_consistency_check() {
    compare(
        Rules {
            consistency_check: false,
            ..Rules::DEFAULT
        },
        &["--push.disable-consistency-check"],
        gateway::Options::new().variable("push_disable_consistency_check", "true"),
        Intended::of_the_unchecked_gateway(),
        Plan::from_env(1000),
    );
}

/// Runs the plan against the gateway and a Pushgateway with these flags.
fn compare(
    rules: Rules,
    flags: &[&str],
    options: gateway::Options,
    intended: Intended,
    plan: Plan,
) {
    let Some(reference) = Pushgateway::start_or_skip(REFERENCE, flags) else {
        return;
    };
    let gateway = options.start();
    let mut pair = Pair::new(
        Side::new("pushgateway", reference.client()),
        Side::new("gateway", gateway.client()),
        intended,
        rules,
    );
    let report = run(&mut pair, &plan);
    println!("{report}");
    assert!(report.failures.is_empty(), "the gateway differs, see above");
    report.assert_meaningful();
}

#[test]
fn the_pushgateway_does_not_differ_from_itself() {
    let Some((first, second)) = two_pushgateways() else {
        return;
    };
    let mut pair = Pair::new(
        Side::new("pushgateway", first.client()),
        Side::new("pushgateway again", second.client()),
        Intended::of_the_pushgateway_itself(),
        Rules::DEFAULT,
    );
    let report = run(&mut pair, &Plan::from_env(600));
    println!("{report}");
    assert!(
        report.failures.is_empty(),
        "the comparison sees ghosts, see above"
    );
    report.assert_meaningful();
}

#[test]
fn planted_defects_are_found_and_shrunk() {
    let Some((first, second)) = two_pushgateways() else {
        return;
    };
    let defects: [(&str, side::Alter, usize); 3] = [
        ("a lost series", lose_a_series, 1),
        ("a wrong status", answer_some_deletes_with_200, 1),
        ("a changed error text", change_an_error_text, 2),
    ];
    for (name, alter, most_steps) in defects {
        let subject = Side::altered("altered pushgateway", second.client(), Altered::new(alter));
        let mut pair = Pair::new(
            Side::new("pushgateway", first.client()),
            subject,
            Intended::of_the_pushgateway_itself(),
            Rules::DEFAULT,
        );
        let report = run(&mut pair, &Plan::fixed(600));
        let [failure] = report.failures.as_slice() else {
            panic!("{name} was not found:\n{report}");
        };
        assert!(
            failure.requests.len() <= most_steps,
            "{name} was not shrunk:\n{failure}"
        );
        assert!(failure.to_string().contains("curl"), "{name}:\n{failure}");
    }
}

fn two_pushgateways() -> Option<(Pushgateway, Pushgateway)> {
    Some((
        Pushgateway::start_or_skip(REFERENCE, &[])?,
        Pushgateway::start_or_skip(REFERENCE, &[])?,
    ))
}

/// Drops the gauges' series of one label value from each exposition.
fn lose_a_series(method: &str, _target: &str, response: &mut Response) {
    if method == "GET" && response.status == 200 {
        let kept = response
            .body
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| !(line.starts_with(b"m{") && line.windows(5).any(|w| w == b"a=\"x\"")))
            .collect::<Vec<_>>()
            .concat();
        response.body = kept;
    }
}

/// Answers the deletion of one job as other gateways do.
fn answer_some_deletes_with_200(method: &str, target: &str, response: &mut Response) {
    if method == "DELETE" && target.starts_with("/metrics/job/b") && response.status == 202 {
        response.status = 200;
    }
}

/// Says less than the original about duplicates.
fn change_an_error_text(_method: &str, _target: &str, response: &mut Response) {
    if response.status == 400 {
        let text = response.text();
        response.body = text
            .replace(" was collected before", " exists")
            .into_bytes();
    }
}
