//! Spin's key-value store behind the [`Store`] trait.
//!
//! Single keys go through `spin:key-value`, which is asynchronous, so that reads overlap where the provider is remote.
//! Listing and batches go through `wasi:keyvalue`. What the providers do differently, and which of their calls are
//! avoided and why, is in `docs/storage.md`.

use std::cell::Cell;
use std::collections::HashMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use spin_sdk::key_value;

use super::bindings::wasi::keyvalue::{batch, store as wasi};
use crate::store::{Store, StoreError, Value};

/// The store that the manifest grants.
const LABEL: &str = "default";

/// How many keys one batch reads at most: what DynamoDB takes.
const BATCH: usize = 100;

/// How many single reads are under way at once.
const CONCURRENT: usize = 48;

/// An open store.
pub(super) struct SpinStore {
    single: key_value::Store,
    bucket: wasi::Bucket,
    /// Whether the provider has been found unable to read batches, as Redis is.
    no_batches: Cell<bool>,
}

impl SpinStore {
    pub(super) async fn open() -> Result<Self, StoreError> {
        Ok(Self {
            single: key_value::Store::open(LABEL)
                .await
                .map_err(|error| failed("open", error))?,
            bucket: wasi::open(LABEL).map_err(|error| failed("open", error))?,
            no_batches: Cell::new(false),
        })
    }

    async fn read_singly(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
        let reads = keys.iter().map(|key| self.single.get(key));
        let values: Vec<_> = stream::iter(reads)
            .buffered(CONCURRENT)
            .try_collect()
            .await
            .map_err(|error| failed("read", error))?;
        Ok(values)
    }

    /// Reads a batch of two keys or more. `None` where the provider cannot.
    fn read_batch(&self, keys: &[String]) -> Option<Vec<Option<Value>>> {
        let found = batch::get_many(&self.bucket, keys).ok()?;
        let is_as_asked = found.len() == keys.len()
            && found
                .iter()
                .zip(keys)
                .all(|((found, _), asked)| found == asked);
        if is_as_asked {
            return Some(found.into_iter().map(|(_, value)| value).collect());
        }
        // Keys that do not exist may be left out, and nothing is promised about the order.
        let mut found: HashMap<String, Option<Value>> = found.into_iter().collect();
        Some(keys.iter().map(|key| found.remove(key).flatten()).collect())
    }
}

impl Store for SpinStore {
    async fn list(&self) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        let mut cursor = None;
        loop {
            let page = self
                .bucket
                .list_keys(cursor.as_deref())
                .map_err(|error| failed("list", error))?;
            keys.extend(page.keys);
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(keys);
            }
        }
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
        let mut values = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(BATCH) {
            // A batch of one key that exists takes the host down on Redis.
            let batch = if chunk.len() < 2 || self.no_batches.get() {
                None
            } else {
                self.read_batch(chunk)
            };
            if let Some(batch) = batch {
                values.extend(batch);
                continue;
            }
            self.no_batches
                .set(self.no_batches.get() || chunk.len() > 1);
            let rest = keys.get(values.len()..).unwrap_or_default();
            values.extend(self.read_singly(rest).await?);
            break;
        }
        Ok(values)
    }

    async fn write(&self, mut pairs: Vec<(String, Value)>) -> Result<(), StoreError> {
        match pairs.pop() {
            Some((key, value)) if pairs.is_empty() => self
                .single
                .set(key, value)
                .await
                .map_err(|error| failed("write", error)),
            Some(last) => {
                pairs.push(last);
                batch::set_many(&self.bucket, &pairs).map_err(|error| failed("write", error))
            }
            None => Ok(()),
        }
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        match keys {
            [] => Ok(()),
            [key] => self
                .single
                .delete(key)
                .await
                .map_err(|error| failed("delete", error)),
            keys => batch::delete_many(&self.bucket, keys).map_err(|error| failed("delete", error)),
        }
    }
}

fn failed(operation: &'static str, error: impl std::fmt::Debug + std::fmt::Display) -> StoreError {
    StoreError {
        operation,
        message: error.to_string(),
    }
}
