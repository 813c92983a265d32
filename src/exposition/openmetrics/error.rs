//! Why an OpenMetrics body was refused, and where.

use std::fmt;

/// Why an OpenMetrics body was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, counted from 1. Where something is missing, the line that came instead.
    pub line: usize,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// What is wrong with an OpenMetrics body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The body is not UTF-8.
    InvalidUtf8,
    /// The body ends without `# EOF`.
    MissingEof,
    /// The body ends within a line that is not `# EOF`.
    UnfinishedLine,
    /// Something follows `# EOF`.
    TextAfterEof,
    /// A line is not of the grammar.
    Syntax {
        /// What the grammar wants.
        expected: &'static str,
        /// The rest of the line, shortened.
        found: String,
    },
    /// A metric name is not allowed by the naming scheme.
    InvalidName(String),
    /// A label name is not allowed by the naming scheme.
    InvalidLabelName(String),
    /// A label name occurs twice in one set of labels.
    DuplicateLabel(String),
    /// A type is none of the specification's.
    UnknownType(String),
    /// A family has two lines of TYPE, HELP or UNIT.
    DuplicateMetadata(String),
    /// A family has TYPE, HELP or UNIT after its first sample.
    LateMetadata(String),
    /// A unit is not the end of the family's name, or the type cannot have one.
    InvalidUnit {
        /// The name of the family.
        name: String,
        /// Its unit.
        unit: String,
    },
    /// Two families have a name for samples in common, or one family comes in two places.
    NameClash(String),
    /// A metric comes twice, or in two places.
    DuplicateMetric(String),
    /// A number is not of the grammar or not of the range.
    InvalidNumber(String),
    /// A number that counts is not a whole one of 64 bits.
    InvalidCount(String),
    /// A timestamp is not a number of seconds that can be kept.
    InvalidTimestamp(String),
    /// An exemplar stands where none may be, or has too much text.
    InvalidExemplar(&'static str),
    /// A metric breaks a rule of its type.
    InvalidMetric {
        /// The name of the family.
        name: String,
        /// The rule, as what is expected.
        expected: &'static str,
    },
}

impl ErrorKind {
    /// The finished error.
    pub(super) fn at(self, line: usize) -> ParseError {
        ParseError { line, kind: self }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OpenMetrics parsing error in line {}: {}",
            self.line, self.kind
        )
    }
}

impl std::error::Error for ParseError {}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUtf8 => f.write_str("expected valid UTF-8"),
            Self::MissingEof => f.write_str("expected \"# EOF\", found the end"),
            Self::UnfinishedLine => f.write_str("expected a line feed, found the end"),
            Self::TextAfterEof => f.write_str("expected nothing after \"# EOF\""),
            Self::Syntax { expected, found } => write!(f, "expected {expected}, found {found:?}"),
            Self::InvalidName(name) => write!(f, "invalid metric name {name:?}"),
            Self::InvalidLabelName(name) => write!(f, "invalid label name {name:?}"),
            Self::DuplicateLabel(name) => write!(f, "duplicate label name {name:?}"),
            Self::UnknownType(name) => write!(f, "unknown metric type {name:?}"),
            Self::DuplicateMetadata(name) => {
                write!(
                    f,
                    "second TYPE, HELP or UNIT line for metric family {name:?}"
                )
            }
            Self::LateMetadata(name) => write!(
                f,
                "expected TYPE, HELP and UNIT of metric family {name:?} before its samples"
            ),
            Self::InvalidUnit { name, unit } => {
                write!(f, "metric family {name:?} cannot have the unit {unit:?}")
            }
            Self::NameClash(name) => {
                write!(
                    f,
                    "metric name {name:?} belongs to an earlier metric family"
                )
            }
            Self::DuplicateMetric(name) => write!(
                f,
                "metric family {name:?} has a metric twice or not in one piece"
            ),
            Self::InvalidNumber(text) => write!(f, "expected a number, found {text:?}"),
            Self::InvalidCount(text) => write!(f, "expected a whole number, found {text:?}"),
            Self::InvalidTimestamp(text) => {
                write!(f, "expected seconds as timestamp, found {text:?}")
            }
            Self::InvalidExemplar(expected) => write!(f, "expected {expected}"),
            Self::InvalidMetric { name, expected } => {
                write!(f, "expected {expected} in metric family {name:?}")
            }
        }
    }
}
