//! Reading groups: all of them for a scrape, or a single one without listing the store.
//!
//! Entries may come and go while a group is read. POST entries are read before the PUT entry that decides which of
//! them count, and a group of which a listed key was gone when it was read is read again: what is returned is then a
//! state that the group had (`docs/storage.md` says why).

use std::collections::BTreeMap;

use super::layout::{self, Key};
use super::records::{self, Failure, Index, Unsent};
use super::{Store, StoreError, Value};
use crate::bytes;
use crate::groups::entry::{Entry, Generation, Header, UnixNanos};
use crate::groups::fold::{Failed, Group, GroupEntries, PostEntry};
use crate::groups::key::GroupId;
use crate::groups::series;
use crate::memory;

/// How often a group is read again. Where pushes take over one another's entries, another may be gone each time.
const MAX_READ_AGAIN: usize = 4;

/// The values of one group.
#[derive(Debug, Default)]
pub struct GroupValues {
    /// The key and value of the PUT entry.
    pub root: Option<(String, Value)>,
    /// The keys and values of the POST entries, with the generation that each key names.
    pub posts: Vec<(String, Generation, Value)>,
    /// The last rejected push.
    pub failure: Option<Failure>,
    /// The key of the record of the last rejected push, if that cannot be read.
    pub damaged: Option<String>,
    /// What has not been forwarded.
    pub unsent: Option<Unsent>,
    /// The key of the index, which is not read.
    pub index: Option<String>,
}

/// The whole store, as a scrape sees it.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The groups by id.
    pub groups: BTreeMap<String, GroupValues>,
    /// The keys of the type records.
    pub types: Vec<String>,
    /// The label name sets on record.
    pub shapes: records::Shapes,
}

/// An entry that cannot be read, and is left out.
#[derive(Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its key.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

impl GroupValues {
    /// Decodes the entries. Those that cannot be decoded are added to `skipped` and left out.
    pub fn entries<'a>(&'a self, skipped: &mut Vec<Skipped>) -> GroupEntries<'a> {
        let mut decode = |key: &str, generation: Option<Generation>, value: &'a [u8]| {
            let entry = match Entry::decode(value) {
                Ok(entry) => entry,
                Err(error) => {
                    skipped.push(Skipped {
                        key: key.to_owned(),
                        reason: error.to_string(),
                    });
                    return None;
                }
            };
            if generation.is_some_and(|generation| generation != entry.header.generation) {
                let reason = "entry is of another generation than its key".to_owned();
                skipped.push(Skipped {
                    key: key.to_owned(),
                    reason,
                });
                return None;
            }
            Some(entry)
        };
        GroupEntries {
            root: self
                .root
                .as_ref()
                .and_then(|(key, value)| decode(key, None, value)),
            posts: self
                .posts
                .iter()
                .filter_map(|(key, generation, value)| {
                    let entry = decode(key, Some(*generation), value)?;
                    Some(PostEntry { key, entry })
                })
                .collect(),
            failure: self.failure.as_ref().map(|failure| {
                let labels = failure
                    .labels
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                Failed {
                    labels: labels.collect(),
                    time: failure.time,
                    expires: failure.expires,
                }
            }),
        }
    }

    /// The grouping labels, sorted by name, as the first entry says that can be read; none if there is no such.
    #[must_use]
    pub fn labels(&self) -> Vec<(&str, &str)> {
        let root = self.root.iter().map(|(_, value)| value);
        let posts = self.posts.iter().map(|(_, _, value)| value);
        let headers = root
            .chain(posts)
            .filter_map(|value| Header::decode(value).ok());
        // The mark of a deletion has no labels.
        let mut entries = headers.filter(|header| !header.tombstone);
        match (entries.next(), &self.failure) {
            (Some(entry), _) => entry.labels,
            (None, Some(failure)) => failure
                .labels
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            (None, None) => Vec::new(),
        }
    }

    /// The group as it stands at this time, if there is one. Entries that cannot be decoded are left out.
    #[must_use]
    pub fn group(&self, now: UnixNanos) -> Option<Group<'_>> {
        self.entries(&mut Vec::new()).fold(now)
    }

    /// How many bytes of the store the group takes, keys and records aside.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        let root = self.root.as_ref().map_or(0, |(_, value)| value.len());
        root + self
            .posts
            .iter()
            .map(|(_, _, value)| value.len())
            .sum::<usize>()
    }
}

/// One group, as listed.
#[derive(Debug, Default)]
struct Listed {
    id: String,
    /// The generations that its POST entries build on.
    posts: Vec<Generation>,
    has_failure: bool,
    has_root: bool,
    has_unsent: bool,
    index: Option<String>,
}

/// Our keys, as listed.
#[derive(Debug, Default)]
struct Listing {
    /// The groups by id.
    groups: Vec<Listed>,
    /// The keys of their POST entries, group by group.
    posts: Vec<String>,
    /// Their other keys that are read, group by group: the failure, the PUT entry, what was not forwarded.
    others: Vec<String>,
    types: Vec<String>,
    has_shapes: bool,
}

impl Listing {
    /// Takes the keys apart, those of groups for which this holds.
    fn of(mut keys: Vec<String>, is_wanted: impl Fn(&str) -> bool) -> Self {
        // A listing promises no order, and may hold a key twice. Mostly it is sorted, so that each kind of key is.
        keys.sort_by(|a, b| {
            bytes::compare(layout::without_kind(a), layout::without_kind(b))
                .then_with(|| bytes::compare(a, b))
        });
        keys.dedup_by(|a, b| bytes::equal(a, b));
        let mut listing = Self::default();
        for key in keys {
            listing.add(key, &is_wanted);
        }
        listing
    }

    fn add(&mut self, key: String, is_wanted: impl Fn(&str) -> bool) {
        let Some(parsed) = Key::parse(&key) else {
            return;
        };
        let Some(id) = parsed.group() else {
            match parsed {
                Key::Type { .. } => self.types.push(key),
                _ => self.has_shapes = true,
            }
            return;
        };
        if !is_wanted(id) {
            return;
        }
        if !self
            .groups
            .last()
            .is_some_and(|last| bytes::equal(&*last.id, id))
        {
            self.groups.push(Listed {
                id: id.to_owned(),
                ..Listed::default()
            });
        }
        let Some(group) = self.groups.last_mut() else {
            return;
        };
        match parsed {
            Key::Post { generation, .. } => {
                group.posts.push(generation);
                self.posts.push(key);
                return;
            }
            Key::Index { .. } => {
                group.index = Some(key);
                return;
            }
            Key::Failure { .. } => group.has_failure = true,
            Key::Unsent { .. } => group.has_unsent = true,
            _ => group.has_root = true,
        }
        self.others.push(key);
    }
}

impl Snapshot {
    /// Reads the whole store: one listing, then every entry once.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn read<S: Store>(store: &S) -> Result<Self, StoreError> {
        let mut listing = Listing::of(store.list().await?, |_| true);
        let mut snapshot = Self {
            types: std::mem::take(&mut listing.types),
            ..Self::default()
        };
        if listing.has_shapes {
            snapshot.shapes = records::Shapes::read(store).await?;
        }
        let mut torn = snapshot.read_groups(store, listing).await?;
        for _ in 0..MAX_READ_AGAIN {
            if torn.is_empty() {
                break;
            }
            let listing = Listing::of(store.list().await?, |id| torn.iter().any(|torn| torn == id));
            for id in &torn {
                // It may be gone altogether.
                snapshot.groups.remove(id);
            }
            torn = snapshot.read_groups(store, listing).await?;
        }
        // For what is made of any snapshot.
        snapshot.require_room(1)?;
        Ok(snapshot)
    }

    /// The keys of damaged records.
    pub fn damaged(&self) -> impl Iterator<Item = &str> {
        let groups = self.groups.values();
        groups.filter_map(|group| group.damaged.as_deref())
    }

    /// How many bytes of the store all groups take, keys and records aside.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        self.groups.values().map(GroupValues::stored_bytes).sum()
    }

    /// Checks that there is room for something that takes so many times the memory of what was read.
    ///
    /// # Errors
    ///
    /// There is not.
    pub fn require_room(&self, times: usize) -> Result<(), StoreError> {
        let bytes = self.stored_bytes();
        memory::require(bytes.saturating_mul(times)).map_err(|_| StoreError::no_memory(bytes))
    }

    /// Reads these groups. Returns those of which a listed key was gone.
    async fn read_groups<S: Store>(
        &mut self,
        store: &S,
        listing: Listing,
    ) -> Result<Vec<String>, StoreError> {
        let Listing {
            groups,
            posts,
            others,
            ..
        } = listing;
        let values = store.read(&posts).await?;
        let mut posts = posts.into_iter().zip(values);
        let values = store.read(&others).await?;
        let mut others = others.into_iter().zip(values);
        let mut torn = Vec::new();
        let mut read = Vec::with_capacity(groups.len());
        for listed in groups {
            let mut group = GroupValues {
                index: listed.index,
                ..GroupValues::default()
            };
            let mut is_torn = false;
            for (generation, (key, value)) in listed.posts.into_iter().zip(posts.by_ref()) {
                match value {
                    Some(value) => group.posts.push((key, generation, value)),
                    None => is_torn = true,
                }
            }
            if listed.has_failure
                && let Some((key, value)) = others.next()
            {
                group.failure = records::read(value.as_deref());
                if value.is_some() && group.failure.is_none() {
                    group.damaged = Some(key);
                }
            }
            if listed.has_root
                && let Some((key, value)) = others.next()
            {
                is_torn |= value.is_none();
                group.root = value.map(|value| (key, value));
            }
            if listed.has_unsent
                && let Some((_, value)) = others.next()
            {
                // One that cannot be read means nothing to a scrape.
                group.unsent = records::read(value.as_deref());
            }
            if is_torn {
                torn.push(listed.id.clone());
            }
            read.push((listed.id, group));
        }
        self.groups.append(&mut read.into_iter().collect());
        Ok(torn)
    }
}

impl Snapshot {
    /// The groups with their ids, in the order of their series: it does not change from one look to the next, and
    /// mostly all series of one group come before all series of the next.
    #[must_use]
    pub fn in_order(&self) -> Vec<(&str, &GroupValues)> {
        let groups = self.groups.iter();
        let mut groups: Vec<_> = groups
            .map(|(id, values)| {
                let labels = series::group_labels(&values.labels());
                (series::sort_key(&labels), id.as_str(), values)
            })
            .collect();
        groups.sort_by(|(a, ..), (b, ..)| bytes::compare(a, b));
        groups
            .into_iter()
            .map(|(_, id, values)| (id, values))
            .collect()
    }
}

/// Reads one group by what its index says, without listing the store: two rounds of reads at most.
///
/// An entry that the index lacks (see [`Index`]) is not found. Returns nothing if the group has no entries.
///
/// # Errors
///
/// The store failed.
pub async fn read_group<S: Store>(store: &S, group: &GroupId) -> Result<GroupValues, StoreError> {
    let index = store.read_one(layout::index(group)).await?;
    let index: Index = records::read(index.as_deref()).unwrap_or_default();
    let keys: Vec<_> = index.post_keys(group).collect();
    let posts = if keys.is_empty() {
        Vec::new()
    } else {
        store.read(&keys).await?
    };
    let root_key = layout::root(group);
    let root = store.read_one(root_key.clone()).await?;
    let posts = keys.into_iter().zip(posts);
    Ok(GroupValues {
        root: root.map(|value| (root_key, value)),
        posts: posts
            .filter_map(|(key, value)| Some((key, index.generation, value?)))
            .collect(),
        ..GroupValues::default()
    })
}

/// The same, with what is on record of the group's last rejected push and of what was not forwarded.
///
/// # Errors
///
/// The store failed.
pub async fn read_group_in_full<S: Store>(
    store: &S,
    group: &GroupId,
) -> Result<GroupValues, StoreError> {
    let values = read_group(store, group).await?;
    let keys = [layout::failure(group), layout::unsent(group)];
    let mut records = store.read(&keys).await?.into_iter();
    Ok(GroupValues {
        failure: records::read(records.next().flatten().as_deref()),
        unsent: records::read(records.next().flatten().as_deref()),
        ..values
    })
}
