//! `wasi:keyvalue@0.2.0-draft2`: synchronous, so the whole instance waits for each call.
//!
//! As in Spin a listing is one page, and a cursor is an error.

use wasmtime::component::Resource;

use super::bindings::wasi::keyvalue::store::{Error, KeyResponse};
use super::bindings::wasi::keyvalue::{batch, store};
use super::{Guest, OpenStore};
use crate::store::{Operation, Pair, StoreError, StoreResult};

type Outcome<T> = wasmtime::Result<Result<T, Error>>;

impl store::Host for Guest {
    async fn open(&mut self, label: String) -> Outcome<Resource<OpenStore>> {
        let Some(store) = self.surroundings.stores.get(&label).cloned() else {
            return Ok(Err(Error::AccessDenied));
        };
        match outcome(store.open().await)? {
            Ok(()) => Ok(Ok(self.table.push(OpenStore(store))?)),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl store::HostBucket for Guest {
    async fn get(&mut self, bucket: Resource<OpenStore>, key: String) -> Outcome<Option<Vec<u8>>> {
        outcome(self.store(&bucket)?.get(&key).await)
    }

    async fn set(
        &mut self,
        bucket: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> Outcome<()> {
        outcome(self.store(&bucket)?.set(&key, &value).await)
    }

    async fn delete(&mut self, bucket: Resource<OpenStore>, key: String) -> Outcome<()> {
        outcome(self.store(&bucket)?.delete(&key).await)
    }

    async fn exists(&mut self, bucket: Resource<OpenStore>, key: String) -> Outcome<bool> {
        outcome(self.store(&bucket)?.exists(&key).await)
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<OpenStore>,
        cursor: Option<String>,
    ) -> Outcome<KeyResponse> {
        if cursor.is_some() {
            return Ok(Err(Error::Other(
                "list_keys: cursor not supported".to_owned(),
            )));
        }
        let keys = self.store(&bucket)?.keys(Operation::ListKeys).await;
        outcome(keys.map(|keys| KeyResponse { keys, cursor: None }))
    }

    async fn drop(&mut self, bucket: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl batch::Host for Guest {
    async fn get_many(
        &mut self,
        bucket: Resource<OpenStore>,
        keys: Vec<String>,
    ) -> Outcome<Vec<(String, Option<Vec<u8>>)>> {
        if keys.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        outcome(self.store(&bucket)?.get_many(keys).await)
    }

    async fn set_many(&mut self, bucket: Resource<OpenStore>, pairs: Vec<Pair>) -> Outcome<()> {
        if pairs.is_empty() {
            return Ok(Ok(()));
        }
        outcome(self.store(&bucket)?.set_many(&pairs).await)
    }

    async fn delete_many(&mut self, bucket: Resource<OpenStore>, keys: Vec<String>) -> Outcome<()> {
        if keys.is_empty() {
            return Ok(Ok(()));
        }
        outcome(self.store(&bucket)?.delete_many(keys).await)
    }
}

/// What the component gets: a value, an error, or a trap.
fn outcome<T>(result: StoreResult<T>) -> Outcome<T> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(StoreError::Failed(reason)) => Ok(Err(Error::Other(reason))),
        Err(StoreError::Panicked(reason)) => Err(wasmtime::Error::msg(reason)),
    }
}
