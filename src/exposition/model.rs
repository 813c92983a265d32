//! Metric families and their parts, the one model that all exposition formats share.
//!
//! The types follow Prometheus' client model (`io.prometheus.client`), the richest of the formats, so that no format
//! loses what another brought. Strings borrow from the pushed body where they can.

use std::borrow::Cow;

/// All metrics of one name, with what is said about them once.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricFamily<'a> {
    /// The metric name, for example `http_requests_total`.
    pub name: Cow<'a, str>,
    /// The HELP text, unescaped. `Some("")` is a HELP line without a text, which is exposed as such.
    pub help: Option<Cow<'a, str>>,
    /// What kind of metric this is. Every metric's [`Value`] is of this kind.
    pub metric_type: MetricType,
    /// The unit (OpenMetrics, protobuf). Text 0.0.4 cannot say it.
    pub unit: Option<Cow<'a, str>>,
    /// The metrics, in the order in which they were pushed until they are sorted for storage.
    pub metrics: Vec<Metric<'a>>,
}

/// The type of a metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricType {
    /// A value that only goes up.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Count, sum and quantiles computed by the client.
    Summary,
    /// Nothing was said about the type.
    Untyped,
    /// Count, sum and buckets, classic or native.
    Histogram,
    /// A histogram whose buckets may also go down.
    GaugeHistogram,
}

/// One metric of a family: a label set and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric<'a> {
    /// The labels, without `le` and `quantile` of histograms and summaries.
    pub labels: Vec<Label<'a>>,
    /// The value, of the kind that the family's type says.
    pub value: Value<'a>,
    /// The pushed timestamp in milliseconds since the Unix epoch. The gateway refuses pushes that have one.
    pub timestamp_ms: Option<i64>,
}

/// A label: a name and a value, both as pushed, unescaped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label<'a> {
    /// The label name.
    pub name: Cow<'a, str>,
    /// The label value. May be empty; may hold any character.
    pub value: Cow<'a, str>,
}

/// The value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Of a [`MetricType::Counter`].
    Counter(Counter<'a>),
    /// Of a [`MetricType::Gauge`].
    Gauge(f64),
    /// Of a [`MetricType::Untyped`].
    Untyped(f64),
    /// Of a [`MetricType::Summary`].
    Summary(Summary),
    /// Of a [`MetricType::Histogram`] or [`MetricType::GaugeHistogram`].
    Histogram(Box<Histogram<'a>>),
}

/// A counter's value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counter<'a> {
    /// The total.
    pub value: f64,
    /// An example of what was counted.
    pub exemplar: Option<Exemplar<'a>>,
    /// When counting began.
    pub created: Option<Timestamp>,
}

/// A summary's value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// How many values were observed.
    pub sample_count: u64,
    /// The sum of the observed values.
    pub sample_sum: f64,
    /// The quantiles, in pushed order.
    pub quantiles: Vec<Quantile>,
    /// When observing began.
    pub created: Option<Timestamp>,
}

/// One quantile of a summary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// Which quantile, for example 0.99.
    pub quantile: f64,
    /// The value there. NaN where nothing was observed.
    pub value: f64,
}

/// A histogram's value: classic buckets, native buckets, or both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram<'a> {
    /// How many values were observed. Where [`Self::sample_count_float`] is above zero, that one holds instead.
    pub sample_count: u64,
    /// The count of a float histogram, else 0.
    pub sample_count_float: f64,
    /// The sum of the observed values.
    pub sample_sum: f64,
    /// The classic buckets, in pushed order, with or without one for +Inf.
    pub buckets: Vec<Bucket<'a>>,
    /// The native (exponential) buckets.
    pub native: Option<NativeHistogram>,
    /// Exemplars of a native histogram. Classic buckets hold their own.
    pub exemplars: Vec<Exemplar<'a>>,
    /// When observing began.
    pub created: Option<Timestamp>,
}

/// A classic histogram bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bucket<'a> {
    /// Observations up to the bound. Where [`Self::cumulative_count_float`] is above zero, that one holds instead.
    pub cumulative_count: u64,
    /// The count in a float histogram, else 0.
    pub cumulative_count_float: f64,
    /// The inclusive upper bound, `le`.
    pub upper_bound: f64,
    /// An example of what was observed.
    pub exemplar: Option<Exemplar<'a>>,
}

/// The native part of a histogram, as Prometheus' client model has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NativeHistogram {
    /// The resolution: bucket bounds grow by 2^(2^-schema).
    pub schema: i32,
    /// The width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: u64,
    /// The same in a float histogram, else 0.
    pub zero_count_float: f64,
    /// Buckets of negative observations.
    pub negative: NativeBuckets,
    /// Buckets of positive observations.
    pub positive: NativeBuckets,
}

/// The buckets of one sign of a native histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NativeBuckets {
    /// Runs of used buckets.
    pub spans: Vec<BucketSpan>,
    /// Counts, each as the difference from the one before (integer histograms).
    pub deltas: Vec<i64>,
    /// Counts, absolute (float histograms).
    pub counts: Vec<f64>,
}

/// A run of used native buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BucketSpan {
    /// Gap to the previous span, or the index of the first bucket.
    pub offset: i32,
    /// How many buckets follow.
    pub length: u32,
}

/// An example observation, usually with a trace id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exemplar<'a> {
    /// Its own labels, such as `trace_id`.
    pub labels: Vec<Label<'a>>,
    /// The observed value.
    pub value: f64,
    /// When it was observed.
    pub timestamp: Option<Timestamp>,
}

/// A point in time, as protobuf's `google.protobuf.Timestamp` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamp {
    /// Seconds since the Unix epoch.
    pub seconds: i64,
    /// Nanoseconds within the second, 0 to 999,999,999.
    pub nanos: i32,
}

impl MetricType {
    /// Every type, in the order of protobuf's numbers.
    pub const ALL: [Self; 6] = [
        Self::Counter,
        Self::Gauge,
        Self::Summary,
        Self::Untyped,
        Self::Histogram,
        Self::GaugeHistogram,
    ];

    /// The name on a `# TYPE` line of the text format. Gauge histograms have none of their own there and are exposed
    /// as histograms, as the Pushgateway does.
    #[must_use]
    pub fn text_name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Summary => "summary",
            Self::Untyped => "untyped",
            Self::Histogram | Self::GaugeHistogram => "histogram",
        }
    }

    /// The name in upper case, as in protobuf, the Pushgateway's JSON API and its error texts.
    #[must_use]
    pub fn enum_name(self) -> &'static str {
        match self {
            Self::Counter => "COUNTER",
            Self::Gauge => "GAUGE",
            Self::Summary => "SUMMARY",
            Self::Untyped => "UNTYPED",
            Self::Histogram => "HISTOGRAM",
            Self::GaugeHistogram => "GAUGE_HISTOGRAM",
        }
    }

    /// The type with this [`Self::enum_name`].
    #[must_use]
    pub fn of_enum_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|metric_type| metric_type.enum_name() == name)
    }
}

impl<'a> Label<'a> {
    /// A label of these two strings.
    pub fn new(name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

#[cfg(test)]
impl Value<'_> {
    /// Whether this value is of the kind that a family of this type holds.
    pub(crate) fn is_of(&self, metric_type: MetricType) -> bool {
        matches!(
            (self, metric_type),
            (Self::Counter(_), MetricType::Counter)
                | (Self::Gauge(_), MetricType::Gauge)
                | (Self::Untyped(_), MetricType::Untyped)
                | (Self::Summary(_), MetricType::Summary)
                | (
                    Self::Histogram(_),
                    MetricType::Histogram | MetricType::GaugeHistogram
                )
        )
    }
}
