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
//!
//! What has an end is hidden from it on, by the clock of whoever looks, and so is what it replaced.

use super::order::{self, Step, has_order};
use super::{ABSENT, Change, FAMILIES, Group, Kind, Look, Pushed, View};

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
            let after: Vec<_> = self.after.iter().map(|look| look.seen).collect();
            return Err(format!("no order explains {after:?}"));
        }
        if !self.is_failure_explained() {
            return Err("no order explains whether the group has a failed push".to_owned());
        }
        for look in &self.looks {
            self.check_whole(look)?;
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

    /// What may be there in the end, what has expired included, if the history is [explained](Self::check).
    pub(crate) fn left(&self) -> Vec<Group> {
        let (begin, steps) = self.explanation();
        let failed = self.after.last().is_some_and(|look| look.seen.failed);
        let ends = order::ends(&begin, &steps).into_iter();
        ends.map(|group| Group { failed, ..group }).collect()
    }

    fn is_explained(&self) -> bool {
        let (begin, steps) = self.explanation();
        has_order(&begin, &steps)
    }

    /// Where an explanation begins, and what it has to put in order. Failures are a matter of their own.
    fn explanation(&self) -> (Vec<Group>, Vec<Step<'_, Group>>) {
        let without_failure = |group: Group| Group {
            failed: false,
            ..group
        };
        let begin = self.before.iter().copied().map(without_failure).collect();
        let steps = self.steps(move |change, group| without_failure(apply(change, group)));
        let looks = |look: &Look, group: &Group| self.may_show_group(look, group);
        (begin, self.ending(steps, looks))
    }

    fn is_failure_explained(&self) -> bool {
        let steps = self.steps(|change, failed| match change.kind {
            Kind::Reject => true,
            Kind::Delete => false,
            Kind::Put | Kind::Post => failed,
        });
        let begin: Vec<_> = self.before.iter().map(|group| group.failed).collect();
        let looks = |look: &Look, failed: &bool| look.seen.failed == *failed;
        has_order(&begin, &self.ending(steps, looks))
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
                    Kind::Post if seen == ABSENT && change.families.has(family) => {
                        self.may_be_over(look, change.number)
                    }
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
                    apply: Box::new(move |pushed| {
                        self.may_show(look, pushed, seen).then_some(pushed)
                    }),
                });
            }
        }
        let of_family = |group: &Group| group.families[family];
        let begin: Vec<_> = self.before.iter().map(of_family).collect();
        let looks = move |look: &Look, pushed: &Pushed| {
            self.may_show(look, *pushed, look.seen.families[family])
        };
        has_order(&begin, &self.ending(steps, looks))
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

    fn check_whole(&self, look: &Look) -> Result<(), String> {
        let seen = &look.seen;
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
                    None => other != ABSENT || !self.removed_since(push, family, look),
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

    /// Whether something that does away with the family may have come after the push, as this scrape sees it.
    fn removed_since(&self, push: &Change, family: usize, look: &Look) -> bool {
        self.changes.iter().any(|other| {
            let is_over = other.number != push.number
                && other.families.has(family)
                && self.may_be_over(look, other.number);
            let removes = match other.kind {
                Kind::Delete => true,
                Kind::Put => !other.families.has(family) || is_over,
                Kind::Post => is_over,
                Kind::Reject => false,
            };
            removes && !other.is_before(push)
        })
    }

    /// With what is seen at the end, which the state must fit.
    fn ending<'s, S: Copy + 's>(
        &'s self,
        mut steps: Vec<Step<'s, S>>,
        fits: impl Fn(&Look, &S) -> bool + Copy + 's,
    ) -> Vec<Step<'s, S>> {
        steps.extend(self.after.iter().map(|look| Step {
            began: u64::MAX - 1,
            answered: u64::MAX - 1,
            is_optional: false,
            apply: Box::new(move |state| fits(look, &state).then_some(state)),
        }));
        steps
    }
}
