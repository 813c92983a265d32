//! Why a protobuf body was refused, and where.

use std::fmt;

use super::wire::WireError;
use crate::exposition::model::MetricType;

/// Why a protobuf body was refused.
///
/// The text begins with what is wrong and ends with where: the family by number and name, the metric by number, and
/// the path of the field. For bytes that are no protobuf the beginning is what the Pushgateway answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where it is.
    pub location: Location,
}

/// A place in a stream of metric families.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Which family, counted from 1. `None` where a single metric was parsed.
    pub family: Option<usize>,
    /// The name of the family, if that could be read.
    pub name: Option<String>,
    /// Which metric of the family, counted from 1.
    pub metric: Option<usize>,
    /// The field, from the outermost message inwards.
    pub path: Vec<&'static str>,
}

/// What is wrong with a protobuf body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The body ends within a family's length or before the length is reached.
    UnexpectedEof,
    /// A family's length has more than 64 bits.
    LengthOverflow,
    /// A message is not in the wire format.
    InvalidWireFormat,
    /// A string is not UTF-8.
    InvalidUtf8,
    /// A family has no name, or an empty one.
    MissingName,
    /// A family's name is not allowed by the naming scheme.
    InvalidName(String),
    /// A family's type is none that this gateway knows.
    UnknownType(i32),
    /// A metric has no value of its family's type, but perhaps one of another.
    WrongValue {
        /// The family's type.
        expected: MetricType,
        /// The field of the value that is there.
        found: Option<&'static str>,
    },
    /// A label's name is empty or not allowed by the naming scheme.
    InvalidLabelName(String),
    /// A timestamp's nanoseconds do not fit in a second.
    InvalidNanos(i32),
    /// A native histogram's schema is not one of base 2.
    UnsupportedSchema(i32),
    /// A span after the first begins before the end of the one before it.
    NegativeSpanOffset(i32),
    /// The spans lead beyond the range of bucket indexes.
    SpanOutOfRange,
    /// The spans announce another number of buckets than there are.
    SpanMismatch {
        /// The sum of the spans' lengths.
        announced: u64,
        /// How many deltas or counts there are.
        found: usize,
    },
    /// The buckets are given both as deltas and as counts.
    DeltasAndCounts,
    /// The buckets of a float histogram are given as deltas.
    DeltasOfFloats,
    /// The buckets of an integer histogram are given as counts.
    CountsOfIntegers,
    /// The native buckets of an integer histogram hold another number of observations than there are.
    CountMismatch {
        /// The sample count.
        expected: u64,
        /// The sum of all buckets.
        found: u128,
    },
    /// A native bucket holds fewer than no observations, or more than fit.
    InvalidBucketCount,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind, self.location)
    }
}

impl std::error::Error for ParseError {}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = ": in ";
        if let Some(family) = self.family {
            write!(f, "{separator}metric family {family}")?;
            separator = ", ";
        }
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        if let Some(metric) = self.metric {
            write!(f, "{separator}metric {metric}")?;
            separator = ", ";
        }
        for (depth, field) in self.path.iter().enumerate() {
            match depth {
                0 => write!(f, "{separator}field {field}")?,
                _ => write!(f, ".{field}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The first three are texts of the Pushgateway (Go's io and google.golang.org/protobuf). After "proto:" it
            // writes a plain or a no-break space, which differs by build; clients cannot rely on either.
            Self::UnexpectedEof => f.write_str("unexpected EOF"),
            Self::LengthOverflow => f.write_str("proto: variable length integer overflow"),
            Self::InvalidWireFormat => f.write_str("proto: cannot parse invalid wire-format data"),
            Self::InvalidUtf8 => f.write_str("expected valid UTF-8"),
            Self::MissingName => f.write_str("expected a metric name, found none"),
            Self::InvalidName(name) => write!(f, "invalid metric name {name:?}"),
            Self::UnknownType(number) => write!(f, "unknown metric type {number}"),
            Self::WrongValue { expected, found } => {
                let found = found.unwrap_or("none");
                write!(
                    f,
                    "expected a {} value, found {found}",
                    expected.enum_name()
                )
            }
            Self::InvalidLabelName(name) => write!(f, "invalid label name {name:?}"),
            Self::InvalidNanos(nanos) => {
                write!(f, "expected nanoseconds from 0 to 999999999, found {nanos}")
            }
            Self::UnsupportedSchema(schema) => {
                write!(
                    f,
                    "expected a histogram schema from -4 to 8, found {schema}"
                )
            }
            Self::NegativeSpanOffset(offset) => {
                write!(f, "expected a span offset of 0 or more, found {offset}")
            }
            Self::SpanOutOfRange => f.write_str("bucket spans exceed the range of bucket indexes"),
            Self::SpanMismatch { announced, found } => {
                write!(
                    f,
                    "expected {announced} buckets as the spans say, found {found}"
                )
            }
            Self::DeltasAndCounts => {
                f.write_str("expected bucket deltas or bucket counts, found both")
            }
            Self::DeltasOfFloats => f.write_str(
                "expected bucket counts, since sample_count_float or zero_count_float is above 0, \
                 found bucket deltas",
            ),
            Self::CountsOfIntegers => f.write_str(
                "expected bucket deltas, since neither sample_count_float nor zero_count_float \
                 is above 0, found bucket counts",
            ),
            Self::CountMismatch { expected, found } => {
                write!(
                    f,
                    "expected {expected} observations in native buckets as the sample count says, \
                     found {found}"
                )
            }
            Self::InvalidBucketCount => {
                f.write_str("expected bucket counts of 0 or more, found others")
            }
        }
    }
}

/// An error on its way out of the nested messages, which each add the name of the field they were in.
#[derive(Debug)]
pub(super) struct Fault {
    kind: ErrorKind,
    /// The innermost field first.
    path: Vec<&'static str>,
}

impl Fault {
    /// Says that the fault is within this field of the enclosing message.
    #[cold]
    pub(super) fn within(mut self, field: &'static str) -> Self {
        self.path.push(field);
        self
    }

    /// The finished error, for a fault in the family or metric at `location`.
    #[cold]
    pub(super) fn at(mut self, location: Location) -> ParseError {
        self.path.reverse();
        ParseError {
            kind: self.kind,
            location: Location {
                path: self.path,
                ..location
            },
        }
    }
}

impl From<ErrorKind> for Fault {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind,
            path: Vec::new(),
        }
    }
}

/// Within a message all faults of the wire format have one text, as in Go's implementation.
impl From<WireError> for Fault {
    fn from(_: WireError) -> Self {
        ErrorKind::InvalidWireFormat.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_native_buckets_is_said() {
        let cases = [
            (
                ErrorKind::UnsupportedSchema(9),
                "expected a histogram schema from -4 to 8, found 9",
            ),
            (
                ErrorKind::NegativeSpanOffset(-1),
                "expected a span offset of 0 or more, found -1",
            ),
            (
                ErrorKind::SpanOutOfRange,
                "bucket spans exceed the range of bucket indexes",
            ),
            (
                ErrorKind::DeltasAndCounts,
                "expected bucket deltas or bucket counts, found both",
            ),
            (
                ErrorKind::DeltasOfFloats,
                "expected bucket counts, since sample_count_float or zero_count_float is above 0, \
                 found bucket deltas",
            ),
            (
                ErrorKind::InvalidBucketCount,
                "expected bucket counts of 0 or more, found others",
            ),
        ];
        for (kind, want) in cases {
            assert_eq!(kind.to_string(), want);
        }
    }
}
