//! What has an end, and who may or must still see it.

use super::{ABSENT, FAMILIES, Group, Look, Pushed, View};

impl View {
    /// Whether what this push brought may be hidden from this scrape.
    pub(super) fn may_be_over(&self, look: &Look, push: Pushed) -> bool {
        let end = self.ends.get(&push);
        end.is_some_and(|end| end.from <= look.clock.to)
    }

    /// Whether the scrape may see this of a family that has what this push brought.
    pub(super) fn may_show(&self, look: &Look, push: Pushed, seen: Pushed) -> bool {
        if seen == push {
            let end = self.ends.get(&push);
            end.is_none_or(|end| look.clock.from < end.to)
        } else {
            seen == ABSENT && self.may_be_over(look, push)
        }
    }

    /// Whether the scrape may see what it saw of a group that is like this, whatever it saw of failures.
    pub(super) fn may_show_group(&self, look: &Look, group: &Group) -> bool {
        let seen = &look.seen;
        let mut families = 0..FAMILIES;
        families.all(|at| self.may_show(look, group.families[at], seen.families[at]))
            && seen.others == group.others
            && (seen.succeeded == group.succeeded || (group.succeeded && self.may_be_gone(look)))
    }

    /// Whether the scrape may see nothing of a group with pushes, of all of which it saw nothing.
    fn may_be_gone(&self, look: &Look) -> bool {
        look.seen.families == [ABSENT; FAMILIES]
            && look.seen.others == 0
            && self.ends.keys().any(|push| self.may_be_over(look, *push))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Change, Families, Kind, Span};
    use super::*;

    fn group(families: [Pushed; 2]) -> Group {
        let [a, b] = families;
        Group {
            families: [a, b, 0, 0, 0, 0],
            succeeded: families != [ABSENT; 2],
            ..Group::default()
        }
    }

    fn look(at: i64, families: [Pushed; 2]) -> Look {
        Look {
            began: u64::MAX,
            answered: u64::MAX,
            clock: Span {
                from: at,
                to: at + 1,
            },
            seen: group(families),
        }
    }

    fn post(number: Pushed, families: &str) -> Change {
        let began = 10 * u64::from(number);
        Change {
            number,
            kind: Kind::Post,
            families: Families::of(families),
            began,
            answered: began + 5,
            is_done: true,
        }
    }

    /// `a` and `b` are pushed for ever, then `a` until 100 or 102.
    fn view(after: Vec<Look>) -> View {
        View {
            before: vec![Group::default()],
            changes: vec![post(1, "ab"), post(2, "a")],
            looks: Vec::new(),
            after,
            ends: BTreeMap::from([(2, Span { from: 100, to: 102 })]),
            lags: false,
            takes_over: false,
        }
    }

    #[test]
    fn what_has_an_end_is_shown_before_it_and_nothing_in_its_place_from_it_on() {
        let cases = [
            (vec![look(90, [2, 1])], true),
            (vec![look(90, [0, 1])], false),
            (vec![look(100, [2, 1])], true),
            (vec![look(100, [0, 1])], true),
            (vec![look(102, [2, 1])], false),
            (vec![look(102, [0, 1])], true),
            // What it replaced does not come back, and what has no end stays.
            (vec![look(102, [1, 1])], false),
            (vec![look(102, [0, 0])], false),
            // Two who look by different clocks.
            (vec![look(102, [0, 1]), look(90, [2, 1])], true),
            (vec![look(102, [0, 1]), look(90, [0, 1])], false),
        ];
        for (at, (after, want)) in cases.into_iter().enumerate() {
            assert_eq!(view(after).check().is_ok(), want, "case {at}");
        }
    }

    #[test]
    fn what_has_expired_is_still_there() {
        let hidden = view(vec![look(102, [0, 1])]);
        assert_eq!(hidden.left(), [group([2, 1])]);
    }

    #[test]
    fn scrapes_meanwhile_are_held_to_the_same() {
        let cases = [
            (look(90, [2, 1]), true),
            (look(90, [0, 1]), false),
            (look(102, [0, 1]), true),
            (look(102, [1, 1]), false),
        ];
        for (at, (seen, want)) in cases.into_iter().enumerate() {
            let during = Look {
                began: 30,
                answered: 31,
                ..seen
            };
            let view = View {
                looks: vec![during],
                ..view(vec![look(102, [0, 1])])
            };
            assert_eq!(view.check().is_ok(), want, "case {at}");
        }
    }
}
