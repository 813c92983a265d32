//! The Prometheus text format, version 0.0.4.
//!
//! [`parse`] accepts and refuses what the Pushgateway does, which is what `expfmt` in `prometheus/common` does, and
//! says the same of it. That is in places stricter and in places laxer than the format's description:
//!
//! - Only LF ends a line. The last line, too, must have one.
//! - Nothing may follow the value, not even a blank, but a timestamp; nothing may follow that.
//! - TYPE and HELP are optional and may come once each, TYPE before the first sample.
//! - `h_sum`, `h_count` and `h_bucket` are parts of `h` if `h` was declared a histogram (or summary) before, and if no
//!   family of that name was met before. That holds in comments as well.
//! - Buckets and quantiles are taken as they come. Nobody checks their order or their sums.
//! - Names may be quoted, and the metric name may stand between the braces. What names are valid is
//!   [`NameScheme`](super::names::NameScheme)'s matter.
//!
//! # Differences from the Pushgateway
//!
//! - A HELP text that is not UTF-8 has its faulty bytes replaced by U+FFFD. Upstream keeps them and fails to encode
//!   them later.
//! - A count of a summary that is negative, not a number or beyond 64 bits is an error. Upstream stores some number,
//!   which one depends on its processor.
//! - A sample without a name is always an error, and one whose name stands between the braces is judged by its own
//!   family. Upstream mixes in what it knows from the line before: it may add such a sample to another metric, take
//!   its labels for another family's, name the wrong metric in a message, or crash.
//! - Types are recognised in ASCII letters of any case. Upstream knows further ones (`ſ` is an `s`).
//! - Label names with a colon, which are valid only in UTF-8, are written in quotes. Upstream writes them as they are,
//!   so that nobody can read the text.

mod assemble;
mod cursor;
mod error;
mod labels;
mod parse;
mod render;
#[cfg(test)]
mod tests;

pub use error::{ErrorKind, ParseError, Token};
pub use parse::{parse, parse_samples};
pub(crate) use render::{exposed_count, write_legacy_family_header, write_legacy_metric};
pub use render::{write_family_header, write_label_set, write_metric};
