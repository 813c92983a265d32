//! How much an instance forwards at once.

use std::cell::Cell;

use crate::counted::Counted;

/// How many bytes of entries are on their way at once. What is sent of them takes as much again, for as long as the
/// receiver takes its time.
const MAX_BYTES: usize = 16 << 20;

/// What a push counts for at least, in bytes: a request that is under way costs its host something too.
const LEAST_BYTES: usize = 64 << 10;

/// What is on its way to the receiver from this instance.
#[derive(Debug, Default)]
pub struct InFlight {
    bytes: Cell<usize>,
}

impl InFlight {
    /// Lets a push with an entry of so many bytes go, unless too much is on its way. One alone always goes. It is on its
    /// way until what is returned is dropped.
    pub(super) fn admit(&self, bytes: usize) -> Option<Counted<'_>> {
        let bytes = bytes.max(LEAST_BYTES);
        let before = self.bytes.get();
        let after = before.saturating_add(bytes);
        (before == 0 || after <= MAX_BYTES).then(|| Counted::new(&self.bytes, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pushes_are_few_and_small_ones_not_without_end() {
        for (bytes, want) in [
            (0, 256),
            (LEAST_BYTES, 256),
            (MAX_BYTES / 2, 2),
            (MAX_BYTES / 2 + 1, 1),
            (usize::MAX, 1),
        ] {
            let in_flight = InFlight::default();
            let admitted = std::iter::from_fn(|| in_flight.admit(bytes));
            assert_eq!(Vec::from_iter(admitted).len(), want, "{bytes}");
        }
    }

    #[test]
    fn what_has_arrived_makes_room() {
        let in_flight = InFlight::default();
        let large = in_flight.admit(MAX_BYTES).expect("is alone");
        assert!(in_flight.admit(1).is_none());
        drop(large);
        let small = in_flight.admit(1).expect("has room");
        assert!(in_flight.admit(MAX_BYTES).is_none());
        drop(small);
        assert!(in_flight.admit(MAX_BYTES).is_some());
    }
}
