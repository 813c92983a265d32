use super::*;
use crate::consistency::Kind;
use crate::delete::delete;
use crate::exposition::model::{
    BucketSpan, Histogram, Metric, MetricFamily, MetricType, NativeBuckets, NativeHistogram, Value,
};
use crate::exposition::names::NameScheme;
use crate::exposition::negotiate::Format;
use crate::exposition::openmetrics::Support;
use crate::exposition::text;
use crate::groups::key::GroupingKey;
use crate::limits::{GroupLimits, PushLimits};
use crate::push::{Push, PushError, Rules, push};
use crate::scrape::scrape;
use crate::store::memory::MemoryStore;
use crate::testing::{At, block_on};

/// The time of the worked example, `2026-11-23T03:50:20.386308476Z`.
const NOW: u64 = 1_795_405_820_386_308_476;

fn push_families(
    store: &MemoryStore,
    now: u64,
    kind: Kind,
    labels: &[(&str, &str)],
    families: Vec<MetricFamily<'_>>,
) -> Result<(), PushError> {
    let key = GroupingKey::new(labels.iter().copied()).expect("has a job");
    let rules = Rules {
        consistency_check: true,
        max_entry_bytes: 1 << 20,
        push_limits: PushLimits::default(),
        group_limits: GroupLimits::default(),
        forward: None,
    };
    let push_of = Push {
        kind,
        key: &key,
        families,
        ttl: None,
    };
    block_on(push(store, &At(now), push_of, rules)).map(drop)
}

fn put(store: &MemoryStore, now: u64, labels: &[(&str, &str)], body: &str) {
    let families = text::parse(body.as_bytes(), NameScheme::Legacy).expect("is valid");
    push_families(store, now, Kind::Put, labels, families).expect("is accepted");
}

fn told(store: &MemoryStore) -> String {
    let body = block_on(metrics(store, &At(0))).expect("the store works");
    String::from_utf8(body).expect("is UTF-8")
}

/// The object of the only group.
fn told_of_group(store: &MemoryStore) -> serde_json::Value {
    let mut answer: serde_json::Value = serde_json::from_str(&told(store)).expect("is JSON");
    let groups = answer["data"].as_array_mut().expect("is an array");
    assert_eq!(groups.len(), 1, "{groups:?}");
    groups.remove(0)
}

#[test]
fn nothing_is_an_empty_array() {
    assert_eq!(
        told(&MemoryStore::default()),
        r#"{"status":"success","data":[]}"#
    );
}

/// What the Go Pushgateway 1.11.3 answers after this push.
#[test]
fn a_push_is_told_as_the_pushgateway_tells_it() {
    let store = MemoryStore::default();
    let body = "\
# HELP c <b>&\"help\"
# TYPE c counter
c 3
# TYPE s summary
s{quantile=\"0.5\"} 1.5
s{quantile=\"0.99\"} NaN
s_sum 1e9
s_count 3
# TYPE h histogram
h_bucket{le=\"0.1\"} 1
h_bucket{le=\"1e6\"} 2
h_bucket{le=\"+Inf\"} 3
h_sum 4
h_count 3
";
    put(&store, NOW, &[("job", "a")], body);
    let want = concat!(
        r#"{"status":"success","data":[{"c":{"time_stamp":"2026-11-23T03:50:20.386308476Z","type":"COUNTER","#,
        r#""help":"\u003cb\u003e\u0026\"help\"","metrics":[{"labels":{"instance":"","job":"a"},"value":"3"}]},"#,
        r#""h":{"time_stamp":"2026-11-23T03:50:20.386308476Z","type":"HISTOGRAM","metrics":[{"buckets":{"+Inf":"3","#,
        r#""0.1":"1","1e+06":"2"},"count":"3","labels":{"instance":"","job":"a"},"sum":"4"}]},"#,
        r#""labels":{"job":"a"},"last_push_successful":true,"#,
        r#""push_failure_time_seconds":{"time_stamp":"2026-11-23T03:50:20.386308476Z","type":"GAUGE","#,
        r#""help":"Last Unix time when changing this group in the Pushgateway failed.","#,
        r#""metrics":[{"labels":{"instance":"","job":"a"},"value":"0"}]},"#,
        r#""push_time_seconds":{"time_stamp":"2026-11-23T03:50:20.386308476Z","type":"GAUGE","#,
        r#""help":"Last Unix time when changing this group in the Pushgateway succeeded.","#,
        r#""metrics":[{"labels":{"instance":"","job":"a"},"value":"1.7954058203863084e+09"}]},"#,
        r#""s":{"time_stamp":"2026-11-23T03:50:20.386308476Z","type":"SUMMARY","metrics":[{"count":"3","#,
        r#""labels":{"instance":"","job":"a"},"quantiles":{"0.5":"1.5","0.99":"NaN"},"sum":"1e+09"}]}}]}"#,
    );
    assert_eq!(told(&store), want);
}

#[test]
fn groups_are_ordered_by_their_labels() {
    let store = MemoryStore::default();
    let groups: [&[(&str, &str)]; 4] = [
        &[("job", "b")],
        &[("job", "a"), ("zone", "z")],
        &[("job", "a")],
        &[("instance", "x"), ("job", "z")],
    ];
    for labels in groups {
        put(&store, NOW, labels, "");
    }
    let answer: serde_json::Value = serde_json::from_str(&told(&store)).expect("is JSON");
    let labels: Vec<_> = answer["data"]
        .as_array()
        .expect("is an array")
        .iter()
        .map(|group| group["labels"].to_string())
        .collect();
    assert_eq!(
        labels,
        [
            r#"{"instance":"x","job":"z"}"#,
            r#"{"job":"a"}"#,
            r#"{"job":"a","zone":"z"}"#,
            r#"{"job":"b"}"#,
        ]
    );
}

#[test]
fn keys_of_the_group_are_no_ones_families() {
    let store = MemoryStore::default();
    let body = "labels 1\nlast_push_successful 2\nm{labels=\"x\"} 3\n# TYPE push_time_seconds gauge\npush_time_seconds 4\n";
    put(&store, NOW, &[("job", "a")], body);
    let group = told_of_group(&store);
    assert_eq!(group["labels"].to_string(), r#"{"job":"a"}"#);
    assert_eq!(group["last_push_successful"], true);
    assert_eq!(group["m"]["metrics"][0]["value"], "3");
    assert_eq!(
        group["push_time_seconds"]["metrics"][0]["value"],
        "1.7954058203863084e+09"
    );
    assert_eq!(group.as_object().map(serde_json::Map::len), Some(5));
}

#[test]
fn times_are_those_of_the_last_push_of_each_family() {
    let labels = [("job", "a")];
    let store = MemoryStore::default();
    let second = 1_000_000_000;
    let post = |now, body: &str| {
        let families = text::parse(body.as_bytes(), NameScheme::Legacy).expect("is valid");
        push_families(&store, now, Kind::Post, &labels, families)
    };
    let told_times = || {
        let group = told_of_group(&store);
        let time = |name: &str| group[name]["time_stamp"].to_string();
        let (push, failure) = ("push_time_seconds", "push_failure_time_seconds");
        let value = |name: &str| group[name]["metrics"][0]["value"].to_string();
        format!(
            "{} {} {} {} {} {}",
            time("m"),
            time(push),
            value(push),
            time(failure),
            value(failure),
            group["last_push_successful"]
        )
        .replace("1970-01-01T00:00:", "")
    };
    // A rejected push makes the group.
    post(second, "m 1 1\n").expect_err("has a timestamp");
    assert_eq!(told_times(), r#"null "01Z" "0" "01Z" "1" false"#);
    post(2 * second, "m 1\n").expect("is accepted");
    assert_eq!(told_times(), r#""02Z" "02Z" "2" "01Z" "1" true"#);
    post(3 * second, "n 1\n").expect("is accepted");
    assert_eq!(told_times(), r#""02Z" "03Z" "3" "01Z" "1" true"#);
    post(4 * second, "m 1 1\n").expect_err("has a timestamp");
    assert_eq!(told_times(), r#""02Z" "03Z" "3" "04Z" "4" false"#);
}

#[test]
fn native_and_gauge_histograms_are_told_from_the_store() {
    let side = |length, deltas: &[i64]| NativeBuckets {
        spans: vec![BucketSpan { offset: 0, length }],
        deltas: deltas.to_vec(),
        counts: Vec::new(),
    };
    let family = |metric_type| MetricFamily {
        name: "h".into(),
        help: Some("".into()),
        metric_type,
        unit: None,
        metrics: vec![Metric {
            labels: Vec::new(),
            value: Value::Histogram(Box::new(Histogram {
                sample_count: 5,
                sample_sum: 1.5,
                native: Some(NativeHistogram {
                    zero_threshold: 0.001,
                    zero_count: 1,
                    negative: side(1, &[1]),
                    positive: side(2, &[1, 1]),
                    ..NativeHistogram::default()
                }),
                ..Histogram::default()
            })),
            timestamp_ms: None,
        }],
    };
    for (metric_type, name) in [
        (MetricType::Histogram, "HISTOGRAM"),
        (MetricType::GaugeHistogram, "GAUGE_HISTOGRAM"),
    ] {
        let store = MemoryStore::default();
        push_families(
            &store,
            NOW,
            Kind::Put,
            &[("job", "a")],
            vec![family(metric_type)],
        )
        .expect("is accepted");
        let want = format!(
            concat!(
                r#""h":{{"time_stamp":"2026-11-23T03:50:20.386308476Z","type":"{}","metrics":[{{"#,
                r#""buckets":[[1,"-1","-0.5","1"],[3,"-0.001","0.001","1"],[0,"0.5","1","1"],[0,"1","2","2"]],"#,
                r#""count":"5","labels":{{"instance":"","job":"a"}},"sum":"1.5"}}]}},"#
            ),
            name
        );
        let told = told(&store);
        assert!(told.contains(&want), "{told}");
    }
}

#[test]
fn the_gateway_is_as_old_as_its_first_push() {
    let config = Config::read(|_| None).expect("defaults");
    let start_time = |store: &MemoryStore| {
        let body = block_on(status(store, &config)).expect("the store works");
        let answer: serde_json::Value = serde_json::from_slice(&body).expect("is JSON");
        answer["data"]["start_time"].to_string()
    };
    let store = MemoryStore::default();
    assert_eq!(start_time(&store), r#""0001-01-01T00:00:00Z""#);
    put(&store, NOW, &[("job", "a")], "m 1\n");
    assert_eq!(start_time(&store), r#""2026-11-23T03:50:20.386308476Z""#);
    put(&store, NOW + 1, &[("job", "a"), ("zone", "z")], "m 1\n");
    assert_eq!(start_time(&store), r#""2026-11-23T03:50:20.386308476Z""#);

    // A scrape tidies up what deleted groups leave behind, but not this.
    let key = GroupingKey::new([("job", "a"), ("zone", "z")]).expect("has a job");
    block_on(delete(&store, &At(NOW + 2), &key)).expect("the store works");
    let format = Format::negotiate(None, Support::Off);
    let scrape = block_on(scrape(
        &store,
        &At(NOW + 3),
        format,
        &GroupLimits::default(),
    ))
    .expect("the store works");
    assert!(!scrape.cleanup.is_empty());
    block_on(scrape.cleanup.run(&store)).expect("the store works");
    assert_eq!(start_time(&store), r#""2026-11-23T03:50:20.386308476Z""#);
}

#[test]
fn a_failing_store_is_told() {
    let store = MemoryStore::default();
    store.failing.borrow_mut().extend(["read", "list"]);
    let config = Config::read(|_| None).expect("defaults");
    for result in [
        block_on(status(&store, &config)),
        block_on(metrics(&store, &At(0))),
    ] {
        let error = result.expect_err("fails");
        let body = String::from_utf8(unavailable(&error)).expect("is UTF-8");
        assert!(
            body.starts_with(
                r#"{"status":"error","errorType":"unavailable","error":"key-value store failed to "#
            ),
            "{body}"
        );
    }
}
