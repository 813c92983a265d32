//! What is listed and deleted, and how that is told.

use super::{Listed, Query, QueryError, deletion, page};
use crate::groups::entry::UnixNanos;
use crate::groups::fold::Group;

fn listed(
    job: &'static str,
    instance: &'static str,
    push_time: Option<UnixNanos>,
) -> Listed<'static> {
    let group = Group {
        labels: vec![("instance", instance), ("job", job)],
        push_time,
        failure_time: (job == "b").then_some(9_500_000_000),
        expires: push_time.map(|time| time + 7_000_000_000),
        families: Vec::new(),
    };
    let failure_reason = group.failure_time.map(|_| "two\nlines");
    Listed {
        id: instance,
        group,
        failure_reason,
        forward_failure: (job == "c").then_some((2_500_000_000, "away")),
        bytes: instance.len(),
    }
}

fn groups() -> Vec<Listed<'static>> {
    vec![
        listed("a", "i1", Some(3_000_000_000)),
        listed("a", "i20", Some(1_000_000_000)),
        listed("b", "i3", None),
        listed("c", "i4", Some(1_000_000_000)),
    ]
}

/// Some time after the last push.
const NOW: UnixNanos = 4_000_000_000;

/// The ids of the groups on a page, and its cursor.
fn asked(query: &str) -> (Vec<String>, usize, Option<String>) {
    let query = Query::parse(query).expect(query);
    let body: serde_json::Value =
        serde_json::from_slice(&page::body(&query, &query.select(groups(), NOW))).expect("JSON");
    assert_eq!(body["status"], "success");
    let data = &body["data"];
    let ids = data["groups"].as_array().expect("a list").iter();
    (
        ids.map(|group| group["id"].as_str().expect("an id").to_owned())
            .collect(),
        usize::try_from(data["total"].as_u64().expect("a number")).expect("small"),
        data["next"].as_str().map(str::to_owned),
    )
}

#[test]
fn groups_are_selected_and_sorted() {
    let cases: [(&str, &[&str]); 15] = [
        ("", &["i1", "i20", "i3", "i4"]),
        ("order=desc", &["i4", "i3", "i20", "i1"]),
        ("match[]=%7Bjob%3D%22a%22%7D", &["i1", "i20"]),
        (
            "match[]=job=%22a%22&match[]=job=%22c%22",
            &["i1", "i20", "i4"],
        ),
        ("match[]=job=~%22a|b%22,instance!=%22i1%22", &["i20", "i3"]),
        ("search=I2", &["i20"]),
        ("search=INST", &["i1", "i20", "i3", "i4"]),
        ("failed=true", &["i3"]),
        ("older_than=1s", &["i20", "i3", "i4"]),
        ("older_than=3s", &["i3"]),
        ("sort=push_time", &["i3", "i20", "i4", "i1"]),
        ("sort=expiry_time", &["i20", "i4", "i1", "i3"]),
        ("expires_within=4s500ms", &["i20", "i4"]),
        ("sort=bytes&order=desc", &["i20", "i4", "i3", "i1"]),
        ("unknown=1&limit=2", &["i1", "i20"]),
    ];
    for (query, want) in cases {
        assert_eq!(asked(query).0, want, "{query}");
    }
}

#[test]
fn pages_follow_one_another() {
    for sort in ["labels", "push_time", "expiry_time", "bytes"] {
        for order in ["asc", "desc"] {
            let all = asked(&format!("sort={sort}&order={order}"));
            assert_eq!((all.1, all.2), (4, None));
            let mut got = Vec::new();
            let mut cursor = String::new();
            loop {
                let after = if cursor.is_empty() {
                    String::new()
                } else {
                    format!("&cursor={cursor}")
                };
                let (ids, total, next) =
                    asked(&format!("sort={sort}&order={order}&limit=1{after}"));
                assert_eq!((ids.len(), total), (1, 4));
                got.extend(ids);
                match next {
                    Some(next) => cursor = next,
                    None => break,
                }
            }
            assert_eq!(got, all.0, "{sort} {order}");
        }
    }
}

#[test]
fn a_group_is_told_in_full() {
    let query = Query::parse("failed").expect("valid");
    let body = page::body(&query, &query.select(groups(), NOW));
    assert_eq!(
        String::from_utf8_lossy(&body),
        r#"{"status":"success","data":{"groups":[{"id":"i3","labels":{"instance":"i3","job":"b"},"push_time":null,"failure_time":9.5,"failure_reason":"two\nlines","expiry_time":null,"last_push_successful":false,"families":0,"series":0,"bytes":2}],"total":1}}"#
    );
    let query = Query::parse("match[]=job=%22c%22").expect("valid");
    let body = page::body(&query, &query.select(groups(), NOW));
    let told = r#""forward_failure_time":2.5,"forward_failure_reason":"away""#;
    assert!(String::from_utf8_lossy(&body).contains(told));
}

#[test]
fn queries_that_make_no_sense_are_refused() {
    let cases = [
        (
            "match[]=",
            "invalid parameter match[]: selector has no matcher",
        ),
        (
            "match[]=%7B%7D",
            "invalid parameter match[]: selector has no matcher",
        ),
        (
            "sort=size",
            "invalid parameter sort: expected labels, push_time, failure_time, expiry_time, families, series or bytes",
        ),
        ("order=up", "invalid parameter order: expected asc or desc"),
        (
            "limit=0",
            "invalid parameter limit: expected a number of groups from 1 to 10000",
        ),
        (
            "limit=10001",
            "invalid parameter limit: expected a number of groups from 1 to 10000",
        ),
        (
            "cursor=x",
            "invalid parameter cursor: expected what the page before has as next",
        ),
        (
            "older_than=2",
            "invalid parameter older_than: expected a duration above zero, such as 36h",
        ),
        (
            "dry_run=maybe",
            "invalid parameter dry_run: expected true or false",
        ),
    ];
    for (query, want) in cases {
        assert_eq!(
            Query::parse(query)
                .map(|_| ())
                .map_err(|error| error.to_string()),
            Err(want.to_owned())
        );
    }
    let everything = Query::parse("dry_run=true").and_then(Query::for_deletion);
    assert_eq!(everything.map(|_| ()), Err(QueryError::NoSelector));
}

#[test]
fn a_deletion_heeds_every_parameter_or_none() {
    let cases = [
        ("match[]={job=\"a\"}&olderthan=30d", Some("olderthan")),
        ("match[]={job=\"a\"}&dry-run=true", Some("dry-run")),
        ("match[]={job=\"a\"}&limit=1", Some("limit")),
        ("match={job=\"a\"}", Some("match")),
        (
            "match[]={job=\"a\"}&older_than=1h&search=x&failed=&sort=labels&order=asc&dry_run=",
            None,
        ),
    ];
    for (query, unheeded) in cases {
        let list = Query::parse(query).expect("is fine for a list");
        let want = unheeded.map(|name| QueryError::NotOfDeletion(name.to_owned()));
        assert_eq!(list.for_deletion().err(), want, "{query}");
    }
}

#[test]
fn a_deletion_tells_what_goes() {
    let query = Query::parse("match[]=job=%22a%22&dry_run=true")
        .and_then(Query::for_deletion)
        .expect("valid");
    assert!(query.is_dry_run());
    let told = query.select(groups(), NOW);
    let told = told.iter().map(deletion::Told::of).collect();
    assert_eq!(
        String::from_utf8_lossy(&deletion::body(&query, told)),
        r#"{"status":"success","data":{"dry_run":true,"deleted":2,"series":0,"groups":[{"instance":"i1","job":"a"},{"instance":"i20","job":"a"}]}}"#
    );
}
