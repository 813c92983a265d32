//! The series of a scrape, by family and labels.

use std::collections::HashMap;

use anyhow::Result;
use spin_pushgateway::exposition::model::{Label, Metric, MetricFamily, MetricType};
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::protobuf;

/// What identifies a series: the family's name and the labels, sorted, without empty ones, which to
/// Prometheus are none.
pub(super) type Id = (String, Vec<(String, String)>);

/// A series.
#[derive(Debug)]
pub(super) struct Series<'a> {
    /// The family's type.
    pub(super) metric_type: MetricType,
    /// The family's HELP text.
    pub(super) help: Option<String>,
    /// The family's unit.
    pub(super) unit: Option<String>,
    /// Labels and value.
    pub(super) metric: Metric<'a>,
}

/// The series of a body of delimited protobuf.
pub(super) type Index<'a> = HashMap<Id, Series<'a>>;

/// Reads a body of delimited protobuf.
pub(super) fn families(body: &[u8]) -> Result<Vec<MetricFamily<'_>>> {
    Ok(protobuf::parse(body, NameScheme::Utf8)?)
}

/// Reads a scrape.
pub(super) fn index(body: &[u8]) -> Result<Index<'_>> {
    let mut index = Index::new();
    for family in families(body)? {
        for metric in family.metrics {
            let series = Series {
                metric_type: family.metric_type,
                help: family.help.as_deref().map(str::to_owned),
                unit: family.unit.as_deref().map(str::to_owned),
                metric,
            };
            index.insert(id(&family.name, &series.metric.labels), series);
        }
    }
    Ok(index)
}

/// What identifies the series of this family with these labels.
pub(super) fn id(family: &str, labels: &[Label<'_>]) -> Id {
    id_of(
        family,
        labels
            .iter()
            .map(|label| (label.name.to_string(), label.value.to_string())),
    )
}

/// The same of pairs.
pub(super) fn id_of(family: &str, labels: impl Iterator<Item = (String, String)>) -> Id {
    let mut labels: Vec<_> = labels.filter(|(_, value)| !value.is_empty()).collect();
    labels.sort();
    (family.to_owned(), labels)
}

/// As Prometheus writes a series.
pub(super) fn text((family, labels): &Id) -> String {
    let labels: Vec<_> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    format!("{family}{{{}}}", labels.join(","))
}
