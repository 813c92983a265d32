//! A store in memory whose every single call is a turn that the scheduler gives.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use spin_pushgateway::store::{Store, StoreError, Value};

use super::promises::Pushed;

/// What a provider promises about calls of several keys, and about its listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    /// Whether writes and deletions of several keys happen in one step (SQLite, Redis) or one after the other.
    pub(crate) writes_at_once: bool,
    /// Whether reads of several keys happen in one step (SQLite) or singly in any order (Redis).
    pub(crate) reads_at_once: bool,
    /// For how many steps a listing may still show, key by key, what was there before a change.
    pub(crate) listings_lag: u64,
}

impl Provider {
    /// The strictest: SQLite.
    pub(crate) const SQLITE: Self = Self {
        writes_at_once: true,
        reads_at_once: true,
        listings_lag: 0,
    };
}

/// How the next call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does nothing.
    Before,
    /// It does what it should, but says that it failed.
    After,
}

/// From an operation's first call to its last, in steps.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    /// The first call.
    pub(crate) first: u64,
    /// The last call that changed something, 0 if none did.
    pub(crate) last_change: u64,
    /// What its process's clock showed when it last looked.
    pub(crate) clock: u64,
}

/// The state that all clients share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) provider: Provider,
    /// The number of the turn that is being taken.
    pub(crate) step: u64,
    /// How the call of this turn fails.
    pub(crate) fault: Option<Fault>,
    /// Whether a read in this turn finds what was there when the run began.
    pub(crate) is_late: bool,
    /// What was there when the run began.
    began: BTreeMap<String, Value>,
    /// Seeds what a provider leaves open: the order of single reads, the keys that a listing lacks.
    pub(crate) seed: u64,
    /// By operation.
    pub(crate) spans: BTreeMap<Pushed, Span>,
    /// How many random numbers were drawn.
    pub(crate) randoms: u64,
    /// A line for each call, if they are wanted.
    pub(crate) trace: Option<Vec<String>>,
    /// Past changes that listings may not show yet: the step, the key, and whether it existed before.
    changes: Vec<(u64, String, bool)>,
}

impl Shared {
    pub(crate) fn new(values: BTreeMap<String, Value>, provider: Provider, seed: u64) -> Self {
        Self {
            is_late: false,
            began: values.clone(),
            values,
            provider,
            step: 0,
            fault: None,
            seed,
            spans: BTreeMap::new(),
            randoms: 0,
            trace: None,
            changes: Vec::new(),
        }
    }

    /// Random, but the same whenever the same operation asks at the same step.
    fn random(&self, operation: Pushed) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed ^ (u64::from(operation) << 32) ^ self.step)
    }

    fn note_change(&mut self, key: &str) {
        if self.provider.listings_lag > 0 {
            let existed = self.values.contains_key(key);
            self.changes.push((self.step, key.to_owned(), existed));
        }
    }

    fn listing(&self, operation: Pushed) -> Vec<String> {
        let mut keys: BTreeMap<&str, bool> =
            self.values.keys().map(|key| (key.as_str(), true)).collect();
        let mut random = self.random(operation);
        // Backwards from now, each key to a time of its own.
        let mut seen = BTreeMap::new();
        for (step, key, existed) in self.changes.iter().rev() {
            let back_to = *seen.entry(key).or_insert_with(|| {
                self.step
                    .saturating_sub(random.u64(0..=self.provider.listings_lag))
            });
            if *step > back_to {
                keys.insert(key, *existed);
            }
        }
        keys.into_iter()
            .filter(|(_, exists)| *exists)
            .map(|(key, _)| key.to_owned())
            .collect()
    }
}

/// The store as one operation sees it.
#[derive(Clone, Debug)]
pub(crate) struct ModelStore {
    pub(crate) shared: Rc<RefCell<Shared>>,
    pub(crate) operation: Pushed,
}

/// Comes back when the scheduler polls once more.
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl ModelStore {
    /// Waits for a turn and makes a call in it.
    async fn call<T>(
        &self,
        operation: &'static str,
        changes: bool,
        keys: &[&str],
        effect: impl FnOnce(&mut Shared) -> T,
        show: impl FnOnce(&T) -> String,
    ) -> Result<T, StoreError> {
        Turn(false).await;
        let mut shared = self.shared.borrow_mut();
        let step = shared.step;
        let span = shared.spans.entry(self.operation).or_insert(Span {
            first: step,
            ..Span::default()
        });
        if changes {
            span.last_change = step;
        }
        let fault = shared.fault.take();
        let result = (fault != Some(Fault::Before)).then(|| effect(&mut shared));
        let number = self.operation;
        if let Some(trace) = &mut shared.trace {
            let outcome = result.as_ref().map_or(String::new(), show);
            let fault = fault.map_or(String::new(), |fault| format!(" FAILS {fault:?}"));
            let keys = names(keys.iter().copied());
            trace.push(format!(
                "{step:4} #{number} {operation} {keys}{outcome}{fault}"
            ));
        }
        match (result, fault) {
            (Some(value), None) => Ok(value),
            _ => Err(StoreError {
                operation,
                message: "told to fail".to_owned(),
            }),
        }
    }

    /// The keys in the parts in which they are worked on.
    fn parts(&self, keys: &[String], at_once: bool, shuffled: bool) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..keys.len()).collect();
        if at_once {
            return vec![order];
        }
        let mut random = self.shared.borrow().random(self.operation);
        if shuffled && self.shared.borrow().seed != 0 {
            random.shuffle(&mut order);
        }
        // Large reads go in few steps, so that runs stay short.
        let size = keys.len().div_ceil(8).max(1);
        order.chunks(size).map(<[usize]>::to_vec).collect()
    }
}

impl Store for ModelStore {
    async fn list(&self) -> Result<Vec<String>, StoreError> {
        let effect = |shared: &mut Shared| shared.listing(self.operation);
        let show = |keys: &Vec<String>| format!("-> {}", names(keys.iter().map(String::as_str)));
        self.call("list", false, &[], effect, show).await
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
        let mut values = vec![None; keys.len()];
        let at_once = self.shared.borrow().provider.reads_at_once;
        for part in self.parts(keys, at_once, true) {
            let asked: Vec<&str> = part.iter().map(|at| keys[*at].as_str()).collect();
            let effect = |shared: &mut Shared| -> Vec<Option<Value>> {
                let values = if shared.is_late {
                    &shared.began
                } else {
                    &shared.values
                };
                asked.iter().map(|key| values.get(*key).cloned()).collect()
            };
            let show = |found: &Vec<Option<Value>>| {
                let found = asked.iter().zip(found).filter(|(_, value)| value.is_some());
                format!(" -> {}", names(found.map(|(key, _)| *key)))
            };
            let found = self.call("read", false, &asked, effect, show).await?;
            for (at, value) in part.into_iter().zip(found) {
                values[at] = value;
            }
        }
        Ok(values)
    }

    async fn write(&self, pairs: Vec<(String, Value)>) -> Result<(), StoreError> {
        let keys: Vec<String> = pairs.iter().map(|(key, _)| key.clone()).collect();
        let at_once = self.shared.borrow().provider.writes_at_once;
        for part in self.parts(&keys, at_once, false) {
            let written: Vec<&str> = part.iter().map(|at| keys[*at].as_str()).collect();
            let effect = |shared: &mut Shared| {
                for at in &part {
                    let (key, value) = &pairs[*at];
                    shared.note_change(key);
                    shared.values.insert(key.clone(), value.clone());
                }
            };
            self.call("write", true, &written, effect, |()| String::new())
                .await?;
        }
        Ok(())
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        let at_once = self.shared.borrow().provider.writes_at_once;
        for part in self.parts(keys, at_once, false) {
            let deleted: Vec<&str> = part.iter().map(|at| keys[*at].as_str()).collect();
            let effect = |shared: &mut Shared| {
                for key in &deleted {
                    shared.note_change(key);
                    shared.values.remove(*key);
                }
            };
            self.call("delete", true, &deleted, effect, |()| String::new())
                .await?;
        }
        Ok(())
    }
}

fn names<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    keys.into_iter().map(short).collect::<Vec<_>>().join(" ")
}

/// A key for people: hashes cut short.
fn short(key: &str) -> String {
    let parts = key.strip_prefix("pgw1:").unwrap_or(key).split(':');
    let cut = |part: &str| part.get(..4.min(part.len())).unwrap_or(part).to_owned();
    let tail = |part: &str| {
        part.get(part.len().saturating_sub(4)..)
            .unwrap_or(part)
            .to_owned()
    };
    let shown: Vec<_> = parts
        .map(|part| {
            if part.starts_with('0') || part.starts_with('x') {
                tail(part)
            } else {
                cut(part)
            }
        })
        .collect();
    shown.join(":")
}
