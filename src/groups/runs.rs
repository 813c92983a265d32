//! Families of all groups gathered by name, each with the series that its groups hold: what is merged.
//!
//! Groups come in order, so that mostly all series of one come before all series of the next. As long as they do,
//! nothing is sorted, and a family of a group stays one piece of text. That is found out while the group is read: a
//! scrape of a large store spends most of its time waiting for memory, and what was just read is at hand.

use std::collections::HashMap;

use super::entry::{CodedKey, StoredFamily};
use super::own;
use crate::bytes;
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
            if !next.is_some_and(|(name, _)| bytes::equal(*name, family.name)) {
                place = *self.places.entry(family.name).or_insert(self.all.len());
            }
            match self.all.get_mut(place) {
                Some((_, runs)) => runs.add(family),
                None => self.all.push((family.name, FamilyRuns::of(family))),
            }
            place += 1;
        }
    }

    /// The names, each once.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + Clone {
        self.all.iter().map(|(name, _)| *name)
    }

    /// The families in the order of their names.
    pub fn by_name(mut self) -> impl ExactSizeIterator<Item = (&'a str, FamilyRuns<'a>)> {
        // Families are large for a sort that moves them about.
        let mut names: Vec<_> = self.names().zip(0_usize..).collect();
        names.sort_unstable_by(|(a, _), (b, _)| bytes::compare(*a, *b));
        names.into_iter().map(move |(name, place)| {
            let runs = self
                .all
                .get_mut(place)
                .map(|(_, runs)| std::mem::take(runs));
            (name, runs.unwrap_or_default())
        })
    }
}

/// What groups hold of one family, in the order of the groups.
#[derive(Debug, Default)]
pub struct FamilyRuns<'a> {
    runs: Vec<StoredFamily<'a>>,
    order: Order<'a>,
}

/// How the series of one run after the other stand.
#[derive(Debug)]
enum Order<'a> {
    /// In the order of their keys, each there once. This is the last key, if there is one.
    Ascending(Option<CodedKey<'a>>),
    /// In no order.
    Mixed(Mixed<'a>),
}

/// All series of all runs, sorted by their keys.
#[derive(Debug, Default)]
pub struct Sorted<'a> {
    /// The text of each.
    pub texts: Vec<&'a [u8]>,
    /// The texts of those that an earlier run has too, which are left out.
    pub duplicates: Vec<&'a [u8]>,
}

/// All series of all runs, to be sorted.
#[derive(Debug, Default)]
struct Mixed<'a> {
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

impl Default for Order<'_> {
    fn default() -> Self {
        Self::Ascending(None)
    }
}

impl<'a> FamilyRuns<'a> {
    /// What one group holds.
    #[must_use]
    pub fn of(first: StoredFamily<'a>) -> Self {
        let mut runs = Self {
            // Often there is no more to come.
            runs: Vec::with_capacity(1),
            order: Order::default(),
        };
        runs.add(first);
        runs
    }

    /// Adds what another group holds.
    pub fn add(&mut self, run: StoredFamily<'a>) {
        match &mut self.order {
            Order::Ascending(last) => {
                if !ascends(&run, last) {
                    let mut mixed = Mixed::default();
                    self.runs.iter().for_each(|run| mixed.add(run));
                    mixed.add(&run);
                    self.order = Order::Mixed(mixed);
                }
            }
            Order::Mixed(mixed) => mixed.add(&run),
        }
        self.runs.push(run);
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
        let runs = std::mem::take(self).into_runs().into_iter();
        let (kept, others): (Vec<_>, _) = runs.partition(|run| run.metric_type == metric_type);
        kept.into_iter().for_each(|run| self.add(run));
        others
    }

    /// The series, sorted; `None` where the text of one run after the other is in order.
    #[must_use]
    pub fn sorted(&self) -> Option<Sorted<'a>> {
        match &self.order {
            Order::Ascending(_) => None,
            Order::Mixed(mixed) => Some(mixed.sorted(&self.runs)),
        }
    }
}

/// Whether the series of a run go on in order from this last key, which becomes that of the run.
///
/// Within a run they do if this program wrote it, but nobody has checked that.
fn ascends<'a>(run: &StoredFamily<'a>, last: &mut Option<CodedKey<'a>>) -> bool {
    run.keys().all(|key| {
        let before = last.replace(key);
        before.is_none_or(|before| before.compare(&key).is_lt())
    })
}

impl<'a> Mixed<'a> {
    fn add(&mut self, run: &StoredFamily<'a>) {
        for series in run.series() {
            series.key.append_to(&mut self.keys);
            self.series.push(Series {
                key_end: self.keys.len(),
                text: series.text,
            });
        }
    }

    fn sorted(&self, runs: &[StoredFamily<'a>]) -> Sorted<'a> {
        let mut series = self.by_place(runs);
        // Of equal series the first group's stays.
        series.sort_by(|(a, a_run), (b, b_run)| {
            bytes::compare(self.key(*a), self.key(*b)).then(a_run.cmp(b_run))
        });
        let text = |at: usize| self.series.get(at).map(|series| series.text);
        let mut duplicates = Vec::new();
        series.dedup_by(|(later, _), (earlier, _)| {
            let is_same = bytes::compare(self.key(*later), self.key(*earlier)).is_eq();
            duplicates.extend(text(*later).filter(|_| is_same));
            is_same
        });
        let texts = series.iter().filter_map(|(at, _)| text(*at));
        Sorted {
            texts: texts.collect(),
            duplicates,
        }
    }

    /// The places of all series, each with the number of its run: first the first ones of all runs, then the second
    /// ones, and so on.
    ///
    /// Groups come in order and mostly have the same series, so that there are as many long stretches in order as a
    /// group has series, which the sort just merges.
    fn by_place(&self, runs: &[StoredFamily<'a>]) -> Vec<(usize, usize)> {
        let mut start = 0;
        let mut rest: Vec<_> = runs
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::groups::entry::{Entry, Generation, Header, Writer};
    use crate::groups::series::{RenderedFamily, RenderedSeries};

    /// An entry with one family, of series with these keys. The texts say which run they are of.
    fn entry(run: usize, keys: &[u8]) -> Vec<u8> {
        let header = Header {
            time: 1,
            expires: None,
            generation: Generation(1),
            tombstone: false,
            labels: vec![("job", "j")],
        };
        let series = keys.iter().map(|key| RenderedSeries {
            key: vec![b'k', *key, b'y'],
            text: format!("{key}/{run} "),
        });
        let family = RenderedFamily::of_series("m", None, MetricType::Gauge, series);
        let mut writer = Writer::new(&header, 1);
        writer.add(&family);
        writer.finish()
    }

    /// The text of all series in order, how many there were more than once, and in how many pieces they came.
    fn in_order(runs: &[Vec<u8>]) -> (String, usize, usize) {
        let entries: Vec<_> = runs
            .iter()
            .enumerate()
            .map(|(run, keys)| entry(run, keys))
            .collect();
        let mut all = FamilyRuns::default();
        for entry in &entries {
            let entry = Entry::decode(entry).expect("decodes");
            entry.families.into_iter().for_each(|run| all.add(run));
        }
        let whole = || Sorted {
            texts: all.runs().iter().map(|run| run.text).collect(),
            duplicates: Vec::new(),
        };
        let Sorted {
            texts: pieces,
            duplicates,
        } = all.sorted().unwrap_or_else(whole);
        let text = String::from_utf8_lossy(&pieces.concat()).into_owned();
        (text, duplicates.len(), pieces.len())
    }

    #[test]
    fn runs_in_order_stay_whole() {
        /// What it is, the keys of each run, text, series there more than once, pieces.
        type Case<'a> = (&'a str, &'a [&'a [u8]], &'a str, usize, usize);
        let cases: [Case<'_>; 6] = [
            ("nothing", &[], "", 0, 0),
            (
                "one after the other",
                &[&[1, 2], &[3], &[4, 5]],
                "1/0 2/0 3/1 4/2 5/2 ",
                0,
                3,
            ),
            ("one into the other", &[&[1, 3], &[2]], "1/0 2/1 3/0 ", 0, 3),
            ("one before the other", &[&[2], &[1]], "1/1 2/0 ", 0, 2),
            (
                "the end of one is the start of the next",
                &[&[1, 2], &[2, 3]],
                "1/0 2/0 3/1 ",
                1,
                3,
            ),
            (
                "not as this program writes them",
                &[&[2, 1, 2]],
                "1/0 2/0 ",
                1,
                2,
            ),
        ];
        for (name, runs, text, duplicates, pieces) in cases {
            let runs: Vec<_> = runs.iter().map(|keys| keys.to_vec()).collect();
            assert_eq!(
                in_order(&runs),
                (text.to_owned(), duplicates, pieces),
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn each_series_is_there_once_and_the_first_run_has_its_way(
            runs in prop::collection::vec(prop::collection::vec(0_u8..30, 0..4), 0..6),
        ) {
            let mut want = BTreeMap::new();
            for (run, keys) in runs.iter().enumerate() {
                for key in keys {
                    want.entry(*key).or_insert(run);
                }
            }
            let text: String = want.iter().map(|(key, run)| format!("{key}/{run} ")).collect();
            let all: usize = runs.iter().map(Vec::len).sum();
            let (got, duplicates, _) = in_order(&runs);
            prop_assert_eq!(got, text);
            prop_assert_eq!(duplicates, all - want.len());
        }
    }
}
