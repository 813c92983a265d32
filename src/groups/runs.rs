//! Families of all groups gathered by name, each with the series that its groups hold: what is merged.
//!
//! Families are gathered while their group is read, and their sort keys put together then. A scrape of a large store
//! spends most of its time waiting for memory, and what was just read is at hand.

use std::collections::HashMap;

use super::bytes;
use super::entry::StoredFamily;
use super::own;
use crate::exposition::model::MetricType;

/// The families of groups by name.
#[derive(Debug, Default)]
pub struct Runs<'a> {
    all: Vec<(&'a str, FamilyRuns<'a>)>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Runs<'a> {
    /// Adds the families of another group, but those that the gateway makes itself for every group.
    pub fn add(&mut self, families: Vec<StoredFamily<'a>>) {
        // Most groups have the families of the group before, in the same order: looking there first saves the hash.
        let mut place = 0;
        for family in families {
            if own::is_automatic(family.name) {
                continue;
            }
            let next = self.all.get(place);
            if !next.is_some_and(|(name, _)| bytes::equal(name, family.name)) {
                place = *self.places.entry(family.name).or_insert(self.all.len());
            }
            match self.all.get_mut(place) {
                Some((_, runs)) => runs.add(family),
                None => self.all.push((family.name, FamilyRuns::of(family))),
            }
            place += 1;
        }
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.all.iter().map(|(name, _)| *name)
    }

    /// The families in the order of their names.
    #[must_use]
    pub fn by_name(mut self) -> Vec<(&'a str, FamilyRuns<'a>)> {
        self.all
            .sort_unstable_by(|(a, _), (b, _)| bytes::compare(a.as_bytes(), b.as_bytes()));
        self.all
    }
}

/// What groups hold of one family, in the order of the groups.
#[derive(Debug)]
pub struct FamilyRuns<'a> {
    runs: Vec<StoredFamily<'a>>,
    /// The series of all runs, none while there is one run, which is mostly in order already.
    series: Vec<Series<'a>>,
    /// Their sort keys one after the other.
    keys: Vec<u8>,
}

#[derive(Debug)]
struct Series<'a> {
    /// Where its key ends among the keys. It begins where that of the series before ends.
    key_end: usize,
    text: &'a [u8],
}

impl<'a> FamilyRuns<'a> {
    /// What one group holds.
    #[must_use]
    pub fn of(first: StoredFamily<'a>) -> Self {
        Self {
            runs: vec![first],
            series: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Adds what another group holds.
    pub fn add(&mut self, run: StoredFamily<'a>) {
        if let [first] = self.runs.as_slice() {
            let first = *first;
            self.add_series(&first);
        }
        self.add_series(&run);
        self.runs.push(run);
    }

    fn add_series(&mut self, run: &StoredFamily<'a>) {
        for series in run.series() {
            series.key.append_to(&mut self.keys);
            self.series.push(Series {
                key_end: self.keys.len(),
                text: series.text,
            });
        }
    }

    /// What each group holds.
    #[must_use]
    pub fn runs(&self) -> &[StoredFamily<'a>] {
        &self.runs
    }

    /// The same, for keeps.
    #[must_use]
    pub fn into_runs(self) -> Vec<StoredFamily<'a>> {
        self.runs
    }

    /// Takes away, and returns, what groups hold of another type than this.
    pub fn take_others(&mut self, metric_type: MetricType) -> Vec<StoredFamily<'a>> {
        if self.runs.iter().all(|run| run.metric_type == metric_type) {
            return Vec::new();
        }
        let (kept, others) = std::mem::take(&mut self.runs)
            .into_iter()
            .partition(|run| run.metric_type == metric_type);
        (self.series, self.keys) = (Vec::new(), Vec::new());
        for run in kept {
            if self.runs.is_empty() {
                self.runs.push(run);
            } else {
                self.add(run);
            }
        }
        others
    }

    /// The text of all series in the order of their keys, and how many series were there more than once.
    #[must_use]
    pub fn in_order(&mut self) -> (Vec<&'a [u8]>, usize) {
        if let [run] = self.runs.as_slice() {
            let run = *run;
            if is_in_order(&run) {
                return (vec![run.text], 0);
            }
            self.add_series(&run);
        }
        let mut series = self.by_place();
        // Of equal series the first group's stays.
        series.sort_by(|(a, a_run), (b, b_run)| {
            bytes::compare(self.key(*a), self.key(*b)).then(a_run.cmp(b_run))
        });
        let all = series.len();
        series.dedup_by(|(later, _), (earlier, _)| {
            bytes::compare(self.key(*later), self.key(*earlier)).is_eq()
        });
        let duplicates = all - series.len();
        let texts = series
            .iter()
            .filter_map(|(at, _)| self.series.get(*at))
            .map(|series| series.text);
        (texts.collect(), duplicates)
    }

    /// The places of all series, each with the number of its run: first the first ones of all runs, then the second
    /// ones, and so on.
    ///
    /// Groups come in order and mostly have the same series, so that there are as many long stretches in order as a
    /// group has series, which the sort just merges.
    fn by_place(&self) -> Vec<(usize, usize)> {
        let mut start = 0;
        let mut rest: Vec<_> = self
            .runs
            .iter()
            .map(|run| {
                let places = start..start + run.series_count;
                start = places.end;
                places
            })
            .enumerate()
            .collect();
        let mut places = Vec::with_capacity(self.series.len());
        while !rest.is_empty() {
            rest.retain_mut(|(run, series)| {
                let next = series.next();
                places.extend(next.map(|at| (at, *run)));
                next.is_some()
            });
        }
        places
    }

    fn key(&self, at: usize) -> &[u8] {
        let end = |at: usize| self.series.get(at).map_or(0, |series| series.key_end);
        let start = at.checked_sub(1).map_or(0, end);
        self.keys.get(start..end(at)).unwrap_or_default()
    }
}

/// Whether the series of a family are in the order of their keys, each there once: this program writes no other.
fn is_in_order(run: &StoredFamily<'_>) -> bool {
    let mut keys = run.series().map(|series| series.key);
    let Some(mut last) = keys.next() else {
        return true;
    };
    keys.all(|key| {
        let is_later = last.compare(&key).is_lt();
        last = key;
        is_later
    })
}
