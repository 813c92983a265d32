//! The samples of a metric, as Prometheus would have them after a scrape.
//!
//! Histograms and summaries come apart into the series that the text format has for them. Bounds and quantiles are
//! written as Prometheus 3 stores them whatever they are scraped as (`1.0`), so that forwarded and scraped series are
//! the same. A native histogram is one sample more.

use std::borrow::Cow;

use crate::exposition::model::{Histogram, Metric, NativeHistogram, Summary, Value};
use crate::exposition::openmetrics::write_number;
use crate::exposition::protobuf::native;
use crate::exposition::text::exposed_count;

/// The label of the metric name.
const NAME: &str = "__name__";

/// The NaN that is a value. Prometheus takes another one for the end of the series.
const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// One series of a metric: what its name ends in, the label it has beside the metric's own, and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    suffix: &'static str,
    bound: Option<(&'static str, f64)>,
    value: f64,
}

impl Series {
    fn new(suffix: &'static str, value: f64) -> Self {
        Self {
            suffix,
            bound: None,
            value,
        }
    }

    fn bounded(suffix: &'static str, label: &'static str, bound: f64, value: f64) -> Self {
        Self {
            bound: Some((label, bound)),
            ..Self::new(suffix, value)
        }
    }

    /// The value, any NaN of which is a value.
    pub(super) fn value(&self) -> f64 {
        plain(self.value)
    }

    /// The labels of this series of a metric of the family of this name: see [`labels`].
    pub(super) fn labels<'m>(
        &self,
        family: &'m str,
        metric: &'m Metric<'_>,
    ) -> Vec<(&'m str, Cow<'m, str>)> {
        let name = if self.suffix.is_empty() {
            Cow::Borrowed(family)
        } else {
            Cow::Owned([family, self.suffix].concat())
        };
        let bound = self.bound.map(|(label, bound)| {
            let mut text = String::new();
            write_number(&mut text, bound);
            (label, Cow::Owned(text))
        });
        labels(name, bound, metric)
    }
}

/// The series that the text format has for this value.
pub(super) fn series(value: &Value<'_>) -> Vec<Series> {
    match value {
        Value::Counter(counter) => vec![Series::new("", counter.value)],
        Value::Gauge(value) | Value::Untyped(value) => vec![Series::new("", *value)],
        Value::Summary(summary) => of_summary(summary),
        Value::Histogram(histogram) => of_histogram(histogram),
    }
}

/// The histogram of this value, and its native part, if Prometheus takes it for a native one.
pub(super) fn native_histogram<'v>(
    value: &'v Value<'_>,
) -> Option<(&'v Histogram<'v>, &'v NativeHistogram)> {
    let Value::Histogram(histogram) = value else {
        return None;
    };
    let native = histogram.native.as_ref()?;
    native::is_native(native).then_some((histogram, native))
}

/// The labels of a series, sorted by name: remote write wants each name once and no value empty, which to Prometheus
/// is the same as no label.
pub(super) fn labels<'m>(
    name: Cow<'m, str>,
    bound: Option<(&'m str, Cow<'m, str>)>,
    metric: &'m Metric<'_>,
) -> Vec<(&'m str, Cow<'m, str>)> {
    let own = metric.labels.iter();
    let own = own.map(|label| (&*label.name, Cow::Borrowed(&*label.value)));
    let mut labels: Vec<_> = std::iter::once((NAME, name))
        .chain(bound)
        .chain(own.filter(|(_, value)| !value.is_empty()))
        .collect();
    // Stable: of two labels of one name the metric's name or the bound stays, which make the series what it is.
    labels.sort_by_key(|(name, _)| *name);
    labels.dedup_by_key(|(name, _)| *name);
    labels
}

/// The value, with the NaN that is one.
pub(super) fn plain(value: f64) -> f64 {
    if value.is_nan() { NAN } else { value }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "samples are floats, in a scrape too"
)]
fn of_summary(summary: &Summary) -> Vec<Series> {
    let quantiles = summary.quantiles.iter();
    quantiles
        .map(|quantile| Series::bounded("", "quantile", quantile.quantile, quantile.value))
        .chain([
            Series::new("_sum", summary.sample_sum),
            Series::new("_count", summary.sample_count as f64),
        ])
        .collect()
}

/// With a bucket for +Inf, as in the text format.
fn of_histogram(histogram: &Histogram<'_>) -> Vec<Series> {
    let count = exposed_count(histogram.sample_count, histogram.sample_count_float);
    let mut buckets = histogram.buckets.iter();
    let has_infinity = buckets.any(|bucket| bucket.upper_bound == f64::INFINITY);
    let bucket = |bound, count| Series::bounded("_bucket", "le", bound, count);
    let buckets = histogram.buckets.iter();
    buckets
        .map(|held| {
            let count = exposed_count(held.cumulative_count, held.cumulative_count_float);
            bucket(held.upper_bound, count)
        })
        .chain((!has_infinity).then(|| bucket(f64::INFINITY, count)))
        .chain([
            Series::new("_sum", histogram.sample_sum),
            Series::new("_count", count),
        ])
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exposition::generated;
    use crate::exposition::names::NameScheme;
    use crate::exposition::number::write_float;
    use crate::exposition::text;

    /// Each series as `{label="value",…} value`.
    fn told(body: &str) -> Vec<String> {
        let families = text::parse(body.as_bytes(), NameScheme::Utf8).expect("is valid");
        let metrics = families
            .iter()
            .flat_map(|family| family.metrics.iter().map(|metric| (&*family.name, metric)));
        metrics
            .flat_map(|(name, metric)| {
                let tell = move |series: Series| {
                    let labels = series.labels(name, metric);
                    let labels: Vec<_> = labels
                        .iter()
                        .map(|(name, value)| format!("{name}={value:?}"))
                        .collect();
                    format!("{{{}}} {}", labels.join(","), series.value())
                };
                series(&metric.value).into_iter().map(tell)
            })
            .collect()
    }

    #[test]
    fn metrics_come_apart_as_in_a_scrape() {
        let body = "# TYPE c counter\nc{b=\"1\",Z=\"2\",instance=\"\"} 3\n\
            # TYPE s summary\ns{quantile=\"0.5\"} 7\ns{quantile=\"1\"} 9\ns_sum 20\ns_count 2\n\
            # TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2.5\"} 2\nh_sum 4.5\nh_count 3\n";
        let want = [
            r#"{Z="2",__name__="c",b="1"} 3"#,
            r#"{__name__="s",quantile="0.5"} 7"#,
            r#"{__name__="s",quantile="1.0"} 9"#,
            r#"{__name__="s_sum"} 20"#,
            r#"{__name__="s_count"} 2"#,
            r#"{__name__="h_bucket",le="1.0"} 1"#,
            r#"{__name__="h_bucket",le="2.5"} 2"#,
            r#"{__name__="h_bucket",le="+Inf"} 3"#,
            r#"{__name__="h_sum"} 4.5"#,
            r#"{__name__="h_count"} 3"#,
        ];
        assert_eq!(told(body), want);
    }

    #[test]
    fn a_label_is_there_once() {
        use crate::exposition::model::{Label, MetricType};
        let metric = Metric {
            labels: vec![Label::new("__name__", "x"), Label::new("le", "x")],
            value: Value::Histogram(Box::default()),
            timestamp_ms: None,
        };
        assert!(metric.value.is_of(MetricType::Histogram));
        let series = series(&metric.value);
        let labels = series.first().map(|first| first.labels("h", &metric));
        let want = [("__name__", "h_bucket".into()), ("le", "+Inf".into())];
        assert_eq!(labels.as_deref(), Some(want.as_slice()));
    }

    proptest! {
        #[test]
        fn there_is_a_series_for_each_line_of_the_text(family in generated::family()) {
            for metric in &family.metrics {
                let metric = Metric { timestamp_ms: None, ..metric.clone() };
                let mut lines = String::new();
                text::write_metric(&mut lines, &family.name, &metric);
                let lines = lines.lines().map(|line| line.rsplit(' ').next());
                let lines: Vec<_> = lines.map(Option::unwrap_or_default).collect();
                let series = series(&metric.value);
                let values = series.iter().map(|series| {
                    let mut value = String::new();
                    write_float(&mut value, series.value());
                    value
                });
                prop_assert_eq!(values.collect::<Vec<_>>(), lines);
                for series in series {
                    let labels = series.labels(&family.name, &metric);
                    prop_assert!(labels.is_sorted_by(|(a, _), (b, _)| a < b));
                    prop_assert!(labels.iter().all(|(_, value)| !value.is_empty()));
                }
            }
        }
    }

    #[test]
    fn no_value_is_the_end_of_a_series() {
        let stale = f64::from_bits(0x7ff0_0000_0000_0002);
        assert_eq!(plain(stale).to_bits(), NAN.to_bits());
        assert_eq!(plain(-0.0).to_bits(), (-0.0_f64).to_bits());
    }
}
