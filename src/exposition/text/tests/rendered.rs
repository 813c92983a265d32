//! What families look like as text.

use super::super::{write_family_header, write_label_set, write_metric};
use crate::exposition::model::{
    Bucket, Counter, Exemplar, Histogram, Label, Metric, MetricType, NativeHistogram, Quantile,
    Summary, Timestamp, Value,
};

fn metric<'a>(labels: &[(&'a str, &'a str)], value: Value<'a>) -> Metric<'a> {
    Metric {
        labels: labels
            .iter()
            .map(|(name, value)| Label::new(*name, *value))
            .collect(),
        value,
        timestamp_ms: None,
    }
}

fn written(name: &str, metric: &Metric<'_>) -> String {
    let mut out = String::new();
    write_metric(&mut out, name, metric);
    out
}

#[test]
fn headers_have_a_type_and_perhaps_a_help_text() {
    let cases = [
        ("m", None, MetricType::Counter, "# TYPE m counter\n"),
        ("m", None, MetricType::Gauge, "# TYPE m gauge\n"),
        ("m", None, MetricType::Summary, "# TYPE m summary\n"),
        ("m", None, MetricType::Untyped, "# TYPE m untyped\n"),
        ("m", None, MetricType::Histogram, "# TYPE m histogram\n"),
        (
            "m",
            None,
            MetricType::GaugeHistogram,
            "# TYPE m histogram\n",
        ),
        (
            "m",
            Some(""),
            MetricType::Gauge,
            "# HELP m \n# TYPE m gauge\n",
        ),
        (
            "m",
            Some("a \"b\" \\ \n\té"),
            MetricType::Gauge,
            "# HELP m a \"b\" \\\\ \\n\té\n# TYPE m gauge\n",
        ),
        (
            "m.\"x\"\\\n",
            Some("x"),
            MetricType::Gauge,
            "# HELP \"m.\\\"x\\\"\\\\\\n\" x\n# TYPE \"m.\\\"x\\\"\\\\\\n\" gauge\n",
        ),
    ];
    for (name, help, metric_type, want) in cases {
        let mut out = String::new();
        write_family_header(&mut out, name, help, metric_type);
        assert_eq!(out, want);
    }
}

#[test]
fn label_sets_stand_between_braces() {
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[], ""),
        (&[("job", "j")], r#"{job="j"}"#),
        (
            &[("instance", ""), ("job", "j")],
            r#"{instance="",job="j"}"#,
        ),
        (&[("a", "\"b\" \\ \n\té")], "{a=\"\\\"b\\\" \\\\ \\n\té\"}"),
        (
            &[("a.b", ""), ("c:d", ""), ("\"\\\n", "")],
            r#"{"a.b"="","c:d"="","\"\\\n"=""}"#,
        ),
    ];
    for (labels, want) in cases {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| Label::new(*name, *value))
            .collect();
        let mut out = String::new();
        write_label_set(&mut out, &labels);
        assert_eq!(out, want);
    }
}

#[test]
fn single_values_are_one_line() {
    let counter = Value::Counter(Counter {
        value: 1e6,
        exemplar: Some(Exemplar::default()),
        created: Some(Timestamp::default()),
    });
    assert_eq!(written("m", &metric(&[], counter)), "m 1e+06\n");
    assert_eq!(written("m", &metric(&[], Value::Gauge(-0.5))), "m -0.5\n");
    let untyped = metric(&[("a", "b"), ("c", "\"")], Value::Untyped(f64::NAN));
    assert_eq!(written("m", &untyped), "m{a=\"b\",c=\"\\\"\"} NaN\n");
    assert_eq!(
        written("m.x", &untyped),
        "{\"m.x\",a=\"b\",c=\"\\\"\"} NaN\n"
    );
    assert_eq!(
        written("m.x", &metric(&[], Value::Gauge(1.0))),
        "{\"m.x\"} 1\n"
    );
}

#[test]
fn timestamps_follow_every_value() {
    let mut summary = metric(&[], Value::Summary(Summary::default()));
    summary.timestamp_ms = Some(-5);
    assert_eq!(written("s", &summary), "s_sum 0 -5\ns_count 0 -5\n");
}

fn summary() -> Value<'static> {
    Value::Summary(Summary {
        sample_count: 1 << 60,
        sample_sum: 0.25,
        quantiles: vec![
            Quantile {
                quantile: 0.5,
                value: 1.0,
            },
            Quantile {
                quantile: 0.000_01,
                value: f64::NAN,
            },
        ],
        created: Some(Timestamp::default()),
    })
}

#[test]
fn summaries_are_quantiles_sum_and_count() {
    let want = "s{quantile=\"0.5\"} 1\n\
        s{quantile=\"1e-05\"} NaN\n\
        s_sum 0.25\n\
        s_count 1.152921504606847e+18\n";
    assert_eq!(written("s", &metric(&[], summary())), want);
    let want = "{\"s.x\",a=\"b\",quantile=\"0.5\"} 1\n\
        {\"s.x\",a=\"b\",quantile=\"1e-05\"} NaN\n\
        {\"s.x_sum\",a=\"b\"} 0.25\n\
        {\"s.x_count\",a=\"b\"} 1.152921504606847e+18\n";
    assert_eq!(written("s.x", &metric(&[("a", "b")], summary())), want);
}

fn histogram(
    sample_count: u64,
    sample_count_float: f64,
    buckets: &[(f64, u64, f64)],
) -> Value<'static> {
    let buckets = buckets.iter().map(|(bound, integer, float)| Bucket {
        cumulative_count: *integer,
        cumulative_count_float: *float,
        upper_bound: *bound,
        exemplar: Some(Exemplar::default()),
    });
    Value::Histogram(Box::new(Histogram {
        sample_count,
        sample_count_float,
        sample_sum: 1.5,
        buckets: buckets.collect(),
        native: Some(NativeHistogram::default()),
        ..Histogram::default()
    }))
}

#[test]
fn histograms_are_buckets_sum_and_count() {
    let cases = [
        (
            histogram(3, 0.0, &[(0.1, 1, 0.0), (f64::INFINITY, 3, 0.0)]),
            "h_bucket{a=\"b\",le=\"0.1\"} 1\n\
            h_bucket{a=\"b\",le=\"+Inf\"} 3\n\
            h_sum{a=\"b\"} 1.5\n\
            h_count{a=\"b\"} 3\n",
        ),
        // No bucket for +Inf was stored.
        (
            histogram(3, 0.0, &[(1e6, 1, 0.0)]),
            "h_bucket{a=\"b\",le=\"1e+06\"} 1\n\
            h_bucket{a=\"b\",le=\"+Inf\"} 3\n\
            h_sum{a=\"b\"} 1.5\n\
            h_count{a=\"b\"} 3\n",
        ),
        // A stored one is shown as it is, wherever it stands.
        (
            histogram(3, 0.0, &[(f64::INFINITY, 7, 0.0), (1.0, 9, 0.0)]),
            "h_bucket{a=\"b\",le=\"+Inf\"} 7\n\
            h_bucket{a=\"b\",le=\"1\"} 9\n\
            h_sum{a=\"b\"} 1.5\n\
            h_count{a=\"b\"} 3\n",
        ),
        // Floats hold where they are not zero.
        (
            histogram(3, 2.5, &[(1.0, 1, 0.5), (2.0, 2, 0.0), (3.0, 0, f64::NAN)]),
            "h_bucket{a=\"b\",le=\"1\"} 0.5\n\
            h_bucket{a=\"b\",le=\"2\"} 2\n\
            h_bucket{a=\"b\",le=\"3\"} NaN\n\
            h_bucket{a=\"b\",le=\"+Inf\"} 2.5\n\
            h_sum{a=\"b\"} 1.5\n\
            h_count{a=\"b\"} 2.5\n",
        ),
        // Only native buckets, or nothing at all.
        (
            histogram(3, 0.0, &[]),
            "h_bucket{a=\"b\",le=\"+Inf\"} 3\n\
            h_sum{a=\"b\"} 1.5\n\
            h_count{a=\"b\"} 3\n",
        ),
    ];
    for (value, want) in cases {
        assert_eq!(written("h", &metric(&[("a", "b")], value)), want);
    }
    let bare = written("h", &metric(&[], histogram(1, 0.0, &[])));
    assert_eq!(bare, "h_bucket{le=\"+Inf\"} 1\nh_sum 1.5\nh_count 1\n");
    let quoted = written("h.x", &metric(&[], histogram(1, 0.0, &[])));
    let want = "{\"h.x_bucket\",le=\"+Inf\"} 1\n{\"h.x_sum\"} 1.5\n{\"h.x_count\"} 1\n";
    assert_eq!(quoted, want);
}
