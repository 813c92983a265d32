//! A store in memory, for tests of the operations.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{Store, StoreError, Value};

/// A map behind the [`Store`] trait, which notes every call.
#[derive(Debug, Default)]
pub struct MemoryStore {
    /// What is stored.
    pub values: RefCell<BTreeMap<String, Value>>,
    /// The calls so far: the operation and the keys it was about.
    pub calls: RefCell<Vec<Call>>,
    /// Operations that fail from now on.
    pub failing: RefCell<Vec<&'static str>>,
}

/// A call of the store: the operation's name and its keys.
pub type Call = (&'static str, Vec<String>);

impl MemoryStore {
    fn note(&self, operation: &'static str, keys: Vec<String>) -> Result<(), StoreError> {
        self.calls.borrow_mut().push((operation, keys));
        if self.failing.borrow().contains(&operation) {
            return Err(StoreError {
                operation,
                message: "told to fail".to_owned(),
            });
        }
        Ok(())
    }

    /// Forgets the calls so far and returns them.
    pub fn take_calls(&self) -> Vec<Call> {
        self.calls.take()
    }
}

impl Store for MemoryStore {
    async fn list(&self) -> Result<Vec<String>, StoreError> {
        self.note("list", Vec::new())?;
        Ok(self.values.borrow().keys().cloned().collect())
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
        self.note("read", keys.to_vec())?;
        let values = self.values.borrow();
        Ok(keys.iter().map(|key| values.get(key).cloned()).collect())
    }

    async fn write(&self, pairs: Vec<(String, Value)>) -> Result<(), StoreError> {
        self.note("write", pairs.iter().map(|(key, _)| key.clone()).collect())?;
        self.values.borrow_mut().extend(pairs);
        Ok(())
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        self.note("delete", keys.to_vec())?;
        self.values
            .borrow_mut()
            .retain(|key, _| !keys.contains(key));
        Ok(())
    }
}
