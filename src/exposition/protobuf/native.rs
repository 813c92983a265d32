//! Whether a native histogram makes sense.
//!
//! The Pushgateway stores any. Prometheus then refuses the whole scrape for one with spans that do not match its
//! buckets, with a negative bucket, or with a schema that it does not know, so they are refused at the push here.
//! Schemas are those of base 2, -4 to 8. Custom buckets (schema -53) have no place for their bounds in this protobuf
//! schema and therefore cannot be pushed. That the counts add up to the sample count is not asked for: concurrent
//! observations can break it for a moment, and it does no harm to others' metrics as text.

use super::error::{ErrorKind, Fault};
use crate::exposition::model::{BucketSpan, NativeBuckets, NativeHistogram};

/// Checks schema, spans and buckets.
pub(super) fn check(native: &NativeHistogram) -> Result<(), Fault> {
    if !(-4..=8).contains(&native.schema) {
        return Err(Fault::from(ErrorKind::UnsupportedSchema(native.schema)).within("schema"));
    }
    let sides = [
        (&native.negative, "negative_span", "negative_count"),
        (&native.positive, "positive_span", "positive_count"),
    ];
    let integer = sides.iter().any(|(side, ..)| !side.deltas.is_empty());
    let float = sides.iter().any(|(side, ..)| !side.counts.is_empty());
    if integer && float {
        return Err(ErrorKind::DeltasAndCounts.into());
    }
    for (side, span_field, count_field) in sides {
        check_spans(&side.spans, side.deltas.len() + side.counts.len())
            .map_err(|kind| Fault::from(kind).within(span_field))?;
        if !has_valid_counts(side) {
            return Err(Fault::from(ErrorKind::InvalidBucketCount).within(count_field));
        }
    }
    Ok(())
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

/// Whether no bucket is negative, not a number, or beyond the range of the sums that deltas make.
fn has_valid_counts(side: &NativeBuckets) -> bool {
    let mut count = 0i64;
    let deltas_valid = side.deltas.iter().all(|&delta| {
        count = count.checked_add(delta).unwrap_or(-1);
        count >= 0
    });
    deltas_valid && side.counts.iter().all(|&count| count >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(spans: &[(i32, u32)]) -> Vec<BucketSpan> {
        spans
            .iter()
            .map(|&(offset, length)| BucketSpan { offset, length })
            .collect()
    }

    #[test]
    fn spans_must_match_buckets() {
        struct Case {
            name: &'static str,
            spans: &'static [(i32, u32)],
            deltas: &'static [i64],
            counts: &'static [f64],
            want: Result<(), ErrorKind>,
        }
        let cases = [
            Case {
                name: "nothing observed yet",
                spans: &[(0, 0)],
                deltas: &[],
                counts: &[],
                want: Ok(()),
            },
            Case {
                name: "two spans of integers",
                spans: &[(-7, 2), (3, 2)],
                deltas: &[0, 2, -2, 0],
                counts: &[],
                want: Ok(()),
            },
            Case {
                name: "floats",
                spans: &[(0, 2)],
                deltas: &[],
                counts: &[0.5, 0.0],
                want: Ok(()),
            },
            Case {
                name: "fewer buckets than announced",
                spans: &[(0, 4_000_000)],
                deltas: &[1],
                counts: &[],
                want: Err(ErrorKind::SpanMismatch {
                    announced: 4_000_000,
                    found: 1,
                }),
            },
            Case {
                name: "buckets without spans",
                spans: &[],
                deltas: &[],
                counts: &[1.0],
                want: Err(ErrorKind::SpanMismatch {
                    announced: 0,
                    found: 1,
                }),
            },
            Case {
                name: "a span inside the one before",
                spans: &[(0, 1), (-1, 1)],
                deltas: &[1, 1],
                counts: &[],
                want: Err(ErrorKind::NegativeSpanOffset(-1)),
            },
            Case {
                name: "indexes that overflow",
                spans: &[(i32::MAX, 1)],
                deltas: &[1],
                counts: &[],
                want: Err(ErrorKind::SpanOutOfRange),
            },
            Case {
                name: "deltas and counts",
                spans: &[(0, 2)],
                deltas: &[1],
                counts: &[1.0],
                want: Err(ErrorKind::DeltasAndCounts),
            },
            Case {
                name: "a negative bucket",
                spans: &[(0, 2)],
                deltas: &[1, -2],
                counts: &[],
                want: Err(ErrorKind::InvalidBucketCount),
            },
            Case {
                name: "deltas that overflow",
                spans: &[(0, 2)],
                deltas: &[i64::MAX, 1],
                counts: &[],
                want: Err(ErrorKind::InvalidBucketCount),
            },
            Case {
                name: "a bucket that is not a number",
                spans: &[(0, 1)],
                deltas: &[],
                counts: &[f64::NAN],
                want: Err(ErrorKind::InvalidBucketCount),
            },
        ];
        for case in cases {
            let positive = NativeBuckets {
                spans: spans(case.spans),
                deltas: case.deltas.to_vec(),
                counts: case.counts.to_vec(),
            };
            let native = NativeHistogram {
                positive,
                ..NativeHistogram::default()
            };
            let got = check(&native).map_err(|fault| fault.at(Default::default()).kind);
            assert_eq!(got, case.want, "{}", case.name);
        }
    }

    #[test]
    fn schemas_are_those_of_base_two() {
        for (schema, valid) in [(-53, false), (-5, false), (-4, true), (8, true), (9, false)] {
            let native = NativeHistogram {
                schema,
                ..NativeHistogram::default()
            };
            assert_eq!(check(&native).is_ok(), valid, "schema {schema}");
        }
    }
}
