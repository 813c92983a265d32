//! The deletion of many groups.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{GroupsError, Listed, Query, json};
use crate::delete::delete_groups_if;
use crate::groups::key::GroupId;
use crate::store::snapshot::Snapshot;
use crate::store::{Store, World};

/// Deletes the groups that the query selects, unless it says to tell only. The body for `DELETE /api/v1/groups`.
///
/// Directly before it goes, each group is looked at once more, and stays if the query no longer selects it.
///
/// # Errors
///
/// The query makes no sense or selects everything for want of a selector, or the store failed.
pub async fn delete<S: Store, W: World>(
    store: &S,
    world: &W,
    query: &str,
) -> Result<Vec<u8>, GroupsError> {
    let query = Query::parse(query)?.for_deletion()?;
    let snapshot = Snapshot::read(store).await?;
    let now = world.now();
    let selected = query.select(Listed::all(&snapshot, now), now);
    if query.is_dry_run() {
        return Ok(body(&query, selected.iter().map(Told::of).collect()));
    }
    let ids = selected
        .iter()
        .filter_map(|listed| GroupId::parse(listed.id))
        .collect();
    // What is read again needs the room.
    drop(selected);
    drop(snapshot);
    let mut deleted = Vec::new();
    delete_groups_if(store, world, &ids, |id, values| {
        let now = world.now();
        let listed = Listed::of(id.as_str(), values, now);
        let told = listed.filter(|listed| query.selects(listed, now));
        deleted.extend(told.iter().map(Told::of));
        told.is_some()
    })
    .await?;
    Ok(body(&query, deleted))
}

/// What is told of a group that is deleted.
#[derive(Debug)]
pub(super) struct Told {
    labels: BTreeMap<String, String>,
    series: usize,
}

impl Told {
    pub(super) fn of(listed: &Listed<'_>) -> Self {
        let labels = listed.group.labels.iter();
        Self {
            labels: labels
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            series: listed.group.series_count(),
        }
    }
}

/// The body that tells which groups were deleted, or would be.
pub(super) fn body(query: &Query, told: Vec<Told>) -> Vec<u8> {
    json::success(Deletion {
        dry_run: query.is_dry_run(),
        deleted: told.len(),
        series: told.iter().map(|told| told.series).sum(),
        groups: told.into_iter().map(|told| told.labels).collect(),
    })
}

#[derive(Serialize)]
struct Deletion {
    dry_run: bool,
    deleted: usize,
    series: usize,
    groups: Vec<BTreeMap<String, String>>,
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::consistency::Kind;
    use crate::exposition::names::NameScheme;
    use crate::exposition::text;
    use crate::groups::key::GroupingKey;
    use crate::push::{Push, push};
    use crate::store::memory::MemoryStore;
    use crate::store::{StoreError, Value};
    use crate::testing::{block_on, rules};

    const SECOND: u64 = 1_000_000_000;

    /// A world whose clock stands unless it is set.
    #[derive(Default)]
    struct Clock {
        now: Cell<u64>,
        randoms: Cell<u64>,
    }

    impl World for Clock {
        fn now(&self) -> u64 {
            self.now.get()
        }

        fn random(&self) -> u64 {
            self.randoms.set(self.randoms.get() + 1);
            self.randoms.get()
        }
    }

    /// PUT or POST, and a body.
    type Pushed = (Kind, &'static str);

    /// A store on which something is pushed before one of the calls.
    struct Disturbed {
        store: MemoryStore,
        world: Clock,
        push: Pushed,
        /// How many calls come before it.
        calls_before: Cell<usize>,
        /// The calls so far that were not the push's.
        calls: RefCell<Vec<&'static str>>,
    }

    impl Disturbed {
        fn new(pushes: &[Pushed], push: Pushed, calls_before: usize) -> Self {
            let this = Self {
                store: MemoryStore::default(),
                world: Clock::default(),
                push,
                calls_before: Cell::new(calls_before),
                calls: RefCell::default(),
            };
            for push in pushes {
                this.push(*push);
            }
            this.world.now.set(100 * SECOND);
            this
        }

        fn push(&self, (kind, body): Pushed) {
            let key = GroupingKey::new([("job", "j")]).expect("has a job");
            let pushed = Push {
                kind,
                key: &key,
                families: text::parse(body.as_bytes(), NameScheme::Legacy).expect("parses"),
                ttl: None,
            };
            block_on(push(&self.store, &self.world, pushed, rules())).expect("is accepted");
        }

        fn call(&self, operation: &'static str) {
            if self.calls.borrow().len() == self.calls_before.get() {
                self.push(self.push);
            }
            self.calls.borrow_mut().push(operation);
        }

        /// What is shown in the end.
        fn shown(&self) -> String {
            let snapshot = block_on(Snapshot::read(&self.store)).expect("the store works");
            let groups = Listed::all(&snapshot, self.world.now());
            let families = groups.iter().flat_map(|listed| &listed.group.families);
            families
                .map(|family| String::from_utf8_lossy(family.text))
                .collect()
        }
    }

    impl Store for Disturbed {
        async fn list(&self) -> Result<Vec<String>, StoreError> {
            self.call("list");
            self.store.list().await
        }

        async fn read(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
            self.call("read");
            self.store.read(keys).await
        }

        async fn write(&self, pairs: Vec<(String, Value)>) -> Result<(), StoreError> {
            self.call("write");
            self.store.write(pairs).await
        }

        async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
            self.call("delete");
            self.store.delete(keys).await
        }
    }

    #[test]
    fn what_is_pushed_meanwhile_stays() {
        let groups: [&[Pushed]; 3] = [
            &[(Kind::Put, "a 1\n")],
            &[(Kind::Post, "a 1\n")],
            &[(Kind::Put, "a 1\n"), (Kind::Post, "b 1\n")],
        ];
        let pushes = [
            (Kind::Put, "a 2\n"),
            (Kind::Put, "c 2\n"),
            (Kind::Post, "a 2\n"),
            (Kind::Post, "c 2\n"),
        ];
        for (pushed, push) in groups
            .into_iter()
            .flat_map(|g| pushes.map(|push| (g, push)))
        {
            for before in 0.. {
                let store = Disturbed::new(pushed, push, before);
                let query = "match[]=job=%22j%22&older_than=10s";
                let told = block_on(delete(&store, &store.world, query)).expect("the store works");
                let calls = store.calls.borrow();
                let Some(call) = calls.get(before) else {
                    break;
                };
                let name = format!("{pushed:?} {push:?} before call {before} of {calls:?}");
                let changes = |call: &&str| matches!(*call, "write" | "delete");
                let is_deleted = calls.iter().any(changes);
                let told = String::from_utf8_lossy(&told);
                let count = format!("\"deleted\":{},", u8::from(is_deleted));
                assert!(told.contains(&count), "{told} {name}");
                let (shown, is_lost) = (store.shown(), changes(call));
                // What was deleted is gone, and what was pushed is lost only in the moment after a look.
                assert!(!is_deleted || !shown.contains(" 1\n"), "{shown} {name}");
                assert!(is_lost || shown.contains(" 2\n"), "{shown} {name}");
            }
        }
    }
}
