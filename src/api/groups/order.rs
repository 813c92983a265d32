//! The order of groups, and places in it: where a page ends and the next begins.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::Listed;
use crate::groups::entry::UnixNanos;
use crate::groups::key::job_first;

/// What groups are sorted by. Groups that are equal in it are sorted by their labels, the job first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    #[default]
    Labels,
    PushTime,
    FailureTime,
    /// What never expires comes after what does.
    ExpiryTime,
    Families,
    Series,
    Bytes,
}

/// A place in the order of groups, which stays what it is when groups come and go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    value: u64,
    labels: Vec<(String, String)>,
}

impl Sort {
    /// The names of all, for who has used another.
    pub(super) const NAMES: &'static str =
        "labels, push_time, failure_time, expiry_time, families, series or bytes";

    /// The one of this name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "labels" => Self::Labels,
            "push_time" => Self::PushTime,
            "failure_time" => Self::FailureTime,
            "expiry_time" => Self::ExpiryTime,
            "families" => Self::Families,
            "series" => Self::Series,
            "bytes" => Self::Bytes,
            _ => return None,
        })
    }

    fn value(self, listed: &Listed<'_>) -> u64 {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        match self {
            Self::Labels => 0,
            Self::PushTime => listed.group.push_time.unwrap_or(0),
            Self::FailureTime => listed.group.failure_time.unwrap_or(0),
            Self::ExpiryTime => listed.group.expires.unwrap_or(UnixNanos::MAX),
            Self::Families => count(listed.group.families.len()),
            Self::Series => count(listed.group.series_count()),
            Self::Bytes => count(listed.bytes),
        }
    }
}

impl Position {
    /// The place of a group in this order.
    pub(super) fn of(sort: Sort, listed: &Listed<'_>) -> Self {
        let labels = job_first(&listed.group.labels);
        Self {
            value: sort.value(listed),
            labels: labels
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    /// Reads a cursor.
    pub(super) fn parse(cursor: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
    }

    /// The place as clients send it back.
    pub(super) fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Which of two places comes first.
    pub(super) fn cmp(&self, other: &Self, descending: bool) -> Ordering {
        let order = (self.value, &self.labels).cmp(&(other.value, &other.labels));
        if descending { order.reverse() } else { order }
    }
}
