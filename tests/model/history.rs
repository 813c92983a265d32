//! What happened in a run, as seen from outside.

use super::promises::{Group, Pushed};
use super::scenario::{GROUPS, Request, Scenario};
use super::schedule::Turn;
use super::store::Span;

/// The family was there before the run.
pub(crate) const BEFORE: Pushed = 1;

/// The number of the first operation of a run.
pub(crate) const FIRST: Pushed = 2;

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was answered as it should be.
    Done,
    /// It was answered with an error of the store, or its process died.
    Unknown,
}

/// An operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) number: Pushed,
    pub(crate) request: Request,
    /// The step in which it began.
    pub(crate) began: u64,
    /// The step in which it was answered.
    pub(crate) answered: u64,
    /// The step in which it was over: scrapes go on after their answer.
    pub(crate) over: u64,
    pub(crate) outcome: Outcome,
    /// What a scrape saw of each group.
    pub(crate) seen: [Group; GROUPS],
    pub(crate) span: Span,
}

impl Operation {
    pub(crate) fn is_done(&self) -> bool {
        self.outcome == Outcome::Done
    }
}

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) scenario: Scenario,
    pub(crate) before: [Group; GROUPS],
    /// In the order of their numbers.
    pub(crate) operations: Vec<Operation>,
    /// What scrapes saw when all was over, one after the other.
    pub(crate) after: Vec<[Group; GROUPS]>,
    pub(crate) schedule: Vec<Turn>,
    pub(crate) trace: Vec<String>,
}
