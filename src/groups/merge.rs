//! All groups, merged by family into what a scrape exposes.
//!
//! The result is a valid exposition whatever the store holds: one type for each family, no series twice, no family
//! whose name collides with the series of a histogram or summary. The consistency check keeps such things out; what
//! gets past it (races, a check that is off, a neighbour in the store) is left out here, counted and noted.

use std::borrow::Cow;

use super::entry::StoredFamily;
use super::names;
use super::runs::{FamilyRuns, Runs, Sorted};
use super::series;
use crate::bytes;
use crate::exposition::model::{MetricFamily, MetricType};
use crate::exposition::names::may_have_unit;
use crate::quote::shorten;

/// How many of the things that were left out are described in words.
const MAX_NOTES: usize = 10;

/// How much of an example is shown, in bytes.
const MAX_EXAMPLE_BYTES: usize = 512;

/// Families by name, with all their series in order.
#[derive(Debug, Default)]
pub struct Merged<'a> {
    /// The families, sorted by name.
    pub families: Vec<MergedFamily<'a>>,
    /// How many series were left out because they contradict others.
    pub left_out: usize,
    /// What was left out and why, for the log: the first few.
    pub notes: Vec<String>,
}

/// A family of all groups.
#[derive(Debug)]
pub struct MergedFamily<'a> {
    /// The metric name.
    pub name: &'a str,
    /// The HELP text of the first group that has one.
    pub help: Option<&'a str>,
    /// The type of the first group.
    pub metric_type: MetricType,
    /// How many series it has.
    pub series_count: usize,
    /// How many of these the gateway made itself.
    own_series: usize,
    /// Whether some readers need its names escaped.
    pub has_utf8_names: bool,
    /// What it was merged from: the families of its type, those with series of earlier ones included.
    runs: Vec<StoredFamily<'a>>,
    /// The text of each series, where the texts of what it was merged from are not in order.
    sorted: Option<Vec<&'a [u8]>>,
}

impl<'a> MergedFamily<'a> {
    /// Its text, in pieces.
    pub fn pieces(&self) -> impl Iterator<Item = &'a [u8]> {
        let (whole, sorted) = match &self.sorted {
            None => (self.runs.as_slice(), [].as_slice()),
            Some(sorted) => ([].as_slice(), sorted.as_slice()),
        };
        whole
            .iter()
            .map(|run| run.text)
            .chain(sorted.iter().copied())
    }

    /// The family in full, for formats that say more than text does, or other names.
    #[must_use]
    pub fn family(&self) -> MetricFamily<'a> {
        let families: Vec<_> = self.runs.iter().filter_map(StoredFamily::family).collect();
        let mut units = families.iter().filter_map(|family| family.unit.clone());
        let unit = units.find(|unit| may_have_unit(self.name, unit));
        let metrics = families.into_iter().flat_map(|family| family.metrics);
        let mut metrics: Vec<_> = metrics
            .map(|metric| (series::sort_key(&metric.labels), metric))
            .collect();
        metrics.sort_by(|(a, _), (b, _)| a.cmp(b));
        metrics.dedup_by(|(later, _), (earlier, _)| later == earlier);
        MetricFamily {
            name: self.name.into(),
            help: self.help.map(Cow::Borrowed),
            metric_type: self.metric_type,
            unit,
            metrics: metrics.into_iter().map(|(_, metric)| metric).collect(),
        }
    }
}

impl<'a> Merged<'a> {
    /// Merges families by name.
    ///
    /// Where groups disagree on a type or a HELP text, the first group has its way: groups come in a stable order, so
    /// that the choice does not change from scrape to scrape. (In the Pushgateway chance decides.)
    #[must_use]
    pub fn of(runs: Runs<'a>) -> Self {
        let runs = runs.by_name();
        let mut merged = Self {
            families: Vec::with_capacity(runs.len()),
            ..Self::default()
        };
        for (name, runs) in runs {
            // What it could collide with came before it in the order of names.
            let family = merged.merge(name, runs);
            merged.families.extend(family);
        }
        merged
    }

    /// Adds a family of the gateway's own, which has its way before what was pushed under its name.
    pub fn add_own(&mut self, own: &StoredFamily<'a>) {
        self.reserve(own.name, own.metric_type);
        let mut runs = FamilyRuns::of(*own);
        let place = match self.place(own.name) {
            Ok(place) => {
                let pushed = self.families.remove(place);
                pushed.runs.into_iter().for_each(|run| runs.add(run));
                place
            }
            Err(place) => place,
        };
        if let Some(mut family) = self.merge(own.name, runs) {
            family.own_series = own.series_count;
            self.families.insert(place, family);
        }
    }

    /// Leaves out what was pushed under the name of a family of the gateway's own as another type than this.
    ///
    /// [`add_own`](Self::add_own) does so too: this is for families that can only be made when it is known what is left.
    pub fn reserve(&mut self, name: &str, metric_type: MetricType) {
        let Ok(place) = self.place(name) else {
            return;
        };
        if self
            .families
            .get(place)
            .is_some_and(|pushed| pushed.metric_type != metric_type)
        {
            let pushed = self.families.remove(place);
            self.leave_out(pushed.series_count, pushed.pieces().next(), || {
                let (held, left) = (metric_type.enum_name(), pushed.metric_type.enum_name());
                format!("family {name} is a {held} of the gateway and a {left} in a group")
            });
        }
    }

    /// One family of its parts, the first of which decides type and HELP. `None` if it has no place here.
    fn merge(&mut self, name: &'a str, mut runs: FamilyRuns<'a>) -> Option<MergedFamily<'a>> {
        let first = runs.runs().first()?.metric_type;
        if let Some(other) = self.collision(name) {
            let example = runs.runs().first().map(|run| run.text);
            self.leave_out(count(runs.runs()), example, || {
                format!("family {name} collides with the series of {other}")
            });
            return None;
        }
        let others = runs.take_others(first);
        if let Some(other) = others.first() {
            self.leave_out(count(&others), Some(other.text), || {
                let (held, left) = (first.enum_name(), other.metric_type.enum_name());
                format!("family {name} is a {held} in one group and a {left} in another")
            });
        }
        let (sorted, duplicates) = match runs.sorted() {
            Some(Sorted { texts, duplicates }) => (Some(texts), duplicates),
            None => (None, Vec::new()),
        };
        if let Some(example) = duplicates.first() {
            self.leave_out(duplicates.len(), Some(example), || {
                format!("family {name} has the same series in several groups")
            });
        }
        let runs = runs.into_runs();
        Some(MergedFamily {
            name,
            help: runs.iter().find_map(|run| run.help),
            metric_type: first,
            series_count: count(&runs) - duplicates.len(),
            own_series: 0,
            has_utf8_names: runs.iter().any(|run| run.has_utf8_names),
            runs,
            sorted,
        })
    }

    /// Where the family of this name is, or would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.families
            .binary_search_by(|family| bytes::compare(family.name, name))
    }

    /// The histogram or summary one of whose series this family would look like.
    fn collision(&self, name: &str) -> Option<&'a str> {
        names::owners(name).find_map(|(owner, suffix)| {
            let family = self.families.get(self.place(owner).ok()?)?;
            names::suffixes(family.metric_type)
                .contains(&suffix)
                .then_some(family.name)
        })
    }

    /// Counts series that are left out, and notes why, with the first line of such a text: its labels name a group.
    fn leave_out(&mut self, series: usize, example: Option<&[u8]>, why: impl FnOnce() -> String) {
        self.left_out += series;
        if self.notes.len() < MAX_NOTES {
            let line = example.and_then(|text| text.split(|byte| *byte == b'\n').next());
            let line = String::from_utf8_lossy(line.unwrap_or_default());
            let line = shorten(&line, MAX_EXAMPLE_BYTES);
            self.notes.push(format!("{}: {line}", why()));
        }
    }

    /// How many families have series that were pushed, and how many such series there are.
    #[must_use]
    pub fn pushed(&self) -> (usize, usize) {
        let families = self.families.iter();
        let series = families.map(|family| family.series_count.saturating_sub(family.own_series));
        let series = series.filter(|series| *series > 0);
        series.fold((0, 0), |(families, all), series| {
            (families + 1, all + series)
        })
    }
}

fn count(runs: &[StoredFamily<'_>]) -> usize {
    runs.iter().map(|run| run.series_count).sum()
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
            let series = values.iter().map(series);
            writer.add(&RenderedFamily::of_series(
                name,
                *help,
                *metric_type,
                series,
            ));
        }
        writer.finish()
    }

    fn merged(values: &[Vec<u8>]) -> Merged<'_> {
        let mut runs = Runs::default();
        for value in values {
            runs.add(Entry::decode(value).expect("decodes").families);
        }
        Merged::of(runs)
    }

    fn text(family: &MergedFamily<'_>) -> String {
        let pieces: Vec<_> = family.pieces().collect();
        String::from_utf8_lossy(&pieces.concat()).into_owned()
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
        let merged = merged(&values);
        let [l, m] = merged.families.as_slice() else {
            panic!("two families")
        };
        assert_eq!((l.name, m.name), ("l", "m"));
        assert_eq!(text(m), "m/1/a m/2/b m/3/a ");
        assert_eq!(m.help, Some("help"));
        assert_eq!((merged.pushed(), merged.left_out), ((2, 4), 0));
    }

    #[test]
    fn series_are_put_in_order_that_are_not() {
        // This program writes no such entry.
        for others in [&["3"][..], &["2", "0"]] {
            let values = [
                stored("a", &[("m", MetricType::Gauge, None, &["4", "1"])]),
                stored("b", &[("m", MetricType::Gauge, None, others)]),
            ];
            let merged = merged(&values);
            let [m] = merged.families.as_slice() else {
                panic!("one family")
            };
            let text = text(m);
            let lines = text.split_terminator(' ');
            assert!(lines.clone().is_sorted(), "{text}");
            assert_eq!(lines.count(), 2 + others.len());
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
            let merged = merged(values);
            let got: Vec<_> = merged
                .families
                .iter()
                .map(|family| (family.name, text(family)))
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
