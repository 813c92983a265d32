//! Metric names that belong together: a histogram's or summary's own, and those of its series.

use crate::exposition::model::MetricType;

/// The suffixes of the series that a family of this type has beside the one of its own name.
///
/// The Pushgateway leaves out gauge histograms, though they are exposed as histograms are.
#[must_use]
pub fn suffixes(metric_type: MetricType) -> &'static [&'static str] {
    match metric_type {
        MetricType::Summary => &["_count", "_sum"],
        MetricType::Histogram | MetricType::GaugeHistogram => &["_count", "_sum", "_bucket"],
        MetricType::Counter | MetricType::Gauge | MetricType::Untyped => &[],
    }
}

/// The families that this name could be a series of, with the suffix that it would have there.
pub fn owners(name: &str) -> impl Iterator<Item = (&str, &'static str)> {
    ["_count", "_sum", "_bucket"]
        .into_iter()
        .filter_map(|suffix| name.strip_suffix(suffix).map(|owner| (owner, suffix)))
        .filter(|(owner, _)| !owner.is_empty())
}

/// The names of other families that a family of this name and type could collide with.
pub fn neighbours(name: &str, metric_type: MetricType) -> impl Iterator<Item = String> {
    let owners = owners(name).map(|(owner, _)| owner.to_owned());
    let series = suffixes(metric_type)
        .iter()
        .map(move |suffix| format!("{name}{suffix}"));
    owners.chain(series)
}

/// Whether two families of different names collide, in words: the Pushgateway's `checkSuffixCollisions`, where `new`
/// comes after `held`.
#[must_use]
pub fn collision(new: (&str, MetricType), held: (&str, MetricType)) -> Option<String> {
    let is_series_of = |name: &str, (owner, metric_type): (&str, MetricType)| {
        suffixes(metric_type)
            .iter()
            .copied()
            .find(|suffix| name.strip_suffix(suffix) == Some(owner))
    };
    if is_series_of(new.0, held).is_some() {
        let kind = if held.1 == MetricType::Summary {
            "summary"
        } else {
            "histogram"
        };
        let (new, held) = (new.0, held.0);
        return Some(format!(
            "collected metric named {new:?} collides with previously collected {kind} named {held:?}"
        ));
    }
    let suffix = is_series_of(held.0, new)?;
    let kind = if suffix == "_bucket" {
        "histogram"
    } else {
        "histogram or summary"
    };
    let (new, held) = (new.0, held.0);
    Some(format!(
        "collected {kind} named {new:?} collides with previously collected metric named {held:?}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use MetricType::{Counter, Gauge, GaugeHistogram, Histogram, Summary, Untyped};

    #[test]
    fn neighbours_are_what_could_collide() {
        let cases: [(&str, MetricType, &[&str]); 5] = [
            ("m", Gauge, &[]),
            ("m_count", Counter, &["m"]),
            ("_sum", Untyped, &[]),
            ("h", Histogram, &["h_count", "h_sum", "h_bucket"]),
            ("s_sum", Summary, &["s", "s_sum_count", "s_sum_sum"]),
        ];
        for (name, metric_type, want) in cases {
            assert_eq!(
                neighbours(name, metric_type).collect::<Vec<_>>(),
                want,
                "{name}"
            );
        }
    }

    #[test]
    fn collisions_are_said_as_the_pushgateway_says_them() {
        let cases = [
            (
                ("h_count", Gauge),
                ("h", Histogram),
                r#"collected metric named "h_count" collides with previously collected histogram named "h""#,
            ),
            (
                ("s_sum", Gauge),
                ("s", Summary),
                r#"collected metric named "s_sum" collides with previously collected summary named "s""#,
            ),
            (
                ("h", Summary),
                ("h_count", Gauge),
                r#"collected histogram or summary named "h" collides with previously collected metric named "h_count""#,
            ),
            (
                ("h", GaugeHistogram),
                ("h_bucket", Gauge),
                r#"collected histogram named "h" collides with previously collected metric named "h_bucket""#,
            ),
        ];
        for (new, held, want) in cases {
            assert_eq!(collision(new, held).as_deref(), Some(want));
        }
        for (new, held) in [
            (("s_bucket", Gauge), ("s", Summary)),
            (("g_count", Gauge), ("g", Gauge)),
            (("h", Histogram), ("h2_count", Gauge)),
            (("h_total", Counter), ("h", Histogram)),
        ] {
            assert_eq!(collision(new, held), None, "{new:?} {held:?}");
        }
    }
}
