//! A group, with what its values tell beside it.

use crate::groups::entry::UnixNanos;
use crate::groups::fold::Group;
use crate::store::snapshot::{GroupValues, Snapshot};

/// A group with what its values tell beside it.
#[derive(Clone, Debug)]
pub struct Listed<'a> {
    /// Its id in the store.
    pub id: &'a str,
    /// The group.
    pub group: Group<'a>,
    /// Why the last rejected push was rejected.
    pub failure_reason: Option<&'a str>,
    /// When and why forwarding failed, if the last push has not been forwarded.
    pub forward_failure: Option<(UnixNanos, &'a str)>,
    /// The size of its entries, in bytes.
    pub bytes: usize,
}

impl<'a> Listed<'a> {
    /// The group with this id as it stands at this time, if there is one.
    #[must_use]
    pub fn of(id: &'a str, values: &'a GroupValues, now: UnixNanos) -> Option<Self> {
        let group = values.group(now)?;
        let failure = values
            .failure
            .as_ref()
            .filter(|_| group.failure_time.is_some());
        Some(Self {
            id,
            failure_reason: failure.map(|failure| &*failure.reason),
            forward_failure: values
                .unsent
                .as_ref()
                .and_then(|unsent| unsent.failure(now)),
            bytes: values.stored_bytes(),
            group,
        })
    }

    /// All groups that there are at this time.
    #[must_use]
    pub fn all(snapshot: &'a Snapshot, now: UnixNanos) -> Vec<Self> {
        let groups = snapshot.groups.iter();
        groups
            .filter_map(|(id, values)| Self::of(id, values, now))
            .collect()
    }
}
