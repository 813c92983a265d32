//! Holding what the target shows against what the source held.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use spin_pushgateway::exposition::model::{Metric, MetricFamily, Value};
use spin_pushgateway::exposition::names::may_have_unit;
use spin_pushgateway::groups::own;

use super::SourceGroup;
use super::push::push_time;
use super::series::{self, Id, Index, Series};

/// What came of a comparison.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// How many groups were compared.
    pub(super) groups: usize,
    /// How many series.
    pub(super) series: usize,
    /// What differs, for people.
    pub(super) differences: Vec<String>,
}

impl Comparison {
    /// Compares groups that were pushed with scrapes of the target before and after.
    pub(super) fn new(
        groups: &[SourceGroup],
        before: &Index<'_>,
        after: &Index<'_>,
    ) -> Result<Self> {
        let mut comparison = Self {
            groups: groups.len(),
            ..Self::default()
        };
        let mut expected: HashSet<Id> = HashSet::new();
        let mut helps: HashMap<String, HashSet<Option<String>>> = HashMap::new();
        for group in groups {
            let time = push_time(group);
            if !after.contains_key(&time) {
                comparison.differ(&time, "the group is not there");
            }
            for family in series::families(&group.body)? {
                let help = family.help.as_deref().filter(|help| !help.is_empty());
                helps
                    .entry(family.name.to_string())
                    .or_default()
                    .insert(help.map(str::to_owned));
                for metric in &family.metrics {
                    let id = series::id(&family.name, &metric.labels);
                    comparison.series += 1;
                    if let Some(what) = difference(&family, metric, after.get(&id)) {
                        comparison.differ(&id, &what);
                    }
                    expected.insert(id);
                }
            }
        }
        comparison.compare_help(&helps, &expected, after);
        for id in after.keys() {
            if is_pushed(id) && !expected.contains(id) && !before.contains_key(id) {
                comparison.differ(id, "is only in TARGET");
            }
        }
        Ok(comparison)
    }

    /// A scrape shows one HELP text for a family: that of one of the groups which hold it.
    fn compare_help(
        &mut self,
        helps: &HashMap<String, HashSet<Option<String>>>,
        expected: &HashSet<Id>,
        after: &Index<'_>,
    ) {
        let mut seen = HashSet::new();
        for id in expected {
            let (Some(Series { help, .. }), Some(were)) = (after.get(id), helps.get(&id.0)) else {
                continue;
            };
            let is = help.clone().filter(|help| !help.is_empty());
            if seen.insert(&id.0) && !were.contains(&is) {
                let was: Vec<_> = were.iter().flatten().collect();
                let what = format!("HELP {was:?} is {is:?}");
                self.differ(&(id.0.clone(), Vec::new()), &what);
            }
        }
    }

    fn differ(&mut self, id: &Id, what: &str) {
        self.differences
            .push(format!("{}: {what}", series::text(id)));
    }
}

/// Whether this is a series that somebody has pushed, rather than the gateway's own.
fn is_pushed(id: &Id) -> bool {
    let of_groups = [own::EXPIRY_TIME, own::FORWARD_FAILURE_TIME];
    !own::is_automatic(&id.0)
        && !of_groups.contains(&&*id.0)
        && id.1.iter().any(|(name, _)| name == "job")
}

/// How the series that was found differs from the one that the source has.
fn difference(
    family: &MetricFamily<'_>,
    metric: &Metric<'_>,
    found: Option<&Series<'_>>,
) -> Option<String> {
    let Some(found) = found else {
        return Some("the series is not there".to_owned());
    };
    // Another one no scrape shows.
    let unit = family.unit.as_deref();
    let unit = unit.filter(|unit| may_have_unit(&family.name, unit));
    if found.metric_type != family.metric_type {
        let (was, is) = (family.metric_type, found.metric_type);
        return Some(format!(
            "was of type {}, is {}",
            was.text_name(),
            is.text_name()
        ));
    }
    if !are_same(&metric.value, &found.metric.value) {
        return Some(format!(
            "was {:?}, is {:?}",
            metric.value, found.metric.value
        ));
    }
    if unit.is_some() && unit != found.unit.as_deref() {
        return Some(format!("was in {unit:?}, is in {:?}", found.unit));
    }
    None
}

/// Whether two values are the same, where -0 is 0, as text shows it, and all NaN are one.
///
/// A value that has both a NaN and a -0 among its parts may be taken for a different one; that is said
/// rather than hidden.
fn are_same(one: &Value<'_>, other: &Value<'_>) -> bool {
    one == other || format!("{one:?}") == format!("{other:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use spin_pushgateway::exposition::names::NameScheme;
    use spin_pushgateway::exposition::{protobuf, text};
    use spin_pushgateway::groups::key::GroupingKey;

    fn body(exposition: &str) -> Vec<u8> {
        let mut body = Vec::new();
        for family in text::parse(exposition.as_bytes(), NameScheme::Utf8).expect("parses") {
            protobuf::write_family(&mut body, &family);
        }
        body
    }

    #[test]
    fn differences_are_found() {
        const HELD: &str = "# HELP m help\n# TYPE m gauge\nm{job=\"j\",instance=\"\"} NaN\n";
        const TIME: &str = "# TYPE push_time_seconds gauge\npush_time_seconds{job=\"j\"} 1\n";
        let cases = [
            ("nothing", format!("{HELD}{TIME}own 1\n"), None),
            (
                "the group",
                HELD.to_owned(),
                Some("push_time_seconds{job=\"j\"}: the group is not there"),
            ),
            (
                "the series",
                TIME.to_owned(),
                Some("m{job=\"j\"}: the series is not there"),
            ),
            (
                "the value",
                format!("{TIME}{}", HELD.replace("NaN", "1")),
                Some("m{job=\"j\"}: was Gauge(NaN), is Gauge(1.0)"),
            ),
            (
                "the type",
                format!("{TIME}{}", HELD.replace("gauge", "counter")),
                Some("m{job=\"j\"}: was of type gauge, is counter"),
            ),
            (
                "the HELP text",
                format!("{TIME}{}", HELD.replace("help", "other")),
                Some("m{}: HELP [\"help\"] is Some(\"other\")"),
            ),
            (
                "one more",
                format!("{HELD}{TIME}n{{job=\"j\"}} 1\n"),
                Some("n{job=\"j\"}: is only in TARGET"),
            ),
        ];
        let group = SourceGroup {
            key: GroupingKey::new([("job", "j")]).expect("has a job"),
            body: body(HELD),
            was_pushed: true,
        };
        for (name, after, want) in cases {
            let after = body(&after);
            let after = series::index(&after).expect("reads");
            let got = Comparison::new(std::slice::from_ref(&group), &Index::new(), &after);
            let got = got.expect("compares").differences;
            assert_eq!(got, Vec::from_iter(want.map(str::to_owned)), "{name}");
        }
    }

    #[test]
    fn units_that_a_scrape_shows_are_compared() {
        let told = |name: &str, was: &str, is: Option<&str>| {
            let held = body(&format!("# TYPE {name} counter\n{name} 1\n"));
            let mut families = series::families(&held).expect("reads").into_iter();
            let family = families.next().expect("a family");
            let with = |unit: Option<&str>| MetricFamily {
                unit: unit.map(|unit| unit.to_owned().into()),
                ..family.clone()
            };
            let mut after = Vec::new();
            protobuf::write_family(&mut after, &with(is));
            let after = series::index(&after).expect("reads");
            let id = series::id(name, &family.metrics[0].labels);
            difference(&with(Some(was)), &family.metrics[0], after.get(&id))
        };
        let cases = [
            ("a_seconds", "seconds", Some("seconds"), None),
            ("a_bytes", "seconds", None, None),
            (
                "a_seconds_total",
                "seconds",
                None,
                Some("was in Some(\"seconds\"), is in None"),
            ),
        ];
        for (name, was, is, want) in cases {
            assert_eq!(told(name, was, is).as_deref(), want, "{name}");
        }
    }
}
