//! The Pushgateway's JSON API, version 1: `status` and `metrics` below `/api/v1/`.
//!
//! Bodies have the shape of the Pushgateway's, byte by byte: the same keys in the same order, numbers in strings, Go's
//! escapes. What differs is said in [`status`] and [`metrics`].

use crate::config::Config;
use crate::groups::fold::{Group, GroupEntries};
use crate::store::records::{self, Shapes};
use crate::store::snapshot::Snapshot;
use crate::store::{Store, StoreError, layout};

mod bounds;
mod histogram;
mod json;
pub mod metrics;
pub mod status;
mod time;

/// The body for `GET /api/v1/status`.
///
/// # Errors
///
/// The store failed.
pub async fn status<S: Store>(store: &S, config: &Config) -> Result<Vec<u8>, StoreError> {
    let values = store.read(&[layout::SHAPES.to_owned()]).await?;
    let shapes: Shapes =
        records::read(values.first().and_then(Option::as_deref)).unwrap_or_default();
    Ok(status::body(config, shapes.since))
}

/// The body for `GET /api/v1/metrics`. Entries that cannot be read are left out; a scrape counts and names them.
///
/// # Errors
///
/// The store failed.
pub async fn metrics<S: Store>(store: &S) -> Result<Vec<u8>, StoreError> {
    let snapshot = Snapshot::read(store).await?;
    let entries: Vec<GroupEntries<'_>> = snapshot
        .groups
        .values()
        .map(|values| values.entries(&mut Vec::new()))
        .collect();
    let mut groups: Vec<Group<'_>> = entries.iter().filter_map(GroupEntries::fold).collect();
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
