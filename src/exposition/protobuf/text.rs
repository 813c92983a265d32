//! Metric families as the text form of protobuf, for people to read.
//!
//! The shape is that of Go's `prototext`: fields in the order of their declaration, one a line or all on one line.
//! Where Go's writer adds a blank at random, which differs by build, there is none.

use std::fmt::Write;

use super::render::{is_set, needs_integer};
use crate::exposition::model::{
    Bucket, Counter, Exemplar, Histogram, Label, Metric, MetricFamily, NativeBuckets,
    NativeHistogram, Summary, Timestamp, Value,
};
use crate::exposition::number::write_float;

/// Appends a family in the form of `application/vnd.google.protobuf; encoding=text`: a field a line, and an empty line
/// after the family.
pub fn write_family_text(out: &mut String, family: &MetricFamily<'_>) {
    write(out, Layout::Lines, family);
    out.push_str("\n\n");
}

/// Appends a family in the form of `application/vnd.google.protobuf; encoding=compact-text`: a family a line.
pub fn write_family_compact_text(out: &mut String, family: &MetricFamily<'_>) {
    write(out, Layout::OneLine, family);
    out.push('\n');
}

/// Appends the fields of a metric on one line, as error texts show it.
pub fn write_metric_compact_text(out: &mut String, metric: &Metric<'_>) {
    let mut writer = Writer {
        out,
        layout: Layout::OneLine,
        depth: 0,
        fresh: true,
    };
    writer.metric(metric);
}

fn write(out: &mut String, layout: Layout, family: &MetricFamily<'_>) {
    let mut writer = Writer {
        out,
        layout,
        depth: 0,
        fresh: true,
    };
    writer.family(family);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    OneLine,
    Lines,
}

/// Writes messages field by field.
struct Writer<'o> {
    out: &'o mut String,
    layout: Layout,
    /// How many messages are open.
    depth: usize,
    /// Whether the innermost open message has no field yet.
    fresh: bool,
}

/// The grammar: `field = name ":" (scalar / "{" *field "}")`.
impl Writer<'_> {
    fn name(&mut self, name: &str) {
        match self.layout {
            Layout::Lines if self.depth > 0 || !self.fresh => self.new_line(),
            Layout::OneLine if !self.fresh => self.out.push(' '),
            Layout::Lines | Layout::OneLine => {}
        }
        self.fresh = false;
        self.out.push_str(name);
        self.out.push(':');
        if self.layout == Layout::Lines {
            self.out.push(' ');
        }
    }

    fn new_line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    fn message(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        self.out.push('{');
        self.depth += 1;
        self.fresh = true;
        write(self);
        self.depth -= 1;
        if self.layout == Layout::Lines && !self.fresh {
            self.new_line();
        }
        self.fresh = false;
        self.out.push('}');
    }

    fn string(&mut self, name: &str, value: &str) {
        self.name(name);
        self.out.push('"');
        for character in value.chars() {
            push_escaped(self.out, character);
        }
        self.out.push('"');
    }

    fn literal(&mut self, name: &str, value: &str) {
        self.name(name);
        self.out.push_str(value);
    }

    fn uint(&mut self, name: &str, value: u64) {
        self.name(name);
        push_display(self.out, value);
    }

    fn int(&mut self, name: &str, value: i64) {
        self.name(name);
        push_display(self.out, value);
    }

    fn double(&mut self, name: &str, value: f64) {
        self.name(name);
        if value.is_nan() {
            self.out.push_str("nan");
        } else if value.is_infinite() {
            self.out.push_str(if value > 0.0 { "inf" } else { "-inf" });
        } else if value == 0.0 && value.is_sign_negative() {
            // The number format of expositions has no negative zero.
            self.out.push_str("-0");
        } else {
            write_float(self.out, value);
        }
    }
}

/// The messages of the schema.
impl Writer<'_> {
    fn family(&mut self, family: &MetricFamily<'_>) {
        self.string("name", &family.name);
        if let Some(help) = &family.help {
            self.string("help", help);
        }
        self.literal("type", family.metric_type.enum_name());
        for metric in &family.metrics {
            self.message("metric", |writer| writer.metric(metric));
        }
        if let Some(unit) = &family.unit {
            self.string("unit", unit);
        }
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        self.labels(&metric.labels);
        match &metric.value {
            Value::Gauge(value) => self.message("gauge", |writer| writer.double("value", *value)),
            Value::Counter(counter) => self.message("counter", |writer| writer.counter(counter)),
            Value::Summary(summary) => self.message("summary", |writer| writer.summary(summary)),
            Value::Untyped(value) => {
                self.message("untyped", |writer| writer.double("value", *value));
            }
            Value::Histogram(histogram) => {
                self.message("histogram", |writer| writer.histogram(histogram));
            }
        }
        if let Some(timestamp_ms) = metric.timestamp_ms {
            self.int("timestamp_ms", timestamp_ms);
        }
    }

    fn labels(&mut self, labels: &[Label<'_>]) {
        for label in labels {
            self.message("label", |writer| {
                writer.string("name", &label.name);
                writer.string("value", &label.value);
            });
        }
    }

    fn counter(&mut self, counter: &Counter<'_>) {
        self.double("value", counter.value);
        if let Some(exemplar) = &counter.exemplar {
            self.exemplar("exemplar", exemplar);
        }
        self.timestamp("created_timestamp", counter.created);
    }

    fn summary(&mut self, summary: &Summary) {
        self.uint("sample_count", summary.sample_count);
        self.double("sample_sum", summary.sample_sum);
        for quantile in &summary.quantiles {
            self.message("quantile", |writer| {
                writer.double("quantile", quantile.quantile);
                writer.double("value", quantile.value);
            });
        }
        self.timestamp("created_timestamp", summary.created);
    }

    fn histogram(&mut self, histogram: &Histogram<'_>) {
        self.count(
            ["sample_count", "sample_count_float"],
            histogram.sample_count,
            histogram.sample_count_float,
        );
        self.double("sample_sum", histogram.sample_sum);
        for bucket in &histogram.buckets {
            self.message("bucket", |writer| writer.bucket(bucket));
        }
        self.timestamp("created_timestamp", histogram.created);
        if let Some(native) = &histogram.native {
            self.native(native);
        }
        for exemplar in &histogram.exemplars {
            self.exemplar("exemplars", exemplar);
        }
    }

    fn bucket(&mut self, bucket: &Bucket<'_>) {
        self.count(
            ["cumulative_count", "cumulative_count_float"],
            bucket.cumulative_count,
            bucket.cumulative_count_float,
        );
        self.double("upper_bound", bucket.upper_bound);
        if let Some(exemplar) = &bucket.exemplar {
            self.exemplar("exemplar", exemplar);
        }
    }

    fn native(&mut self, native: &NativeHistogram) {
        self.int("schema", i64::from(native.schema));
        self.double("zero_threshold", native.zero_threshold);
        self.count(
            ["zero_count", "zero_count_float"],
            native.zero_count,
            native.zero_count_float,
        );
        self.native_buckets(
            ["negative_span", "negative_delta", "negative_count"],
            &native.negative,
        );
        self.native_buckets(
            ["positive_span", "positive_delta", "positive_count"],
            &native.positive,
        );
    }

    fn native_buckets(&mut self, [span, delta, count]: [&str; 3], buckets: &NativeBuckets) {
        for value in &buckets.spans {
            self.message(span, |writer| {
                writer.int("offset", i64::from(value.offset));
                writer.uint("length", u64::from(value.length));
            });
        }
        for &value in &buckets.deltas {
            self.int(delta, value);
        }
        for &value in &buckets.counts {
            self.double(count, value);
        }
    }

    fn exemplar(&mut self, name: &str, exemplar: &Exemplar<'_>) {
        self.message(name, |writer| {
            writer.labels(&exemplar.labels);
            writer.double("value", exemplar.value);
            writer.timestamp("timestamp", exemplar.timestamp);
        });
    }

    fn timestamp(&mut self, name: &str, timestamp: Option<Timestamp>) {
        let Some(Timestamp { seconds, nanos }) = timestamp else {
            return;
        };
        self.message(name, |writer| {
            if seconds != 0 {
                writer.int("seconds", seconds);
            }
            if nanos != 0 {
                writer.int("nanos", i64::from(nanos));
            }
        });
    }

    /// A count that is an integer or a float, whichever was given.
    fn count(&mut self, [integer_name, float_name]: [&str; 2], integer: u64, float: f64) {
        if needs_integer(integer, float) {
            self.uint(integer_name, integer);
        }
        if is_set(float) {
            self.double(float_name, float);
        }
    }
}

fn push_escaped(out: &mut String, character: char) {
    match character {
        '"' | '\\' => out.extend(['\\', character]),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..'\u{20}' | '\u{7f}' => push_display(out, format_args!("\\x{:02x}", character as u32)),
        '\u{80}'..='\u{9f}' => push_display(out, format_args!("\\u{:04x}", character as u32)),
        _ => out.push(character),
    }
}

fn push_display(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}
