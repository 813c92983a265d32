//! Parsing and rendering together: the specification's examples, and round trips.

mod clashes;
mod refused;

use proptest::prelude::*;

use super::{parse, write_eof, write_family};
use crate::exposition::generated::{families, same};
use crate::exposition::model::{
    Bucket, Counter, Exemplar, Histogram, Label, MetricFamily, MetricType, Timestamp, Value,
};
use crate::exposition::names::NameScheme;

fn render(families: &[MetricFamily<'_>]) -> String {
    let mut out = String::new();
    for family in families {
        write_family(&mut out, family);
    }
    write_eof(&mut out);
    out
}

/// The exposition that an accepted one becomes.
fn again(text: &str, scheme: NameScheme) -> String {
    match parse(text.as_bytes(), scheme) {
        Ok(families) => render(&families),
        Err(error) => panic!("{error}\n{text}"),
    }
}

#[test]
fn canonical_expositions_come_back_as_they_were() {
    let cases = [
        "# EOF\n",
        "# TYPE foo gauge\nfoo 17.0\n# EOF\n",
        "# TYPE foo unknown\nfoo{a=\"bb\"} 17.0\nfoo{a=\"ccc\"} NaN\n# EOF\n",
        "# TYPE foo gauge\nfoo{a=\"b\"} 17.0 1520879607.789\n# EOF\n",
        "# HELP foo_seconds Some text and \\n some \\\" escaping \\\\\n# TYPE foo_seconds counter\n\
         # UNIT foo_seconds seconds\nfoo_seconds_total 1e+06\nfoo_seconds_created \
         1520430000.123\n# EOF\n",
        "# TYPE foo counter\nfoo_total{x=\"\\\\ \\\" \\n\"} 5.5 # {trace_id=\"a\\nb\"} 0.67 \
         1520879607.789\n# EOF\n",
        "# TYPE foo counter\nfoo_total 5.0 # {} -1.0\n# EOF\n",
        "# TYPE foo summary\nfoo{quantile=\"0.95\"} 123.7\nfoo{quantile=\"1.0\"} NaN\nfoo_sum 324.5\n\
         foo_count 17\nfoo_created 1520430000.123\n# EOF\n",
        "# TYPE foo histogram\nfoo_bucket{a=\"b\",le=\"0.0\"} 0\nfoo_bucket{a=\"b\",le=\"1e-05\"} 0 # \
         {trace_id=\"KOO5S4vxi0o\"} 0.67\nfoo_bucket{a=\"b\",le=\"1.1e+23\"} 17\n\
         foo_bucket{a=\"b\",le=\"+Inf\"} 18446744073709551615\nfoo_sum{a=\"b\"} 324789.3\n\
         foo_count{a=\"b\"} 18446744073709551615\nfoo_created{a=\"b\"} 1520430000.0\n# EOF\n",
        "# TYPE foo gaugehistogram\nfoo_bucket{le=\"-1.0\"} 1\nfoo_bucket{le=\"+Inf\"} 2\n\
         foo_gsum -3.5\nfoo_gcount 2\n# EOF\n",
    ];
    for text in cases {
        assert_eq!(again(text, NameScheme::Legacy), text);
    }
}

#[test]
fn other_ways_to_say_it_become_canonical() {
    let cases: &[(&str, &str, &str)] = &[
        ("an end without line feed", "# EOF", "# EOF\n"),
        (
            "a family without TYPE",
            "foo 0042\n# EOF\n",
            "# TYPE foo unknown\nfoo 42.0\n# EOF\n",
        ),
        (
            "families without metrics",
            "# TYPE foo gauge\n# HELP bar text\n# EOF\n",
            "# EOF\n",
        ),
        (
            "empty braces, empty HELP and UNIT",
            "# UNIT foo \n# HELP foo \n# TYPE foo gauge\nfoo{} -.5e1\n# EOF\n",
            "# TYPE foo gauge\nfoo -5.0\n# EOF\n",
        ),
        (
            "an undefined escape, and a bare quote in HELP",
            "# TYPE foo gauge\n# HELP foo a \\b \"c\"\nfoo{a=\"\\x\"} 1\n# EOF\n",
            "# HELP foo a \\\\b \\\"c\\\"\n# TYPE foo gauge\nfoo{a=\"\\\\x\"} 1.0\n# EOF\n",
        ),
        (
            "an info",
            "# TYPE foo info\n# HELP foo text\nfoo_info{name=\"x\"} 1\n# EOF\n",
            "# HELP foo_info text\n# TYPE foo_info gauge\nfoo_info{name=\"x\"} 1.0\n# EOF\n",
        ),
        (
            "a stateset",
            "# TYPE foo stateset\nfoo{foo=\"a\"} 0\nfoo{foo=\"bb\"} 1.0\n# EOF\n",
            "# TYPE foo gauge\nfoo{foo=\"a\"} 0.0\nfoo{foo=\"bb\"} 1.0\n# EOF\n",
        ),
        (
            "counts with a point, parts in another order, labels too",
            "# TYPE foo histogram\nfoo_created{a=\"1\",b=\"2\"} 1.5e9\nfoo_sum{b=\"2\",a=\"1\"} 3\n\
             foo_bucket{le=\"1\",a=\"1\",b=\"2\"} 1.0\nfoo_bucket{a=\"1\",b=\"2\",le=\"+Inf\"} 2e0\n\
             foo_count{a=\"1\",b=\"2\"} 2.0\n# EOF\n",
            "# TYPE foo histogram\nfoo_bucket{a=\"1\",b=\"2\",le=\"1.0\"} 1\n\
             foo_bucket{a=\"1\",b=\"2\",le=\"+Inf\"} 2\nfoo_sum{a=\"1\",b=\"2\"} 3.0\n\
             foo_count{a=\"1\",b=\"2\"} 2\nfoo_created{a=\"1\",b=\"2\"} 1500000000.0\n# EOF\n",
        ),
        (
            "a histogram without a sum",
            "# TYPE foo histogram\nfoo_bucket{le=\"-1\"} 1\nfoo_bucket{le=\"+Inf\"} 2\n# EOF\n",
            "# TYPE foo histogram\nfoo_bucket{le=\"-1.0\"} 1\nfoo_bucket{le=\"+Inf\"} 2\n\
             foo_sum 0.0\nfoo_count 2\n# EOF\n",
        ),
        (
            "two metrics in parts",
            "# TYPE foo summary\nfoo_count{a=\"b\"} 1\nfoo_sum{a=\"b\"} 2\nfoo_count 3\n# EOF\n",
            "# TYPE foo summary\nfoo_sum{a=\"b\"} 2.0\nfoo_count{a=\"b\"} 1\nfoo_sum 0.0\n\
             foo_count 3\n# EOF\n",
        ),
    ];
    for (name, text, want) in cases {
        assert_eq!(again(text, NameScheme::Legacy), *want, "{name}");
    }
}

#[test]
fn utf8_names_are_quoted() {
    let text = "# HELP \"a.b\" text\n# TYPE \"a.b\" counter\n{\"a.b_total\",\"l.m\"=\"x\"} 1.0\n\
                # TYPE \"a.c\" gauge\n{\"a.c\"} 2.0\n# TYPE d gauge\nd{\"ä \\\" ö\"=\"\"} 3.0\n# EOF\n";
    assert_eq!(again(text, NameScheme::Utf8), text);
    assert!(parse(text.as_bytes(), NameScheme::Legacy).is_err());
}

#[test]
fn long_exemplars_are_neither_read_nor_written() {
    for (length, fits) in [(120, true), (121, false)] {
        let id = "ä".repeat(length);
        let text =
            format!("# TYPE foo counter\nfoo_total 1.0 # {{trace_id=\"{id}\"}} 1.0\n# EOF\n");
        assert_eq!(parse(text.as_bytes(), NameScheme::Legacy).is_ok(), fits);

        let mut family = counter("foo_total");
        family.metrics[0].value = Value::Counter(Counter {
            exemplar: Some(Exemplar {
                labels: vec![Label::new("trace_id", id)],
                ..Exemplar::default()
            }),
            ..Counter::default()
        });
        assert_eq!(render(&[family]).contains('ä'), fits);
    }
}

fn counter(name: &'static str) -> MetricFamily<'static> {
    let text = "# TYPE foo counter\nfoo_total 1.0\nfoo_created 5\n# EOF\n";
    let mut families = parse(text.as_bytes(), NameScheme::Legacy).expect("a counter");
    let mut family = families.remove(0);
    family.name = name.into();
    family
}

#[test]
fn what_cannot_be_said_is_said_otherwise() {
    let mut in_bytes = counter("a_bytes_total");
    in_bytes.unit = Some("bytes".into());
    let mut in_seconds = counter("a_bytes_total");
    in_seconds.unit = Some("seconds".into());
    let float_histogram = MetricFamily {
        metric_type: MetricType::GaugeHistogram,
        name: "h".into(),
        metrics: vec![crate::exposition::model::Metric {
            labels: vec![],
            value: Value::Histogram(Box::new(Histogram {
                sample_count_float: 2.5,
                buckets: vec![Bucket {
                    cumulative_count_float: 2.0,
                    upper_bound: 1.0,
                    ..Bucket::default()
                }],
                created: Some(Timestamp::default()),
                ..Histogram::default()
            })),
            timestamp_ms: None,
        }],
        ..counter("x")
    };
    let cases = [
        (
            "a counter without _total",
            counter("foo"),
            "# TYPE foo unknown\nfoo 1.0\n# EOF\n",
        ),
        (
            "a counter of the name _total",
            counter("_total"),
            "# TYPE _total unknown\n_total 1.0\n# EOF\n",
        ),
        (
            "a unit in the name",
            in_bytes,
            "# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 1.0\na_bytes_created \
             5.0\n# EOF\n",
        ),
        (
            "a unit that is not in the name",
            in_seconds,
            "# TYPE a_bytes counter\na_bytes_total 1.0\na_bytes_created 5.0\n# EOF\n",
        ),
        (
            "a float histogram without +Inf",
            float_histogram,
            "# TYPE h gaugehistogram\nh_bucket{le=\"1.0\"} 2.0\nh_bucket{le=\"+Inf\"} 2.5\n\
             h_gsum 0.0\nh_gcount 2.5\n# EOF\n",
        ),
    ];
    for (name, family, want) in cases {
        assert_eq!(render(&[family]), want, "{name}");
    }
}

/// A family with what OpenMetrics can say of it.
fn expressible(mut family: MetricFamily<'static>) -> MetricFamily<'static> {
    if let Some(unit) = &family.unit {
        family.name = format!("{}_{unit}", family.name).into();
    }
    if family.metric_type == MetricType::Counter {
        family.name = format!("{}_total", family.name).into();
    }
    family.help = family.help.filter(|help| !help.is_empty());
    let is_gauge = family.metric_type == MetricType::GaugeHistogram;
    for (number, metric) in family.metrics.iter_mut().enumerate() {
        metric
            .labels
            .retain(|label| label.name != "le" && label.name != "quantile");
        let number = Label::new("metric_number", number.to_string());
        metric.labels.push(number);
        match &mut metric.value {
            Value::Counter(counter) => {
                counter.value = not_negative(counter.value);
                shorten(&mut counter.exemplar);
            }
            Value::Gauge(value) | Value::Untyped(value) => *value += 0.0,
            Value::Summary(summary) => {
                summary.sample_sum = not_negative(summary.sample_sum);
                for (number, quantile) in summary.quantiles.iter_mut().enumerate() {
                    quantile.quantile = number as f64 / 10.0;
                    quantile.value = quantile.value.abs();
                }
            }
            Value::Histogram(histogram) => cumulate(histogram, is_gauge),
        }
    }
    family
}

fn cumulate(histogram: &mut Histogram<'_>, is_gauge: bool) {
    let mut buckets = std::mem::take(&mut histogram.buckets);
    buckets.push(Bucket::default());
    buckets.sort_by_key(|bucket| bucket.cumulative_count);
    let last = buckets.len() - 1;
    for (number, bucket) in buckets.iter_mut().enumerate() {
        bucket.upper_bound = if number == last {
            f64::INFINITY
        } else {
            number as f64 / 8.0
        };
        bucket.cumulative_count_float = 0.0;
        shorten(&mut bucket.exemplar);
    }
    *histogram = Histogram {
        sample_count: buckets[last].cumulative_count,
        sample_sum: not_negative(histogram.sample_sum),
        buckets,
        created: histogram.created.filter(|_| !is_gauge),
        ..Histogram::default()
    };
}

fn not_negative(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.abs() }
}

/// Drops exemplars of too much text. Negative zero is not kept.
fn shorten(exemplar: &mut Option<Exemplar<'_>>) {
    if let Some(exemplar) = exemplar {
        exemplar.value += 0.0;
    }
    if exemplar
        .as_ref()
        .is_some_and(|exemplar| super::metric::exemplar_chars(exemplar) > 128)
    {
        *exemplar = None;
    }
}

proptest! {
    #[test]
    fn what_can_be_said_comes_back(families in families()) {
        let families: Vec<_> = families.into_iter().map(expressible).collect();
        let text = render(&families);
        let parsed = parse(text.as_bytes(), NameScheme::Legacy);
        prop_assert!(parsed.is_ok(), "{parsed:?}\n{text}");
        prop_assert!(same(&parsed.expect("checked"), &families), "{text}\n{families:?}");
    }

    #[test]
    fn anything_can_be_rendered(families in families()) {
        prop_assert!(render(&families).ends_with("# EOF\n"));
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
        let _ = parse(&bytes, NameScheme::Utf8);
    }

    #[test]
    fn anything_like_an_exposition_is_parsed_or_refused(
        text in "(# (TYPE|HELP|UNIT) [ab]{1,2} (counter|histogram|info|[a-z ]{0,4})\n|\
                 [ab](_total|_bucket|_sum|_count|_info)?(\\{[a\"=, l\\\\eé]{0,12}\\})? [0-9.e#{} ]{0,8}\n){0,8}# EOF\n?"
    ) {
        if let Ok(families) = parse(text.as_bytes(), NameScheme::Utf8) {
            let rendered = render(&families);
            let parsed = parse(rendered.as_bytes(), NameScheme::Utf8);
            prop_assert!(parsed.is_ok(), "{parsed:?}\n{text}\n{rendered}");
        }
    }
}
