//! Escaping of all names of a scrape together, so that none becomes another one's.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{EscapingScheme, escape_label_name, escape_metric_name};
use crate::exposition::model::{Label, Metric, MetricFamily, MetricType};
use crate::exposition::names::sample_suffixes;

/// Label names that have a meaning of their own in expositions, so that no other may become one.
const RESERVED_LABELS: [&str; 3] = ["__name__", "le", "quantile"];

/// What names become in one scrape. No two become the same.
///
/// Legacy names stay. Others are escaped by the scheme; if that name is taken, by [`EscapingScheme::Values`]; and if
/// even that one is, with underscores after it. The same names in the same order always give the same result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameMap {
    /// Only those that change.
    escaped: HashMap<String, String>,
}

impl NameMap {
    /// The map for all families of a scrape. A family keeps clear of the names of others' samples too: a gauge `h.count`
    /// does not become the `h_count` of a histogram `h`.
    #[must_use]
    pub fn of_families<'n>(
        families: impl IntoIterator<Item = (&'n str, MetricType)>,
        scheme: EscapingScheme,
    ) -> Self {
        let names = families
            .into_iter()
            .map(|(name, metric_type)| (name, sample_suffixes(metric_type)));
        Self::new(names, scheme, escape_metric_name, HashSet::new())
    }

    /// The map for all labels of a family. It must be one for all metrics of that name, so that series that differ
    /// only in the names of their labels still differ.
    #[must_use]
    pub fn of_labels<'n>(names: impl IntoIterator<Item = &'n str>, scheme: EscapingScheme) -> Self {
        let names = names.into_iter().map(|name| (name, ALONE));
        let reserved = RESERVED_LABELS.map(str::to_owned);
        Self::new(names, scheme, escape_label_name, reserved.into())
    }

    /// Each name is given with the suffixes with which it occurs.
    fn new<'n>(
        names: impl Iterator<Item = (&'n str, &'static [&'static str])>,
        scheme: EscapingScheme,
        escape: impl Fn(&'n str, EscapingScheme) -> Cow<'n, str>,
        mut taken: HashSet<String>,
    ) -> Self {
        let mut map = Self::default();
        if scheme == EscapingScheme::AllowUtf8 {
            return map;
        }
        let (mut kept, mut others) = (Vec::new(), Vec::new());
        for (name, suffixes) in names {
            match escape(name, scheme) {
                Cow::Borrowed(name) => kept.push((name, suffixes)),
                Cow::Owned(escaped) => others.push((name, escaped, suffixes)),
            }
        }
        if others.is_empty() {
            return map;
        }
        // Names that stay come first, so that no other one takes them.
        for (name, suffixes) in kept {
            taken.extend(suffixes.iter().map(|suffix| format!("{name}{suffix}")));
        }
        for (name, mut candidate, suffixes) in others {
            if map.escaped.contains_key(name) {
                continue;
            }
            let is_free = |candidate: &str| {
                suffixes
                    .iter()
                    .all(|suffix| !taken.contains(&format!("{candidate}{suffix}")))
            };
            if !is_free(&candidate) {
                candidate = escape(name, EscapingScheme::Values).into_owned();
            }
            while !is_free(&candidate) {
                candidate.push('_');
            }
            taken.extend(suffixes.iter().map(|suffix| format!("{candidate}{suffix}")));
            map.escaped.insert(name.to_owned(), candidate);
        }
        map
    }

    /// What this name becomes, or `None` if it stays.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.escaped.get(name).map(String::as_str)
    }

    /// Whether all names stay as they are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.escaped.is_empty()
    }
}

const ALONE: &[&str] = &[""];

/// A family with its name and its labels as two maps say. Borrowed if nothing changes.
#[must_use]
pub fn escape_family<'f, 'a>(
    family: &'f MetricFamily<'a>,
    names: &NameMap,
    labels: &NameMap,
) -> Cow<'f, MetricFamily<'a>> {
    let name = names.get(&family.name);
    let has_labels = |metric: &Metric<'_>| {
        let mut names = metric.labels.iter().map(|label| &label.name);
        names.any(|name| labels.get(name).is_some())
    };
    if name.is_none() && !family.metrics.iter().any(has_labels) {
        return Cow::Borrowed(family);
    }
    let mut family = family.clone();
    if let Some(name) = name {
        family.name = Cow::Owned(name.to_owned());
    }
    for metric in &mut family.metrics {
        for Label { name, .. } in &mut metric.labels {
            if let Some(escaped) = labels.get(name) {
                *name = Cow::Owned(escaped.to_owned());
            }
        }
    }
    Cow::Owned(family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::Value;
    use crate::exposition::names::NameScheme;
    use proptest::prelude::*;

    fn gauges(names: &[&'static str]) -> Vec<(&'static str, MetricType)> {
        names
            .iter()
            .map(|name| (*name, MetricType::Gauge))
            .collect()
    }

    #[test]
    fn no_family_takes_the_name_of_another() {
        let histogram = ("h", MetricType::Histogram);
        let dotted_histogram = ("h.x", MetricType::Histogram);
        let count = ("h_x_count", MetricType::Gauge);
        type Case<'a> = (
            &'a str,
            Vec<(&'a str, MetricType)>,
            &'a str,
            Option<&'a str>,
        );
        let cases: &[Case<'_>] = &[
            ("a plain name", gauges(&["m"]), "m", None),
            ("an escaped name", gauges(&["m.x"]), "m.x", Some("m_x")),
            (
                "a plain name after it",
                gauges(&["m.x", "m_x"]),
                "m.x",
                Some("U__m_2e_x"),
            ),
            (
                "the first of two escaped names",
                gauges(&["m.x", "m-x"]),
                "m.x",
                Some("m_x"),
            ),
            (
                "the second of two escaped names",
                gauges(&["m.x", "m-x"]),
                "m-x",
                Some("U__m_2d_x"),
            ),
            (
                "all names taken",
                gauges(&["m.x", "m_x", "U__m_2e_x", "U__m_2e_x_"]),
                "m.x",
                Some("U__m_2e_x__"),
            ),
            (
                "a name given twice",
                gauges(&["m.x", "m.x"]),
                "m.x",
                Some("m_x"),
            ),
            (
                "the count of a histogram",
                vec![("h.count", MetricType::Gauge), histogram],
                "h.count",
                Some("U__h_2e_count"),
            ),
            (
                "a histogram with a count",
                vec![dotted_histogram, count],
                "h.x",
                Some("U__h_2e_x"),
            ),
        ];
        for (name, families, from, to) in cases {
            let map = NameMap::of_families(families.iter().copied(), EscapingScheme::Underscores);
            assert_eq!(map.get(from), *to, "{name}");
        }
    }

    #[test]
    fn no_label_becomes_one_with_a_meaning() {
        let map = NameMap::of_labels(["..name__", "a.b"], EscapingScheme::Underscores);
        assert_eq!(map.get("..name__"), Some("U___2e__2e_name____"));
        assert_eq!(map.get("a.b"), Some("a_b"));
    }

    #[test]
    fn nothing_is_escaped_for_readers_of_utf8() {
        let map = NameMap::of_families(gauges(&["m.x", "m_x"]), EscapingScheme::AllowUtf8);
        assert!(map.is_empty());
    }

    fn family(labels: &[(&'static str, &'static str)]) -> MetricFamily<'static> {
        MetricFamily {
            name: "m.x".into(),
            help: None,
            metric_type: MetricType::Gauge,
            unit: None,
            metrics: vec![Metric {
                labels: labels
                    .iter()
                    .map(|(name, value)| Label::new(*name, *value))
                    .collect(),
                value: Value::Gauge(1.0),
                timestamp_ms: None,
            }],
        }
    }

    #[test]
    fn families_are_escaped_by_their_maps() {
        let pushed = family(&[("a.b", "1"), ("a_b", "2")]);
        let names = NameMap::of_families(gauges(&["m.x"]), EscapingScheme::Underscores);
        let labels = NameMap::of_labels(["a.b", "a_b"], EscapingScheme::Underscores);
        let escaped = escape_family(&pushed, &names, &labels);
        assert_eq!(escaped.name, "m_x");
        assert_eq!(
            escaped.metrics[0].labels,
            [Label::new("U__a_2e_b", "1"), Label::new("a_b", "2")]
        );
    }

    #[test]
    fn families_that_stay_are_borrowed() {
        let pushed = family(&[("a", "1")]);
        let escaped = escape_family(&pushed, &NameMap::default(), &NameMap::default());
        assert!(matches!(escaped, Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_two_names_become_one(names in prop::collection::btree_set("[a_.-]{1,4}|U__a_2e_?", 0..30)) {
            for scheme in [EscapingScheme::Underscores, EscapingScheme::Dots, EscapingScheme::Values] {
                let map = NameMap::of_labels(names.iter().map(String::as_str), scheme);
                let became: HashSet<_> = names
                    .iter()
                    .map(|name| map.get(name).unwrap_or(name))
                    .collect();
                prop_assert_eq!(became.len(), names.len());
                prop_assert!(became.iter().all(|name| NameScheme::Legacy.is_label_name(name)));
            }
        }
    }
}
