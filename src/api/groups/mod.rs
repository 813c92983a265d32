//! `GET /api/v1/groups` and `DELETE /api/v1/groups`: which groups there are, a page at a time, and away with many.
//!
//! The Pushgateway has neither. `docs/api.md` describes both.

mod deletion;
mod listed;
mod order;
mod page;
mod query;

pub use deletion::delete;
pub use listed::Listed;
pub use page::list;
pub use query::{Query, QueryError};

use super::json;
use crate::store::StoreError;

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

/// The body that says what is wrong with a query.
#[must_use]
pub fn bad_query(error: &QueryError) -> Vec<u8> {
    json::failure("bad_data", &error.to_string())
}

#[cfg(test)]
mod tests;
