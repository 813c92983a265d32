//! The key-value stores that the component opens, as Spin's providers offer them, flaws included.
//!
//! Both of Spin's guest interfaces ([`crate::guest`]) end up here. Values go to a provider at each
//! call; nothing is cached. What the providers do differently is in their modules:
//! [`sqlite`], [`redis`].

mod faults;
mod redis;
mod sqlite;
mod trace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::runtime_config::StoreConfig;
use faults::{Fate, Fault, Faults};
use redis::RedisStore;
use sqlite::SqliteStore;
use trace::Trace;

/// The most bytes that Spin hands to the component in one result; more is an error.
const MAX_RESULT_BYTES: usize = 128 << 20;

/// Why a call failed.
#[derive(Debug, PartialEq)]
pub(crate) enum StoreError {
    /// The component gets an error with this text.
    Failed(String),
    /// Spin's provider panics: the component's instance dies.
    Panicked(String),
}

/// A call's result.
pub(crate) type StoreResult<T> = Result<T, StoreError>;

/// A key and its value.
pub(crate) type Pair = (String, Vec<u8>);

/// What can be asked of a store. The names are those of the interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operation {
    Open,
    Get,
    Set,
    Delete,
    Exists,
    ListKeys,
    GetKeys,
    GetMany,
    SetMany,
    DeleteMany,
}

impl Operation {
    /// The operation's name in WIT.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Get => "get",
            Self::Set => "set",
            Self::Delete => "delete",
            Self::Exists => "exists",
            Self::ListKeys => "list-keys",
            Self::GetKeys => "get-keys",
            Self::GetMany => "get-many",
            Self::SetMany => "set-many",
            Self::DeleteMany => "delete-many",
        }
    }
}

/// What tests put around the stores.
#[derive(Debug, Default)]
pub(crate) struct Instruments {
    /// Lets calls fail or wait.
    pub(crate) fault_file: Option<PathBuf>,
    /// Records the calls.
    pub(crate) trace_file: Option<PathBuf>,
}

/// The stores that are granted to the component, by label.
pub(crate) type Stores = BTreeMap<String, Arc<Store>>;

/// Prepares the granted stores. SQLite files are opened at once, Redis when it is first used.
pub(crate) fn open_all(
    granted: &[String],
    configs: &BTreeMap<String, StoreConfig>,
    state_dir: &Path,
    instruments: &Instruments,
) -> Result<Stores> {
    let faults = instruments
        .fault_file
        .as_deref()
        .map(Faults::new)
        .transpose()?;
    let trace = instruments
        .trace_file
        .as_deref()
        .map(Trace::open)
        .transpose()?;
    let (faults, trace) = (faults.map(Arc::new), trace.map(Arc::new));
    granted
        .iter()
        .map(|label| {
            let config = configs
                .get(label)
                .with_context(|| format!("unknown key_value_stores label {label:?}"))?;
            let backend = match config {
                StoreConfig::Spin { path } => {
                    let path = path.as_ref().map(|path| state_dir.join(path));
                    Backend::Sqlite(SqliteStore::open(label, path.as_deref())?)
                }
                StoreConfig::Redis { url } => Backend::Redis(
                    RedisStore::new(url).with_context(|| format!("key-value store {label:?}"))?,
                ),
            };
            let store = Store {
                backend,
                faults: faults.clone(),
                trace: trace.clone(),
            };
            Ok((label.clone(), Arc::new(store)))
        })
        .collect()
}

/// One key-value store.
#[derive(Debug)]
pub(crate) struct Store {
    backend: Backend,
    faults: Option<Arc<Faults>>,
    trace: Option<Arc<Trace>>,
}

#[derive(Debug)]
enum Backend {
    Sqlite(SqliteStore),
    Redis(RedisStore),
}

impl Store {
    /// Prepares the store for a component that opens it.
    pub(crate) async fn open(&self) -> StoreResult<()> {
        self.call(Operation::Open, None, async || match &self.backend {
            Backend::Sqlite(_) => Ok(()),
            Backend::Redis(store) => store.open().await,
        })
        .await
    }

    /// The value of a key.
    pub(crate) async fn get(&self, key: &str) -> StoreResult<Option<Vec<u8>>> {
        self.call(Operation::Get, None, async || {
            let value = match &self.backend {
                Backend::Sqlite(store) => store.get(key),
                Backend::Redis(store) => store.get(key).await,
            }?;
            bounded(value.iter().map(Vec::len).sum())?;
            Ok(value)
        })
        .await
    }

    /// Creates or replaces a value. On return it is as durable as the provider makes it.
    pub(crate) async fn set(&self, key: &str, value: &[u8]) -> StoreResult<()> {
        self.call(Operation::Set, None, async || match &self.backend {
            Backend::Sqlite(store) => store.set(key, value),
            Backend::Redis(store) => store.set(key, value).await,
        })
        .await
    }

    /// Removes a key; a missing one is no error.
    pub(crate) async fn delete(&self, key: &str) -> StoreResult<()> {
        self.call(Operation::Delete, None, async || match &self.backend {
            Backend::Sqlite(store) => store.delete(key),
            Backend::Redis(store) => store.delete(key).await,
        })
        .await
    }

    /// Whether a key is there.
    pub(crate) async fn exists(&self, key: &str) -> StoreResult<bool> {
        self.call(Operation::Exists, None, async || match &self.backend {
            Backend::Sqlite(store) => store.exists(key),
            Backend::Redis(store) => store.exists(key).await,
        })
        .await
    }

    /// All keys, for `list-keys` and `get-keys`.
    pub(crate) async fn keys(&self, operation: Operation) -> StoreResult<Vec<String>> {
        self.call(operation, None, async || {
            let keys = match &self.backend {
                Backend::Sqlite(store) => store.keys(),
                Backend::Redis(store) => store.keys().await,
            }?;
            bounded(keys.iter().map(|key| size_of::<String>() + key.len()).sum())?;
            Ok(keys)
        })
        .await
    }

    /// The values of several keys, as far as the provider has them.
    pub(crate) async fn get_many(
        &self,
        keys: Vec<String>,
    ) -> StoreResult<Vec<(String, Option<Vec<u8>>)>> {
        self.call(Operation::GetMany, Some(keys.len()), async || {
            let pairs = match &self.backend {
                Backend::Sqlite(store) => store.get_many(keys),
                Backend::Redis(store) => store.get_many(&keys).await,
            }?;
            let size = |(key, value): &(String, Option<Vec<u8>>)| {
                size_of::<(String, Option<Vec<u8>>)>()
                    + key.len()
                    + value.as_ref().map_or(0, Vec::len)
            };
            bounded(pairs.iter().map(size).sum())?;
            Ok(pairs)
        })
        .await
    }

    /// Creates or replaces several values, all or none.
    pub(crate) async fn set_many(&self, pairs: &[Pair]) -> StoreResult<()> {
        let call = async || match &self.backend {
            Backend::Sqlite(store) => store.set_many(pairs),
            Backend::Redis(store) => store.set_many(pairs).await,
        };
        self.call(Operation::SetMany, Some(pairs.len()), call).await
    }

    /// Removes several keys, all or none.
    pub(crate) async fn delete_many(&self, keys: Vec<String>) -> StoreResult<()> {
        self.call(
            Operation::DeleteMany,
            Some(keys.len()),
            async || match &self.backend {
                Backend::Sqlite(store) => store.delete_many(keys),
                Backend::Redis(store) => store.delete_many(&keys).await,
            },
        )
        .await
    }

    /// Every call goes through here: it is recorded, and may be let wait, fail, or seem to.
    async fn call<T, F>(&self, operation: Operation, keys: Option<usize>, call: F) -> StoreResult<T>
    where
        F: AsyncFnOnce() -> StoreResult<T>,
    {
        let fate = match &self.faults {
            Some(faults) => faults.strike(operation),
            None => Fate::default(),
        };
        if let Some(trace) = &self.trace {
            trace.record(operation, keys, &fate);
        }
        if !fate.delay.is_zero() {
            tokio::time::sleep(fate.delay).await;
        }
        match fate.fault {
            None => call().await,
            Some(Fault::Before(message)) => Err(StoreError::Failed(message)),
            Some(Fault::After(message)) => {
                call().await?;
                Err(StoreError::Failed(message))
            }
        }
    }
}

/// Refuses a result that is larger than Spin's limit.
fn bounded(bytes: usize) -> StoreResult<()> {
    if bytes > MAX_RESULT_BYTES {
        return Err(StoreError::Failed(format!(
            "query result exceeds limit of {MAX_RESULT_BYTES} bytes"
        )));
    }
    Ok(())
}
