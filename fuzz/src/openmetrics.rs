//! OpenMetrics: read or refused, and whatever was read can be written.

use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::openmetrics;

/// Takes the bytes for a body in OpenMetrics.
pub fn check(body: &[u8]) {
    for scheme in [NameScheme::Legacy, NameScheme::Utf8] {
        let mut written = String::new();
        for family in openmetrics::parse(body, scheme).unwrap_or_default() {
            openmetrics::write_family(&mut written, &family);
        }
    }
}
