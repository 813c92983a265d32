//! Whether operations with a beginning and an end can be put in an order.

use std::collections::HashSet;
use std::hash::Hash;

/// An operation on a state, and when it took place.
pub(super) struct Step<'a, S> {
    pub(super) began: u64,
    pub(super) answered: u64,
    /// Whether it may be left out.
    pub(super) is_optional: bool,
    /// The state after it; `None` where it cannot take place.
    pub(super) apply: Box<dyn Fn(S) -> Option<S> + 'a>,
}

/// Whether some order of the steps is possible, in which one that was answered before another began comes first, from
/// one of these states.
///
/// For up to 64 steps.
pub(super) fn has_order<S: Copy + Eq + Hash>(begin: &[S], steps: &[Step<'_, S>]) -> bool {
    search(begin, steps, |_| true)
}

/// The states in which such orders end, with the last step that may not be left out.
pub(super) fn ends<S: Copy + Eq + Hash>(begin: &[S], steps: &[Step<'_, S>]) -> HashSet<S> {
    let mut ends = HashSet::new();
    search(begin, steps, |end| {
        ends.insert(end);
        false
    });
    ends
}

/// Looks for an order that ends in a state that is enough.
fn search<S: Copy + Eq + Hash>(
    begin: &[S],
    steps: &[Step<'_, S>],
    mut is_enough: impl FnMut(S) -> bool,
) -> bool {
    assert!(steps.len() <= 64, "{} steps in one history", steps.len());
    let needed: u64 = (0..steps.len())
        .filter(|at| !steps[*at].is_optional)
        .map(|at| 1 << at)
        .sum();
    let mut seen = HashSet::new();
    let mut open: Vec<_> = begin.iter().map(|state| (0_u64, *state)).collect();
    while let Some((done, state)) = open.pop() {
        if !seen.insert((done, state)) {
            continue;
        }
        if done & needed == needed {
            if is_enough(state) {
                return true;
            }
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Step, ends, has_order};

    fn set(began: u64, answered: u64, to: u8) -> Step<'static, u8> {
        Step {
            began,
            answered,
            is_optional: false,
            apply: Box::new(move |_| Some(to)),
        }
    }

    fn see(began: u64, answered: u64, what: u8) -> Step<'static, u8> {
        Step {
            began,
            answered,
            is_optional: false,
            apply: Box::new(move |state| (state == what).then_some(state)),
        }
    }

    fn perhaps(step: Step<'static, u8>) -> Step<'static, u8> {
        Step {
            is_optional: true,
            ..step
        }
    }

    #[test]
    fn one_that_was_answered_before_another_began_comes_first() {
        let cases = [
            (vec![set(0, 1, 1), set(2, 3, 2), see(4, 5, 2)], true),
            (vec![set(0, 1, 1), set(2, 3, 2), see(4, 5, 1)], false),
            // They overlap.
            (vec![set(0, 2, 1), set(1, 3, 2), see(4, 5, 1)], true),
            (vec![set(0, 2, 1), see(1, 3, 0), see(4, 5, 1)], true),
            // What has been seen does not go.
            (
                vec![set(0, 9, 1), see(1, 2, 1), see(3, 4, 0), see(10, 11, 1)],
                false,
            ),
            // Without an answer it may have had no effect, or a late one.
            (vec![perhaps(set(0, 1, 1)), see(2, 3, 0)], true),
            (
                vec![perhaps(set(0, 1, 1)), see(2, 3, 0), see(4, 5, 1)],
                true,
            ),
            (vec![perhaps(set(4, 5, 1)), see(2, 3, 1)], false),
        ];
        for (at, (steps, want)) in cases.into_iter().enumerate() {
            assert_eq!(has_order(&[0], &steps), want, "case {at}");
        }
    }

    #[test]
    fn all_ends_are_found() {
        let both = [set(0, 3, 1), set(0, 3, 2)];
        assert_eq!(ends(&[0], &both), HashSet::from([1, 2]));
        let all = [set(0, 3, 1), perhaps(set(0, 3, 2)), set(0, 3, 3)];
        assert_eq!(ends(&[0], &all), HashSet::from([1, 3]));
        let seen = [set(0, 3, 1), perhaps(set(0, 3, 2)), see(4, 5, 2)];
        assert_eq!(ends(&[0], &seen), HashSet::from([2]));
        assert_eq!(ends(&[0, 7], &[see(0, 1, 7)]), HashSet::from([7]));
        assert_eq!(ends(&[0], &[see(0, 1, 7)]), HashSet::new());
    }
}
