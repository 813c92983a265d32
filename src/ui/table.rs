//! The groups: what to look for, a page of rows, and the way to other pages.

use maud::{Markup, html};

use super::Context;
use super::group;
use super::overview::Overview;
use super::view::{COLUMNS, EXPIRY, View};
use super::words::{count, counted, end, size, time};
use crate::api::groups::Listed;
use crate::groups::key::GroupId;

/// How many groups a page has.
pub(super) const ROWS: usize = 25;

/// How many jobs can be chosen from. Of more the search finds the rest.
const MAX_JOBS: usize = 100;

/// The ages to choose from.
const OLDER_THAN: [(&str, &str); 6] = [
    ("", "any time"),
    ("1h", "over 1 hour ago"),
    ("6h", "over 6 hours ago"),
    ("1d", "over 1 day ago"),
    ("1w", "over 1 week ago"),
    ("30d", "over 30 days ago"),
];

/// The groups as a part of the page. `sorted` are all that the view selects, whatever its page.
pub(super) fn render(
    context: &Context<'_>,
    view: &View,
    overview: &Overview<'_, '_>,
    sorted: &[&Listed<'_>],
) -> Markup {
    let pages = sorted.len().div_ceil(ROWS).max(1);
    let view = view.at_page(view.page.min(pages - 1));
    let first = view.page * ROWS;
    let rows = sorted.get(first..).unwrap_or_default();
    let rows = rows.get(..ROWS).unwrap_or(rows);
    let columns = if overview.shows_expiry() || view.column == EXPIRY {
        COLUMNS.len()
    } else {
        EXPIRY
    };
    html! {
        section #groups aria-labelledby="groups-title" {
            h2 #groups-title.hidden { "Groups" }
            (toolbar(context, &view, overview, sorted.len()))
            @if sorted.is_empty() {
                (nothing(context, &view))
            } @else {
                table.groups {
                    caption.hidden { "Groups, one a row. Column headers sort, group names open." }
                    thead { tr { @for at in 0..columns { (header(&view, at)) } th { span.hidden { "Actions" } } } }
                    tbody { @for listed in rows { (row(context, &view, columns, listed)) } }
                }
                (pager(&view, pages, first, rows.len(), sorted.len()))
            }
        }
    }
}

fn toolbar(
    context: &Context<'_>,
    view: &View,
    overview: &Overview<'_, '_>,
    selected: usize,
) -> Markup {
    let is_other_age = !OLDER_THAN
        .iter()
        .any(|(value, _)| *value == view.older_than);
    html! {
        form #filter.toolbar role="search" action="./" {
            input #search type="search" name="search" value=(view.search) placeholder="Search labels and metrics" aria-label="Search labels and metric names" autocomplete="off" spellcheck="false";
            select name="job" aria-label="Job" {
                option value="" { "All jobs" }
                @for (job, groups) in overview.jobs.iter().take(MAX_JOBS) {
                    option value=(job) selected[**job == view.job] { (job) " (" (count(*groups)) ")" }
                }
                @if !view.job.is_empty() && !overview.jobs.keys().take(MAX_JOBS).any(|job| **job == view.job) {
                    option value=(view.job) selected { (view.job) }
                }
            }
            select name="older_than" aria-label="Last push" {
                @for (value, name) in OLDER_THAN { option value=(value) selected[value == view.older_than] { "Pushed " (name) } }
                @if is_other_age { option value=(view.older_than) selected { "Pushed over " (view.older_than) " ago" } }
            }
            label.check { input type="checkbox" name="failed" value="true" checked[view.failed]; "Failed" }
            @if !view.expires_within.is_empty() {
                label.check { input type="checkbox" name="expires_within" value=(view.expires_within) checked; "Expiring within " (view.expires_within) }
            }
            @if view.column > 0 { input type="hidden" name="sort" value=(COLUMNS.get(view.column).map_or("", |(name, _)| name)); }
            @if view.descending { input type="hidden" name="order" value="desc"; }
            button.apply { "Apply" }
            @if view.is_filtered() { a.clear href="./" { "Clear" } }
            p.found role="status" { (counted(selected, "group", "groups")) @if view.is_filtered() { " found" } }
            @if context.config.admin_api && selected > 0 {
                button #delete-all.live.danger.text type="button" data-query=(view.api_query()) { "Delete " (if view.is_filtered() { "found" } else { "all" }) "…" }
            }
        }
    }
}

fn nothing(context: &Context<'_>, view: &View) -> Markup {
    html! {
        div.empty {
            @if view.is_filtered() {
                p { "No group matches. " a href="./" { "Show all groups" } }
            } @else {
                p { "Nothing has been pushed yet. Push something:" }
                pre { code { "echo \"some_metric 3.14\" | curl --data-binary @- " (context.origin) "metrics/job/some_job" } }
            }
        }
    }
}

fn header(view: &View, at: usize) -> Markup {
    let title = COLUMNS.get(at).map_or("", |(_, title)| title);
    let sorted = (view.column == at).then_some(if view.descending {
        "descending"
    } else {
        "ascending"
    });
    html! {
        th aria-sort=[sorted] { a href=(view.sorted_by(at).href()) { (title) } }
    }
}

fn row(context: &Context<'_>, view: &View, columns: usize, listed: &Listed<'_>) -> Markup {
    let group = &listed.group;
    let is_open = view.is_open(listed.id);
    let failed = group.has_failed();
    // Enough to tell the rows of a page apart.
    let anchor = listed
        .id
        .get(..GroupId::JOB_DIGITS + 8)
        .unwrap_or(listed.id);
    html! {
        // Cells have no classes: the stylesheet knows them by their place, and pages stay small.
        tr #{"g-" (anchor)} {
            td { a.toggle href={(view.toggled(listed.id).href()) "#g-" (anchor)} aria-expanded=(is_open) { (group::badges(&group.labels)) } }
            td { (time(group.push_time, context.now)) }
            td {
                @if failed {
                    span.bad { "Failed" }
                    span.reason title=[listed.failure_reason] { (listed.failure_reason.unwrap_or_default()) }
                } @else { span.good { "OK" } }
            }
            td { (count(group.families.len())) }
            td { (count(group.series_count())) }
            td { (size(listed.bytes)) }
            @if columns > EXPIRY { td { (end(group.expires, context.now)) } }
            td { (group::delete_button(context, group)) }
        }
        @if is_open {
            tr #{"d-" (anchor)}.detail { td colspan=(columns + 1) { (group::detail(context, listed)) } }
        }
    }
}

fn pager(view: &View, pages: usize, first: usize, rows: usize, selected: usize) -> Markup {
    let link = |page: Option<usize>, name| {
        let href = page.map(|page| view.at_page(page).href());
        html! { a href=[href.as_deref()] aria-disabled=[href.is_none().then_some("true")] { (name) } }
    };
    let last = pages - 1;
    html! {
        nav.pager aria-label="Pages of groups" {
            span { (count(first + 1)) "–" (count(first + rows)) " of " (count(selected)) }
            @if pages > 1 {
                (link((view.page > 0).then_some(0), "First"))
                (link(view.page.checked_sub(1), "Previous"))
                (link((view.page < last).then_some(view.page + 1), "Next"))
                (link((view.page < last).then_some(last), "Last"))
            }
        }
    }
}
