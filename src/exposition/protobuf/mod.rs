//! The protobuf exposition format: `io.prometheus.client.MetricFamily` messages, as clients push and Prometheus
//! scrapes them.
//!
//! Written by hand over a small reader and writer of the wire format. A push is data from strangers, so that each of
//! its bytes is looked at: lengths are bounded by what was received, strings are UTF-8 and borrowed from the body, and
//! what is not as it should be is refused with its place.
//!
//! # Differences from the Pushgateway
//!
//! The Pushgateway stores what it gets and fails when that is scraped, which cuts the scrape short for everybody. Here
//! such pushes are refused: families without a name or with one that the [naming
//! scheme](super::names::NameScheme) does not allow, of an unknown type or with metrics of another type, strings that
//! are not UTF-8, timestamps out of range, and native histograms that Prometheus refuses. Fields that the schema does
//! not know are dropped; the Pushgateway keeps them. Whether the families fit together and to others is not looked at
//! here, nor whether metrics have timestamps.

mod error;
mod metric;
pub(crate) mod native;
mod parse;
mod render;
mod schema;
mod text;
pub(crate) mod wire;

pub use error::{ErrorKind, Location, ParseError};
pub use parse::{parse, parse_metric};
pub use render::{write_family, write_metric};
pub use text::{write_family_compact_text, write_family_text, write_metric_compact_text};

#[cfg(test)]
mod tests;
