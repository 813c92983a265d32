//! The gateway's own metrics.
//!
//! No process of a serverless application lives long enough to count requests, so all of these are read off the store
//! at the time of the scrape. `docs/differences.md` says what to use in place of the Pushgateway's counters.

use crate::exposition::model::{Label, MetricType};
use crate::exposition::number::write_float;
use crate::exposition::text::write_label_set;
use crate::groups::series::{RenderedFamily, RenderedSeries, sort_key};

/// What a scrape found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Groups, those with nothing but a rejected push included.
    pub groups: usize,
    /// Pushed metric families, over all groups.
    pub families: usize,
    /// Pushed series, over all groups.
    pub series: usize,
    /// The size of all entries, in bytes.
    pub stored_bytes: usize,
    /// Entries and records that could not be read.
    pub entries_skipped: usize,
    /// Pushed series that contradict others and are not exposed.
    pub series_left_out: usize,
    /// How many groups there may be, where that is limited.
    pub max_groups: Option<usize>,
}

/// The families that expose these figures.
#[must_use]
pub fn families(figures: &Figures) -> Vec<RenderedFamily<'static>> {
    let version = [Label::new("version", env!("CARGO_PKG_VERSION"))];
    let gauges = [
        (
            "pushgateway_entries_skipped",
            "Entries and records in the store that cannot be read and are left out.",
            figures.entries_skipped,
        ),
        (
            "pushgateway_families",
            "Metric families that are stored, over all groups.",
            figures.families,
        ),
        (
            "pushgateway_groups",
            "Groups that are stored.",
            figures.groups,
        ),
        (
            "pushgateway_series",
            "Series that are stored, over all groups.",
            figures.series,
        ),
        (
            "pushgateway_series_left_out",
            "Stored series that are not exposed because they contradict others.",
            figures.series_left_out,
        ),
        (
            "pushgateway_stored_bytes",
            "Size of all stored entries.",
            figures.stored_bytes,
        ),
    ];
    let build_info = gauge(
        "pushgateway_build_info",
        "A metric with a constant '1' value labeled by version of the gateway.",
        &version,
        1,
    );
    // Absent without a limit, so that there is no number which is none.
    let max_groups = figures.max_groups.map(|limit| {
        let help = "Groups that there may be, as max_groups says.";
        gauge("pushgateway_max_groups", help, &[], limit)
    });
    [build_info]
        .into_iter()
        .chain(gauges.map(|(name, help, value)| gauge(name, help, &[], value)))
        .chain(max_groups)
        .collect()
}

#[allow(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53, which no store reaches"
)]
fn gauge(
    name: &'static str,
    help: &'static str,
    labels: &[Label<'_>],
    value: usize,
) -> RenderedFamily<'static> {
    let mut text = name.to_owned();
    write_label_set(&mut text, labels);
    text.push(' ');
    write_float(&mut text, value as f64);
    text.push('\n');
    let series = [RenderedSeries {
        key: sort_key(labels),
        text,
    }];
    RenderedFamily::of_series(name, Some(help), MetricType::Gauge, series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::own;

    #[test]
    fn own_metrics_are_reserved_with_their_types() {
        let figures = Figures {
            max_groups: Some(1),
            ..Figures::default()
        };
        for family in families(&figures) {
            assert_eq!(
                own::type_of(family.name),
                Some(family.metric_type),
                "{}",
                family.name
            );
        }
    }

    #[test]
    fn a_limit_is_exposed_where_there_is_one() {
        let exposed = |max_groups| {
            let figures = Figures {
                max_groups,
                ..Figures::default()
            };
            let series = families(&figures)
                .into_iter()
                .map(|family| family.series.text().to_owned());
            series
                .collect::<String>()
                .contains("\npushgateway_max_groups 100\n")
        };
        assert!(exposed(Some(100)));
        assert!(!exposed(None));
    }
}
