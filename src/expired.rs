//! Groups that expired long ago are removed from the store.
//!
//! What has expired is hidden from everybody at once; here it only stops taking room. That waits until everything in
//! the group has been expired for as long as it was shown, and for a minute at least: the next push of a job that runs
//! regularly comes before that. Without compare-and-swap a push that lands between the last look at the group and its
//! removal is lost (`docs/guarantees.md`), and after a silence of twice the lifetime such a push is least likely.
//!
//! Where something of the group is still shown, what has expired stays: the job that pushed it may push it again any
//! moment, and so there is no silence to rely on.

use crate::duration::Nanos;
use crate::groups::entry::{Entry, UnixNanos};
use crate::groups::fold::GroupEntries;
use crate::groups::key::GroupId;
use crate::store::layout;
use crate::store::records::{self, Failure, Index};
use crate::store::snapshot::GroupValues;
use crate::store::{Store, StoreError, Value};

/// A group of which everything expired long ago.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    id: GroupId,
    /// The keys of its POST entries.
    posts: Vec<String>,
}

impl Expired {
    /// The group that was read like this, if it expired long ago.
    pub(crate) fn plan(
        id: &GroupId,
        entries: &GroupEntries<'_>,
        values: &GroupValues,
        now: UnixNanos,
    ) -> Option<Self> {
        let all = entries
            .root
            .iter()
            .chain(entries.posts.iter().map(|post| &post.entry));
        let read = usize::from(entries.root.is_some()) + entries.posts.len();
        let stored = usize::from(values.root.is_some()) + values.posts.len();
        // An entry that cannot be read may be a newer version's: not ours to judge.
        let is_expired = read == stored
            && (read > 0 || entries.failure.is_some())
            && all.into_iter().all(|entry| is_entry_long_over(entry, now))
            && values
                .failure
                .as_ref()
                .is_none_or(|failure| is_long_over(failure.time, failure.expires, now));
        is_expired.then(|| Self {
            id: id.clone(),
            posts: values.posts.iter().map(|(key, _, _)| key.clone()).collect(),
        })
    }

    /// Removes the group unless something was pushed meanwhile. Returns how many keys were deleted.
    ///
    /// # Errors
    ///
    /// The store failed. What is left is removed after another scrape.
    pub(crate) async fn delete<S: Store>(
        self,
        store: &S,
        now: UnixNanos,
    ) -> Result<usize, StoreError> {
        let index_key = layout::index(&self.id);
        let index = store.read_one(index_key.clone()).await?;
        let mut keys = self.posts;
        // Entries that came after the group was listed.
        let index: Index = records::read(index.as_deref()).unwrap_or_default();
        for key in index.post_keys(&self.id) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let (failure_key, root_key) = (layout::failure(&self.id), layout::root(&self.id));
        let entries = keys.len();
        keys.extend([root_key.clone(), failure_key.clone()]);
        let mut values = store.read(&keys).await?;
        let failure = values.pop().flatten();
        let is_over = values
            .iter()
            .flatten()
            .all(|value| is_value_long_over(value, now))
            && failure.is_none_or(|failure| is_failure_long_over(&failure, now));
        if !is_over {
            return Ok(0);
        }
        // The PUT entry goes last, since it decides which of the others count.
        keys.truncate(entries);
        keys.extend([index_key, failure_key, root_key]);
        store.delete(&keys).await?;
        Ok(keys.len())
    }
}

fn is_value_long_over(value: &Value, now: UnixNanos) -> bool {
    Entry::decode(value).is_ok_and(|entry| is_entry_long_over(&entry, now))
}

fn is_failure_long_over(value: &Value, now: UnixNanos) -> bool {
    records::read::<Failure>(Some(value))
        .is_some_and(|failure| is_long_over(failure.time, failure.expires, now))
}

fn is_entry_long_over(entry: &Entry<'_>, now: UnixNanos) -> bool {
    let families = entry.families.iter();
    is_long_over(entry.header.time, entry.header.expires, now)
        && families
            .map(|family| (family.time, family.expires))
            .all(|(time, expires)| is_long_over(time, expires, now))
}

/// How long something has been expired at least before it is removed, in nanoseconds: clocks differ.
const LEAST: Nanos = 60_000_000_000;

/// Whether something has been expired for as long as it was to be shown.
fn is_long_over(time: UnixNanos, expires: Option<UnixNanos>, now: UnixNanos) -> bool {
    expires.is_some_and(|expires| {
        let lifetime = expires.saturating_sub(time).max(LEAST);
        expires.saturating_add(lifetime) <= now
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_over_is_twice_the_lifetime_and_a_minute_at_least() {
        let long = 2 * LEAST;
        let cases = [
            (10, Some(10 + long), 9 + 2 * long, false),
            (10, Some(10 + long), 10 + 2 * long, true),
            (10, Some(11), 10 + LEAST, false),
            (10, Some(11), 11 + LEAST, true),
            (10, None, u64::MAX, false),
            (10, Some(u64::MAX), u64::MAX - 1, false),
            // A clock that stepped back when it was pushed.
            (20, Some(15), 15 + LEAST, true),
        ];
        for (time, expires, now, want) in cases {
            assert_eq!(
                is_long_over(time, expires, now),
                want,
                "{time} {expires:?} {now}"
            );
        }
    }
}
