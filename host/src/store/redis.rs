//! Spin's Redis provider, with its flaws, so that a component that trips over them does so here.
//!
//! - Labels share the database: listing gives every key of it, whoever wrote it.
//! - `get-many` sends `KEYS` instead of `MGET`. Redis refuses two keys and more; of one key that is
//!   there, the answer has an odd length and Spin's provider panics; of one that is not, it is empty.
//!
//! The connection is made when the component opens the store, not when the host starts, and mends
//! itself. While Redis is away calls fail at once, so that tests can tell. Spin takes its Redis
//! client's defaults, by which a call then waits for more than five minutes before it fails.

use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, Cmd, FromRedisValue, RedisError, cmd};
use anyhow::{Context, Result};
use tokio::sync::OnceCell;

use super::{Pair, StoreError, StoreResult};

/// How long an address may leave a connection unanswered.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A Redis database.
pub(super) struct RedisStore {
    client: Client,
    connection: OnceCell<ConnectionManager>,
}

// `ConnectionManager` has no `Debug`.
impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Checks the address. Nothing is connected yet.
    pub(super) fn new(url: &str) -> Result<Self> {
        Ok(Self {
            client: Client::open(url).with_context(|| format!("bad Redis url {url:?}"))?,
            connection: OnceCell::new(),
        })
    }

    /// Connects, unless that has happened, and asks for a sign of life, as Spin does at each
    /// opening. Its absence is no error: the calls that follow say more.
    pub(super) async fn open(&self) -> StoreResult<()> {
        let mut connection = self.connection().await?;
        let _: Result<(), RedisError> = cmd("PING").query_async(&mut connection).await;
        Ok(())
    }

    pub(super) async fn get(&self, key: &str) -> StoreResult<Option<Vec<u8>>> {
        self.call(cmd("GET").arg(key)).await
    }

    pub(super) async fn set(&self, key: &str, value: &[u8]) -> StoreResult<()> {
        self.call(cmd("SET").arg(key).arg(value)).await
    }

    pub(super) async fn delete(&self, key: &str) -> StoreResult<()> {
        self.call(cmd("DEL").arg(key)).await
    }

    pub(super) async fn exists(&self, key: &str) -> StoreResult<bool> {
        self.call(cmd("EXISTS").arg(key)).await
    }

    pub(super) async fn keys(&self) -> StoreResult<Vec<String>> {
        self.call(cmd("KEYS").arg("*")).await
    }

    /// What Spin gets when it asks Redis for the wrong thing; see the module.
    pub(super) async fn get_many(
        &self,
        keys: &[String],
    ) -> StoreResult<Vec<(String, Option<Vec<u8>>)>> {
        let answer: Vec<Vec<u8>> = self.call(cmd("KEYS").arg(keys)).await?;
        answer
            .chunks(2)
            .map(|chunk| match chunk {
                [key, value] => Ok((
                    String::from_utf8_lossy(key).into_owned(),
                    Some(value.clone()),
                )),
                _ => Err(StoreError::Panicked(
                    "get-many of one key on Redis panics in Spin".to_owned(),
                )),
            })
            .collect()
    }

    pub(super) async fn set_many(&self, pairs: &[Pair]) -> StoreResult<()> {
        let mut command = cmd("MSET");
        for (key, value) in pairs {
            command.arg(key).arg(value);
        }
        self.call(&command).await
    }

    pub(super) async fn delete_many(&self, keys: &[String]) -> StoreResult<()> {
        self.call(cmd("DEL").arg(keys)).await
    }

    async fn connection(&self) -> StoreResult<ConnectionManager> {
        // Without retries a failed call starts the attempt that serves the next one.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(CONNECT_TIMEOUT);
        let connect = || ConnectionManager::new_with_config(self.client.clone(), config);
        let connection = self.connection.get_or_try_init(connect).await;
        connection.cloned().map_err(failed)
    }

    async fn call<T: FromRedisValue>(&self, command: &Cmd) -> StoreResult<T> {
        let mut connection = self.connection().await?;
        command.query_async(&mut connection).await.map_err(failed)
    }
}

fn failed(error: RedisError) -> StoreError {
    StoreError::Failed(error.to_string())
}
