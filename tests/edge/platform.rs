//! A stand-in for the key-value store of the platform.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

use spin_pushgateway::store::memory::MemoryStore;
use spin_pushgateway::store::{Store, StoreError, Value, World};

/// Nanoseconds in a second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// Reads that an application may make in a second.
pub(crate) const READS_PER_SECOND: usize = 1_000;
/// Writes and deletions that an application may make in a second.
pub(crate) const WRITES_PER_SECOND: usize = 50;
/// The largest value, in bytes. (1 MB, read the narrow way.)
pub(crate) const MAX_VALUE_BYTES: usize = 1_000_000;
/// The longest key, in bytes.
const MAX_KEY_BYTES: usize = 8_000;

/// For how long other requests in the region of a write may not see it. The platform promises no more than that a
/// request sees its own writes, and says nothing about times: these are long for a test, not measured.
pub(crate) const NEAR_LAG: u64 = SECOND;
/// For how long other regions may not see it.
pub(crate) const FAR_LAG: u64 = 10 * SECOND;

/// Two regions, each with a replica, and one budget of calls.
#[derive(Debug)]
pub(crate) struct Platform {
    now: Cell<u64>,
    randoms: Cell<u64>,
    replicas: [Replica; 2],
    pub(crate) reads: Budget,
    pub(crate) writes: Budget,
    /// How many writes there were: the order in which the last one wins.
    written: Cell<u64>,
    /// The size of the largest value so far, in bytes.
    pub(crate) largest_value: Cell<usize>,
}

/// What one region has, and what is on its way there.
#[derive(Debug, Default)]
struct Replica {
    store: MemoryStore,
    /// Which write each key is of.
    versions: RefCell<BTreeMap<String, u64>>,
    coming: RefCell<Vec<Coming>>,
}

#[derive(Debug)]
struct Coming {
    at: u64,
    number: u64,
    key: String,
    value: Option<Value>,
}

/// How many calls there were in the last second.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    times: RefCell<VecDeque<u64>>,
    /// How many there were in the fullest second so far.
    pub(crate) most: Cell<usize>,
    /// How many there were altogether.
    pub(crate) all: Cell<usize>,
}

impl Budget {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            times: RefCell::default(),
            most: Cell::new(0),
            all: Cell::new(0),
        }
    }

    /// Takes so many calls, or none if that were too many.
    fn take(&self, now: u64, calls: usize, operation: &'static str) -> Result<(), StoreError> {
        let mut times = self.times.borrow_mut();
        times.retain(|time| now < time + SECOND);
        if times.len() + calls > self.limit {
            let message = "too many requests".to_owned();
            return Err(StoreError { operation, message });
        }
        times.extend(std::iter::repeat_n(now, calls));
        self.most.set(self.most.get().max(times.len()));
        self.all.set(self.all.get() + calls);
        Ok(())
    }
}

impl Replica {
    /// Applies what has arrived. The last write wins, in whatever order writes come.
    fn receive(&self, now: u64) {
        let mut versions = self.versions.borrow_mut();
        let mut values = self.store.values.borrow_mut();
        self.coming.borrow_mut().retain(|coming| {
            let has_arrived = coming.at <= now;
            if has_arrived
                && versions
                    .get(&coming.key)
                    .is_none_or(|held| *held < coming.number)
            {
                versions.insert(coming.key.clone(), coming.number);
                match &coming.value {
                    Some(value) => values.insert(coming.key.clone(), value.clone()),
                    None => values.remove(&coming.key),
                };
            }
            !has_arrived
        });
    }
}

impl Platform {
    pub(crate) fn new() -> Self {
        Self {
            now: Cell::new(1_800_000_000 * SECOND),
            randoms: Cell::new(0),
            replicas: Default::default(),
            reads: Budget::new(READS_PER_SECOND),
            writes: Budget::new(WRITES_PER_SECOND),
            written: Cell::new(0),
            largest_value: Cell::new(0),
        }
    }

    /// Lets so many nanoseconds pass.
    pub(crate) fn pass(&self, nanoseconds: u64) {
        self.now.set(self.now.get() + nanoseconds);
    }

    /// The store as one request in that region sees it.
    pub(crate) fn request(&self, region: usize) -> Request<'_> {
        Request {
            platform: self,
            region,
            own: RefCell::default(),
        }
    }

    fn change(&self, region: usize, key: &str, value: Option<&Value>) {
        self.written.set(self.written.get() + 1);
        for (at, replica) in self.replicas.iter().enumerate() {
            let lag = if at == region { NEAR_LAG } else { FAR_LAG };
            replica.coming.borrow_mut().push(Coming {
                at: self.now.get() + lag,
                number: self.written.get(),
                key: key.to_owned(),
                value: value.cloned(),
            });
        }
    }
}

impl World for Platform {
    fn now(&self) -> u64 {
        self.now.get()
    }

    fn random(&self) -> u64 {
        self.randoms.set(self.randoms.get() + 1);
        self.randoms.get()
    }
}

/// The store during one request, which sees its own writes.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    platform: &'a Platform,
    region: usize,
    own: RefCell<BTreeMap<String, Option<Value>>>,
}

impl Request<'_> {
    fn replica(&self) -> &MemoryStore {
        let replica = &self.platform.replicas[self.region];
        replica.receive(self.platform.now.get());
        &replica.store
    }

    fn change(
        &self,
        operation: &'static str,
        key: &str,
        value: Option<&Value>,
    ) -> Result<(), StoreError> {
        let size = value.map_or(0, Vec::len);
        if size > MAX_VALUE_BYTES || key.len() > MAX_KEY_BYTES {
            let message = format!(
                "{} bytes of key and {size} of value are too many",
                key.len()
            );
            return Err(StoreError { operation, message });
        }
        let platform = self.platform;
        platform.writes.take(platform.now.get(), 1, operation)?;
        platform.change(self.region, key, value);
        let largest = platform.largest_value.get().max(size);
        platform.largest_value.set(largest);
        self.own.borrow_mut().insert(key.to_owned(), value.cloned());
        Ok(())
    }
}

/// Calls of several keys count as that many, and happen one key after the other: the platform promises nothing better.
impl Store for Request<'_> {
    async fn list(&self) -> Result<Vec<String>, StoreError> {
        self.platform
            .reads
            .take(self.platform.now.get(), 1, "list")?;
        let mut keys = self.replica().list().await?;
        for (key, value) in self.own.borrow().iter() {
            keys.retain(|listed| listed != key);
            keys.extend(value.is_some().then(|| key.clone()));
        }
        Ok(keys)
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
        let platform = self.platform;
        platform
            .reads
            .take(platform.now.get(), keys.len(), "read")?;
        let mut values = self.replica().read(keys).await?;
        let own = self.own.borrow();
        for (key, value) in keys.iter().zip(&mut values) {
            if let Some(written) = own.get(key) {
                value.clone_from(written);
            }
        }
        Ok(values)
    }

    async fn write(&self, pairs: Vec<(String, Value)>) -> Result<(), StoreError> {
        pairs
            .iter()
            .try_for_each(|(key, value)| self.change("write", key, Some(value)))
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        keys.iter()
            .try_for_each(|key| self.change("delete", key, None))
    }
}
