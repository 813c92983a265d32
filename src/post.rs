//! POST: a push is laid on what its group holds already.
//!
//! Pushes of the same set of families share a slot of their group, which each overwrites: a job that pushes the same
//! metrics again and again keeps one entry. Sets of families beyond the first [`MAX_SHARED`] share none. Such a push
//! takes over what the last one of its kind left behind, in an entry under a key that is never written again, so that
//! the old one can be deleted without harm to anybody. Either way what a group takes is bounded by what it shows.

use std::collections::BTreeMap;

use crate::groups::entry::{Entry, Generation, Nanos, StoredFamily};
use crate::push::{Operation, PushError};
use crate::store::layout::{self, Slot};
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
    /// A time that the entry's must be after.
    after: Nanos,
    /// The index of the generation's entries, empty if there is none.
    index: Index,
}

/// Where the entry goes, and what changes with it.
struct Placement {
    slot: Slot,
    /// The index to write with it, if it changes.
    index: Option<Index>,
    /// The values of entries that it takes over.
    taken_over: Vec<Value>,
    /// Keys to delete when it is stored.
    obsolete: Vec<String>,
    /// A time that the entry's must be after.
    after: Nanos,
}

impl<S: Store, W: World> Operation<'_, S, W> {
    pub(crate) async fn post(&self) -> Result<(), PushError> {
        for _ in 0..MAX_ATTEMPTS {
            if self.try_post().await? {
                return Ok(());
            }
        }
        let message = "the group is replaced faster than it can be added to".to_owned();
        Err(StoreError {
            operation: "write",
            message,
        }
        .into())
    }

    /// Stores the push. Returns whether it stands.
    async fn try_post(&self) -> Result<bool, PushError> {
        let (mut pairs, [root, index]) = self
            .read_and_check([layout::root(self.id), layout::index(self.id)])
            .await?;
        let base = self.base(root.as_deref(), index.as_deref());
        let generation = base.generation;
        let placement = self.place(base).await?;

        let families = families_of(&placement.taken_over);
        let time = self.world.now().max(placement.after.saturating_add(1));
        let entry = self.encode(time, generation, &families)?;
        let key = layout::post(self.id, generation, &placement.slot);
        if let Some(index) = placement.index {
            let index = Index {
                newest: time,
                ..index
            };
            pairs.push((layout::index(self.id), records::write(&index)));
        }
        pairs.push((key.clone(), entry));
        self.store.write(pairs).await?;

        if generation == Generation::NONE && self.has_root().await? {
            // A PUT was there before this entry, which therefore does not count. It is laid on the PUT instead.
            self.store.delete(&[key]).await?;
            return Ok(false);
        }
        if !placement.obsolete.is_empty() {
            // The push stands. What is not deleted now is deleted after a scrape.
            let _ = self.store.delete(&placement.obsolete).await;
        }
        Ok(true)
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
            let retired = index.retired.iter().cloned().chain(of_past).collect();
            index = Index {
                labels: self.labels(),
                generation,
                retired,
                ..Index::default()
            };
        }
        Base {
            generation,
            after: root_time.max(index.newest),
            index,
        }
    }

    async fn place(&self, base: Base) -> Result<Placement, PushError> {
        let Base {
            generation,
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
                obsolete: Vec::new(),
                after,
            });
        }
        let obsolete = if index.retired.len() > MAX_RETIRED {
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
                obsolete,
                after,
            });
        }
        self.place_in_unique_slot(
            Placement {
                slot,
                index: None,
                taken_over: Vec::new(),
                obsolete,
                after,
            },
            index,
        )
        .await
    }

    async fn place_in_unique_slot(
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
        // Half of what an entry may take is left to the push itself.
        let mut room = self.max_entry_bytes() / 2;
        let mut kept = Vec::new();
        for ((slot, key), value) in index.unique.drain(..).zip(keys).zip(values) {
            let Some(value) = value else { continue };
            match room.checked_sub(value.len()) {
                Some(rest) if Entry::decode(&value).is_ok() => {
                    room = rest;
                    placement.obsolete.push(key);
                    placement.taken_over.push(value);
                }
                _ => kept.push(slot),
            }
        }
        placement.slot = Slot::unique(self.world.random());
        kept.push(placement.slot.clone());
        index.unique = kept;
        placement.index = Some(index);
        Ok(placement)
    }

    async fn has_root(&self) -> Result<bool, StoreError> {
        let values = self.store.read(&[layout::root(self.id)]).await?;
        Ok(values
            .first()
            .and_then(Option::as_deref)
            .is_some_and(|value| Entry::decode(value).is_ok()))
    }

    async fn time_of(&self, generation: Generation, slot: &Slot) -> Result<Nanos, StoreError> {
        let values = self
            .store
            .read(&[layout::post(self.id, generation, slot)])
            .await?;
        let value = values.first().and_then(Option::as_deref);
        Ok(value
            .and_then(|value| Entry::decode(value).ok())
            .map_or(0, |entry| entry.header.time))
    }
}

/// The families of these entries, the newest of each name, sorted by name.
fn families_of(values: &[Value]) -> Vec<StoredFamily<'_>> {
    let mut families: BTreeMap<&str, StoredFamily<'_>> = BTreeMap::new();
    for family in values
        .iter()
        .filter_map(|value| Entry::decode(value).ok())
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
