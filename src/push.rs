//! A push is checked, rendered and stored as one entry. PUT is here; what POST does besides is in `post.rs`.
//!
//! The ordinary push costs one round of reads and one write, whatever is stored. `docs/storage.md` tells why plain
//! writes suffice, and what each step guards against.

use crate::consistency::{self, Candidate, CheckError, Kind, Records};
use crate::duration::Nanos;
use crate::exposition::model::MetricFamily;
use crate::forward::Forward;
use crate::groups::check::{self, Violations};
use crate::groups::entry::{Generation, Header, StoredFamily, UnixNanos, Writer};
use crate::groups::key::{GroupId, GroupingKey};
use crate::groups::own;
use crate::groups::series::{self, RenderedFamily};
use crate::limits::{Exceeded, GroupLimits, PushLimits};
use crate::quote::shorten;
use crate::room::{self, Full};
use crate::store::layout::{self, Slot};
use crate::store::records::{self, Failure};
use crate::store::{Store, StoreError, Value, World};

/// How much of the reason of a rejected push is kept, in bytes.
const MAX_REASON_BYTES: usize = 4096;

/// A request to change a group.
#[derive(Debug)]
pub struct Push<'a> {
    /// PUT or POST.
    pub kind: Kind,
    /// The group.
    pub key: &'a GroupingKey,
    /// What was pushed.
    pub families: Vec<MetricFamily<'a>>,
    /// For how long it is shown, in nanoseconds; `None` is for ever.
    pub ttl: Option<Nanos>,
}

/// What a push is held to.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whether the push is checked against other groups.
    pub consistency_check: bool,
    /// The largest entry that may be stored, in bytes.
    pub max_entry_bytes: usize,
    /// What the push may hold.
    pub push_limits: PushLimits,
    /// How many groups there may be.
    pub group_limits: GroupLimits,
    /// How long forwarding may take, in nanoseconds, if what is pushed is forwarded.
    pub forward: Option<Nanos>,
}

/// Why a push was not stored.
#[derive(Debug)]
pub enum PushError {
    /// It is wrong in itself or contradicts what is there. This is on the group's record.
    Rejected(Violations),
    /// Its entry would be too large.
    TooLarge {
        /// The size of the entry, in bytes, or what it would have at least.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// It holds more than it may.
    Exceeds(Exceeded),
    /// There is no room for its group.
    Full(Full),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for PushError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CheckError> for PushError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Rejected(violations) => Self::Rejected(violations),
            CheckError::Store(error) => Self::Store(error),
        }
    }
}

impl From<Violations> for PushError {
    fn from(violations: Violations) -> Self {
        Self::Rejected(violations)
    }
}

/// Changes a group as the push says. Returns what is to be forwarded.
///
/// # Errors
///
/// Nothing was changed, but if the push was rejected, the group's record of its last rejected push.
pub async fn push<S: Store, W: World>(
    store: &S,
    world: &W,
    push: Push<'_>,
    rules: Rules,
) -> Result<Option<Forward>, PushError> {
    let Push {
        kind,
        key,
        mut families,
        ttl,
    } = push;
    let id = key.id();
    if let Err(full) = room::check(store, &id, &rules.group_limits, world.now()).await? {
        return Err(PushError::Full(full));
    }
    let result = match prepare(&mut families, key, &rules) {
        Ok(()) => {
            let rendered: Vec<_> = families.iter().map(series::render).collect();
            let operation = Operation {
                store,
                world,
                rules,
                kind,
                key,
                id: &id,
                families: &families,
                rendered,
                ttl,
            };
            operation.run().await
        }
        Err(error) => Err(error),
    };
    if let Err(PushError::Rejected(violations)) = &result {
        let time = world.now();
        let failure = Failure {
            labels: records::labels(key),
            time,
            reason: shorten(&violations.to_string(), MAX_REASON_BYTES).into_owned(),
            expires: end(time, ttl),
        };
        store
            .write(vec![(layout::failure(&id), records::write(&failure))])
            .await?;
    }
    result
}

/// Gives the families their final labels and order, and checks what can be checked without a look at the store.
fn prepare<'a>(
    families: &mut Vec<MetricFamily<'a>>,
    key: &'a GroupingKey,
    rules: &Rules,
) -> Result<(), PushError> {
    let (limits, limit) = (&rules.push_limits, rules.max_entry_bytes);
    limits.check_key(key).map_err(PushError::Exceeds)?;
    check::check_timestamps(families)?;
    families.retain(|family| !own::is_automatic(&family.name));
    // Before anything is made of it: labels stand on every line, so that little can become much.
    let size = series::least_text_bytes(families, key);
    if size > limit {
        return Err(PushError::TooLarge { size, limit });
    }
    families.sort_by(|a, b| a.name.cmp(&b.name));
    for family in families.iter_mut() {
        series::apply_grouping_labels(family, key);
    }
    limits.check(families).map_err(PushError::Exceeds)?;
    Ok(check::check_push(families)?)
}

/// From when on something is no longer shown that is to be shown for this long from this time on.
fn end(time: UnixNanos, ttl: Option<Nanos>) -> Option<UnixNanos> {
    ttl.map(|ttl| time.saturating_add(ttl))
}

/// What goes into the store with a push that was checked.
pub(crate) struct Checked {
    /// The records to write with the entry.
    pub(crate) pairs: Vec<(String, Value)>,
    /// The mark of an earlier push that was not forwarded.
    unsent: Option<Value>,
}

/// One push on its way into the store.
pub(crate) struct Operation<'a, S, W> {
    pub(crate) store: &'a S,
    pub(crate) world: &'a W,
    rules: Rules,
    kind: Kind,
    key: &'a GroupingKey,
    pub(crate) id: &'a GroupId,
    families: &'a [MetricFamily<'a>],
    rendered: Vec<RenderedFamily<'a>>,
    ttl: Option<Nanos>,
}

impl<S: Store, W: World> Operation<'_, S, W> {
    async fn run(&self) -> Result<Option<Forward>, PushError> {
        match self.kind {
            Kind::Put => self.put().await,
            Kind::Post => self.post().await,
        }
    }

    async fn put(&self) -> Result<Option<Forward>, PushError> {
        let (checked, []) = self.read_and_check([]).await?;
        // Never that of a group without PUT.
        let generation = Generation(self.world.random().max(1));
        let entry = self.encode(self.world.now(), generation, &[])?;
        Ok(self.write(checked, layout::root(self.id), entry).await?)
    }

    /// Writes the entry with what goes with it. Returns what is to be forwarded.
    pub(crate) async fn write(
        &self,
        checked: Checked,
        key: String,
        entry: Value,
    ) -> Result<Option<Forward>, StoreError> {
        let Checked { mut pairs, unsent } = checked;
        let forward = self.rules.forward.map(|timeout| {
            Forward::new(
                self.key,
                entry.clone(),
                timeout,
                unsent.as_deref(),
                self.world,
            )
        });
        // Before the entry, which comes last where not all are written in one step.
        pairs.extend(forward.as_ref().map(Forward::mark));
        pairs.push((key, entry));
        self.store.write(pairs).await?;
        Ok(forward)
    }

    /// Reads, in one round, what the push is checked against and these keys. Returns what to write with the push, and
    /// the values.
    pub(crate) async fn read_and_check<const N: usize>(
        &self,
        keys: [String; N],
    ) -> Result<(Checked, [Option<Value>; N]), PushError> {
        let mut records = self
            .rules
            .consistency_check
            .then(|| Records::needed(self.families));
        let mut all = records.as_ref().map(Records::keys).unwrap_or_default();
        all.extend(keys);
        all.extend(self.rules.forward.map(|_| layout::unsent(self.id)));
        let values = if all.is_empty() {
            Vec::new()
        } else {
            self.store.read(&all).await?
        };
        let mut values = values.into_iter();
        if let Some(records) = &mut records {
            records.take(&mut values);
        }
        let wanted = std::array::from_fn(|_| values.next().flatten());
        let unsent = values.next().flatten();
        let pairs = match &records {
            Some(records) => consistency::check(self.store, &self.candidate(), records).await?,
            None => Vec::new(),
        };
        Ok((Checked { pairs, unsent }, wanted))
    }

    fn candidate(&self) -> Candidate<'_> {
        Candidate {
            kind: self.kind,
            key: self.key,
            id: self.id,
            families: self.families,
            now: self.world.now(),
        }
    }

    /// The slot for pushes of exactly these families.
    pub(crate) fn shared_slot(&self) -> Slot {
        Slot::of_families(self.rendered.iter().map(|family| family.name))
    }

    /// The entry: the pushed families, and those of `carried` that are not among them.
    pub(crate) fn encode(
        &self,
        time: UnixNanos,
        generation: Generation,
        carried: &[StoredFamily<'_>],
    ) -> Result<Value, PushError> {
        let labels = self.key.labels().collect();
        let header = Header {
            time,
            expires: end(time, self.ttl),
            generation,
            tombstone: false,
            labels,
        };
        let mut pushed = self.rendered.iter().peekable();
        let mut carried = carried
            .iter()
            .filter(|family| !self.has(family.name))
            .peekable();
        let mut writer = Writer::new(&header, self.rendered.len() + carried.clone().count());
        loop {
            let pushed_first = match (pushed.peek(), carried.peek()) {
                (Some(pushed), Some(carried)) => pushed.name < carried.name,
                (next, _) => next.is_some(),
            };
            match (
                pushed.next_if(|_| pushed_first),
                carried.next_if(|_| !pushed_first),
            ) {
                (Some(family), _) => writer.add(family),
                (None, Some(family)) => writer.carry(family),
                (None, None) => break,
            }
        }
        let entry = writer.finish();
        let (size, limit) = (entry.len(), self.rules.max_entry_bytes);
        if size > limit {
            Err(PushError::TooLarge { size, limit })
        } else {
            Ok(entry)
        }
    }

    fn has(&self, name: &str) -> bool {
        self.rendered
            .binary_search_by(|family| family.name.cmp(name))
            .is_ok()
    }

    /// The grouping labels, as records hold them.
    pub(crate) fn labels(&self) -> records::Labels {
        records::labels(self.key)
    }

    /// How large entries may be, in bytes.
    pub(crate) fn max_entry_bytes(&self) -> usize {
        self.rules.max_entry_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::names::NameScheme;
    use crate::exposition::text;
    use crate::store::memory::MemoryStore;
    use crate::testing::{At, block_on, rules};

    fn pushed(store: &MemoryStore, job: &str, body: &str, rules: Rules) -> Result<(), PushError> {
        let push_of = Push {
            kind: Kind::Put,
            key: &GroupingKey::new([("job", job)]).expect("has a job"),
            families: text::parse(body.as_bytes(), NameScheme::Legacy).expect("is valid"),
            ttl: None,
        };
        block_on(push(store, &At(1), push_of, rules)).map(drop)
    }

    #[test]
    fn an_entry_may_be_as_large_as_the_limit() {
        let store = MemoryStore::default();
        for limit in 0..1000 {
            let rules = Rules {
                max_entry_bytes: limit,
                ..rules()
            };
            match pushed(&store, "j", "m 1\nn 2\n", rules) {
                Err(PushError::TooLarge { size, limit: told }) => {
                    assert!(told == limit && size > limit, "{size} {told} {limit}");
                    assert!(store.values.borrow().is_empty());
                }
                other => {
                    other.expect("is accepted");
                    let key = GroupingKey::new([("job", "j")]).expect("has a job");
                    let values = store.values.borrow();
                    let entry = values.get(&layout::root(&key.id()));
                    assert_eq!(entry.map(Vec::len), Some(limit));
                    return;
                }
            }
        }
        panic!("a small push does not fit into 1000 bytes");
    }

    #[test]
    fn a_group_without_room_is_refused_and_leaves_nothing() {
        let store = MemoryStore::default();
        let rules = Rules {
            group_limits: GroupLimits {
                max_groups: Some(1),
                max_groups_per_job: None,
            },
            ..rules()
        };
        pushed(&store, "a", "m 1\n", rules).expect("is accepted");
        let before = store.values.borrow().clone();
        let refused = pushed(&store, "b", "m 1\n", rules);
        assert!(
            matches!(&refused, Err(PushError::Full(full)) if full.limit == 1),
            "{refused:?}"
        );
        assert_eq!(*store.values.borrow(), before);
        pushed(&store, "a", "m 2\n", rules).expect("is accepted");
    }

    #[test]
    fn families_that_the_gateway_makes_itself_are_left_out() {
        let store = MemoryStore::default();
        let automatic = "push_time_seconds 1\n# TYPE push_failure_time_seconds counter\n\
                         push_failure_time_seconds 2\n";
        pushed(&store, "j", &format!("{automatic}m 1\n"), rules()).expect("is accepted");
        let with = store.values.take();
        pushed(&store, "j", "m 1\n", rules()).expect("is accepted");
        assert_eq!(store.values.take(), with);
    }
}
