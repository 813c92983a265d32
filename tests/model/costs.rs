//! What operations cost in calls of the store, whatever else is stored.

use std::collections::BTreeMap;

use spin_pushgateway::consistency::Kind::{self, Post, Put};
use spin_pushgateway::push::PushError;

use super::plain::{AfterScrape, Labels, Plain};

const GROUP: Labels<'_> = &[("job", "j")];

/// A gateway that holds this many other groups, each of a PUT and a POST.
fn with_groups(others: usize) -> Plain {
    let plain = Plain::new();
    for other in 0..others {
        let labels = [("job", "other"), ("instance", &other.to_string())];
        plain.push(Put, &labels, "m 1\n").expect("is accepted");
        plain.push(Post, &labels, "o 1\n").expect("is accepted");
    }
    plain
}

fn names(calls: &[(&'static str, Vec<String>)]) -> String {
    calls
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn pushes_and_deletions_cost_what_they_should() {
    type Step<'a> = (&'a str, Option<(Kind, &'a str)>, &'a str);
    let steps: [Step<'_>; 16] = [
        (
            "a PUT of a new family and label set",
            Some((Put, "a 1\n")),
            "read write",
        ),
        ("the same PUT", Some((Put, "a 1\n")), "read write"),
        (
            "a PUT of a known family",
            Some((Put, "m 1\n")),
            "read write",
        ),
        ("a POST on it", Some((Post, "a 1\n")), "read write"),
        ("the same POST", Some((Post, "a 1\n")), "read write"),
        (
            "the second set of families, which follows the first in time",
            Some((Post, "a 1\nb 1\n")),
            "read read write",
        ),
        ("one of several", Some((Post, "a 1\n")), "read write"),
        ("a PUT on POSTs", Some((Put, "a 1\n")), "read write"),
        (
            "a POST of a new generation",
            Some((Post, "a 1\n")),
            "read write",
        ),
        (
            "a DELETE of a group with POSTs",
            None,
            "list write list read delete read delete",
        ),
        ("a DELETE of nothing", None, "list"),
        (
            "a POST without PUT, which looks for one once more",
            Some((Post, "a 1\n")),
            "read write read",
        ),
        ("the same POST", Some((Post, "a 1\n")), "read write read"),
        ("a PUT on it", Some((Put, "a 1\n")), "read write"),
        (
            "a DELETE of a PUT over POSTs",
            None,
            "list write list read delete read delete",
        ),
        ("a DELETE of nothing", None, "list"),
    ];
    for others in [0, 10, 200] {
        let plain = with_groups(others);
        for (name, push, want) in &steps {
            let calls = plain.calls(|plain| match push {
                Some((kind, body)) => plain.push(*kind, GROUP, body).expect("is accepted"),
                None => plain.delete(GROUP),
            });
            assert_eq!(names(&calls), *want, "{name}, with {others} other groups");
        }
        plain.push(Put, GROUP, "a 1\n").expect("is accepted");
        let calls = plain.calls(|plain| plain.delete(GROUP));
        assert_eq!(
            names(&calls),
            "list delete",
            "a DELETE of a PUT, with {others} other groups"
        );
    }
}

#[test]
fn a_first_push_is_one_write() {
    let plain = Plain::new();
    let calls = plain.calls(|plain| plain.push(Post, GROUP, "a 1\nb 1\n").expect("is accepted"));
    let written: Vec<_> = calls.iter().filter(|(name, _)| *name == "write").collect();
    let [(_, keys)] = written.as_slice() else {
        panic!("one write: {calls:?}")
    };
    // Two types, the label names, the index and, last, the entry.
    assert_eq!(keys.len(), 5);
    assert!(
        keys.last().is_some_and(|key| key.starts_with("pgw1:g:")),
        "{keys:?}"
    );
}

#[test]
fn a_scrape_lists_once_and_reads_each_entry_once() {
    for others in [0, 10, 200] {
        let plain = with_groups(others);
        let calls = plain.calls(|plain| plain.scrape(AfterScrape::TidyUp));
        assert_eq!(calls.iter().filter(|(name, _)| *name == "list").count(), 1);
        assert_eq!(
            calls.iter().filter(|(name, _)| *name == "read").count(),
            if others == 0 { 2 } else { 3 },
            "{others}"
        );
        let mut read: BTreeMap<&str, usize> = BTreeMap::new();
        for key in calls
            .iter()
            .filter(|(name, _)| *name == "read")
            .flat_map(|(_, keys)| keys)
        {
            *read.entry(key).or_default() += 1;
        }
        let values = plain.store.values.borrow();
        let entries = values.keys().filter(|key| key.starts_with("pgw1:g:"));
        assert_eq!(entries.clone().count(), 2 * others);
        for entry in entries {
            assert_eq!(read.get(entry.as_str()), Some(&1), "{entry}");
        }
    }
}

/// How often the store was listed, and how many values were written last.
fn looked(calls: &[(&'static str, Vec<String>)]) -> (usize, usize) {
    let lists = calls.iter().filter(|(name, _)| *name == "list").count();
    let written = calls.iter().rev().find(|(name, _)| *name == "write");
    (lists, written.map_or(0, |(_, keys)| keys.len()))
}

#[test]
fn a_family_that_one_group_keeps_changing_has_the_whole_store_read_now_and_then_only() {
    const OTHER: Labels<'_> = &[("job", "k")];
    const SECOND: u64 = 1_000_000_000;
    let counter = "# TYPE t counter\nt 1\n";
    let gauge = "# TYPE t gauge\nt 1\n";
    // Who pushes what after which time; how often the store is listed, and how many values are written.
    let steps = [
        ("its first push", 0, GROUP, gauge, (0, 2)),
        (
            "the first change: does another hold it?",
            0,
            GROUP,
            counter,
            (1, 2),
        ),
        ("the same again", 0, GROUP, counter, (0, 1)),
        ("a change soon after", 4 * SECOND, GROUP, gauge, (0, 2)),
        ("a change later", SECOND, GROUP, counter, (1, 2)),
        ("a change long after", 60 * SECOND, GROUP, gauge, (1, 2)),
        ("another group has it now", 0, OTHER, gauge, (0, 2)),
        ("that one once more", 0, OTHER, gauge, (0, 1)),
        ("the first one once more", 0, GROUP, gauge, (0, 1)),
    ];
    for others in [0, 10] {
        let plain = with_groups(others);
        plain.push(Put, GROUP, "a 1\n").expect("is accepted");
        for (name, wait, group, body, want) in steps {
            plain.wait(wait);
            let calls = plain.calls(|plain| plain.push(Put, group, body).expect("is accepted"));
            assert_eq!(looked(&calls), want, "{name}, with {others} other groups");
        }
        plain.push(Put, GROUP, counter).expect_err("is refused");
    }
}

#[test]
fn a_refused_push_remembers_who_holds_the_family() {
    let plain = Plain::new();
    for job in ["a", "b"] {
        let body = "# TYPE t gauge\nt 1\n";
        plain.push(Put, &[("job", job)], body).expect("is accepted");
    }
    // The record names this one.
    plain.delete(&[("job", "a")]);
    let refused = |plain: &Plain| {
        let body = "# TYPE t counter\nt 1\n";
        plain.push(Put, GROUP, body).expect_err("is refused");
    };
    assert_eq!(looked(&plain.calls(refused)).0, 1);
    assert_eq!(looked(&plain.calls(refused)).0, 0);
}

#[test]
fn a_push_whose_series_could_be_in_very_many_groups_looks_at_those_that_there_are() {
    const JOB: Labels<'_> = &[("job", "other")];
    let body = |instances: usize, another: &str| -> String {
        let series = (0..instances).map(|n| format!("m{{instance=\"x{n}\"}} 1\n"));
        let series: String = series.collect();
        format!("{series}m{{instance=\"{another}\"}} 1\n")
    };
    for (instances, want) in [
        (100, "read read write"),
        (5_000, "read list read read read write"),
    ] {
        let plain = with_groups(20);
        let calls = plain.calls(|plain| {
            let body = body(instances, "none");
            plain.push(Post, JOB, &body).expect("is accepted");
        });
        assert_eq!(
            names(&calls).replace(" read write read", " read write"),
            want
        );
        let keys: usize = calls.iter().map(|(_, keys)| keys.len()).sum();
        assert!(keys < 300, "{instances}: {keys} keys");
        let refused = plain.push(Put, JOB, &body(instances, "3"));
        let Err(PushError::Rejected(refused)) = refused else {
            panic!("another group has one of them: {refused:?}")
        };
        let refused = refused.to_string();
        let of_it = "{label:{name:\"instance\" value:\"3\"} label:{name:\"job\" value:\"other\"}";
        assert!(refused.contains(of_it.trim_start_matches('{')), "{refused}");
        assert_eq!(
            refused.matches("was collected before").count(),
            1,
            "{refused}"
        );
    }
}

#[test]
fn a_record_of_a_neighbouring_family_that_is_gone_is_looked_into_once() {
    const HISTOGRAM: &str = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
    let plain = with_groups(20);
    plain.push(Put, GROUP, HISTOGRAM).expect("is accepted");
    plain.delete(GROUP);
    let push = |job: &str| {
        let labels = [("job", job)];
        let calls = plain.calls(|plain| {
            plain
                .push(Put, &labels, "h_count 1\n")
                .expect("is accepted");
        });
        names(&calls)
    };
    let first = push("first");
    assert!(first.contains("list"), "{first}");
    for job in ["second", "first", "third"] {
        assert_eq!(push(job), "read write", "{job}");
    }
    // And it is a collision again if it comes back.
    plain
        .push(Put, GROUP, HISTOGRAM)
        .expect_err("collides with the gauge");
}

#[test]
fn what_a_refused_push_has_learnt_spares_it_the_next_look() {
    let plain = with_groups(20);
    plain
        .push(Put, GROUP, "# TYPE t gauge\nt 1\n")
        .expect("is accepted");
    plain.delete(GROUP);
    // Nobody holds t any more, and a series of m is in another group.
    let body = "# TYPE t counter\nt 1\nm{instance=\"3\"} 1\n";
    let push = || {
        let labels = [("job", "other")];
        let calls =
            plain.calls(|plain| drop(plain.push(Put, &labels, body).expect_err("is refused")));
        names(&calls).contains("list")
    };
    assert_eq!([push(), push(), push()], [true, false, false]);
}
