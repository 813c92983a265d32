//! One metric: its samples, and the rules for them.

use std::borrow::Cow;

use super::error::ErrorKind;
use super::line::{FamilyType, Sample, number};
use super::time;
use crate::exposition::model::{
    Bucket, Counter, Exemplar, Histogram, Label, Metric, Quantile, Summary, Timestamp, Value,
};

/// The most text that the labels of an exemplar may have, names and values together.
pub(super) const MAX_EXEMPLAR_CHARS: usize = 128;

/// The part of a metric that a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The value itself, under the family's name or with `_total` or `_info`.
    Value,
    /// A quantile of a summary.
    Quantile,
    /// A bucket of a histogram.
    Bucket,
    Sum,
    Count,
    Created,
}

/// The samples that a family of each type may have, by the suffix to its name.
pub(super) fn parts(family_type: FamilyType) -> &'static [(&'static str, Part)] {
    match family_type {
        FamilyType::Unknown | FamilyType::Gauge | FamilyType::StateSet => &[("", Part::Value)],
        FamilyType::Counter => &[("_total", Part::Value), ("_created", Part::Created)],
        FamilyType::Info => &[("_info", Part::Value)],
        FamilyType::Histogram => &[
            ("_bucket", Part::Bucket),
            ("_count", Part::Count),
            ("_sum", Part::Sum),
            ("_created", Part::Created),
        ],
        FamilyType::GaugeHistogram => &[
            ("_bucket", Part::Bucket),
            ("_gcount", Part::Count),
            ("_gsum", Part::Sum),
        ],
        FamilyType::Summary => &[
            ("", Part::Quantile),
            ("_count", Part::Count),
            ("_sum", Part::Sum),
            ("_created", Part::Created),
        ],
    }
}

/// The name of a family and those of all samples that it may have, each once: all that no other family may share.
pub(super) fn names(family: &str, family_type: FamilyType) -> impl Iterator<Item = String> {
    let suffixes = parts(family_type).iter().map(|(suffix, _)| *suffix);
    let others = suffixes.filter(|suffix| !suffix.is_empty());
    [""].into_iter()
        .chain(others)
        .map(move |suffix| format!("{family}{suffix}"))
}

/// The label that tells the samples of one part of one metric apart.
pub(super) fn part_label(part: Part) -> Option<&'static str> {
    match part {
        Part::Quantile => Some("quantile"),
        Part::Bucket => Some("le"),
        Part::Value | Part::Sum | Part::Count | Part::Created => None,
    }
}

/// A metric of which more samples may come.
#[derive(Debug, Default)]
pub(super) struct OpenMetric<'a> {
    labels: Vec<Label<'a>>,
    timestamp: Option<Timestamp>,
    value: Option<f64>,
    exemplar: Option<Exemplar<'a>>,
    quantiles: Vec<Quantile>,
    buckets: Vec<Bucket<'a>>,
    sum: Option<f64>,
    count: Option<u64>,
    created: Option<Timestamp>,
}

/// A rule that a metric broke, as what is expected. Or another error.
pub(super) enum Broken {
    Rule(&'static str),
    Other(ErrorKind),
}

impl From<ErrorKind> for Broken {
    fn from(kind: ErrorKind) -> Self {
        Self::Other(kind)
    }
}

impl<'a> OpenMetric<'a> {
    /// A metric with the labels of its first sample.
    pub(super) fn new(labels: Vec<Label<'a>>) -> Self {
        Self {
            labels,
            ..Self::default()
        }
    }

    /// Adds a sample whose labels, without the one that tells it apart, are those of this metric.
    pub(super) fn push(
        &mut self,
        part: Part,
        part_label: Option<Cow<'a, str>>,
        sample: Sample<'a>,
        family_type: FamilyType,
    ) -> Result<(), Broken> {
        self.timestamp = sample.timestamp.or(self.timestamp);
        let exemplar = checked_exemplar(part, family_type, sample.exemplar)?;
        let is_first = match part {
            Part::Value => self.value.replace(number(sample.number)?).is_none(),
            Part::Sum => self.sum.replace(number(sample.number)?).is_none(),
            Part::Count => self.count.replace(count(sample.number)?).is_none(),
            Part::Created => {
                let created = time::parse(sample.number)
                    .ok_or_else(|| ErrorKind::InvalidTimestamp(sample.number.to_owned()))?;
                self.created.replace(created).is_none()
            }
            Part::Quantile => {
                self.quantiles.push(Quantile {
                    quantile: number(&part_label.unwrap_or_default())?,
                    value: number(sample.number)?,
                });
                true
            }
            Part::Bucket => {
                self.buckets.push(Bucket {
                    cumulative_count: count(sample.number)?,
                    upper_bound: number(&part_label.unwrap_or_default())?,
                    exemplar,
                    ..Bucket::default()
                });
                return Ok(());
            }
        };
        if exemplar.is_some() {
            self.exemplar = exemplar;
        }
        match is_first {
            true => Ok(()),
            false => Err(Broken::Rule("each sample once")),
        }
    }

    /// The finished metric, if it follows the rules.
    pub(super) fn finish(self, family_type: FamilyType) -> Result<Metric<'a>, Broken> {
        let timestamp_ms = match self.timestamp {
            None => None,
            Some(timestamp) => match time::to_millis(timestamp) {
                Some(millis) => Some(millis),
                None => return Err(Broken::Rule("timestamps in the range of milliseconds")),
            },
        };
        let labels = self.labels;
        let value = match family_type {
            FamilyType::Unknown => Value::Untyped(self.value.unwrap_or_default()),
            FamilyType::Gauge => Value::Gauge(self.value.unwrap_or_default()),
            FamilyType::Info => match self.value {
                Some(1.0) => Value::Gauge(1.0),
                _ => return Err(Broken::Rule("the value 1")),
            },
            FamilyType::StateSet => match self.value {
                Some(state @ (0.0 | 1.0)) => Value::Gauge(state),
                _ => return Err(Broken::Rule("the value 0 or 1")),
            },
            FamilyType::Counter => match self.value {
                Some(value) if value >= 0.0 => Value::Counter(Counter {
                    value,
                    exemplar: self.exemplar,
                    created: self.created,
                }),
                Some(_) => return Err(Broken::Rule("a total of 0 or more")),
                None => return Err(Broken::Rule("a total")),
            },
            FamilyType::Summary => {
                check_summary(&self.quantiles, self.sum)?;
                Value::Summary(Summary {
                    sample_count: self.count.unwrap_or_default(),
                    sample_sum: self.sum.unwrap_or_default(),
                    quantiles: self.quantiles,
                    created: self.created,
                })
            }
            FamilyType::Histogram | FamilyType::GaugeHistogram => {
                let is_gauge = family_type == FamilyType::GaugeHistogram;
                let count = check_buckets(&self.buckets)?;
                check_sum(&self.buckets, self.sum, is_gauge)?;
                if self.sum.is_some() != self.count.is_some() {
                    return Err(Broken::Rule("both a sum and a count, or none"));
                }
                if self.count.is_some_and(|stated| stated != count) {
                    return Err(Broken::Rule("the count of the +Inf bucket"));
                }
                Value::Histogram(Box::new(Histogram {
                    sample_count: count,
                    sample_sum: self.sum.unwrap_or_default(),
                    buckets: self.buckets,
                    created: self.created,
                    ..Histogram::default()
                }))
            }
        };
        Ok(Metric {
            labels,
            value,
            timestamp_ms,
        })
    }
}

fn checked_exemplar<'a>(
    part: Part,
    family_type: FamilyType,
    exemplar: Option<Exemplar<'a>>,
) -> Result<Option<Exemplar<'a>>, ErrorKind> {
    let Some(exemplar) = exemplar else {
        return Ok(None);
    };
    let is_total = part == Part::Value && family_type == FamilyType::Counter;
    if !is_total && part != Part::Bucket {
        return Err(ErrorKind::InvalidExemplar(
            "exemplars at totals of counters and buckets of histograms only",
        ));
    }
    if exemplar_chars(&exemplar) > MAX_EXEMPLAR_CHARS {
        return Err(ErrorKind::InvalidExemplar(
            "exemplars with labels of at most 128 characters",
        ));
    }
    Ok(Some(exemplar))
}

/// How much text the labels of an exemplar have.
pub(super) fn exemplar_chars(exemplar: &Exemplar<'_>) -> usize {
    let texts = exemplar
        .labels
        .iter()
        .flat_map(|label| [&label.name, &label.value]);
    texts.map(|text| text.chars().count()).sum()
}

/// Reads a number that counts: `17`, but `17.0` and `1.7e1` as well.
fn count(text: &str) -> Result<u64, ErrorKind> {
    if let Ok(count) = text.parse() {
        return Ok(count);
    }
    // All floats below 2^64 that have no fraction are counts.
    const END: f64 = 18_446_744_073_709_551_616.0;
    let float = number(text)?;
    if (0.0..END).contains(&float) && float.fract() == 0.0 {
        Ok(float as u64)
    } else {
        Err(ErrorKind::InvalidCount(text.to_owned()))
    }
}

fn check_summary(quantiles: &[Quantile], sum: Option<f64>) -> Result<(), Broken> {
    if !quantiles.iter().all(|q| (0.0..=1.0).contains(&q.quantile)) {
        return Err(Broken::Rule("quantiles from 0 to 1"));
    }
    let mut sorted: Vec<f64> = quantiles.iter().map(|q| q.quantile).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    if !sorted.is_sorted_by(|left, right| left < right) {
        return Err(Broken::Rule("each quantile once"));
    }
    // NaN is the value of a quantile where nothing was observed.
    if quantiles.iter().any(|q| q.value < 0.0) {
        return Err(Broken::Rule("quantiles' values of 0 or more"));
    }
    if sum.is_some_and(|sum| sum < 0.0 || sum.is_nan()) {
        return Err(Broken::Rule("a sum of 0 or more"));
    }
    Ok(())
}

/// Checks the buckets and returns what the last one, that of +Inf, counts.
fn check_buckets(buckets: &[Bucket<'_>]) -> Result<u64, Broken> {
    let count = match buckets.last() {
        Some(last) if last.upper_bound == f64::INFINITY => last.cumulative_count,
        _ => return Err(Broken::Rule("a last bucket for +Inf")),
    };
    if !buckets.is_sorted_by(|left, right| left.upper_bound < right.upper_bound) {
        return Err(Broken::Rule("buckets of increasing le"));
    }
    if !buckets.is_sorted_by_key(|bucket| bucket.cumulative_count) {
        return Err(Broken::Rule("cumulative buckets"));
    }
    Ok(count)
}

/// A sum is one of a counter's, so that it cannot fall: where negative observations are foreseen, there is none. The
/// sum of a gauge histogram can.
fn check_sum(buckets: &[Bucket<'_>], sum: Option<f64>, is_gauge: bool) -> Result<(), Broken> {
    let has_negative = buckets.iter().any(|bucket| bucket.upper_bound < 0.0);
    match sum {
        None => Ok(()),
        Some(_) if has_negative && !is_gauge => Err(Broken::Rule("no sum beside negative buckets")),
        Some(sum) if sum >= 0.0 || (has_negative && sum < 0.0) => Ok(()),
        Some(_) => Err(Broken::Rule("a sum of 0 or more")),
    }
}
