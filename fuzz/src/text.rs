//! The text format: read or refused, and what was read reads the same when it is written.

use spin_pushgateway::exposition::model::Metric;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::text;

/// Takes the bytes for a body in the text format.
pub fn check(body: &[u8]) {
    for scheme in [NameScheme::Legacy, NameScheme::Utf8] {
        for family in text::parse(body, scheme).unwrap_or_default() {
            let written = write(&family.name, &family.metrics);
            let again = text::parse_samples(&family.name, family.metric_type, written.as_bytes())
                .expect("reads what it wrote");
            assert_eq!(write(&family.name, &again), written);
        }
    }
}

fn write(name: &str, metrics: &[Metric<'_>]) -> String {
    let mut written = String::new();
    for metric in metrics {
        text::write_metric(&mut written, name, metric);
    }
    written
}
