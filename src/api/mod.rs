//! The JSON API, version 1: what there is below `/api/v1/`.
//!
//! Of the Pushgateway's `status` and `metrics` bodies have its shape, byte by byte: the same keys in the same order,
//! numbers in strings, Go's escapes. What differs is said in [`mod@status`] and [`mod@metrics`]. [`mod@groups`] is this
//! gateway's own.

use crate::config::Config;
use crate::groups::fold::Group;
use crate::store::records::Shapes;
use crate::store::snapshot::Snapshot;
use crate::store::{Store, StoreError, World};

mod bounds;
pub mod groups;
pub(crate) mod histogram;
mod json;
pub mod metrics;
pub mod status;
pub(crate) mod time;

/// How many times the memory of what was read the body of `GET /api/v1/metrics` may take while it is written.
const ROOM: usize = 8;

/// The body for `GET /api/v1/status`.
///
/// # Errors
///
/// The store failed.
pub async fn status<S: Store>(store: &S, config: &Config) -> Result<Vec<u8>, StoreError> {
    let shapes = Shapes::read(store).await?;
    Ok(status::body(config, shapes.since))
}

/// The body for `GET /api/v1/metrics`. Entries that cannot be read are left out; a scrape counts and names them.
///
/// # Errors
///
/// The store failed.
pub async fn metrics<S: Store, W: World>(store: &S, world: &W) -> Result<Vec<u8>, StoreError> {
    let snapshot = Snapshot::read(store).await?;
    snapshot.require_room(ROOM)?;
    let now = world.now();
    let groups = snapshot.groups.values();
    let mut groups: Vec<Group<'_>> = groups.filter_map(|values| values.group(now)).collect();
    groups.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(metrics::body(&groups))
}

/// The body that says that the store failed.
#[must_use]
pub fn unavailable(error: &StoreError) -> Vec<u8> {
    json::failure("unavailable", &error.to_string())
}

#[cfg(test)]
mod tests;
