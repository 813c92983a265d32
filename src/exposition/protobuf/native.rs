//! Whether a native histogram makes sense.
//!
//! The Pushgateway stores any. A Prometheus with native histograms turned on then refuses the whole scrape, and with it
//! everybody's metrics, for one that its validation (`model/histogram` there) finds wrong: for spans that do not match
//! the buckets, a negative bucket, a schema that it does not know, or buckets that do not add up to the sample count.
//! So these are refused at the push here. What does no harm is taken as it is: any sums, thresholds and float counts,
//! and classic buckets that contradict the native ones.
//!
//! Schemas are those of base 2, -4 to 8. Custom buckets (schema -53) have no place for their bounds in this protobuf
//! schema and therefore cannot be pushed.

use super::error::{ErrorKind, Fault};
use crate::exposition::model::{BucketSpan, Histogram, NativeBuckets, NativeHistogram};

/// Checks schema, spans, buckets and counts of the native part of a histogram, if it has one.
pub(super) fn check(histogram: &Histogram<'_>) -> Result<(), Fault> {
    let Some(native) = &histogram.native else {
        return Ok(());
    };
    if !(-4..=8).contains(&native.schema) {
        return Err(Fault::from(ErrorKind::UnsupportedSchema(native.schema)).within("schema"));
    }
    let sides = [Side::negative(native), Side::positive(native)];
    let integer = sides.iter().any(|side| !side.buckets.deltas.is_empty());
    let float = sides.iter().any(|side| !side.buckets.counts.is_empty());
    if integer && float {
        return Err(ErrorKind::DeltasAndCounts.into());
    }
    let kind = Kind::of(histogram, native);
    let mut found = u128::from(native.zero_count);
    for side in sides {
        found += side.check(kind)?;
    }
    // Of float histograms no sum is asked for, since they are inexact.
    if kind == Kind::Integer && is_native(native) {
        check_count(histogram, found).map_err(|error| Fault::from(error).within("sample_count"))?;
    }
    Ok(())
}

/// Whether Prometheus looks at the native part at all. One without any observation asks for it by an empty span.
pub(crate) fn is_native(native: &NativeHistogram) -> bool {
    !native.negative.spans.is_empty()
        || !native.positive.spans.is_empty()
        || native.zero_threshold > 0.0
        || native.zero_count > 0
}

/// Whether Prometheus reads the float counts of a native histogram, and not the integers.
pub(crate) fn is_float(histogram: &Histogram<'_>, native: &NativeHistogram) -> bool {
    histogram.sample_count_float > 0.0 || native.zero_count_float > 0.0
}

/// Checks that as many observations are in buckets as there are. Those of NaN are in none, and make the sum NaN.
fn check_count(histogram: &Histogram<'_>, found: u128) -> Result<(), ErrorKind> {
    let expected = histogram.sample_count;
    let missing = u128::from(expected).checked_sub(found);
    match missing {
        Some(0) => Ok(()),
        Some(_) if histogram.sample_sum.is_nan() => Ok(()),
        _ => Err(ErrorKind::CountMismatch { expected, found }),
    }
}

/// Which of its fields Prometheus reads a histogram from: it ignores those of the other kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Deltas and integer counts.
    Integer,
    /// Float counts.
    Float,
}

impl Kind {
    fn of(histogram: &Histogram<'_>, native: &NativeHistogram) -> Self {
        if is_float(histogram, native) {
            Self::Float
        } else {
            Self::Integer
        }
    }
}

/// The buckets of one sign, and how their fields are called.
struct Side<'h> {
    buckets: &'h NativeBuckets,
    span_field: &'static str,
    delta_field: &'static str,
    count_field: &'static str,
}

impl<'h> Side<'h> {
    fn negative(native: &'h NativeHistogram) -> Self {
        Self {
            buckets: &native.negative,
            span_field: "negative_span",
            delta_field: "negative_delta",
            count_field: "negative_count",
        }
    }

    fn positive(native: &'h NativeHistogram) -> Self {
        Self {
            buckets: &native.positive,
            span_field: "positive_span",
            delta_field: "positive_delta",
            count_field: "positive_count",
        }
    }

    /// Checks spans and buckets. Returns the number of observations in the buckets of an integer histogram.
    fn check(&self, kind: Kind) -> Result<u128, Fault> {
        let NativeBuckets {
            spans,
            deltas,
            counts,
        } = self.buckets;
        check_spans(spans, deltas.len() + counts.len())
            .map_err(|error| Fault::from(error).within(self.span_field))?;
        let observations =
            check_deltas(deltas).map_err(|error| Fault::from(error).within(self.delta_field))?;
        check_counts(counts).map_err(|error| Fault::from(error).within(self.count_field))?;
        match kind {
            Kind::Integer if !counts.is_empty() => {
                Err(Fault::from(ErrorKind::CountsOfIntegers).within(self.count_field))
            }
            Kind::Float if !deltas.is_empty() => {
                Err(Fault::from(ErrorKind::DeltasOfFloats).within(self.delta_field))
            }
            Kind::Integer | Kind::Float => Ok(observations),
        }
    }
}

fn check_spans(spans: &[BucketSpan], buckets: usize) -> Result<(), ErrorKind> {
    let mut announced = 0u64;
    let mut index = 0i64;
    for (number, span) in spans.iter().enumerate() {
        if number > 0 && span.offset < 0 {
            return Err(ErrorKind::NegativeSpanOffset(span.offset));
        }
        announced += u64::from(span.length);
        index += i64::from(span.offset) + i64::from(span.length);
        if i32::try_from(index).is_err() {
            return Err(ErrorKind::SpanOutOfRange);
        }
    }
    if announced != buckets as u64 {
        return Err(ErrorKind::SpanMismatch {
            announced,
            found: buckets,
        });
    }
    Ok(())
}

/// Checks that no bucket is negative or beyond the range of the sums that deltas make. Returns the sum of all buckets.
fn check_deltas(deltas: &[i64]) -> Result<u128, ErrorKind> {
    let mut count = 0i64;
    let mut observations = 0u128;
    for &delta in deltas {
        count = count
            .checked_add(delta)
            .ok_or(ErrorKind::InvalidBucketCount)?;
        observations += u128::try_from(count).map_err(|_| ErrorKind::InvalidBucketCount)?;
    }
    Ok(observations)
}

/// Checks that no bucket is negative or not a number.
fn check_counts(counts: &[f64]) -> Result<(), ErrorKind> {
    if counts.iter().all(|&count| count >= 0.0) {
        Ok(())
    } else {
        Err(ErrorKind::InvalidBucketCount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn integers(sample_count: u64, native: NativeHistogram) -> Histogram<'static> {
        Histogram {
            sample_count,
            native: Some(native),
            ..Histogram::default()
        }
    }

    fn floats(sample_count_float: f64, native: NativeHistogram) -> Histogram<'static> {
        Histogram {
            sample_count_float,
            native: Some(native),
            ..Histogram::default()
        }
    }

    fn positive(positive: NativeBuckets) -> NativeHistogram {
        NativeHistogram {
            positive,
            ..NativeHistogram::default()
        }
    }

    fn one_delta() -> NativeHistogram {
        positive(side(&[(0, 1)], &[1], &[]))
    }

    fn one_count() -> NativeHistogram {
        positive(side(&[(0, 1)], &[], &[1.0]))
    }

    fn mismatch(expected: u64, found: u128) -> Result<(), ErrorKind> {
        Err(ErrorKind::CountMismatch { expected, found })
    }

    fn checked(histogram: &Histogram<'_>) -> Result<(), ErrorKind> {
        check(histogram).map_err(|fault| fault.at(Default::default()).kind)
    }

    #[test]
    fn spans_must_match_buckets() {
        let mismatch = |announced, found| Err(ErrorKind::SpanMismatch { announced, found });
        let cases = [
            ("nothing observed yet", 0, side(&[(0, 0)], &[], &[]), Ok(())),
            (
                "two spans of integers",
                4,
                side(&[(-7, 2), (3, 2)], &[0, 2, -1, 0], &[]),
                Ok(()),
            ),
            (
                "fewer buckets than announced",
                1,
                side(&[(0, 4_000_000)], &[1], &[]),
                mismatch(4_000_000, 1),
            ),
            (
                "buckets without spans",
                1,
                side(&[], &[1], &[]),
                mismatch(0, 1),
            ),
            (
                "a span inside the one before",
                3,
                side(&[(0, 1), (-1, 1)], &[1, 1], &[]),
                Err(ErrorKind::NegativeSpanOffset(-1)),
            ),
            (
                "indexes that overflow",
                1,
                side(&[(i32::MAX, 1)], &[1], &[]),
                Err(ErrorKind::SpanOutOfRange),
            ),
            (
                "deltas and counts",
                1,
                side(&[(0, 2)], &[1], &[1.0]),
                Err(ErrorKind::DeltasAndCounts),
            ),
            (
                "a negative bucket",
                0,
                side(&[(0, 2)], &[1, -2], &[]),
                Err(ErrorKind::InvalidBucketCount),
            ),
            (
                "deltas that overflow",
                0,
                side(&[(0, 2)], &[i64::MAX, 1], &[]),
                Err(ErrorKind::InvalidBucketCount),
            ),
        ];
        for (name, sample_count, buckets, want) in cases {
            let histogram = integers(sample_count, positive(buckets));
            // The two sides are alike.
            let mirrored = histogram.native.clone().map(|native| NativeHistogram {
                negative: native.positive,
                ..NativeHistogram::default()
            });
            let mirrored = Histogram {
                native: mirrored,
                ..histogram.clone()
            };
            assert_eq!(checked(&histogram), want, "{name}");
            assert_eq!(checked(&mirrored), want, "{name}, negative");
        }
    }

    #[test]
    fn integer_buckets_add_up_to_the_sample_count() {
        let all_over = || NativeHistogram {
            zero_count: 1,
            negative: side(&[(0, 1)], &[2], &[]),
            positive: side(&[(0, 1), (1, 2)], &[1, 2, -3], &[]),
            ..NativeHistogram::default()
        };
        let wide = || NativeHistogram {
            zero_threshold: 0.5,
            ..NativeHistogram::default()
        };
        let overflowing = || positive(side(&[(0, 3)], &[i64::MAX, 0, 0], &[]));
        let cases = [
            ("all over", 7, all_over(), Ok(())),
            ("one missing", 8, all_over(), mismatch(8, 7)),
            ("one too many", 6, all_over(), mismatch(6, 7)),
            (
                "no buckets but an empty span",
                1,
                positive(side(&[(0, 0)], &[], &[])),
                mismatch(1, 0),
            ),
            ("only the width of zero", 1, wide(), mismatch(1, 0)),
            (
                "a classic one, to Prometheus",
                5,
                NativeHistogram::default(),
                Ok(()),
            ),
            (
                "more than fit in 64 bits",
                u64::MAX,
                overflowing(),
                mismatch(u64::MAX, 3 * (i64::MAX as u128)),
            ),
        ];
        for (name, sample_count, native, want) in cases {
            assert_eq!(checked(&integers(sample_count, native)), want, "{name}");
        }
        let of_nan = |sample_count| Histogram {
            sample_sum: f64::NAN,
            ..integers(sample_count, one_delta())
        };
        assert_eq!(checked(&of_nan(5)), Ok(()));
        assert_eq!(checked(&of_nan(1)), Ok(()));
        assert_eq!(checked(&of_nan(0)), mismatch(0, 1));
    }

    #[test]
    fn buckets_are_of_the_kind_that_the_counts_say() {
        let zero_count_float = |zero_count_float, native| NativeHistogram {
            zero_count_float,
            ..native
        };
        let both = |native| Histogram {
            sample_count: 1,
            ..floats(1.0, native)
        };
        let no_observation = || positive(side(&[(0, 1)], &[], &[0.0]));
        let not_a_number = || positive(side(&[(0, 1)], &[], &[f64::NAN]));
        let as_integers = Err(ErrorKind::CountsOfIntegers);
        let as_floats = Err(ErrorKind::DeltasOfFloats);
        let cases = [
            ("floats", floats(1.0, one_count()), Ok(())),
            (
                "floats that do not add up",
                floats(7.0, one_count()),
                Ok(()),
            ),
            (
                "no end of floats",
                floats(f64::INFINITY, one_count()),
                Ok(()),
            ),
            (
                "floats by their zero bucket",
                integers(0, zero_count_float(0.5, one_count())),
                Ok(()),
            ),
            ("floats, and an integer count", both(one_count()), Ok(())),
            (
                "floats of which one is not a number",
                floats(1.0, not_a_number()),
                Err(ErrorKind::InvalidBucketCount),
            ),
            (
                "floats of no count",
                floats(0.0, no_observation()),
                as_integers.clone(),
            ),
            (
                "floats of a negative count",
                floats(-1.0, one_count()),
                as_integers.clone(),
            ),
            (
                "floats of no number",
                floats(f64::NAN, one_count()),
                as_integers.clone(),
            ),
            (
                "floats of an integer count",
                integers(1, one_count()),
                as_integers,
            ),
            (
                "integers of both counts",
                both(one_delta()),
                as_floats.clone(),
            ),
            (
                "integers beside a zero bucket of floats",
                integers(1, zero_count_float(1.0, one_delta())),
                as_floats,
            ),
            (
                "integers beside a negative zero bucket of floats",
                integers(1, zero_count_float(-1.0, one_delta())),
                Ok(()),
            ),
        ];
        for (name, histogram, want) in cases {
            assert_eq!(checked(&histogram), want, "{name}");
        }
    }

    #[test]
    fn schemas_are_those_of_base_two() {
        for (schema, valid) in [(-53, false), (-5, false), (-4, true), (8, true), (9, false)] {
            let native = NativeHistogram {
                schema,
                ..NativeHistogram::default()
            };
            assert_eq!(
                checked(&integers(0, native)).is_ok(),
                valid,
                "schema {schema}"
            );
        }
    }
}
