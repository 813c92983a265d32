//! Families: which lines belong together.

use std::borrow::Cow;
use std::collections::HashSet;

use super::error::ErrorKind;
use super::line::{FamilyType, Line, Sample};
use super::metric::{Broken, OpenMetric, Part, names, part_label, parts};
use crate::exposition::model::{Label, MetricFamily, MetricType};
use crate::exposition::names::ends_in_unit;

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct Families<'a> {
    finished: Vec<MetricFamily<'a>>,
    /// The names of all families and of all samples that they may have: no two families may share one.
    taken: HashSet<String>,
    open: Option<OpenFamily<'a>>,
}

impl<'a> Families<'a> {
    /// Adds a line that is not the end.
    pub(super) fn push(&mut self, line: Line<'a>) -> Result<(), ErrorKind> {
        match line {
            Line::Type { name, family_type } => {
                let family = self.for_metadata(name)?;
                let is_first = family.family_type.replace(family_type).is_none();
                family.check_metadata(is_first)
            }
            Line::Help { name, text } => {
                let family = self.for_metadata(name)?;
                let is_first = family.help.replace(text).is_none();
                family.check_metadata(is_first)
            }
            Line::Unit { name, unit } => {
                let family = self.for_metadata(name)?;
                let is_first = family.unit.replace(unit).is_none();
                family.check_metadata(is_first)
            }
            Line::Sample(sample) => {
                let part = self.open.as_ref().and_then(|open| open.part(&sample.name));
                if let (Some(family), Some(part)) = (&mut self.open, part) {
                    return family.push(part, sample);
                }
                self.open(sample.name.clone())?.push(Part::Value, sample)
            }
            Line::Eof => Ok(()),
        }
    }

    /// All families, if the last one is as it should be.
    pub(super) fn finish(mut self) -> Result<Vec<MetricFamily<'a>>, ErrorKind> {
        self.close()?;
        self.finished.retain(|family| !family.metrics.is_empty());
        Ok(self.finished)
    }

    /// The family of this name, which may have no samples yet.
    fn for_metadata(&mut self, name: Cow<'a, str>) -> Result<&mut OpenFamily<'a>, ErrorKind> {
        if self.open.as_ref().is_none_or(|open| open.name != name) {
            return self.open(name);
        }
        match &mut self.open {
            Some(open) if !open.has_samples() => Ok(open),
            _ => Err(ErrorKind::LateMetadata(name.into_owned())),
        }
    }

    /// Closes the open family and begins another one.
    fn open(&mut self, name: Cow<'a, str>) -> Result<&mut OpenFamily<'a>, ErrorKind> {
        self.close()?;
        Ok(self.open.insert(OpenFamily::new(name)))
    }

    fn close(&mut self) -> Result<(), ErrorKind> {
        let Some(family) = self.open.take() else {
            return Ok(());
        };
        for name in names(&family.name, family.family_type()) {
            if !self.taken.insert(name.clone()) {
                return Err(ErrorKind::NameClash(name));
            }
        }
        self.finished.push(family.finish()?);
        Ok(())
    }
}

/// A family of which more lines may come.
#[derive(Debug)]
struct OpenFamily<'a> {
    name: Cow<'a, str>,
    family_type: Option<FamilyType>,
    help: Option<Cow<'a, str>>,
    unit: Option<&'a str>,
    metrics: Vec<OpenMetric<'a>>,
    /// The sorted labels of all metrics: those of the last one are what its further samples must have.
    label_sets: HashSet<Vec<Label<'a>>>,
    last_label_set: Vec<Label<'a>>,
}

impl<'a> OpenFamily<'a> {
    fn new(name: Cow<'a, str>) -> Self {
        Self {
            name,
            family_type: None,
            help: None,
            unit: None,
            metrics: Vec::new(),
            label_sets: HashSet::new(),
            last_label_set: Vec::new(),
        }
    }

    fn family_type(&self) -> FamilyType {
        self.family_type.unwrap_or_default()
    }

    fn has_samples(&self) -> bool {
        !self.metrics.is_empty()
    }

    fn check_metadata(&self, is_first: bool) -> Result<(), ErrorKind> {
        match is_first {
            true => Ok(()),
            false => Err(ErrorKind::DuplicateMetadata(self.name.to_string())),
        }
    }

    /// Which part of a metric of this family a sample of this name is.
    fn part(&self, sample: &str) -> Option<Part> {
        let suffix = sample.strip_prefix(self.name.as_ref())?;
        let (_, part) = parts(self.family_type())
            .iter()
            .find(|(known, _)| *known == suffix)?;
        Some(*part)
    }

    fn push(&mut self, part: Part, mut sample: Sample<'a>) -> Result<(), ErrorKind> {
        let family_type = self.family_type();
        let mut told_apart = None;
        if let Some(name) = part_label(part) {
            let at = sample.labels.iter().position(|label| label.name == name);
            match at {
                Some(at) => told_apart = Some(sample.labels.remove(at).value),
                None => {
                    return Err(self.invalid("the label le of buckets or quantile of quantiles"));
                }
            }
        }
        let mut label_set = sample.labels.clone();
        label_set.sort_unstable();
        check_labels(&label_set)?;
        if let Some(exemplar) = &sample.exemplar {
            let mut label_set = exemplar.labels.clone();
            label_set.sort_unstable();
            check_labels(&label_set)?;
        }
        self.check_reserved(&label_set)?;

        let is_next_part = self.has_samples() && label_set == self.last_label_set;
        // Types whose metrics have a single sample have no next parts.
        let has_parts = parts(family_type).len() > 1;
        if !(is_next_part && has_parts) {
            if !self.label_sets.insert(label_set.clone()) {
                return Err(ErrorKind::DuplicateMetric(self.name.to_string()));
            }
            self.metrics.push(OpenMetric::new(sample.labels.clone()));
            self.last_label_set = label_set;
        }
        match self.metrics.last_mut() {
            Some(metric) => metric
                .push(part, told_apart, sample, family_type)
                .map_err(|broken| self.error(broken)),
            None => Ok(()),
        }
    }

    /// Checks for the labels that a type must have, or must leave to its parts.
    fn check_reserved(&self, label_set: &[Label<'a>]) -> Result<(), ErrorKind> {
        let has = |name: &str| label_set.iter().any(|label| label.name == name);
        match self.family_type() {
            FamilyType::Histogram | FamilyType::GaugeHistogram if has("le") => {
                Err(self.invalid("the label le at buckets only"))
            }
            FamilyType::Summary if has("quantile") => {
                Err(self.invalid("the label quantile at quantiles only"))
            }
            FamilyType::StateSet if !has(&self.name) => {
                Err(self.invalid("a label of the family's name"))
            }
            _ => Ok(()),
        }
    }

    fn invalid(&self, expected: &'static str) -> ErrorKind {
        ErrorKind::InvalidMetric {
            name: self.name.to_string(),
            expected,
        }
    }

    fn error(&self, broken: Broken) -> ErrorKind {
        match broken {
            Broken::Rule(expected) => self.invalid(expected),
            Broken::Other(kind) => kind,
        }
    }

    /// The family in the words of the model.
    fn finish(mut self) -> Result<MetricFamily<'a>, ErrorKind> {
        let family_type = self.family_type();
        // Empty ones are none, as the specification has it.
        let unit = self.unit.filter(|unit| !unit.is_empty());
        if let Some(unit) = unit {
            let is_suffix = ends_in_unit(&self.name, unit);
            if !is_suffix || matches!(family_type, FamilyType::Info | FamilyType::StateSet) {
                return Err(ErrorKind::InvalidUnit {
                    name: self.name.into_owned(),
                    unit: unit.to_owned(),
                });
            }
        }
        let metrics = std::mem::take(&mut self.metrics)
            .into_iter()
            .map(|metric| metric.finish(family_type))
            .collect::<Result<_, _>>()
            .map_err(|broken| self.error(broken))?;
        let (suffix, metric_type) = match family_type {
            FamilyType::Unknown => ("", MetricType::Untyped),
            FamilyType::Gauge | FamilyType::StateSet => ("", MetricType::Gauge),
            FamilyType::Info => ("_info", MetricType::Gauge),
            FamilyType::Counter => ("_total", MetricType::Counter),
            FamilyType::Summary => ("", MetricType::Summary),
            FamilyType::Histogram => ("", MetricType::Histogram),
            FamilyType::GaugeHistogram => ("", MetricType::GaugeHistogram),
        };
        let name = match suffix {
            "" => self.name,
            _ => Cow::Owned(format!("{}{suffix}", self.name)),
        };
        Ok(MetricFamily {
            name,
            help: self.help.filter(|help| !help.is_empty()),
            metric_type,
            unit: unit.map(Cow::Borrowed),
            metrics,
        })
    }
}

/// Checks sorted labels for two of one name.
fn check_labels(label_set: &[Label<'_>]) -> Result<(), ErrorKind> {
    let names = label_set.iter().map(|label| &label.name);
    match names
        .clone()
        .zip(names.skip(1))
        .find(|(left, right)| left == right)
    {
        Some((name, _)) => Err(ErrorKind::DuplicateLabel(name.to_string())),
        None => Ok(()),
    }
}
