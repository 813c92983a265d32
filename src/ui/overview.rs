//! The figures at the top: how much there is, how old it is, and what is large.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::chart::{meter, scaled};
use super::group::badges;
use super::view::View;
use super::words::{age, count, counted, size, time};
use crate::api::groups::Listed;
use crate::duration::Nanos;
use crate::groups::entry::UnixNanos;
use crate::groups::key::JOB;

/// Ages that groups are counted by: at least so many seconds, which is how the API and how people write it.
const AGES: [(u64, &str, &str); 9] = [
    (0, "", "<1m"),
    (60, "1m", "1m"),
    (300, "5m", "5m"),
    (900, "15m", "15m"),
    (3_600, "1h", "1h"),
    (21_600, "6h", "6h"),
    (86_400, "1d", "1d"),
    (604_800, "1w", "1w"),
    (2_592_000, "30d", "30d"),
];

/// From which of [`AGES`] on a group stands out as stale.
const STALE: usize = 6;

/// A group that expires within this time is counted as expiring soon: in words, and in nanoseconds.
const SOON: (&str, Nanos) = ("1h", 3_600_000_000_000);

/// How many of the largest groups are shown.
const LARGEST: usize = 5;

/// What all groups have together.
#[derive(Debug, Default)]
pub(super) struct Overview<'l, 'a> {
    groups: usize,
    families: BTreeSet<&'a str>,
    series: usize,
    bytes: usize,
    failed: usize,
    /// Groups that expire at some time, and those of them that do soon.
    expiring: usize,
    expiring_soon: usize,
    /// Groups that have expired and are still in the store.
    expired: usize,
    latest: Option<UnixNanos>,
    /// How many groups there are of each of [`AGES`], and never pushed.
    ages: [usize; AGES.len() + 1],
    /// The largest groups, with their series.
    largest: Vec<(usize, &'l Listed<'a>)>,
    /// The jobs and how many groups they have.
    pub(super) jobs: BTreeMap<&'a str, usize>,
}

impl<'l, 'a> Overview<'l, 'a> {
    /// The overview of these groups at this time, beside which there are so many expired ones in the store.
    pub(super) fn of(listed: &'l [Listed<'a>], expired: usize, now: UnixNanos) -> Self {
        let mut overview = Self {
            groups: listed.len(),
            expired,
            ..Self::default()
        };
        for one in listed {
            overview.add(one, now);
        }
        overview
    }

    fn add(&mut self, one: &'l Listed<'a>, now: UnixNanos) {
        let group = &one.group;
        let many = group.series_count();
        self.families
            .extend(group.families.iter().map(|family| family.name));
        self.series += many;
        self.bytes += one.bytes;
        self.failed += usize::from(group.has_failed());
        self.expiring += usize::from(group.expires.is_some());
        let soon = now.saturating_add(SOON.1);
        let ends_soon = group.expires.is_some_and(|expires| expires <= soon);
        self.expiring_soon += usize::from(ends_soon);
        self.latest = self.latest.max(group.push_time);
        let age = group
            .push_time
            .map(|time| now.saturating_sub(time) / 1_000_000_000);
        let bin = age.map_or(AGES.len(), |age| {
            AGES.partition_point(|(from, ..)| *from <= age) - 1
        });
        if let Some(groups) = self.ages.get_mut(bin) {
            *groups += 1;
        }
        if let Some((_, job)) = group.labels.iter().find(|(name, _)| *name == JOB) {
            *self.jobs.entry(job).or_default() += 1;
        }
        let place = self.largest.partition_point(|(other, _)| *other >= many);
        if place < LARGEST {
            self.largest.insert(place, (many, one));
            self.largest.truncate(LARGEST);
        }
    }

    /// Whether there is something that expires.
    pub(super) fn shows_expiry(&self) -> bool {
        self.expiring > 0
    }

    /// The overview as a part of a page that shows this view.
    pub(super) fn render(&self, view: &View, now: UnixNanos) -> Markup {
        html! {
            section #overview aria-label="Overview" {
                dl.figures {
                    (figure("Groups", html! { (count(self.groups)) }))
                    (figure("Families", html! { (count(self.families.len())) }))
                    (figure("Series", html! { (count(self.series)) }))
                    (figure("Stored", html! { (size(self.bytes)) }))
                    (figure("Last push", time(self.latest, now)))
                    (figure("Failing", html! {
                        @if self.failed == 0 { "0" } @else {
                            a.bad href=(View { failed: true, ..View::default() }.href()) { (count(self.failed)) }
                        }
                    }))
                    @if self.expiring + self.expired > 0 { (figure("Expiring within 1h", self.render_expiry())) }
                }
                div.plots {
                    (self.render_ages(view))
                    (self.render_largest(now))
                }
            }
        }
    }

    fn render_expiry(&self) -> Markup {
        let here = View {
            expires_within: SOON.0.to_owned(),
            ..View::default()
        };
        html! {
            @if self.expiring_soon == 0 { "0" } @else {
                a.warn href=(here.href()) { (count(self.expiring_soon)) }
            }
            @if self.expired > 0 {
                " " span.quiet title="No longer shown, not yet removed from the store" { (count(self.expired)) " expired" }
            }
        }
    }

    fn render_ages(&self, view: &View) -> Markup {
        let highest = self.ages.iter().copied().max().unwrap_or_default();
        let stale: usize = self.ages.iter().skip(STALE).sum();
        html! {
            figure.ages {
                figcaption {
                    "Age of the last push"
                    @if stale > 0 {
                        " " a.warn href=(View { older_than: "1d".to_owned(), ..View::default() }.href()) { (count(stale)) " older than a day" }
                    }
                }
                ol {
                    @for (at, groups) in self.ages.iter().enumerate() {
                        @let (older_than, name) = AGES.get(at).map_or(("", "never"), |(_, older_than, name)| (*older_than, *name));
                        @let tall = scaled(approximately(*groups), approximately(highest));
                        li.stale[at >= STALE] {
                            span.n aria-hidden="true" { (count(*groups)) }
                            svg viewBox="0 0 10 100" preserveAspectRatio="none" aria-hidden="true" {
                                rect width="10" height="100" {}
                                rect.bar y=(100 - tall) width="10" height=(tall) {}
                            }
                            @let about = format!("{}, last push {}", counted(*groups, "group", "groups"), words(name));
                            @if older_than.is_empty() {
                                span title=(about) { (name) span.hidden { ": " (count(*groups)) } }
                            } @else {
                                @let here = View { older_than: older_than.to_owned(), ..View::default() };
                                a href=(here.href()) title={(about) ". Show these and older ones"} aria-current=[(view.older_than == older_than).then_some("true")] {
                                    (name) span.hidden { ": " (count(*groups)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn render_largest(&self, now: UnixNanos) -> Markup {
        let most = self.largest.first().map_or(0, |(many, _)| *many);
        html! {
            figure.largest {
                figcaption { "Largest groups by series" }
                ol {
                    @for (many, one) in &self.largest {
                        li {
                            a href={"group/" (one.id)} title={"Last push " (age(one.group.push_time, now))} { (badges(&one.group.labels)) }
                            (meter(*many, most))
                            span.number { (count(*many)) }
                        }
                    }
                    @if self.largest.is_empty() { li.quiet { "Nothing has been pushed yet." } }
                }
            }
        }
    }
}

fn figure(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// The name of a bin of ages in a sentence.
fn words(name: &str) -> String {
    match name {
        "never" => name.to_owned(),
        _ if name.starts_with('<') => "less than 1m ago".to_owned(),
        _ => format!("{name} ago or more"),
    }
}

#[allow(clippy::cast_precision_loss, reason = "for the height of a bar")]
fn approximately(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::fold::Group;

    fn listed(
        id: &'static str,
        job: &'static str,
        push_time: Option<UnixNanos>,
    ) -> Listed<'static> {
        Listed {
            id,
            group: Group {
                labels: vec![("job", job)],
                push_time,
                failure_time: push_time.is_none().then_some(1),
                expires: None,
                families: Vec::new(),
            },
            failure_reason: None,
            forward_failure: None,
            bytes: 1_000,
        }
    }

    #[test]
    fn groups_are_counted_by_age_and_job() {
        let seconds = |seconds: u64| Some(seconds * 1_000_000_000);
        let groups = [
            listed("1", "a", seconds(10_000_000)),
            listed("2", "a", seconds(10_000_000 - 59)),
            listed("3", "b", seconds(10_000_000 - 60)),
            listed("4", "c", seconds(10_000_000 - 86_400)),
            listed("5", "c", seconds(1)),
            listed("6", "c", None),
        ];
        let now = 10_000_000_000_000_000;
        let overview = Overview::of(&groups, 0, now);
        assert_eq!(overview.ages, [2, 1, 0, 0, 0, 0, 1, 0, 1, 1]);
        assert_eq!(
            Vec::from_iter(&overview.jobs),
            [(&"a", &2), (&"b", &1), (&"c", &3)]
        );
        assert_eq!(
            (overview.failed, overview.bytes, overview.largest.len()),
            (1, 6_000, LARGEST)
        );
        let text = overview.render(&View::default(), now).into_string();
        for want in ["3 older than a day", "6.0 kB", "?failed=true", "just now"] {
            assert!(text.contains(want), "{want} in {text}");
        }
        assert!(!text.contains("Expiring"), "{text}");
    }

    #[test]
    fn what_expires_is_counted_where_something_does() {
        let mut groups = [0, 1, 2].map(|_| listed("1", "a", Some(1)));
        let now = 10 * SOON.1;
        groups[0].group.expires = Some(now + SOON.1);
        groups[1].group.expires = Some(now + SOON.1 + 1);
        let overview = Overview::of(&groups, 7, now);
        assert!(overview.shows_expiry());
        let text = overview.render(&View::default(), now).into_string();
        for want in ["?expires_within=1h\">1</a>", "7 expired"] {
            assert!(text.contains(want), "{want} in {text}");
        }
    }

    #[test]
    fn ages_are_durations_of_the_api() {
        for (seconds, older_than, _) in AGES {
            let want = (seconds > 0).then_some(seconds * 1_000_000_000);
            assert_eq!(crate::duration::parse(older_than), want);
        }
    }
}
