//! How the lines of summaries and histograms come together.

use super::{parsed, render};
use crate::exposition::model::{Bucket, Histogram, Label, MetricType, Quantile, Summary, Value};
use crate::exposition::names::NameScheme::{Legacy, Utf8};

/// The value of the only metric of the only family.
fn only_value(input: &str) -> Value<'_> {
    let mut families = parsed(input.as_bytes(), Legacy);
    assert_eq!(families.len(), 1, "{input}");
    let mut family = families.remove(0);
    assert_eq!(family.metrics.len(), 1, "{input}");
    family.metrics.remove(0).value
}

#[test]
fn summaries_are_put_together() {
    let cases = [
        (
            "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.9\"} NaN\ns_sum 3\ns_count 4\n",
            "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.9\"} NaN\ns_sum 3\ns_count 4\n",
        ),
        // Parts may be missing, repeated and out of order.
        (
            "# TYPE s summary\ns_sum 3\n",
            "# TYPE s summary\ns_sum 3\ns_count 0\n",
        ),
        (
            "# TYPE s summary\ns_count 1\ns_sum 3\ns_count 2\n",
            "# TYPE s summary\ns_sum 3\ns_count 2\n",
        ),
        (
            "# TYPE s summary\ns{quantile=\"1\"} 1\ns{quantile=\"1\"} 2\n",
            "# TYPE s summary\ns{quantile=\"1\"} 1\ns{quantile=\"1\"} 2\ns_sum 0\ns_count 0\n",
        ),
        // A value without a quantile is dropped, its series is not.
        (
            "# TYPE s summary\ns 7\n",
            "# TYPE s summary\ns_sum 0\ns_count 0\n",
        ),
        (
            "# TYPE s summary\ns{quantile=\"NaN\"} 7\n",
            "# TYPE s summary\ns_sum 0\ns_count 0\n",
        ),
        // The last of several quantiles counts; a quantile of a part says nothing.
        (
            "# TYPE s summary\ns{quantile=\"1\",quantile=\"0.5\"} 7\ns_sum{quantile=\"1\"} 2\n",
            "# TYPE s summary\ns{quantile=\"0.5\"} 7\ns_sum 2\ns_count 0\n",
        ),
        // `le` is a label like any other.
        (
            "# TYPE s summary\ns_sum{le=\"x\"} 2\n",
            "# TYPE s summary\ns_sum{le=\"x\"} 2\ns_count{le=\"x\"} 0\n",
        ),
        // There are no buckets of summaries.
        (
            "# TYPE s summary\ns_sum 1\ns_bucket 2\n",
            "# TYPE s summary\ns_sum 1\ns_count 0\n# TYPE s_bucket untyped\ns_bucket 2\n",
        ),
        // The name may stand between the braces, also after the quantile.
        (
            "# TYPE s summary\n# TYPE m counter\n{\"s\",quantile=\"1\"} 1\n{quantile=\"2\",\"s\"} 2\n{s_sum} 3\n",
            "# TYPE s summary\ns{quantile=\"1\"} 1\ns{quantile=\"2\"} 2\ns_sum 3\ns_count 0\n",
        ),
    ];
    for (input, want) in cases {
        assert_eq!(render(&parsed(input.as_bytes(), Legacy)), want, "{input}");
    }
}

#[test]
fn histograms_are_put_together() {
    let cases = [
        (
            "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
        ),
        // Nobody checks order, duplicates or the count.
        (
            "# TYPE h histogram\nh_bucket{le=\"inf\"} 7\nh_bucket{le=\"1\"} 9\nh_bucket{le=\"1\"} 8\nh_count 3\n",
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 7\nh_bucket{le=\"1\"} 9\nh_bucket{le=\"1\"} 8\nh_sum 0\nh_count 3\n",
        ),
        // The bucket for +Inf is made from the count.
        (
            "# TYPE h histogram\nh_count 3\n",
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 0\nh_count 3\n",
        ),
        // A bucket may have the family's own name.
        (
            "# TYPE h histogram\nh{le=\"1\"} 2\n",
            "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n",
        ),
        // A value without a bound is dropped, its series is not.
        (
            "# TYPE h histogram\nh 3\nh_bucket -4\nh_bucket{le=\"NaN\"} -5\n",
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n",
        ),
        // A bound of a part says nothing. Sums may be negative.
        (
            "# TYPE h histogram\nh_sum{le=\"1\"} -2\nh_count{le=\"1\"} 1\n",
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum -2\nh_count 1\n",
        ),
        // `quantile` is a label like any other.
        (
            "# TYPE h histogram\nh_count{quantile=\"x\"} 1\n",
            "# TYPE h histogram\nh_bucket{quantile=\"x\",le=\"+Inf\"} 1\nh_sum{quantile=\"x\"} 0\nh_count{quantile=\"x\"} 1\n",
        ),
        // Gauge histograms are exposed as histograms.
        (
            "# TYPE h gaugehistogram\nh_bucket{le=\"1\"} 2\nh_sum 1\nh_count 2\nh_gcount 3\n",
            "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n# TYPE h_gcount untyped\nh_gcount 3\n",
        ),
        // The name may stand between the braces, also after the bound.
        (
            "# TYPE h histogram\n# TYPE m counter\n{le=\"1\",a=\"b\",\"h_bucket\"} 2\n{\"h_count\",a=\"b\"} 3\n",
            "# TYPE h histogram\nh_bucket{a=\"b\",le=\"1\"} 2\nh_bucket{a=\"b\",le=\"+Inf\"} 3\nh_sum{a=\"b\"} 0\nh_count{a=\"b\"} 3\n",
        ),
    ];
    for (input, want) in cases {
        assert_eq!(render(&parsed(input.as_bytes(), Legacy)), want, "{input}");
    }
}

#[test]
fn lines_of_several_series_may_be_mixed() {
    let input = "# TYPE h histogram\n\
        h_bucket{a=\"1\",b=\"x\",le=\"1\"} 1\n\
        h_bucket{a=\"2\",le=\"1\",b=\"x\"} 2\n\
        h_bucket{b=\"x\",a=\"1\",le=\"2\"} 3\n\
        h_count{b=\"x\",a=\"2\"} 4\n\
        h_count{a=\"1\",b=\"x\"} 5\n\
        h_count 6\n\
        h_count{a=\"\",b=\"x\"} 7\n\
        h_count{b=\"x\"} 8\n";
    let families = parsed(input.as_bytes(), Legacy);
    let counts: Vec<_> = families[0]
        .metrics
        .iter()
        .map(|metric| match &metric.value {
            Value::Histogram(histogram) => (histogram.sample_count, histogram.buckets.len()),
            value => panic!("{value:?}"),
        })
        .collect();
    assert_eq!(counts, [(5, 2), (4, 1), (6, 0), (7, 0), (8, 0)]);
    // The first line of a series says in which order its labels are.
    let labels = [Label::new("a", "1"), Label::new("b", "x")];
    assert_eq!(families[0].metrics[0].labels, labels);
}

#[test]
fn summary_counts_lose_their_fraction() {
    for (count, want) in [
        ("1.7", 1),
        ("0.9", 0),
        ("-0.9", 0),
        ("-0", 0),
        ("1e3", 1000),
        ("18446744073709549568", 18_446_744_073_709_549_568),
    ] {
        let input = format!("# TYPE s summary\ns_count {count}\n");
        let want = Summary {
            sample_count: want,
            ..Summary::default()
        };
        assert_eq!(only_value(&input), Value::Summary(want), "{count}");
    }
}

#[test]
fn the_last_timestamp_of_a_series_is_kept() {
    let input = b"# TYPE s summary\ns_sum 1 5\ns{quantile=\"1\"} 2 6\ns_count 1\n";
    let families = parsed(input, Legacy);
    assert_eq!(families[0].metrics[0].timestamp_ms, Some(6));
    let quantiles = vec![Quantile {
        quantile: 1.0,
        value: 2.0,
    }];
    let want = Summary {
        sample_count: 1,
        sample_sum: 1.0,
        quantiles,
        created: None,
    };
    assert_eq!(families[0].metrics[0].value, Value::Summary(want));
}

/// A bucket with an integer and a float count.
fn bucket(upper_bound: f64, cumulative_count: u64, cumulative_count_float: f64) -> Bucket<'static> {
    Bucket {
        cumulative_count,
        cumulative_count_float,
        upper_bound,
        exemplar: None,
    }
}

#[test]
fn one_float_among_the_counts_makes_all_of_them_floats() {
    let cases = [
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\nh_count 3\n",
            (3, 0.0, vec![bucket(1.0, 1, 0.0), bucket(2.0, 2, 0.0)]),
        ),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2.5\nh_count 3\n",
            (0, 3.0, vec![bucket(1.0, 0, 1.0), bucket(2.0, 0, 2.5)]),
        ),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"2\"} 2\nh_count 3.5\n",
            (0, 3.5, vec![bucket(1.0, 0, 0.0), bucket(2.0, 0, 2.0)]),
        ),
        // Written as a float, but an integer.
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1.0\nh_count -0.0\n",
            (0, 0.0, vec![bucket(1.0, 1, 0.0)]),
        ),
        // Too large for an integer, the largest one, and infinite.
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 18446744073709551616\n",
            (0, 0.0, vec![bucket(1.0, 0, 18_446_744_073_709_551_616.0)]),
        ),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 18446744073709549568\n",
            (0, 0.0, vec![bucket(1.0, 18_446_744_073_709_549_568, 0.0)]),
        ),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count Inf\n",
            (0, f64::INFINITY, vec![bucket(1.0, 0, 1.0)]),
        ),
        // Both pushed: the float holds, the integer stays beside it.
        (
            "# TYPE h histogram\nh_count 2.5\nh_count 3\n",
            (3, 2.5, vec![]),
        ),
    ];
    for (input, (sample_count, sample_count_float, buckets)) in cases {
        let want = Histogram {
            sample_count,
            sample_count_float,
            buckets,
            ..Histogram::default()
        };
        assert_eq!(
            only_value(input),
            Value::Histogram(Box::new(want)),
            "{input}"
        );
    }
}

#[test]
fn a_count_that_is_not_a_number_is_a_float_count() {
    let Value::Histogram(histogram) = only_value("# TYPE h histogram\nh_count NaN\n") else {
        panic!("a histogram");
    };
    assert!(histogram.sample_count_float.is_nan());
}

#[test]
fn parts_belong_to_what_was_declared_before_them() {
    let cases = [
        // Too late.
        (
            "h_count 1\n# TYPE h histogram\nh_count 2\nh_sum 3\n",
            "# TYPE h_count untyped\nh_count 1\nh_count 2\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_sum 3\nh_count 0\n",
        ),
        // A family of exactly that name comes first, even if a comment made it.
        (
            "# HELP h_count own\n# TYPE h histogram\nh_count 2\n",
            "# HELP h_count own\n# TYPE h_count untyped\nh_count 2\n",
        ),
        // In comments as well.
        (
            "# TYPE h histogram\n# HELP h_bucket of h\nh_count 2\n",
            "# HELP h of h\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 0\nh_count 2\n",
        ),
        // A part has no parts.
        (
            "# TYPE h histogram\nh_sum 1\nh_sum_count 2\n",
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_sum 1\nh_count 0\n# TYPE h_sum_count untyped\nh_sum_count 2\n",
        ),
        // Declared without a type.
        (
            "# HELP h x\nh_count 2\n",
            "# TYPE h_count untyped\nh_count 2\n",
        ),
        // A histogram of a name that looks like a part.
        (
            "# TYPE h summary\n# TYPE h_bucket histogram\nh_bucket_count 1\nh_bucket_bucket{le=\"1\"} 1\nh_count 2\n",
            "# TYPE h summary\nh_sum 0\nh_count 2\n# TYPE h_bucket histogram\nh_bucket_bucket{le=\"1\"} 1\nh_bucket_bucket{le=\"+Inf\"} 1\nh_bucket_sum 0\nh_bucket_count 1\n",
        ),
        (
            "# TYPE x_created gauge\n# TYPE x summary\nx_created 1\nx_count 2\n",
            "# TYPE x_created gauge\nx_created 1\n# TYPE x summary\nx_sum 0\nx_count 2\n",
        ),
    ];
    for (input, want) in cases {
        assert_eq!(render(&parsed(input.as_bytes(), Legacy)), want, "{input}");
        assert_eq!(render(&parsed(input.as_bytes(), Utf8)), want, "{input}");
    }
}

#[test]
fn values_are_of_their_familys_type() {
    for name in [
        "counter",
        "gauge",
        "summary",
        "untyped",
        "histogram",
        "gaugehistogram",
    ] {
        let input = format!("# TYPE m {name}\nm 1\n");
        let families = parsed(input.as_bytes(), Legacy);
        let family = &families[0];
        assert!(family.metrics[0].value.is_of(family.metric_type), "{name}");
    }
    assert_eq!(parsed(b"m 1\n", Legacy)[0].metric_type, MetricType::Untyped);
}
