//! What `GET /api/v1/metrics` tells: everything that groups hold.
//!
//! # Differences from the Pushgateway
//!
//! - Groups are ordered by their labels, and the metrics of a family as in a scrape. There chance decides, and the
//!   order of the push.
//! - A family that is named `labels` or `last_push_successful` is left out, since the keys of these names tell about
//!   the group. There the family takes their place.
//! - A gauge histogram is shown as histograms are. There its value is 0.
//! - Times are in UTC. There they are in the time zone of the machine.
//! - A negative zero may be told as zero, as it always is in the text format.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::histogram::{self, Buckets};
use super::json::{self, float};
use super::time::Time;
use crate::exposition::model::{Label, Metric, MetricType, Summary, Value};
use crate::groups::automatic::seconds;
use crate::groups::entry::{StoredFamily, UnixNanos};
use crate::groups::fold::Group;
use crate::groups::{own, series};

/// The body that tells of these groups, in their order. Families that turn out to be damaged are left out.
#[must_use]
pub fn body(groups: &[Group<'_>]) -> Vec<u8> {
    json::success(Groups(groups))
}

/// Written one by one, so that never more than one is in memory in full.
struct Groups<'a>(&'a [Group<'a>]);

impl Serialize for Groups<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(members))
    }
}

/// What is told of a group, by key.
fn members<'a>(group: &'a Group<'_>) -> BTreeMap<&'a str, Member<'a>> {
    let pushed = group
        .families
        .iter()
        .filter_map(|family| Some((family.name, Member::Family(Family::stored(family)?))));
    let mut members: BTreeMap<_, _> = pushed.collect();
    let (push, failure) = (group.push_time, group.failure_time);
    // These keys are taken, whatever is pushed.
    members.extend([
        (
            own::PUSH_TIME,
            Member::Family(Family::automatic(group, push, own::PUSH_TIME_HELP)),
        ),
        (
            own::FAILURE_TIME,
            Member::Family(Family::automatic(group, failure, own::FAILURE_TIME_HELP)),
        ),
        (
            "labels",
            Member::Labels(group.labels.iter().copied().collect()),
        ),
        (
            "last_push_successful",
            Member::Successful(!group.has_failed()),
        ),
    ]);
    members
}

/// The value of a key in the object that stands for a group.
#[derive(Serialize)]
#[serde(untagged)]
enum Member<'a> {
    Labels(BTreeMap<&'a str, &'a str>),
    Successful(bool),
    Family(Family<'a>),
}

/// A metric family of a group.
#[derive(Serialize)]
struct Family<'a> {
    time_stamp: Time,
    #[serde(rename = "type")]
    metric_type: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    help: Cow<'a, str>,
    metrics: Metrics<'a>,
}

impl<'a> Family<'a> {
    /// A family that was pushed, unless it is damaged.
    fn stored(stored: &StoredFamily<'a>) -> Option<Self> {
        let family = stored.family()?;
        Some(Self {
            time_stamp: Time(stored.time),
            metric_type: family.metric_type.enum_name(),
            help: family.help.unwrap_or_default(),
            metrics: Metrics(family.metrics),
        })
    }

    /// A gauge that every group has: when a push last succeeded, or failed.
    ///
    /// One that never changed is as old as the other, with which it came.
    fn automatic(group: &'a Group<'_>, time: Option<UnixNanos>, help: &'a str) -> Self {
        let touched = time.or(group.push_time).or(group.failure_time);
        let metric = Metric {
            labels: series::group_labels(&group.labels),
            value: Value::Gauge(seconds(time.unwrap_or(0))),
            timestamp_ms: None,
        };
        Self {
            time_stamp: Time(touched.unwrap_or(0)),
            metric_type: MetricType::Gauge.enum_name(),
            help: help.into(),
            metrics: Metrics(vec![metric]),
        }
    }
}

/// Put into words only when they are written.
struct Metrics<'a>(Vec<Metric<'a>>);

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(Sample::of))
    }
}

/// A metric. All its numbers are strings.
#[derive(Serialize)]
#[serde(untagged)]
enum Sample<'a> {
    Value {
        labels: Labels<'a>,
        value: String,
    },
    Summary {
        count: String,
        labels: Labels<'a>,
        quantiles: BTreeMap<String, String>,
        sum: String,
    },
    Histogram {
        buckets: Buckets,
        count: String,
        labels: Labels<'a>,
        sum: String,
    },
}

impl<'a> Sample<'a> {
    fn of(metric: &'a Metric<'_>) -> Self {
        let labels = Labels(&metric.labels);
        let value = match &metric.value {
            Value::Counter(counter) => counter.value,
            Value::Gauge(value) | Value::Untyped(value) => *value,
            Value::Summary(summary) => {
                return Self::Summary {
                    count: summary.sample_count.to_string(),
                    labels,
                    quantiles: quantiles(summary),
                    sum: float(summary.sample_sum),
                };
            }
            Value::Histogram(histogram) => {
                return Self::Histogram {
                    buckets: Buckets::of(histogram),
                    count: histogram::count(histogram),
                    labels,
                    sum: float(histogram.sample_sum),
                };
            }
        };
        let value = float(value);
        Self::Value { labels, value }
    }
}

fn quantiles(summary: &Summary) -> BTreeMap<String, String> {
    let quantiles = summary.quantiles.iter();
    quantiles
        .map(|quantile| (float(quantile.quantile), float(quantile.value)))
        .collect()
}

/// An object. Labels are sorted by name wherever they are stored.
struct Labels<'a>(&'a [Label<'a>]);

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|label| (&label.name, &label.value)))
    }
}
