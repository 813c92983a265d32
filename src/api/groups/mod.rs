//! `GET /api/v1/groups` and `DELETE /api/v1/groups`: which groups there are, a page at a time, and away with many.
//!
//! The Pushgateway has neither. `docs/api.md` describes both.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::json;
use crate::duration;
use crate::groups::automatic::seconds;
use crate::groups::entry::Nanos;
use crate::groups::fold::Group;
use crate::groups::key::JOB;
use crate::groups::matchers::{Selector, SelectorError};
use crate::store::snapshot::GroupValues;

/// How many groups a page has, unless asked otherwise.
const DEFAULT_LIMIT: usize = 100;

/// How many selectors a query may have, and what is said of more.
const MAX_SELECTORS: usize = 32;
const TOO_MANY_SELECTORS: &str = "32 selectors at most";

/// How many it has at most.
const MAX_LIMIT: usize = 10_000;

/// A group with what its values tell beside it.
#[derive(Clone, Debug)]
pub struct Listed<'a> {
    /// Its id in the store.
    pub id: &'a str,
    /// The group.
    pub group: Group<'a>,
    /// Why the last rejected push was rejected.
    pub failure_reason: Option<&'a str>,
    /// When and why forwarding failed, if the last push has not been forwarded.
    pub forward_failure: Option<(Nanos, &'a str)>,
    /// The size of its entries, in bytes.
    pub bytes: usize,
}

impl<'a> Listed<'a> {
    /// The group with this id as it stands at this time, if there is one.
    #[must_use]
    pub fn of(id: &'a str, values: &'a GroupValues, now: Nanos) -> Option<Self> {
        let group = values.group(now)?;
        let failure = values
            .failure
            .as_ref()
            .filter(|_| group.failure_time.is_some());
        Some(Self {
            id,
            failure_reason: failure.map(|failure| &*failure.reason),
            forward_failure: values
                .unsent
                .as_ref()
                .and_then(|unsent| unsent.failure(now)),
            bytes: values.stored_bytes(),
            group,
        })
    }
}

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
}

/// What groups are sorted by. Groups that are equal in it are sorted by their labels, the job first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sort {
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
struct Position {
    value: u64,
    labels: Vec<(String, String)>,
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
        }
    }
}

impl std::error::Error for QueryError {}

impl Query {
    /// Reads the query of a URL. Parameters that are not known are ignored.
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
            _ => {}
        }
        Ok(())
    }

    /// The same query, if it says which groups to delete.
    ///
    /// # Errors
    ///
    /// It selects all groups, for want of a selector.
    pub fn for_deletion(self) -> Result<Self, QueryError> {
        if self.selectors.is_empty() {
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
    pub fn select<'a>(&self, groups: Vec<Listed<'a>>, now: Nanos) -> Vec<Listed<'a>> {
        groups
            .into_iter()
            .filter(|listed| self.selects(listed, now))
            .collect()
    }

    /// The same of groups that are needed later, in the order that is asked for.
    #[must_use]
    pub fn sorted<'l, 'a>(&self, groups: &'l [Listed<'a>], now: Nanos) -> Vec<&'l Listed<'a>> {
        let selected = groups.iter().filter(|listed| self.selects(listed, now));
        let placed = self.placed(selected).into_iter();
        placed.map(|(_, listed)| listed).collect()
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

    fn selects(&self, listed: &Listed<'_>, now: Nanos) -> bool {
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
        is_selected && is_found && is_old && is_ending && (!self.only_failed || has_failed(group))
    }
}

fn time_span(name: &'static str, value: &str) -> Result<Nanos, QueryError> {
    duration::parse(value).ok_or(QueryError::Parameter(name, "a duration such as 36h"))
}

fn switch(name: &'static str, value: &str) -> Result<bool, QueryError> {
    match value {
        "true" | "1" | "" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(QueryError::Parameter(name, "true or false")),
    }
}

/// Whether the last push was rejected.
pub(crate) fn has_failed(group: &Group<'_>) -> bool {
    group.failure_time > group.push_time
}

impl Sort {
    const NAMES: &'static str =
        "labels, push_time, failure_time, expiry_time, families, series or bytes";

    fn of_name(name: &str) -> Option<Self> {
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
            Self::ExpiryTime => listed.group.expires.unwrap_or(Nanos::MAX),
            Self::Families => count(listed.group.families.len()),
            Self::Series => count(series(&listed.group)),
            Self::Bytes => count(listed.bytes),
        }
    }
}

/// How many series the group has.
pub(crate) fn series(group: &Group<'_>) -> usize {
    group
        .families
        .iter()
        .map(|family| family.series_count)
        .sum()
}

impl Position {
    fn of(sort: Sort, listed: &Listed<'_>) -> Self {
        let labels = &listed.group.labels;
        let job = labels.iter().filter(|(name, _)| *name == JOB);
        let others = labels.iter().filter(|(name, _)| *name != JOB);
        Self {
            value: sort.value(listed),
            labels: job
                .chain(others)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    fn parse(cursor: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
    }

    fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn cmp(&self, other: &Self, descending: bool) -> Ordering {
        let order = (self.value, &self.labels).cmp(&(other.value, &other.labels));
        if descending { order.reverse() } else { order }
    }
}

/// The body that tells a page of the groups that were selected.
#[must_use]
pub fn page(query: &Query, selected: &[Listed<'_>]) -> Vec<u8> {
    let placed = query.placed(selected.iter());
    let is_before = |(position, _): &(Position, &Listed<'_>)| {
        query
            .after
            .as_ref()
            .is_some_and(|after| position.cmp(after, query.descending).is_le())
    };
    let start = placed.partition_point(is_before);
    let rest = placed.get(start..).unwrap_or_default();
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let shown = rest.get(..limit).unwrap_or(rest);
    let last = shown.last().filter(|_| shown.len() < rest.len());
    json::success(Page {
        groups: shown
            .iter()
            .map(|(_, listed)| Summary::of(listed))
            .collect(),
        total: selected.len(),
        next: last.map(|(position, _)| position.cursor()),
    })
}

/// The body that tells which groups were deleted, or would be.
#[must_use]
pub fn deletion(query: &Query, selected: &[Listed<'_>]) -> Vec<u8> {
    json::success(Deletion {
        dry_run: query.dry_run,
        deleted: selected.len(),
        series: selected.iter().map(|listed| series(&listed.group)).sum(),
        groups: selected
            .iter()
            .map(|listed| listed.group.labels.iter().copied().collect())
            .collect(),
    })
}

/// The body that says what is wrong with a query.
#[must_use]
pub fn bad_query(error: &QueryError) -> Vec<u8> {
    json::failure("bad_data", &error.to_string())
}

#[derive(Serialize)]
struct Page<'a> {
    groups: Vec<Summary<'a>>,
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct Deletion<'a> {
    dry_run: bool,
    deleted: usize,
    series: usize,
    groups: Vec<BTreeMap<&'a str, &'a str>>,
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
        let time = |time: Option<Nanos>| time.map(seconds);
        Self {
            id: listed.id,
            labels: group.labels.iter().copied().collect(),
            push_time: time(group.push_time),
            failure_time: time(group.failure_time),
            failure_reason: listed.failure_reason,
            expiry_time: time(group.expires),
            last_push_successful: !has_failed(group),
            forward_failure_time: listed.forward_failure.map(|(time, _)| seconds(time)),
            forward_failure_reason: listed.forward_failure.map(|(_, reason)| reason),
            families: group.families.len(),
            series: series(group),
            bytes: listed.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(
        job: &'static str,
        instance: &'static str,
        push_time: Option<Nanos>,
    ) -> Listed<'static> {
        let group = Group {
            labels: vec![("instance", instance), ("job", job)],
            push_time,
            failure_time: (job == "b").then_some(9_500_000_000),
            expires: push_time.map(|time| time + 7_000_000_000),
            families: Vec::new(),
        };
        let failure_reason = group.failure_time.map(|_| "two\nlines");
        Listed {
            id: instance,
            group,
            failure_reason,
            forward_failure: (job == "c").then_some((2_500_000_000, "away")),
            bytes: instance.len(),
        }
    }

    fn groups() -> Vec<Listed<'static>> {
        vec![
            listed("a", "i1", Some(3_000_000_000)),
            listed("a", "i20", Some(1_000_000_000)),
            listed("b", "i3", None),
            listed("c", "i4", Some(1_000_000_000)),
        ]
    }

    /// Some time after the last push.
    const NOW: Nanos = 4_000_000_000;

    /// The ids of the groups on a page, and its cursor.
    fn asked(query: &str) -> (Vec<String>, usize, Option<String>) {
        let query = Query::parse(query).expect(query);
        let body: serde_json::Value =
            serde_json::from_slice(&page(&query, &query.select(groups(), NOW))).expect("JSON");
        assert_eq!(body["status"], "success");
        let data = &body["data"];
        let ids = data["groups"].as_array().expect("a list").iter();
        (
            ids.map(|group| group["id"].as_str().expect("an id").to_owned())
                .collect(),
            usize::try_from(data["total"].as_u64().expect("a number")).expect("small"),
            data["next"].as_str().map(str::to_owned),
        )
    }

    #[test]
    fn groups_are_selected_and_sorted() {
        let cases: [(&str, &[&str]); 15] = [
            ("", &["i1", "i20", "i3", "i4"]),
            ("order=desc", &["i4", "i3", "i20", "i1"]),
            ("match[]=%7Bjob%3D%22a%22%7D", &["i1", "i20"]),
            (
                "match[]=job=%22a%22&match[]=job=%22c%22",
                &["i1", "i20", "i4"],
            ),
            ("match[]=job=~%22a|b%22,instance!=%22i1%22", &["i20", "i3"]),
            ("search=I2", &["i20"]),
            ("search=INST", &["i1", "i20", "i3", "i4"]),
            ("failed=true", &["i3"]),
            ("older_than=1s", &["i20", "i3", "i4"]),
            ("older_than=3s", &["i3"]),
            ("sort=push_time", &["i3", "i20", "i4", "i1"]),
            ("sort=expiry_time", &["i20", "i4", "i1", "i3"]),
            ("expires_within=4s500ms", &["i20", "i4"]),
            ("sort=bytes&order=desc", &["i20", "i4", "i3", "i1"]),
            ("unknown=1&limit=2", &["i1", "i20"]),
        ];
        for (query, want) in cases {
            assert_eq!(asked(query).0, want, "{query}");
        }
    }

    #[test]
    fn pages_follow_one_another() {
        for sort in ["labels", "push_time", "expiry_time", "bytes"] {
            for order in ["asc", "desc"] {
                let all = asked(&format!("sort={sort}&order={order}"));
                assert_eq!((all.1, all.2), (4, None));
                let mut got = Vec::new();
                let mut cursor = String::new();
                loop {
                    let after = if cursor.is_empty() {
                        String::new()
                    } else {
                        format!("&cursor={cursor}")
                    };
                    let (ids, total, next) =
                        asked(&format!("sort={sort}&order={order}&limit=1{after}"));
                    assert_eq!((ids.len(), total), (1, 4));
                    got.extend(ids);
                    match next {
                        Some(next) => cursor = next,
                        None => break,
                    }
                }
                assert_eq!(got, all.0, "{sort} {order}");
            }
        }
    }

    #[test]
    fn a_group_is_told_in_full() {
        let query = Query::parse("failed").expect("valid");
        let body = page(&query, &query.select(groups(), NOW));
        assert_eq!(
            String::from_utf8_lossy(&body),
            r#"{"status":"success","data":{"groups":[{"id":"i3","labels":{"instance":"i3","job":"b"},"push_time":null,"failure_time":9.5,"failure_reason":"two\nlines","expiry_time":null,"last_push_successful":false,"families":0,"series":0,"bytes":2}],"total":1}}"#
        );
        let query = Query::parse("match[]=job=%22c%22").expect("valid");
        let body = page(&query, &query.select(groups(), NOW));
        let told = r#""forward_failure_time":2.5,"forward_failure_reason":"away""#;
        assert!(String::from_utf8_lossy(&body).contains(told));
    }

    #[test]
    fn queries_that_make_no_sense_are_refused() {
        let cases = [
            (
                "match[]=",
                "invalid parameter match[]: selector has no matcher",
            ),
            (
                "match[]=%7B%7D",
                "invalid parameter match[]: selector has no matcher",
            ),
            (
                "sort=size",
                "invalid parameter sort: expected labels, push_time, failure_time, expiry_time, families, series or bytes",
            ),
            ("order=up", "invalid parameter order: expected asc or desc"),
            (
                "limit=0",
                "invalid parameter limit: expected a number of groups from 1 to 10000",
            ),
            (
                "limit=10001",
                "invalid parameter limit: expected a number of groups from 1 to 10000",
            ),
            (
                "cursor=x",
                "invalid parameter cursor: expected what the page before has as next",
            ),
            (
                "older_than=2",
                "invalid parameter older_than: expected a duration such as 36h",
            ),
            (
                "dry_run=maybe",
                "invalid parameter dry_run: expected true or false",
            ),
        ];
        for (query, want) in cases {
            assert_eq!(
                Query::parse(query)
                    .map(|_| ())
                    .map_err(|error| error.to_string()),
                Err(want.to_owned())
            );
        }
        let everything = Query::parse("dry_run=true").and_then(Query::for_deletion);
        assert_eq!(everything.map(|_| ()), Err(QueryError::NoSelector));
    }

    #[test]
    fn a_deletion_tells_what_goes() {
        let query = Query::parse("match[]=job=%22a%22&dry_run=true")
            .and_then(Query::for_deletion)
            .expect("valid");
        assert!(query.is_dry_run());
        assert_eq!(
            String::from_utf8_lossy(&deletion(&query, &query.select(groups(), NOW))),
            r#"{"status":"success","data":{"dry_run":true,"deleted":2,"series":0,"groups":[{"instance":"i1","job":"a"},{"instance":"i20","job":"a"}]}}"#
        );
    }
}
