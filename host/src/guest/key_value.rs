//! `spin:key-value@3.0.0`: asynchronous for the component, which goes on while a call waits.
//!
//! Unlike Spin's, the stream of `get-keys` is read in full before it begins. On SQLite Spin's
//! holds a lock while the component reads and so deadlocks with any other call; a component that
//! runs here because of that difference hangs there, and should list by `wasi:keyvalue`.

use std::sync::Arc;

use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore};
use super::{Guest, OpenStore, Spin};
use crate::store::{Operation, Store, StoreError, StoreResult};

type Outcome<T> = wasmtime::Result<Result<T, Error>>;

impl Host for Guest {}

impl HostStore for Guest {
    async fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl<T: 'static> HostStoreWithStore<T> for Spin {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Outcome<Resource<OpenStore>> {
        let granted =
            accessor.with(|mut access| access.get().surroundings.stores.get(&label).cloned());
        let Some(store) = granted else {
            return Ok(Err(Error::AccessDenied));
        };
        match outcome(store.open().await)? {
            Ok(()) => {
                let open = OpenStore(store);
                accessor.with(|mut access| Ok(Ok(access.get().table.push(open)?)))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Outcome<Option<Vec<u8>>> {
        outcome(find(accessor, &store)?.get(&key).await)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> Outcome<()> {
        outcome(find(accessor, &store)?.set(&key, &value).await)
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Outcome<()> {
        outcome(find(accessor, &store)?.delete(&key).await)
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Outcome<bool> {
        outcome(find(accessor, &store)?.exists(&key).await)
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let keys = find(accessor, &store)?.keys(Operation::GetKeys).await;
        let (keys, end) = match outcome(keys)? {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            let end = FutureReader::new(&mut access, async { wasmtime::error::Ok(end) })?;
            Ok((keys, end))
        })
    }
}

fn find<T: 'static>(
    accessor: &Accessor<T, Spin>,
    store: &Resource<OpenStore>,
) -> wasmtime::Result<Arc<Store>> {
    accessor.with(|mut access| access.get().store(store))
}

/// What the component gets: a value, an error, or a trap.
fn outcome<T>(result: StoreResult<T>) -> Outcome<T> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(StoreError::Failed(reason)) => Ok(Err(Error::Other(reason))),
        Err(StoreError::Panicked(reason)) => Err(wasmtime::Error::msg(reason)),
    }
}
