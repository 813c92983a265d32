//! The scrape: everything that groups hold, as one exposition.

use crate::cleanup::Cleanup;
use crate::exposition::negotiate::Format;
use crate::figures::{self, Figures};
use crate::groups::automatic;
use crate::groups::entry::{Entry, Generation, Header, StoredFamily, UnixNanos, Writer};
use crate::groups::fold::Group;
use crate::groups::merge::Merged;
use crate::groups::runs::Runs;
use crate::groups::series::RenderedFamily;
use crate::limits::GroupLimits;
use crate::render::render;
use crate::store::snapshot::{Skipped, Snapshot};
use crate::store::{Store, StoreError, World};

/// How many entries and records that could not be read are named in the log.
const MAX_NAMED: usize = 10;

/// What a scrape brings.
#[derive(Debug)]
pub struct Scrape {
    /// The exposition.
    pub body: Vec<u8>,
    /// What turned out to be of no more use in the store.
    pub cleanup: Cleanup,
    /// What was left out and why, a line each.
    pub warnings: Vec<String>,
}

/// Reads the whole store and renders it in this format, with the limits that are in force.
///
/// # Errors
///
/// The store failed, or holds more than there is memory for.
pub async fn scrape<S: Store>(
    store: &S,
    world: &impl World,
    format: Format,
    limits: &GroupLimits,
) -> Result<Scrape, StoreError> {
    let snapshot = Snapshot::read(store).await?;
    let now = world.now();
    let mut skipped = Vec::new();
    let mut cleanup = Cleanup::at(now);
    let mut runs = Runs::default();
    let mut groups: Vec<Group<'_>> = Vec::with_capacity(snapshot.groups.len());
    for mut group in take_stock(&snapshot, now, &mut skipped, &mut cleanup) {
        runs.add(std::mem::take(&mut group.families));
        groups.push(group);
    }
    cleanup.plan_records(&snapshot, runs.names(), &groups);

    let forward_failures: Vec<_> = snapshot
        .groups
        .values()
        .filter_map(|values| {
            let (time, _) = values.unsent.as_ref()?.failure(now)?;
            Some((values.group(now)?.labels, time))
        })
        .collect();
    let mut own = automatic::families(&groups);
    own.extend(automatic::forward_failures(&forward_failures));
    let own = encode(&own);
    let own = decode(&own);
    let mut merged = Merged::of(runs);
    for family in &own {
        merged.add_own(family);
    }
    // The figures say what is exposed of what was pushed, so that nothing may be left out on their account later.
    for family in figures::families(&Figures {
        max_groups: limits.max_groups,
        ..Figures::default()
    }) {
        merged.reserve(family.name, family.metric_type);
    }
    let (families, series) = merged.pushed();
    let figures = Figures {
        groups: groups.len(),
        families,
        series,
        stored_bytes: snapshot.stored_bytes(),
        entries_skipped: skipped.len() + snapshot.damaged().count(),
        series_left_out: merged.left_out,
        max_groups: limits.max_groups,
    };
    let own = encode(&figures::families(&figures));
    let own = decode(&own);
    for family in &own {
        merged.add_own(family);
    }

    let skipped_keys = skipped
        .iter()
        .map(|skipped| format!("skipped entry {}: {}", skipped.key, skipped.reason));
    let damaged_keys = snapshot
        .damaged()
        .map(|key| format!("skipped record {key}: it cannot be read"));
    let left_out = merged
        .notes
        .iter()
        .map(|note| format!("left out series: {note}"));
    let warnings = skipped_keys
        .chain(damaged_keys)
        .take(MAX_NAMED)
        .chain(left_out)
        .collect();
    Ok(Scrape {
        body: render(&merged, format).map_err(|_| StoreError::no_memory(figures.stored_bytes))?,
        cleanup,
        warnings,
    })
}

/// The groups of a snapshot as they stand at this time, in the order of their series: where groups disagree, the first
/// decides, and from scrape to scrape it is the same.
///
/// Each is read when it is asked for. Entries that cannot be decoded are added to `skipped` and left out, what is of no
/// more use in the store is added to `cleanup`.
pub fn take_stock<'a>(
    snapshot: &'a Snapshot,
    now: UnixNanos,
    skipped: &mut Vec<Skipped>,
    cleanup: &mut Cleanup,
) -> impl Iterator<Item = Group<'a>> {
    let groups = snapshot.in_order().into_iter();
    groups.filter_map(move |(id, values)| {
        let entries = values.entries(skipped);
        cleanup.plan_group(id, &entries, values);
        entries.fold(now)
    })
}

/// The gateway's own families in the form that pushed ones are stored in, so that both are merged alike.
fn encode(families: &[RenderedFamily<'_>]) -> Vec<u8> {
    let header = Header {
        time: 0,
        expires: None,
        generation: Generation::NONE,
        tombstone: false,
        labels: Vec::new(),
    };
    let mut families: Vec<_> = families.iter().collect();
    families.sort_by_key(|family| family.name);
    let mut writer = Writer::new(&header, families.len());
    for family in families {
        writer.add(family);
    }
    writer.finish()
}

fn decode(own: &[u8]) -> Vec<StoredFamily<'_>> {
    Entry::decode(own)
        .map(|entry| entry.families)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
