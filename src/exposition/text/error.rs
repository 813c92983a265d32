//! What is wrong with a pushed text, in the words of the Pushgateway.

use std::error::Error;
use std::fmt;

use crate::quote::{quote, quote_char};

/// Why a text could not be parsed, and where.
///
/// Displayed byte for byte as the Pushgateway words it, since people search for these messages and scripts match them:
/// `text format parsing error in line 3: expected float as value, got "abc"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    line: usize,
    kind: ErrorKind,
}

impl ParseError {
    #[cold]
    pub(super) fn new(line: usize, kind: ErrorKind) -> Self {
        Self { line, kind }
    }

    /// The line that was being read, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

/// What is wrong with a line.
///
/// Texts from the push are kept as bytes: they need not be UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input ends within a line. The last line, too, must end in a line feed.
    UnexpectedEnd,
    /// No metric name where there must be one.
    MissingMetricName {
        /// The byte found there.
        found: u8,
    },
    /// A metric name that the naming scheme does not allow.
    InvalidMetricName(Vec<u8>),
    /// A HELP or TYPE comment whose metric name is missing or does not end in a blank.
    InvalidMetricNameInComment,
    /// A second metric name between braces.
    MultipleMetricNames {
        /// The first one.
        metric: String,
    },
    /// Neither `,` nor `}` after a metric name between braces.
    UnexpectedEndOfMetricName {
        /// The byte found there.
        found: u8,
    },
    /// No label name where there must be one.
    MissingLabelName {
        /// The metric. Empty if its name was not read yet.
        metric: String,
    },
    /// A label name that the naming scheme does not allow.
    InvalidLabelName(Vec<u8>),
    /// A label of the name `__name__`.
    ReservedLabelName,
    /// Two labels of one name.
    DuplicateLabelNames {
        /// The metric. Empty if its name was not read yet.
        metric: String,
    },
    /// No `=` after a label name.
    ExpectedEquals {
        /// The byte found there.
        found: u8,
    },
    /// No `"` at the start of a label value.
    ExpectedQuote {
        /// The byte found there.
        found: u8,
    },
    /// A label value that is not UTF-8.
    InvalidLabelValue(Vec<u8>),
    /// Neither `,` nor `}` after a label value.
    UnexpectedEndOfLabelValue(Vec<u8>),
    /// A line feed between quotes.
    UnescapedNewline {
        /// What the quotes enclose.
        token: Token,
        /// The text up to the line feed.
        text: Vec<u8>,
    },
    /// A backslash before something else than `\`, `n` and `"`.
    InvalidEscape {
        /// The byte found there.
        found: u8,
    },
    /// A sample value that is not a number. Also one with something unexpected directly before or after it, such as
    /// a carriage return.
    ExpectedValue(Vec<u8>),
    /// Something after the sample value that is not an integer. Empty for a line that ends in a blank.
    ExpectedTimestamp(Vec<u8>),
    /// Something after the timestamp.
    SpuriousAfterTimestamp(Vec<u8>),
    /// A `quantile` label of a summary that is not a number.
    ExpectedQuantile(String),
    /// An `le` label of a histogram that is not a number.
    ExpectedBound(String),
    /// A count of a summary that is not an integer of 64 bits without a sign.
    ///
    /// A message of our own: the Pushgateway stores what its processor makes of such a count.
    InvalidSummaryCount {
        /// The summary.
        metric: String,
        /// The pushed count.
        found: String,
    },
    /// A count below zero.
    NegativeCount {
        /// The histogram.
        metric: String,
    },
    /// A bucket below zero.
    NegativeBucket {
        /// The histogram.
        metric: String,
    },
    /// A second HELP text for one metric.
    SecondHelp {
        /// The metric.
        metric: String,
    },
    /// A second TYPE for one metric, or one after a sample.
    SecondType {
        /// The metric.
        metric: String,
    },
    /// A TYPE that does not exist. Blanks and carriage returns at the end belong to it.
    UnknownType(Vec<u8>),
}

/// What may stand between quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A metric name, outside of braces.
    MetricName,
    /// A label name, or a metric name between braces.
    LabelName,
    /// A label value.
    LabelValue,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "text format parsing error in line {}: {}",
            self.line, self.kind
        )
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The texts are those of expfmt/text_parse.go in prometheus/common. Do not improve them.
        match self {
            Self::UnexpectedEnd => f.write_str("unexpected end of input stream"),
            Self::MissingMetricName { .. } => f.write_str("invalid metric name"),
            Self::InvalidMetricName(name) => write!(f, "invalid metric name {}", quote(name)),
            Self::InvalidMetricNameInComment => f.write_str("invalid metric name in comment"),
            Self::MultipleMetricNames { metric } => {
                write!(f, "multiple metric names for metric {}", quote(metric))
            }
            Self::UnexpectedEndOfMetricName { found } => {
                write!(f, "unexpected end of metric name {}", quote_byte(*found))
            }
            Self::MissingLabelName { metric } => {
                write!(f, "invalid label name for metric {}", quote(metric))
            }
            Self::InvalidLabelName(name) => write!(f, "invalid label name {}", quote(name)),
            Self::ReservedLabelName => f.write_str("label name \"__name__\" is reserved"),
            Self::DuplicateLabelNames { metric } => {
                write!(f, "duplicate label names for metric {}", quote(metric))
            }
            Self::ExpectedEquals { found } => write!(
                f,
                "expected '=' after label name, found {}",
                quote_byte(*found)
            ),
            Self::ExpectedQuote { found } => write!(
                f,
                "expected '\"' at start of label value, found {}",
                quote_byte(*found)
            ),
            Self::InvalidLabelValue(value) => write!(f, "invalid label value {}", quote(value)),
            Self::UnexpectedEndOfLabelValue(value) => {
                write!(f, "unexpected end of label value {}", quote(value))
            }
            Self::UnescapedNewline { token, text } => {
                write!(f, "{token} {} contains unescaped new-line", quote(text))
            }
            Self::InvalidEscape { found } => {
                write!(f, "invalid escape sequence '\\{}'", char::from(*found))
            }
            Self::ExpectedValue(found) => {
                write!(f, "expected float as value, got {}", quote(found))
            }
            Self::ExpectedTimestamp(found) => {
                write!(f, "expected integer as timestamp, got {}", quote(found))
            }
            Self::SpuriousAfterTimestamp(found) => {
                write!(f, "spurious string after timestamp: {}", quote(found))
            }
            Self::ExpectedQuantile(found) => write!(
                f,
                "expected float as value for 'quantile' label, got {}",
                quote(found)
            ),
            Self::ExpectedBound(found) => write!(
                f,
                "expected float as value for 'le' label, got {}",
                quote(found)
            ),
            Self::InvalidSummaryCount { metric, found } => write!(
                f,
                "expected non-negative integer as count of summary {}, got {}",
                quote(metric),
                quote(found)
            ),
            Self::NegativeCount { metric } => {
                write!(f, "negative count for histogram {}", quote(metric))
            }
            Self::NegativeBucket { metric } => write!(
                f,
                "negative bucket population for histogram {}",
                quote(metric)
            ),
            Self::SecondHelp { metric } => {
                write!(f, "second HELP line for metric name {}", quote(metric))
            }
            Self::SecondType { metric } => write!(
                f,
                "second TYPE line for metric name {}, or TYPE reported after samples",
                quote(metric)
            ),
            Self::UnknownType(found) => write!(f, "unknown metric type {}", quote(found)),
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MetricName => "metric name",
            Self::LabelName => "label name",
            Self::LabelValue => "label value",
        })
    }
}

impl Error for ParseError {}

/// Quotes one byte as the character of that number, which is what Go's `%q` makes of a byte.
fn quote_byte(byte: u8) -> String {
    quote_char(char::from(byte))
}
