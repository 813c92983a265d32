//! A group in full: its families, how to push to it and delete it, and its part of the exposition.

use maud::{Markup, html};

use super::Context;
use super::address;
use super::family;
use super::words::{count, counted, end, exact, size, time};
use crate::api::groups::Listed;
use crate::exposition::text::write_family_header;
use crate::groups::fold::Group;
use crate::groups::key::{JOB, job_first};

/// How many families are shown. The exposition has the rest.
const MAX_FAMILIES: usize = 50;

/// How much of the exposition is shown, in bytes.
const MAX_EXPOSITION: usize = 64 << 10;

/// Labels as badges, the job first.
pub(super) fn badges(labels: &[(&str, &str)]) -> Markup {
    html! {
        @for (name, value) in job_first(labels) {
            span.badge.job[name == JOB] { b { (name) "=" } (value) }
        }
    }
}

/// The button that deletes a group. It names the group to those who hear it.
pub(super) fn delete_button(context: &Context<'_>, group: &Group<'_>) -> Markup {
    let labels = &group.labels;
    let pairs = job_first(labels).map(|(name, value)| format!("{name}={value}"));
    let name = pairs.collect::<Vec<_>>().join(", ");
    html! {
        button.delete data-path=(address::path(labels, context.config.names)) data-series=(group.series_count()) aria-label={"Delete group " (name)} { "Delete" }
    }
}

/// Everything about a group.
pub(super) fn detail(context: &Context<'_>, listed: &Listed<'_>) -> Markup {
    let group = &listed.group;
    let hidden = group.families.len().saturating_sub(MAX_FAMILIES);
    html! {
        div.group {
            dl.facts {
                div { dt { "Last push" } dd { (time(group.push_time, context.now)) @if let Some(at) = group.push_time { span.quiet { (exact(at)) } } } }
                div { dt { "Last rejected push" } dd { (time(group.failure_time, context.now)) @if let Some(at) = group.failure_time { span.quiet { (exact(at)) } } } }
                @if let Some(at) = group.expires {
                    div { dt { "Expires" } dd { (end(group.expires, context.now)) span.quiet { (exact(at)) } } }
                }
                div { dt { "Holds" } dd { (counted(group.series_count(), "series", "series")) " in " (counted(group.families.len(), "family", "families")) ", " (size(listed.bytes)) } }
                div { dt { "Link" } dd { a href={(context.tab.root()) "group/" (listed.id)} { "This group" } } }
            }
            @if let Some(reason) = listed.failure_reason {
                p.reason.bad[group.has_failed()] { b { "Rejected: " } (reason) }
            }
            @if let Some((at, reason)) = listed.forward_failure {
                p.reason.bad { b { "Not forwarded: " } (reason) span.quiet { " " (exact(at)) } }
            }
            @for family in group.families.iter().take(MAX_FAMILIES) { (family::render(context, &group.labels, family)) }
            @if hidden > 0 { p.quiet { (counted(hidden, "more family", "more families")) " in the exposition." } }
            @if group.families.is_empty() { p.quiet { "This group has no metrics." } }
            (commands(context, &group.labels))
            (exposition(listed))
        }
    }
}

fn commands(context: &Context<'_>, labels: &[(&str, &str)]) -> Markup {
    let path = address::path(labels, context.config.names);
    let url = html! { span.origin { (context.origin) } (path) };
    html! {
        details {
            summary { "Commands" }
            pre tabindex="0" { code {
                "# replace metrics of the same names (PUT in place of POST: replace all)\n"
                "echo \"some_metric 3.14\" | curl -X POST --data-binary @- '" (url) "'\n\n"
                "# delete this group\n"
                "curl -X DELETE '" (url) "'"
            } }
        }
    }
}

fn exposition(listed: &Listed<'_>) -> Markup {
    let mut text = String::new();
    let mut left_out = 0;
    for family in &listed.group.families {
        if text.len() + family.text.len() > MAX_EXPOSITION {
            left_out += 1;
            continue;
        }
        write_family_header(&mut text, family.name, family.help, family.metric_type);
        text.push_str(&String::from_utf8_lossy(family.text));
    }
    html! {
        details {
            summary { "Exposition" }
            pre tabindex="0" { code { (text) @if left_out > 0 { "# left out here: " (counted(left_out, "family", "families")) ", for length" } } }
        }
    }
}

/// How many there are more than are shown.
pub(super) fn more(all: usize, shown: usize) -> Markup {
    html! { @if all > shown { p.quiet { (count(all - shown)) " more in the exposition." } } }
}
