//! The groups of one store from epoch to epoch.

use std::sync::atomic::AtomicU32;

use crate::delivery::Delivery;
use crate::epoch;
use crate::group::Group;
use crate::hosts::Hosts;
use crate::plan::{GROUPS, Plan, Trouble};
use crate::record::Stopwatch;
use crate::report::{Totals, Violation};
use crate::requests::Sender;
use crate::support::receiver::Behaviour;

/// The groups of a store, and what counts its requests.
#[derive(Debug)]
pub(crate) struct Groups {
    stopwatch: Stopwatch,
    numbers: AtomicU32,
    groups: [Group; GROUPS],
    delivery: Delivery,
}

impl Default for Groups {
    fn default() -> Self {
        Self {
            stopwatch: Stopwatch::start(),
            numbers: AtomicU32::new(0),
            groups: Default::default(),
            delivery: Delivery::default(),
        }
    }
}

impl Groups {
    /// Runs an epoch and judges it.
    pub(crate) fn run(
        &mut self,
        hosts: &Hosts,
        plan: &Plan,
        totals: &mut Totals,
    ) -> Result<(), Violation> {
        let sender = Sender {
            hosts,
            stopwatch: self.stopwatch,
            numbers: &self.numbers,
        };
        let mut random = fastrand::Rng::with_seed(plan.seed);
        if plan.leaps {
            hosts.leap();
            self.groups.iter_mut().for_each(Group::leap);
        }
        set_up(&mut self.groups, &sender, plan, &mut random)?;
        let outcome = epoch::run(&sender, plan);
        if let Some(problem) = outcome.problems.first() {
            return Err(Violation::from(problem.clone()));
        }
        if hosts.receiver().is_some() {
            hosts.make(Trouble::Receiver(Behaviour::Answers(204)));
            for (number, group) in self.groups.iter_mut().enumerate() {
                group.push_again(&sender, number, &mut random)?;
            }
        }
        let after = epoch::rest(&sender, &mut random)?;
        let faults = hosts.take_faults();
        totals.add(plan, &outcome, faults);
        for (number, (group, plan)) in self.groups.iter_mut().zip(&plan.groups).enumerate() {
            let after = after.iter().map(|scraped| scraped.look(number)).collect();
            totals.judged(group.judge(number, plan, &outcome, after)?);
        }
        if let (Some(receiver), Some(last)) = (hosts.receiver(), after.last()) {
            let has_failed =
                faults[..2] != [0, 0] || plan.restarts_store() || plan.receiver_fails();
            let due = self.delivery.due(&sender, &self.groups, last);
            let missing = self.delivery.insist(
                &sender,
                receiver,
                &mut self.groups,
                &due,
                has_failed,
                &mut random,
            )?;
            totals.delivered(self.delivery.take_samples(), due.len(), missing);
        }
        Ok(())
    }
}

/// Lets the groups begin as the plan says.
fn set_up(
    groups: &mut [Group; GROUPS],
    sender: &Sender<'_>,
    plan: &Plan,
    random: &mut fastrand::Rng,
) -> Result<(), Violation> {
    let mut filled = Vec::new();
    for (number, (group, plan)) in groups.iter_mut().zip(&plan.groups).enumerate() {
        group.set_up(sender, number, plan, random)?;
        if group.is_filled_anew() {
            filled.push(number);
        }
    }
    if !filled.is_empty() {
        let seen = epoch::rest(sender, random)?;
        for number in filled {
            let last = seen.last().map(|scraped| scraped.seen[number]);
            groups[number].look(last.unwrap_or_default());
        }
    }
    Ok(())
}
