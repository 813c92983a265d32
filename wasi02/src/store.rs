//! The calls to Spin's key-value store, all by `wasi:keyvalue`.

use spin_pushgateway::store::spin::{KeyValue, LABEL, Page};
use spin_pushgateway::store::{StoreError, Value};

use crate::bindings::wasi::keyvalue::{batch, store};

/// An open store.
pub(crate) struct Calls(store::Bucket);

impl Calls {
    pub(crate) fn open() -> Result<Self, StoreError> {
        let bucket = store::open(LABEL).map_err(|error| StoreError {
            operation: "open",
            message: error.to_string(),
        })?;
        Ok(Self(bucket))
    }
}

impl KeyValue for Calls {
    async fn get_singly(&self, keys: &[String]) -> Result<Vec<Option<Value>>, String> {
        keys.iter()
            .map(|key| self.0.get(key).map_err(text))
            .collect()
    }

    async fn set(&self, key: &str, value: Value) -> Result<(), String> {
        self.0.set(key, &value).map_err(text)
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        self.0.delete(key).map_err(text)
    }

    /// Never called: an instance has one request, and all its calls are synchronous.
    async fn pause(&self) {}

    fn list_keys(&self, cursor: Option<&str>) -> Result<Page, String> {
        let page = self.0.list_keys(cursor).map_err(text)?;
        Ok((page.keys, page.cursor))
    }

    fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Option<Value>)>, String> {
        batch::get_many(&self.0, keys).map_err(text)
    }

    fn set_many(&self, pairs: &[(String, Value)]) -> Result<(), String> {
        batch::set_many(&self.0, pairs).map_err(text)
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), String> {
        batch::delete_many(&self.0, keys).map_err(text)
    }
}

fn text(error: store::Error) -> String {
    error.to_string()
}
