//! Whether a group's history keeps the promises: a sequential model of a group, and what scrapes may see of concurrent
//! pushes.
//!
//! - *Explained.* Some order of the operations, in which one that was answered before another began comes first,
//!   leaves what scrapes see when all is over. Operations without a good answer may be left out of it.
//! - *Up to date.* For each family alone, all scrapes see what some such order explains: nothing is lost, nothing
//!   comes back, and no scrape falls behind an earlier one.
//! - *Whole.* No scrape sees one family of a push and in place of another what was there before that push.
//!
//! A scrape is no snapshot: of two pushes that were both answered while it ran, it may see the later one only. A POST or
//! DELETE that is still under way may be seen by one scrape and not by the next, and so may what such a POST takes over
//! while a DELETE ends it. And whether a group has a failed push is a matter of its own: a DELETE that is under way with
//! several other requests may order the record of a rejected push differently from the rest.

use std::hash::Hash;

use super::order::{Step, has_order};
use super::{ABSENT, Change, FAMILIES, Group, Kind, Pushed, View};

/// What an operation does to a group.
fn apply(change: &Change, mut group: Group) -> Group {
    match change.kind {
        Kind::Put | Kind::Post => {
            if change.kind == Kind::Put {
                group.families = [ABSENT; FAMILIES];
                group.others = 0;
            }
            for family in change.families.iter() {
                group.families[family] = change.number;
            }
            group.succeeded = true;
        }
        Kind::Reject => group.failed = true,
        Kind::Delete => group = Group::default(),
    }
    group
}

impl View {
    /// Says what is wrong with the history.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.is_explained() {
            return Err(format!("no order explains {:?}", self.after));
        }
        if !self.is_failure_explained() {
            return Err("no order explains whether the group has a failed push".to_owned());
        }
        for look in &self.looks {
            self.check_whole(&look.seen)?;
        }
        if self.lags {
            return Ok(());
        }
        match (0..FAMILIES).find(|family| !self.is_up_to_date(*family)) {
            Some(family) => Err(format!(
                "scrapes saw what no order of the pushes of {} explains",
                super::name(family)
            )),
            None => Ok(()),
        }
    }

    fn steps<'s, S: 's>(&'s self, apply: impl Fn(&Change, S) -> S + Copy + 's) -> Vec<Step<'s, S>> {
        let step = |change: &'s Change| Step {
            began: change.began,
            answered: change.answered,
            is_optional: !change.is_done,
            apply: Box::new(move |state| Some(apply(change, state))),
        };
        self.changes.iter().map(step).collect()
    }

    fn is_explained(&self) -> bool {
        let without_failure = |group: Group| Group {
            failed: false,
            ..group
        };
        let steps = self.steps(move |change, group| without_failure(apply(change, group)));
        let after = self.after.iter().map(|seen| without_failure(*seen));
        has_order(without_failure(self.before), &ending(steps, after))
    }

    fn is_failure_explained(&self) -> bool {
        let steps = self.steps(|change, failed| match change.kind {
            Kind::Reject => true,
            Kind::Delete => false,
            Kind::Put | Kind::Post => failed,
        });
        let after = self.after.iter().map(|seen| seen.failed);
        has_order(self.before.failed, &ending(steps, after))
    }

    fn is_up_to_date(&self, family: usize) -> bool {
        let mut steps: Vec<Step<'_, Pushed>> =
            self.steps(move |change, pushed| match change.kind {
                Kind::Put | Kind::Post if change.families.has(family) => change.number,
                Kind::Put | Kind::Delete => ABSENT,
                Kind::Post | Kind::Reject => pushed,
            });
        for look in &self.looks {
            let seen = look.seen.families[family];
            let is_under_way = self.changes.iter().any(|change| {
                let shows = match change.kind {
                    Kind::Post => change.number == seen || self.may_bring_back(change),
                    Kind::Delete => seen == ABSENT,
                    Kind::Put | Kind::Reject => false,
                };
                shows && change.began <= look.answered && look.began <= change.answered
            });
            if !is_under_way {
                steps.push(Step {
                    began: look.began,
                    answered: look.answered,
                    is_optional: false,
                    apply: Box::new(move |pushed| (pushed == seen).then_some(pushed)),
                });
            }
        }
        let after = self.after.iter().map(|seen| seen.families[family]);
        has_order(self.before.families[family], &ending(steps, after))
    }

    /// Whether a POST, until it looks again, may show what it took over from entries that a DELETE has ended meanwhile.
    fn may_bring_back(&self, post: &Change) -> bool {
        let is_met = |other: &Change| {
            other.kind == Kind::Delete && !other.is_before(post) && !post.is_before(other)
        };
        self.takes_over && self.changes.iter().any(is_met)
    }

    fn change(&self, number: Pushed) -> Option<&Change> {
        self.changes.iter().find(|change| change.number == number)
    }

    fn check_whole(&self, seen: &Group) -> Result<(), String> {
        for push in seen
            .families
            .iter()
            .filter_map(|pushed| self.change(*pushed))
        {
            for family in push.families.iter() {
                let other = seen.families[family];
                let is_older = match self.change(other) {
                    _ if other == push.number => false,
                    Some(other) => other.is_before(push),
                    // It was there before the history began, or it is gone.
                    None => other != ABSENT || !self.removed_since(push, family),
                };
                if is_older {
                    return Err(format!("a scrape saw half of #{}: {seen:?}", push.number));
                }
            }
            let is_older = |other: Pushed| {
                other != ABSENT && self.change(other).is_none_or(|other| other.is_before(push))
            };
            if push.kind == Kind::Put && seen.families.into_iter().any(is_older) {
                return Err(format!(
                    "a scrape saw #{} beside what it replaced: {seen:?}",
                    push.number
                ));
            }
        }
        Ok(())
    }

    /// Whether something that does away with the family may have come after the push.
    fn removed_since(&self, push: &Change, family: usize) -> bool {
        self.changes.iter().any(|other| {
            let removes = match other.kind {
                Kind::Delete => true,
                Kind::Put => !other.families.has(family),
                Kind::Post | Kind::Reject => false,
            };
            removes && !other.is_before(push)
        })
    }
}

/// With what is seen at the end.
fn ending<'s, S: Copy + Eq + Hash + 's>(
    mut steps: Vec<Step<'s, S>>,
    after: impl Iterator<Item = S>,
) -> Vec<Step<'s, S>> {
    steps.extend(after.map(|seen| Step {
        began: u64::MAX - 1,
        answered: u64::MAX - 1,
        is_optional: false,
        apply: Box::new(move |state| (state == seen).then_some(state)),
    }));
    steps
}
