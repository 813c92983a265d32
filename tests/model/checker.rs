//! Whether a history keeps the promises: a sequential model of a group, and what scrapes may see of concurrent pushes.
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

use std::collections::HashSet;
use std::hash::Hash;

use super::history::{ABSENT, FIRST, Group, History, Operation, Pushed};
use super::scenario::{Before, FAMILIES, GROUPS, Kind};

/// Says what is wrong with the history.
pub(crate) fn check(history: &History) -> Result<(), String> {
    for group in 0..GROUPS {
        let of_group = |operation: &&Operation| {
            let request = operation.request;
            request.kind.is_scrape() || request.group == group
        };
        let operations: Vec<&Operation> = history.operations.iter().filter(of_group).collect();
        let view = View {
            before: history.before[group],
            changes: operations
                .iter()
                .copied()
                .filter(|one| !one.request.kind.is_scrape())
                .collect(),
            scrapes: operations
                .iter()
                .copied()
                .filter(|one| one.request.kind.is_scrape() && one.is_done())
                .map(|scrape| (scrape.began, scrape.answered, scrape.seen[group]))
                .collect(),
            after: history.after.iter().map(|seen| seen[group]).collect(),
            lags: history.scenario.provider.listings_lag > 0,
            takes_over: history.scenario.before == Before::FullIndex,
        };
        view.check()
            .map_err(|problem| format!("group {group}: {problem}"))?;
    }
    Ok(())
}

/// What concerns one group.
struct View<'a> {
    before: Group,
    changes: Vec<&'a Operation>,
    /// When they began, when they were answered, what they saw.
    scrapes: Vec<(u64, u64, Group)>,
    after: Vec<Group>,
    /// Whether listings lag, so that scrapes do.
    lags: bool,
    /// Whether POSTs take over what others left behind, without a PUT.
    takes_over: bool,
}

/// What an operation does to a group.
fn apply(operation: &Operation, mut group: Group) -> Group {
    match operation.request.kind {
        Kind::Put | Kind::Post => {
            if operation.request.kind == Kind::Put {
                group.families = [ABSENT; FAMILIES];
                group.others = 0;
            }
            for family in operation.request.families.iter() {
                group.families[family] = operation.number;
            }
            group.succeeded = true;
        }
        Kind::Reject => group.failed = true,
        Kind::Delete => group = Group::default(),
        Kind::Scrape | Kind::ScrapeAndTidy => {}
    }
    group
}

/// An operation on a state, and when it took place.
struct Step<'a, S> {
    began: u64,
    answered: u64,
    /// Whether it may be left out.
    is_optional: bool,
    apply: Box<dyn Fn(S) -> Option<S> + 'a>,
}

/// Whether some order of the steps is possible.
fn has_order<S: Copy + Eq + Hash>(begin: S, steps: &[Step<'_, S>]) -> bool {
    let needed: u32 = (0..steps.len())
        .filter(|at| !steps[*at].is_optional)
        .map(|at| 1 << at)
        .sum();
    let mut seen = HashSet::new();
    let mut open = vec![(0_u32, begin)];
    while let Some((done, state)) = open.pop() {
        if done & needed == needed {
            return true;
        }
        if !seen.insert((done, state)) {
            continue;
        }
        let left = || (0..steps.len()).filter(|at| done >> at & 1 == 0);
        let earliest_end = left()
            .filter(|at| !steps[*at].is_optional)
            .map(|at| steps[at].answered)
            .min()
            .unwrap_or(u64::MAX);
        for at in left().filter(|at| steps[*at].began <= earliest_end) {
            if let Some(next) = (steps[at].apply)(state) {
                open.push((done | 1 << at, next));
            }
        }
    }
    false
}

impl View<'_> {
    fn check(&self) -> Result<(), String> {
        if !self.is_explained() {
            return Err(format!("no order explains {:?}", self.after));
        }
        if !self.is_failure_explained() {
            return Err("no order explains whether the group has a failed push".to_owned());
        }
        for (_, _, seen) in &self.scrapes {
            self.check_whole(seen)?;
        }
        if self.lags {
            return Ok(());
        }
        match (0..FAMILIES).find(|family| !self.is_up_to_date(*family)) {
            Some(family) => Err(format!(
                "scrapes saw what no order of the pushes of {} explains",
                super::scenario::name(family)
            )),
            None => Ok(()),
        }
    }

    fn changes<'s, S: 's>(
        &'s self,
        apply: impl Fn(&Operation, S) -> S + Copy + 's,
    ) -> Vec<Step<'s, S>> {
        let step = |operation: &&'s Operation| {
            let operation = *operation;
            Step {
                began: operation.began,
                answered: operation.answered,
                is_optional: !operation.is_done(),
                apply: Box::new(move |state| Some(apply(operation, state))),
            }
        };
        self.changes.iter().map(step).collect()
    }

    fn is_explained(&self) -> bool {
        let without_failure = |group: Group| Group {
            failed: false,
            ..group
        };
        let steps = self.changes(move |operation, group| without_failure(apply(operation, group)));
        let after = self.after.iter().map(|seen| without_failure(*seen));
        has_order(without_failure(self.before), &Self::ending(steps, after))
    }

    fn is_failure_explained(&self) -> bool {
        let steps = self.changes(|operation, failed| match operation.request.kind {
            Kind::Reject => true,
            Kind::Delete => false,
            _ => failed,
        });
        has_order(
            self.before.failed,
            &Self::ending(steps, self.after.iter().map(|seen| seen.failed)),
        )
    }

    /// With what is seen at the end.
    fn ending<'s, S: Eq + 's>(
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

    fn is_up_to_date(&self, family: usize) -> bool {
        let mut steps: Vec<Step<'_, Pushed>> = self.changes(move |operation, pushed| {
            let request = operation.request;
            match request.kind {
                Kind::Put | Kind::Post if request.families.has(family) => operation.number,
                Kind::Put | Kind::Delete => ABSENT,
                _ => pushed,
            }
        });
        for &(began, answered, seen) in &self.scrapes {
            let seen = seen.families[family];
            let is_under_way = self.changes.iter().any(|operation| {
                let shows = match operation.request.kind {
                    Kind::Post => operation.number == seen || self.may_bring_back(operation),
                    Kind::Delete => seen == ABSENT,
                    _ => false,
                };
                shows && operation.began <= answered && began <= operation.answered
            });
            if !is_under_way {
                steps.push(Step {
                    began,
                    answered,
                    is_optional: false,
                    apply: Box::new(move |pushed| (pushed == seen).then_some(pushed)),
                });
            }
        }
        let after = self.after.iter().map(|seen| seen.families[family]);
        has_order(self.before.families[family], &Self::ending(steps, after))
    }

    /// Whether a POST, until it looks again, may show what it took over from entries that a DELETE has ended meanwhile.
    fn may_bring_back(&self, post: &Operation) -> bool {
        let is_met = |other: &&Operation| {
            other.request.kind == Kind::Delete && !other.is_before(post) && !post.is_before(other)
        };
        self.takes_over && self.changes.iter().copied().any(|other| is_met(&other))
    }

    fn operation(&self, number: Pushed) -> Option<&Operation> {
        self.changes
            .iter()
            .copied()
            .find(|operation| operation.number == number)
    }

    fn check_whole(&self, seen: &Group) -> Result<(), String> {
        for push in seen
            .families
            .iter()
            .filter_map(|pushed| self.operation(*pushed))
        {
            for family in push.request.families.iter() {
                let other = seen.families[family];
                let is_older = match self.operation(other) {
                    _ if other == push.number => false,
                    Some(other) => other.is_before(push),
                    // It was there before the run, or it is gone.
                    None => other != ABSENT || !self.removed_since(push, family),
                };
                if is_older {
                    return Err(format!("a scrape saw half of #{}: {seen:?}", push.number));
                }
            }
            let is_older = |other: Pushed| {
                other != ABSENT
                    && (other < FIRST
                        || self
                            .operation(other)
                            .is_some_and(|other| other.is_before(push)))
            };
            if push.request.kind == Kind::Put && seen.families.into_iter().any(is_older) {
                return Err(format!(
                    "a scrape saw #{} beside what it replaced: {seen:?}",
                    push.number
                ));
            }
        }
        Ok(())
    }

    /// Whether something that does away with the family may have come after the push.
    fn removed_since(&self, push: &Operation, family: usize) -> bool {
        self.changes.iter().any(|other| {
            let removes = match other.request.kind {
                Kind::Delete => true,
                Kind::Put => !other.request.families.has(family),
                _ => false,
            };
            removes && !other.is_before(push)
        })
    }
}
