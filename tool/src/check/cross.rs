//! What records say about groups, and whether it is so.
//!
//! The gateway puts right by itself what is found here, with the next push or scrape that it concerns.

use std::collections::BTreeSet;

use spin_pushgateway::groups::entry::Generation;
use spin_pushgateway::groups::key::GroupId;
use spin_pushgateway::store::layout::{self, SHAPES, Slot};

use super::Inspection;
use super::group::Facts;

pub(super) fn inspect(inspection: &mut Inspection) {
    indexes(inspection);
    types(inspection);
    shapes(inspection);
}

fn indexes(inspection: &mut Inspection) {
    let report = &mut inspection.report;
    for (key, group, index) in &inspection.indexes {
        let facts = inspection.groups.get(group);
        let Some(facts) = facts.filter(|facts| facts.entries > 0) else {
            report.notice(key, "index of a group without entries");
            continue;
        };
        // One of a past generation is replaced by the next POST.
        if facts.generation != Some(index.generation) {
            continue;
        }
        for entry in index
            .slots()
            .filter_map(|slot| entry_key(group, index.generation, slot))
        {
            if !facts.keys.contains(&entry) {
                report.notice(
                    key,
                    &format!("index names an entry that is not there: {entry}"),
                );
            }
        }
    }
}

fn entry_key(group: &str, generation: Generation, slot: &Slot) -> Option<String> {
    Some(layout::post(&GroupId::parse(group)?, generation, slot))
}

fn types(inspection: &mut Inspection) {
    let report = &mut inspection.report;
    let groups = inspection.groups.values();
    let families: BTreeSet<&str> = groups
        .flat_map(|facts| facts.families.iter().map(String::as_str))
        .collect();
    let mut on_record = BTreeSet::new();
    for (key, family) in &inspection.types {
        if *key != layout::family_type(&family.name) {
            report.damage(key, "record is of another family than its key");
            continue;
        }
        on_record.insert(family.name.as_str());
        if !families.contains(family.name.as_str()) {
            let what = format!("type of {}, which no group holds", family.name);
            report.notice(key, &what);
        }
    }
    for name in families.difference(&on_record) {
        let what = format!("there is no record of the type of {name}");
        report.notice(&layout::family_type(name), &what);
    }
}

fn shapes(inspection: &mut Inspection) {
    let of_groups = |which: fn(&Facts) -> bool| -> BTreeSet<Vec<&str>> {
        let groups = inspection.groups.values().filter(|facts| which(facts));
        groups
            .map(|facts| facts.labels.keys().map(String::as_str).collect())
            .collect()
    };
    let pushed = of_groups(|facts| facts.exists);
    let used = of_groups(|facts| facts.exists || facts.failed);
    let shapes = inspection.shapes.as_ref();
    let on_record: BTreeSet<Vec<&str>> = shapes
        .iter()
        .flat_map(|record| &record.shapes)
        .map(|shape| shape.iter().map(String::as_str).collect())
        .collect();
    for shape in pushed.difference(&on_record) {
        let what = format!("groups labelled {} are not on record", shape.join(", "));
        inspection.report.notice(SHAPES, &what);
    }
    for shape in on_record.difference(&used) {
        let what = format!("no group is labelled {}, as is on record", shape.join(", "));
        inspection.report.notice(SHAPES, &what);
    }
}
