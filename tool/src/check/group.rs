//! The entries of one group.

use std::collections::{BTreeMap, BTreeSet};

use spin_pushgateway::exposition::model::MetricFamily;
use spin_pushgateway::groups::entry::{Entry, Generation, StoredFamily, UnixNanos};
use spin_pushgateway::groups::fold::{GroupEntries, PostEntry};
use spin_pushgateway::groups::series::sort_key;
use spin_pushgateway::store::layout::{Key, Slot, is_unique};

use super::is_id_of;
use super::report::{Report, label_text};
use crate::store::Pair;

/// What is known of a group.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The grouping labels, if anything that names them could be read.
    pub(super) labels: BTreeMap<String, String>,
    /// How many entries it has, readable or not.
    pub(super) entries: usize,
    /// How many series it shows.
    pub(super) series: usize,
    /// How many bytes keys and values take.
    pub(super) bytes: usize,
    /// The keys of its entries.
    pub(super) keys: BTreeSet<String>,
    /// The families that it shows.
    pub(super) families: BTreeSet<String>,
    /// The generation on which POSTs now build, unless the PUT entry cannot be read.
    pub(super) generation: Option<Generation>,
    /// Whether it holds anything that a push left.
    pub(super) exists: bool,
    /// Whether there is a record of a rejected push.
    pub(super) failed: bool,
}

/// Looks at the entries of the group with this id, as it stands at this time.
pub(super) fn inspect(
    id: &str,
    pairs: &[Pair],
    now: UnixNanos,
    facts: &mut Facts,
    report: &mut Report,
) {
    let mut entries = GroupEntries::default();
    let mut has_unreadable_root = false;
    for (key, value) in pairs {
        facts.entries += 1;
        facts.keys.insert(key.clone());
        let entry = decode(id, key, value, report);
        match (Key::parse(key), entry) {
            (Some(Key::Root { .. }), None) => has_unreadable_root = true,
            (Some(Key::Root { .. }), Some(entry)) => entries.root = Some(entry),
            (_, Some(entry)) => entries.posts.push(PostEntry { key, entry }),
            (_, None) => {}
        }
    }
    if has_unreadable_root {
        // Which POST entries count is not known then.
        return;
    }
    let generation = entries.generation();
    facts.generation = Some(generation);
    for post in &entries.posts {
        if post.entry.header.generation != generation {
            report.notice(post.key, "POST entry of a past generation");
        }
    }
    // In a shared slot a hidden entry is in order: the next push of its families takes its place.
    for key in entries
        .superseded()
        .into_iter()
        .filter(|key| is_unique(key))
    {
        report.notice(key, "POST entry that newer ones hide");
    }
    if let Some(root) = entries.root.as_ref().filter(|root| root.header.tombstone) {
        let labels = label_text(root.header.labels.iter().copied());
        report.notice(
            pairs.first().map_or("", |(key, _)| key),
            &format!("mark of a deletion that broke off, of {labels}"),
        );
    }
    let pushed = entries.root.iter().filter(|root| !root.header.tombstone);
    let posts = entries.posts.iter().map(|post| &post.entry);
    let counting = posts.filter(|entry| entry.header.generation == generation);
    if let Some(entry) = pushed.chain(counting).next() {
        let labels = entry.header.labels.iter();
        facts.labels = labels
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
    }
    match entries.fold(now) {
        Some(group) => {
            facts.exists = true;
            facts.series = group.series_count();
            let families = group.families.iter();
            facts.families = families.map(|family| family.name.to_owned()).collect();
        }
        None if !facts.labels.is_empty() && !facts.failed => {
            let labels = facts.labels.iter();
            let labels = label_text(labels.map(|(name, value)| (name.as_str(), value.as_str())));
            let key = pairs.first().map_or("", |(key, _)| key);
            report.notice(key, &format!("all of the group {labels} has expired"));
        }
        None => {}
    }
}

/// Reads an entry in full, and holds it against its key.
fn decode<'a>(id: &str, key: &str, value: &'a [u8], report: &mut Report) -> Option<Entry<'a>> {
    let entry = match Entry::decode(value) {
        Ok(entry) => entry,
        Err(error) => {
            report.damage(key, &error.to_string());
            return None;
        }
    };
    for family in &entry.families {
        let Some(whole) = family.family() else {
            let what = format!("the series of {} cannot be read", family.name);
            report.damage(key, &what);
            continue;
        };
        if !has_right_keys(family, &whole) {
            let what = format!("the series of {} are not where they belong", family.name);
            report.damage(key, &what);
        }
    }
    let disagreement = if !is_id_of(id, entry.header.labels.iter().copied()) {
        Some("entry holds the labels of another group than its key")
    } else if let Some(Key::Post {
        generation, slot, ..
    }) = Key::parse(key)
    {
        let of_families = || Slot::of_families(entry.families.iter().map(|family| family.name));
        if generation != entry.header.generation {
            Some("entry is of another generation than its key")
        } else if !Slot::is_unique(slot) && of_families().as_str() != slot {
            Some("entry holds other families than its key says")
        } else {
            None
        }
    } else {
        None
    };
    if let Some(disagreement) = disagreement {
        report.damage(key, disagreement);
        return None;
    }
    Some(entry)
}

/// Whether every series stands under its own key, in order, and none twice. A scrape puts series in the
/// order of their keys, but takes their word for whose they are.
fn has_right_keys(stored: &StoredFamily<'_>, whole: &MetricFamily<'_>) -> bool {
    let mut last: Option<Vec<u8>> = None;
    stored.series().zip(&whole.metrics).all(|(series, metric)| {
        let mut key = Vec::new();
        series.key.append_to(&mut key);
        let is_right =
            key == sort_key(&metric.labels) && last.as_ref().is_none_or(|last| *last < key);
        last = Some(key);
        is_right
    })
}
