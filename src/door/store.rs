//! The calls to Spin's key-value store.
//!
//! Single keys go through `spin:key-value`, which is asynchronous, so that reads overlap where the provider is remote.
//! Listing and batches go through `wasi:keyvalue`.

use crate::duration::Nanos;
use crate::store::spin::{KeyValue, LABEL, Page};
use crate::store::{StoreError, Value};
use futures::stream::{self, StreamExt, TryStreamExt};
use spin_sdk::key_value;
use spin_sdk::wasip3::clocks::monotonic_clock;

use super::bindings::wasi::keyvalue::{batch, store as wasi};

/// How long a call waits before it looks again whether it may begin.
const PAUSE: Nanos = 200_000;

/// How many single reads are under way at once.
const CONCURRENT: usize = 48;

/// An open store, by both interfaces.
pub(super) struct Calls {
    single: key_value::Store,
    bucket: wasi::Bucket,
}

impl Calls {
    pub(super) async fn open() -> Result<Self, StoreError> {
        let failed = |message| StoreError {
            operation: "open",
            message,
        };
        Ok(Self {
            single: key_value::Store::open(LABEL)
                .await
                .map_err(|error| failed(error.to_string()))?,
            bucket: wasi::open(LABEL).map_err(|error| failed(error.to_string()))?,
        })
    }
}

impl KeyValue for Calls {
    async fn get_singly(&self, keys: &[String]) -> Result<Vec<Option<Value>>, String> {
        let reads = keys.iter().map(|key| self.single.get(key));
        stream::iter(reads)
            .buffered(CONCURRENT)
            .try_collect()
            .await
            .map_err(text)
    }

    async fn set(&self, key: &str, value: Value) -> Result<(), String> {
        self.single.set(key, value).await.map_err(text)
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        self.single.delete(key).await.map_err(text)
    }

    async fn pause(&self) {
        monotonic_clock::wait_for(PAUSE).await;
    }

    fn list_keys(&self, cursor: Option<&str>) -> Result<Page, String> {
        let page = self.bucket.list_keys(cursor).map_err(text)?;
        Ok((page.keys, page.cursor))
    }

    fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Option<Value>)>, String> {
        batch::get_many(&self.bucket, keys).map_err(text)
    }

    fn set_many(&self, pairs: &[(String, Value)]) -> Result<(), String> {
        batch::set_many(&self.bucket, pairs).map_err(text)
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), String> {
        batch::delete_many(&self.bucket, keys).map_err(text)
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
