//! Spin's SQLite file: one table, in which each store is the rows of its label.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::{Load, Scope};

/// Spin's table. The names, types and the primary key are Spin's.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (store, key)
)";

const UPSERT: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (store, key) DO UPDATE SET value = ?3";

/// How long other processes may keep the file locked, as in Spin.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The rows of one label.
pub(crate) struct Sqlite {
    connection: Connection,
    label: String,
}

impl Sqlite {
    /// Opens a file that is there, for reading.
    pub(super) fn open(file: &Path, label: &str) -> Result<Self> {
        Self::with(file, label, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    /// Opens a file for writing, making it, its folder and its table if need be.
    pub(super) fn create(file: &Path, label: &str) -> Result<Self> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let store = Self::with(file, label, flags)?;
        store.connection.execute(CREATE, [])?;
        Ok(store)
    }

    fn with(file: &Path, label: &str, flags: OpenFlags) -> Result<Self> {
        let connection = Connection::open_with_flags(file, flags)
            .with_context(|| format!("cannot open {}", file.display()))?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(Self {
            connection,
            label: label.to_owned(),
        })
    }

    /// One query, hence one state of the store; writers wait until it is over.
    pub(super) fn walk(
        &mut self,
        scope: Scope,
        each: &mut dyn FnMut(&str, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self
            .connection
            .prepare("SELECT key, value FROM spin_key_value WHERE store = ?1 ORDER BY key")?;
        let mut rows = statement.query([&self.label])?;
        while let Some(row) = rows.next()? {
            let key: &str = row.get_ref(0)?.as_str()?;
            if scope.has(key) {
                // A value that another program wrote as text is its bytes.
                each(key, row.get_ref(1)?.as_bytes()?)?;
            }
        }
        Ok(())
    }

    /// One transaction.
    pub(super) fn load(&mut self, load: &mut Load<'_>) -> Result<()> {
        let label = &self.label;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut list =
                transaction.prepare("SELECT key FROM spin_key_value WHERE store = ?1")?;
            let held: Vec<String> = list
                .query_map([label], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut delete =
                transaction.prepare("DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2")?;
            for key in load.doomed(held)? {
                delete.execute([label, &key])?;
            }
            let mut get = transaction
                .prepare("SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2")?;
            let mut set = transaction.prepare(UPSERT)?;
            while let Some(pair) = load.pairs.next() {
                let (key, value) = pair?;
                let value = load.value(&key, value, |key| {
                    Ok(get
                        .query_row([label.as_str(), key], |row| row.get(0))
                        .optional()?)
                })?;
                set.execute(params![label, key, value])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Existing, Groups, Pair};
    use super::*;

    fn pairs(store: &mut Sqlite) -> Vec<Pair> {
        let mut pairs = Vec::new();
        store
            .walk(Scope::All, &mut |key, value| {
                pairs.push((key.to_owned(), value.to_vec()));
                Ok(())
            })
            .expect("a walk");
        pairs
    }

    fn fill(store: &mut Sqlite, existing: Existing, pairs: Vec<Result<Pair>>) -> Result<()> {
        store.load(&mut Load {
            scope: Scope::All,
            existing,
            groups: &Groups::new(),
            pairs: &mut pairs.into_iter(),
        })
    }

    #[test]
    fn a_load_is_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("state/kv.db");
        let pair = |key: &str, value: &str| Ok((key.to_owned(), value.as_bytes().to_vec()));
        let mut other = Sqlite::create(&file, "other").expect("a store");
        fill(
            &mut other,
            Existing::Refuse,
            vec![pair("x", "of another label")],
        )
        .expect("a load");

        let mut store = Sqlite::create(&file, "one").expect("a store");
        fill(
            &mut store,
            Existing::Refuse,
            vec![pair("b", "2"), pair("a", "1")],
        )
        .expect("a load");
        let before = pairs(&mut store);
        assert_eq!(before.len(), 2);
        assert_eq!(before[0].0, "a", "in the order of the keys");

        let broken = vec![pair("c", "3"), Err(anyhow::anyhow!("the archive ends"))];
        assert!(fill(&mut store, Existing::Replace, broken).is_err());
        assert_eq!(pairs(&mut store), before);
        assert!(fill(&mut store, Existing::Refuse, vec![pair("c", "3")]).is_err());
        assert_eq!(pairs(&mut store), before);

        fill(&mut store, Existing::Replace, vec![pair("c", "3")]).expect("a load");
        assert_eq!(pairs(&mut store), [("c".to_owned(), b"3".to_vec())]);
        assert_eq!(pairs(&mut other).len(), 1);
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made_by_reading() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("kv.db");
        assert!(Sqlite::open(&file, "default").is_err());
        assert!(!file.exists());
    }
}
