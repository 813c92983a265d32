//! Which groups are asked for: filters, order and page, as the query of a URL says them.

use std::fmt;

use super::Listed;
use super::order::{Position, Sort};
use crate::duration::{self, Nanos};
use crate::groups::entry::UnixNanos;
use crate::groups::matchers::{Selector, SelectorError};
use crate::quote::shorten;

/// How many groups a page has, unless asked otherwise.
const DEFAULT_LIMIT: usize = 100;

/// How many it has at most.
const MAX_LIMIT: usize = 10_000;

/// How many selectors a query may have, and what is said of more.
const MAX_SELECTORS: usize = 32;
const TOO_MANY_SELECTORS: &str = "32 selectors at most";

/// How many bytes of the name of an unknown parameter are repeated.
const MAX_NAME: usize = 64;

/// Which groups are asked for, and how.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Those that one of these selects; all if there are none.
    selectors: Vec<Selector>,
    /// Those with this text in a label value, a label name or a metric name.
    search: Option<String>,
    /// Those whose last push was rejected.
    only_failed: bool,
    /// Those that were not pushed for this long, or never.
    older_than: Option<Nanos>,
    /// Those that expire within this time.
    expires_within: Option<Nanos>,
    sort: Sort,
    descending: bool,
    limit: Option<usize>,
    /// Where the page before ended.
    after: Option<Position>,
    /// Whether to tell only what would be deleted.
    dry_run: bool,
    /// A parameter that means nothing here.
    unknown: Option<String>,
}

/// A parameter that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// A `match[]` that is no selector.
    Selector(SelectorError),
    /// A parameter with a value that it cannot have, and what it can be.
    Parameter(&'static str, &'static str),
    /// Nothing says which groups to delete.
    NoSelector,
    /// A parameter that means nothing to a deletion.
    NotOfDeletion(String),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Selector(error) => write!(f, "invalid parameter match[]: {error}"),
            Self::Parameter(name, expected) => {
                write!(f, "invalid parameter {name}: expected {expected}")
            }
            Self::NoSelector => {
                f.write_str("parameter match[] is required: which groups shall be deleted")
            }
            Self::NotOfDeletion(name) => write!(
                f,
                "parameter {name:?} means nothing to a deletion, which takes match[], search, failed, older_than, expires_within and dry_run"
            ),
        }
    }
}

impl std::error::Error for QueryError {}

impl Query {
    /// Reads the query of a URL. Parameters that are not known are ignored, but not for [a deletion](Self::for_deletion).
    ///
    /// # Errors
    ///
    /// A value makes no sense.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            parsed.set(&name, &value)?;
        }
        Ok(parsed)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        match name {
            "match[]" if self.selectors.len() == MAX_SELECTORS => {
                return Err(QueryError::Parameter("match[]", TOO_MANY_SELECTORS));
            }
            "match[]" => {
                self.selectors
                    .push(Selector::parse(value).map_err(QueryError::Selector)?);
            }
            "search" => self.search = Some(value.to_lowercase()).filter(|text| !text.is_empty()),
            "failed" => self.only_failed = switch("failed", value)?,
            "older_than" => self.older_than = Some(time_span("older_than", value)?),
            "expires_within" => self.expires_within = Some(time_span("expires_within", value)?),
            "dry_run" => self.dry_run = switch("dry_run", value)?,
            "sort" => {
                self.sort =
                    Sort::of_name(value).ok_or(QueryError::Parameter("sort", Sort::NAMES))?;
            }
            "order" => {
                self.descending = match value {
                    "asc" => false,
                    "desc" => true,
                    _ => return Err(QueryError::Parameter("order", "asc or desc")),
                };
            }
            "limit" => {
                let limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=MAX_LIMIT).contains(limit));
                let expected = "a number of groups from 1 to 10000";
                self.limit = Some(limit.ok_or(QueryError::Parameter("limit", expected))?);
            }
            "cursor" => {
                let expected = "what the page before has as next";
                let position = Position::parse(value);
                self.after = Some(position.ok_or(QueryError::Parameter("cursor", expected))?);
            }
            _ => self.unknown = Some(shorten(name, MAX_NAME).into_owned()),
        }
        Ok(())
    }

    /// The same query, if it says which groups to delete. (The order of a list may be among it.)
    ///
    /// # Errors
    ///
    /// It selects all groups, for want of a selector, or says something that a deletion would not heed: with a mistake
    /// in `older_than` it would delete more than was meant, with one in `dry_run` anything at all.
    pub fn for_deletion(self) -> Result<Self, QueryError> {
        let page = [
            ("limit", self.limit.is_some()),
            ("cursor", self.after.is_some()),
        ];
        let page = page.into_iter().filter(|(_, is_given)| *is_given);
        let unheeded = page.map(|(name, _)| name.to_owned()).next();
        if let Some(name) = self.unknown.clone().or(unheeded) {
            Err(QueryError::NotOfDeletion(name))
        } else if self.selectors.is_empty() {
            Err(QueryError::NoSelector)
        } else {
            Ok(self)
        }
    }

    /// Whether to tell only what would be deleted.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The groups that are asked for at this time, whatever the page.
    #[must_use]
    pub fn select<'a>(&self, groups: Vec<Listed<'a>>, now: UnixNanos) -> Vec<Listed<'a>> {
        groups
            .into_iter()
            .filter(|listed| self.selects(listed, now))
            .collect()
    }

    /// The same of groups that are needed later, in the order that is asked for.
    #[must_use]
    pub fn sorted<'l, 'a>(&self, groups: &'l [Listed<'a>], now: UnixNanos) -> Vec<&'l Listed<'a>> {
        let selected = groups.iter().filter(|listed| self.selects(listed, now));
        let placed = self.placed(selected).into_iter();
        placed.map(|(_, listed)| listed).collect()
    }

    /// The groups on the page that is asked for, of those that were selected, and where the next page begins.
    pub(super) fn page<'l, 'a>(
        &self,
        selected: &'l [Listed<'a>],
    ) -> (Vec<&'l Listed<'a>>, Option<String>) {
        let placed = self.placed(selected.iter());
        let is_before = |(position, _): &(Position, &Listed<'_>)| {
            let after = self.after.as_ref();
            after.is_some_and(|after| position.cmp(after, self.descending).is_le())
        };
        let start = placed.partition_point(is_before);
        let rest = placed.get(start..).unwrap_or_default();
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        let shown = rest.get(..limit).unwrap_or(rest);
        let last = shown.last().filter(|_| shown.len() < rest.len());
        (
            shown.iter().map(|(_, listed)| *listed).collect(),
            last.map(|(position, _)| position.cursor()),
        )
    }

    fn placed<'l, 'a: 'l>(
        &self,
        selected: impl Iterator<Item = &'l Listed<'a>>,
    ) -> Vec<(Position, &'l Listed<'a>)> {
        let mut placed: Vec<_> = selected
            .map(|listed| (Position::of(self.sort, listed), listed))
            .collect();
        placed.sort_by(|(a, _), (b, _)| a.cmp(b, self.descending));
        placed
    }

    /// Whether this group is asked for at this time, whatever the page.
    #[must_use]
    pub fn selects(&self, listed: &Listed<'_>, now: UnixNanos) -> bool {
        let group = &listed.group;
        let is_old = self.older_than.is_none_or(|age| {
            let since = now.saturating_sub(age);
            group.push_time.is_none_or(|time| time < since)
        });
        let is_selected = self.selectors.is_empty()
            || self
                .selectors
                .iter()
                .any(|selector| selector.matches(&group.labels));
        let is_found = self.search.as_ref().is_none_or(|text| {
            let contains = |part: &str| part.to_lowercase().contains(text);
            group
                .labels
                .iter()
                .any(|(name, value)| contains(name) || contains(value))
                || group.families.iter().any(|family| contains(family.name))
        });
        let is_ending = self.expires_within.is_none_or(|span| {
            let end = now.saturating_add(span);
            group.expires.is_some_and(|expires| expires <= end)
        });
        is_selected && is_found && is_old && is_ending && (!self.only_failed || group.has_failed())
    }
}

fn time_span(name: &'static str, value: &str) -> Result<Nanos, QueryError> {
    duration::parse(value).ok_or(QueryError::Parameter(
        name,
        "a duration above zero, such as 36h",
    ))
}

fn switch(name: &'static str, value: &str) -> Result<bool, QueryError> {
    match value {
        "true" | "1" | "" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(QueryError::Parameter(name, "true or false")),
    }
}
