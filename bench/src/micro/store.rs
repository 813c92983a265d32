//! A store and a world in memory that cost next to nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use spin_pushgateway::receive::{Body, BodyError};
use spin_pushgateway::store::{Store, StoreError, Value, World};

/// A sorted map.
#[derive(Debug, Default)]
pub(super) struct Map(pub(super) RefCell<BTreeMap<String, Value>>);

impl Store for Map {
    async fn list(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.0.borrow().keys().cloned().collect())
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
        let map = self.0.borrow();
        Ok(keys.iter().map(|key| map.get(key).cloned()).collect())
    }

    async fn write(&self, pairs: Vec<(String, Value)>) -> Result<(), StoreError> {
        self.0.borrow_mut().extend(pairs);
        Ok(())
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        let mut map = self.0.borrow_mut();
        for key in keys {
            map.remove(key);
        }
        Ok(())
    }
}

/// A clock that counts, and numbers that are not random at all.
#[derive(Debug, Default)]
pub(super) struct Clockwork(Cell<u64>);

impl World for Clockwork {
    fn now(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        1_800_000_000_000_000_000 + self.0.get()
    }

    fn random(&self) -> u64 {
        self.now().wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// A body in one piece.
#[derive(Debug)]
pub(super) struct Whole(pub(super) Option<Vec<u8>>);

impl Body for Whole {
    async fn next(&mut self) -> Option<Result<Vec<u8>, BodyError>> {
        self.0.take().map(Ok)
    }
}

/// Runs a future that never waits for anything outside.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
