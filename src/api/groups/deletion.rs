//! The deletion of many groups.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{GroupsError, Listed, Query, json};
use crate::delete::delete_groups;
use crate::groups::key::GroupId;
use crate::store::snapshot::Snapshot;
use crate::store::{Store, World};

/// Deletes the groups that the query selects, unless it says to tell only. The body for `DELETE /api/v1/groups`.
///
/// # Errors
///
/// The query makes no sense or selects everything for want of a selector, or the store failed.
pub async fn delete<S: Store, W: World>(
    store: &S,
    world: &W,
    query: &str,
) -> Result<Vec<u8>, GroupsError> {
    let query = Query::parse(query)?.for_deletion()?;
    let snapshot = Snapshot::read(store).await?;
    let now = world.now();
    let selected = query.select(Listed::all(&snapshot, now), now);
    if !query.is_dry_run() {
        let ids = selected
            .iter()
            .filter_map(|listed| GroupId::parse(listed.id))
            .collect();
        delete_groups(store, world, &ids).await?;
    }
    Ok(body(&query, &selected))
}

/// The body that tells which groups were deleted, or would be.
pub(super) fn body(query: &Query, selected: &[Listed<'_>]) -> Vec<u8> {
    json::success(Deletion {
        dry_run: query.is_dry_run(),
        deleted: selected.len(),
        series: selected
            .iter()
            .map(|listed| listed.group.series_count())
            .sum(),
        groups: selected
            .iter()
            .map(|listed| listed.group.labels.iter().copied().collect())
            .collect(),
    })
}

#[derive(Serialize)]
struct Deletion<'a> {
    dry_run: bool,
    deleted: usize,
    series: usize,
    groups: Vec<BTreeMap<&'a str, &'a str>>,
}
