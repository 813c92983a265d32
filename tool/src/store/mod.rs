//! The stores that the tool reads and writes as a whole: Spin's SQLite file, and Redis.
//!
//! The local host has its own access to both. It does single calls as Spin's providers do, flaws
//! included; here stores are walked and filled, in one transaction where there are any. What the two
//! share is Spin's table, which Spin defines and the tests hold both to.

mod place;
mod redis;
mod sqlite;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use spin_pushgateway::store::layout::{Key, PREFIX, SHAPES};
use spin_pushgateway::store::records::{self, Shapes};

pub(crate) use place::Place;

/// A key and its value.
pub(crate) type Pair = (String, Vec<u8>);

/// Which keys of a store are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of the gateway.
    Gateway,
    /// Those of other programs too.
    All,
}

impl Scope {
    /// Whether this key is meant.
    pub(crate) fn has(self, key: &str) -> bool {
        self == Self::All || key.starts_with(PREFIX)
    }
}

/// What to do with what an import finds in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Change nothing, and fail.
    Refuse,
    /// Delete it.
    Replace,
    /// Keep what the import does not have; of groups that both have, the import's counts.
    Merge,
}

/// The groups of which an import has keys: a merge replaces each of them as a whole, since entries of
/// one group from two stores would not fit together.
pub(crate) type Groups = BTreeSet<String>;

/// What is to be written, and over what.
pub(crate) struct Load<'a> {
    /// Which keys of the store are replaced or stand in the way.
    pub(crate) scope: Scope,
    /// What to do with them.
    pub(crate) existing: Existing,
    /// The groups among the pairs.
    pub(crate) groups: &'a Groups,
    /// What is to be written; an error ends the import.
    pub(crate) pairs: &'a mut dyn Iterator<Item = Result<Pair>>,
}

impl Load<'_> {
    /// Which of the store's keys are to go; fails where the import is to be refused.
    fn doomed(&self, held: impl IntoIterator<Item = String>) -> Result<Vec<String>> {
        let mut held = held.into_iter().filter(|key| self.scope.has(key));
        match self.existing {
            Existing::Replace => Ok(held.collect()),
            Existing::Merge => Ok(held.filter(|key| self.is_of_import(key)).collect()),
            Existing::Refuse => match held.next() {
                None => Ok(Vec::new()),
                Some(_) => bail!(
                    "the store is not empty: --replace deletes what it holds, --merge keeps groups that the archive lacks"
                ),
            },
        }
    }

    fn is_of_import(&self, key: &str) -> bool {
        Key::parse(key)
            .and_then(|key| key.group().map(|group| self.groups.contains(group)))
            .unwrap_or(false)
    }

    /// The value to write for this key of a pair; `held` reads the one that the store holds for it. Of
    /// label name sets in use a merge keeps both sides', as far as the gateway keeps any, since the
    /// consistency check relies on having all.
    fn value(
        &self,
        key: &str,
        value: Vec<u8>,
        held: impl FnOnce(&str) -> Result<Option<Vec<u8>>>,
    ) -> Result<Vec<u8>> {
        if self.existing != Existing::Merge || key != SHAPES {
            return Ok(value);
        }
        let (Some(mut ours), Some(theirs)) = (
            records::read::<Shapes>(Some(&value)),
            records::read::<Shapes>(held(key)?.as_deref()),
        ) else {
            return Ok(value);
        };
        ours.since = ours.since.min(theirs.since);
        for shape in theirs.shapes {
            ours.add(shape);
        }
        ours.shapes.sort();
        Ok(records::write(&ours))
    }
}

/// What a walk has left out, since no archive could hold it: Redis' lists and hashes, keys that are not text.
pub(crate) type LeftOut = u64;

/// An open store.
pub(crate) enum Store {
    /// One label in a SQLite file.
    Sqlite(sqlite::Sqlite),
    /// A Redis database.
    Redis(redis::Redis),
}

impl Store {
    /// Opens a store for reading only. What is not there is an error.
    pub(crate) fn open(place: &Place) -> Result<Self> {
        match place {
            Place::Sqlite { file, label } => sqlite::Sqlite::open(file, label).map(Self::Sqlite),
            Place::Redis(info) => redis::Redis::open(info).map(Self::Redis),
        }
    }

    /// Opens a store for writing; a SQLite file, its folder and its table are made if need be.
    pub(crate) fn create(place: &Place) -> Result<Self> {
        match place {
            Place::Sqlite { file, label } => sqlite::Sqlite::create(file, label).map(Self::Sqlite),
            Place::Redis(info) => redis::Redis::open(info).map(Self::Redis),
        }
    }

    /// Calls `each` with every key and value, in the order of the keys.
    ///
    /// On SQLite this is one state of the store, and writers wait. On Redis it is not: a key that goes
    /// meanwhile is left out, one that comes may be.
    pub(crate) fn walk(
        &mut self,
        scope: Scope,
        each: &mut dyn FnMut(&str, &[u8]) -> Result<()>,
    ) -> Result<LeftOut> {
        match self {
            Self::Sqlite(store) => store.walk(scope, each).map(|()| 0),
            Self::Redis(store) => store.walk(scope, each),
        }
    }

    /// Writes what an archive holds. On SQLite all or nothing. On Redis an error may leave a part
    /// written, and what is to be deleted goes last.
    pub(crate) fn load(&mut self, load: &mut Load<'_>) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.load(load),
            Self::Redis(store) => store.load(load),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load<'a>(
        existing: Existing,
        groups: &'a Groups,
        pairs: &'a mut dyn Iterator<Item = Result<Pair>>,
    ) -> Load<'a> {
        Load {
            scope: Scope::Gateway,
            existing,
            groups,
            pairs,
        }
    }

    #[test]
    fn what_is_deleted_depends_on_what_was_asked_for() {
        const ONE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";
        const TWO: &str = "ffffffffffffffffffffffffffffffffffffffffffffffff";
        let held = || {
            [
                format!("pgw1:g:{ONE}"),
                format!("pgw1:f:{TWO}"),
                SHAPES.to_owned(),
                "session:1".to_owned(),
            ]
        };
        let groups = Groups::from([ONE.to_owned()]);
        let doomed = |existing| load(existing, &groups, &mut std::iter::empty()).doomed(held());
        assert!(doomed(Existing::Refuse).is_err());
        assert_eq!(
            doomed(Existing::Replace).ok(),
            Some(held().into_iter().take(3).collect())
        );
        assert_eq!(
            doomed(Existing::Merge).ok(),
            Some(vec![format!("pgw1:g:{ONE}")])
        );
        let others = load(Existing::Refuse, &groups, &mut std::iter::empty())
            .doomed(["session:1".to_owned()]);
        assert_eq!(
            others.ok(),
            Some(vec![]),
            "keys of others do not stand in the way"
        );
    }

    #[test]
    fn a_merge_keeps_the_label_name_sets_of_both() {
        let shapes = |since, names: &[&str]| {
            records::write(&Shapes {
                since,
                shapes: names.iter().map(|name| vec![(*name).to_owned()]).collect(),
            })
        };
        let groups = Groups::new();
        let value = |existing, held: Option<&[u8]>| {
            load(existing, &groups, &mut std::iter::empty())
                .value(SHAPES, shapes(5, &["job", "a"]), |_| {
                    Ok(held.map(<[u8]>::to_vec))
                })
                .expect("a value")
        };
        let held = shapes(3, &["job", "b"]);
        assert_eq!(
            value(Existing::Merge, Some(&held)),
            shapes(3, &["a", "b", "job"])
        );
        assert_eq!(
            value(Existing::Replace, Some(&held)),
            shapes(5, &["job", "a"])
        );
        assert_eq!(value(Existing::Merge, Some(b"?")), shapes(5, &["job", "a"]));
    }
}
