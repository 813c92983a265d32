//! Series: whether one stands in another group already.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Candidate, CheckError, held_in};
use crate::bytes;
use crate::exposition::model::{Label, Metric, MetricFamily};
use crate::groups::check::{self, Violations};
use crate::groups::entry::{StoredFamily, StoredSeries};
use crate::groups::key::{GroupId, GroupingKey};
use crate::groups::series;
use crate::store::records::Shapes;
use crate::store::snapshot::{self, Snapshot};
use crate::store::{Store, StoreError, layout};

/// How many groups that could hold a pushed series are looked up one by one, at most.
const MAX_CANDIDATES: usize = 1_000;

/// How often a series is compared with a set of label names to find these groups, at most.
const MAX_COMPARISONS: usize = 1 << 20;

/// Refuses series that stand in another group already.
pub(super) async fn check<S: Store>(
    store: &S,
    push: &Candidate<'_>,
    shapes: &Shapes,
) -> Result<(), CheckError> {
    let mut violations = Violations::default();
    match candidates(push, shapes) {
        Some(candidates) => compare_candidates(store, push, candidates, &mut violations).await?,
        None => compare_everything(store, push, &mut violations).await?,
    }
    violations.into_result().map_err(CheckError::Rejected)
}

/// Pushed series of one family.
type Series<'a> = (&'a MetricFamily<'a>, Vec<&'a Metric<'a>>);

/// The other groups that could hold a series of this push, and those series, by family.
type Candidates<'a> = BTreeMap<GroupId, Vec<Series<'a>>>;

/// The other groups that could hold a series of this push; `None` if there are too many to look each up.
fn candidates<'a>(push: &Candidate<'a>, shapes: &'a Shapes) -> Option<Candidates<'a>> {
    let own: Vec<&str> = push.key.labels().map(|(name, _)| name).collect();
    let series: usize = push
        .families
        .iter()
        .map(|family| family.metrics.len())
        .sum();
    if series.saturating_mul(shapes.shapes.len()) > MAX_COMPARISONS {
        return None;
    }
    let mut groups = Candidates::new();
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
            if groups.len() + tuples.len() > MAX_CANDIDATES {
                return None;
            }
        }
        for (values, series) in tuples {
            let key = GroupingKey::new(shape.iter().map(String::as_str).zip(values));
            groups.extend(key.map(|key| (key.id(), series)));
        }
    }
    Some(groups)
}

/// Looks up each of these groups.
async fn compare_candidates<S: Store>(
    store: &S,
    push: &Candidate<'_>,
    candidates: Candidates<'_>,
    violations: &mut Violations,
) -> Result<(), StoreError> {
    if candidates.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = candidates
        .keys()
        .flat_map(|id| [layout::root(id), layout::index(id)])
        .collect();
    let found = store.read(&keys).await?;
    for ((id, pushed), values) in candidates.iter().zip(found.chunks(2)) {
        if values.iter().any(Option::is_some) {
            let values = snapshot::read_group(store, id).await?;
            if let Some(group) = values.group(push.now) {
                for (family, metrics) in pushed {
                    let Some(held) = held_in(&group, &family.name) else {
                        continue;
                    };
                    let places = places(metrics.iter().copied());
                    for place in held_series(&places, held) {
                        tell(family, metrics.get(place).copied(), violations);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Looks at all groups but the push's own.
async fn compare_everything<S: Store>(
    store: &S,
    push: &Candidate<'_>,
    violations: &mut Violations,
) -> Result<(), StoreError> {
    let everything = Snapshot::read(store).await?;
    let families = push.families.iter();
    let mut pushed: Vec<_> = families
        .map(|family| (family, places(family.metrics.iter()), BTreeSet::new()))
        .collect();
    for (id, values) in &everything.groups {
        if id == push.id.as_str() {
            continue;
        }
        let Some(group) = values.group(push.now) else {
            continue;
        };
        // By the group's families, whose number is what reading them costs anyway.
        for held in &group.families {
            let by_name =
                |(family, ..): &(&MetricFamily<'_>, _, _)| bytes::compare(&*family.name, held.name);
            if let Ok(at) = pushed.binary_search_by(by_name)
                && let Some((_, places, found)) = pushed.get_mut(at)
            {
                found.extend(held_series(places, held));
            }
        }
    }
    for (family, _, found) in pushed {
        for place in found {
            tell(family, family.metrics.get(place), violations);
        }
    }
    Ok(())
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

/// Pushed series of one family: their places, by their sort keys.
type Places = HashMap<Vec<u8>, usize>;

fn places<'m>(metrics: impl Iterator<Item = &'m Metric<'m>>) -> Places {
    let keys = metrics.map(|metric| series::sort_key(&metric.labels));
    keys.zip(0..).collect()
}

/// The places of those that another group holds of the family.
fn held_series(pushed: &Places, held: &StoredFamily<'_>) -> BTreeSet<usize> {
    let mut key = Vec::new();
    let place = |series: StoredSeries<'_>| {
        key.clear();
        series.key.append_to(&mut key);
        pushed.get(&key).copied()
    };
    held.series().filter_map(place).collect()
}

fn tell(family: &MetricFamily<'_>, metric: Option<&Metric<'_>>, violations: &mut Violations) {
    if let Some(metric) = metric {
        violations.add(|| check::about(&family.name, metric, check::DUPLICATE));
    }
}
