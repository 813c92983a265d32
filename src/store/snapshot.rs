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
    /// The keys of damaged records.
    pub damaged: Vec<String>,
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

/// The keys of one group, as listed.
#[derive(Debug, Default)]
struct GroupKeys {
    root: Option<String>,
    posts: Vec<(String, Generation)>,
    failure: Option<String>,
    unsent: Option<String>,
    index: Option<String>,
}

/// Our keys, as listed.
#[derive(Debug, Default)]
struct Listing {
    groups: BTreeMap<String, GroupKeys>,
    types: Vec<String>,
    has_shapes: bool,
}

impl Listing {
    fn of(mut keys: Vec<String>) -> Self {
        // A listing promises no order, and may hold a key twice.
        keys.sort_unstable();
        keys.dedup();
        let mut listing = Self::default();
        for key in keys {
            listing.add(key);
        }
        listing
    }

    fn add(&mut self, key: String) {
        let Some(parsed) = Key::parse(&key) else {
            return;
        };
        let group = parsed
            .group()
            .map(|group| self.groups.entry(group.to_owned()).or_default());
        match (parsed, group) {
            (Key::Root { .. }, Some(group)) => group.root = Some(key),
            (Key::Post { generation, .. }, Some(group)) => group.posts.push((key, generation)),
            (Key::Failure { .. }, Some(group)) => group.failure = Some(key),
            (Key::Unsent { .. }, Some(group)) => group.unsent = Some(key),
            (Key::Index { .. }, Some(group)) => group.index = Some(key),
            (Key::Type { .. }, _) => self.types.push(key),
            (Key::Shapes, _) => self.has_shapes = true,
            _ => {}
        }
    }
}

impl Snapshot {
    /// Reads the whole store: one listing, then every entry once.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn read<S: Store>(store: &S) -> Result<Self, StoreError> {
        let listing = Listing::of(store.list().await?);
        let mut snapshot = Self {
            types: listing.types,
            ..Self::default()
        };
        if listing.has_shapes {
            snapshot.shapes = records::Shapes::read(store).await?;
        }
        let mut torn = snapshot.read_groups(store, listing.groups).await?;
        for _ in 0..MAX_READ_AGAIN {
            if torn.is_empty() {
                break;
            }
            let mut listing = Listing::of(store.list().await?);
            listing.groups.retain(|group, _| torn.contains(group));
            for group in &torn {
                // It may be gone altogether.
                snapshot.groups.remove(group);
            }
            torn = snapshot.read_groups(store, listing.groups).await?;
        }
        Ok(snapshot)
    }

    /// Reads these groups. Returns those of which a listed key was gone.
    async fn read_groups<S: Store>(
        &mut self,
        store: &S,
        groups: BTreeMap<String, GroupKeys>,
    ) -> Result<Vec<String>, StoreError> {
        let mut torn = Vec::new();
        let post_keys: Vec<String> = groups
            .values()
            .flat_map(|keys| keys.posts.iter().map(|(key, _)| key.clone()))
            .collect();
        let root_keys: Vec<String> = groups
            .values()
            .flat_map(|keys| [&keys.root, &keys.failure, &keys.unsent])
            .flatten()
            .cloned()
            .collect();
        let mut posts = store.read(&post_keys).await?.into_iter();
        let mut roots = store.read(&root_keys).await?.into_iter();
        for (group, keys) in groups {
            let mut values = GroupValues {
                index: keys.index,
                ..GroupValues::default()
            };
            let mut gone = false;
            for (key, generation) in keys.posts {
                match posts.next().flatten() {
                    Some(value) => values.posts.push((key, generation, value)),
                    None => gone = true,
                }
            }
            if let Some(key) = keys.root {
                match roots.next().flatten() {
                    Some(value) => values.root = Some((key, value)),
                    None => gone = true,
                }
            }
            if let Some(key) = keys.failure {
                let value = roots.next().flatten();
                values.failure = records::read(value.as_deref());
                if value.is_some() && values.failure.is_none() {
                    self.damaged.push(key);
                }
            }
            if keys.unsent.is_some() {
                // One that cannot be read means nothing to a scrape.
                values.unsent = records::read(roots.next().flatten().as_deref());
            }
            if gone {
                torn.push(group.clone());
            }
            self.groups.insert(group, values);
        }
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
    let keys: Vec<_> = index
        .slots()
        .map(|slot| layout::post(group, index.generation, slot))
        .collect();
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
