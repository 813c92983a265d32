//! The consistency check against what other groups hold, at a cost that does not depend on how many there are.
//!
//! The Pushgateway gathers everything it has on every push. Here the store keeps a record of each family's type and
//! of the sets of label names that groups have, so that a push looks up only what it could contradict:
//!
//! - *Types.* If the record of a pushed family, or of one whose name collides with it, contradicts the push, the group
//!   that the record names is read. If that one really holds the other type, the push is refused. If not, and only
//!   then, all groups are looked at, and the record is put right, or deleted if it tells of a family that nobody holds.
//! - *Series.* A series of this push can stand in another group only if that group's labels are among the series' own.
//!   For each other set of label names on record that is one group for each distinct tuple of values: it is looked up,
//!   and read if it exists. Where these would be a great many, all groups are looked at instead.
//!
//! Exact against everything that settled before the push began, but for groups beyond the sets of label names that are
//! kept on record ([`Shapes`]). Two pushes that contradict each other at the same moment may both get in. A scrape copes
//! with either.

use std::collections::{BTreeMap, BTreeSet};

use crate::bytes;
use crate::exposition::model::MetricFamily;
use crate::groups::check::Violations;
use crate::groups::entry::{StoredFamily, UnixNanos};
use crate::groups::fold::Group;
use crate::groups::key::{GroupId, GroupingKey};
use crate::groups::names;
use crate::store::records::{self, FamilyType, Shapes};
use crate::store::{Store, StoreError, Value, layout};

mod series;
mod types;

/// What a push does to the families that its group holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Replaces all of them.
    Put,
    /// Replaces those of the same names.
    Post,
}

/// A push, as the check sees it: families that are right in themselves.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// PUT or POST.
    pub kind: Kind,
    /// The group.
    pub key: &'a GroupingKey,
    /// The group's id.
    pub id: &'a GroupId,
    /// The families, sorted by name, their metrics with their final labels.
    pub families: &'a [MetricFamily<'a>],
    /// The time of the push.
    pub now: UnixNanos,
}

/// What the check found wrong, or what kept it from looking.
#[derive(Debug)]
pub enum CheckError {
    /// The push contradicts what is there.
    Rejected(Violations),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for CheckError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The records that a push is checked against: which to read, and what they said.
#[derive(Debug)]
pub struct Records {
    /// The names of families, sorted.
    names: Vec<String>,
    /// What is on record of each.
    types: Vec<Option<FamilyType>>,
    shapes: Shapes,
}

impl Records {
    /// The records to read for a push of these families.
    #[must_use]
    pub fn needed(families: &[MetricFamily<'_>]) -> Self {
        let mut names = Vec::with_capacity(families.len());
        for family in families {
            names.extend(names::neighbours(&family.name, family.metric_type));
            names.push(family.name.to_string());
        }
        names.sort_by(bytes::compare);
        names.dedup();
        Self {
            names,
            types: Vec::new(),
            shapes: Shapes::default(),
        }
    }

    /// Their keys.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let types = self.names.iter().map(|name| layout::family_type(name));
        types.chain([layout::SHAPES.to_owned()]).collect()
    }

    /// Takes the values, in the order of [`Self::keys`].
    pub fn take(&mut self, values: &mut impl Iterator<Item = Option<Value>>) {
        let types = self.names.iter().zip(values.by_ref()).map(|(name, value)| {
            let record = FamilyType::read(&value?)?;
            // The key is a hash of the name: a record of another one was not written for it.
            bytes::equal(&record.name, name).then_some(record)
        });
        self.types = types.collect();
        self.shapes = records::read(values.next().flatten().as_deref()).unwrap_or_default();
    }

    /// What is on record of the family of this name.
    fn family(&self, name: &str) -> Option<&FamilyType> {
        let at = self
            .names
            .binary_search_by(|held| bytes::compare(held.as_str(), name));
        self.types.get(at.ok()?)?.as_ref()
    }
}

/// What was learnt about records.
#[derive(Debug, Default)]
struct Learnt {
    /// Records to be written, by the names of the families.
    updates: BTreeMap<String, FamilyType>,
    /// Families with a record that no group holds.
    unheld: BTreeSet<String>,
}

/// Checks a push against what other groups hold. Returns the records to write with it.
///
/// # Errors
///
/// The push contradicts other groups, or the store failed.
pub async fn check<S: Store>(
    store: &S,
    push: &Candidate<'_>,
    records: &Records,
) -> Result<Vec<(String, Value)>, CheckError> {
    let mut learnt = Learnt::default();
    let result = match types::check(store, push, records, &mut learnt).await {
        Ok(()) => series::check(store, push, &records.shapes).await,
        error => error,
    };
    let Learnt {
        mut updates,
        unheld,
    } = learnt;
    // A push that is refused changes nothing, but what was learnt about other groups is kept for the next one.
    if let Err(CheckError::Rejected(_)) = result {
        updates.retain(|_, record| record.group != push.id.as_str());
        if !updates.is_empty() {
            store.write(updates.values().map(stored).collect()).await?;
            updates.clear();
        }
    }
    let is_stale = |name: &&String| !updates.contains_key(*name);
    let stale = unheld.iter().filter(is_stale);
    let stale: Vec<_> = stale.map(|name| layout::family_type(name)).collect();
    if !stale.is_empty() {
        store.delete(&stale).await?;
    }
    result?;
    let updates = updates.values().map(stored);
    Ok(updates.chain(new_shape(push, &records.shapes)).collect())
}

fn stored(record: &FamilyType) -> (String, Value) {
    (layout::family_type(&record.name), records::write(record))
}

/// The pushed family of this name.
fn pushed<'a>(push: &Candidate<'a>, name: &str) -> Option<&'a MetricFamily<'a>> {
    let families = push.families;
    let at = families.binary_search_by(|family| bytes::compare(&*family.name, name));
    families.get(at.ok()?)
}

/// The family of this name that the group holds.
fn held_in<'g, 'a>(group: &'g Group<'a>, name: &str) -> Option<&'g StoredFamily<'a>> {
    let families = &group.families;
    let at = families.binary_search_by(|family| bytes::compare(family.name, name));
    families.get(at.ok()?)
}

/// The record of label name sets, if this group's is new, or nothing is on record yet.
fn new_shape(push: &Candidate<'_>, shapes: &Shapes) -> Option<(String, Value)> {
    let own = push.key.labels().map(|(name, _)| name.to_owned()).collect();
    let mut shapes = shapes.clone();
    let is_first = shapes.since == 0 && shapes.shapes.is_empty();
    if !shapes.add(own) && !is_first {
        return None;
    }
    if is_first {
        shapes.since = push.now;
    }
    Some((layout::SHAPES.to_owned(), records::write(&shapes)))
}
