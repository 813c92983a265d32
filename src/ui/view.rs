//! What a page shows: the state that stands in its URL, so that a view can be shared and reloaded.

use form_urlencoded::Serializer;

use crate::duration;
use crate::groups::key::{GroupId, JOB};

/// How many groups can be open at once.
const MAX_OPEN: usize = 10;

/// What a column is called in the API and in the page.
pub(super) const COLUMNS: [(&str, &str); 7] = [
    ("labels", "Group"),
    ("push_time", "Last push"),
    ("failure_time", "Result"),
    ("families", "Families"),
    ("series", "Series"),
    ("bytes", "Size"),
    ("expiry_time", "Expires"),
];

/// Which of [`COLUMNS`] is there only where something expires.
pub(super) const EXPIRY: usize = 6;

/// What of the groups is shown, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// The text to look for.
    pub(super) search: String,
    /// The only job, unless empty.
    pub(super) job: String,
    /// Whether only groups are shown whose last push was rejected.
    pub(super) failed: bool,
    /// Only groups are shown that were not pushed for so long, unless empty.
    pub(super) older_than: String,
    /// Only groups are shown that expire within this time, unless empty.
    pub(super) expires_within: String,
    /// By which of [`COLUMNS`] groups are sorted.
    pub(super) column: usize,
    /// Whether the largest comes first.
    pub(super) descending: bool,
    /// The page, from 0 on.
    pub(super) page: usize,
    /// The ids of the groups that are open.
    pub(super) open: Vec<String>,
}

impl View {
    /// Reads the query of a URL. What makes no sense is ignored: people edit URLs.
    pub(super) fn parse(query: &str) -> Self {
        let mut view = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "search" => view.search = value.into_owned(),
                "job" => view.job = value.into_owned(),
                "failed" => view.failed = value == "true",
                "older_than" if duration::parse(&value).is_some() => {
                    view.older_than = value.into_owned();
                }
                "expires_within" if duration::parse(&value).is_some() => {
                    view.expires_within = value.into_owned();
                }
                "sort" => view.column = column(&value),
                "order" => view.descending = value == "desc",
                "page" => view.page = value.parse::<usize>().unwrap_or(1).saturating_sub(1),
                "open" if view.open.len() < MAX_OPEN && GroupId::parse(&value).is_some() => {
                    view.open.push(value.into_owned());
                }
                _ => {}
            }
        }
        view
    }

    /// The link to this view, without what is as it is by default.
    pub(super) fn href(&self) -> String {
        let mut query = Serializer::new(String::new());
        self.write_filters(&mut query);
        if !self.job.is_empty() {
            query.append_pair("job", &self.job);
        }
        if self.column > 0 {
            query.append_pair("sort", self.sort());
        }
        if self.descending {
            query.append_pair("order", "desc");
        }
        if self.page > 0 {
            query.append_pair("page", &(self.page + 1).to_string());
        }
        for id in &self.open {
            query.append_pair("open", id);
        }
        let query = query.finish();
        if query.is_empty() {
            String::from("./")
        } else {
            format!("./?{query}")
        }
    }

    /// The same as a query of `/api/v1/groups`, which for a deletion must say that it means all groups.
    pub(super) fn api_query(&self) -> String {
        let mut query = Serializer::new(String::new());
        let selector = if self.job.is_empty() {
            format!("{{{JOB}!=\"\"}}")
        } else {
            let value = self.job.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{{{JOB}=\"{}\"}}", value.replace('\n', "\\n"))
        };
        query.append_pair("match[]", &selector);
        self.write_filters(&mut query);
        query.append_pair("sort", self.sort());
        query.append_pair("order", if self.descending { "desc" } else { "asc" });
        query.finish()
    }

    fn write_filters(&self, query: &mut Serializer<'_, String>) {
        if !self.search.is_empty() {
            query.append_pair("search", &self.search);
        }
        if self.failed {
            query.append_pair("failed", "true");
        }
        if !self.older_than.is_empty() {
            query.append_pair("older_than", &self.older_than);
        }
        if !self.expires_within.is_empty() {
            query.append_pair("expires_within", &self.expires_within);
        }
    }

    fn sort(&self) -> &'static str {
        COLUMNS.get(self.column).map_or("labels", |(name, _)| name)
    }

    /// Whether groups are left out.
    pub(super) fn is_filtered(&self) -> bool {
        self.failed
            || ![
                &self.search,
                &self.job,
                &self.older_than,
                &self.expires_within,
            ]
            .iter()
            .all(|text| text.is_empty())
    }

    /// Another page.
    pub(super) fn at_page(&self, page: usize) -> Self {
        Self {
            page,
            ..self.clone()
        }
    }

    /// Sorted by a column: by another one from its usual end, by the same one from its other end.
    pub(super) fn sorted_by(&self, column: usize) -> Self {
        let descending = if self.column == column {
            !self.descending
        } else {
            // Counts and failures from the largest on, labels and other times from the smallest.
            column > 1 && column != EXPIRY
        };
        Self {
            column,
            descending,
            page: 0,
            ..self.clone()
        }
    }

    /// With a group open that is closed, or the other way round.
    pub(super) fn toggled(&self, id: &str) -> Self {
        let mut view = self.clone();
        if view.is_open(id) {
            view.open.retain(|open| open != id);
        } else {
            view.open.push(id.to_owned());
            view.open.truncate(MAX_OPEN);
        }
        view
    }

    /// Whether a group is open.
    pub(super) fn is_open(&self, id: &str) -> bool {
        self.open.iter().any(|open| open == id)
    }
}

fn column(name: &str) -> usize {
    COLUMNS
        .iter()
        .position(|(column, _)| *column == name)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::groups::Query;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_view_survives_its_own_link() {
        let cases = [
            ("", "./"),
            ("search=a%26b&failed=true", "./?search=a%26b&failed=true"),
            (
                "sort=series&order=desc&page=3",
                "./?sort=series&order=desc&page=3",
            ),
            ("older_than=1d&job=%3Ci%3E", "./?older_than=1d&job=%3Ci%3E"),
            (
                "expires_within=1h&sort=expiry_time",
                "./?expires_within=1h&sort=expiry_time",
            ),
            (
                "open=0123456789abcdef0123456789abcdef0123456789abcdef",
                "./?open=0123456789abcdef0123456789abcdef0123456789abcdef",
            ),
            // What makes no sense.
            (
                "search=&job=&failed=no&older_than=x&sort=x&order=x&page=0&open=%3Ci%3E&x",
                "./",
            ),
            ("page=-1", "./"),
        ];
        for (query, want) in cases {
            let view = View::parse(query);
            let href = view.href();
            assert_eq!(href, want, "{query}");
            let again = href.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(View::parse(again), view);
        }
    }

    #[test]
    fn every_view_is_a_query_of_the_api() {
        for query in [
            "",
            "search=%22%7D&failed=true&older_than=1d12h&expires_within=1h&sort=bytes&order=desc",
            "job=a%22%5C%0A%7D%2Cb%3D%22c&page=7",
        ] {
            let api = View::parse(query).api_query();
            let parsed = Query::parse(&api).and_then(Query::for_deletion);
            assert!(parsed.is_ok(), "{api}: {parsed:?}");
        }
        assert!(
            COLUMNS
                .iter()
                .all(|(name, _)| Query::parse(&format!("sort={name}")).is_ok())
        );
    }

    #[test]
    fn sorting_turns_round_and_opening_closes() {
        let view = View::parse("page=2");
        let series = view.sorted_by(4);
        assert_eq!(
            (series.sort(), series.descending, series.page),
            ("series", true, 0)
        );
        assert!(!series.sorted_by(4).descending);
        assert!(!series.sorted_by(1).descending);
        let open = view.toggled(ID);
        assert!(open.is_open(ID));
        assert_eq!(open.toggled(ID), view);
    }

    #[test]
    fn no_more_groups_are_open_than_a_page_can_bear() {
        let query: Vec<String> = (0..50).map(|at| format!("open={at:048x}")).collect();
        let view = View::parse(&query.join("&"));
        assert_eq!(view.open.len(), MAX_OPEN);
        assert_eq!(view.toggled(ID).open.len(), MAX_OPEN);
    }
}
