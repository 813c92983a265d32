//! Series as they are stored: labelled, ordered and rendered when they are pushed, so that a scrape only copies.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use super::key::{GroupingKey, INSTANCE};
use crate::bytes;
use crate::exposition::model::{Bucket, Label, Metric, MetricFamily, MetricType, Value};
use crate::exposition::names::NameScheme;
use crate::exposition::{protobuf, text};

/// A pushed family, ready for storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFamily<'a> {
    /// The metric name.
    pub name: &'a str,
    /// The HELP text, unescaped.
    pub help: Option<&'a str>,
    /// The type.
    pub metric_type: MetricType,
    /// The series, sorted by their keys.
    pub series: SeriesList,
    /// Whether a name in it is none of the traditional alphabet, so that readers may need it escaped.
    pub has_utf8_names: bool,
    /// The family as a protobuf message, its metrics in the order of the series, if it holds something that the text
    /// format has no words for.
    pub message: Option<Vec<u8>>,
}

impl<'a> RenderedFamily<'a> {
    /// A family of plain series, which come in order.
    #[must_use]
    pub fn of_series(
        name: &'a str,
        help: Option<&'a str>,
        metric_type: MetricType,
        series: impl IntoIterator<Item = RenderedSeries>,
    ) -> Self {
        Self {
            name,
            help,
            metric_type,
            series: series.into_iter().collect(),
            has_utf8_names: false,
            message: None,
        }
    }
}

/// One series, ready for storage. (A histogram or summary is one series here, though it has many lines.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedSeries {
    /// Orders series within a family and identifies them: see [`sort_key`].
    pub key: Vec<u8>,
    /// The lines of the text format.
    pub text: String,
}

/// Series in order, ready for storage: their keys and texts stand one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesList {
    keys: Vec<u8>,
    text: String,
    /// Where key and text of each end, which begin where those of the one before end.
    ends: Vec<(usize, usize)>,
}

impl SeriesList {
    /// Room for so many series, with keys and texts of so many bytes.
    fn with_capacity(series: usize, key_bytes: usize, text_bytes: usize) -> Self {
        Self {
            keys: Vec::with_capacity(key_bytes),
            text: String::with_capacity(text_bytes),
            ends: Vec::with_capacity(series),
        }
    }

    /// Adds a series with this key, whose text is what this writes.
    pub fn add(&mut self, key: &[u8], write: impl FnOnce(&mut String)) {
        self.keys.extend_from_slice(key);
        write(&mut self.text);
        self.ends.push((self.keys.len(), self.text.len()));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The texts of all of them.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Key and text of the one at this place.
    pub(super) fn get(&self, at: usize) -> Option<(&[u8], &str)> {
        let (key_end, text_end) = *self.ends.get(at)?;
        let before = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let (key, text) = before.copied().unwrap_or_default();
        Some((self.keys.get(key..key_end)?, self.text.get(text..text_end)?))
    }

    /// Keys and texts.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &str)> {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

impl FromIterator<RenderedSeries> for SeriesList {
    fn from_iter<I: IntoIterator<Item = RenderedSeries>>(series: I) -> Self {
        let mut list = Self::default();
        for RenderedSeries { key, text } in series {
            list.add(&key, |out| out.push_str(&text));
        }
        list
    }
}

/// The size in bytes that the text of these families has at least, once they have the labels of their group.
///
/// Every line of a metric has all its labels. They are counted as they are, without quotes and escapes.
#[must_use]
pub fn least_text_bytes(families: &[MetricFamily<'_>], key: &GroupingKey) -> usize {
    let bytes = |(name, value): (&str, &str)| name.len().saturating_add(value.len());
    let of_group: usize = key.labels().map(bytes).sum();
    let of_metric = |name: &str, metric: &Metric<'_>| {
        // Those that the group has too may be replaced by its own.
        let own = metric
            .labels
            .iter()
            .filter(|label| key.get(&label.name).is_none());
        let own: usize = own.map(|label| bytes((&label.name, &label.value))).sum();
        let lines = match &metric.value {
            Value::Histogram(histogram) => histogram.buckets.len().saturating_add(2),
            Value::Summary(summary) => summary.quantiles.len().saturating_add(2),
            Value::Counter(_) | Value::Gauge(_) | Value::Untyped(_) => 1,
        };
        lines.saturating_mul(name.len().saturating_add(own).saturating_add(of_group))
    };
    families
        .iter()
        .flat_map(|family| {
            family
                .metrics
                .iter()
                .map(|metric| of_metric(&family.name, metric))
        })
        .fold(0, usize::saturating_add)
}

/// Gives every metric of the family the labels of its group.
///
/// Grouping labels win over pushed ones, a metric without `instance` gets an empty one, labels end up sorted by name:
/// the Pushgateway's `sanitizeLabels`.
pub fn apply_grouping_labels<'a>(family: &mut MetricFamily<'a>, key: &'a GroupingKey) {
    let of_group: Vec<Label<'a>> = key
        .labels()
        .map(|(name, value)| Label::new(name, value))
        .collect();
    for metric in &mut family.metrics {
        let mut pushed = std::mem::take(&mut metric.labels);
        pushed.sort_by(|a, b| a.name.cmp(&b.name));
        let mut labels = Vec::with_capacity(pushed.len() + of_group.len() + 1);
        let mut of_group = of_group.iter().peekable();
        let mut last: Option<Cow<'a, str>> = None;
        for label in pushed {
            while let Some(next) = of_group.next_if(|next| next.name < label.name) {
                labels.push(next.clone());
            }
            // The first of that name only: a label that was pushed twice is left for the check to find.
            let is_first = last.replace(label.name.clone()).as_deref() != Some(&*label.name);
            match of_group.next_if(|next| is_first && next.name == label.name) {
                Some(next) => labels.push(next.clone()),
                None => labels.push(label),
            }
        }
        labels.extend(of_group.cloned());
        if let Err(place) = labels.binary_search_by(|label| (*label.name).cmp(INSTANCE)) {
            labels.insert(place, Label::new(INSTANCE, ""));
        }
        metric.labels = labels;
    }
}

/// The labels of a group's automatic metrics: its grouping labels and `instance`, sorted by name.
#[must_use]
pub fn group_labels<'a>(labels: &[(&'a str, &'a str)]) -> Vec<Label<'a>> {
    let mut labels: Vec<_> = labels
        .iter()
        .map(|&(name, value)| Label::new(name, value))
        .collect();
    if !labels.iter().any(|label| label.name == INSTANCE) {
        labels.push(Label::new(INSTANCE, ""));
        labels.sort_by(|a, b| a.name.cmp(&b.name));
    }
    labels
}

/// How many bytes a line usually has beside names and label values.
const USUAL_REST: usize = 32;

/// Renders a family whose metrics have their final labels.
#[must_use]
pub fn render<'a>(family: &'a MetricFamily<'_>) -> RenderedFamily<'a> {
    let mut keys = Vec::new();
    let mut metrics: Vec<_> = family
        .metrics
        .iter()
        .map(|metric| {
            let start = keys.len();
            write_sort_key(&mut keys, &metric.labels);
            (start..keys.len(), metric)
        })
        .collect();
    let key = |range: &Range<usize>| keys.get(range.clone()).unwrap_or_default();
    metrics.sort_by(|(a, _), (b, _)| bytes::compare(key(a), key(b)));
    let has_utf8_label = |metric: &Metric<'_>| has_utf8_names(&metric.labels);
    let has_utf8_names = !NameScheme::Legacy.is_metric_name(&family.name)
        || family.metrics.iter().any(has_utf8_label);
    let write = if has_utf8_names {
        text::write_metric
    } else {
        text::write_legacy_metric
    };
    // A line has the name, what is in the key, and besides some signs and a value.
    let text_bytes = keys.len() + metrics.len() * (family.name.len() + USUAL_REST);
    let mut series = SeriesList::with_capacity(metrics.len(), keys.len(), text_bytes);
    for (range, metric) in &metrics {
        series.add(key(range), |text| write(text, &family.name, metric));
    }
    RenderedFamily {
        has_utf8_names,
        message: (!is_all_text(family))
            .then(|| message(family, metrics.iter().map(|(_, metric)| *metric))),
        name: &family.name,
        help: family.help.as_deref(),
        metric_type: family.metric_type,
        series,
    }
}

/// Whether one of these labels has a name that is not of the traditional alphabet.
pub(super) fn has_utf8_names(labels: &[Label<'_>]) -> bool {
    labels
        .iter()
        .any(|label| !NameScheme::Legacy.is_label_name(&label.name))
}

/// The family as a protobuf message, with its metrics in this order.
fn message<'m, 'a: 'm>(
    family: &MetricFamily<'a>,
    metrics: impl Iterator<Item = &'m Metric<'a>>,
) -> Vec<u8> {
    let metrics = metrics.cloned().collect();
    let mut message = Vec::new();
    protobuf::write_family(
        &mut message,
        &MetricFamily {
            metrics,
            ..family.clone()
        },
    );
    message
}

/// Whether the text format says all that is to be said of a family.
fn is_all_text(family: &MetricFamily<'_>) -> bool {
    family.unit.is_none() && family.metrics.iter().all(|metric| is_text(&metric.value))
}

fn is_text(value: &Value<'_>) -> bool {
    match value {
        Value::Gauge(_) | Value::Untyped(_) => true,
        Value::Counter(counter) => counter.exemplar.is_none() && counter.created.is_none(),
        Value::Summary(summary) => {
            summary.created.is_none()
                && is_exact(summary.sample_count)
                && !summary
                    .quantiles
                    .iter()
                    .any(|quantile| quantile.quantile.is_nan())
        }
        Value::Histogram(histogram) => {
            histogram.native.is_none()
                && histogram.created.is_none()
                && histogram.exemplars.is_empty()
                && histogram.sample_count_float == 0.0
                && is_exact(histogram.sample_count)
                && histogram.buckets.iter().all(is_text_bucket)
                // The text format always has a bucket for +Inf.
                && histogram.buckets.iter().any(|bucket| bucket.upper_bound == f64::INFINITY)
        }
    }
}

fn is_text_bucket(bucket: &Bucket<'_>) -> bool {
    bucket.exemplar.is_none()
        && bucket.cumulative_count_float == 0.0
        && is_exact(bucket.cumulative_count)
        && !bucket.upper_bound.is_nan()
}

/// Whether a count is the same as the float that the text format makes of it.
fn is_exact(count: u64) -> bool {
    count <= 1 << f64::MANTISSA_DIGITS
}

/// The bytes that order series within a family as the Pushgateway orders them, and that are equal for equal label
/// sets only: the number of labels, then the label values from left to right, then the names.
///
/// (The Pushgateway leaves the order of series that differ in names only to chance.)
///
/// `labels` are sorted by name. Values may hold any byte, so each is ended by `00 01`, and a zero byte within is
/// written `00 FF`: byte order of the whole is then the order of the values one after the other.
#[must_use]
pub fn sort_key(labels: &[Label<'_>]) -> Vec<u8> {
    let mut key = Vec::new();
    write_sort_key(&mut key, labels);
    key
}

/// Adds a [`sort_key`] to these bytes.
pub(super) fn write_sort_key(key: &mut Vec<u8>, labels: &[Label<'_>]) {
    let size = labels
        .iter()
        .map(|label| label.name.len() + label.value.len() + 4)
        .sum::<usize>()
        + 2;
    key.reserve(size);
    let count = u16::try_from(labels.len()).unwrap_or(u16::MAX);
    key.extend(count.to_be_bytes());
    for label in labels {
        push_ordered(key, &label.value);
    }
    for label in labels {
        push_ordered(key, &label.name);
    }
}

fn push_ordered(key: &mut Vec<u8>, text: &str) {
    let text = text.as_bytes();
    if text.contains(&0) {
        for &byte in text {
            key.push(byte);
            key.extend((byte == 0).then_some(0xFF));
        }
    } else {
        key.extend_from_slice(text);
    }
    key.extend_from_slice(&[0, 1]);
}

/// Metrics that have the same labels as one before them in the family: by position.
///
/// The metrics' labels are sorted by name.
#[must_use]
pub fn duplicates(family: &MetricFamily<'_>) -> Vec<usize> {
    let mut metrics: Vec<_> = family.metrics.iter().enumerate().collect();
    // Of those with the same labels, which come in their order, all but the first.
    metrics.sort_by(|(_, a), (_, b)| compare_labels(a, b));
    let pairs = metrics.windows(2).filter_map(|pair| match pair {
        [(_, earlier), (at, later)] => compare_labels(earlier, later).is_eq().then_some(*at),
        _ => None,
    });
    let mut duplicates: Vec<_> = pairs.collect();
    duplicates.sort_unstable();
    duplicates
}

/// Any order of the labels of metrics in which only equal ones are equal.
fn compare_labels(a: &Metric<'_>, b: &Metric<'_>) -> Ordering {
    let label = |(a, b): (&Label<'_>, &Label<'_>)| {
        let values = bytes::compare(&*a.value, &*b.value);
        values.then_with(|| bytes::compare(&*a.name, &*b.name))
    };
    let count = a.labels.len().cmp(&b.labels.len());
    let mut labels = a.labels.iter().zip(&b.labels).map(label);
    count.then_with(|| {
        labels
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&'static str, &'static str)]) -> Vec<Label<'static>> {
        pairs
            .iter()
            .map(|&(name, value)| Label::new(name, value))
            .collect()
    }

    fn family(series: &[&[(&'static str, &'static str)]]) -> MetricFamily<'static> {
        let metric = |pairs: &&[(&'static str, &'static str)]| Metric {
            labels: labels(pairs),
            value: Value::Untyped(1.0),
            timestamp_ms: None,
        };
        MetricFamily {
            name: "m".into(),
            help: None,
            metric_type: MetricType::Untyped,
            unit: None,
            metrics: series.iter().map(metric).collect(),
        }
    }

    #[test]
    fn series_order_by_number_of_labels_then_by_values() {
        // Pushgateway: a{…} (2 labels) < a{x="10"} < a{x="2"} < a{x="1",y="0"}; then ties by name.
        let ordered: [&[(&str, &str)]; 8] = [
            &[],
            &[("x", "")],
            &[("x", "10")],
            &[("x", "2")],
            &[("y", "2")],
            &[("x", "1"), ("y", "0")],
            &[("x", "1\0"), ("y", "")],
            &[("x", "1a"), ("y", "")],
        ];
        let keys: Vec<_> = ordered
            .iter()
            .map(|pairs| sort_key(&labels(pairs)))
            .collect();
        assert!(keys.is_sorted(), "{keys:?}");
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(
                keys.iter().position(|other| other == key),
                Some(at),
                "keys differ"
            );
        }
    }

    #[test]
    fn labels_cannot_be_shifted_into_one_another() {
        assert_ne!(
            sort_key(&labels(&[("a", "b"), ("c", "d")])),
            sort_key(&labels(&[("a", "b\0\u{1}d"), ("c", "")]))
        );
    }

    #[test]
    fn grouping_labels_win_and_instance_is_always_there() {
        let key = GroupingKey::new([("job", "j"), ("zone", "z")]).expect("has a job");
        let mut pushed = family(&[
            &[("zone", "other"), ("a", "1")],
            &[("instance", "own"), ("job", "x")],
        ]);
        apply_grouping_labels(&mut pushed, &key);
        let got: Vec<_> = pushed
            .metrics
            .into_iter()
            .map(|metric| metric.labels)
            .collect();
        assert_eq!(
            got,
            [
                labels(&[("a", "1"), ("instance", ""), ("job", "j"), ("zone", "z")]),
                labels(&[("instance", "own"), ("job", "j"), ("zone", "z")]),
            ]
        );
    }

    #[test]
    fn the_least_size_is_less_than_the_size() {
        use crate::exposition::model::{Histogram, Quantile, Summary};
        let key = GroupingKey::new([("job", "j"), ("zone", "a \" and more")]).expect("has a job");
        let bucket = Bucket {
            cumulative_count: 0,
            cumulative_count_float: 0.0,
            upper_bound: 1.0,
            exemplar: None,
        };
        let values = [
            Value::Untyped(1.0),
            Value::Histogram(Box::new(Histogram {
                buckets: vec![bucket; 20],
                ..Histogram::default()
            })),
            Value::Summary(Summary {
                quantiles: vec![
                    Quantile {
                        quantile: 0.5,
                        value: 1.0
                    };
                    7
                ],
                ..Summary::default()
            }),
        ];
        for value in values {
            for pairs in [
                &[][..],
                &[("zone", "a much longer one than the group's"), ("x", "y")],
            ] {
                let mut pushed = family(&[pairs]);
                pushed.metrics[0].value = value.clone();
                let least = least_text_bytes(std::slice::from_ref(&pushed), &key);
                apply_grouping_labels(&mut pushed, &key);
                let text = render(&pushed).series.text().len();
                assert!(
                    least < text && least > text / 3,
                    "{least} {text} {value:?} {pairs:?}"
                );
            }
        }
    }

    #[test]
    fn a_label_that_was_pushed_twice_stays_so() {
        let key = GroupingKey::new([("job", "j"), ("a", "g")]).expect("has a job");
        let mut pushed = family(&[&[("a", "1"), ("a", "2")]]);
        apply_grouping_labels(&mut pushed, &key);
        assert_eq!(
            pushed.metrics[0].labels,
            labels(&[("a", "g"), ("a", "2"), ("instance", ""), ("job", "j")])
        );
    }

    #[test]
    fn what_text_cannot_say_exactly_is_kept_as_a_message() {
        use crate::exposition::model::{Histogram, Quantile, Summary};
        let summary = |sample_count, quantile| {
            let quantiles = vec![Quantile {
                quantile,
                value: 1.0,
            }];
            Value::Summary(Summary {
                sample_count,
                quantiles,
                ..Summary::default()
            })
        };
        let histogram = |count, float, bound| {
            let bucket = |upper_bound| Bucket {
                cumulative_count: count,
                cumulative_count_float: float,
                upper_bound,
                exemplar: None,
            };
            let buckets = vec![bucket(bound), bucket(f64::INFINITY)];
            Value::Histogram(Box::new(Histogram {
                buckets,
                ..Histogram::default()
            }))
        };
        let cases = [
            (summary(1 << 53, 0.5), true),
            (summary((1 << 53) + 1, 0.5), false),
            (summary(u64::MAX, 0.5), false),
            (summary(1, f64::NAN), false),
            (histogram(3, 0.0, 1.0), true),
            (histogram(u64::MAX, 0.0, 1.0), false),
            (histogram(0, 3.0, 1.0), false),
            (histogram(3, 0.0, f64::NAN), false),
        ];
        for (value, want) in cases {
            assert_eq!(is_text(&value), want, "{value:?}");
        }
    }

    #[test]
    fn a_family_is_rendered_in_order() {
        let pushed = family(&[&[("x", "2")], &[("x", "10")], &[]]);
        let rendered = render(&pushed);
        assert_eq!(rendered.series.text(), "m 1\nm{x=\"10\"} 1\nm{x=\"2\"} 1\n");
    }

    #[test]
    fn duplicates_are_found_by_labels() {
        assert_eq!(
            duplicates(&family(&[&[("x", "1")], &[("x", "2")], &[("x", "1")]])),
            [2]
        );
        assert_eq!(
            duplicates(&family(&[&[("x", "1")], &[("y", "1")], &[]])),
            [] as [usize; 0]
        );
    }
}
