//! Tidying up after a scrape: what no reader looks at any more is deleted, a bounded number at a time.
//!
//! Nothing here changes what anybody sees, so it may run after the answer, be cut short, or fail. What may be deleted
//! without a look at who else writes is explained in `docs/storage.md`: only entries that nobody will write again.

use std::collections::{BTreeSet, HashSet};

use crate::groups::entry::{Entry, Generation, Nanos};
use crate::groups::fold::{Group, GroupEntries};
use crate::store::layout::{self, Key, Slot};
use crate::store::records::{self, Shapes};
use crate::store::snapshot::{GroupValues, Snapshot};
use crate::store::{Store, StoreError};

/// How many keys one scrape deletes at most.
const MAX_DELETED: usize = 256;

/// How old the mark of a deletion must be before a scrape finishes what the DELETE that left it did not, in
/// nanoseconds.
const ABANDONED: Nanos = 60_000_000_000;

/// How many of them one scrape finishes at most.
const MAX_TOMBSTONES: usize = 16;

/// What is to be tidied up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// Entries that do not count and that nobody will write again.
    dead: Vec<String>,
    /// Entries without generation of groups that have a PUT entry, by the key of that one. They stay dead only while
    /// it is there.
    below_root: Vec<(String, Vec<String>)>,
    /// Marks that a DELETE left behind: the key, and the generation that it began.
    tombstones: Vec<(String, Generation)>,
    /// Records of families that no group holds.
    types: Vec<String>,
    /// The label name sets in use, if the record has others.
    shapes: Option<Shapes>,
}

impl Cleanup {
    /// What a scrape that read this, at this time, may tidy up.
    #[must_use]
    pub fn plan(
        snapshot: &Snapshot,
        entries: &[(&str, GroupEntries<'_>)],
        groups: &[Group<'_>],
        now: Nanos,
    ) -> Self {
        let mut cleanup = Self::default();
        for (id, entries) in entries {
            if let Some(values) = snapshot.groups.get(*id) {
                cleanup.plan_group(entries, values, now);
            }
        }
        cleanup.types = orphaned_types(snapshot, groups);
        cleanup.shapes = outdated_shapes(snapshot, groups);
        cleanup
    }

    fn plan_group(&mut self, entries: &GroupEntries<'_>, values: &GroupValues, now: Nanos) {
        let Some((root_key, _)) = &values.root else {
            let is_past = |generation: Generation| generation != Generation::NONE;
            self.dead.extend(keys_where(values, is_past));
            if values.posts.is_empty() {
                self.dead.extend(values.index.clone());
            }
            return;
        };
        // What builds on a root that cannot be read (perhaps a newer version's) is not ours to judge.
        let Some(root) = &entries.root else { return };
        let current = root.header.generation;
        self.dead.extend(keys_where(values, |generation| {
            generation != current && generation != Generation::NONE
        }));
        self.dead.extend(superseded(entries));
        let below: Vec<_> =
            keys_where(values, |generation| generation == Generation::NONE).collect();
        if !below.is_empty() {
            self.below_root.push((root_key.clone(), below));
        }
        let is_built_on = values
            .posts
            .iter()
            .any(|(_, generation, _)| *generation == current);
        let age = now.saturating_sub(root.header.time);
        if root.header.tombstone && !is_built_on && age > ABANDONED {
            self.tombstones.push((root_key.clone(), current));
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Tidies up.
    ///
    /// # Errors
    ///
    /// The store failed. The next scrape tries again.
    pub async fn run<S: Store>(self, store: &S) -> Result<(), StoreError> {
        let mut doomed = self.dead;
        doomed.extend(self.types);
        for (root, keys) in self.below_root {
            if doomed.len() >= MAX_DELETED {
                break;
            }
            if generation(store, &root).await?.is_some() {
                doomed.extend(keys);
            }
        }
        for (root, mark) in self.tombstones.into_iter().take(MAX_TOMBSTONES) {
            if generation(store, &root).await? == Some(mark) {
                store.delete(&[root]).await?;
            }
        }
        doomed.truncate(MAX_DELETED);
        if !doomed.is_empty() {
            store.delete(&doomed).await?;
        }
        if let Some(shapes) = self.shapes {
            store
                .write(vec![(layout::SHAPES.to_owned(), records::write(&shapes))])
                .await?;
        }
        Ok(())
    }
}

/// The generation that the PUT entry with this key now has.
async fn generation<S: Store>(store: &S, root: &str) -> Result<Option<Generation>, StoreError> {
    let values = store.read(&[root.to_owned()]).await?;
    let value = values.first().and_then(Option::as_deref);
    Ok(value
        .and_then(|value| Entry::decode(value).ok())
        .map(|entry| entry.header.generation))
}

fn keys_where(
    values: &GroupValues,
    is_wanted: impl Fn(Generation) -> bool,
) -> impl Iterator<Item = String> {
    let posts = values
        .posts
        .iter()
        .filter(move |(_, generation, _)| is_wanted(*generation));
    posts.map(|(key, ..)| key.clone())
}

/// Entries that newer ones hide and that are never written again. (One in a shared slot may be written any moment.)
fn superseded(entries: &GroupEntries<'_>) -> impl Iterator<Item = String> {
    let is_unique = |key: &&str| matches!(Key::parse(key), Some(Key::Post { slot, .. }) if Slot::is_unique(slot));
    entries
        .superseded()
        .into_iter()
        .filter(is_unique)
        .map(str::to_owned)
}

fn orphaned_types(snapshot: &Snapshot, groups: &[Group<'_>]) -> Vec<String> {
    let names: HashSet<&str> = groups
        .iter()
        .flat_map(|group| &group.families)
        .map(|family| family.name)
        .collect();
    // Hashing every name is worth it only if there are more records than names.
    if snapshot.types.len() <= names.len() {
        return Vec::new();
    }
    let live: HashSet<String> = names.into_iter().map(layout::family_type).collect();
    snapshot
        .types
        .iter()
        .filter(|key| !live.contains(*key))
        .take(MAX_DELETED)
        .cloned()
        .collect()
}

fn outdated_shapes(snapshot: &Snapshot, groups: &[Group<'_>]) -> Option<Shapes> {
    let live: BTreeSet<Vec<&str>> = groups
        .iter()
        .map(|group| group.labels.iter().map(|(name, _)| *name).collect())
        .collect();
    if snapshot.shapes.shapes.len() <= live.len() {
        return None;
    }
    let owned = |shape: Vec<&str>| shape.into_iter().map(str::to_owned).collect();
    Some(Shapes {
        since: snapshot.shapes.since,
        shapes: live.into_iter().map(owned).collect(),
    })
}
