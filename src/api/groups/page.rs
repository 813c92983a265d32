//! A page of the list of groups.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{GroupsError, Listed, Query, json};
use crate::groups::automatic::seconds;
use crate::groups::entry::UnixNanos;
use crate::store::snapshot::Snapshot;
use crate::store::{Store, World};

/// The body for `GET /api/v1/groups`.
///
/// # Errors
///
/// The query makes no sense, or the store failed.
pub async fn list<S: Store, W: World>(
    store: &S,
    world: &W,
    query: &str,
) -> Result<Vec<u8>, GroupsError> {
    let query = Query::parse(query)?;
    let snapshot = Snapshot::read(store).await?;
    let now = world.now();
    let selected = query.select(Listed::all(&snapshot, now), now);
    Ok(body(&query, &selected))
}

/// The body that tells a page of the groups that were selected.
pub(super) fn body(query: &Query, selected: &[Listed<'_>]) -> Vec<u8> {
    let (shown, next) = query.page(selected);
    json::success(Page {
        groups: shown.into_iter().map(Summary::of).collect(),
        total: selected.len(),
        next,
    })
}

#[derive(Serialize)]
struct Page<'a> {
    groups: Vec<Summary<'a>>,
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What is told of a group. Times are seconds since the Unix epoch.
#[derive(Serialize)]
struct Summary<'a> {
    id: &'a str,
    labels: BTreeMap<&'a str, &'a str>,
    push_time: Option<f64>,
    failure_time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'a str>,
    expiry_time: Option<f64>,
    last_push_successful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_failure_time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_failure_reason: Option<&'a str>,
    families: usize,
    series: usize,
    bytes: usize,
}

impl<'a> Summary<'a> {
    fn of(listed: &'a Listed<'_>) -> Self {
        let group = &listed.group;
        let time = |time: Option<UnixNanos>| time.map(seconds);
        Self {
            id: listed.id,
            labels: group.labels.iter().copied().collect(),
            push_time: time(group.push_time),
            failure_time: time(group.failure_time),
            failure_reason: listed.failure_reason,
            expiry_time: time(group.expires),
            last_push_successful: !group.has_failed(),
            forward_failure_time: listed.forward_failure.map(|(time, _)| seconds(time)),
            forward_failure_reason: listed.forward_failure.map(|(_, reason)| reason),
            families: group.families.len(),
            series: group.series_count(),
            bytes: listed.bytes,
        }
    }
}
