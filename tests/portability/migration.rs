//! A Go Pushgateway's groups come over, from a running one and from its file.

use std::collections::BTreeSet;

use crate::old_groups::{self, GROUPS};
use crate::support::client::Client;
use crate::support::folder;
use crate::support::gateway::{Gateway, Options};
use crate::support::programs::Version;
use crate::support::pushgateway::Pushgateway;
use crate::tool::{printed, text};

/// The first version that takes names of any characters.
const MINIMUM: Version = (1, 11, 0);

const UTF8: &str = "--push.enable-utf8-names";
const TOKEN: &str = "migration-token-5f6e7d";

fn target() -> Gateway {
    Options::new()
        .variable("push_enable_utf8_names", "true")
        .variable("push_tokens", "push-token-0f1e2d")
        .variable("scrape_tokens", "scrape-token-697887")
        .variable("admin_tokens", TOKEN)
        .start()
}

fn url(gateway: &Gateway) -> String {
    format!("http://{}/", gateway.address())
}

/// The lines of a scrape as text that are about what was pushed. HELP texts are left out where groups
/// do not agree on them: which one is shown is chance there, and order here.
fn pushed(client: &mut Client) -> BTreeSet<String> {
    let headers = [
        ("Authorization", &*format!("Bearer {TOKEN}")),
        ("Accept", "text/plain; escaping=allow-utf-8"),
    ];
    let response = client.send(
        "GET",
        "/metrics",
        &headers,
        crate::support::client::Body::None,
    );
    let response = response.expect("a scrape");
    assert_eq!(response.status, 200);
    let own = [
        "go_",
        "process_",
        "pushgateway_",
        "promhttp_",
        "push_",
        "helped ",
    ];
    let is_own = |line: &str| {
        let name = line
            .trim_start_matches("# HELP ")
            .trim_start_matches("# TYPE ");
        own.iter().any(|prefix| name.starts_with(prefix))
    };
    response
        .text()
        .lines()
        .filter(|line| !is_own(line))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_thousand_groups_of_a_running_pushgateway_come_over() {
    let Some(source) = Pushgateway::start_or_skip(MINIMUM, &old_groups::FLAGS) else {
        return;
    };
    old_groups::push(&mut source.client());
    let from = format!("http://{}", source.address());
    let target = target();
    let dry = printed(
        0,
        &[
            "migrate",
            &from,
            &url(&target),
            "--token",
            TOKEN,
            "--dry-run",
        ],
    );
    assert!(
        dry.starts_with(&format!("groups to push: {GROUPS}\n")),
        "{dry}"
    );

    let report = printed(0, &["migrate", &from, &url(&target), "--token", TOKEN]);
    check(&report, &mut source.client(), &target);
    // A second time the groups are there.
    let again = printed(1, &["migrate", &from, &url(&target), "--token", TOKEN]);
    assert!(again.contains(&format!("left out: {GROUPS}\n")), "{again}");
    let report = printed(
        0,
        &[
            "migrate",
            &from,
            &url(&target),
            "--token",
            TOKEN,
            "--replace",
        ],
    );
    check(&report, &mut source.client(), &target);
}

#[test]
fn a_thousand_groups_of_a_persistence_file_come_over() {
    let folder = folder::temporary();
    let file = folder.path().join("pushgateway.data");
    let persistence = format!("--persistence.file={}", text(&file));
    let [utf8, unchecked] = old_groups::FLAGS;
    let Some(mut source) = Pushgateway::start_or_skip(MINIMUM, &[utf8, unchecked, &persistence])
    else {
        return;
    };
    old_groups::push(&mut source.client());
    let shown = pushed(&mut source.client());
    source.stop();
    let target = target();
    let report = printed(
        0,
        &["migrate", text(&file), &url(&target), "--token", TOKEN],
    );
    assert_compared(&report);
    assert_same(&shown, &pushed(&mut target.client()));

    // A file that was cut is none.
    let whole = std::fs::read(&file).expect("the file");
    std::fs::write(&file, &whole[..whole.len() - 1]).expect("the file");
    printed(
        2,
        &["migrate", text(&file), &url(&target), "--token", TOKEN],
    );
}

#[test]
fn what_does_not_come_over_is_said() {
    let Some(source) = Pushgateway::start_or_skip(MINIMUM, &[UTF8]) else {
        return;
    };
    let mut client = source.client();
    let pushes = [
        ("/metrics/job/good", "m 1\n", 200),
        ("/metrics/job/rejected", "m 1 1700000000\n", 400),
        ("/metrics/job/utf8", "{\"a.b\"} 1\n", 200),
    ];
    for (path, body, want) in pushes {
        assert_eq!(client.put(path, body).expect("an answer").status, want);
    }
    // The target does not take names of any characters.
    let target = Options::new().start();
    let from = format!("http://{}", source.address());
    let report = printed(1, &["migrate", &from, &url(&target)]);
    assert!(report.contains("left out: 2\n"), "{report}");
    assert!(
        report.contains("{job=\"rejected\"}: holds rejected pushes only"),
        "{report}"
    );
    assert!(report.contains("{job=\"utf8\"}: 400"), "{report}");
    assert!(report.contains("differences: "), "{report}");
    let text = target.client().get("/metrics").expect("a scrape").text();
    assert!(text.contains("m{instance=\"\",job=\"good\"} 1"), "{text}");

    let wrong = printed(
        2,
        &[
            "migrate",
            &from,
            &url(&self::target()),
            "--token",
            "wrong-token-c3d2e1",
        ],
    );
    assert_eq!(wrong, "");
}

fn check(report: &str, source: &mut Client, target: &Gateway) {
    assert_compared(report);
    assert_same(&pushed(source), &pushed(&mut target.client()));
    let report = printed(0, &["check", text(target.state_dir())]);
    assert!(
        report.contains(&format!("{GROUPS} groups, ")) && report.contains("damaged: 0"),
        "{report}"
    );
}

fn assert_compared(report: &str) {
    let says = [
        format!("groups to push: {GROUPS}\n"),
        "left out: 0\n".to_owned(),
        format!("compared: {GROUPS} groups"),
        "differences: 0\n".to_owned(),
    ];
    for line in says {
        assert!(report.contains(&line), "{line:?} is not in:\n{report}");
    }
}

fn assert_same(source: &BTreeSet<String>, target: &BTreeSet<String>) {
    let missing: Vec<_> = source.difference(target).take(10).collect();
    let more: Vec<_> = target.difference(source).take(10).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "missing {missing:#?}, more {more:#?}"
    );
    assert!(source.len() > GROUPS);
}
