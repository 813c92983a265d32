//! DELETE: a group and everything it holds goes.
//!
//! A group without POST entries is deleted by its keys. Where there are POST entries, others may be added while they
//! are deleted. So the group first gets a PUT entry without families that marks it as deleted and ends the generation
//! that the POST entries build on. They then no longer count, and can be deleted one by one, unless another PUT has
//! replaced the mark. `docs/storage.md` shows the histories that each step guards against.

use crate::groups::entry::{Entry, Generation, Header, Writer};
use crate::groups::key::{GroupId, GroupingKey};
use crate::store::layout::{self, Key};
use crate::store::{Store, StoreError, World};

/// Deletes a group. One that does not exist is as good as deleted.
///
/// # Errors
///
/// The store failed. The group may be there, or not, or be marked as deleted: another DELETE finishes it.
pub async fn delete<S: Store, W: World>(
    store: &S,
    world: &W,
    key: &GroupingKey,
) -> Result<(), StoreError> {
    let id = key.id();
    let keys = list(store, &id).await?;
    if !keys.iter().any(|key| is_post(key)) {
        return if keys.is_empty() {
            Ok(())
        } else {
            store.delete(&keys).await
        };
    }

    let root = layout::root(&id);
    let mark = Generation(world.random().max(1));
    let header = Header {
        time: world.now(),
        generation: mark,
        tombstone: true,
        labels: key.labels().collect(),
    };
    store
        .write(vec![(root.clone(), Writer::new(&header, 0).finish())])
        .await?;

    // Listed again, for entries that were written before the mark but after the first listing.
    let keys = list(store, &id).await?;
    if !is_marked(store, &root, mark).await? {
        return Ok(());
    }
    let doomed: Vec<_> = keys
        .into_iter()
        .filter(|key| *key != root && !builds_on(key, mark))
        .collect();
    if !doomed.is_empty() {
        store.delete(&doomed).await?;
    }
    if is_marked(store, &root, mark).await? {
        store.delete(&[root]).await?;
    }
    Ok(())
}

/// The keys of this group.
async fn list<S: Store>(store: &S, id: &GroupId) -> Result<Vec<String>, StoreError> {
    let mut keys = store.list().await?;
    keys.retain(|key| Key::parse(key).and_then(|key| key.group()) == Some(id.as_str()));
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}

fn is_post(key: &str) -> bool {
    matches!(Key::parse(key), Some(Key::Post { .. }))
}

fn builds_on(key: &str, mark: Generation) -> bool {
    matches!(Key::parse(key), Some(Key::Post { generation, .. }) if generation == mark)
}

/// Whether the mark is still the group's PUT entry.
async fn is_marked<S: Store>(store: &S, root: &str, mark: Generation) -> Result<bool, StoreError> {
    let values = store.read(&[root.to_owned()]).await?;
    let entry = values
        .first()
        .and_then(Option::as_deref)
        .and_then(|value| Entry::decode(value).ok());
    Ok(entry.is_some_and(|entry| entry.header.generation == mark))
}
