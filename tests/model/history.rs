//! What happened in a run, as seen from outside.

use super::scenario::{FAMILIES, GROUPS, Request, Scenario};
use super::schedule::Turn;
use super::store::Span;

/// A number that a family's sample had: the operation that pushed it, [`BEFORE`], or [`ABSENT`].
pub(crate) type Pushed = u16;

/// The family is not there.
pub(crate) const ABSENT: Pushed = 0;

/// The family was there before the run.
pub(crate) const BEFORE: Pushed = 1;

/// The number of the first operation of a run.
pub(crate) const FIRST: Pushed = 2;

/// A group as a scrape shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Group {
    pub(crate) families: [Pushed; FAMILIES],
    /// How many of the families are there that no operation names.
    pub(crate) others: u8,
    /// Whether it says that a push succeeded.
    pub(crate) succeeded: bool,
    /// Whether it says that a push failed.
    pub(crate) failed: bool,
}

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

    /// Whether this was over, whatever became of it, before the other began.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.is_done() && self.answered < other.began
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
