//! The text format: read or refused, and what was read reads the same when it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::text;

fuzz_target!(|body: &[u8]| {
    for scheme in [NameScheme::Legacy, NameScheme::Utf8] {
        let Ok(families) = text::parse(body, scheme) else {
            continue;
        };
        for family in families {
            let mut written = String::new();
            for metric in &family.metrics {
                text::write_metric(&mut written, &family.name, metric);
            }
            text::parse_samples(&family.name, family.metric_type, written.as_bytes())
                .expect("reads what it wrote");
        }
    }
});
