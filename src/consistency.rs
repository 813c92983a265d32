//! The consistency check against what other groups hold, at a cost that does not depend on how many there are.
//!
//! The Pushgateway gathers everything it has on every push. Here the store keeps a record of each family's type and
//! of the sets of label names that groups have, so that a push looks up only what it could contradict:
//!
//! - *Types.* If the record of a pushed family, or of one whose name collides with it, contradicts the push, the group
//!   that the record names is read. If that one really holds the other type, the push is refused. If not, and only
//!   then, all groups are looked at, and the record is put right.
//! - *Series.* A series of this push can stand in another group only if that group's labels are among the series' own.
//!   For each other set of label names on record that is one group for each distinct tuple of values: it is looked up,
//!   and read if it exists.
//!
//! Exact against everything that settled before the push began, but for groups beyond the sets of label names that are
//! kept on record ([`Shapes`]). Two pushes that contradict each other at the same moment may both get in. A scrape copes
//! with either.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::bytes;
use crate::duration::Nanos;
use crate::exposition::model::{Label, Metric, MetricFamily, MetricType};
use crate::groups::check::{self, Violations};
use crate::groups::entry::{StoredFamily, StoredSeries, UnixNanos};
use crate::groups::fold::Group;
use crate::groups::key::{GroupId, GroupingKey};
use crate::groups::names;
use crate::groups::series;
use crate::store::records::{self, FamilyType, Shapes};
use crate::store::snapshot::{self, Snapshot};
use crate::store::{Store, StoreError, Value, layout};

/// For how long the finding that a family stands in one group only is relied on, in nanoseconds. It spares a group
/// that keeps changing a family's type from having the whole store read each time.
const ALONE: Nanos = 5_000_000_000;

/// What a push does to the families that its group holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Replaces all of them.
    Put,
    /// Replaces those of the same names.
    Post,
}

/// A push, as the check sees it: families that are right in themselves.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// PUT or POST.
    pub kind: Kind,
    /// The group.
    pub key: &'a GroupingKey,
    /// The group's id.
    pub id: &'a GroupId,
    /// The families, sorted by name, their metrics with their final labels.
    pub families: &'a [MetricFamily<'a>],
    /// The time of the push.
    pub now: UnixNanos,
}

/// What the check found wrong, or what kept it from looking.
#[derive(Debug)]
pub enum CheckError {
    /// The push contradicts what is there.
    Rejected(Violations),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for CheckError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The records that a push is checked against: which to read, and what they said.
#[derive(Debug)]
pub struct Records {
    /// The names of families, sorted.
    names: Vec<String>,
    /// What is on record of each.
    types: Vec<Option<FamilyType>>,
    shapes: Shapes,
}

impl Records {
    /// The records to read for a push of these families.
    #[must_use]
    pub fn needed(families: &[MetricFamily<'_>]) -> Self {
        let mut names = Vec::with_capacity(families.len());
        for family in families {
            names.extend(names::neighbours(&family.name, family.metric_type));
            names.push(family.name.to_string());
        }
        names.sort_by(bytes::compare);
        names.dedup();
        Self {
            names,
            types: Vec::new(),
            shapes: Shapes::default(),
        }
    }

    /// Their keys.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let types = self.names.iter().map(|name| layout::family_type(name));
        types.chain([layout::SHAPES.to_owned()]).collect()
    }

    /// Takes the values, in the order of [`Self::keys`].
    pub fn take(&mut self, values: &mut impl Iterator<Item = Option<Value>>) {
        let types = self.names.iter().zip(values.by_ref()).map(|(name, value)| {
            let record = FamilyType::read(&value?)?;
            // The key is a hash of the name: a record of another one was not written for it.
            bytes::equal(&record.name, name).then_some(record)
        });
        self.types = types.collect();
        self.shapes = records::read(values.next().flatten().as_deref()).unwrap_or_default();
    }

    /// What is on record of the family of this name.
    fn family(&self, name: &str) -> Option<&FamilyType> {
        let at = self
            .names
            .binary_search_by(|held| bytes::compare(held.as_str(), name));
        self.types.get(at.ok()?)?.as_ref()
    }
}

/// Checks a push against what other groups hold. Returns the records to write with it.
///
/// # Errors
///
/// The push contradicts other groups, or the store failed.
pub async fn check<S: Store>(
    store: &S,
    push: &Candidate<'_>,
    records: &Records,
) -> Result<Vec<(String, Value)>, CheckError> {
    let mut updates = check_types(store, push, records).await?;
    check_series(store, push, &records.shapes).await?;
    updates.extend(new_shape(push, &records.shapes));
    Ok(updates)
}

/// A record that contradicts a pushed family.
struct Contradiction<'a> {
    family: &'a MetricFamily<'a>,
    record: &'a FamilyType,
}

impl Contradiction<'_> {
    /// Whether a family of the record's name and this type, if it is really there, forbids the push.
    fn is_real(&self, held: MetricType) -> bool {
        contradicts(self.family, &self.record.name, held)
    }

    /// Says so.
    fn tell(&self, held: MetricType, violations: &mut Violations) {
        let family = self.family;
        if family.name == self.record.name {
            for metric in &family.metrics {
                violations.add(|| check::about(&family.name, metric, &check::wrong_type(held)));
            }
        } else {
            let this = (&*family.name, family.metric_type);
            let text = names::collision(this, (&self.record.name, held)).unwrap_or_default();
            violations.add(|| text);
        }
    }
}

fn contradicts(family: &MetricFamily<'_>, name: &str, held: MetricType) -> bool {
    if family.name == name {
        family.metric_type != held
    } else {
        names::collision((&family.name, family.metric_type), (name, held)).is_some()
    }
}

async fn check_types<S: Store>(
    store: &S,
    push: &Candidate<'_>,
    records: &Records,
) -> Result<Vec<(String, Value)>, CheckError> {
    let mut violations = Violations::default();
    let mut unresolved = Vec::new();
    let mut updates = BTreeMap::new();
    let contradictions: Vec<_> = contradictions(push, records).collect();
    let held_types = held_types(store, push, &contradictions).await?;
    for contradiction in contradictions {
        let record = contradiction.record;
        match held_types.get(&*record.name).copied() {
            Some(held) if contradiction.is_real(held) => contradiction.tell(held, &mut violations),
            _ if is_alone(push, record) => {
                updates.insert(record.name.clone(), own_record(push, record, record.alone));
            }
            _ => unresolved.push(contradiction),
        }
    }
    if !unresolved.is_empty() {
        look_everywhere(store, push, &unresolved, &mut violations, &mut updates).await?;
    }
    // A push that is refused changes nothing, but what was learnt about other groups is kept for the next one.
    if let Err(violations) = violations.into_result() {
        let learnt: Vec<_> = updates
            .into_values()
            .filter(|record| record.group != push.id.as_str())
            .collect();
        if !learnt.is_empty() {
            store.write(learnt.iter().map(stored).collect()).await?;
        }
        return Err(CheckError::Rejected(violations));
    }
    for family in push.families {
        if let Some(record) = unsettled(push, family, records.family(&family.name)) {
            updates.entry(record.name.clone()).or_insert(record);
        }
    }
    Ok(updates.values().map(stored).collect())
}

fn stored(record: &FamilyType) -> (String, Value) {
    (layout::family_type(&record.name), records::write(record))
}

fn contradictions<'a>(
    push: &'a Candidate<'_>,
    records: &'a Records,
) -> impl Iterator<Item = Contradiction<'a>> {
    push.families.iter().flat_map(move |family| {
        let others = names::neighbours(&family.name, family.metric_type)
            // Families of one push were checked against each other.
            .filter(|other| pushed(push, other).is_none())
            .filter_map(|other| records.family(&other));
        others
            .chain(records.family(&family.name))
            .map(move |record| Contradiction { family, record })
            .filter(|contradiction| contradiction.is_real(contradiction.record.metric_type))
    })
}

/// The types that the groups named by the records hold the families with, once this push is done. Each group is read
/// once, however many of the records name it.
async fn held_types<'a, S: Store>(
    store: &S,
    push: &Candidate<'_>,
    contradictions: &[Contradiction<'a>],
) -> Result<HashMap<&'a str, MetricType>, StoreError> {
    let mut by_holder: BTreeMap<GroupId, BTreeSet<&'a str>> = BTreeMap::new();
    for Contradiction { record, .. } in contradictions {
        let Some(holder) = GroupId::parse(&record.group) else {
            continue;
        };
        if holder != *push.id || !replaces(push, &record.name) {
            by_holder.entry(holder).or_default().insert(&record.name);
        }
    }
    let mut types = HashMap::new();
    for (holder, names) in by_holder {
        let values = snapshot::read_group(store, &holder).await?;
        if let Some(group) = values.group(push.now) {
            let held = names.into_iter();
            types.extend(held.filter_map(|name| Some((name, held_in(&group, name)?.metric_type))));
        }
    }
    Ok(types)
}

/// Whether the push does away with a family of this name that its group may hold.
fn replaces(push: &Candidate<'_>, name: &str) -> bool {
    push.kind == Kind::Put || pushed(push, name).is_some()
}

/// The pushed family of this name.
fn pushed<'a>(push: &Candidate<'a>, name: &str) -> Option<&'a MetricFamily<'a>> {
    let families = push.families;
    let at = families.binary_search_by(|family| bytes::compare(&*family.name, name));
    families.get(at.ok()?)
}

/// The family of this name that the group holds.
fn held_in<'g, 'a>(group: &'g Group<'a>, name: &str) -> Option<&'g StoredFamily<'a>> {
    let families = &group.families;
    let at = families.binary_search_by(|family| bytes::compare(family.name, name));
    families.get(at.ok()?)
}

fn is_alone(push: &Candidate<'_>, record: &FamilyType) -> bool {
    record.group == push.id.as_str() && record.alone != 0 && push.now.abs_diff(record.alone) < ALONE
}

/// The record as it is after this push, which its own group alone may hold.
fn own_record(push: &Candidate<'_>, record: &FamilyType, alone: UnixNanos) -> FamilyType {
    let pushed = pushed(push, &record.name);
    FamilyType {
        name: record.name.clone(),
        metric_type: pushed.map_or(record.metric_type, |family| family.metric_type),
        group: push.id.as_str().to_owned(),
        alone,
    }
}

/// The record that must be written for a pushed family, unless what is recorded is right.
fn unsettled(
    push: &Candidate<'_>,
    family: &MetricFamily<'_>,
    record: Option<&FamilyType>,
) -> Option<FamilyType> {
    let group = push.id.as_str();
    match record {
        Some(record) if record.alone == 0 || record.group == group => None,
        // Another group has been found to be alone with this family. It no longer is.
        Some(record) => Some(FamilyType {
            alone: 0,
            ..record.clone()
        }),
        None => Some(FamilyType {
            name: family.name.to_string(),
            metric_type: family.metric_type,
            group: group.to_owned(),
            alone: 0,
        }),
    }
}

/// Looks at all groups for what the records no longer say.
async fn look_everywhere<S: Store>(
    store: &S,
    push: &Candidate<'_>,
    unresolved: &[Contradiction<'_>],
    violations: &mut Violations,
    updates: &mut BTreeMap<String, FamilyType>,
) -> Result<(), StoreError> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, contradiction) in unresolved.iter().enumerate() {
        by_name
            .entry(&contradiction.record.name)
            .or_default()
            .push(at);
    }
    let everything = Snapshot::read(store).await?;
    for (id, values) in &everything.groups {
        let Some(group) = values.group(push.now) else {
            continue;
        };
        let is_own = id == push.id.as_str();
        // By the group's families, whose number is what reading them costs anyway.
        let about = |family: &StoredFamily<'_>| {
            let found = by_name.get(family.name).map(Vec::as_slice);
            let held = family.metric_type;
            found.unwrap_or_default().iter().map(move |at| (*at, held))
        };
        let mut found: Vec<_> = group.families.iter().flat_map(about).collect();
        found.sort_unstable_by_key(|(at, _)| *at);
        for (at, held) in found {
            let Some(contradiction) = unresolved.get(at) else {
                continue;
            };
            let name = &contradiction.record.name;
            if updates.contains_key(name)
                || (is_own && replaces(push, name))
                || !contradiction.is_real(held)
            {
                continue;
            }
            contradiction.tell(held, violations);
            let record = FamilyType {
                name: name.clone(),
                metric_type: held,
                group: id.clone(),
                alone: 0,
            };
            updates.insert(name.clone(), record);
        }
    }
    for contradiction in unresolved {
        let record = contradiction.record;
        updates
            .entry(record.name.clone())
            .or_insert_with(|| own_record(push, record, push.now.max(1)));
    }
    Ok(())
}

/// Refuses series that stand in another group already.
async fn check_series<S: Store>(
    store: &S,
    push: &Candidate<'_>,
    shapes: &Shapes,
) -> Result<(), CheckError> {
    let candidates = candidates(push, shapes);
    if candidates.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = candidates
        .keys()
        .flat_map(|id| [layout::root(id), layout::index(id)])
        .collect();
    let found = store.read(&keys).await?;
    let mut violations = Violations::default();
    for ((id, pushed), values) in candidates.iter().zip(found.chunks(2)) {
        if values.iter().any(Option::is_some) {
            let values = snapshot::read_group(store, id).await?;
            if let Some(group) = values.group(push.now) {
                compare_series(pushed, &group, &mut violations);
            }
        }
    }
    violations.into_result().map_err(CheckError::Rejected)
}

/// Pushed series of one family.
type Series<'a> = (&'a MetricFamily<'a>, Vec<&'a Metric<'a>>);

/// The other groups that could hold a series of this push, and those series, by family.
fn candidates<'a>(push: &Candidate<'a>, shapes: &'a Shapes) -> BTreeMap<GroupId, Vec<Series<'a>>> {
    let own: Vec<&str> = push.key.labels().map(|(name, _)| name).collect();
    let mut groups = BTreeMap::new();
    for shape in shapes.shapes.iter().filter(|shape| **shape != own) {
        let mut tuples: HashMap<Vec<&str>, Vec<Series<'a>>> = HashMap::new();
        for family in push.families {
            for metric in &family.metrics {
                let values = shape.iter().map(|name| value_of(&metric.labels, name));
                let Some(values) = values.collect::<Option<Vec<_>>>() else {
                    continue;
                };
                let series = tuples.entry(values).or_default();
                match series.last_mut() {
                    Some((last, metrics)) if last.name == family.name => metrics.push(metric),
                    _ => series.push((family, vec![metric])),
                }
            }
        }
        for (values, series) in tuples {
            let key = GroupingKey::new(shape.iter().map(String::as_str).zip(values));
            groups.extend(key.map(|key| (key.id(), series)));
        }
    }
    groups
}

/// The value of a label, if it is there and not empty. The labels are sorted by name.
fn value_of<'a>(labels: &'a [Label<'_>], name: &str) -> Option<&'a str> {
    let at = labels
        .binary_search_by(|label| (*label.name).cmp(name))
        .ok()?;
    labels
        .get(at)
        .map(|label| &*label.value)
        .filter(|value| !value.is_empty())
}

fn compare_series(pushed: &[Series<'_>], group: &Group<'_>, violations: &mut Violations) {
    for (family, metrics) in pushed {
        let Some(held) = held_in(group, &family.name) else {
            continue;
        };
        let key = |series: StoredSeries<'_>| {
            let mut key = Vec::new();
            series.key.append_to(&mut key);
            key
        };
        let held: HashSet<Vec<u8>> = held.series().map(key).collect();
        for metric in metrics {
            if held.contains(&series::sort_key(&metric.labels)) {
                violations.add(|| check::about(&family.name, metric, check::DUPLICATE));
            }
        }
    }
}

/// The record of label name sets, if this group's is new, or nothing is on record yet.
fn new_shape(push: &Candidate<'_>, shapes: &Shapes) -> Option<(String, Value)> {
    let own = push.key.labels().map(|(name, _)| name.to_owned()).collect();
    let mut shapes = shapes.clone();
    let is_first = shapes.since == 0 && shapes.shapes.is_empty();
    if !shapes.add(own) && !is_first {
        return None;
    }
    if is_first {
        shapes.since = push.now;
    }
    Some((layout::SHAPES.to_owned(), records::write(&shapes)))
}
