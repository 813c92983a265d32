//! Metric families as bodies of remote write 1.0: `WriteRequest` messages of a bounded size, in Snappy's block format.

use std::borrow::Cow;

use super::message::{put_histogram, put_metadata, put_series};
use super::samples::{labels, native_histogram, series};
use crate::exposition::model::{Metric, MetricFamily};

/// How many samples a request has at most. Prometheus itself sends as many.
const MAX_SAMPLES: usize = 2000;

/// From how many bytes on a request takes no further series, before compression. Proxies in front of receivers often
/// refuse bodies of more than 1 MB.
const FULL_BYTES: usize = 512 << 10;

/// The bodies that carry these families, each sample with this time in milliseconds since the Unix epoch.
///
/// Native histograms come in requests of their own, the last ones: a receiver that does not know them refuses a
/// request with one as a whole.
#[must_use]
pub fn bodies(families: &[MetricFamily<'_>], time_ms: i64) -> Vec<Vec<u8>> {
    let mut bodies = Bodies::default();
    for family in families {
        let mut family = Described::new(family);
        for metric in family.metrics() {
            for series in series(&metric.value) {
                let labels = series.labels(family.name(), metric);
                bodies.add(&mut family, |out| {
                    put_series(out, &labels, series.value(), time_ms);
                });
            }
        }
    }
    bodies.close();
    for family in families {
        let mut family = Described::new(family);
        for metric in family.metrics() {
            let Some(parts) = native_histogram(&metric.value) else {
                continue;
            };
            let labels = labels(Cow::Borrowed(family.name()), None, metric);
            let metric_type = family.family.metric_type;
            bodies.add(&mut family, |out| {
                put_histogram(out, &labels, metric_type, parts, time_ms);
            });
        }
    }
    bodies.close();
    bodies.done
}

/// A family, and in which body it is described already.
struct Described<'f> {
    family: &'f MetricFamily<'f>,
    body: Option<usize>,
}

impl<'f> Described<'f> {
    fn new(family: &'f MetricFamily<'_>) -> Self {
        Self { family, body: None }
    }

    fn name(&self) -> &'f str {
        &self.family.name
    }

    fn metrics(&self) -> &'f [Metric<'f>] {
        &self.family.metrics
    }
}

#[derive(Default)]
struct Bodies {
    done: Vec<Vec<u8>>,
    message: Vec<u8>,
    samples: usize,
}

impl Bodies {
    /// Adds a series that `put` writes. Its family is described once in each body.
    fn add(&mut self, family: &mut Described<'_>, put: impl FnOnce(&mut Vec<u8>)) {
        if self.samples >= MAX_SAMPLES || self.message.len() >= FULL_BYTES {
            self.close();
        }
        let body = Some(self.done.len());
        if family.body != body {
            family.body = body;
            put_metadata(&mut self.message, family.family);
        }
        put(&mut self.message);
        self.samples += 1;
    }

    /// Ends the body, if there is something in it.
    fn close(&mut self) {
        let message = std::mem::take(&mut self.message);
        self.samples = 0;
        if message.is_empty() {
            return;
        }
        // Fails for messages of 4 GiB only, which no series that was pushed makes.
        self.done
            .extend(snap::raw::Encoder::new().compress_vec(&message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::{Histogram, MetricType, NativeHistogram, Value};

    fn family(name: &'static str, values: Vec<Value<'static>>) -> MetricFamily<'static> {
        MetricFamily {
            name: name.into(),
            help: None,
            metric_type: MetricType::Untyped,
            unit: None,
            metrics: values
                .into_iter()
                .map(|value| Metric {
                    labels: Vec::new(),
                    value,
                    timestamp_ms: None,
                })
                .collect(),
        }
    }

    /// For each body how often this is in it.
    fn counts(bodies: &[Vec<u8>], text: &[u8]) -> Vec<usize> {
        let count = |body: &Vec<u8>| {
            let message = snap::raw::Decoder::new().decompress_vec(body);
            let message = message.expect("Snappy's block format");
            message.windows(text.len()).filter(|w| *w == text).count()
        };
        bodies.iter().map(count).collect()
    }

    #[test]
    fn bodies_are_bounded_and_each_describes_its_families() {
        let many = family("many", vec![Value::Untyped(1.0); 4500]);
        let families = [many, family("one", vec![Value::Gauge(1.0)])];
        let bodies = bodies(&families, 1);
        // Each sample has the label with the name, and each description has it too.
        assert_eq!(counts(&bodies, b"__name__"), [2000, 2000, 501]);
        assert_eq!(counts(&bodies, b"many"), [2001, 2001, 501]);
        assert_eq!(counts(&bodies, b"one"), [0, 0, 2]);
    }

    #[test]
    fn large_series_fill_a_body() {
        let mut family = family("m", vec![Value::Untyped(1.0); 3]);
        for metric in &mut family.metrics {
            let value = "x".repeat(FULL_BYTES);
            metric
                .labels
                .push(crate::exposition::model::Label::new("l", value));
        }
        assert_eq!(counts(&bodies(&[family], 1), b"__name__"), [1, 1, 1]);
    }

    #[test]
    fn native_histograms_come_last_and_apart() {
        let histogram = Histogram {
            sample_count: 1,
            native: Some(NativeHistogram {
                zero_count: 1,
                ..NativeHistogram::default()
            }),
            ..Histogram::default()
        };
        let native = family("h", vec![Value::Histogram(Box::new(histogram))]);
        let families = [native, family("m", vec![Value::Gauge(1.0)])];
        let bodies = bodies(&families, 1);
        assert_eq!(counts(&bodies, b"h_count"), [1, 0]);
        assert_eq!(counts(&bodies, b"__name__"), [4, 1]);
    }

    #[test]
    fn nothing_makes_no_body() {
        assert!(bodies(&[], 1).is_empty());
        assert!(bodies(&[family("m", Vec::new())], 1).is_empty());
    }
}
