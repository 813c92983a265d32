//! Tidying up after a scrape: what no reader looks at any more is deleted, a bounded number at a time.
//!
//! Nothing here changes what anybody sees, so it may run after the answer, be cut short, or fail. What may be deleted
//! without a look at who else writes is explained in `docs/storage.md`: only entries that nobody will write again.

use std::collections::{BTreeSet, HashSet};

use crate::duration::Nanos;
use crate::expired::Expired;
use crate::groups::entry::{Entry, Generation, Header, UnixNanos};
use crate::groups::fold::{Group, GroupEntries};
use crate::groups::key::GroupId;
use crate::store::layout::{self, Key, is_unique};
use crate::store::records::{self, Index, Shapes, Unsent};
use crate::store::snapshot::{GroupValues, Snapshot};
use crate::store::{Store, StoreError};

/// How many keys one scrape deletes at most: of groups, and as many records of families.
const MAX_DELETED: usize = 256;

/// After how long a push or deletion that has written something is no longer under way, and all readers of the store see
/// it, in nanoseconds.
const SETTLED: Nanos = 60_000_000_000;

/// What is to be tidied up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// Groups that expired long ago.
    expired: Vec<Expired>,
    /// Entries that do not count, of one group each.
    dead: Vec<Dead>,
    /// Entries that newer ones hide.
    hidden: Vec<String>,
    /// Indexes of groups that have no entries, and records of what of them was not forwarded.
    leftovers: Vec<String>,
    /// Records of families that no group holds.
    types: Vec<String>,
    /// The label name sets in use, if the record has others.
    shapes: Option<Shapes>,
    /// When this was planned.
    now: UnixNanos,
}

/// Entries of a group that do not count.
#[derive(Debug, PartialEq, Eq)]
struct Dead {
    /// The key of the group's PUT entry, which is read again before they are deleted.
    root: String,
    /// Their keys, and the generations that they build on.
    entries: Vec<(String, Generation)>,
}

impl Cleanup {
    /// Nothing yet, at this time.
    #[must_use]
    pub fn at(now: UnixNanos) -> Self {
        Self {
            now,
            ..Self::default()
        }
    }

    /// Adds what may be tidied up of a group that was read like this.
    pub fn plan_group(&mut self, id: &str, entries: &GroupEntries<'_>, values: &GroupValues) {
        let Some(id) = GroupId::parse(id) else { return };
        if let Some(expired) = Expired::plan(&id, entries, values, self.now) {
            self.expired.push(expired);
            return;
        }
        if values.root.is_some() && entries.root.is_none() {
            // What builds on a root that cannot be read (perhaps a newer version's) is not ours to judge.
            return;
        }
        if values.root.is_none() && values.posts.is_empty() {
            self.leftovers.extend(values.index.clone());
            let unsent = values.unsent.as_ref().map(|_| layout::unsent(&id));
            self.leftovers.extend(unsent);
        }
        let current = entries.generation();
        // One that has just been written may build on a PUT entry that this reader does not see yet.
        let is_dead =
            |header: &Header<'_>| header.generation != current && is_settled(header.time, self.now);
        let posts = entries.posts.iter();
        let dead: Vec<_> = posts
            .map(|post| (post.key, &post.entry.header))
            .filter(|(_, header)| is_dead(header))
            .map(|(key, header)| (key.to_owned(), header.generation))
            .collect();
        if !dead.is_empty() {
            self.dead.push(Dead {
                root: layout::root(&id),
                entries: dead,
            });
        }
        self.hidden.extend(superseded(entries, self.now));
    }

    /// Adds what may be tidied up of the records of a store that holds these groups, with families of these names, each
    /// of which comes once.
    pub fn plan_records<'a>(
        &mut self,
        snapshot: &Snapshot,
        names: impl Iterator<Item = &'a str> + Clone,
        groups: &[Group<'_>],
    ) {
        self.types = orphaned_types(snapshot, names);
        self.shapes = outdated_shapes(snapshot, groups);
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expired.is_empty()
            && self.dead.is_empty()
            && self.hidden.is_empty()
            && self.leftovers.is_empty()
            && self.types.is_empty()
            && self.shapes.is_none()
    }

    /// Tidies up.
    ///
    /// # Errors
    ///
    /// The store failed. The next scrape tries again.
    pub async fn run<S: Store>(self, store: &S) -> Result<(), StoreError> {
        let mut doomed = self.hidden;
        doomed.truncate(MAX_DELETED);
        let (mut dead, mut leftovers) = (self.dead, self.leftovers);
        dead.truncate(MAX_DELETED.saturating_sub(doomed.len()));
        leftovers.truncate(MAX_DELETED.saturating_sub(doomed.len()));
        let roots = dead.iter().map(|dead| dead.root.clone());
        let again: Vec<_> = roots.chain(leftovers.iter().cloned()).collect();
        if !again.is_empty() {
            let mut values = store.read(&again).await?.into_iter();
            for (dead, root) in dead.into_iter().zip(values.by_ref()) {
                doomed.extend(dead.still(root.as_deref(), self.now));
            }
            let old = leftovers.into_iter().zip(values);
            let old = old.filter(|(key, record)| is_old(key, record.as_deref(), self.now));
            doomed.extend(old.map(|(key, _)| key));
            doomed.truncate(MAX_DELETED);
        }
        if !doomed.is_empty() {
            store.delete(&doomed).await?;
        }
        let mut room = MAX_DELETED.saturating_sub(doomed.len());
        for expired in self.expired {
            if room == 0 {
                break;
            }
            room = room.saturating_sub(expired.delete(store, self.now).await?);
        }
        // Records last, and apart: there may be many more of them than of all else, which must not wait for them.
        let mut types = self.types;
        types.truncate(MAX_DELETED);
        if !types.is_empty() {
            store.delete(&types).await?;
        }
        if let Some(shapes) = self.shapes {
            store
                .write(vec![(layout::SHAPES.to_owned(), records::write(&shapes))])
                .await?;
        }
        Ok(())
    }
}

impl Dead {
    /// The entries that nobody will write again, with this as the PUT entry.
    ///
    /// Since the PUT entry is read after they were: none that builds on a generation other than its, which is over
    /// for good. Entries without generation come back to life with the end of a DELETE, so they stay while one may be
    /// under way.
    fn still(self, root: Option<&[u8]>, now: UnixNanos) -> Vec<String> {
        let root = match root.map(Entry::decode) {
            None => None,
            Some(Ok(root)) => Some(root.header),
            Some(Err(_)) => return Vec::new(),
        };
        let current = root
            .as_ref()
            .map_or(Generation::NONE, |root| root.generation);
        let is_over = root.is_some_and(|root| !root.tombstone || is_settled(root.time, now));
        self.entries
            .into_iter()
            .filter(|(_, generation)| {
                *generation != current && (*generation != Generation::NONE || is_over)
            })
            .map(|(key, _)| key)
            .collect()
    }
}

/// Whether no push that wrote this record may still be about to write its entry.
fn is_old(key: &str, record: Option<&[u8]>, now: UnixNanos) -> bool {
    let time = match Key::parse(key) {
        Some(Key::Unsent { .. }) => records::read::<Unsent>(record).map(|unsent| unsent.time),
        _ => records::read::<Index>(record).map(|index| index.newest),
    };
    time.is_some_and(|time| is_settled(time, now))
}

/// Whether what has written something at this time is no longer under way, and everybody sees it.
fn is_settled(time: UnixNanos, now: UnixNanos) -> bool {
    now.saturating_sub(time) > SETTLED
}

/// Entries that newer ones hide and that are never written again. (One in a shared slot may be written any moment.)
///
/// Only of those and by those that have been there for a while: a push that has only just written its entry may take
/// it back.
fn superseded(entries: &GroupEntries<'_>, now: UnixNanos) -> Vec<String> {
    if !entries.posts.iter().any(|post| is_unique(post.key)) {
        return Vec::new();
    }
    let mut settled = entries.clone();
    settled
        .posts
        .retain(|post| is_settled(post.entry.header.time, now));
    let superseded = settled.superseded().into_iter();
    superseded
        .filter(|key| is_unique(key))
        .map(str::to_owned)
        .collect()
}

/// `names` are different ones.
fn orphaned_types<'a>(
    snapshot: &Snapshot,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Vec<String> {
    // Hashing every name is worth it only if there are more records than names.
    if snapshot.types.len() <= names.clone().count() {
        return Vec::new();
    }
    let live: HashSet<String> = names.map(layout::family_type).collect();
    snapshot
        .types
        .iter()
        .filter(|key| !live.contains(*key))
        .take(MAX_DELETED)
        .cloned()
        .collect()
}

fn outdated_shapes(snapshot: &Snapshot, groups: &[Group<'_>]) -> Option<Shapes> {
    // Each group has a set that is in use. Mostly there is one, and no need to look which.
    if !groups.is_empty() && snapshot.shapes.shapes.len() <= 1 {
        return None;
    }
    let live: BTreeSet<Vec<&str>> = groups
        .iter()
        .map(|group| group.labels.iter().map(|(name, _)| *name).collect())
        .collect();
    if snapshot.shapes.shapes.len() <= live.len() {
        return None;
    }
    let mut shapes = Shapes {
        since: snapshot.shapes.since,
        shapes: Vec::new(),
    };
    for shape in live {
        shapes.add(shape.into_iter().map(str::to_owned).collect());
    }
    Some(shapes)
}
