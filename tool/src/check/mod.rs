//! `check`: what is damaged in a store, what is left over, and what takes how much room.
//!
//! Read-only. [`group`] looks at the entries of one group at a time, so that memory holds no more than
//! that; [`cross`] at what records say about groups; [`report`] says it.

mod cross;
mod group;
mod report;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use spin_pushgateway::groups::entry::UnixNanos;
use spin_pushgateway::groups::key::GroupingKey;
use spin_pushgateway::store::layout::Key;
use spin_pushgateway::store::records::{Failure, FamilyType, Index, Shapes, Unsent};

use crate::store::{Pair, Place, Scope, Store};
use group::Facts;
use report::Report;

/// What to check.
#[derive(Debug)]
pub(crate) struct CheckOptions {
    /// Where the store is.
    pub(crate) store: Place,
    /// Print JSON.
    pub(crate) json: bool,
}

/// Checks a store and prints the report; whether nothing is damaged.
pub(crate) fn run(options: &CheckOptions) -> Result<bool> {
    let mut store = Store::open(&options.store)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let mut inspection = Inspection {
        now: UnixNanos::try_from(now)?,
        ..Inspection::default()
    };
    store
        .walk(Scope::Gateway, &mut |key, value| {
            inspection.add(key, value);
            Ok(())
        })
        .with_context(|| format!("cannot read {}", options.store))?;
    let report = inspection.finish();
    if options.json {
        println!("{}", report.json(&options.store.to_string()));
    } else {
        print!("{}", report.text(&options.store.to_string()));
    }
    Ok(!report.has_damage())
}

/// What has been seen of a store whose keys come in order.
#[derive(Debug, Default)]
struct Inspection {
    report: Report,
    /// What has expired by then is shown to nobody.
    now: UnixNanos,
    /// The entries of the group that is being read.
    current: Option<(String, Vec<Pair>)>,
    groups: BTreeMap<String, Facts>,
    indexes: Vec<(String, String, Index)>,
    types: Vec<(String, FamilyType)>,
    shapes: Option<Shapes>,
}

impl Inspection {
    /// Takes in the next key.
    fn add(&mut self, key: &str, value: &[u8]) {
        self.report.count_key(key.len().saturating_add(value.len()));
        let parsed = Key::parse(key);
        if let Some(group) = parsed.and_then(|key| key.group()) {
            let facts = self.groups.entry(group.to_owned()).or_default();
            facts.bytes += key.len() + value.len();
        }
        match parsed {
            None => self
                .report
                .notice(key, "a key that this version does not know"),
            Some(Key::Root { group } | Key::Post { group, .. }) => self.entry(group, key, value),
            Some(Key::Index { group }) => {
                if let Some(index) = self.record::<Index>(key, value) {
                    self.expect_labels(key, group, &index.labels);
                    self.indexes.push((key.to_owned(), group.to_owned(), index));
                }
            }
            Some(Key::Failure { group }) => {
                if let Some(failure) = self.record::<Failure>(key, value) {
                    self.expect_labels(key, group, &failure.labels);
                    let facts = self.groups.entry(group.to_owned()).or_default();
                    facts.failed = true;
                    facts.labels = failure.labels;
                }
            }
            Some(Key::Unsent { group }) => {
                if let Some(unsent) = self.record::<Unsent>(key, value) {
                    self.expect_labels(key, group, &unsent.labels);
                }
            }
            Some(Key::Type { .. }) => {
                if let Some(family) = self.record(key, value) {
                    self.types.push((key.to_owned(), family));
                }
            }
            Some(Key::Shapes) => self.shapes = self.record(key, value),
        }
    }

    /// Collects the entries of a group, which stand together in the order of keys.
    fn entry(&mut self, group: &str, key: &str, value: &[u8]) {
        let pair = (key.to_owned(), value.to_vec());
        match &mut self.current {
            Some((current, pairs)) if current == group => pairs.push(pair),
            _ => {
                self.end_group();
                self.current = Some((group.to_owned(), vec![pair]));
            }
        }
    }

    fn end_group(&mut self) {
        if let Some((id, pairs)) = self.current.take() {
            let facts = self.groups.entry(id.clone()).or_default();
            group::inspect(&id, &pairs, self.now, facts, &mut self.report);
        }
    }

    fn record<T: serde::de::DeserializeOwned>(&mut self, key: &str, value: &[u8]) -> Option<T> {
        match serde_json::from_slice(value) {
            Ok(record) => Some(record),
            Err(error) => {
                self.report
                    .damage(key, &format!("record cannot be read: {error}"));
                None
            }
        }
    }

    fn expect_labels(&mut self, key: &str, group: &str, labels: &BTreeMap<String, String>) {
        if !is_id_of(group, labels.iter()) {
            self.report
                .damage(key, "record holds the labels of another group than its key");
        }
    }

    /// Looks at what can be said only when all is known.
    fn finish(mut self) -> Report {
        self.end_group();
        cross::inspect(&mut self);
        self.report.measure(&self.groups);
        self.report
    }
}

/// Whether a group of these labels has this id.
fn is_id_of<N, V>(id: &str, labels: impl IntoIterator<Item = (N, V)>) -> bool
where
    N: AsRef<str>,
    V: AsRef<str>,
{
    let labels = labels
        .into_iter()
        .map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned()));
    GroupingKey::new(labels).is_some_and(|key| key.id().as_str() == id)
}

#[cfg(test)]
mod tests;
