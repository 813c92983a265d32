//! Metric families put together from samples that arrive line by line.

use std::borrow::Cow;
use std::collections::HashMap;

use super::error::ErrorKind;
use crate::bytes;
use crate::exposition::model::{
    Bucket, Counter, Histogram, Label, Metric, MetricFamily, MetricType, Quantile, Summary, Value,
};

/// The first float above all integers of 64 bits (2^64).
const INTEGERS_END: f64 = 18_446_744_073_709_551_616.0;

/// All families of a text, in the order of their first appearance.
#[derive(Debug, Default)]
pub(super) struct Families<'a> {
    families: Vec<Family<'a>>,
    /// What every name met so far stands for. That never changes: once `h_sum` is a part of the histogram `h`, or a
    /// family of its own, it stays so, because upstream, too, looks for a family of exactly that name first.
    targets: HashMap<Cow<'a, str>, Target>,
    /// The name met last.
    last: Option<(Cow<'a, str>, Target)>,
}

/// What a metric name stands for: a family, or a part of one. Made by [`Families::resolve`] only, and good for the
/// families that made it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    family: usize,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The family's own name.
    Whole,
    Bucket,
    Sum,
    Count,
}

/// One line's contribution.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    /// The labels without the special one.
    pub(super) labels: Vec<Label<'a>>,
    /// The value of the special label, `le` or `quantile`. NaN if there is none.
    pub(super) special: f64,
    pub(super) value: f64,
    /// The value as pushed.
    pub(super) text: &'a str,
}

#[derive(Debug)]
struct Family<'a> {
    name: Cow<'a, str>,
    help: Option<Cow<'a, str>>,
    /// Known from the TYPE line or the first sample on.
    metric_type: Option<MetricType>,
    metrics: Vec<Metric<'a>>,
    /// Where the metric of a label set is, for summaries and histograms: the key is sorted by label name.
    index: HashMap<Vec<Label<'a>>, usize>,
}

/// The label that tells the samples of one summary or histogram apart.
pub(super) fn special_label(metric_type: MetricType) -> Option<&'static str> {
    match metric_type {
        MetricType::Summary => Some("quantile"),
        MetricType::Histogram | MetricType::GaugeHistogram => Some("le"),
        MetricType::Counter | MetricType::Gauge | MetricType::Untyped => None,
    }
}

impl<'a> Families<'a> {
    /// What this name stands for, if it is the one met last.
    pub(super) fn last_named(&self, name: &[u8]) -> Option<Target> {
        let (last, target) = self.last.as_ref()?;
        bytes::equal(last.as_bytes(), name).then_some(*target)
    }

    /// What a name stands for. If it is no part of a summary or histogram declared before, this is a family of that
    /// name, which is made if need be.
    pub(super) fn resolve(&mut self, name: Cow<'a, str>) -> Target {
        let target = match self.targets.get(&name) {
            Some(target) => *target,
            None => {
                let part = self.part_of_another(&name);
                let target = part.unwrap_or_else(|| self.new_family(name.clone()));
                self.targets.insert(name.clone(), target);
                target
            }
        };
        self.last = Some((name, target));
        target
    }

    fn part_of_another(&self, name: &str) -> Option<Target> {
        let suffixes = [
            ("_count", Part::Count),
            ("_sum", Part::Sum),
            ("_bucket", Part::Bucket),
        ];
        suffixes.into_iter().find_map(|(suffix, part)| {
            let target = self.targets.get(name.strip_suffix(suffix)?)?;
            let has_part = match self.metric_type(*target) {
                MetricType::Summary => part != Part::Bucket,
                MetricType::Histogram | MetricType::GaugeHistogram => true,
                MetricType::Counter | MetricType::Gauge | MetricType::Untyped => false,
            };
            let family = target.family;
            (target.part == Part::Whole && has_part).then_some(Target { family, part })
        })
    }

    fn new_family(&mut self, name: Cow<'a, str>) -> Target {
        self.families.push(Family {
            name,
            help: None,
            metric_type: None,
            metrics: Vec::new(),
            index: HashMap::new(),
        });
        Target {
            family: self.families.len() - 1,
            part: Part::Whole,
        }
    }

    // Families are never removed, so that a target's index cannot dangle.

    fn family(&self, target: Target) -> &Family<'a> {
        &self.families[target.family]
    }

    fn family_mut(&mut self, target: Target) -> &mut Family<'a> {
        &mut self.families[target.family]
    }

    /// The name of the family.
    pub(super) fn name(&self, target: Target) -> &str {
        &self.family(target).name
    }

    /// The type of the family. Untyped as long as nothing is known.
    pub(super) fn metric_type(&self, target: Target) -> MetricType {
        let known = self.family(target).metric_type;
        known.unwrap_or(MetricType::Untyped)
    }

    /// Whether the family has a HELP text already.
    pub(super) fn has_help(&self, target: Target) -> bool {
        self.family(target).help.is_some()
    }

    /// Gives the family a HELP text.
    pub(super) fn set_help(&mut self, target: Target, help: Cow<'a, str>) {
        self.family_mut(target).help = Some(help);
    }

    /// Whether the family's type is settled, by a TYPE line or by a sample.
    pub(super) fn has_type(&self, target: Target) -> bool {
        self.family(target).metric_type.is_some()
    }

    /// Settles the family's type.
    pub(super) fn set_type(&mut self, target: Target, metric_type: MetricType) {
        self.family_mut(target).metric_type = Some(metric_type);
    }

    /// Adds a sample and returns the metric that it is, or is a part of.
    pub(super) fn add(
        &mut self,
        target: Target,
        sample: Sample<'a>,
    ) -> Result<&mut Metric<'a>, ErrorKind> {
        let family = self.family_mut(target);
        let value = match *family.metric_type.get_or_insert(MetricType::Untyped) {
            MetricType::Counter => Value::Counter(Counter {
                value: sample.value,
                ..Counter::default()
            }),
            MetricType::Gauge => Value::Gauge(sample.value),
            MetricType::Untyped => Value::Untyped(sample.value),
            MetricType::Summary => return family.add_to_summary(target.part, sample),
            MetricType::Histogram | MetricType::GaugeHistogram => {
                return family.add_to_histogram(target.part, sample);
            }
        };
        Ok(family.push(sample.labels, value))
    }

    /// The families that have metrics.
    pub(super) fn finish(self) -> Vec<MetricFamily<'a>> {
        let used = self
            .families
            .into_iter()
            .filter(|family| !family.metrics.is_empty());
        used.map(Family::finish).collect()
    }
}

impl<'a> Family<'a> {
    fn push(&mut self, labels: Vec<Label<'a>>, value: Value<'a>) -> &mut Metric<'a> {
        self.metrics.push_mut(Metric {
            labels,
            value,
            timestamp_ms: None,
        })
    }

    fn add_to_summary(
        &mut self,
        part: Part,
        sample: Sample<'a>,
    ) -> Result<&mut Metric<'a>, ErrorKind> {
        let Sample { special, value, .. } = sample;
        // Fractions are cut off, as Go does. What Go leaves undefined is refused.
        let is_count = value > -1.0 && value < INTEGERS_END;
        if part == Part::Count && !is_count {
            return Err(ErrorKind::InvalidSummaryCount {
                metric: self.name.to_string(),
                found: sample.text.to_owned(),
            });
        }
        let metric = self.metric_of(sample.labels, || Value::Summary(Summary::default()));
        if let Value::Summary(summary) = &mut metric.value {
            match part {
                Part::Count => summary.sample_count = value as u64,
                Part::Sum => summary.sample_sum = value,
                Part::Whole | Part::Bucket if special.is_nan() => {}
                Part::Whole | Part::Bucket => summary.quantiles.push(Quantile {
                    quantile: special,
                    value,
                }),
            }
        }
        Ok(metric)
    }

    fn add_to_histogram(
        &mut self,
        part: Part,
        sample: Sample<'a>,
    ) -> Result<&mut Metric<'a>, ErrorKind> {
        let Sample { special, value, .. } = sample;
        let is_bucket = matches!(part, Part::Whole | Part::Bucket) && !special.is_nan();
        if value < 0.0 && part == Part::Count {
            let metric = self.name.to_string();
            return Err(ErrorKind::NegativeCount { metric });
        }
        if value < 0.0 && is_bucket {
            let metric = self.name.to_string();
            return Err(ErrorKind::NegativeBucket { metric });
        }
        let metric = self.metric_of(sample.labels, || Value::Histogram(Box::default()));
        if let Value::Histogram(histogram) = &mut metric.value {
            match (part, as_integer(value)) {
                (Part::Sum, _) => histogram.sample_sum = value,
                (Part::Count, Some(count)) => histogram.sample_count = count,
                (Part::Count, None) => histogram.sample_count_float = value,
                (Part::Whole | Part::Bucket, count) if is_bucket => {
                    histogram.buckets.push(Bucket {
                        cumulative_count: count.unwrap_or(0),
                        cumulative_count_float: if count.is_some() { 0.0 } else { value },
                        upper_bound: special,
                        exemplar: None,
                    });
                }
                (Part::Whole | Part::Bucket, _) => {}
            }
        }
        Ok(metric)
    }

    /// The metric of these labels in whatever order, made if need be.
    fn metric_of(
        &mut self,
        labels: Vec<Label<'a>>,
        new: impl FnOnce() -> Value<'a>,
    ) -> &mut Metric<'a> {
        // Nearly always the lines of one metric follow each other and order their labels alike.
        let is_last = self
            .metrics
            .last()
            .is_some_and(|last| last.labels == labels);
        let at = if is_last {
            self.metrics.len() - 1
        } else {
            let mut key = labels.clone();
            key.sort_unstable();
            *self.index.entry(key).or_insert(self.metrics.len())
        };
        if at == self.metrics.len() {
            return self.push(labels, new());
        }
        &mut self.metrics[at]
    }

    fn finish(mut self) -> MetricFamily<'a> {
        for metric in &mut self.metrics {
            if let Value::Histogram(histogram) = &mut metric.value {
                unify_counts(histogram);
            }
        }
        MetricFamily {
            name: self.name,
            help: self.help,
            metric_type: self.metric_type.unwrap_or(MetricType::Untyped),
            unit: None,
            metrics: self.metrics,
        }
    }
}

/// The integer that this float is, if it is one of 64 bits without a sign.
fn as_integer(value: f64) -> Option<u64> {
    let integer = value as u64;
    (value < INTEGERS_END && integer as f64 == value).then_some(integer)
}

/// Makes all counts of a histogram floats if one of them is.
fn unify_counts(histogram: &mut Histogram<'_>) {
    let has_float = histogram.sample_count_float != 0.0
        || histogram
            .buckets
            .iter()
            .any(|bucket| bucket.cumulative_count_float != 0.0);
    if !has_float {
        return;
    }
    if histogram.sample_count_float == 0.0 {
        histogram.sample_count_float = histogram.sample_count as f64;
        histogram.sample_count = 0;
    }
    for bucket in &mut histogram.buckets {
        if bucket.cumulative_count_float == 0.0 {
            bucket.cumulative_count_float = bucket.cumulative_count as f64;
            bucket.cumulative_count = 0;
        }
    }
}
