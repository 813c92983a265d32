//! All groups, merged by family into what a scrape exposes.
//!
//! The result is a valid exposition whatever the store holds: one type for each family, no series twice, no family
//! whose name collides with the series of a histogram or summary. The consistency check keeps such things out; what
//! gets past it (races, a check that is off, a neighbour in the store) is left out here, counted and noted.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::bytes;
use super::entry::{StoredFamily, StoredSeries};
use super::fold::Group;
use super::names;
use super::own;
use super::series;
use crate::exposition::model::{MetricFamily, MetricType};

/// How many of the things that were left out are described in words.
const MAX_NOTES: usize = 10;

/// Families by name, with all their series in order.
#[derive(Debug, Default)]
pub struct Merged<'a> {
    /// The families, sorted by name.
    pub families: BTreeMap<&'a str, MergedFamily<'a>>,
    /// How many series were left out because they contradict others.
    pub left_out: usize,
    /// What was left out and why, for the log: the first few.
    pub notes: Vec<String>,
}

/// A family of all groups.
#[derive(Debug)]
pub struct MergedFamily<'a> {
    /// The HELP text of the first group that has one.
    pub help: Option<&'a str>,
    /// The type of the first group.
    pub metric_type: MetricType,
    /// How many series it has.
    pub series_count: usize,
    /// Its text, in pieces.
    pub pieces: Vec<&'a [u8]>,
    /// What it was merged from: the families of its type, those with series of earlier ones included.
    runs: Vec<&'a StoredFamily<'a>>,
}

impl<'a> MergedFamily<'a> {
    /// Whether some readers need its names escaped.
    #[must_use]
    pub fn has_utf8_names(&self) -> bool {
        self.runs.iter().any(|run| run.has_utf8_names)
    }

    /// The family in full, for formats that say more than text does, or other names.
    #[must_use]
    pub fn family(&self, name: &'a str) -> MetricFamily<'a> {
        let families: Vec<_> = self.runs.iter().filter_map(|run| run.family()).collect();
        let mut units = families.iter().filter_map(|family| family.unit.clone());
        let unit = units.find(|unit| ends_in_unit(name, unit));
        let metrics = families.into_iter().flat_map(|family| family.metrics);
        let mut metrics: Vec<_> = metrics
            .map(|metric| (series::sort_key(&metric.labels), metric))
            .collect();
        metrics.sort_by(|(a, _), (b, _)| a.cmp(b));
        metrics.dedup_by(|(later, _), (earlier, _)| later == earlier);
        MetricFamily {
            name: name.into(),
            help: self.help.map(Cow::Borrowed),
            metric_type: self.metric_type,
            unit,
            metrics: metrics.into_iter().map(|(_, metric)| metric).collect(),
        }
    }
}

/// The families of each name, in the order of their groups.
pub type Runs<'a> = BTreeMap<&'a str, Vec<&'a StoredFamily<'a>>>;

/// The groups' families by name, without those that the gateway makes itself for every group.
#[must_use]
pub fn runs<'a>(groups: &'a [Group<'a>]) -> Runs<'a> {
    let mut all: Vec<(&str, Vec<&StoredFamily<'_>>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for group in groups {
        // Most groups have the families of the group before, in the same order: looking there first saves the hash.
        let mut place = 0;
        for family in &group.families {
            if own::is_automatic(family.name) {
                continue;
            }
            let is_next = |(name, _): &(&str, _)| bytes::equal(name, family.name);
            if !all.get(place).is_some_and(is_next) {
                place = *places.entry(family.name).or_insert(all.len());
                if place == all.len() {
                    all.push((family.name, Vec::new()));
                }
            }
            if let Some((_, runs)) = all.get_mut(place) {
                runs.push(family);
            }
            place += 1;
        }
    }
    all.into_iter().collect()
}

impl<'a> Merged<'a> {
    /// Merges families by name.
    ///
    /// Where groups disagree on a type or a HELP text, the first group has its way: groups come in a stable order, so
    /// that the choice does not change from scrape to scrape. (In the Pushgateway chance decides.)
    #[must_use]
    pub fn of(runs: &Runs<'a>) -> Self {
        let mut merged = Self::default();
        for (name, runs) in runs {
            merged.add(name, runs);
        }
        merged
    }

    /// Adds a family from its parts, the first of which decides type and HELP.
    ///
    /// What it could collide with comes before it, as it does in the order of names.
    pub fn add(&mut self, name: &'a str, runs: &[&'a StoredFamily<'a>]) {
        let Some(first) = runs.first() else { return };
        if let Some(other) = self.collision(name) {
            self.leave_out(count(runs), || {
                format!("family {name} collides with the series of {other}")
            });
            return;
        }
        let (runs, others): (Vec<_>, Vec<_>) = runs
            .iter()
            .copied()
            .partition(|run| run.metric_type == first.metric_type);
        if let Some(other) = others.first() {
            self.leave_out(count(&others), || {
                let (held, left) = (first.metric_type.enum_name(), other.metric_type.enum_name());
                format!("family {name} is a {held} in one group and a {left} in another")
            });
        }
        let (pieces, duplicates) = order(&runs);
        if duplicates > 0 {
            self.leave_out(duplicates, || {
                format!("family {name} has the same series in several groups")
            });
        }
        let family = MergedFamily {
            help: runs.iter().find_map(|run| run.help),
            metric_type: first.metric_type,
            series_count: count(&runs) - duplicates,
            pieces,
            runs,
        };
        self.families.insert(name, family);
    }

    /// The histogram or summary one of whose series this family would look like.
    fn collision(&self, name: &str) -> Option<&'a str> {
        names::owners(name).find_map(|(owner, suffix)| {
            let (owner, family) = self.families.get_key_value(owner)?;
            names::suffixes(family.metric_type)
                .contains(&suffix)
                .then_some(*owner)
        })
    }

    fn leave_out(&mut self, series: usize, note: impl FnOnce() -> String) {
        self.left_out += series;
        if self.notes.len() < MAX_NOTES {
            self.notes.push(note());
        }
    }

    /// The number of series.
    #[must_use]
    pub fn series_count(&self) -> usize {
        self.families
            .values()
            .map(|family| family.series_count)
            .sum()
    }
}

/// Whether a family of this name may have this unit. Prometheus refuses a scrape with one that its name does not end in.
fn ends_in_unit(name: &str, unit: &str) -> bool {
    let name = name.strip_suffix("_total").unwrap_or(name);
    name.strip_suffix(unit)
        .is_some_and(|start| start.ends_with('_'))
}

fn count(runs: &[&StoredFamily<'_>]) -> usize {
    runs.iter().map(|run| run.series_count).sum()
}

/// The text of all runs in the order of their series, and how many series were there more than once.
fn order<'a>(runs: &[&StoredFamily<'a>]) -> (Vec<&'a [u8]>, usize) {
    if let [run] = runs
        && run.series_count <= 1
    {
        return (vec![run.text], 0);
    }
    let mut series = by_place(runs);
    // Of equal series the first group's stays.
    series.sort_by(|(a, a_run), (b, b_run)| a.key.compare(&b.key).then(a_run.cmp(b_run)));
    let all = series.len();
    series.dedup_by(|(later, _), (earlier, _)| later.key.compare(&earlier.key).is_eq());
    let duplicates = all - series.len();
    (
        series.into_iter().map(|(series, _)| series.text).collect(),
        duplicates,
    )
}

/// The series of all runs, each with the number of its run: first the first ones of all, then the second ones, and so
/// on.
///
/// Groups come in order and mostly have the same series, so that there are as many long stretches in order as a group
/// has series, which the sort just merges.
fn by_place<'a>(runs: &[&StoredFamily<'a>]) -> Vec<(StoredSeries<'a>, usize)> {
    let mut all = Vec::with_capacity(count(runs));
    let mut rest: Vec<_> = runs.iter().map(|run| run.series()).enumerate().collect();
    while !rest.is_empty() {
        rest.retain_mut(|(run, series)| {
            let next = series.next();
            all.extend(next.map(|series| (series, *run)));
            next.is_some()
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::Label;
    use crate::groups::entry::{Entry, Generation, Header, Writer};
    use crate::groups::series::{RenderedFamily, RenderedSeries, sort_key};

    type Family<'a> = (&'a str, MetricType, Option<&'a str>, &'a [&'a str]);

    /// A stored group of these families, each with a series for each value of a label `x`.
    fn stored(job: &str, families: &[Family<'_>]) -> Vec<u8> {
        let header = Header {
            time: 1,
            expires: None,
            generation: Generation(1),
            tombstone: false,
            labels: vec![("job", job)],
        };
        let mut writer = Writer::new(&header, families.len());
        for (name, metric_type, help, values) in families {
            let series = |value: &&str| RenderedSeries {
                key: sort_key(&[Label::new("x", *value)]),
                text: format!("{name}/{value}/{job} "),
            };
            let series = values.iter().map(series).collect();
            writer.add(&RenderedFamily::of_series(
                name,
                *help,
                *metric_type,
                series,
            ));
        }
        writer.finish()
    }

    fn groups(values: &[Vec<u8>]) -> Vec<Group<'_>> {
        let entries = values
            .iter()
            .map(|value| Entry::decode(value).expect("decodes"));
        entries
            .map(|entry| Group {
                labels: entry.header.labels,
                push_time: None,
                failure_time: None,
                expires: None,
                families: entry.families,
            })
            .collect()
    }

    fn text(family: &MergedFamily<'_>) -> String {
        String::from_utf8_lossy(&family.pieces.concat()).into_owned()
    }

    #[test]
    fn series_of_all_groups_are_in_order() {
        let values = [
            stored("a", &[("m", MetricType::Gauge, None, &["1", "3"])]),
            stored(
                "b",
                &[
                    ("l", MetricType::Gauge, None, &["9"]),
                    ("m", MetricType::Gauge, Some("help"), &["2"]),
                ],
            ),
        ];
        let groups = groups(&values);
        let merged = Merged::of(&runs(&groups));
        assert_eq!(
            merged.families.keys().copied().collect::<Vec<_>>(),
            ["l", "m"]
        );
        assert_eq!(text(&merged.families["m"]), "m/1/a m/2/b m/3/a ");
        assert_eq!(merged.families["m"].help, Some("help"));
        assert_eq!((merged.series_count(), merged.left_out), (4, 0));
    }

    #[test]
    fn units_are_what_names_end_in() {
        let cases = [
            ("a_seconds", "seconds", true),
            ("a_seconds_total", "seconds", true),
            ("a_seconds", "bytes", false),
            ("aseconds", "seconds", false),
            ("seconds", "seconds", false),
        ];
        for (name, unit, want) in cases {
            assert_eq!(ends_in_unit(name, unit), want, "{name} {unit}");
        }
    }

    #[test]
    fn contradictions_are_left_out_and_counted() {
        use MetricType::{Counter, Gauge, Histogram, Summary, Untyped};
        type Case<'a> = (&'a str, Vec<Vec<u8>>, &'a [(&'a str, &'a str)], usize);
        let cases: [Case<'_>; 5] = [
            (
                "the first group's type holds",
                vec![
                    stored("a", &[("m", Gauge, None, &["1"])]),
                    stored("b", &[("m", Counter, None, &["2", "3"])]),
                ],
                &[("m", "m/1/a ")],
                2,
            ),
            (
                "a series is there once",
                vec![
                    stored("a", &[("m", Gauge, None, &["1", "2"])]),
                    stored("b", &[("m", Gauge, None, &["2"])]),
                ],
                &[("m", "m/1/a m/2/a ")],
                1,
            ),
            (
                "no family looks like a histogram's series",
                vec![
                    stored(
                        "a",
                        &[
                            ("h_bucket", Gauge, None, &["1"]),
                            ("h_count", Untyped, None, &["1"]),
                        ],
                    ),
                    stored(
                        "b",
                        &[
                            ("h", Histogram, None, &["1"]),
                            ("h_total", Counter, None, &["1"]),
                        ],
                    ),
                ],
                &[("h", "h/1/b "), ("h_total", "h_total/1/b ")],
                2,
            ),
            (
                "a summary has no buckets",
                vec![stored(
                    "a",
                    &[
                        ("s", Summary, None, &["1"]),
                        ("s_bucket", Gauge, None, &["1"]),
                        ("s_sum", Gauge, None, &["1"]),
                    ],
                )],
                &[("s", "s/1/a "), ("s_bucket", "s_bucket/1/a ")],
                1,
            ),
            (
                "suffixes mean nothing to other types",
                vec![stored(
                    "a",
                    &[("g", Gauge, None, &["1"]), ("g_count", Gauge, None, &["1"])],
                )],
                &[("g", "g/1/a "), ("g_count", "g_count/1/a ")],
                0,
            ),
        ];
        for (name, values, want, left_out) in &cases {
            let groups = groups(values);
            let merged = Merged::of(&runs(&groups));
            let got: Vec<_> = merged
                .families
                .iter()
                .map(|(name, family)| (*name, text(family)))
                .collect();
            let got: Vec<_> = got
                .iter()
                .map(|(name, text)| (*name, text.as_str()))
                .collect();
            assert_eq!(got, *want, "{name}");
            assert_eq!(merged.left_out, *left_out, "{name}");
            assert_eq!(merged.notes.is_empty(), *left_out == 0, "{name}");
        }
    }
}
