//! Groups that expired long ago are removed from the store.
//!
//! What has expired is hidden from everybody at once; here it only stops taking room. That waits until everything that
//! the group showed last has been expired for as long as it was shown, and for a minute at least: the next push of a job
//! that runs regularly comes before that. (What newer pushes replaced was hidden before, and goes with them.) Without
//! compare-and-swap a push that lands between the last look at the group and its removal is lost (`docs/guarantees.md`),
//! and after a silence of twice the lifetime such a push is least likely.
//!
//! Where something of the group is still shown, what has expired stays: the job that pushed it may push it again any
//! moment, and so there is no silence to rely on.

use crate::duration::Nanos;
use crate::groups::entry::UnixNanos;
use crate::groups::fold::GroupEntries;
use crate::groups::key::GroupId;
use crate::store::again::{Listed, read_again};
use crate::store::layout;
use crate::store::records::{self, Failure};
use crate::store::snapshot::GroupValues;
use crate::store::{Store, StoreError};

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
        let read = usize::from(entries.root.is_some()) + entries.posts.len();
        let stored = usize::from(values.root.is_some()) + values.posts.len();
        // An entry that cannot be read may be a newer version's: not ours to judge. Those of past generations are
        // removed before, after a look of their own.
        let is_long_over = |time, expires| is_long_over(time, expires, now);
        let is_expired = read == stored
            && (entries.are_all(is_long_over) || read == 0 && entries.failure.is_some())
            && values
                .failure
                .as_ref()
                .is_none_or(|failure| is_long_over(failure.time, failure.expires));
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
        let failure_key = layout::failure(&self.id);
        let failure = store.read_one(failure_key.clone()).await?;
        if failure.is_some() && records::read::<Failure>(failure.as_deref()).is_none() {
            return Ok(0);
        }
        let listed = Listed::from([(self.id.clone(), self.posts.into_iter().collect())]);
        let Some(values) = read_again(store, &listed).await?.remove(&self.id) else {
            return Ok(0);
        };
        let entries = values.entries(&mut Vec::new());
        let Some(again) = Self::plan(&self.id, &entries, &values, now) else {
            return Ok(0);
        };
        // The PUT entry goes last, since it decides which of the others count.
        let mut keys = again.posts;
        keys.extend([layout::index(&self.id), failure_key, layout::root(&self.id)]);
        store.delete(&keys).await?;
        Ok(keys.len())
    }
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
