//! Spin's key-value stores behind the [`Store`] trait: what is the same through every version of WASI.
//!
//! A door brings the calls ([`KeyValue`]); which of them are made, in which portions, and what is done where a provider
//! cannot, is decided here ([`SpinStore`]). What the providers do differently is in `docs/storage.md`.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::Future;

use super::gate::Gate;
use super::{Store, StoreError, Value};
use crate::bytes;
use crate::counted::Counted;
use crate::memory;

/// The store that the manifest grants.
pub const LABEL: &str = "default";

/// How many keys one batch reads at most: what DynamoDB takes.
const BATCH: usize = 100;

/// How many keys are read at first where there are more than one batch: how large values are is not known yet.
const FIRST: usize = 25;

/// How many keys are read by single calls before their values count towards the room that the next ones need.
const SINGLES: usize = 500;

/// How many bytes of values are read at a time, as far as the values before tell.
const PORTION: usize = 1 << 20;

/// A page of a listing: keys, and the cursor of the next page if there is one.
pub type Page = (Vec<String>, Option<String>);

/// The calls of an open store. Their errors are the host's words.
///
/// Calls on one key may wait, since a host may offer them so. Those of `wasi:keyvalue` never do: they are synchronous
/// in every version.
pub trait KeyValue {
    /// The values of these keys, each by a call of its own, in their order.
    ///
    /// # Errors
    ///
    /// A call failed.
    fn get_singly(
        &self,
        keys: &[String],
    ) -> impl Future<Output = Result<Vec<Option<Value>>, String>>;

    /// Creates or replaces a value.
    ///
    /// # Errors
    ///
    /// The call failed.
    fn set(&self, key: &str, value: Value) -> impl Future<Output = Result<(), String>>;

    /// Removes a key.
    ///
    /// # Errors
    ///
    /// The call failed.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), String>>;

    /// Waits for a moment, in which other requests of the instance get on. Where an instance has one request, none is
    /// ever waited for, and this is never called.
    fn pause(&self) -> impl Future<Output = ()>;

    /// A page of the keys, the first one without a cursor.
    ///
    /// # Errors
    ///
    /// The call failed.
    fn list_keys(&self, cursor: Option<&str>) -> Result<Page, String>;

    /// The values of two keys or more, as the provider has them: perhaps without those that do not exist, in any order.
    ///
    /// # Errors
    ///
    /// The call failed, which may mean that the provider has no such call.
    fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Option<Value>)>, String>;

    /// Creates or replaces several values.
    ///
    /// # Errors
    ///
    /// The call failed.
    fn set_many(&self, pairs: &[(String, Value)]) -> Result<(), String>;

    /// Removes several keys.
    ///
    /// # Errors
    ///
    /// The call failed.
    fn delete_many(&self, keys: &[String]) -> Result<(), String>;
}

/// An open store.
#[derive(Debug)]
pub struct SpinStore<K> {
    calls: K,
    /// Whether the provider can read batches, as all but Redis can, if that has been found out.
    batches: Cell<Option<bool>>,
    gate: Gate,
}

impl<K: KeyValue> SpinStore<K> {
    /// The store behind these calls.
    #[must_use]
    pub fn new(calls: K) -> Self {
        Self {
            calls,
            batches: Cell::new(None),
            gate: Gate::default(),
        }
    }

    /// Before an asynchronous call: see [`Gate`]. There is nothing to wait for with a provider that reads batches.
    async fn enter(&self) -> Option<Counted<'_>> {
        if self.batches.get() == Some(true) {
            return None;
        }
        Some(self.gate.enter(|| self.calls.pause()).await)
    }

    /// Before a synchronous call, which is then to be made at once.
    async fn alone(&self) -> Option<Counted<'_>> {
        if self.batches.get() == Some(true) {
            return None;
        }
        Some(self.gate.alone(|| self.calls.pause()).await)
    }

    /// How many keys are to be read at a time whose values usually have so many bytes.
    fn portion(&self, usual: usize) -> usize {
        let most = if self.batches.get() == Some(false) {
            SINGLES
        } else {
            BATCH
        };
        // A batch of one key that exists takes the host down on Redis.
        (PORTION / usual.max(1)).clamp(2, most)
    }

    /// Reads a portion of keys.
    async fn read_portion(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
        if keys.len() > 1 && self.batches.get() != Some(false) {
            let _alone = self.alone().await;
            let batch = self.read_batch(keys);
            self.batches.set(Some(batch.is_some()));
            if let Some(batch) = batch {
                return Ok(batch);
            }
        }
        let _call = self.enter().await;
        self.calls.get_singly(keys).await.map_err(failed("read"))
    }

    /// Reads a batch of two keys or more. `None` where the provider cannot.
    fn read_batch(&self, keys: &[String]) -> Option<Vec<Option<Value>>> {
        let found = self.calls.get_many(keys).ok()?;
        let is_as_asked = found.len() == keys.len()
            && found
                .iter()
                .zip(keys)
                .all(|((found, _), asked)| bytes::equal(found, asked));
        if is_as_asked {
            return Some(found.into_iter().map(|(_, value)| value).collect());
        }
        // Keys that do not exist may be left out, and nothing is promised about the order.
        let mut found: HashMap<String, Option<Value>> = found.into_iter().collect();
        Some(keys.iter().map(|key| found.remove(key).flatten()).collect())
    }
}

impl<K: KeyValue> Store for SpinStore<K> {
    async fn list(&self) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        let mut cursor = None;
        loop {
            let _alone = self.alone().await;
            let (page, next) = self
                .calls
                .list_keys(cursor.as_deref())
                .map_err(failed("list"))?;
            keys.extend(page);
            cursor = next;
            if cursor.is_none() {
                return Ok(keys);
            }
        }
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
        let mut values = Vec::with_capacity(keys.len());
        let mut bytes = 0_usize;
        while values.len() < keys.len() {
            let mut rest = keys.get(values.len()..).unwrap_or_default();
            if keys.len() > BATCH {
                let usual = bytes.checked_div(values.len());
                let count = usual.map_or(FIRST, |usual| self.portion(usual));
                rest = rest.get(..count).unwrap_or(rest);
                require_room(bytes, usual.unwrap_or(0).saturating_mul(rest.len()))?;
            }
            let portion = self.read_portion(rest).await?;
            bytes += portion.iter().flatten().map(Vec::len).sum::<usize>();
            values.extend(portion);
        }
        Ok(values)
    }

    async fn write(&self, mut pairs: Vec<(String, Value)>) -> Result<(), StoreError> {
        match pairs.pop() {
            Some((key, value)) if pairs.is_empty() => {
                let _call = self.enter().await;
                self.calls.set(&key, value).await
            }
            Some(last) => {
                pairs.push(last);
                let _alone = self.alone().await;
                self.calls.set_many(&pairs)
            }
            None => Ok(()),
        }
        .map_err(failed("write"))
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        match keys {
            [] => Ok(()),
            [key] => {
                let _call = self.enter().await;
                self.calls.delete(key).await
            }
            keys => {
                let _alone = self.alone().await;
                self.calls.delete_many(keys)
            }
        }
        .map_err(failed("delete"))
    }
}

/// Checks that there is room for more values beside those that were read, and for as much again that others may take
/// meanwhile.
fn require_room(read: usize, more: usize) -> Result<(), StoreError> {
    memory::require(more.saturating_mul(2)).map_err(|_| StoreError::no_memory(read))
}

fn failed(operation: &'static str) -> impl Fn(String) -> StoreError {
    move |message| StoreError { operation, message }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::{BATCH, KeyValue, PORTION, Page, SpinStore};
    use crate::store::{Store, StoreError, Value};
    use crate::testing::block_on;

    /// What a provider does with a batch of keys to read.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Batches {
        /// Every key in its place, as asked.
        Faithful,
        /// Without the missing ones, backwards.
        Loose,
        /// An error.
        Broken,
    }

    /// A provider in memory, and the calls that it got.
    struct Provider {
        batches: Batches,
        values: RefCell<BTreeMap<String, Value>>,
        calls: RefCell<Vec<String>>,
    }

    impl Provider {
        fn new(batches: Batches, keys: usize) -> SpinStore<Self> {
            let values = (0..keys).map(|n| (key(n), vec![n as u8]));
            SpinStore::new(Self {
                batches,
                values: RefCell::new(values.collect()),
                calls: RefCell::default(),
            })
        }

        fn call(&self, name: &str, keys: usize) {
            self.calls.borrow_mut().push(format!("{name} {keys}"));
        }

        fn value(&self, key: &str) -> Option<Value> {
            self.values.borrow().get(key).cloned()
        }
    }

    impl KeyValue for Provider {
        async fn get_singly(&self, keys: &[String]) -> Result<Vec<Option<Value>>, String> {
            self.call("get", keys.len());
            Ok(keys.iter().map(|key| self.value(key)).collect())
        }

        async fn set(&self, key: &str, value: Value) -> Result<(), String> {
            self.call("set", 1);
            self.values.borrow_mut().insert(key.to_owned(), value);
            Ok(())
        }

        async fn delete(&self, key: &str) -> Result<(), String> {
            self.call("delete", 1);
            self.values.borrow_mut().remove(key);
            Ok(())
        }

        async fn pause(&self) {
            panic!("nothing else is under way");
        }

        /// Pages of two keys; the cursor is the last key of the page before.
        fn list_keys(&self, cursor: Option<&str>) -> Result<Page, String> {
            let values = self.values.borrow();
            let after = values
                .keys()
                .filter(|key| cursor.is_none_or(|cursor| key.as_str() > cursor));
            let page: Vec<String> = after.take(2).cloned().collect();
            self.call("list-keys", page.len());
            let next = page.last().filter(|_| page.len() == 2).cloned();
            Ok((page, next))
        }

        fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Option<Value>)>, String> {
            self.call("get-many", keys.len());
            assert!(keys.len() > 1, "takes the host down on Redis");
            assert!(keys.len() <= 100, "DynamoDB refuses that many");
            let all = keys.iter().map(|key| (key.clone(), self.value(key)));
            match self.batches {
                Batches::Faithful => Ok(all.collect()),
                Batches::Loose => Ok(all.filter(|(_, value)| value.is_some()).rev().collect()),
                Batches::Broken => Err("wrong number of arguments".to_owned()),
            }
        }

        fn set_many(&self, pairs: &[(String, Value)]) -> Result<(), String> {
            self.call("set-many", pairs.len());
            self.values.borrow_mut().extend(pairs.iter().cloned());
            Ok(())
        }

        fn delete_many(&self, _keys: &[String]) -> Result<(), String> {
            Err("out of order".to_owned())
        }
    }

    fn key(n: usize) -> String {
        format!("key{n:04}")
    }

    #[test]
    fn reads_go_in_batches_where_the_provider_can() {
        let cases: [(Batches, usize, &[&str]); 10] = [
            (Batches::Faithful, 0, &[]),
            (Batches::Faithful, 1, &["get 1"]),
            (Batches::Faithful, 2, &["get-many 2"]),
            (Batches::Faithful, BATCH, &["get-many 100"]),
            (
                Batches::Faithful,
                BATCH + 1,
                &["get-many 25", "get-many 76"],
            ),
            (
                Batches::Faithful,
                BATCH + 26,
                &["get-many 25", "get-many 100", "get 1"],
            ),
            (
                Batches::Loose,
                2 * BATCH + 27,
                &["get-many 25", "get-many 100", "get-many 100", "get-many 2"],
            ),
            (Batches::Broken, 1, &["get 1"]),
            (Batches::Broken, 2, &["get-many 2", "get 2"]),
            (
                Batches::Broken,
                2 * BATCH + 2,
                &["get-many 25", "get 25", "get 177"],
            ),
        ];
        for (batches, count, want) in cases {
            // The last key does not exist.
            let store = Provider::new(batches, count.saturating_sub(1));
            let keys: Vec<String> = (0..count).map(key).collect();
            let values = block_on(store.read(&keys)).expect("values");
            let last = count.saturating_sub(1);
            assert_eq!(values.len(), count, "{batches:?} {count}");
            for (n, value) in values.iter().enumerate() {
                let want = (n != last).then(|| vec![n as u8]);
                assert_eq!(*value, want, "{batches:?} {count}: {n}");
            }
            assert_eq!(*store.calls.calls.borrow(), want, "{batches:?} {count}");
        }
    }

    #[test]
    fn large_values_are_read_a_few_at_a_time() {
        let store = Provider::new(Batches::Faithful, BATCH + 1);
        store
            .calls
            .values
            .borrow_mut()
            .values_mut()
            .for_each(|value| value.resize(PORTION / 20, 0));
        let keys: Vec<String> = (0..=BATCH).map(key).collect();
        block_on(store.read(&keys)).expect("values");
        let want = [
            "get-many 25",
            "get-many 20",
            "get-many 20",
            "get-many 20",
            "get-many 16",
        ];
        assert_eq!(*store.calls.calls.borrow(), want);
    }

    #[test]
    fn a_provider_that_cannot_read_batches_is_asked_once() {
        let store = Provider::new(Batches::Broken, 5);
        let keys: Vec<String> = (0..5).map(key).collect();
        for _ in 0..2 {
            block_on(store.read(&keys)).expect("values");
        }
        assert_eq!(
            *store.calls.calls.borrow(),
            ["get-many 5", "get 5", "get 5"]
        );
    }

    #[test]
    fn a_listing_has_every_page() {
        for count in [0, 1, 2, 3, 5] {
            let store = Provider::new(Batches::Faithful, count);
            let keys: Vec<String> = (0..count).map(key).collect();
            assert_eq!(block_on(store.list()), Ok(keys), "{count}");
        }
    }

    #[test]
    fn one_key_goes_alone_and_several_together() {
        let store = Provider::new(Batches::Faithful, 0);
        let pairs = |count| (0..count).map(|n| (key(n), Vec::new())).collect();
        for count in 0..4 {
            block_on(store.write(pairs(count))).expect("is written");
        }
        block_on(store.delete(&[])).expect("nothing to do");
        block_on(store.delete(&[key(0)])).expect("is deleted");
        assert_eq!(
            *store.calls.calls.borrow(),
            ["set 1", "set-many 2", "set-many 3", "delete 1"]
        );
        let error = StoreError {
            operation: "delete",
            message: "out of order".to_owned(),
        };
        assert_eq!(block_on(store.delete(&[key(1), key(2)])), Err(error));
    }
}
