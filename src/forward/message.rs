//! Messages of remote write 1.0 (`prometheus.WriteRequest`): one series, histogram or description at a time.

use std::borrow::Cow;

use super::samples::plain;
use crate::exposition::model::{
    BucketSpan, Histogram, MetricFamily, MetricType, NativeBuckets, NativeHistogram,
};
use crate::exposition::protobuf::native;
use crate::exposition::protobuf::wire::{
    put_double, put_int, put_message, put_sint, put_string, put_uint, put_varint, zigzag_encode,
};

/// The labels of a series, sorted by name.
type Labels<'a> = [(&'a str, Cow<'a, str>)];

mod write_request {
    pub(super) const TIMESERIES: u32 = 1;
    pub(super) const METADATA: u32 = 3;
}

mod time_series {
    pub(super) const LABELS: u32 = 1;
    pub(super) const SAMPLES: u32 = 2;
    pub(super) const HISTOGRAMS: u32 = 4;
}

mod label {
    pub(super) const NAME: u32 = 1;
    pub(super) const VALUE: u32 = 2;
}

mod sample {
    pub(super) const VALUE: u32 = 1;
    pub(super) const TIMESTAMP: u32 = 2;
}

mod metadata {
    pub(super) const TYPE: u32 = 1;
    pub(super) const FAMILY_NAME: u32 = 2;
    pub(super) const HELP: u32 = 4;
    pub(super) const UNIT: u32 = 5;
}

mod histogram {
    pub(super) const COUNT_INT: u32 = 1;
    pub(super) const COUNT_FLOAT: u32 = 2;
    pub(super) const SUM: u32 = 3;
    pub(super) const SCHEMA: u32 = 4;
    pub(super) const ZERO_THRESHOLD: u32 = 5;
    pub(super) const ZERO_COUNT_INT: u32 = 6;
    pub(super) const ZERO_COUNT_FLOAT: u32 = 7;
    /// Spans, deltas and counts, of this number and the next two.
    pub(super) const NEGATIVE: u32 = 8;
    /// The same.
    pub(super) const POSITIVE: u32 = 11;
    pub(super) const RESET_HINT: u32 = 14;
    pub(super) const TIMESTAMP: u32 = 15;
    /// The reset hint of histograms whose buckets may go down.
    pub(super) const GAUGE: u64 = 3;
}

mod bucket_span {
    pub(super) const OFFSET: u32 = 1;
    pub(super) const LENGTH: u32 = 2;
}

/// Appends a series with one sample.
pub(super) fn put_series(out: &mut Vec<u8>, labels: &Labels<'_>, value: f64, time_ms: i64) {
    put_message(out, write_request::TIMESERIES, |out| {
        put_labels(out, labels);
        put_message(out, time_series::SAMPLES, |out| {
            put_double(out, sample::VALUE, value);
            put_int(out, sample::TIMESTAMP, time_ms);
        });
    });
}

/// Appends a series with one native histogram.
pub(super) fn put_histogram(
    out: &mut Vec<u8>,
    labels: &Labels<'_>,
    metric_type: MetricType,
    parts: (&Histogram<'_>, &NativeHistogram),
    time_ms: i64,
) {
    put_message(out, write_request::TIMESERIES, |out| {
        put_labels(out, labels);
        put_message(out, time_series::HISTOGRAMS, |out| {
            put_native(out, parts.0, parts.1);
            if metric_type == MetricType::GaugeHistogram {
                put_uint(out, histogram::RESET_HINT, histogram::GAUGE);
            }
            put_int(out, histogram::TIMESTAMP, time_ms);
        });
    });
}

/// Appends what is said about a family.
pub(super) fn put_metadata(out: &mut Vec<u8>, family: &MetricFamily<'_>) {
    put_message(out, write_request::METADATA, |out| {
        put_uint(out, metadata::TYPE, type_number(family.metric_type));
        put_string(out, metadata::FAMILY_NAME, &family.name);
        if let Some(help) = &family.help {
            put_string(out, metadata::HELP, help);
        }
        if let Some(unit) = &family.unit {
            put_string(out, metadata::UNIT, unit);
        }
    });
}

fn type_number(metric_type: MetricType) -> u64 {
    match metric_type {
        MetricType::Untyped => 0,
        MetricType::Counter => 1,
        MetricType::Gauge => 2,
        MetricType::Histogram => 3,
        MetricType::GaugeHistogram => 4,
        MetricType::Summary => 5,
    }
}

fn put_labels(out: &mut Vec<u8>, labels: &Labels<'_>) {
    for (name, value) in labels {
        put_message(out, time_series::LABELS, |out| {
            put_string(out, label::NAME, name);
            put_string(out, label::VALUE, value);
        });
    }
}

fn put_native(out: &mut Vec<u8>, whole: &Histogram<'_>, native: &NativeHistogram) {
    let is_float = native::is_float(whole, native);
    if is_float {
        put_double(out, histogram::COUNT_FLOAT, whole.sample_count_float);
    } else {
        put_uint(out, histogram::COUNT_INT, whole.sample_count);
    }
    put_double(out, histogram::SUM, plain(whole.sample_sum));
    put_sint(out, histogram::SCHEMA, i64::from(native.schema));
    put_double(out, histogram::ZERO_THRESHOLD, native.zero_threshold);
    if is_float {
        put_double(out, histogram::ZERO_COUNT_FLOAT, native.zero_count_float);
    } else {
        put_uint(out, histogram::ZERO_COUNT_INT, native.zero_count);
    }
    put_buckets(out, histogram::NEGATIVE, &native.negative, is_float);
    put_buckets(out, histogram::POSITIVE, &native.positive, is_float);
}

/// The schema is of proto3, whose lists of numbers are packed.
fn put_buckets(out: &mut Vec<u8>, number: u32, buckets: &NativeBuckets, is_float: bool) {
    for &BucketSpan { offset, length } in &buckets.spans {
        put_message(out, number, |out| {
            put_sint(out, bucket_span::OFFSET, i64::from(offset));
            put_uint(out, bucket_span::LENGTH, u64::from(length));
        });
    }
    if is_float && !buckets.counts.is_empty() {
        put_message(out, number + 2, |out| {
            for count in &buckets.counts {
                out.extend_from_slice(&count.to_bits().to_le_bytes());
            }
        });
    }
    if !is_float && !buckets.deltas.is_empty() {
        put_message(out, number + 1, |out| {
            for delta in &buckets.deltas {
                put_varint(out, zigzag_encode(*delta));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::protobuf::native::is_native;

    #[test]
    fn a_series_is_as_the_schema_has_it() {
        let mut out = Vec::new();
        put_series(&mut out, &[("a", "b".into())], 1.0, 300);
        let want = [
            0x0a, 0x16, // WriteRequest.timeseries
            0x0a, 0x06, 0x0a, 1, b'a', 0x12, 1, b'b', // TimeSeries.labels
            0x12, 0x0c, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xac,
            0x02, // TimeSeries.samples
        ];
        assert_eq!(out, want);
    }

    #[test]
    fn a_native_histogram_is_as_the_schema_has_it() {
        let native = NativeHistogram {
            schema: -1,
            positive: NativeBuckets {
                spans: vec![BucketSpan {
                    offset: -2,
                    length: 2,
                }],
                deltas: vec![1, -1],
                counts: Vec::new(),
            },
            ..NativeHistogram::default()
        };
        let whole = Histogram {
            sample_count: 1,
            ..Histogram::default()
        };
        assert!(is_native(&native));
        let mut out = Vec::new();
        let gauge = MetricType::GaugeHistogram;
        put_histogram(&mut out, &[], gauge, (&whole, &native), 1);
        let zeros = [0; 8];
        let want = [
            &[0x0a, 0x28, 0x22, 0x26][..], // WriteRequest.timeseries, TimeSeries.histograms
            &[0x08, 1, 0x19],              // count_int, sum
            &zeros,
            &[0x20, 1, 0x29], // schema, zero_threshold
            &zeros,
            &[0x30, 0],                   // zero_count_int
            &[0x5a, 4, 0x08, 3, 0x10, 2], // positive_spans
            &[0x62, 2, 2, 1],             // positive_deltas, packed
            &[0x70, 3, 0x78, 1],          // reset_hint, timestamp
        ];
        assert_eq!(out, want.concat());
    }

    #[test]
    fn a_native_histogram_of_floats_is_as_the_schema_has_it() {
        let native = NativeHistogram {
            schema: -1,
            zero_count_float: 0.5,
            positive: NativeBuckets {
                spans: vec![BucketSpan {
                    offset: -2,
                    length: 2,
                }],
                deltas: Vec::new(),
                counts: vec![1.5, 1.0],
            },
            ..NativeHistogram::default()
        };
        let whole = Histogram {
            sample_count_float: 3.0,
            ..Histogram::default()
        };
        let mut out = Vec::new();
        let gauge = MetricType::GaugeHistogram;
        put_histogram(&mut out, &[], gauge, (&whole, &native), 1);
        let want = [
            &[0x0a, 0x44, 0x22, 0x42, 0x11][..], // count_float
            &3.0_f64.to_le_bytes(),
            &[0x19], // sum
            &[0; 8],
            &[0x20, 1, 0x29], // schema, zero_threshold
            &[0; 8],
            &[0x39], // zero_count_float
            &0.5_f64.to_le_bytes(),
            &[0x5a, 4, 0x08, 3, 0x10, 2], // positive_spans
            &[0x6a, 16],                  // positive_counts, packed
            &1.5_f64.to_le_bytes(),
            &1.0_f64.to_le_bytes(),
            &[0x70, 3, 0x78, 1], // reset_hint, timestamp
        ];
        assert_eq!(out, want.concat());
    }

    #[test]
    fn a_family_is_described() {
        let described = |metric_type, help: Option<&'static str>, unit: Option<&'static str>| {
            let family = MetricFamily {
                name: "m".into(),
                help: help.map(Into::into),
                metric_type,
                unit: unit.map(Into::into),
                metrics: Vec::new(),
            };
            let mut out = Vec::new();
            put_metadata(&mut out, &family);
            out
        };
        assert_eq!(
            described(MetricType::Summary, Some("h"), None),
            [0x1a, 8, 0x08, 5, 0x12, 1, b'm', 0x22, 1, b'h']
        );
        assert_eq!(
            described(MetricType::Gauge, None, Some("u")),
            [0x1a, 8, 0x08, 2, 0x12, 1, b'm', 0x2a, 1, b'u']
        );
        // The numbers of the schema (MetricMetadata.MetricType).
        let numbers = [
            (MetricType::Untyped, 0),
            (MetricType::Counter, 1),
            (MetricType::Gauge, 2),
            (MetricType::Histogram, 3),
            (MetricType::GaugeHistogram, 4),
            (MetricType::Summary, 5),
        ];
        for (metric_type, number) in numbers {
            assert_eq!(type_number(metric_type), number, "{metric_type:?}");
        }
    }
}
