//! Limits on what one push may hold and on how many groups there may be. None is set unless a variable sets it.

use std::fmt;

use crate::exposition::model::MetricFamily;
use crate::groups::key::GroupingKey;

/// What one push may hold. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushLimits {
    /// How many series.
    pub max_series_per_push: Option<usize>,
    /// How many families.
    pub max_families_per_push: Option<usize>,
    /// How many labels a series, those of its group included.
    pub max_labels_per_series: Option<usize>,
    /// How long a label name or value, in bytes.
    pub max_label_bytes: Option<usize>,
}

/// How many groups there may be. `None` is no limit.
///
/// A group with nothing but a rejected push counts. Pushes that come at the same moment may exceed a limit together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupLimits {
    /// How many groups in all.
    pub max_groups: Option<usize>,
    /// How many groups of one job.
    pub max_groups_per_job: Option<usize>,
}

/// A limit that a push exceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The variable that sets the limit.
    pub variable: &'static str,
    /// The limit.
    pub limit: usize,
    /// What the push has.
    pub found: usize,
    /// The metric that has it, if one does.
    pub metric: Option<String>,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            variable,
            limit,
            found,
            metric,
        } = self;
        write!(f, "push exceeds {variable}: {found}, allowed are {limit}")?;
        match metric {
            Some(metric) => write!(f, " (metric {metric:?})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Exceeded {}

impl GroupLimits {
    /// Whether there is any limit.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

impl PushLimits {
    /// Checks the labels of a group, which all its series have, the automatic ones too.
    ///
    /// # Errors
    ///
    /// The first limit that is exceeded.
    pub fn check_key(&self, key: &GroupingKey) -> Result<(), Exceeded> {
        let labels = key.labels();
        within(
            "max_labels_per_series",
            self.max_labels_per_series,
            labels.len(),
            None,
        )?;
        let lengths = labels.flat_map(|(name, value)| [name.len(), value.len()]);
        let longest = lengths.max().unwrap_or(0);
        within("max_label_bytes", self.max_label_bytes, longest, None)
    }

    /// Checks the families of a push, whose metrics have their final labels.
    ///
    /// # Errors
    ///
    /// The first limit that is exceeded.
    pub fn check(&self, families: &[MetricFamily<'_>]) -> Result<(), Exceeded> {
        let series = families.iter().map(|family| family.metrics.len()).sum();
        within(
            "max_families_per_push",
            self.max_families_per_push,
            families.len(),
            None,
        )?;
        within(
            "max_series_per_push",
            self.max_series_per_push,
            series,
            None,
        )?;
        if self.max_labels_per_series.is_none() && self.max_label_bytes.is_none() {
            return Ok(());
        }
        for family in families {
            let name = Some(&*family.name);
            for metric in &family.metrics {
                within(
                    "max_labels_per_series",
                    self.max_labels_per_series,
                    metric.labels.len(),
                    name,
                )?;
                let lengths = metric
                    .labels
                    .iter()
                    .flat_map(|label| [label.name.len(), label.value.len()]);
                within(
                    "max_label_bytes",
                    self.max_label_bytes,
                    lengths.max().unwrap_or(0),
                    name,
                )?;
            }
        }
        Ok(())
    }
}

fn within(
    variable: &'static str,
    limit: Option<usize>,
    found: usize,
    metric: Option<&str>,
) -> Result<(), Exceeded> {
    match limit.filter(|limit| found > *limit) {
        Some(limit) => Err(Exceeded {
            variable,
            limit,
            found,
            metric: metric.map(str::to_owned),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::names::NameScheme;
    use crate::exposition::text;

    #[test]
    fn a_group_is_held_to_the_limits_of_its_series() {
        let key = GroupingKey::new([("job", "j"), ("zone", "12345")]).expect("has a job");
        let limits = |labels, bytes| PushLimits {
            max_labels_per_series: labels,
            max_label_bytes: bytes,
            ..PushLimits::default()
        };
        let cases = [
            (limits(None, None), ""),
            (limits(Some(2), Some(5)), ""),
            (
                limits(Some(1), None),
                "push exceeds max_labels_per_series: 2, allowed are 1",
            ),
            (
                limits(None, Some(4)),
                "push exceeds max_label_bytes: 5, allowed are 4",
            ),
        ];
        for (limits, want) in cases {
            let error = limits.check_key(&key).err();
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(error, want);
        }
    }

    #[test]
    fn a_push_is_held_to_each_limit() {
        let families = text::parse(
            b"a{x=\"12345\"} 1\na{long_name=\"\"} 1\nb 1\n",
            NameScheme::Legacy,
        )
        .expect("parses");
        let none = PushLimits::default();
        let cases = [
            (none, ""),
            (
                PushLimits {
                    max_families_per_push: Some(2),
                    max_series_per_push: Some(3),
                    ..none
                },
                "",
            ),
            (
                PushLimits {
                    max_families_per_push: Some(1),
                    ..none
                },
                "push exceeds max_families_per_push: 2, allowed are 1",
            ),
            (
                PushLimits {
                    max_series_per_push: Some(2),
                    ..none
                },
                "push exceeds max_series_per_push: 3, allowed are 2",
            ),
            (
                PushLimits {
                    max_labels_per_series: Some(0),
                    ..none
                },
                "push exceeds max_labels_per_series: 1, allowed are 0 (metric \"a\")",
            ),
            (
                PushLimits {
                    max_label_bytes: Some(9),
                    ..none
                },
                "",
            ),
            (
                PushLimits {
                    max_label_bytes: Some(8),
                    ..none
                },
                "push exceeds max_label_bytes: 9, allowed are 8 (metric \"a\")",
            ),
            (
                PushLimits {
                    max_label_bytes: Some(4),
                    ..none
                },
                "push exceeds max_label_bytes: 5, allowed are 4 (metric \"a\")",
            ),
        ];
        for (limits, want) in cases {
            let got = limits
                .check(&families)
                .map_or_else(|error| error.to_string(), |()| String::new());
            assert_eq!(got, want);
        }
    }
}
