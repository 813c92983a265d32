//! The groups of one store from epoch to epoch.

use std::sync::atomic::AtomicU32;

use crate::epoch;
use crate::group::Group;
use crate::hosts::Hosts;
use crate::plan::{GROUPS, Plan};
use crate::record::Stopwatch;
use crate::report::{Totals, Violation};
use crate::requests::Sender;

/// The groups of a store, and what counts its requests.
#[derive(Debug)]
pub(crate) struct Groups {
    stopwatch: Stopwatch,
    numbers: AtomicU32,
    groups: [Group; GROUPS],
}

impl Default for Groups {
    fn default() -> Self {
        Self {
            stopwatch: Stopwatch::start(),
            numbers: AtomicU32::new(0),
            groups: Default::default(),
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
        let mut filled = Vec::new();
        for (number, (group, plan)) in self.groups.iter_mut().zip(&plan.groups).enumerate() {
            group.set_up(&sender, number, plan, &mut random)?;
            if group.is_filled_anew() {
                filled.push(number);
            }
        }
        if !filled.is_empty() {
            let seen = epoch::rest(&sender, &mut random)?;
            for number in filled {
                self.groups[number].look(seen.iter().map(|seen| seen[number]));
            }
        }
        let outcome = epoch::run(&sender, plan);
        if let Some(problem) = outcome.problems.first() {
            return Err(Violation::from(problem.clone()));
        }
        let after = epoch::rest(&sender, &mut random)?;
        totals.add(plan, &outcome, hosts.take_faults());
        for (number, (group, plan)) in self.groups.iter_mut().zip(&plan.groups).enumerate() {
            let after = after.iter().map(|seen| seen[number]).collect();
            totals.judged(group.judge(number, plan, &outcome, after)?);
        }
        Ok(())
    }
}
