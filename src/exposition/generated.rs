//! Metric families for property tests: every part of the model, valid under the legacy naming scheme.

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::model::{
    Bucket, BucketSpan, Counter, Exemplar, Histogram, Label, Metric, MetricFamily, MetricType,
    NativeBuckets, NativeHistogram, Quantile, Summary, Timestamp, Value,
};

/// Families of unique names.
pub(crate) fn families() -> impl Strategy<Value = Vec<MetricFamily<'static>>> {
    vec(family(), 0..4).prop_map(|mut families| {
        for (number, family) in families.iter_mut().enumerate() {
            family.name = format!("{}_{number}", family.name).into();
        }
        families
    })
}

/// A family of any type with at least one metric.
pub(crate) fn family() -> impl Strategy<Value = MetricFamily<'static>> {
    metric_type().prop_flat_map(|metric_type| {
        (
            "[a-zA-Z_:][a-zA-Z0-9_:]{0,8}",
            option::of(any::<String>()),
            option::of("[a-z]{1,4}"),
            vec(metric(metric_type), 1..4),
        )
            .prop_map(move |(name, help, unit, metrics)| MetricFamily {
                name: name.into(),
                help: help.map(Into::into),
                metric_type,
                unit: unit.map(Into::into),
                metrics,
            })
    })
}

/// Equal as far as anyone can see: unlike `==`, NaN equals NaN, and zero does not equal negative zero.
pub(crate) fn same<T: std::fmt::Debug>(left: &T, right: &T) -> bool {
    format!("{left:?}") == format!("{right:?}")
}

fn metric_type() -> impl Strategy<Value = MetricType> {
    prop_oneof![
        Just(MetricType::Counter),
        Just(MetricType::Gauge),
        Just(MetricType::Summary),
        Just(MetricType::Untyped),
        Just(MetricType::Histogram),
        Just(MetricType::GaugeHistogram),
    ]
}

fn metric(metric_type: MetricType) -> impl Strategy<Value = Metric<'static>> {
    (labels(), value(metric_type), option::of(any::<i64>())).prop_map(
        |(labels, value, timestamp_ms)| Metric {
            labels,
            value,
            timestamp_ms,
        },
    )
}

fn labels() -> impl Strategy<Value = Vec<Label<'static>>> {
    (
        btree_set("[a-zA-Z_][a-zA-Z0-9_]{0,5}", 0..4),
        vec(any::<String>(), 4),
    )
        .prop_map(|(names, values)| {
            names
                .into_iter()
                .zip(values)
                .map(|(name, value)| Label::new(name, value))
                .collect()
        })
}

fn value(metric_type: MetricType) -> BoxedStrategy<Value<'static>> {
    match metric_type {
        MetricType::Counter => (
            any::<f64>(),
            option::of(exemplar()),
            option::of(timestamp()),
        )
            .prop_map(|(value, exemplar, created)| {
                Value::Counter(Counter {
                    value,
                    exemplar,
                    created,
                })
            })
            .boxed(),
        MetricType::Gauge => any::<f64>().prop_map(Value::Gauge).boxed(),
        MetricType::Untyped => any::<f64>().prop_map(Value::Untyped).boxed(),
        MetricType::Summary => summary().prop_map(Value::Summary).boxed(),
        MetricType::Histogram | MetricType::GaugeHistogram => histogram()
            .prop_map(|histogram| Value::Histogram(Box::new(histogram)))
            .boxed(),
    }
}

fn summary() -> impl Strategy<Value = Summary> {
    let quantile =
        (any::<f64>(), any::<f64>()).prop_map(|(quantile, value)| Quantile { quantile, value });
    (
        any::<u64>(),
        any::<f64>(),
        vec(quantile, 0..3),
        option::of(timestamp()),
    )
        .prop_map(|(sample_count, sample_sum, quantiles, created)| Summary {
            sample_count,
            sample_sum,
            quantiles,
            created,
        })
}

fn histogram() -> impl Strategy<Value = Histogram<'static>> {
    (
        count(),
        any::<f64>(),
        vec(bucket(), 0..4),
        option::of(native()),
        vec(exemplar(), 0..3),
        option::of(timestamp()),
    )
        .prop_map(
            |(
                (sample_count, sample_count_float),
                sample_sum,
                buckets,
                native,
                exemplars,
                created,
            )| {
                let mut histogram = Histogram {
                    sample_count,
                    sample_count_float,
                    sample_sum,
                    buckets,
                    native,
                    exemplars,
                    created,
                };
                make_consistent(&mut histogram);
                histogram
            },
        )
}

/// Makes the counts those of the native buckets, as they must be.
fn make_consistent(histogram: &mut Histogram<'_>) {
    let Some(native) = &mut histogram.native else {
        return;
    };
    let sides = [&native.negative, &native.positive];
    if sides.iter().any(|side| !side.counts.is_empty()) {
        histogram.sample_count_float = histogram.sample_count_float.abs().max(1.0);
        return;
    }
    histogram.sample_count_float = 0.0;
    native.zero_count_float = 0.0;
    native.zero_count >>= 1;
    let populations = sides.into_iter().flat_map(|side| {
        side.deltas.iter().scan(0, |population, delta| {
            *population += delta;
            Some(population.unsigned_abs())
        })
    });
    histogram.sample_count = native.zero_count + populations.sum::<u64>();
}

/// An integer or a float count, seldom both.
fn count() -> impl Strategy<Value = (u64, f64)> {
    prop_oneof![
        4 => any::<u64>().prop_map(|integer| (integer, 0.0)),
        4 => any::<f64>().prop_map(|float| (0, float)),
        1 => (any::<u64>(), any::<f64>()),
    ]
}

fn bucket() -> impl Strategy<Value = Bucket<'static>> {
    (count(), any::<f64>(), option::of(exemplar())).prop_map(
        |((cumulative_count, cumulative_count_float), upper_bound, exemplar)| Bucket {
            cumulative_count,
            cumulative_count_float,
            upper_bound,
            exemplar,
        },
    )
}

fn native() -> impl Strategy<Value = NativeHistogram> {
    any::<bool>().prop_flat_map(|float| {
        (
            -4..=8i32,
            any::<f64>(),
            count(),
            native_buckets(float),
            native_buckets(float),
        )
            .prop_map(
                |(schema, zero_threshold, (zero_count, zero_count_float), negative, positive)| {
                    NativeHistogram {
                        schema,
                        zero_threshold,
                        zero_count,
                        zero_count_float,
                        negative,
                        positive,
                    }
                },
            )
    })
}

fn native_buckets(float: bool) -> impl Strategy<Value = NativeBuckets> {
    let span = (0..100i32, vec(0..1000u32, 0..3));
    (-1000..1000i32, vec(span, 0..4)).prop_map(move |(start, runs)| {
        let mut buckets = NativeBuckets::default();
        let mut before = 0;
        for (number, (gap, populations)) in runs.into_iter().enumerate() {
            buckets.spans.push(BucketSpan {
                offset: if number == 0 { start } else { gap },
                length: populations.len() as u32,
            });
            for population in populations {
                if float {
                    buckets.counts.push(f64::from(population) / 4.0);
                } else {
                    buckets.deltas.push(i64::from(population) - before);
                    before = i64::from(population);
                }
            }
        }
        buckets
    })
}

fn exemplar() -> impl Strategy<Value = Exemplar<'static>> {
    (labels(), any::<f64>(), option::of(timestamp())).prop_map(|(labels, value, timestamp)| {
        Exemplar {
            labels,
            value,
            timestamp,
        }
    })
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (any::<i64>(), 0..1_000_000_000i32).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}
