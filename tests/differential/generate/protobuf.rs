//! Bodies in delimited protobuf: valid families, and ones spoiled in their bytes.

use fastrand::Rng;
use spin_pushgateway::exposition::model::{
    Bucket, Counter, Exemplar, Histogram, Label, Metric, MetricFamily, MetricType, Quantile,
    Summary, Timestamp, Value,
};
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::protobuf::write_family;

use super::native::{native, observations};
use super::sample::{Kind, label_set};
use super::wire::{self, odd_family};
use super::{families, one_in, pick};

/// The families of a body, each with its length.
pub(super) fn pieces(rng: &mut Rng, names: NameScheme) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    for _ in 0..rng.usize(0..=3) {
        let mut piece = Vec::new();
        write_family(&mut piece, &family(rng, names));
        pieces.push(piece);
    }
    if one_in(rng, 8) {
        let place = rng.usize(0..=pieces.len());
        pieces.insert(place, odd_family(rng));
    }
    if one_in(rng, 5) {
        wire::mutate(rng, &mut pieces);
    }
    pieces
}

fn family(rng: &mut Rng, names: NameScheme) -> MetricFamily<'static> {
    let (name, kind) = families::named(rng, names);
    let most = if one_in(rng, 60) { 0 } else { 3 };
    let metrics = rng.usize(1.min(most)..=most);
    MetricFamily {
        name: name.into(),
        help: families::help(rng).map(Into::into),
        metric_type: kind.metric_type(),
        unit: one_in(rng, 12).then(|| "seconds".into()),
        metrics: (0..metrics).map(|_| metric(rng, kind, names)).collect(),
    }
}

fn metric(rng: &mut Rng, kind: Kind, names: NameScheme) -> Metric<'static> {
    let labels = label_set(rng, names)
        .into_iter()
        .map(|(name, value)| Label::new(name, unescaped(value)))
        .collect();
    let value = match kind.metric_type() {
        MetricType::Counter => Value::Counter(Counter {
            value: number(rng),
            exemplar: one_in(rng, 6).then(|| exemplar(rng)),
            created: created(rng),
        }),
        MetricType::Gauge => Value::Gauge(number(rng)),
        MetricType::Untyped => Value::Untyped(number(rng)),
        MetricType::Summary => Value::Summary(summary(rng)),
        MetricType::Histogram | MetricType::GaugeHistogram => {
            Value::Histogram(Box::new(histogram(rng)))
        }
    };
    Metric {
        labels,
        value,
        timestamp_ms: one_in(rng, 120).then(|| pick(rng, &[0, 1_700_000_000_000])),
    }
}

/// A label value of the text format as it is.
fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n")
        .replace("\\\"", "\"")
        .replace("\\\\", "\\")
}

fn number(rng: &mut Rng) -> f64 {
    const NUMBERS: [f64; 16] = [
        0.0,
        1.0,
        2.0,
        -1.0,
        -0.0,
        0.5,
        1.7,
        100_000.0,
        1e6,
        123_456_789.0,
        1e-5,
        1e21,
        5e-324,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    pick(rng, &NUMBERS)
}

fn count(rng: &mut Rng) -> u64 {
    pick(rng, &[0, 1, 2, 3, 1_000_000, 9_007_199_254_740_993])
}

fn float_count(rng: &mut Rng) -> f64 {
    pick(rng, &[0.5, 1.0, 2.5, 1e6])
}

fn timestamp(rng: &mut Rng) -> Timestamp {
    Timestamp {
        seconds: pick(rng, &[0, 1, 1_700_000_000, -1]),
        nanos: pick(rng, &[0, 0, 1, 999_999_999]),
    }
}

fn created(rng: &mut Rng) -> Option<Timestamp> {
    one_in(rng, 6).then(|| timestamp(rng))
}

fn exemplar(rng: &mut Rng) -> Exemplar<'static> {
    let labels = match rng.u8(..3) {
        0 => vec![],
        _ => vec![Label::new("trace_id", "é\"1")],
    };
    Exemplar {
        labels,
        value: number(rng),
        timestamp: one_in(rng, 2).then(|| timestamp(rng)),
    }
}

fn summary(rng: &mut Rng) -> Summary {
    let quantiles = (0..rng.usize(0..=2)).map(|_| Quantile {
        quantile: pick(rng, &[0.5, 0.5, 0.99, 1.0, 1e-5, f64::NAN]),
        value: number(rng),
    });
    Summary {
        quantiles: quantiles.collect(),
        sample_count: count(rng),
        sample_sum: number(rng),
        created: created(rng),
    }
}

fn histogram(rng: &mut Rng) -> Histogram<'static> {
    let is_float = one_in(rng, 5);
    let mut histogram = Histogram {
        sample_sum: number(rng),
        created: created(rng),
        ..Histogram::default()
    };
    if is_float {
        histogram.sample_count_float = float_count(rng);
    } else {
        histogram.sample_count = count(rng);
    }
    for _ in 0..rng.usize(0..=3) {
        let mut bucket = Bucket {
            upper_bound: pick(rng, &[0.1, 0.5, 1.0, 1e6, f64::INFINITY, -0.0]),
            exemplar: one_in(rng, 8).then(|| exemplar(rng)),
            ..Bucket::default()
        };
        if is_float {
            bucket.cumulative_count_float = float_count(rng);
        } else {
            bucket.cumulative_count = count(rng);
        }
        histogram.buckets.push(bucket);
    }
    if one_in(rng, 3) {
        let native = native(rng, is_float);
        if !is_float {
            histogram.sample_count = observations(&native);
        }
        histogram.native = Some(native);
        histogram.exemplars = (0..rng.usize(0..=2)).map(|_| exemplar(rng)).collect();
    }
    histogram
}

#[cfg(test)]
mod tests {
    use spin_pushgateway::exposition::protobuf::parse;

    use super::*;

    #[test]
    fn families_are_valid_and_of_every_type() {
        let mut types = std::collections::HashSet::new();
        for seed in 0..300 {
            let family = family(&mut Rng::with_seed(seed), NameScheme::Utf8);
            let mut bytes = Vec::new();
            write_family(&mut bytes, &family);
            if let Err(error) = parse(&bytes, NameScheme::Utf8) {
                panic!("{error}: {family:#?}");
            }
            types.insert(family.metric_type);
        }
        assert_eq!(types.len(), MetricType::ALL.len());
    }
}
