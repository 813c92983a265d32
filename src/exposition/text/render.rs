//! Writing families as text.

use crate::bytes;
use crate::exposition::model::{Histogram, Label, Metric, MetricType, Summary, Value};
use crate::exposition::names::NameScheme;
use crate::exposition::number::write_float;

/// Writes the HELP line, if there is a HELP text, and the TYPE line of a family.
///
/// ```
/// # use spin_pushgateway::exposition::{model::MetricType, text::write_family_header};
/// let mut out = String::new();
/// write_family_header(&mut out, "jobs", Some("Jobs done."), MetricType::Counter);
/// assert_eq!(out, "# HELP jobs Jobs done.\n# TYPE jobs counter\n");
/// ```
pub fn write_family_header(
    out: &mut String,
    name: &str,
    help: Option<&str>,
    metric_type: MetricType,
) {
    let is_legacy = NameScheme::Legacy.is_metric_name(name);
    write_header(out, name, is_legacy, help, metric_type);
}

/// As [`write_family_header`], with a name of which it is known already that it is of the traditional alphabet.
pub(crate) fn write_legacy_family_header(
    out: &mut String,
    name: &str,
    help: Option<&str>,
    metric_type: MetricType,
) {
    write_header(out, name, true, help, metric_type);
}

fn write_header(
    out: &mut String,
    name: &str,
    is_legacy: bool,
    help: Option<&str>,
    metric_type: MetricType,
) {
    if let Some(help) = help {
        out.push_str("# HELP ");
        write_name(out, name, is_legacy);
        out.push(' ');
        write_escaped(out, help, [b'\\', b'\n']);
        out.push('\n');
    }
    out.push_str("# TYPE ");
    write_name(out, name, is_legacy);
    out.push(' ');
    out.push_str(metric_type.text_name());
    out.push('\n');
}

/// Writes all lines of one metric of the family of this name.
///
/// Histograms get a bucket for `+Inf` if they have none. What this format has no words for is left off: native
/// buckets, exemplars and times of creation.
///
/// ```
/// # use spin_pushgateway::exposition::{model::{Label, Metric, Value}, text::write_metric};
/// let mut out = String::new();
/// let metric = Metric { labels: vec![Label::new("kind", "a")], value: Value::Gauge(1.5), timestamp_ms: None };
/// write_metric(&mut out, "jobs", &metric);
/// assert_eq!(out, "jobs{kind=\"a\"} 1.5\n");
/// ```
pub fn write_metric(out: &mut String, name: &str, metric: &Metric<'_>) {
    write(out, name, metric, false);
}

/// As [`write_metric`], with names of which it is known already that they are of the traditional alphabet.
pub(crate) fn write_legacy_metric(out: &mut String, name: &str, metric: &Metric<'_>) {
    write(out, name, metric, true);
}

fn write(out: &mut String, name: &str, metric: &Metric<'_>, is_legacy: bool) {
    let mut lines = Lines {
        out,
        name,
        metric,
        is_legacy,
    };
    match &metric.value {
        Value::Counter(counter) => lines.sample("", counter.value),
        Value::Gauge(value) | Value::Untyped(value) => lines.sample("", *value),
        Value::Summary(summary) => lines.summary(summary),
        Value::Histogram(histogram) => lines.histogram(histogram),
    }
}

/// Writes labels between braces: `{instance="",job="j"}`. Writes nothing if there are none.
pub fn write_label_set(out: &mut String, labels: &[Label<'_>]) {
    let mut separator = '{';
    for label in labels {
        out.push(separator);
        write_label(out, label, false);
        separator = ',';
    }
    if !labels.is_empty() {
        out.push('}');
    }
}

/// Writes the lines of one metric.
struct Lines<'o, 'm> {
    out: &'o mut String,
    name: &'m str,
    metric: &'m Metric<'m>,
    /// Whether all names are known to be of the traditional alphabet.
    is_legacy: bool,
}

impl Lines<'_, '_> {
    fn summary(&mut self, summary: &Summary) {
        let quantiles = summary.quantiles.iter();
        self.special_samples(
            "",
            "quantile",
            quantiles.map(|sample| (sample.quantile, sample.value)),
        );
        self.sample("_sum", summary.sample_sum);
        self.sample("_count", summary.sample_count as f64);
    }

    fn histogram(&mut self, histogram: &Histogram<'_>) {
        let count = exposed_count(histogram.sample_count, histogram.sample_count_float);
        let buckets = histogram.buckets.iter().map(|bucket| {
            let count = exposed_count(bucket.cumulative_count, bucket.cumulative_count_float);
            (bucket.upper_bound, count)
        });
        let has_infinity = histogram
            .buckets
            .iter()
            .any(|bucket| bucket.upper_bound == f64::INFINITY);
        let infinity = (!has_infinity).then_some((f64::INFINITY, count));
        self.special_samples("_bucket", "le", buckets.chain(infinity));
        self.sample("_sum", histogram.sample_sum);
        self.sample("_count", count);
    }

    /// Writes one line for each pair of the special label's value and the sample's value.
    fn special_samples(
        &mut self,
        suffix: &str,
        label: &str,
        samples: impl Iterator<Item = (f64, f64)>,
    ) {
        // All these lines begin alike: written once, then copied.
        let mut beginning = 0..0;
        for (special, value) in samples {
            if beginning.is_empty() {
                let start = self.out.len();
                let separator = self.begin(suffix);
                self.out.push(separator);
                self.out.push_str(label);
                self.out.push_str("=\"");
                beginning = start..self.out.len();
            } else {
                self.out.extend_from_within(beginning.clone());
            }
            write_float(self.out, special);
            self.out.push_str("\"}");
            self.end(value);
        }
    }

    /// Writes the line of one sample without a special label.
    fn sample(&mut self, suffix: &str, value: f64) {
        if self.begin(suffix) == ',' {
            self.out.push('}');
        }
        self.end(value);
    }

    /// Writes the name and the labels without the closing brace, and returns what must stand before a further label:
    /// `{` if no brace was opened.
    fn begin(&mut self, suffix: &str) -> char {
        let mut separator = '{';
        if self.is_legacy || NameScheme::Legacy.is_metric_name(self.name) {
            self.out.push_str(self.name);
            self.out.push_str(suffix);
        } else {
            self.out.push_str("{\"");
            write_escaped(self.out, self.name, IN_QUOTES);
            self.out.push_str(suffix);
            self.out.push('"');
            separator = ',';
        }
        for label in &self.metric.labels {
            self.out.push(separator);
            write_label(self.out, label, self.is_legacy);
            separator = ',';
        }
        separator
    }

    /// Writes what follows the labels.
    fn end(&mut self, value: f64) {
        self.out.push(' ');
        write_float(self.out, value);
        if let Some(timestamp) = self.metric.timestamp_ms {
            self.out.push(' ');
            self.out.push_str(&timestamp.to_string());
        }
        self.out.push('\n');
    }
}

/// The count that is exposed where there may be an integer or a float.
pub(crate) fn exposed_count(integer: u64, float: f64) -> f64 {
    if float == 0.0 { integer as f64 } else { float }
}

fn write_label(out: &mut String, label: &Label<'_>, is_legacy: bool) {
    let is_legacy = is_legacy || NameScheme::Legacy.is_label_name(&label.name);
    write_name(out, &label.name, is_legacy);
    out.push_str("=\"");
    write_escaped(out, &label.value, IN_QUOTES);
    out.push('"');
}

/// Writes a name, in quotes if it is not one that this format has always known.
fn write_name(out: &mut String, name: &str, is_legacy: bool) {
    if is_legacy {
        out.push_str(name);
    } else {
        out.push('"');
        write_escaped(out, name, IN_QUOTES);
        out.push('"');
    }
}

/// The characters that are escaped in quotes.
const IN_QUOTES: [u8; 3] = *b"\\\n\"";

/// Writes a text with a backslash before these characters and `n` in place of a line feed.
///
/// They are all ASCII, so that none of them is a part of another character.
fn write_escaped<const N: usize>(out: &mut String, text: &str, escaped: [u8; N]) {
    let mut rest = text;
    while let Some(at) = bytes::find(rest.as_bytes(), escaped) {
        let (plain, tail) = rest.split_at(at);
        let mut tail = tail.chars();
        out.push_str(plain);
        out.push('\\');
        out.extend(tail.next().map(|c| if c == '\n' { 'n' } else { c }));
        rest = tail.as_str();
    }
    out.push_str(rest);
}
