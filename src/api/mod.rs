//! The Pushgateway's JSON API, version 1: `status` and `metrics` below `/api/v1/`.
//!
//! Bodies have the shape of the Pushgateway's, byte by byte: the same keys in the same order, numbers in strings, Go's
//! escapes. What differs is said in [`mod@status`] and [`mod@metrics`].

use self::groups::{Listed, Query, QueryError};
use crate::config::Config;
use crate::delete;
use crate::groups::entry::Nanos;
use crate::groups::fold::Group;
use crate::groups::key::GroupId;
use crate::store::records::{self, Shapes};
use crate::store::snapshot::Snapshot;
use crate::store::{Store, StoreError, World, layout};

mod bounds;
pub mod groups;
pub(crate) mod histogram;
mod json;
pub mod metrics;
pub mod status;
pub(crate) mod time;

/// The body for `GET /api/v1/status`.
///
/// # Errors
///
/// The store failed.
pub async fn status<S: Store>(store: &S, config: &Config) -> Result<Vec<u8>, StoreError> {
    let shapes = store.read_one(layout::SHAPES.to_owned()).await?;
    let shapes: Shapes = records::read(shapes.as_deref()).unwrap_or_default();
    Ok(status::body(config, shapes.since))
}

/// The body for `GET /api/v1/metrics`. Entries that cannot be read are left out; a scrape counts and names them.
///
/// # Errors
///
/// The store failed.
pub async fn metrics<S: Store, W: World>(store: &S, world: &W) -> Result<Vec<u8>, StoreError> {
    let snapshot = Snapshot::read(store).await?;
    let now = world.now();
    let groups = snapshot.groups.values();
    let mut groups: Vec<Group<'_>> = groups.filter_map(|values| values.group(now)).collect();
    groups.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(metrics::body(&groups))
}

/// Why there is no body about groups.
#[derive(Debug)]
pub enum GroupsError {
    /// The query makes no sense.
    Query(QueryError),
    /// The store failed.
    Store(StoreError),
}

impl From<QueryError> for GroupsError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<StoreError> for GroupsError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The body for `GET /api/v1/groups`.
///
/// # Errors
///
/// The query makes no sense, or the store failed.
pub async fn list_groups<S: Store, W: World>(
    store: &S,
    world: &W,
    query: &str,
) -> Result<Vec<u8>, GroupsError> {
    let query = Query::parse(query)?;
    let snapshot = Snapshot::read(store).await?;
    let now = world.now();
    let selected = query.select(listed(&snapshot, now), now);
    Ok(groups::page(&query, &selected))
}

/// Deletes the groups that the query selects, unless it says to tell only. The body for `DELETE /api/v1/groups`.
///
/// # Errors
///
/// The query makes no sense or selects everything for want of a selector, or the store failed.
pub async fn delete_groups<S: Store, W: World>(
    store: &S,
    world: &W,
    query: &str,
) -> Result<Vec<u8>, GroupsError> {
    let query = Query::parse(query)?.for_deletion()?;
    let snapshot = Snapshot::read(store).await?;
    let now = world.now();
    let selected = query.select(listed(&snapshot, now), now);
    if !query.is_dry_run() {
        let ids = selected
            .iter()
            .filter_map(|listed| GroupId::parse(listed.id))
            .collect();
        delete::delete_groups(store, world, &ids).await?;
    }
    Ok(groups::deletion(&query, &selected))
}

/// All groups that there are at this time.
pub(crate) fn listed(snapshot: &Snapshot, now: Nanos) -> Vec<Listed<'_>> {
    let groups = snapshot.groups.iter();
    groups
        .filter_map(|(id, values)| Listed::of(id, values, now))
        .collect()
}

/// The body that says that the store failed.
#[must_use]
pub fn unavailable(error: &StoreError) -> Vec<u8> {
    json::failure("unavailable", &error.to_string())
}

#[cfg(test)]
mod tests;
