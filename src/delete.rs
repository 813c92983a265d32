//! DELETE: groups and everything they hold go.
//!
//! A group without POST entries is deleted by its keys. Where there are POST entries, others may be added while they
//! are deleted. So the group first gets a PUT entry without families that marks it as deleted and ends the generation
//! that the POST entries build on. They then no longer count, and can be deleted one by one, unless another PUT has
//! replaced the mark. `docs/storage.md` shows the histories that each step guards against.

use std::collections::BTreeSet;

use crate::groups::entry::{Entry, Generation, Header, Writer};
use crate::groups::key::{GroupId, GroupingKey};
use crate::store::again::{Listed, read_again};
use crate::store::layout::{self, Key};
use crate::store::records::{self, Index};
use crate::store::snapshot::GroupValues;
use crate::store::{Store, StoreError, Value, World};

/// What becomes of POSTs that are laid on the mark of a deletion before that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnMark {
    /// They end with the group, as if they had come before.
    Ends,
    /// They stay, and the mark below them.
    Stays,
}

/// How many keys are deleted at a time.
const BATCH: usize = 100;

/// How many groups are looked at once more at a time: few enough that mostly their keys are deleted at a time too.
const LOOKS: usize = 50;

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
    let listed = list(store, groups).await?;
    let mark = Generation(world.random().max(1));
    let marked = begin(store, world, listed, mark).await?;
    finish(store, marked, mark, OnMark::Ends).await
}

/// Deletes those of the groups for which this holds as they are directly before.
///
/// Without compare-and-swap a push is lost that is stored between a look at its group and the call of the store that
/// follows: there are two such moments in a group with POST entries, one in any other. What is pushed before stays
/// with what it is laid on, what is pushed after stays by itself. Groups that do not exist are not asked about.
///
/// # Errors
///
/// As [`delete_groups`].
pub(crate) async fn delete_groups_if<S: Store, W: World>(
    store: &S,
    world: &W,
    groups: &BTreeSet<GroupId>,
    mut is_doomed: impl FnMut(&GroupId, &GroupValues) -> bool,
) -> Result<(), StoreError> {
    let mut listed = list(store, groups).await?;
    let mark = Generation(world.random().max(1));
    let mut marked = BTreeSet::new();
    let mut groups: Vec<_> = groups.iter().collect();
    groups.retain(|group| listed.contains_key(*group));
    for some in groups.chunks(LOOKS) {
        let some = some.iter().filter_map(|group| listed.remove_entry(*group));
        let mut some: Listed = some.collect();
        let again = read_again(store, &some).await?;
        some.retain(|group, keys| {
            let values = again.get(group);
            let Some(values) = values.filter(|values| is_doomed(group, values)) else {
                return false;
            };
            let posts = values.posts.iter().map(|(key, ..)| key.clone());
            keys.extend(posts.chain(values.index.clone()));
            keys.extend(values.root.as_ref().map(|(key, _)| key.clone()));
            keys.extend(values.failure.as_ref().map(|_| layout::failure(group)));
            true
        });
        drop(again);
        marked.extend(begin(store, world, some, mark).await?);
    }
    finish(store, marked, mark, OnMark::Stays).await
}

/// Deletes groups of these keys that have no POST entries, and marks the others as deleted. Returns those.
async fn begin<S: Store, W: World>(
    store: &S,
    world: &W,
    listed: Listed,
    mark: Generation,
) -> Result<BTreeSet<GroupId>, StoreError> {
    let (grown, plain): (Listed, Listed) = listed
        .into_iter()
        .partition(|(_, keys)| keys.iter().any(|key| is_post(key)));
    delete_all(store, plain.into_values().flatten()).await?;
    let marked: BTreeSet<GroupId> = grown.into_keys().collect();
    if marked.is_empty() {
        return Ok(marked);
    }
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
    Ok(marked)
}

/// Deletes what there is of groups that were marked as deleted.
async fn finish<S: Store>(
    store: &S,
    marked: BTreeSet<GroupId>,
    mark: Generation,
    on_mark: OnMark,
) -> Result<(), StoreError> {
    if marked.is_empty() {
        return Ok(());
    }
    // Listed again, for entries that were written before the mark but after the first listing.
    let keys = list(store, &marked).await?;
    let marked = still_marked(store, marked, mark).await?;
    let doomed = keys.into_iter().flat_map(|(group, keys)| {
        // Where a PUT has begun the group anew, only the rejected push of the old one is left to go.
        let is_marked = marked.contains(&group);
        let is_doomed = move |key: &String| {
            if is_marked {
                let stays = is_root(key) || on_mark == OnMark::Stays && is_index(key);
                !stays && !builds_on(key, mark)
            } else {
                is_failure(key)
            }
        };
        keys.into_iter().filter(is_doomed)
    });
    let doomed: Vec<_> = doomed.collect();
    delete_all(store, doomed.into_iter()).await?;
    if on_mark == OnMark::Ends {
        let marked = still_marked(store, marked, mark).await?;
        return delete_all(store, marked.iter().map(layout::root)).await;
    }
    let marked: Vec<_> = marked.into_iter().collect();
    for some in marked.chunks(LOOKS) {
        delete_unused(store, some, mark).await?;
    }
    Ok(())
}

/// Deletes the marks of groups on which nothing was laid, and the indexes of what was there before.
async fn delete_unused<S: Store>(
    store: &S,
    groups: &[GroupId],
    mark: Generation,
) -> Result<(), StoreError> {
    let indexes: Vec<_> = groups.iter().map(layout::index).collect();
    let roots: Vec<_> = groups.iter().map(layout::root).collect();
    let mut values = store.read(&[&*indexes, &*roots].concat()).await?;
    let root_values = values.split_off(indexes.len().min(values.len()));
    let looked = indexes.into_iter().zip(values);
    let looked = looked.zip(roots.into_iter().zip(root_values));
    let unused = looked.filter_map(|((index, posts), (root, value))| {
        // The first POST on the mark writes an index of its own.
        let posts = records::read::<Index>(posts.as_deref());
        let is_used = posts.is_some_and(|posts| posts.generation == mark);
        (is_mark(value, mark) && !is_used).then_some([index, root])
    });
    delete_all(store, unused.flatten()).await
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
async fn list<S: Store>(store: &S, groups: &BTreeSet<GroupId>) -> Result<Listed, StoreError> {
    let mut keys = Listed::new();
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

fn is_index(key: &str) -> bool {
    matches!(Key::parse(key), Some(Key::Index { .. }))
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
    Ok(groups
        .into_iter()
        .zip(values)
        .filter_map(|(group, value)| is_mark(value, mark).then_some(group))
        .collect())
}

fn is_mark(root: Option<Value>, mark: Generation) -> bool {
    root.is_some_and(|root| Entry::decode(&root).is_ok_and(|entry| entry.header.generation == mark))
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
