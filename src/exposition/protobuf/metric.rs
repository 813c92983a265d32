//! One `Metric` message and the messages in it.
//!
//! Every function merges a message into a value, since protobuf lets a field occur several times: of a number the last
//! counts, lists grow, and messages merge. Fields that the schema does not know are skipped, and so are known ones of
//! another wire type, as protobuf's own readers do.

use std::borrow::Cow;

use super::error::{ErrorKind, Fault};
use super::native;
use super::schema::{
    bucket, bucket_span, counter, exemplar, histogram, label_pair, metric, plain_value, quantile,
    summary, timestamp,
};
use super::wire::{Reader, WireValue, zigzag_decode};
use crate::exposition::model::{
    Bucket, BucketSpan, Counter, Exemplar, Histogram, Label, Metric, MetricType, NativeBuckets,
    Quantile, Summary, Timestamp, Value,
};
use crate::exposition::names::NameScheme;

/// Reads the metrics of one family.
#[derive(Clone, Copy, Debug)]
pub(super) struct MetricParser {
    /// The type of the family, which says which value a metric must have.
    pub(super) metric_type: MetricType,
    /// Which label names are allowed.
    pub(super) scheme: NameScheme,
}

impl MetricParser {
    /// Reads a `Metric` message. A value of another type beside the right one is skipped.
    pub(super) fn metric<'a>(self, message: &'a [u8]) -> Result<Metric<'a>, Fault> {
        let mut labels = Vec::new();
        let mut timestamp_ms = None;
        let mut value = empty_value(self.metric_type);
        let mut has_value = false;
        let mut other_value = None;

        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            let nested = match field.value {
                WireValue::Bytes(nested) => nested,
                WireValue::Varint(number) if field.number == metric::TIMESTAMP_MS => {
                    timestamp_ms = Some(number.cast_signed());
                    continue;
                }
                _ => continue,
            };
            let name = match field.number {
                metric::LABEL => {
                    labels.push(self.label(nested).map_err(|fault| fault.within("label"))?);
                    continue;
                }
                metric::GAUGE => "gauge",
                metric::COUNTER => "counter",
                metric::SUMMARY => "summary",
                metric::UNTYPED => "untyped",
                metric::HISTOGRAM => "histogram",
                _ => continue,
            };
            let merged = match (field.number, &mut value) {
                (metric::GAUGE, Value::Gauge(value)) | (metric::UNTYPED, Value::Untyped(value)) => {
                    merge_plain_value(value, nested)
                }
                (metric::COUNTER, Value::Counter(counter)) => self.merge_counter(counter, nested),
                (metric::SUMMARY, Value::Summary(summary)) => merge_summary(summary, nested),
                (metric::HISTOGRAM, Value::Histogram(histogram)) => {
                    self.merge_histogram(histogram, nested)
                }
                _ => {
                    other_value = Some(name);
                    continue;
                }
            };
            merged.map_err(|fault| fault.within(name))?;
            has_value = true;
        }

        if !has_value {
            let kind = ErrorKind::WrongValue {
                expected: self.metric_type,
                found: other_value,
            };
            return Err(kind.into());
        }
        if let Value::Histogram(histogram) = &value {
            native::check(histogram).map_err(|fault| fault.within("histogram"))?;
        }
        Ok(Metric {
            labels,
            value,
            timestamp_ms,
        })
    }

    fn label<'a>(self, message: &'a [u8]) -> Result<Label<'a>, Fault> {
        let mut label = Label::new("", "");
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (label_pair::NAME, WireValue::Bytes(bytes)) => label.name = string(bytes, "name")?,
                (label_pair::VALUE, WireValue::Bytes(bytes)) => {
                    label.value = string(bytes, "value")?;
                }
                _ => {}
            }
        }
        if !self.scheme.is_label_name(&label.name) {
            let kind = ErrorKind::InvalidLabelName(label.name.into_owned());
            return Err(Fault::from(kind).within("name"));
        }
        Ok(label)
    }

    fn merge_counter<'a>(self, into: &mut Counter<'a>, message: &'a [u8]) -> Result<(), Fault> {
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (counter::VALUE, WireValue::Fixed64(bits)) => into.value = f64::from_bits(bits),
                (counter::EXEMPLAR, WireValue::Bytes(bytes)) => {
                    let exemplar = into.exemplar.get_or_insert_default();
                    self.merge_exemplar(exemplar, bytes)
                        .map_err(|fault| fault.within("exemplar"))?;
                }
                (counter::CREATED_TIMESTAMP, WireValue::Bytes(bytes)) => {
                    merge_created(&mut into.created, bytes)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn merge_histogram<'a>(self, into: &mut Histogram<'a>, message: &'a [u8]) -> Result<(), Fault> {
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            // All fields from here to the other bound make the histogram a native one, even with zero in them: a
            // schema of 0 is as good as any.
            if (histogram::SCHEMA..=histogram::POSITIVE_COUNT).contains(&field.number) {
                let native = into.native.get_or_insert_default();
                match (field.number, field.value) {
                    (histogram::SCHEMA, WireValue::Varint(number)) => {
                        native.schema = sint32(number);
                    }
                    (histogram::ZERO_THRESHOLD, WireValue::Fixed64(bits)) => {
                        native.zero_threshold = f64::from_bits(bits);
                    }
                    (histogram::ZERO_COUNT, WireValue::Varint(count)) => native.zero_count = count,
                    (histogram::ZERO_COUNT_FLOAT, WireValue::Fixed64(bits)) => {
                        native.zero_count_float = f64::from_bits(bits);
                    }
                    (number @ ..histogram::POSITIVE_SPAN, value) => {
                        merge_buckets(&mut native.negative, number, value)?;
                    }
                    (number, value) => {
                        // The fields of the positive side follow those of the negative side in the same order.
                        let offset = histogram::POSITIVE_SPAN - histogram::NEGATIVE_SPAN;
                        merge_buckets(&mut native.positive, number - offset, value)?;
                    }
                }
                continue;
            }
            match (field.number, field.value) {
                (histogram::SAMPLE_COUNT, WireValue::Varint(count)) => into.sample_count = count,
                (histogram::SAMPLE_COUNT_FLOAT, WireValue::Fixed64(bits)) => {
                    into.sample_count_float = f64::from_bits(bits);
                }
                (histogram::SAMPLE_SUM, WireValue::Fixed64(bits)) => {
                    into.sample_sum = f64::from_bits(bits);
                }
                (histogram::BUCKET, WireValue::Bytes(bytes)) => {
                    let bucket = self.bucket(bytes).map_err(|fault| fault.within("bucket"))?;
                    into.buckets.push(bucket);
                }
                (histogram::CREATED_TIMESTAMP, WireValue::Bytes(bytes)) => {
                    merge_created(&mut into.created, bytes)?;
                }
                (histogram::EXEMPLARS, WireValue::Bytes(bytes)) => {
                    let mut exemplar = Exemplar::default();
                    self.merge_exemplar(&mut exemplar, bytes)
                        .map_err(|fault| fault.within("exemplars"))?;
                    into.exemplars.push(exemplar);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn bucket<'a>(self, message: &'a [u8]) -> Result<Bucket<'a>, Fault> {
        let mut into = Bucket::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (bucket::CUMULATIVE_COUNT, WireValue::Varint(count)) => {
                    into.cumulative_count = count;
                }
                (bucket::CUMULATIVE_COUNT_FLOAT, WireValue::Fixed64(bits)) => {
                    into.cumulative_count_float = f64::from_bits(bits);
                }
                (bucket::UPPER_BOUND, WireValue::Fixed64(bits)) => {
                    into.upper_bound = f64::from_bits(bits);
                }
                (bucket::EXEMPLAR, WireValue::Bytes(bytes)) => {
                    let exemplar = into.exemplar.get_or_insert_default();
                    self.merge_exemplar(exemplar, bytes)
                        .map_err(|fault| fault.within("exemplar"))?;
                }
                _ => {}
            }
        }
        Ok(into)
    }

    fn merge_exemplar<'a>(self, into: &mut Exemplar<'a>, message: &'a [u8]) -> Result<(), Fault> {
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match (field.number, field.value) {
                (exemplar::LABEL, WireValue::Bytes(bytes)) => {
                    let label = self.label(bytes).map_err(|fault| fault.within("label"))?;
                    into.labels.push(label);
                }
                (exemplar::VALUE, WireValue::Fixed64(bits)) => into.value = f64::from_bits(bits),
                (exemplar::TIMESTAMP, WireValue::Bytes(bytes)) => {
                    merge_timestamp(into.timestamp.get_or_insert_default(), bytes)
                        .map_err(|fault| fault.within("timestamp"))?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn empty_value<'a>(metric_type: MetricType) -> Value<'a> {
    match metric_type {
        MetricType::Counter => Value::Counter(Counter::default()),
        MetricType::Gauge => Value::Gauge(0.0),
        MetricType::Summary => Value::Summary(Summary::default()),
        MetricType::Untyped => Value::Untyped(0.0),
        MetricType::Histogram | MetricType::GaugeHistogram => Value::Histogram(Box::default()),
    }
}

fn merge_plain_value(into: &mut f64, message: &[u8]) -> Result<(), Fault> {
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        if let (plain_value::VALUE, WireValue::Fixed64(bits)) = (field.number, field.value) {
            *into = f64::from_bits(bits);
        }
    }
    Ok(())
}

fn merge_summary(into: &mut Summary, message: &[u8]) -> Result<(), Fault> {
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match (field.number, field.value) {
            (summary::SAMPLE_COUNT, WireValue::Varint(count)) => into.sample_count = count,
            (summary::SAMPLE_SUM, WireValue::Fixed64(bits)) => {
                into.sample_sum = f64::from_bits(bits);
            }
            (summary::QUANTILE, WireValue::Bytes(bytes)) => {
                let quantile = quantile(bytes).map_err(|fault| fault.within("quantile"))?;
                into.quantiles.push(quantile);
            }
            (summary::CREATED_TIMESTAMP, WireValue::Bytes(bytes)) => {
                merge_created(&mut into.created, bytes)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn quantile(message: &[u8]) -> Result<Quantile, Fault> {
    let mut into = Quantile {
        quantile: 0.0,
        value: 0.0,
    };
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match (field.number, field.value) {
            (quantile::QUANTILE, WireValue::Fixed64(bits)) => into.quantile = f64::from_bits(bits),
            (quantile::VALUE, WireValue::Fixed64(bits)) => into.value = f64::from_bits(bits),
            _ => {}
        }
    }
    Ok(into)
}

/// One field of one side's native buckets, numbered as on the negative side. Lists of numbers may be packed or not.
fn merge_buckets(into: &mut NativeBuckets, number: u32, value: WireValue<'_>) -> Result<(), Fault> {
    match (number, value) {
        (histogram::NEGATIVE_SPAN, WireValue::Bytes(bytes)) => into.spans.push(span(bytes)?),
        (histogram::NEGATIVE_DELTA, WireValue::Varint(delta)) => {
            into.deltas.push(zigzag_decode(delta));
        }
        (histogram::NEGATIVE_DELTA, WireValue::Bytes(packed)) => {
            let mut reader = Reader::new(packed);
            while !reader.is_empty() {
                into.deltas.push(zigzag_decode(reader.varint()?));
            }
        }
        (histogram::NEGATIVE_COUNT, WireValue::Fixed64(bits)) => {
            into.counts.push(f64::from_bits(bits));
        }
        (histogram::NEGATIVE_COUNT, WireValue::Bytes(packed)) => {
            let mut reader = Reader::new(packed);
            while !reader.is_empty() {
                into.counts.push(f64::from_bits(reader.fixed64()?));
            }
        }
        _ => {}
    }
    Ok(())
}

fn span(message: &[u8]) -> Result<BucketSpan, Fault> {
    let mut into = BucketSpan::default();
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match (field.number, field.value) {
            (bucket_span::OFFSET, WireValue::Varint(number)) => into.offset = sint32(number),
            // Numbers of 32 bits are cut to size, as protobuf has it.
            (bucket_span::LENGTH, WireValue::Varint(number)) => into.length = number as u32,
            _ => {}
        }
    }
    Ok(into)
}

fn merge_created(into: &mut Option<Timestamp>, message: &[u8]) -> Result<(), Fault> {
    merge_timestamp(into.get_or_insert_default(), message)
        .map_err(|fault| fault.within("created_timestamp"))
}

fn merge_timestamp(into: &mut Timestamp, message: &[u8]) -> Result<(), Fault> {
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match (field.number, field.value) {
            (timestamp::SECONDS, WireValue::Varint(number)) => into.seconds = number.cast_signed(),
            (timestamp::NANOS, WireValue::Varint(number)) => into.nanos = number as i32,
            _ => {}
        }
    }
    if !(0..1_000_000_000).contains(&into.nanos) {
        return Err(Fault::from(ErrorKind::InvalidNanos(into.nanos)).within("nanos"));
    }
    Ok(())
}

fn sint32(number: u64) -> i32 {
    // Cut to size before it is decoded, as protobuf has it.
    zigzag_decode(u64::from(number as u32)) as i32
}

/// The text of a string field.
pub(super) fn string<'a>(bytes: &'a [u8], field: &'static str) -> Result<Cow<'a, str>, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => Err(Fault::from(ErrorKind::InvalidUtf8).within(field)),
    }
}
