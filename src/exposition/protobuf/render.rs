//! Metric families as protobuf.
//!
//! Fields are written in the order of their numbers, and lists of numbers are not packed, as Go's implementation
//! does, so that the same metrics are the same bytes. Of a count that can be an integer or a float only the one that
//! holds is written. Values, and the fields that make a histogram a native one, are written even if zero.

use super::schema::{
    bucket, bucket_span, counter, exemplar, histogram, label_pair, metric, metric_family,
    plain_value, quantile, summary, timestamp,
};
use super::wire::{
    put_delimited, put_double, put_int, put_message, put_sint, put_string, put_uint,
};
use crate::exposition::model::{
    Bucket, BucketSpan, Counter, Exemplar, Histogram, Label, Metric, MetricFamily, MetricType,
    NativeBuckets, NativeHistogram, Quantile, Summary, Timestamp, Value,
};

/// Appends a family with its length before it, as in `application/vnd.google.protobuf; encoding=delimited`.
pub fn write_family(out: &mut Vec<u8>, family: &MetricFamily<'_>) {
    put_delimited(out, |out| {
        put_string(out, metric_family::NAME, &family.name);
        if let Some(help) = &family.help {
            put_string(out, metric_family::HELP, help);
        }
        put_uint(out, metric_family::TYPE, type_number(family.metric_type));
        for metric in &family.metrics {
            put_message(out, metric_family::METRIC, |out| write_metric(out, metric));
        }
        if let Some(unit) = &family.unit {
            put_string(out, metric_family::UNIT, unit);
        }
    });
}

/// Appends a single `Metric` message without a length before it.
pub fn write_metric(out: &mut Vec<u8>, metric: &Metric<'_>) {
    for label in &metric.labels {
        put_label(out, metric::LABEL, label);
    }
    // The timestamp's number lies between those of the values.
    let write_timestamp = |out: &mut Vec<u8>| {
        if let Some(timestamp_ms) = metric.timestamp_ms {
            put_int(out, metric::TIMESTAMP_MS, timestamp_ms);
        }
    };
    match &metric.value {
        Value::Gauge(value) => put_plain_value(out, metric::GAUGE, *value),
        Value::Counter(counter) => {
            put_message(out, metric::COUNTER, |out| write_counter(out, counter));
        }
        Value::Summary(summary) => {
            put_message(out, metric::SUMMARY, |out| write_summary(out, summary));
        }
        Value::Untyped(value) => put_plain_value(out, metric::UNTYPED, *value),
        Value::Histogram(histogram) => {
            write_timestamp(out);
            put_message(out, metric::HISTOGRAM, |out| {
                write_histogram(out, histogram);
            });
            return;
        }
    }
    write_timestamp(out);
}

fn type_number(metric_type: MetricType) -> u64 {
    match metric_type {
        MetricType::Counter => 0,
        MetricType::Gauge => 1,
        MetricType::Summary => 2,
        MetricType::Untyped => 3,
        MetricType::Histogram => 4,
        MetricType::GaugeHistogram => 5,
    }
}

fn put_label(out: &mut Vec<u8>, number: u32, label: &Label<'_>) {
    put_message(out, number, |out| {
        put_string(out, label_pair::NAME, &label.name);
        put_string(out, label_pair::VALUE, &label.value);
    });
}

fn put_plain_value(out: &mut Vec<u8>, number: u32, value: f64) {
    put_message(out, number, |out| {
        put_double(out, plain_value::VALUE, value);
    });
}

fn write_counter(out: &mut Vec<u8>, counter: &Counter<'_>) {
    put_double(out, counter::VALUE, counter.value);
    if let Some(exemplar) = &counter.exemplar {
        put_exemplar(out, counter::EXEMPLAR, exemplar);
    }
    put_timestamp(out, counter::CREATED_TIMESTAMP, counter.created);
}

fn write_summary(out: &mut Vec<u8>, summary: &Summary) {
    put_uint(out, summary::SAMPLE_COUNT, summary.sample_count);
    put_double(out, summary::SAMPLE_SUM, summary.sample_sum);
    for &Quantile { quantile, value } in &summary.quantiles {
        put_message(out, summary::QUANTILE, |out| {
            put_double(out, quantile::QUANTILE, quantile);
            put_double(out, quantile::VALUE, value);
        });
    }
    put_timestamp(out, summary::CREATED_TIMESTAMP, summary.created);
}

fn write_histogram(out: &mut Vec<u8>, histogram: &Histogram<'_>) {
    let Histogram {
        sample_count,
        sample_count_float,
        ..
    } = *histogram;
    if needs_integer(sample_count, sample_count_float) {
        put_uint(out, histogram::SAMPLE_COUNT, sample_count);
    }
    put_double(out, histogram::SAMPLE_SUM, histogram.sample_sum);
    for bucket in &histogram.buckets {
        put_message(out, histogram::BUCKET, |out| write_bucket(out, bucket));
    }
    if is_set(sample_count_float) {
        put_double(out, histogram::SAMPLE_COUNT_FLOAT, sample_count_float);
    }
    if let Some(native) = &histogram.native {
        write_native(out, native);
    }
    put_timestamp(out, histogram::CREATED_TIMESTAMP, histogram.created);
    for exemplar in &histogram.exemplars {
        put_exemplar(out, histogram::EXEMPLARS, exemplar);
    }
}

fn write_bucket(out: &mut Vec<u8>, bucket: &Bucket<'_>) {
    let Bucket {
        cumulative_count,
        cumulative_count_float,
        ..
    } = *bucket;
    if needs_integer(cumulative_count, cumulative_count_float) {
        put_uint(out, bucket::CUMULATIVE_COUNT, cumulative_count);
    }
    put_double(out, bucket::UPPER_BOUND, bucket.upper_bound);
    if let Some(exemplar) = &bucket.exemplar {
        put_exemplar(out, bucket::EXEMPLAR, exemplar);
    }
    if is_set(cumulative_count_float) {
        put_double(out, bucket::CUMULATIVE_COUNT_FLOAT, cumulative_count_float);
    }
}

fn write_native(out: &mut Vec<u8>, native: &NativeHistogram) {
    put_sint(out, histogram::SCHEMA, i64::from(native.schema));
    put_double(out, histogram::ZERO_THRESHOLD, native.zero_threshold);
    if needs_integer(native.zero_count, native.zero_count_float) {
        put_uint(out, histogram::ZERO_COUNT, native.zero_count);
    }
    if is_set(native.zero_count_float) {
        put_double(out, histogram::ZERO_COUNT_FLOAT, native.zero_count_float);
    }
    let sides: [(&NativeBuckets, [u32; 3]); 2] = [
        (
            &native.negative,
            [
                histogram::NEGATIVE_SPAN,
                histogram::NEGATIVE_DELTA,
                histogram::NEGATIVE_COUNT,
            ],
        ),
        (
            &native.positive,
            [
                histogram::POSITIVE_SPAN,
                histogram::POSITIVE_DELTA,
                histogram::POSITIVE_COUNT,
            ],
        ),
    ];
    for (buckets, [span_number, delta_number, count_number]) in sides {
        for &BucketSpan { offset, length } in &buckets.spans {
            put_message(out, span_number, |out| {
                put_sint(out, bucket_span::OFFSET, i64::from(offset));
                put_uint(out, bucket_span::LENGTH, u64::from(length));
            });
        }
        for &delta in &buckets.deltas {
            put_sint(out, delta_number, delta);
        }
        for &count in &buckets.counts {
            put_double(out, count_number, count);
        }
    }
}

fn put_exemplar(out: &mut Vec<u8>, number: u32, exemplar: &Exemplar<'_>) {
    put_message(out, number, |out| {
        for label in &exemplar.labels {
            put_label(out, exemplar::LABEL, label);
        }
        put_double(out, exemplar::VALUE, exemplar.value);
        put_timestamp(out, exemplar::TIMESTAMP, exemplar.timestamp);
    });
}

/// `google.protobuf.Timestamp` is of proto3: numbers that are zero are left out.
fn put_timestamp(out: &mut Vec<u8>, number: u32, value: Option<Timestamp>) {
    let Some(Timestamp { seconds, nanos }) = value else {
        return;
    };
    put_message(out, number, |out| {
        if seconds != 0 {
            put_int(out, timestamp::SECONDS, seconds);
        }
        if nanos != 0 {
            put_int(out, timestamp::NANOS, i64::from(nanos));
        }
    });
}

/// Whether a float count was given at all. Bitwise, so that every value comes back as it was.
pub(super) fn is_set(float: f64) -> bool {
    float.to_bits() != 0
}

/// Whether the integer must be written of a count that can be either.
pub(super) fn needs_integer(integer: u64, float: f64) -> bool {
    integer != 0 || !is_set(float)
}
