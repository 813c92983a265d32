//! What happened to one group, as seen from outside, and whether it keeps the promises.
//!
//! The model test fills this with what it ran call by call in memory, the soak test with what it sent over HTTP.

// Each test binary compiles this module for itself and uses a part of it.
#![allow(dead_code)]

mod checker;
mod expiry;
mod order;

use std::collections::BTreeMap;

/// The families that operations are about, named `a` to `f`.
pub(crate) const FAMILIES: usize = 6;

/// A number that a family's sample had: the operation that pushed it, or [`ABSENT`].
pub(crate) type Pushed = u32;

/// The family is not there.
pub(crate) const ABSENT: Pushed = 0;

/// A set of families: a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Families(pub(crate) u8);

impl Families {
    pub(crate) fn of(names: &str) -> Self {
        Self(names.bytes().map(|name| 1 << (name - b'a')).sum())
    }

    pub(crate) fn has(self, family: usize) -> bool {
        self.0 >> family & 1 == 1
    }

    /// The places of those in the set.
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        (0..FAMILIES).filter(move |family| self.has(*family))
    }

    pub(crate) fn names(self) -> String {
        self.iter().map(name).collect()
    }

    /// Whether the two have some families in common, but not all.
    pub(crate) fn crosses(self, other: Self) -> bool {
        self != other && self.0 & other.0 != 0
    }
}

/// The name of the family in this place.
pub(crate) fn name(family: usize) -> char {
    char::from(b'a' + family as u8)
}

/// What is done to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Put,
    Post,
    /// A push that contradicts itself.
    Reject,
    Delete,
}

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

/// An operation on the group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    /// Never the same twice.
    pub(crate) number: Pushed,
    pub(crate) kind: Kind,
    /// Those that are pushed.
    pub(crate) families: Families,
    /// When it began, in any unit that all times of the history have.
    pub(crate) began: u64,
    /// When it was answered, or broke off.
    pub(crate) answered: u64,
    /// Whether the answer was as it should be. If not, it may have had its effect or not.
    pub(crate) is_done: bool,
}

impl Change {
    /// Whether this was over, whatever became of it, before the other began.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.is_done && self.answered < other.began
    }
}

/// What a clock may have shown at some moment, at the earliest and at the latest, in any unit that all have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// What a scrape saw of the group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) began: u64,
    pub(crate) answered: u64,
    /// What the clock of whoever looked showed meanwhile.
    pub(crate) clock: Span,
    pub(crate) seen: Group,
}

/// What happened to a group.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// What may have been there in the beginning.
    pub(crate) before: Vec<Group>,
    pub(crate) changes: Vec<Change>,
    /// What scrapes saw meanwhile.
    pub(crate) looks: Vec<Look>,
    /// What scrapes saw when all was over, one after the other.
    pub(crate) after: Vec<Look>,
    /// From when on what these pushes brought is no longer shown, by the clock of whoever looks. What others brought is
    /// shown for ever.
    pub(crate) ends: BTreeMap<Pushed, Span>,
    /// Whether listings lag, so that scrapes do.
    pub(crate) lags: bool,
    /// Whether POSTs take over what others left behind, without a PUT.
    pub(crate) takes_over: bool,
}
