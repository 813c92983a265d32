//! Remote write: whatever is pushed, what is forwarded of it is what the protocol asks for, and all of it.

use snap::raw::Decoder;
use spin_pushgateway::exposition::model::MetricFamily;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::{protobuf, text};
use spin_pushgateway::forward::requests::bodies;

#[path = "../../tests/support/remote_write.rs"]
mod remote_write;

use remote_write::{Point, Series};

/// The time of all samples, in milliseconds since the Unix epoch.
const TIME: i64 = 1_700_000_000_123;

/// How many samples a request has at most.
const MAX_SAMPLES: usize = 2000;

/// Takes the bytes for a body in the text format, and for one in protobuf.
pub fn check(body: &[u8]) {
    for families in [
        text::parse(body, NameScheme::Utf8).unwrap_or_default(),
        protobuf::parse(body, NameScheme::Utf8).unwrap_or_default(),
    ] {
        forward(&families);
    }
}

fn forward(families: &[MetricFamily<'_>]) {
    let mut samples = 0;
    for body in bodies(families, TIME) {
        let message = Decoder::new().decompress_vec(&body).expect("Snappy");
        let series = remote_write::decode(&message).expect("a WriteRequest");
        assert!((1..=MAX_SAMPLES).contains(&series.len()));
        for one in &series {
            check_series(one);
        }
        let is_sample = |one: &&Series| matches!(one.point, Point::Sample(_));
        samples += series.iter().filter(is_sample).count();
    }
    assert_eq!(samples, families.iter().map(lines).sum::<usize>());
}

fn check_series(series: &Series) {
    assert_eq!(series.time_ms, TIME);
    let labels = &series.labels;
    assert!(labels.is_sorted_by(|(a, _), (b, _)| a < b), "{labels:?}");
    assert!(labels.iter().all(|(_, value)| !value.is_empty()));
    assert!(labels.iter().any(|(name, _)| name == "__name__"));
}

/// How many samples the text format has for this family.
fn lines(family: &MetricFamily<'_>) -> usize {
    let mut written = String::new();
    for metric in &family.metrics {
        text::write_metric(&mut written, &family.name, metric);
    }
    written.lines().count()
}
