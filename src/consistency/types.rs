//! Types: whether a family, or one that looks like a series of it, has another type in another group.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Candidate, CheckError, Kind, Learnt, Records, held_in, pushed};
use crate::duration::Nanos;
use crate::exposition::model::{MetricFamily, MetricType};
use crate::groups::check::{self, Violations};
use crate::groups::entry::{StoredFamily, UnixNanos};
use crate::groups::key::GroupId;
use crate::groups::names;
use crate::store::records::FamilyType;
use crate::store::snapshot::{self, Snapshot};
use crate::store::{Store, StoreError};

/// For how long the finding that a family stands in one group only is relied on, in nanoseconds. It spares a group
/// that keeps changing a family's type from having the whole store read each time.
const ALONE: Nanos = 5_000_000_000;

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

/// Refuses families that contradict those of other groups.
pub(super) async fn check<S: Store>(
    store: &S,
    push: &Candidate<'_>,
    records: &Records,
    learnt: &mut Learnt,
) -> Result<(), CheckError> {
    let mut violations = Violations::default();
    let mut unresolved = Vec::new();
    let contradictions: Vec<_> = contradictions(push, records).collect();
    let held_types = held_types(store, push, &contradictions).await?;
    for contradiction in contradictions {
        let record = contradiction.record;
        match held_types.get(&*record.name).copied() {
            Some(held) if contradiction.is_real(held) => contradiction.tell(held, &mut violations),
            _ if is_alone(push, record) => {
                let own = own_record(push, record, record.alone);
                learnt.updates.insert(record.name.clone(), own);
            }
            _ => unresolved.push(contradiction),
        }
    }
    if !unresolved.is_empty() {
        look_everywhere(store, push, &unresolved, &mut violations, learnt).await?;
    }
    violations.into_result().map_err(CheckError::Rejected)?;
    for family in push.families {
        if let Some(record) = unsettled(push, family, records.family(&family.name)) {
            learnt.updates.entry(record.name.clone()).or_insert(record);
        }
    }
    Ok(())
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
    learnt: &mut Learnt,
) -> Result<(), StoreError> {
    let Learnt { updates, unheld } = learnt;
    unheld.extend(
        unresolved
            .iter()
            .map(|contradiction| contradiction.record.name.clone()),
    );
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
            unheld.remove(name);
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
    for Contradiction { record, .. } in unresolved {
        // Of a family that nobody holds or pushes there is nothing to record.
        if pushed(push, &record.name).is_some() || !unheld.contains(&record.name) {
            updates
                .entry(record.name.clone())
                .or_insert_with(|| own_record(push, record, push.now.max(1)));
        }
    }
    Ok(())
}
