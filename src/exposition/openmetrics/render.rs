//! Writing families as OpenMetrics.

use super::line::FamilyType;
use super::metric::{MAX_EXEMPLAR_CHARS, exemplar_chars};
use super::time;
use crate::exposition::model::{
    Counter, Exemplar, Histogram, Label, Metric, MetricFamily, MetricType, Summary, Timestamp,
    Value,
};
use crate::exposition::names::{NameScheme, ends_in_unit, sample_suffixes};
use crate::exposition::number::write_float;

/// Writes the HELP, TYPE and UNIT lines of a family, and all samples of its metrics.
///
/// Left off is what would make the whole exposition invalid: a unit that the family's name does not end with, and
/// exemplars of too much text.
///
/// ```
/// # use spin_pushgateway::exposition::{model::*, openmetrics::write_family};
/// let family = MetricFamily {
///     name: "jobs_total".into(),
///     help: Some("Jobs done.".into()),
///     metric_type: MetricType::Counter,
///     unit: None,
///     metrics: vec![Metric {
///         labels: vec![Label::new("kind", "a")],
///         value: Value::Counter(Counter { value: 3.0, ..Counter::default() }),
///         timestamp_ms: None,
///     }],
/// };
/// let mut out = String::new();
/// write_family(&mut out, &family);
/// assert_eq!(out, "# HELP jobs Jobs done.\n# TYPE jobs counter\njobs_total{kind=\"a\"} 3.0\n");
/// ```
pub fn write_family(out: &mut String, family: &MetricFamily<'_>) {
    let (name, family_type) = name_and_type(&family.name, family.metric_type);
    write_header(out, name, family_type, family);
    for metric in &family.metrics {
        let mut lines = Lines {
            out,
            name,
            family_type,
            metric,
        };
        match &metric.value {
            Value::Counter(counter) if family_type == FamilyType::Counter => lines.counter(counter),
            Value::Counter(Counter { value, .. }) | Value::Gauge(value) | Value::Untyped(value) => {
                lines.sample("", *value);
            }
            Value::Summary(summary) => lines.summary(summary),
            Value::Histogram(histogram) => lines.histogram(histogram),
        }
    }
}

/// Writes a family that [clashes](super::Clashes) with others: under each name that its samples have in the Prometheus
/// text format those samples, as a family of its own and of type unknown.
///
/// What that format cannot say is left off: exemplars, and when a metric was created.
///
/// ```
/// # use spin_pushgateway::exposition::{model::*, openmetrics::write_clashing_family};
/// let family = MetricFamily {
///     name: "jobs_total".into(),
///     help: Some("Jobs done.".into()),
///     metric_type: MetricType::Counter,
///     unit: None,
///     metrics: vec![Metric {
///         labels: vec![],
///         value: Value::Counter(Counter { value: 3.0, ..Counter::default() }),
///         timestamp_ms: None,
///     }],
/// };
/// let mut out = String::new();
/// write_clashing_family(&mut out, &family);
/// assert_eq!(out, "# HELP jobs_total Jobs done.\n# TYPE jobs_total unknown\njobs_total 3.0\n");
/// ```
pub fn write_clashing_family(out: &mut String, family: &MetricFamily<'_>) {
    for suffix in sample_suffixes(family.metric_type) {
        let name = format!("{}{suffix}", family.name);
        let start = out.len();
        write_header(out, &name, FamilyType::Unknown, family);
        let end = out.len();
        for metric in &family.metrics {
            let mut lines = Lines {
                out,
                name: &family.name,
                family_type: FamilyType::Unknown,
                metric,
            };
            lines.with_suffix(suffix);
        }
        // No histogram has a sample of its own name, nor has a summary without quantiles.
        if out.len() == end {
            out.truncate(start);
        }
    }
}

/// Writes the line that must end an exposition.
pub fn write_eof(out: &mut String) {
    out.push_str("# EOF\n");
}

/// What a family is called and what it is in OpenMetrics.
pub(super) fn name_and_type(name: &str, metric_type: MetricType) -> (&str, FamilyType) {
    match metric_type {
        MetricType::Counter => match name.strip_suffix("_total") {
            Some(stem) if !stem.is_empty() => (stem, FamilyType::Counter),
            _ => (name, FamilyType::Unknown),
        },
        MetricType::Gauge => (name, FamilyType::Gauge),
        MetricType::Summary => (name, FamilyType::Summary),
        MetricType::Untyped => (name, FamilyType::Unknown),
        MetricType::Histogram => (name, FamilyType::Histogram),
        MetricType::GaugeHistogram => (name, FamilyType::GaugeHistogram),
    }
}

/// Writes what is said of a family under this name.
fn write_header(out: &mut String, name: &str, family_type: FamilyType, family: &MetricFamily<'_>) {
    if let Some(help) = &family.help {
        write_metadata(out, "HELP", name);
        write_escaped(out, help);
        out.push('\n');
    }
    write_metadata(out, "TYPE", name);
    out.push_str(family_type.name());
    out.push('\n');
    let mut unit = family.unit.iter();
    if let Some(unit) = unit.find(|unit| ends_in_unit(name, unit)) {
        write_metadata(out, "UNIT", name);
        out.push_str(unit);
        out.push('\n');
    }
}

fn write_metadata(out: &mut String, keyword: &str, name: &str) {
    out.push_str("# ");
    out.push_str(keyword);
    out.push(' ');
    match NameScheme::Legacy.is_metric_name(name) {
        true => out.push_str(name),
        false => write_quoted(out, &[name]),
    }
    out.push(' ');
}

/// Writes the lines of one metric.
struct Lines<'o, 'm> {
    out: &'o mut String,
    /// What the names of all samples begin with.
    name: &'m str,
    family_type: FamilyType,
    metric: &'m Metric<'m>,
}

impl Lines<'_, '_> {
    /// The samples that have this suffix in the Prometheus text format.
    fn with_suffix(&mut self, suffix: &str) {
        match (&self.metric.value, suffix) {
            (Value::Counter(Counter { value, .. }), "")
            | (Value::Gauge(value) | Value::Untyped(value), "") => self.sample("", *value),
            (Value::Summary(summary), "") => self.quantiles(summary),
            (Value::Summary(summary), "_sum") => self.sample("_sum", summary.sample_sum),
            (Value::Summary(summary), "_count") => self.summary_count(summary),
            (Value::Histogram(histogram), "_bucket") => self.buckets(histogram),
            (Value::Histogram(histogram), "_sum") => self.sample("_sum", histogram.sample_sum),
            (Value::Histogram(histogram), "_count") => self.histogram_count("_count", histogram),
            _ => (),
        }
    }

    fn counter(&mut self, counter: &Counter<'_>) {
        self.begin("_total", None);
        write_number(self.out, counter.value);
        self.end(counter.exemplar.as_ref());
        self.created(counter.created);
    }

    fn summary(&mut self, summary: &Summary) {
        self.quantiles(summary);
        self.sample("_sum", summary.sample_sum);
        self.summary_count(summary);
        self.created(summary.created);
    }

    fn quantiles(&mut self, summary: &Summary) {
        for quantile in &summary.quantiles {
            self.begin("", Some(("quantile", quantile.quantile)));
            write_number(self.out, quantile.value);
            self.end(None);
        }
    }

    fn summary_count(&mut self, summary: &Summary) {
        self.begin("_count", None);
        self.out.push_str(&summary.sample_count.to_string());
        self.end(None);
    }

    fn histogram(&mut self, histogram: &Histogram<'_>) {
        self.buckets(histogram);
        let is_gauge = self.family_type == FamilyType::GaugeHistogram;
        let (sum, count) = match is_gauge {
            true => ("_gsum", "_gcount"),
            false => ("_sum", "_count"),
        };
        self.sample(sum, histogram.sample_sum);
        self.histogram_count(count, histogram);
        // Gauge histograms have no such line.
        if !is_gauge {
            self.created(histogram.created);
        }
    }

    fn buckets(&mut self, histogram: &Histogram<'_>) {
        for bucket in &histogram.buckets {
            self.begin("_bucket", Some(("le", bucket.upper_bound)));
            write_count(
                self.out,
                bucket.cumulative_count,
                bucket.cumulative_count_float,
            );
            self.end(bucket.exemplar.as_ref());
        }
        let mut bounds = histogram.buckets.iter().map(|bucket| bucket.upper_bound);
        if !bounds.any(|bound| bound == f64::INFINITY) {
            self.begin("_bucket", Some(("le", f64::INFINITY)));
            self.count(histogram);
        }
    }

    fn histogram_count(&mut self, suffix: &str, histogram: &Histogram<'_>) {
        self.begin(suffix, None);
        self.count(histogram);
    }

    /// The number of observations, and the end of the line.
    fn count(&mut self, histogram: &Histogram<'_>) {
        write_count(
            self.out,
            histogram.sample_count,
            histogram.sample_count_float,
        );
        self.end(None);
    }

    fn created(&mut self, created: Option<Timestamp>) {
        if let Some(created) = created {
            self.begin("_created", None);
            time::write(self.out, created);
            self.end(None);
        }
    }

    fn sample(&mut self, suffix: &str, value: f64) {
        self.begin(suffix, None);
        write_number(self.out, value);
        self.end(None);
    }

    /// Writes what stands before the number.
    fn begin(&mut self, suffix: &str, part: Option<(&str, f64)>) {
        let mut separator = '{';
        if NameScheme::Legacy.is_metric_name(self.name) {
            self.out.push_str(self.name);
            self.out.push_str(suffix);
        } else {
            self.out.push('{');
            write_quoted(self.out, &[self.name, suffix]);
            separator = ',';
        }
        for label in &self.metric.labels {
            self.out.push(separator);
            write_label(self.out, label);
            separator = ',';
        }
        if let Some((name, value)) = part {
            self.out.push(separator);
            self.out.push_str(name);
            self.out.push_str("=\"");
            write_number(self.out, value);
            self.out.push('"');
            separator = ',';
        }
        if separator == ',' {
            self.out.push('}');
        }
        self.out.push(' ');
    }

    /// Writes what follows the number.
    fn end(&mut self, exemplar: Option<&Exemplar<'_>>) {
        if let Some(timestamp_ms) = self.metric.timestamp_ms {
            self.out.push(' ');
            time::write(self.out, time::of_millis(timestamp_ms));
        }
        let may_stand = |exemplar: &&Exemplar<'_>| {
            self.family_type != FamilyType::Unknown
                && exemplar_chars(exemplar) <= MAX_EXEMPLAR_CHARS
        };
        if let Some(exemplar) = exemplar.filter(may_stand) {
            self.out.push_str(" # {");
            for (number, label) in exemplar.labels.iter().enumerate() {
                if number > 0 {
                    self.out.push(',');
                }
                write_label(self.out, label);
            }
            self.out.push_str("} ");
            write_number(self.out, exemplar.value);
            if let Some(timestamp) = exemplar.timestamp {
                self.out.push(' ');
                time::write(self.out, timestamp);
            }
        }
        self.out.push('\n');
    }
}

fn write_label(out: &mut String, label: &Label<'_>) {
    match NameScheme::Legacy.is_label_name(&label.name) {
        true => out.push_str(&label.name),
        false => write_quoted(out, &[&label.name]),
    }
    out.push('=');
    write_quoted(out, &[&label.value]);
}

fn write_quoted(out: &mut String, pieces: &[&str]) {
    out.push('"');
    for piece in pieces {
        write_escaped(out, piece);
    }
    out.push('"');
}

fn write_escaped(out: &mut String, text: &str) {
    for piece in text.split_inclusive(['\\', '"', '\n']) {
        let mut chars = piece.chars();
        match chars.next_back() {
            Some('\n') => {
                out.push_str(chars.as_str());
                out.push_str("\\n");
            }
            Some(c @ ('\\' | '"')) => {
                out.push_str(chars.as_str());
                out.extend(['\\', c]);
            }
            _ => out.push_str(piece),
        }
    }
}

/// Writes an integer count without a point, and a float one with one.
fn write_count(out: &mut String, integer: u64, float: f64) {
    match float == 0.0 {
        true => out.push_str(&integer.to_string()),
        false => write_number(out, float),
    }
}

/// Writes a float so that it can be seen that it is one: `1.0`, `1e+06`. This is the canonical form of `le` and
/// `quantile` as well.
pub(crate) fn write_number(out: &mut String, value: f64) {
    let start = out.len();
    write_float(out, value);
    let written = out.get(start..).unwrap_or_default();
    if value.is_finite() && !written.contains(['.', 'e']) {
        out.push_str(".0");
    }
}
