//! OpenMetrics 1.0, as text.
//!
//! [`parse`] follows the specification strictly: what it says MUST be so is checked, since an exposition that is wrong
//! in one place is wrong as a whole. Beyond it, names may be quoted as in newer Prometheus, and a quote in a HELP text
//! may stand without a backslash. Not checked is whether an exemplar lies within its bucket.
//!
//! A gateway keeps the last value and refuses timestamps, so that several points of one metric are refused as well.
//!
//! # Families
//!
//! The [model](super::model) names families and knows types as the Prometheus text format does. So it is translated:
//!
//! | OpenMetrics | model |
//! | --- | --- |
//! | counter `x` with the sample `x_total` | counter `x_total` |
//! | info `x` with the sample `x_info` | gauge `x_info` |
//! | stateset `x` | gauge `x` |
//! | unknown `x` | untyped `x` |
//!
//! Back again, gauges stay gauges, and a counter without `_total` is written as unknown, since OpenMetrics has no such
//! counters. Native buckets and their exemplars cannot be said. Float histograms are not foreseen either, but every
//! known reader takes their counts.
//!
//! Names that are apart in the model need not be in OpenMetrics: a gauge `x` and a counter `x_total` would both be
//! families `x`. [`Clashes`] says which families are written in another way for that.

mod clashes;
mod error;
mod family;
mod line;
mod metric;
mod render;
mod time;

use super::model::MetricFamily;
use super::names::NameScheme;

pub use clashes::Clashes;
pub use error::{ErrorKind, ParseError};
pub(crate) use render::write_number;
pub use render::{write_clashing_family, write_eof, write_family};

/// Whether OpenMetrics is spoken. The Pushgateway does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Support {
    /// It is text like any other.
    #[default]
    Off,
    /// It is read and written.
    On,
}

/// Reads an exposition. Families without metrics are left out.
///
/// # Errors
///
/// The first thing that is not as it should be, with its line.
pub fn parse(input: &[u8], scheme: NameScheme) -> Result<Vec<MetricFamily<'_>>, ParseError> {
    let text = match std::str::from_utf8(input) {
        Ok(text) => text,
        Err(error) => {
            let valid = input.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count();
            return Err(ErrorKind::InvalidUtf8.at(line));
        }
    };
    let mut families = family::Families::default();
    let mut rest = text;
    let mut number = 0;
    loop {
        number += 1;
        let Some((text, after)) = rest.split_once('\n') else {
            // Only the last line may lack its line feed.
            return match rest {
                "# EOF" => families.finish().map_err(|kind| kind.at(number)),
                "" => Err(ErrorKind::MissingEof.at(number)),
                _ => Err(ErrorKind::UnfinishedLine.at(number)),
            };
        };
        rest = after;
        match line::parse(text, scheme).map_err(|kind| kind.at(number))? {
            line::Line::Eof if rest.is_empty() => {
                return families.finish().map_err(|kind| kind.at(number));
            }
            line::Line::Eof => return Err(ErrorKind::TextAfterEof.at(number + 1)),
            line => families.push(line).map_err(|kind| kind.at(number))?,
        }
    }
}

#[cfg(test)]
mod tests;
