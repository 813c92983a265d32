//! What expires is hidden at its time, never comes back, and leaves the store in the end.

use std::collections::BTreeMap;

use proptest::prelude::*;
use spin_pushgateway::consistency::Kind;

use super::plain::{AfterScrape, Labels, Plain};

const SECOND: u64 = 1_000_000_000;

const GROUPS: [Labels<'_>; 2] = [&[("job", "j")], &[("job", "k")]];

#[derive(Clone, Debug)]
enum Action {
    /// To a group: PUT or POST, the families by their letters, for how many seconds.
    Push(usize, Kind, Vec<char>, Option<u64>),
    Delete(usize),
    /// So many seconds.
    Wait(u64),
    Scrape,
}

fn action() -> impl Strategy<Value = Action> {
    let kind = prop_oneof![Just(Kind::Put), Just(Kind::Post)];
    let letters = prop::sample::subsequence(vec!['a', 'b', 'c'], 0..=3);
    let ttl = prop_oneof![Just(None), Just(Some(5)), Just(Some(20)), Just(Some(60))];
    let push = (0..GROUPS.len(), kind, letters, ttl);
    prop_oneof![
        4 => push.prop_map(|(group, kind, letters, ttl)| Action::Push(group, kind, letters, ttl)),
        1 => (0..GROUPS.len()).prop_map(Action::Delete),
        3 => (1_u64..30).prop_map(Action::Wait),
        2 => Just(Action::Scrape),
    ]
}

/// What is to be seen: for each group and family the number of the push and the second of its end.
#[derive(Debug, Default)]
struct Spec {
    now: u64,
    shown: BTreeMap<(usize, char), (usize, Option<u64>)>,
    /// For each group the seconds of its last push and of that one's end.
    pushed: BTreeMap<usize, (u64, Option<u64>)>,
}

impl Spec {
    fn apply(&mut self, number: usize, action: &Action) {
        match action {
            Action::Push(group, kind, letters, ttl) => {
                if *kind == Kind::Put {
                    self.shown.retain(|(of, _), _| of != group);
                }
                let end = ttl.map(|ttl| self.now + ttl);
                self.pushed.insert(*group, (self.now, end));
                for letter in letters {
                    self.shown.insert((*group, *letter), (number, end));
                }
            }
            Action::Delete(group) => {
                self.shown.retain(|(of, _), _| of != group);
                self.pushed.remove(group);
            }
            Action::Wait(seconds) => self.now += seconds,
            Action::Scrape => {}
        }
        let now = self.now;
        self.shown
            .retain(|_, (_, end)| end.is_none_or(|end| end > now));
        // A group that is gone does not come back with an earlier push.
        self.pushed.retain(|group, (_, end)| {
            end.is_none_or(|end| end > now) || self.shown.keys().any(|(of, _)| of == group)
        });
    }

    fn push_times(&self) -> BTreeMap<String, u64> {
        let time = |(group, (time, _)): (&usize, &(u64, _))| {
            let (_, job) = GROUPS[*group][0];
            (format!("{{instance=\"\",job=\"{job}\"}}"), *time)
        };
        self.pushed.iter().map(time).collect()
    }

    fn samples(&self) -> Vec<String> {
        let line = |((group, letter), (number, _)): (&(usize, char), &(usize, _))| {
            let (_, job) = GROUPS[*group][0];
            format!("{letter}{{instance=\"\",job=\"{job}\"}} {number}")
        };
        let mut lines: Vec<_> = self.shown.iter().map(line).collect();
        lines.sort();
        lines
    }
}

fn body(letters: &[char], number: usize) -> String {
    letters
        .iter()
        .map(|letter| format!("{letter} {number}\n"))
        .collect()
}

proptest! {
    #[test]
    fn what_is_shown_is_what_has_not_expired(
        actions in prop::collection::vec(action(), 1..25)
    ) {
        let (plain, mut spec) = (Plain::new(), Spec::default());
        for (number, action) in actions.iter().enumerate() {
            match action {
                Action::Push(group, kind, letters, ttl) => {
                    let ttl = ttl.map(|ttl| ttl * SECOND);
                    let body = body(letters, number);
                    let pushed = plain.push_for(ttl, *kind, GROUPS[*group], &body);
                    prop_assert!(pushed.is_ok(), "{:?}", pushed);
                }
                Action::Delete(group) => plain.delete(GROUPS[*group]),
                // The clock ticks a little with every look at it, and ends are whole seconds.
                Action::Wait(seconds) => plain.wait(seconds * SECOND),
                Action::Scrape => plain.scrape(AfterScrape::TidyUp),
            }
            spec.apply(number, action);
            prop_assert_eq!(plain.samples(), spec.samples(), "after {}", number);
            prop_assert_eq!(plain.push_times(), spec.push_times(), "after {}", number);
        }
    }
}

#[test]
fn a_group_goes_with_its_last_push_and_does_not_step_back() {
    let plain = Plain::new();
    let push = |ttl, kind, body| plain.push_for(ttl, kind, GROUPS[0], body);
    let time = || plain.push_times().into_values().next();
    push(None, Kind::Put, "f 1\n").expect("is accepted");
    push(Some(900 * SECOND), Kind::Post, "h 1\n").expect("is accepted");
    plain.wait(100 * SECOND);
    push(Some(60 * SECOND), Kind::Post, "f 2\ng 2\n").expect("is accepted");
    assert_eq!(time(), Some(100));
    plain.wait(61 * SECOND);
    assert_eq!(plain.samples(), ["h{instance=\"\",job=\"j\"} 1"]);
    assert_eq!(time(), Some(100), "not that of what is still shown");
    plain.wait(900 * SECOND);
    assert_eq!(time(), None, "nothing that is shown is left");
    plain.wait(900 * SECOND);
    plain.scrape(AfterScrape::TidyUp);
    assert_eq!(group_keys(&plain), [] as [&str; 0], "nor what it replaced");
}

/// The keys of groups, so without those of types and label names.
fn group_keys(plain: &Plain) -> Vec<String> {
    let values = plain.store.values.borrow();
    let is_group = |key: &&String| {
        ["pgw1:g:", "pgw1:m:", "pgw1:f:"]
            .iter()
            .any(|kind| key.starts_with(kind))
    };
    values.keys().filter(is_group).cloned().collect()
}

#[test]
fn a_group_leaves_the_store_after_twice_its_time() {
    let plain = Plain::new();
    let push = |ttl, kind, body| plain.push_for(Some(ttl * SECOND), kind, GROUPS[0], body);
    push(60, Kind::Put, "a 1\n").expect("is accepted");
    push(50, Kind::Post, "b 1\n").expect("is accepted");
    push(40, Kind::Post, "c 1\n").expect("is accepted");
    push(60, Kind::Post, "d{__x=\"1\"} 1\n").expect_err("is rejected");
    plain
        .push(Kind::Put, GROUPS[1], "z 1\n")
        .expect("is accepted");
    assert_eq!(group_keys(&plain).len(), 6);
    plain.wait(61 * SECOND);
    assert_eq!(plain.samples(), ["z{instance=\"\",job=\"k\"} 1"]);
    plain.scrape(AfterScrape::TidyUp);
    assert_eq!(group_keys(&plain).len(), 6, "not yet");
    plain.wait(58 * SECOND);
    plain.scrape(AfterScrape::TidyUp);
    assert_eq!(group_keys(&plain).len(), 6, "not quite");
    plain.wait(2 * SECOND);
    plain.scrape(AfterScrape::TidyUp);
    assert_eq!(group_keys(&plain).len(), 1);
    assert_eq!(plain.samples(), ["z{instance=\"\",job=\"k\"} 1"]);
}

#[test]
fn a_group_that_comes_back_while_it_is_removed_stays() {
    for kind in [Kind::Put, Kind::Post] {
        for body in ["a 2\n", "b 2\n"] {
            let plain = Plain::new();
            plain
                .push_for(Some(SECOND), kind, GROUPS[0], "a 1\n")
                .expect("is accepted");
            plain.wait(62 * SECOND);
            let cleanup = plain.planned();
            assert!(!cleanup.is_empty());
            plain
                .push_for(Some(SECOND), kind, GROUPS[0], body)
                .expect("is accepted");
            plain.tidy_up(cleanup);
            let sample = body.trim_end().replace(' ', "{instance=\"\",job=\"j\"} ");
            assert_eq!(plain.samples(), [sample], "{kind:?} {body}");
        }
    }
}
