//! Whether there is room for another group.
//!
//! Only a push that would make a new group looks, and only where a limit is set: at the keys of its group first, and
//! only if there is none at those of all. That is the one push whose cost grows with the store, so a refusal is
//! remembered for a moment: who pushes new groups against a limit does not make the store list its keys each time.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use crate::duration::Nanos;
use crate::groups::entry::UnixNanos;
use crate::groups::key::GroupId;
use crate::limits::GroupLimits;
use crate::store::layout::{self, Key};
use crate::store::{Store, StoreError};

/// For how long a refusal is remembered, in nanoseconds.
const REMEMBERED: Nanos = 1_000_000_000;

/// How many refusals are remembered.
const MAX_REMEMBERED: usize = 256;

thread_local! {
    /// When there was last no room, by the start of the ids that the limit is about. A bonus that goes with the
    /// instance.
    static REFUSALS: RefCell<HashMap<String, UnixNanos>> = RefCell::default();
}

/// There is no room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full {
    /// The variable that sets the limit.
    pub variable: &'static str,
    /// The limit.
    pub limit: usize,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, limit } = self;
        write!(
            f,
            "push would make another group, {variable} allows {limit}: delete groups that are no longer needed"
        )
    }
}

impl std::error::Error for Full {}

/// Whether this group may be pushed to: it is there already, or there is room for it.
///
/// # Errors
///
/// The store failed.
pub async fn check<S: Store>(
    store: &S,
    group: &GroupId,
    limits: &GroupLimits,
    now: UnixNanos,
) -> Result<Result<(), Full>, StoreError> {
    if !limits.is_set() {
        return Ok(Ok(()));
    }
    let own = [
        layout::root(group),
        layout::index(group),
        layout::failure(group),
    ];
    if store.read(&own).await?.iter().any(Option::is_some) {
        return Ok(Ok(()));
    }
    let limits = [
        ("max_groups", limits.max_groups, ""),
        ("max_groups_per_job", limits.max_groups_per_job, group.job()),
    ];
    let limits = limits
        .into_iter()
        .filter_map(|(variable, limit, scope)| Some((variable, limit?, scope)));
    let limits: Vec<_> = limits.collect();
    if let Some((variable, limit, _)) = limits.iter().find(|(_, _, scope)| was_refused(scope, now))
    {
        return Ok(Err(Full {
            variable,
            limit: *limit,
        }));
    }
    let keys = store.list().await?;
    let groups: BTreeSet<&str> = keys
        .iter()
        .filter_map(|key| Key::parse(key))
        .filter(|key| !matches!(key, Key::Unsent { .. }))
        .filter_map(|key| key.group())
        .collect();
    for (variable, limit, scope) in limits {
        if groups
            .iter()
            .filter(|group| group.starts_with(scope))
            .count()
            >= limit
        {
            remember(scope, now);
            return Ok(Err(Full { variable, limit }));
        }
    }
    Ok(Ok(()))
}

fn was_refused(scope: &str, now: UnixNanos) -> bool {
    REFUSALS.with_borrow(|refusals| {
        refusals
            .get(scope)
            .is_some_and(|at| now.abs_diff(*at) < REMEMBERED)
    })
}

fn remember(scope: &str, now: UnixNanos) {
    REFUSALS.with_borrow_mut(|refusals| {
        if refusals.len() >= MAX_REMEMBERED {
            refusals.clear();
        }
        refusals.insert(scope.to_owned(), now);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::key::GroupingKey;
    use crate::store::memory::MemoryStore;
    use crate::testing::block_on;

    fn id(job: &str, instance: &str) -> GroupId {
        GroupingKey::new([("job", job), ("instance", instance)])
            .expect("has a job")
            .id()
    }

    #[test]
    fn new_groups_need_room_and_old_ones_have_it() {
        let store = MemoryStore::default();
        let put = |key: String| store.values.borrow_mut().insert(key, Vec::new());
        put(layout::root(&id("a", "1")));
        put(layout::failure(&id("a", "2")));
        put(layout::root(&id("b", "1")));
        put("somebody else's".to_owned());
        let limits = |max_groups, max_groups_per_job| GroupLimits {
            max_groups,
            max_groups_per_job,
        };
        let full = |variable, limit| Err(Full { variable, limit });
        // Each at its own time, so that no refusal is remembered.
        let cases = [
            (limits(None, None), id("c", "1"), Ok(())),
            (limits(Some(4), None), id("c", "1"), Ok(())),
            (limits(Some(3), None), id("c", "1"), full("max_groups", 3)),
            (limits(Some(1), Some(1)), id("a", "2"), Ok(())),
            (
                limits(None, Some(2)),
                id("a", "3"),
                full("max_groups_per_job", 2),
            ),
            (limits(None, Some(2)), id("b", "2"), Ok(())),
        ];
        for (at, (limits, group, want)) in (1..).zip(cases) {
            let now = at * 10 * REMEMBERED;
            assert_eq!(
                block_on(check(&store, &group, &limits, now)),
                Ok(want),
                "{limits:?}"
            );
        }
        assert_eq!(
            block_on(check(&store, &id("c", "1"), &limits(None, None), 0)),
            Ok(Ok(()))
        );
    }

    /// How often the keys are listed for a push to a job that has no room, at this time.
    fn listings(job: &str, now: UnixNanos) -> usize {
        let store = MemoryStore::default();
        let own = layout::root(&id(job, "1"));
        store.values.borrow_mut().insert(own, Vec::new());
        let limits = GroupLimits {
            max_groups: None,
            max_groups_per_job: Some(1),
        };
        let refused = block_on(check(&store, &id(job, "2"), &limits, now));
        assert!(refused.is_ok_and(|room| room.is_err()));
        let calls = store.take_calls();
        calls
            .iter()
            .filter(|(operation, _)| *operation == "list")
            .count()
    }

    #[test]
    fn a_refusal_is_remembered_for_a_moment() {
        let now = 1_000 * REMEMBERED;
        let at = [
            ("x", now, 1),
            ("y", now, 1),
            ("x", now + 1, 0),
            ("y", now + 1, 0),
            ("x", now + REMEMBERED, 1),
        ];
        for (job, now, want) in at {
            assert_eq!(listings(job, now), want, "{job} {now}");
        }
    }

    #[test]
    fn many_refusals_are_not_all_remembered() {
        let now = 2_000 * REMEMBERED;
        for job in 0..=MAX_REMEMBERED {
            assert_eq!(listings(&format!("job {job}"), now), 1, "{job}");
        }
        assert_eq!(listings("job 0", now), 1);
        assert_eq!(listings(&format!("job {MAX_REMEMBERED}"), now), 0);
    }

    #[test]
    fn who_finds_no_room_is_told_the_limit() {
        let full = Full {
            variable: "max_groups",
            limit: 3,
        };
        assert_eq!(
            full.to_string(),
            "push would make another group, max_groups allows 3: \
             delete groups that are no longer needed"
        );
    }
}
