//! Reading groups once more, directly before something is done about them that what was read of them calls for.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::{self, Key};
use super::records::{self, Index};
use super::snapshot::GroupValues;
use super::{Store, StoreError, Value};
use crate::groups::entry::Generation;
use crate::groups::key::GroupId;

/// Keys of groups, as they were listed.
pub(crate) type Listed = BTreeMap<GroupId, BTreeSet<String>>;

/// Reads groups again that were listed with these keys: in one call of the store, and a second one where POST entries
/// have come that were not listed.
///
/// A group is left out that a POST is changing this moment: what it took over is gone, and what it brings may not have
/// been read. What was not forwarded is not read.
///
/// # Errors
///
/// The store failed.
pub(crate) async fn read_again<S: Store>(
    store: &S,
    listed: &Listed,
) -> Result<BTreeMap<GroupId, GroupValues>, StoreError> {
    let mut values = Values::default();
    // POST entries before the PUT entry that decides which of them count.
    let posts = listed
        .values()
        .flatten()
        .filter(|key| post_generation(key).is_some());
    let others = [layout::index, layout::root, layout::failure];
    let others = others.iter().flat_map(|key| listed.keys().map(key));
    values.read(store, posts.cloned().chain(others)).await?;

    let mut posts: BTreeMap<&GroupId, BTreeSet<String>> = BTreeMap::new();
    for group in listed.keys() {
        let index: Index = records::read(values.get(&layout::index(group))).unwrap_or_default();
        posts.insert(group, index.post_keys(group).collect());
    }
    let is_new = |key: &&String| !values.0.contains_key(*key);
    let new: Vec<_> = posts.values().flatten().filter(is_new).cloned().collect();
    values.read(store, new.into_iter()).await?;

    let mut groups = BTreeMap::new();
    for (group, keys) in listed {
        let mut posts = posts.remove(group).unwrap_or_default();
        let is_gone = |key: &String| keys.contains(key) && values.get(key).is_none();
        if posts.iter().any(is_gone) {
            continue;
        }
        posts.extend(keys.iter().cloned());
        groups.insert(group.clone(), values.take_group(group, posts));
    }
    Ok(groups)
}

/// The generation that the POST entry of this key builds on, if it is one.
fn post_generation(key: &str) -> Option<Generation> {
    match Key::parse(key) {
        Some(Key::Post { generation, .. }) => Some(generation),
        _ => None,
    }
}

/// What was read, by key.
#[derive(Default)]
struct Values(BTreeMap<String, Option<Value>>);

impl Values {
    async fn read<S: Store>(
        &mut self,
        store: &S,
        keys: impl Iterator<Item = String>,
    ) -> Result<(), StoreError> {
        let keys: Vec<_> = keys.collect();
        if !keys.is_empty() {
            let values = store.read(&keys).await?;
            self.0.extend(keys.into_iter().zip(values));
        }
        Ok(())
    }

    fn get(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key)?.as_deref()
    }

    fn take(&mut self, key: String) -> Option<(String, Value)> {
        let value = self.0.remove(&key).flatten()?;
        Some((key, value))
    }

    /// What there is of a group, with those of these keys that are of POST entries.
    fn take_group(&mut self, group: &GroupId, keys: BTreeSet<String>) -> GroupValues {
        let failure = self.take(layout::failure(group));
        let mut post = |key: String| {
            let generation = post_generation(&key)?;
            let (key, value) = self.take(key)?;
            Some((key, generation, value))
        };
        GroupValues {
            posts: keys.into_iter().filter_map(&mut post).collect(),
            root: self.take(layout::root(group)),
            failure: failure.and_then(|(_, failure)| records::read(Some(&failure))),
            index: self.take(layout::index(group)).map(|(key, _)| key),
            ..GroupValues::default()
        }
    }
}
