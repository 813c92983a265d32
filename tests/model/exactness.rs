//! The consistency check judges as one that gathers everything would, whatever was pushed and deleted before.

use std::collections::{BTreeMap, BTreeSet};

use spin_pushgateway::consistency::Kind;
use spin_pushgateway::push::PushError;

use super::plain::{AfterScrape, Labels, Plain};

const GROUPS: &[Labels<'_>] = &[
    &[("job", "j")],
    &[("job", "k")],
    &[("job", "j"), ("instance", "i")],
    &[("job", "j"), ("zone", "z")],
    &[("job", "j"), ("instance", "i"), ("zone", "z")],
];

const NAMES: &[&str] = &["m", "h", "h_count", "h_sum", "h_bucket", "h_sum_count"];

const SERIES: &[Labels<'_>] = &[
    &[],
    &[("instance", "i")],
    &[("zone", "z")],
    &[("instance", "i"), ("zone", "z")],
    &[("zone", "y")],
];

const TYPES: &[&str] = &["gauge", "counter", "untyped", "summary", "histogram"];

/// The suffixes of the series of a type.
fn suffixes(metric_type: &str) -> &'static [&'static str] {
    match metric_type {
        "summary" => &["_count", "_sum"],
        "histogram" => &["_count", "_sum", "_bucket"],
        _ => &[],
    }
}

/// Whether a family's series could be taken for another family.
fn collides(name: &str, (owner, metric_type): (&str, &str)) -> bool {
    suffixes(metric_type)
        .iter()
        .any(|suffix| name.strip_suffix(suffix) == Some(owner))
}

/// Final label sets.
type Series = BTreeSet<BTreeMap<&'static str, &'static str>>;

/// A family: its type and series.
type Family = (&'static str, Series);

/// What a group holds, by name.
type Families = BTreeMap<&'static str, Family>;

/// What all groups hold, by place.
type Everything = BTreeMap<usize, Families>;

/// Whether nothing contradicts anything else.
fn is_consistent(everything: &Everything) -> bool {
    let all: Vec<(&str, &Family)> = everything
        .values()
        .flatten()
        .map(|(name, family)| (*name, family))
        .collect();
    all.iter()
        .enumerate()
        .all(|(at, (name, (metric_type, series)))| {
            all.iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .all(|(_, (other, (other_type, other_series)))| {
                    !collides(name, (other, other_type))
                        && (name != other
                            || (metric_type == other_type && series.is_disjoint(other_series)))
                })
        })
}

/// What would be held after a push.
fn pushed(mut everything: Everything, kind: Kind, group: usize, families: &Families) -> Everything {
    let held = everything.entry(group).or_default();
    if kind == Kind::Put {
        held.clear();
    }
    held.extend(families.clone());
    everything
}

fn random_families(random: &mut fastrand::Rng, group: usize) -> (Families, String) {
    let mut families = Families::new();
    let mut body = String::new();
    for _ in 0..random.usize(1..=2) {
        let name = NAMES[random.usize(..NAMES.len())];
        // What a push contradicts within itself is not the subject here.
        if families
            .keys()
            .any(|other| other.starts_with(name) || name.starts_with(other))
        {
            continue;
        }
        let metric_type = TYPES[random.usize(..TYPES.len())];
        body.push_str(&format!("# TYPE {name} {metric_type}\n"));
        let mut all = Series::new();
        for _ in 0..random.usize(1..=2) {
            let own = SERIES[random.usize(..SERIES.len())];
            let mut labels = BTreeMap::from([("instance", "")]);
            labels.extend(own.iter().copied());
            labels.extend(GROUPS[group].iter().copied());
            if !all.insert(labels) {
                continue;
            }
            let own: Vec<String> = own
                .iter()
                .map(|(name, value)| format!("{name}=\"{value}\""))
                .collect();
            let own = own.join(",");
            body.push_str(&match metric_type {
                "summary" => format!("{name}_count{{{own}}} 1\n"),
                "histogram" => format!(
                    "{name}_bucket{{{own}{}le=\"+Inf\"}} 1\n",
                    if own.is_empty() { "" } else { "," }
                ),
                _ => format!("{name}{{{own}}} 1\n"),
            });
        }
        families.insert(name, (metric_type, all));
    }
    (families, body)
}

#[test]
fn pushes_are_judged_as_if_everything_was_gathered() {
    let mut random = fastrand::Rng::with_seed(3);
    let (mut accepted, mut rejected) = (0, 0);
    for _ in 0..300 {
        let plain = Plain::new();
        let mut everything = Everything::new();
        let mut told = Vec::new();
        for _ in 0..80 {
            plain.wait([1, 1_000_000_000, 4_000_000_000][random.usize(..3)]);
            let group = random.usize(..GROUPS.len());
            match random.u8(..12) {
                0 => {
                    told.push(format!("DELETE {:?}", GROUPS[group]));
                    plain.delete(GROUPS[group]);
                    everything.remove(&group);
                    continue;
                }
                1 => {
                    told.push("scrape".to_owned());
                    plain.scrape(AfterScrape::TidyUp);
                    continue;
                }
                _ => {}
            }
            let kind = if random.bool() { Kind::Put } else { Kind::Post };
            let (families, body) = random_families(&mut random, group);
            let next = pushed(everything.clone(), kind, group, &families);
            told.push(format!("{kind:?} {:?} {body:?}", GROUPS[group]));
            let is_accepted = match plain.push(kind, GROUPS[group], &body) {
                Ok(()) => true,
                Err(PushError::Rejected(violations)) => {
                    told.push(format!("  {violations}"));
                    false
                }
                Err(error) => panic!("{error:?}"),
            };
            assert_eq!(
                is_accepted,
                is_consistent(&next),
                "the last of:\n{}",
                told.join("\n")
            );
            if is_accepted {
                accepted += 1;
                everything = next;
            } else {
                rejected += 1;
            }
        }
    }
    assert!(
        accepted > 2000 && rejected > 2000,
        "{accepted} accepted, {rejected} rejected"
    );
}
