//! Counting what is under way at this moment.

use std::cell::Cell;

/// So much of a count, until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Counted<'a> {
    all: &'a Cell<usize>,
    amount: usize,
}

impl<'a> Counted<'a> {
    /// Adds so much to a count.
    pub(crate) fn new(all: &'a Cell<usize>, amount: usize) -> Self {
        all.set(all.get().saturating_add(amount));
        Self { all, amount }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.all.set(self.all.get().saturating_sub(self.amount));
    }
}
