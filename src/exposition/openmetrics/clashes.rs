//! Families that cannot be written as what they are, since others have their names.
//!
//! OpenMetrics 1.0 asks for family names that are unique in an exposition, and that cannot clash with the names of the
//! samples of another family, even of samples that are not there: a gauge `h_created` must not stand beside a histogram
//! `h`, which could have that sample. Strict parsers refuse the whole exposition.
//!
//! The text format of Prometheus, by whose rules pushes are judged, has fewer such names: no `_created`, `_gsum` and
//! `_gcount`, and counters are called `x_total` there, not `x`. So the names of the text format are free for each family
//! to fall back on, and where a family clashes it does (see [`write_clashing_family`](super::write_clashing_family)). It
//! loses its type, but no sample that the text format has.

use std::collections::{HashMap, HashSet};

use super::metric::names;
use super::render::name_and_type;
use crate::exposition::model::MetricType;
use crate::exposition::names::sample_suffixes;

/// The families of an exposition that clash with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clashes {
    families: HashSet<String>,
}

impl Clashes {
    /// Finds them among families of distinct names that do not clash in the text format.
    ///
    /// A family clashes if one of the names that it would have is a name of another family in the text format. If both
    /// have the name in OpenMetrics alone, that of the later family does.
    #[must_use]
    pub fn of<'n>(families: impl IntoIterator<Item = (&'n str, MetricType)> + Clone) -> Self {
        let mut owners = HashMap::new();
        for (name, metric_type) in families.clone() {
            for suffix in sample_suffixes(metric_type) {
                owners.insert(format!("{name}{suffix}"), name);
            }
        }
        let mut clashes = Self::default();
        for (name, metric_type) in families {
            let (stem, family_type) = name_and_type(name, metric_type);
            let is_free = |taken: &String| owners.get(taken).is_none_or(|owner| *owner == name);
            if names(stem, family_type).all(|taken| is_free(&taken)) {
                owners.extend(names(stem, family_type).map(|taken| (taken, name)));
            } else {
                clashes.families.insert(name.to_owned());
            }
        }
        clashes
    }

    /// Whether the family of this name is one of them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.families.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MetricType::{Counter, Gauge, GaugeHistogram, Histogram, Summary, Untyped};

    #[test]
    fn families_clash_whose_names_others_have() {
        type Case<'a> = (&'a str, &'a [(&'a str, MetricType)], &'a [&'a str]);
        let cases: [Case<'_>; 13] = [
            (
                "each has names of its own",
                &[
                    ("a_total", Counter),
                    ("b", Gauge),
                    ("b_created", Gauge),
                    ("h", Histogram),
                    ("h_gcount", Gauge),
                    ("h_total", Gauge),
                ],
                &[],
            ),
            (
                "a time of creation",
                &[("h", Histogram), ("h_created", Gauge)],
                &["h"],
            ),
            (
                "that of a summary",
                &[("s", Summary), ("s_created", Untyped)],
                &["s"],
            ),
            (
                "that of a counter",
                &[("c_created", Gauge), ("c_total", Counter)],
                &["c_total"],
            ),
            (
                "a count",
                &[("g", GaugeHistogram), ("g_gcount", Gauge)],
                &["g"],
            ),
            (
                "a sum",
                &[("g", GaugeHistogram), ("g_gsum", Counter)],
                &["g"],
            ),
            (
                "a gauge and a counter",
                &[("x", Gauge), ("x_total", Counter)],
                &["x_total"],
            ),
            (
                "a histogram and a counter",
                &[("x", Histogram), ("x_total", Counter)],
                &["x_total"],
            ),
            (
                "two counters",
                &[("x", Counter), ("x_total", Counter)],
                &["x_total"],
            ),
            (
                "a counter called as the buckets of a histogram",
                &[("h", Histogram), ("h_bucket_total", Counter)],
                &["h_bucket_total"],
            ),
            (
                "names that neither has as text",
                &[("x_created_total", Counter), ("x_total", Counter)],
                &["x_total"],
            ),
            (
                "the name of a family that clashes itself",
                &[
                    ("h", Histogram),
                    ("h_created", Histogram),
                    ("h_sum_total", Counter),
                ],
                &["h", "h_sum_total"],
            ),
            (
                "a counter without a stem",
                &[("_total", Counter), ("_created", Gauge)],
                &[],
            ),
        ];
        for (name, families, want) in cases {
            let clashes = Clashes::of(families.iter().copied());
            let found = families.iter().filter(|(name, _)| clashes.has(name));
            let found: Vec<_> = found.map(|(name, _)| *name).collect();
            assert_eq!(found, want, "{name}");
        }
    }
}
