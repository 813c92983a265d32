//! DELETE: groups and everything they hold go.
//!
//! A group without POST entries is deleted by its keys. Where there are POST entries, others may be added while they
//! are deleted. So the group first gets a PUT entry without families that marks it as deleted and ends the generation
//! that the POST entries build on. They then no longer count, and can be deleted one by one, unless another PUT has
//! replaced the mark. `docs/storage.md` shows the histories that each step guards against.

use std::collections::{BTreeMap, BTreeSet};

use crate::groups::entry::{Entry, Generation, Header, Writer};
use crate::groups::key::{GroupId, GroupingKey};
use crate::store::layout::{self, Key};
use crate::store::{Store, StoreError, World};

/// How many keys are deleted at a time.
const BATCH: usize = 100;

/// Deletes a group. One that does not exist is as good as deleted.
///
/// # Errors
///
/// As [`delete_groups`].
pub async fn delete<S: Store, W: World>(
    store: &S,
    world: &W,
    key: &GroupingKey,
) -> Result<(), StoreError> {
    delete_groups(store, world, &BTreeSet::from([key.id()])).await
}

/// Deletes groups, in as many calls of the store as for one, but that keys go a batch at a time.
///
/// # Errors
///
/// The store failed. Each of the groups may be there, or not, or be marked as deleted: another DELETE finishes it.
pub async fn delete_groups<S: Store, W: World>(
    store: &S,
    world: &W,
    groups: &BTreeSet<GroupId>,
) -> Result<(), StoreError> {
    let keys = list(store, groups).await?;
    let (grown, plain): (BTreeMap<_, _>, BTreeMap<_, _>) = keys
        .into_iter()
        .partition(|(_, keys)| keys.iter().any(|key| is_post(key)));
    delete_all(store, plain.into_values().flatten()).await?;
    if grown.is_empty() {
        return Ok(());
    }

    let marked: BTreeSet<GroupId> = grown.into_keys().collect();
    let mark = Generation(world.random().max(1));
    let header = Header {
        time: world.now(),
        expires: None,
        generation: mark,
        tombstone: true,
        labels: Vec::new(),
    };
    let tombstone = Writer::new(&header, 0).finish();
    store
        .write(
            marked
                .iter()
                .map(|group| (layout::root(group), tombstone.clone()))
                .collect(),
        )
        .await?;

    // Listed again, for entries that were written before the mark but after the first listing.
    let keys = list(store, &marked).await?;
    let marked = still_marked(store, marked, mark).await?;
    let doomed = keys.into_iter().flat_map(|(group, keys)| {
        // Where a PUT has begun the group anew, only the rejected push of the old one is left to go.
        let is_marked = marked.contains(&group);
        let is_doomed = move |key: &String| {
            if is_marked {
                !is_root(key) && !builds_on(key, mark)
            } else {
                is_failure(key)
            }
        };
        keys.into_iter().filter(is_doomed)
    });
    let doomed: Vec<_> = doomed.collect();
    delete_all(store, doomed.into_iter()).await?;
    let marked = still_marked(store, marked, mark).await?;
    delete_all(store, marked.iter().map(layout::root)).await
}

/// Deletes all groups.
///
/// # Errors
///
/// As [`delete_groups`].
pub async fn delete_all_groups<S: Store, W: World>(store: &S, world: &W) -> Result<(), StoreError> {
    let keys = store.list().await?;
    let groups = keys
        .iter()
        .filter_map(|key| GroupId::parse(Key::parse(key)?.group()?))
        .collect();
    delete_groups(store, world, &groups).await
}

/// The keys of these groups.
async fn list<S: Store>(
    store: &S,
    groups: &BTreeSet<GroupId>,
) -> Result<BTreeMap<GroupId, BTreeSet<String>>, StoreError> {
    let mut keys: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for key in store.list().await? {
        let group = Key::parse(&key)
            .and_then(|key| key.group())
            .and_then(GroupId::parse);
        if let Some(group) = group.filter(|group| groups.contains(group)) {
            keys.entry(group).or_default().insert(key);
        }
    }
    Ok(keys)
}

async fn delete_all<S: Store>(
    store: &S,
    keys: impl Iterator<Item = String>,
) -> Result<(), StoreError> {
    for batch in keys.collect::<Vec<_>>().chunks(BATCH) {
        store.delete(batch).await?;
    }
    Ok(())
}

fn is_root(key: &str) -> bool {
    matches!(Key::parse(key), Some(Key::Root { .. }))
}

fn is_failure(key: &str) -> bool {
    matches!(Key::parse(key), Some(Key::Failure { .. }))
}

fn is_post(key: &str) -> bool {
    matches!(Key::parse(key), Some(Key::Post { .. }))
}

fn builds_on(key: &str, mark: Generation) -> bool {
    matches!(Key::parse(key), Some(Key::Post { generation, .. }) if generation == mark)
}

/// Those of the groups whose PUT entry is still the mark.
async fn still_marked<S: Store>(
    store: &S,
    groups: BTreeSet<GroupId>,
    mark: Generation,
) -> Result<BTreeSet<GroupId>, StoreError> {
    let roots: Vec<_> = groups.iter().map(layout::root).collect();
    let values = if roots.is_empty() {
        Vec::new()
    } else {
        store.read(&roots).await?
    };
    let is_mark = |value: Option<Vec<u8>>| {
        value.is_some_and(|value| {
            Entry::decode(&value).is_ok_and(|entry| entry.header.generation == mark)
        })
    };
    Ok(groups
        .into_iter()
        .zip(values)
        .filter_map(|(group, value)| is_mark(value).then_some(group))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::layout::Slot;
    use crate::store::memory::MemoryStore;
    use crate::testing::{At, block_on};

    #[test]
    fn all_groups_go_and_nothing_else() {
        let id = |job| GroupingKey::new([("job", job)]).expect("has a job").id();
        let (put, posted, rejected) = (id("a"), id("b"), id("c"));
        let slot = Slot::of_families(["m"]);
        let others = [
            layout::SHAPES.to_owned(),
            layout::family_type("m"),
            "somebody else's".to_owned(),
        ];
        let store = MemoryStore::default();
        let keys = [
            layout::root(&put),
            layout::post(&posted, Generation::NONE, &slot),
            layout::index(&posted),
            layout::failure(&rejected),
        ];
        let stored = keys.into_iter().chain(others.clone());
        store
            .values
            .borrow_mut()
            .extend(stored.map(|key| (key, Vec::new())));

        block_on(delete_all_groups(&store, &At(1))).expect("the store works");
        let left: Vec<_> = store.values.borrow().keys().cloned().collect();
        assert_eq!(left, BTreeSet::from(others).into_iter().collect::<Vec<_>>());
    }
}
