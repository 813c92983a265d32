//! The shipped alerts: what they fire on, and that somebody is told what to do.

use std::collections::BTreeSet;

use crate::configurations::run;
use crate::support::files;
use crate::support::programs::PROMTOOL;

#[test]
fn alerts_fire_when_they_should_and_not_before() {
    let Some(promtool) = PROMTOOL.find_or_skip() else {
        return;
    };
    let rules = files::path("deploy/prometheus/alerts.yml");
    run(&promtool, &["check", "rules"], &rules);
    let tests = files::path("deploy/prometheus/alerts_test.yml");
    run(&promtool, &["test", "rules"], &tests);
}

#[test]
fn every_alert_is_tested_and_explained() {
    let alerts = names("deploy/prometheus/alerts.yml", "- alert: ");
    let tested = names("deploy/prometheus/alerts_test.yml", "alertname: ");
    let explained = names("docs/operations.md", "### Pushgateway")
        .into_iter()
        .map(|rest| format!("Pushgateway{rest}"))
        .collect();
    assert!(!alerts.is_empty());
    assert_eq!(alerts, tested);
    assert_eq!(alerts, explained);
}

/// The words that follow this mark in the lines of a file.
fn names(file: &str, mark: &str) -> BTreeSet<String> {
    let text = files::read(file);
    let rests = text
        .lines()
        .filter_map(|line| Some(line.split_once(mark)?.1));
    let words = rests.map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    });
    words.map(str::to_owned).collect()
}
