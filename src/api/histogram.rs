//! The buckets of a histogram as the API shows them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bounds;
use super::json::float;
use crate::exposition::model::{BucketSpan, Histogram, NativeBuckets, NativeHistogram};

/// The buckets of a histogram. If it has both kinds, the native ones are shown.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Buckets {
    /// Upper bound to cumulative count, for the bounds that were pushed.
    Classic(BTreeMap<String, String>),
    /// Native buckets from the lowest to the highest, without empty ones.
    Native(Vec<NativeBucket>),
}

/// A native bucket: which of its bounds belong to it, the bounds, and the count, not cumulative.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct NativeBucket(u8, String, String, String);

/// How many values a histogram has observed.
pub(crate) fn count(histogram: &Histogram<'_>) -> String {
    either(histogram.sample_count, histogram.sample_count_float)
}

/// Of the two forms of a count the one that holds.
fn either(integer: u64, of_float_histogram: f64) -> String {
    if of_float_histogram > 0.0 {
        float(of_float_histogram)
    } else {
        integer.to_string()
    }
}

impl Buckets {
    /// The buckets of this histogram. It is native if it has a span, be it an empty one.
    pub(crate) fn of(histogram: &Histogram<'_>) -> Self {
        match &histogram.native {
            Some(native) if has_spans(native) => Self::Native(native_buckets(native)),
            _ => {
                let buckets = histogram.buckets.iter().map(|bucket| {
                    let count = either(bucket.cumulative_count, bucket.cumulative_count_float);
                    (float(bucket.upper_bound), count)
                });
                Self::Classic(buckets.collect())
            }
        }
    }
}

fn has_spans(native: &NativeHistogram) -> bool {
    !(native.negative.spans.is_empty() && native.positive.spans.is_empty())
}

fn native_buckets(native: &NativeHistogram) -> Vec<NativeBucket> {
    let upper = |index| bounds::upper(native.schema, index);
    let negative = used(&native.negative)
        .map(|(index, count)| NativeBucket::of(-upper(index), -upper(index - 1), count));
    let positive = used(&native.positive)
        .map(|(index, count)| NativeBucket::of(upper(index - 1), upper(index), count));
    let mut buckets: Vec<_> = negative.collect();
    buckets.reverse();
    if native.zero_count > 0 || native.zero_count_float > 0.0 {
        buckets.push(NativeBucket(
            Bounds::BOTH,
            float(-native.zero_threshold),
            float(native.zero_threshold),
            either(native.zero_count, native.zero_count_float),
        ));
    }
    buckets.extend(positive);
    buckets
}

/// The codes for which bounds of a bucket belong to it.
struct Bounds;

impl Bounds {
    const UPPER: u8 = 0;
    const LOWER: u8 = 1;
    const NEITHER: u8 = 2;
    const BOTH: u8 = 3;
}

impl NativeBucket {
    /// A bucket of positive or negative values: the bound farther from zero belongs to it. (So does none of one that
    /// is so narrow that its bounds have become zero.)
    fn of(lower: f64, upper: f64, count: String) -> Self {
        let bounds = if lower < 0.0 {
            Bounds::LOWER
        } else if upper > 0.0 {
            Bounds::UPPER
        } else {
            Bounds::NEITHER
        };
        Self(bounds, float(lower), float(upper), count)
    }

    /// What it holds, in the notation of intervals, with bounds that `bound` may shorten.
    pub(crate) fn range(&self, bound: impl Fn(&str) -> String) -> String {
        let Self(bounds, lower, upper, _) = self;
        let (start, end) = match *bounds {
            Bounds::UPPER => ('(', ']'),
            Bounds::LOWER => ('[', ')'),
            Bounds::BOTH => ('[', ']'),
            _ => ('(', ')'),
        };
        format!("{start}{}, {}{end}", bound(lower), bound(upper))
    }

    /// How many values are in it.
    pub(crate) fn count(&self) -> &str {
        &self.3
    }
}

/// The indexes and counts of the buckets that are not empty.
fn used(buckets: &NativeBuckets) -> impl Iterator<Item = (i64, String)> {
    let counts = counts(buckets).into_iter().zip(indexes(&buckets.spans));
    counts.filter_map(|(count, index)| Some((index, count?)))
}

/// The count of each bucket, `None` if it is zero.
fn counts(buckets: &NativeBuckets) -> Vec<Option<String>> {
    if !buckets.counts.is_empty() {
        let counts = buckets.counts.iter();
        return counts
            .map(|&count| (count != 0.0).then(|| float(count)))
            .collect();
    }
    let mut count = 0_i64;
    let counts = buckets.deltas.iter().map(|&delta| {
        count = count.saturating_add(delta);
        (count != 0).then(|| count.to_string())
    });
    counts.collect()
}

/// The index of each bucket. A span says how many there are between it and the one before.
fn indexes(spans: &[BucketSpan]) -> impl Iterator<Item = i64> {
    let mut next = 0_i64;
    spans.iter().flat_map(move |span| {
        let start = next.saturating_add(i64::from(span.offset));
        next = start.saturating_add(i64::from(span.length));
        start..next
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::Bucket;

    fn json(histogram: &Histogram<'_>) -> (String, String) {
        let buckets = serde_json::to_string(&Buckets::of(histogram)).expect("is JSON");
        (buckets, count(histogram))
    }

    fn side(spans: &[(i32, u32)], deltas: &[i64], counts: &[f64]) -> NativeBuckets {
        let spans = spans
            .iter()
            .map(|&(offset, length)| BucketSpan { offset, length });
        NativeBuckets {
            spans: spans.collect(),
            deltas: deltas.to_vec(),
            counts: counts.to_vec(),
        }
    }

    #[test]
    fn classic_buckets_are_those_that_were_pushed() {
        let bucket = |upper_bound, cumulative_count, cumulative_count_float| Bucket {
            cumulative_count,
            cumulative_count_float,
            upper_bound,
            exemplar: None,
        };
        let cases = [
            (
                "keys are strings and ordered as such",
                Histogram {
                    sample_count: 12_345_678,
                    buckets: vec![
                        bucket(-1.0, 0, 0.0),
                        bucket(0.1, 1, 0.0),
                        bucket(5.0, 1, 0.0),
                        bucket(1e6, 2_000_000, 0.0),
                        bucket(f64::INFINITY, 12_345_678, 0.0),
                    ],
                    ..Histogram::default()
                },
                (
                    r#"{"+Inf":"12345678","-1":"0","0.1":"1","1e+06":"2000000","5":"1"}"#,
                    "12345678",
                ),
            ),
            (
                "float counts win where there are any",
                Histogram {
                    sample_count_float: 2.5,
                    buckets: vec![bucket(1.0, 0, 1.5), bucket(2.0, 0, 0.0)],
                    ..Histogram::default()
                },
                (r#"{"1":"1.5","2":"0"}"#, "2.5"),
            ),
            (
                "of equal bounds the last one stays",
                Histogram {
                    buckets: vec![bucket(1.0, 1, 0.0), bucket(1.0, 2, 0.0)],
                    ..Histogram::default()
                },
                (r#"{"1":"2"}"#, "0"),
            ),
            (
                "without a span there are no native ones",
                Histogram {
                    native: Some(NativeHistogram {
                        zero_count: 1,
                        ..NativeHistogram::default()
                    }),
                    ..Histogram::default()
                },
                ("{}", "0"),
            ),
        ];
        for (name, histogram, (buckets, count)) in cases {
            assert_eq!(
                json(&histogram),
                (buckets.to_owned(), count.to_owned()),
                "{name}"
            );
        }
    }

    #[test]
    fn native_buckets_run_from_the_lowest_to_the_highest() {
        let cases = [
            (
                "every kind of bucket",
                NativeHistogram {
                    zero_threshold: 0.001,
                    zero_count: 1,
                    negative: side(&[(0, 1)], &[1], &[]),
                    positive: side(&[(0, 2)], &[1, 1], &[]),
                    ..NativeHistogram::default()
                },
                r#"[[1,"-1","-0.5","1"],[3,"-0.001","0.001","1"],[0,"0.5","1","1"],[0,"1","2","2"]]"#,
            ),
            (
                "gaps, and empty ones left out",
                NativeHistogram {
                    schema: 1,
                    negative: side(&[(-1, 2), (1, 1)], &[3, 1, -3], &[]),
                    positive: side(&[(2, 1), (0, 2), (3, 1)], &[2, -2, 0, 1], &[]),
                    ..NativeHistogram::default()
                },
                r#"[[1,"-2","-1.414213562373095","1"],[1,"-1","-0.7071067811865475","4"],[1,"-0.7071067811865475","-0.5","3"],[0,"1.414213562373095","2","2"],[0,"11.31370849898476","16","1"]]"#,
            ),
            (
                "floats",
                NativeHistogram {
                    schema: -1,
                    zero_count_float: 0.5,
                    positive: side(&[(0, 3)], &[], &[0.25, 0.0, 1e6]),
                    ..NativeHistogram::default()
                },
                r#"[[3,"-0","0","0.5"],[0,"0.25","1","0.25"],[0,"4","16","1e+06"]]"#,
            ),
            (
                "nothing observed yet",
                NativeHistogram {
                    positive: side(&[(0, 0)], &[], &[]),
                    ..NativeHistogram::default()
                },
                "[]",
            ),
            (
                "the ends of the floats",
                NativeHistogram {
                    negative: side(&[(-2000, 1)], &[1], &[]),
                    positive: side(&[(-2000, 1), (3023, 3)], &[1, 0, 0, 0], &[]),
                    ..NativeHistogram::default()
                },
                r#"[[2,"-0","-0","1"],[2,"0","0","1"],[0,"8.98846567431158e+307","1.7976931348623157e+308","1"],[0,"1.7976931348623157e+308","+Inf","1"],[0,"+Inf","+Inf","1"]]"#,
            ),
            (
                "a span that no counts go with",
                NativeHistogram {
                    positive: side(&[(i32::MAX, u32::MAX), (i32::MAX, u32::MAX)], &[], &[]),
                    ..NativeHistogram::default()
                },
                "[]",
            ),
        ];
        for (name, native, want) in cases {
            let histogram = Histogram {
                sample_count: 5,
                native: Some(native),
                ..Histogram::default()
            };
            assert_eq!(
                json(&histogram),
                (want.to_owned(), "5".to_owned()),
                "{name}"
            );
        }
    }
}
