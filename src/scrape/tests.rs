use std::cell::RefCell;

use super::*;
use crate::consistency::Kind;
use crate::exposition::escape::EscapingScheme;
use crate::exposition::generated::same;
use crate::exposition::model::{
    Bucket, Counter, Exemplar, Histogram, Label, Metric, MetricFamily, MetricType, NativeHistogram,
    Quantile, Summary, Timestamp, Value,
};
use crate::exposition::names::NameScheme;
use crate::exposition::negotiate::FormatKind;
use crate::exposition::{openmetrics, protobuf, text};
use crate::groups::key::GroupingKey;
use crate::push::{Push, Rules, push};
use crate::store::memory::MemoryStore;
use crate::store::{Value as StoredValue, layout};
use crate::testing::{At, block_on, rules};

const NOW: At = At(5_000_000_000);

fn key(job: &str) -> GroupingKey {
    GroupingKey::new([("job", job)]).expect("has a job")
}

fn pushed(store: &MemoryStore, kind: Kind, job: &str, body: &str) {
    let families = text::parse(body.as_bytes(), NameScheme::Utf8).expect("is valid");
    pushed_to(store, kind, &key(job), families);
}

fn pushed_to(store: &MemoryStore, kind: Kind, key: &GroupingKey, families: Vec<MetricFamily<'_>>) {
    let push_of = Push {
        kind,
        key,
        families,
        ttl: None,
    };
    let rules = Rules {
        consistency_check: false,
        ..rules()
    };
    block_on(push(store, &NOW, push_of, rules)).expect("is accepted");
}

fn scraped(store: &MemoryStore, kind: FormatKind, escaping: EscapingScheme) -> Scrape {
    let format = Format { kind, escaping };
    let limits = GroupLimits::default();
    block_on(scrape(store, &NOW, format, &limits)).expect("the store works")
}

fn as_text(store: &MemoryStore) -> String {
    let scrape = scraped(store, FormatKind::Text, EscapingScheme::AllowUtf8);
    String::from_utf8(scrape.body).expect("is text")
}

#[test]
fn each_format_shows_what_was_pushed() {
    let store = MemoryStore::default();
    let family = "# HELP \"u.x\" Help.\n# TYPE \"u.x\" gauge\n";
    let body = |value: u8| format!("{family}{{\"u.x\"}} {value}\nplain 3\n");
    pushed(&store, Kind::Put, "b", &body(2));
    pushed(&store, Kind::Put, "a", &body(1));
    use EscapingScheme::{AllowUtf8, Underscores};
    let cases = [
        (
            FormatKind::Text,
            AllowUtf8,
            "# HELP \"u.x\" Help.\n# TYPE \"u.x\" gauge\n\
             {\"u.x\",instance=\"\",job=\"a\"} 1\n{\"u.x\",instance=\"\",job=\"b\"} 2\n",
            "# TYPE plain untyped\nplain{instance=\"\",job=\"a\"} 3\nplain{instance=\"\",job=\"b\"} 3\n",
        ),
        (
            FormatKind::Text,
            Underscores,
            "# HELP u_x Help.\n# TYPE u_x gauge\n\
             u_x{instance=\"\",job=\"a\"} 1\nu_x{instance=\"\",job=\"b\"} 2\n",
            "# TYPE plain untyped\nplain{instance=\"\",job=\"a\"} 3\nplain{instance=\"\",job=\"b\"} 3\n",
        ),
        (
            FormatKind::OpenMetrics,
            Underscores,
            "# HELP u_x Help.\n# TYPE u_x gauge\n\
             u_x{instance=\"\",job=\"a\"} 1.0\nu_x{instance=\"\",job=\"b\"} 2.0\n",
            "# TYPE plain unknown\nplain{instance=\"\",job=\"a\"} 3.0\nplain{instance=\"\",job=\"b\"} 3.0\n",
        ),
        (
            FormatKind::ProtobufCompactText,
            AllowUtf8,
            "name:\"u.x\" help:\"Help.\" type:GAUGE \
             metric:{label:{name:\"instance\" value:\"\"} label:{name:\"job\" value:\"a\"} gauge:{value:1}} \
             metric:{label:{name:\"instance\" value:\"\"} label:{name:\"job\" value:\"b\"} gauge:{value:2}}\n",
            "name:\"plain\" type:UNTYPED ",
        ),
        (
            FormatKind::ProtobufText,
            Underscores,
            "name: \"u_x\"\nhelp: \"Help.\"\ntype: GAUGE\nmetric: {\n",
            "name: \"plain\"\ntype: UNTYPED\nmetric: {\n",
        ),
    ];
    for (kind, escaping, utf8_name, plain_name) in cases {
        let body = scraped(&store, kind, escaping).body;
        let body = String::from_utf8(body).expect("is text");
        for part in [utf8_name, plain_name] {
            assert!(body.contains(part), "{kind:?}: {part}\n{body}");
        }
        let is_openmetrics = kind == FormatKind::OpenMetrics;
        assert_eq!(body.ends_with("# EOF\n"), is_openmetrics, "{kind:?}");
    }

    let body = scraped(&store, FormatKind::ProtobufDelimited, Underscores).body;
    let families = protobuf::parse(&body, NameScheme::Legacy).expect("is protobuf");
    let shown = |name: &str| {
        let family = families.iter().find(|family| family.name == name)?;
        Some((family.help.as_deref(), family.metrics.len()))
    };
    assert_eq!(shown("u_x"), Some((Some("Help."), 2)));
    assert_eq!(shown("plain"), Some((None, 2)));
}

#[test]
fn names_of_labels_are_escaped_where_the_reader_wants_it() {
    let store = MemoryStore::default();
    pushed(&store, Kind::Put, "a", "m{\"x.y\"=\"1\"} 1\nn 2\n");
    let key = GroupingKey::new([("job", "b"), ("zone.eu", "z")]).expect("has a job");
    let families = text::parse(b"n 3\n", NameScheme::Utf8).expect("is valid");
    pushed_to(&store, Kind::Put, &key, families);
    let scrape = scraped(&store, FormatKind::Text, EscapingScheme::Underscores);
    let body = String::from_utf8(scrape.body).expect("is text");
    for line in [
        "m{instance=\"\",job=\"a\",x_y=\"1\"} 1",
        "n{instance=\"\",job=\"a\"} 2",
        "n{instance=\"\",job=\"b\",zone_eu=\"z\"} 3",
        "push_time_seconds{instance=\"\",job=\"a\"} 5",
        "push_time_seconds{instance=\"\",job=\"b\",zone_eu=\"z\"} 5",
    ] {
        assert!(body.lines().any(|shown| shown == line), "{line}\n{body}");
    }
}

/// Each of these differs in one thing from a family that the text format can say all of.
fn more_than_text() -> Vec<(&'static str, Option<&'static str>, Value<'static>)> {
    let second = Some(Timestamp {
        seconds: 1,
        nanos: 0,
    });
    let exemplar = Exemplar {
        labels: vec![Label::new("trace_id", "1")],
        value: 1.0,
        timestamp: second,
    };
    let summary = |sample_count, quantile, created| {
        let quantile = Quantile {
            quantile,
            value: 1.0,
        };
        Value::Summary(Summary {
            sample_count,
            sample_sum: 1.0,
            quantiles: vec![quantile],
            created,
        })
    };
    let bucket = |cumulative_count, upper_bound| Bucket {
        cumulative_count,
        cumulative_count_float: 0.0,
        upper_bound,
        exemplar: None,
    };
    let histogram = |change: &dyn Fn(&mut Histogram<'static>)| {
        let mut histogram = Histogram {
            sample_count: 3,
            sample_sum: 1.0,
            buckets: vec![bucket(1, 0.5), bucket(3, f64::INFINITY)],
            ..Histogram::default()
        };
        change(&mut histogram);
        Value::Histogram(Box::new(histogram))
    };
    let inexact = (1 << 53) + 1;
    let first = |histogram: &mut Histogram<'static>, change: &dyn Fn(&mut Bucket<'static>)| {
        if let Some(bucket) = histogram.buckets.first_mut() {
            change(bucket);
        }
    };
    let counter = |exemplar, created| {
        Value::Counter(Counter {
            value: 1.0,
            exemplar,
            created,
        })
    };
    vec![
        ("a unit", Some("things"), Value::Gauge(1.0)),
        ("a counter's start", None, counter(None, second)),
        (
            "a counter's exemplar",
            None,
            counter(Some(exemplar.clone()), None),
        ),
        ("a summary's start", None, summary(1, 0.5, second)),
        ("a quantile that is none", None, summary(1, f64::NAN, None)),
        ("a summary of many", None, summary(inexact, 0.5, None)),
        (
            "a histogram's start",
            None,
            histogram(&|of| of.created = second),
        ),
        (
            "a histogram's exemplar",
            None,
            histogram(&|of| of.exemplars = vec![exemplar.clone()]),
        ),
        (
            "native buckets",
            None,
            histogram(&|of| {
                of.native = Some(NativeHistogram {
                    zero_count: 3,
                    zero_threshold: 0.1,
                    ..NativeHistogram::default()
                });
            }),
        ),
        (
            "a count that is a float",
            None,
            histogram(&|of| (of.sample_count, of.sample_count_float) = (0, 3.5)),
        ),
        (
            "a histogram of many",
            None,
            histogram(&|of| of.sample_count = inexact),
        ),
        (
            "a missing last bucket",
            None,
            histogram(&|of| of.buckets.truncate(1)),
        ),
        (
            "a bucket's exemplar",
            None,
            histogram(&|of| first(of, &|bucket| bucket.exemplar = Some(exemplar.clone()))),
        ),
        (
            "a bucket's count that is a float",
            None,
            histogram(&|of| {
                first(of, &|bucket| {
                    (bucket.cumulative_count, bucket.cumulative_count_float) = (0, 0.5);
                });
            }),
        ),
        (
            "a bucket of many",
            None,
            histogram(&|of| first(of, &|bucket| bucket.cumulative_count = inexact)),
        ),
        (
            "a bucket without bound",
            None,
            histogram(&|of| first(of, &|bucket| bucket.upper_bound = f64::NAN)),
        ),
    ]
}

#[test]
fn what_text_cannot_say_reaches_those_who_read_protobuf() {
    for (name, unit, value) in more_than_text() {
        let store = MemoryStore::default();
        let metric_type = match &value {
            Value::Counter(_) => MetricType::Counter,
            Value::Gauge(_) => MetricType::Gauge,
            Value::Summary(_) => MetricType::Summary,
            Value::Histogram(_) => MetricType::Histogram,
            Value::Untyped(_) => MetricType::Untyped,
        };
        let family = MetricFamily {
            name: "some_things".into(),
            help: None,
            metric_type,
            unit: unit.map(Into::into),
            metrics: vec![Metric {
                labels: Vec::new(),
                value: value.clone(),
                timestamp_ms: None,
            }],
        };
        pushed_to(&store, Kind::Put, &key("a"), vec![family]);
        let kind = FormatKind::ProtobufDelimited;
        let body = scraped(&store, kind, EscapingScheme::AllowUtf8).body;
        let families = protobuf::parse(&body, NameScheme::Legacy).expect("is protobuf");
        let shown = families.iter().find(|family| family.name == "some_things");
        let shown = shown.expect("is shown");
        assert_eq!(shown.unit.as_deref(), unit, "{name}");
        let values: Vec<_> = shown.metrics.iter().map(|metric| &metric.value).collect();
        assert!(
            same(&values, &vec![&value]),
            "{name}: {values:?}, not {value:?}"
        );
    }
}

/// Pushed as protobuf, these are legal, and clash in OpenMetrics alone.
#[test]
fn openmetrics_is_valid_where_names_clash_in_it_alone() {
    let named = |name: &'static str, metric_type, value| MetricFamily {
        name: name.into(),
        help: None,
        metric_type,
        unit: None,
        metrics: vec![Metric {
            labels: Vec::new(),
            value,
            timestamp_ms: None,
        }],
    };
    let gauge = |name| named(name, MetricType::Gauge, Value::Gauge(1.0));
    let counter = |name| {
        let value = Value::Counter(Counter {
            value: 2.0,
            created: Some(Timestamp::default()),
            ..Counter::default()
        });
        named(name, MetricType::Counter, value)
    };
    let histogram = |name, metric_type| {
        let value = Value::Histogram(Box::new(Histogram {
            sample_count: 3,
            created: Some(Timestamp::default()).filter(|_| metric_type == MetricType::Histogram),
            ..Histogram::default()
        }));
        named(name, metric_type, value)
    };
    use EscapingScheme::Underscores;
    type Case<'a> = (&'a str, Vec<MetricFamily<'a>>, &'a str);
    let cases: [Case<'_>; 5] = [
        (
            "a gauge called as a histogram's time of creation",
            vec![histogram("h", MetricType::Histogram), gauge("h_created")],
            "# TYPE h_bucket unknown\nh_bucket{le=\"+Inf\"} 3\n\
             # TYPE h_sum unknown\nh_sum 0.0\n# TYPE h_count unknown\nh_count 3\n\
             # TYPE h_created gauge\nh_created 1.0\n",
        ),
        (
            "a gauge called as a gauge histogram's count",
            vec![
                histogram("g", MetricType::GaugeHistogram),
                gauge("g_gcount"),
            ],
            "# TYPE g_bucket unknown\ng_bucket{le=\"+Inf\"} 3\n\
             # TYPE g_sum unknown\ng_sum 0.0\n# TYPE g_count unknown\ng_count 3\n\
             # TYPE g_gcount gauge\ng_gcount 1.0\n",
        ),
        (
            "a gauge called as a counter without its end",
            vec![gauge("x"), counter("x_total")],
            "# TYPE x gauge\nx 1.0\n# TYPE x_total unknown\nx_total 2.0\n",
        ),
        (
            "a gauge that is called so when it is escaped",
            vec![gauge("y.created"), counter("y_total")],
            "# TYPE y_created gauge\ny_created 1.0\n# TYPE y_total unknown\ny_total 2.0\n",
        ),
        (
            "a counter alone",
            vec![counter("z_total")],
            "# TYPE z counter\nz_total 2.0\nz_created 0.0\n",
        ),
    ];
    for (name, families, want) in cases {
        let store = MemoryStore::default();
        pushed_to(&store, Kind::Put, &key("a"), families);
        let body = scraped(&store, FormatKind::OpenMetrics, Underscores).body;
        let body = String::from_utf8(body).expect("is text");
        let parsed = openmetrics::parse(body.as_bytes(), NameScheme::Legacy);
        assert!(parsed.is_ok(), "{name}: {parsed:?}\n{body}");
        let body = body
            .replace("{instance=\"\",job=\"a\"}", "")
            .replace("instance=\"\",job=\"a\",", "");
        assert!(body.contains(want), "{name}:\n{body}");
    }
}

#[test]
fn what_cannot_be_read_is_left_out_counted_and_named() {
    let store = MemoryStore::default();
    for job in ["a", "b", "c"] {
        pushed(&store, Kind::Post, job, "m 1\n");
    }
    let keys: Vec<String> = store.values.borrow().keys().cloned().collect();
    let entry_of = |job: &str| {
        let start = layout::root(&key(job).id());
        let mut found = keys.iter().filter(|key| key.starts_with(&start));
        found.next().cloned().expect("has an entry")
    };
    let failure = layout::failure(&key("d").id());
    // The entry of b under a key that says that it builds on another PUT, and the PUT entry of c no entry at all.
    let (moved, foreign) = (entry_of("b"), layout::root(&key("c").id()));
    {
        let mut values = store.values.borrow_mut();
        let value = values.remove(&moved).expect("is stored");
        let slot = moved.rsplit(':').next().expect("is of parts");
        let other = format!("{}:00000000000000ff:{slot}", layout::root(&key("b").id()));
        values.insert(other, value);
        values.insert(foreign.clone(), b"of another program".to_vec());
        values.insert(failure.clone(), b"{".to_vec());
    }
    let scrape = scraped(&store, FormatKind::Text, EscapingScheme::AllowUtf8);
    let mut warnings = scrape.warnings;
    warnings.sort();
    let [one, other, record] = warnings.as_slice() else {
        panic!("expected three warnings: {warnings:?}")
    };
    let told = format!("{one}\n{other}");
    assert!(
        told.contains(&format!(
            "skipped entry {foreign}: not an entry of the gateway"
        )),
        "{told}"
    );
    assert!(
        told.contains("entry is of another generation than its key"),
        "{told}"
    );
    assert_eq!(
        *record,
        format!("skipped record {failure}: it cannot be read")
    );
    let body = String::from_utf8(scrape.body).expect("is text");
    assert!(body.contains("\npushgateway_entries_skipped 3\n"), "{body}");
    block_on(scrape.cleanup.run(&store)).expect("the store works");
    let left = store.values.borrow();
    for key in [&foreign, &failure, &entry_of("c")] {
        assert!(left.contains_key(key), "{key} is not ours to delete");
    }
    // What was posted to c does not need the PUT entry.
    let shown = body.lines().filter(|line| line.starts_with("m{"));
    let want = [
        "m{instance=\"\",job=\"a\"} 1",
        "m{instance=\"\",job=\"c\"} 1",
    ];
    assert_eq!(shown.collect::<Vec<_>>(), want);
}

#[test]
fn what_contradicts_earlier_groups_is_left_out_counted_and_named() {
    let store = MemoryStore::default();
    pushed(&store, Kind::Put, "a", "# TYPE m gauge\nm 1\nh_count 1\n");
    pushed(
        &store,
        Kind::Put,
        "b",
        "# TYPE m counter\nm 2\nm{x=\"\"} 3\n",
    );
    pushed(
        &store,
        Kind::Put,
        "c",
        "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\n",
    );
    let scrape = scraped(&store, FormatKind::Text, EscapingScheme::AllowUtf8);
    let left_out = "left out series: family";
    assert_eq!(
        scrape.warnings,
        [
            format!(
                "{left_out} h_count collides with the series of h: h_count{{instance=\"\",job=\"a\"}} 1"
            ),
            format!(
                "{left_out} m is a GAUGE in one group and a COUNTER in another: m{{instance=\"\",job=\"b\"}} 2"
            ),
        ]
    );
    let body = String::from_utf8(scrape.body).expect("is text");
    assert!(
        body.contains("\n# TYPE m gauge\nm{instance=\"\",job=\"a\"} 1\n#"),
        "{body}"
    );
    assert!(body.contains("\npushgateway_series_left_out 3\n"), "{body}");
}

#[test]
fn a_series_of_several_groups_is_shown_once() {
    let store = MemoryStore::default();
    pushed(&store, Kind::Put, "a", "m{instance=\"i\"} 1\n");
    let key = GroupingKey::new([("job", "a"), ("instance", "i")]).expect("has a job");
    let families = text::parse(b"m 2\n", NameScheme::Utf8).expect("is valid");
    pushed_to(&store, Kind::Put, &key, families);
    let scrape = scraped(&store, FormatKind::Text, EscapingScheme::AllowUtf8);
    assert_eq!(
        scrape.warnings,
        [
            "left out series: family m has the same series in several groups: m{instance=\"i\",job=\"a\"} 2"
        ]
    );
    let body = String::from_utf8(scrape.body).expect("is text");
    let shown = body.lines().filter(|line| line.starts_with("m{"));
    assert_eq!(shown.count(), 1, "{body}");
    assert!(body.contains("\npushgateway_series 1\n"), "{body}");
    assert!(body.contains("\npushgateway_series_left_out 1\n"), "{body}");
}

#[test]
fn of_many_contradictions_some_are_named_and_all_are_counted() {
    let store = MemoryStore::default();
    let families = |metric_type| -> String {
        let family = |n| format!("# TYPE m{n} {metric_type}\nm{n} 1\n");
        (0..30).map(family).collect()
    };
    pushed(&store, Kind::Put, "a", &families("gauge"));
    pushed(&store, Kind::Put, "b", &families("counter"));
    let scrape = scraped(&store, FormatKind::Text, EscapingScheme::AllowUtf8);
    assert_eq!(scrape.warnings.len(), 10, "{:?}", scrape.warnings);
    let body = String::from_utf8(scrape.body).expect("is text");
    assert!(
        body.contains("\npushgateway_series_left_out 30\n"),
        "{body}"
    );
}

#[test]
fn a_pushed_family_of_the_gateways_own_stands_beside_it() {
    let store = MemoryStore::default();
    let family = "# TYPE pushgateway_groups gauge\npushgateway_groups 9\n";
    pushed(&store, Kind::Put, "a", family);
    let body = as_text(&store);
    let want = "# HELP pushgateway_groups Groups that are stored.\n\
                # TYPE pushgateway_groups gauge\n\
                pushgateway_groups 1\n\
                pushgateway_groups{instance=\"\",job=\"a\"} 9\n#";
    assert!(body.contains(want), "{body}");
}

#[test]
fn what_is_left_out_for_the_gateways_own_families_is_counted() {
    let cases = [
        (
            "another series of the name",
            "pushgateway_group_expiry_time_seconds{x=\"\",y=\"1\"} 1\n",
            2,
            2,
            0,
        ),
        (
            "a series of the gateway",
            "pushgateway_group_expiry_time_seconds 1\n",
            1,
            1,
            1,
        ),
        (
            "another type",
            "# TYPE pushgateway_serieZ counter\npushgateway_serieZ 1\n",
            1,
            1,
            1,
        ),
        (
            "a limit that is not set",
            "# TYPE pushgateway_max_groupZ counter\npushgateway_max_groupZ 1\n",
            2,
            2,
            0,
        ),
    ];
    for (name, body, want_families, want_series, want_left_out) in cases {
        let store = MemoryStore::default();
        let body = format!("m 1\n# TYPE pushgateway_group_expiry_time_seconds gauge\n{body}");
        let push_of = Push {
            kind: Kind::Put,
            key: &key("a"),
            families: text::parse(body.as_bytes(), NameScheme::Utf8).expect("is valid"),
            ttl: Some(3_600_000_000_000),
        };
        block_on(push(&store, &NOW, push_of, rules())).expect("is accepted");
        // No push has another type than the gateway's, but the entry of a version may that had no such family.
        for value in store.values.borrow_mut().values_mut() {
            while let Some(at) = value.iter().position(|byte| *byte == b'Z') {
                value[at] = b's';
            }
        }
        let scrape = scraped(&store, FormatKind::Text, EscapingScheme::AllowUtf8);
        let body = String::from_utf8(scrape.body).expect("is text");
        for (figure, want) in [
            ("families", want_families),
            ("series", want_series),
            ("series_left_out", want_left_out),
        ] {
            let line = format!("\npushgateway_{figure} {want}\n");
            assert!(body.contains(&line), "{name}: {line}{body}");
        }
        assert_eq!(
            scrape.warnings.len(),
            want_left_out,
            "{name}: {:?}",
            scrape.warnings
        );
    }
}

/// A store whose first listing names a key that is gone when it is read.
struct Stale {
    store: MemoryStore,
    gone: RefCell<Option<String>>,
}

impl Store for Stale {
    async fn list(&self) -> Result<Vec<String>, StoreError> {
        let mut keys = self.store.list().await?;
        keys.extend(self.gone.take());
        Ok(keys)
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<StoredValue>>, StoreError> {
        self.store.read(keys).await
    }

    async fn write(&self, pairs: Vec<(String, StoredValue)>) -> Result<(), StoreError> {
        self.store.write(pairs).await
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        self.store.delete(keys).await
    }
}

#[test]
fn a_damaged_record_of_a_group_that_is_read_again_counts_once() {
    let store = MemoryStore::default();
    pushed(&store, Kind::Put, "a", "m 1\n");
    let id = key("a").id();
    let failure = layout::failure(&id);
    store
        .values
        .borrow_mut()
        .insert(failure.clone(), b"{".to_vec());
    let gone = layout::post(&id, Generation(255), &layout::Slot::unique(5));
    let stale = Stale {
        store,
        gone: RefCell::new(Some(gone)),
    };
    let format = Format {
        kind: FormatKind::Text,
        escaping: EscapingScheme::AllowUtf8,
    };
    let limits = GroupLimits::default();
    let scrape = block_on(scrape(&stale, &NOW, format, &limits)).expect("the store works");
    let listings = stale.store.take_calls();
    let listings = listings.iter().filter(|(call, _)| *call == "list");
    assert_eq!(listings.count(), 2, "it is read again");
    let body = String::from_utf8(scrape.body).expect("is text");
    assert!(body.contains("\npushgateway_entries_skipped 1\n"), "{body}");
    let warning = format!("skipped record {failure}: it cannot be read");
    assert_eq!(scrape.warnings, [warning]);
}
