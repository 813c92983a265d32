//! Answers of the API without what two programs cannot have in common.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What stands for a time.
const TIME: &str = "<a time>";

fn data(text: &str) -> Value {
    let mut answer: Value = serde_json::from_str(text).expect("is JSON");
    assert_eq!(answer["status"], "success");
    answer["data"].take()
}

/// The groups by their labels. Times are replaced, metrics are ordered by their labels, and of gauge histograms, for
/// which the Pushgateway has no words, only the labels stay.
pub(super) fn groups(text: &str) -> BTreeMap<String, Value> {
    let groups = data(text);
    let groups = groups.as_array().expect("is an array").iter().cloned();
    let by_labels: Vec<_> = groups
        .map(|mut group| {
            let families = group.as_object_mut().expect("is an object");
            for (name, family) in families.iter_mut() {
                if !matches!(name.as_str(), "labels" | "last_push_successful") {
                    normalise(name, family);
                }
            }
            (group["labels"].to_string(), group)
        })
        .collect();
    let count = by_labels.len();
    let groups: BTreeMap<_, _> = by_labels.into_iter().collect();
    assert_eq!(groups.len(), count, "a group is there twice");
    groups
}

fn normalise(name: &str, family: &mut Value) {
    let time = &mut family["time_stamp"];
    assert!(time.as_str().is_some_and(is_time), "{time}");
    *time = TIME.into();
    let is_automatic = matches!(name, "push_time_seconds" | "push_failure_time_seconds");
    let is_gauge_histogram = family["type"] == "GAUGE_HISTOGRAM";
    let metrics = family["metrics"].as_array_mut().expect("is an array");
    for metric in metrics.iter_mut() {
        if is_automatic && metric["value"] != "0" {
            metric["value"] = TIME.into();
        }
        if is_gauge_histogram {
            *metric = json!({ "labels": metric["labels"] });
        }
    }
    metrics.sort_by_key(|metric| metric["labels"].to_string());
}

/// Whether this is a time of this century as RFC 3339 has it, with at most nine digits for the second's fraction.
fn is_time(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let rest = shape.strip_prefix("0000-00-00T00:00:00").unwrap_or("?");
    let (fraction, zone) = rest.split_at(rest.find(['Z', '+', '-']).unwrap_or(0));
    let is_fraction = fraction.is_empty()
        || fraction.starts_with('.') && fraction.len() <= 10 && !text[19..].starts_with(".0Z");
    text.starts_with("20") && is_fraction && (zone == "Z" || zone.len() == 6)
}

/// The data of the status without build and start, and without the flags that are about the process: Debian's build
/// has one of its own.
pub(super) fn status(text: &str) -> Value {
    let mut status = data(text);
    let build = status["build_information"]
        .as_object_mut()
        .expect("is an object");
    for (_, value) in build.iter_mut() {
        assert!(value.is_string(), "{value}");
        *value = "".into();
    }
    assert!(status["start_time"].is_string());
    status["start_time"] = TIME.into();
    let flags = status["flags"].as_object_mut().expect("is an object");
    flags.insert("web.listen-address".to_owned(), "".into());
    flags.remove("web.local-assets");
    status
}

/// The text with all times replaced, and nothing else.
pub(super) fn without_times(text: &str) -> String {
    let text = replace_after(text, &["\"time_stamp\":\""]);
    let gauge = ["changing this group in the Pushgateway ", "\"value\":\""];
    replace_after(&text, &gauge)
}

/// Replaces what stands in quotes after these marks, which follow each other, wherever that is, unless it is `0`.
fn replace_after(text: &str, marks: &[&str]) -> String {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let mut at = 0;
        for mark in marks {
            match rest[at..].find(mark) {
                Some(found) => at += found + mark.len(),
                None => return out + rest,
            }
        }
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('"').expect("a string ends");
        out.push_str(if &rest[..end] == "0" { "0" } else { TIME });
        rest = &rest[end..];
    }
}

#[test]
fn times_are_recognised_and_replaced() {
    for (text, want) in [
        ("2026-11-23T03:50:20.386308476Z", true),
        ("2026-11-23T03:50:20Z", true),
        ("2026-11-23T03:50:20.3+01:00", true),
        ("2026-11-23T03:50:20.3863084767Z", false),
        ("2026-11-23 03:50:20Z", false),
        ("1970-01-01T00:00:00Z", false),
        ("", false),
    ] {
        assert_eq!(is_time(text), want, "{text}");
    }
    let text = r#"{"a":{"time_stamp":"x","value":"1"},"p":{"time_stamp":"y","help":"Last Unix time when changing this group in the Pushgateway failed.","value":"0"},"q":{"help":"Last Unix time when changing this group in the Pushgateway succeeded.","value":"2"}}"#;
    let want = text
        .replace("\"x\"", "\"<a time>\"")
        .replace("\"y\"", "\"<a time>\"")
        .replace("\"2\"", "\"<a time>\"");
    assert_eq!(without_times(text), want);
}
