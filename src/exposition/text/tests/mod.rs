//! Tests of the text format as a whole.

mod errors;
mod families;
mod grammar;
mod properties;
mod rendered;

use super::{parse, write_family_header, write_metric};
use crate::exposition::model::MetricFamily;
use crate::exposition::names::NameScheme;

/// The families as text.
fn render(families: &[MetricFamily<'_>]) -> String {
    let mut out = String::new();
    for family in families {
        write_family_header(
            &mut out,
            &family.name,
            family.help.as_deref(),
            family.metric_type,
        );
        for metric in &family.metrics {
            write_metric(&mut out, &family.name, metric);
        }
    }
    out
}

/// The families of a text that must be valid.
fn parsed(input: &[u8], scheme: NameScheme) -> Vec<MetricFamily<'_>> {
    match parse(input, scheme) {
        Ok(families) => families,
        Err(error) => panic!("{:?}: {error}", String::from_utf8_lossy(input)),
    }
}
