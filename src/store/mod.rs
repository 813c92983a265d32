//! The store: where groups live between requests.
//!
//! [`Store`] is what the operations need of a key-value store, no more than every provider can give: no transactions,
//! no compare-and-swap, no listing by prefix. [`layout`] says which keys there are, [`records`] what the small ones
//! hold. `docs/storage.md` describes both.

use std::fmt;
use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::groups::entry::UnixNanos;

pub(crate) mod again;
mod gate;
pub mod layout;
pub mod memory;
pub mod records;
pub mod snapshot;
pub mod spin;

/// A value as it is stored.
pub type Value = Vec<u8>;

/// A key-value store that many processes may share.
///
/// Single writes are atomic and the last one wins; deleting what is not there is no error. Nothing is promised about
/// several keys, nor about the order of a listing, which may also be stale and hold keys of other programs.
pub trait Store {
    /// All keys, those of other programs included.
    ///
    /// # Errors
    ///
    /// The store failed.
    fn list(&self) -> impl Future<Output = Result<Vec<String>, StoreError>>;

    /// The values of these keys, in their order; `None` for a key that does not exist. Keys are distinct.
    ///
    /// # Errors
    ///
    /// The store failed.
    fn read(&self, keys: &[String])
    -> impl Future<Output = Result<Vec<Option<Value>>, StoreError>>;

    /// The value of this key, if it exists.
    ///
    /// # Errors
    ///
    /// The store failed.
    fn read_one(&self, key: String) -> impl Future<Output = Result<Option<Value>, StoreError>> {
        async { Ok(self.read(&[key]).await?.pop().flatten()) }
    }

    /// Writes all of these, in one step where the provider can, else in this order. Keys are distinct.
    ///
    /// # Errors
    ///
    /// The store failed; some of the writes may have happened.
    fn write(&self, pairs: Vec<(String, Value)>) -> impl Future<Output = Result<(), StoreError>>;

    /// Deletes these keys.
    ///
    /// # Errors
    ///
    /// The store failed; some of the deletions may have happened.
    fn delete(&self, keys: &[String]) -> impl Future<Output = Result<(), StoreError>>;
}

/// What the operations need of the world besides the store.
pub trait World {
    /// The wall clock. May be wrong, and may step back.
    fn now(&self) -> UnixNanos {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(UnixNanos::MAX)
    }

    /// 64 random bits, never twice the same.
    fn random(&self) -> u64;
}

/// The store failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// What was attempted: `list`, `read`, `write`, `delete` or `open`.
    pub operation: &'static str,
    /// What the host said, or what is wrong here.
    pub message: String,
}

impl StoreError {
    /// So many bytes were read, and beside them is no memory for what is still to come.
    #[must_use]
    pub fn no_memory(read: usize) -> Self {
        Self {
            operation: "read",
            message: format!(
                "no memory is left beside {read} bytes that were read: the store holds more than an instance can show"
            ),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "key-value store failed to {}: {}",
            self.operation, self.message
        )
    }
}

impl std::error::Error for StoreError {}
