//! Spin's default provider: one table of a SQLite file.
//!
//! The file's name, its table and SQLite's settings (rollback journal, full synchronisation, five
//! seconds of patience with other processes) are Spin's, so files move between the two, and an
//! acknowledged write is on disk. Calls block their thread, and with it the whole instance, as
//! they do in Spin.

use std::path::Path;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use tokio::task::block_in_place;

use super::{Pair, StoreError, StoreResult};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (store, key)
)";

const UPSERT: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (store, key) DO UPDATE SET value = ?3";

/// The rows of one label.
#[derive(Debug)]
pub(super) struct SqliteStore {
    label: String,
    connection: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens a file, creating it and its folder if need be, or a store in memory.
    pub(super) fn open(label: &str, path: Option<&Path>) -> Result<Self> {
        let connection = match path {
            Some(path) => open_file(path).with_context(|| path.display().to_string())?,
            None => Connection::open_in_memory()?,
        };
        connection
            .execute(CREATE, [])
            .and_then(|_| rusqlite::vtab::array::load_module(&connection))
            .with_context(|| format!("key-value store {label:?}"))?;
        Ok(Self {
            label: label.to_owned(),
            connection: Mutex::new(connection),
        })
    }

    pub(super) fn get(&self, key: &str) -> StoreResult<Option<Vec<u8>>> {
        self.call(|connection| {
            connection
                .prepare_cached("SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2")?
                .query_map([self.label.as_str(), key], |row| row.get(0))?
                .next()
                .transpose()
        })
    }

    pub(super) fn set(&self, key: &str, value: &[u8]) -> StoreResult<()> {
        self.call(|connection| {
            connection
                .prepare_cached(UPSERT)?
                .execute(params![self.label, key, value])?;
            Ok(())
        })
    }

    pub(super) fn delete(&self, key: &str) -> StoreResult<()> {
        self.call(|connection| {
            connection
                .prepare_cached("DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2")?
                .execute([self.label.as_str(), key])?;
            Ok(())
        })
    }

    pub(super) fn exists(&self, key: &str) -> StoreResult<bool> {
        self.call(|connection| {
            connection
                .prepare_cached("SELECT 1 FROM spin_key_value WHERE store = ?1 AND key = ?2")?
                .exists([self.label.as_str(), key])
        })
    }

    pub(super) fn keys(&self) -> StoreResult<Vec<String>> {
        self.call(|connection| {
            connection
                .prepare_cached("SELECT key FROM spin_key_value WHERE store = ?1")?
                .query_map([&self.label], |row| row.get(0))?
                .collect()
        })
    }

    /// One query. Keys that are not there are left out, and repeated ones occur once.
    pub(super) fn get_many(
        &self,
        keys: Vec<String>,
    ) -> StoreResult<Vec<(String, Option<Vec<u8>>)>> {
        self.call(|connection| {
            connection
                .prepare_cached(
                    "SELECT key, value FROM spin_key_value WHERE store = ?1 AND key IN rarray(?2)",
                )?
                .query_map(params![self.label, array(keys)], |row| {
                    Ok((row.get(0)?, Some(row.get(1)?)))
                })?
                .collect()
        })
    }

    /// One transaction.
    pub(super) fn set_many(&self, pairs: &[Pair]) -> StoreResult<()> {
        self.call(|connection| {
            let transaction = connection.transaction()?;
            for (key, value) in pairs {
                transaction
                    .prepare_cached(UPSERT)?
                    .execute(params![self.label, key, value])?;
            }
            transaction.commit()
        })
    }

    /// One statement.
    pub(super) fn delete_many(&self, keys: Vec<String>) -> StoreResult<()> {
        self.call(|connection| {
            connection
                .prepare_cached(
                    "DELETE FROM spin_key_value WHERE store = ?1 AND key IN rarray(?2)",
                )?
                .execute(params![self.label, array(keys)])?;
            Ok(())
        })
    }

    fn call<T>(
        &self,
        action: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> StoreResult<T> {
        block_in_place(|| {
            // An action that panicked left no transaction open, so the connection stays usable.
            let mut connection = self
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            action(&mut connection).map_err(|error| StoreError::Failed(error.to_string()))
        })
    }
}

fn open_file(path: &Path) -> Result<Connection> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(Connection::open(path)?)
}

/// The form in which SQLite's `rarray` takes a list.
fn array(keys: Vec<String>) -> Rc<Vec<Value>> {
    Rc::new(keys.into_iter().map(Value::from).collect())
}

#[cfg(test)]
mod tests {
    use super::{SqliteStore, Value};

    #[tokio::test(flavor = "multi_thread")]
    async fn the_settings_are_those_of_spin() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open("one", Some(&folder.path().join("kv.db"))).expect("a store");
        let setting = |name: &str| {
            store.call(|connection| {
                connection.pragma_query_value(None, name, |row| row.get::<_, Value>(0))
            })
        };
        let cases = [
            ("journal_mode", Value::from("delete".to_owned())),
            ("synchronous", Value::from(2)),
            ("busy_timeout", Value::from(5000)),
        ];
        for (name, want) in cases {
            assert_eq!(setting(name), Ok(want), "{name}");
        }
    }

    /// `block_in_place` needs the runtime that the host uses.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_keeps_to_its_label() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state").join("kv.db");
        let one = SqliteStore::open("one", Some(&path)).expect("a store");
        let two = SqliteStore::open("two", Some(&path)).expect("a second connection");
        let pair = |k: &str, v: &str| (k.to_owned(), v.as_bytes().to_vec());
        one.set_many(&[pair("a", "1"), pair("b", "2")])
            .expect("set-many");
        two.set("a", b"3").expect("set");
        assert_eq!(one.get("a"), Ok(Some(b"1".to_vec())));
        assert_eq!(two.keys(), Ok(vec!["a".to_owned()]));
        let keys = || ["b", "c", "b"].map(str::to_owned).to_vec();
        assert_eq!(
            one.get_many(keys()),
            Ok(vec![("b".to_owned(), Some(b"2".to_vec()))])
        );
        two.delete_many(vec!["b".to_owned()]).expect("delete-many");
        assert_eq!(one.exists("b"), Ok(true));
        one.delete_many(keys()).expect("delete-many");
        assert_eq!(one.exists("b"), Ok(false));
        one.delete("c").expect("a missing key is no error");
    }
}
