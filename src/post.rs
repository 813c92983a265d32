//! POST: a push is laid on what its group holds already.
//!
//! Pushes of the same set of families share a slot of their group, which each overwrites: a job that pushes the same
//! metrics again and again keeps one entry. Sets of families beyond the first [`MAX_SHARED`] share none. Such a push
//! takes over what the last one of its kind left behind, in an entry under a key that is never written again, so that
//! the old one can be deleted without harm to anybody. Either way what a group takes is bounded by what it shows.

use std::collections::BTreeMap;

use crate::forward::Forward;
use crate::groups::entry::{Entry, Generation, StoredFamily, UnixNanos};
use crate::push::{Operation, PushError};
use crate::store::layout::{self, Key, Slot};
use crate::store::records::{self, Index};
use crate::store::{Store, StoreError, Value, World};

/// How many different sets of families of a group have a slot of their own.
const MAX_SHARED: usize = 64;

/// How many entries of past generations pile up before a push deletes them.
const MAX_RETIRED: usize = 16;

/// How often a POST starts again because a group's first PUT came between.
const MAX_ATTEMPTS: usize = 16;

/// What a POST builds on.
struct Base {
    generation: Generation,
    /// Whether that is the mark of a deletion, which may still be under way.
    is_mark: bool,
    /// A time that the entry's must be after.
    after: UnixNanos,
    /// The index of the generation's entries, empty if there is none.
    index: Index,
}

/// Where the entry goes, and what changes with it.
struct Placement {
    slot: Slot,
    /// The index to write with it, if it changes.
    index: Option<Index>,
    /// The keys and values of entries that it takes over, which are deleted when it is stored.
    taken_over: Vec<(String, Value)>,
    /// The keys of entries of past generations to delete then.
    retired: Vec<String>,
    /// A time that the entry's must be after.
    after: UnixNanos,
}

/// Another operation came between, and the push does not stand.
struct Overtaken;

impl<S: Store, W: World> Operation<'_, S, W> {
    pub(crate) async fn post(&self) -> Result<Option<Forward>, PushError> {
        for attempt in 0..MAX_ATTEMPTS {
            // What was taken over in vain once is left alone: whoever was faster may be so again.
            if let Ok(forward) = self.try_post(attempt == 0).await? {
                return Ok(forward);
            }
        }
        let message = "the group is replaced faster than it can be added to".to_owned();
        Err(StoreError {
            operation: "write",
            message,
        }
        .into())
    }

    /// Stores the push. Returns what is to be forwarded, if it stands.
    async fn try_post(
        &self,
        may_take_over: bool,
    ) -> Result<Result<Option<Forward>, Overtaken>, PushError> {
        let (mut checked, [root, index]) = self
            .read_and_check([layout::root(self.id), layout::index(self.id)])
            .await?;
        let base = self.base(root.as_deref(), index.as_deref());
        let generation = base.generation;
        let placement = self.place(base, may_take_over).await?;

        let families = families_of(&placement.taken_over);
        let time = self.world.now().max(placement.after.saturating_add(1));
        let entry = self.encode(time, generation, &families)?;
        let key = layout::post(self.id, generation, &placement.slot);
        if let Some(index) = placement.index {
            let index = Index {
                newest: time,
                ..index
            };
            let index = records::write(&index);
            checked.pairs.push((layout::index(self.id), index));
        }
        let forward = self.write(checked, key.clone(), entry).await?;

        let mut obsolete: Vec<_> = placement
            .taken_over
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        if generation == Generation::NONE && !self.stands(&obsolete).await? {
            self.store.delete(&[key]).await?;
            return Ok(Err(Overtaken));
        }
        obsolete.extend(self.still_retired(placement.retired, generation).await);
        if !obsolete.is_empty() {
            // The push stands. What is not deleted now is deleted after a scrape.
            let _ = self.store.delete(&obsolete).await;
        }
        Ok(Ok(forward))
    }

    fn base(&self, root: Option<&[u8]>, index: Option<&[u8]>) -> Base {
        // A root that cannot be read is no floor to build on, and is skipped by every reader too.
        let root = root.and_then(|value| Entry::decode(value).ok());
        let generation = root
            .as_ref()
            .map_or(Generation::NONE, |root| root.header.generation);
        let root_time = root.as_ref().map_or(0, |root| root.header.time);
        let mut index: Index = records::read(index).unwrap_or_default();
        if index.labels.is_empty() || index.generation != generation {
            let of_past = index
                .slots()
                .map(|slot| layout::post(self.id, index.generation, slot));
            // An index from before a DELETE, or from after a PUT that this push has not seen, names entries that count.
            let retired = index.retired.iter().cloned().chain(of_past);
            let retired = retired.filter(|key| generation_of(key) != Some(generation));
            index = Index {
                labels: self.labels(),
                generation,
                retired: retired.collect(),
                ..Index::default()
            };
        }
        Base {
            generation,
            is_mark: root.is_some_and(|root| root.header.tombstone),
            after: root_time.max(index.newest),
            index,
        }
    }

    async fn place(&self, base: Base, may_take_over: bool) -> Result<Placement, PushError> {
        let Base {
            generation,
            is_mark,
            mut after,
            mut index,
        } = base;
        let slot = self.shared_slot();
        let is_known = index.shared.contains(&slot);
        let known = index.slots().count();
        if is_known && known == 1 {
            // The ordinary push. With one entry there is no order between entries to keep.
            return Ok(Placement {
                slot,
                index: None,
                taken_over: Vec::new(),
                retired: Vec::new(),
                after,
            });
        }
        let retired = if index.retired.len() > MAX_RETIRED && !is_mark {
            std::mem::take(&mut index.retired)
        } else {
            Vec::new()
        };
        if is_known || index.shared.len() < MAX_SHARED {
            if !is_known {
                if let ([first], []) = (index.shared.as_slice(), index.unique.as_slice()) {
                    // The index did not follow the first entry's time while that was the only one.
                    after = after.max(self.time_of(generation, first).await?);
                }
                index.shared.push(slot.clone());
            }
            return Ok(Placement {
                slot,
                index: Some(index),
                taken_over: Vec::new(),
                retired,
                after,
            });
        }
        let placement = Placement {
            slot: Slot::unique(self.world.random()),
            index: None,
            taken_over: Vec::new(),
            retired,
            after,
        };
        if may_take_over {
            self.take_over(placement, index).await
        } else {
            index.unique.push(placement.slot.clone());
            Ok(Placement {
                index: Some(index),
                ..placement
            })
        }
    }

    async fn take_over(
        &self,
        mut placement: Placement,
        mut index: Index,
    ) -> Result<Placement, PushError> {
        let keys: Vec<_> = index
            .unique
            .iter()
            .map(|slot| layout::post(self.id, index.generation, slot))
            .collect();
        let values = if keys.is_empty() {
            Vec::new()
        } else {
            self.store.read(&keys).await?
        };
        // Half of what the push leaves free, since what is taken over grows a little.
        let own = self.encode(placement.after, index.generation, &[])?.len();
        let mut room = self.max_entry_bytes().saturating_sub(own) / 2;
        let mut kept = Vec::new();
        for ((slot, key), value) in index.unique.drain(..).zip(keys).zip(values) {
            let Some(value) = value else { continue };
            match room.checked_sub(value.len()) {
                Some(rest) if Entry::decode(&value).is_ok() => {
                    room = rest;
                    placement.taken_over.push((key, value));
                }
                _ => kept.push(slot),
            }
        }
        kept.push(placement.slot.clone());
        index.unique = kept;
        placement.index = Some(index);
        Ok(placement)
    }

    /// Whether an entry that was written without a PUT entry to build on counts, and holds nothing that was deleted.
    ///
    /// It does not count if a PUT was there before it: then it is laid on that one instead. And if an entry that it
    /// takes over is gone, then either another push has taken that over too, or a DELETE has ended it.
    ///
    /// In this order: a DELETE that is over when the PUT entry is read has ended those entries before. Read at the same
    /// time, they could still be seen while it was under way, and the PUT entry no longer.
    async fn stands(&self, taken_over: &[String]) -> Result<bool, StoreError> {
        let root = self.store.read_one(layout::root(self.id)).await?;
        if root.is_some_and(|root| Entry::decode(&root).is_ok()) {
            return Ok(false);
        }
        if taken_over.is_empty() {
            return Ok(true);
        }
        let values = self.store.read(taken_over).await?;
        Ok(values.iter().all(Option::is_some))
    }

    /// Those of these keys that may be deleted, the push being stored: all while the generation that it builds on is
    /// the group's. (With another PUT they would be as dead, but after a DELETE some could be written anew.)
    async fn still_retired(&self, retired: Vec<String>, generation: Generation) -> Vec<String> {
        if retired.is_empty() || generation == Generation::NONE {
            return retired;
        }
        let root = self.store.read_one(layout::root(self.id)).await;
        let root = root.ok().flatten();
        let root = root.as_deref().and_then(|root| Entry::decode(root).ok());
        if root.is_some_and(|root| root.header.generation == generation) {
            retired
        } else {
            Vec::new()
        }
    }

    async fn time_of(&self, generation: Generation, slot: &Slot) -> Result<UnixNanos, StoreError> {
        let key = layout::post(self.id, generation, slot);
        let value = self.store.read_one(key).await?;
        Ok(value
            .as_deref()
            .and_then(|value| Entry::decode(value).ok())
            .map_or(0, |entry| entry.header.time))
    }
}

/// The generation that the entry with this key builds on.
fn generation_of(key: &str) -> Option<Generation> {
    match Key::parse(key)? {
        Key::Post { generation, .. } => Some(generation),
        _ => None,
    }
}

/// The families of these entries, the newest of each name, sorted by name.
fn families_of(entries: &[(String, Value)]) -> Vec<StoredFamily<'_>> {
    let mut families: BTreeMap<&str, StoredFamily<'_>> = BTreeMap::new();
    for family in entries
        .iter()
        .filter_map(|(_, value)| Entry::decode(value).ok())
        .flat_map(|entry| entry.families)
    {
        match families.get(family.name) {
            Some(held) if held.time > family.time => {}
            _ => {
                families.insert(family.name, family);
            }
        }
    }
    families.into_values().collect()
}
