//! Pushes that contradict what is there: what the stranger pushed before, in the same group or another.

use crate::fuel::Counter;
use crate::{Request, check_work, parts};

/// A push of so many families of this type.
fn families(job: &str, count: usize, kind: &str) -> Request {
    Request {
        target: format!("/metrics/job/{job}"),
        ..Request::push(parts(count, |n| format!("# TYPE m{n} {kind}\nm{n} 1\n")))
    }
}

/// The work of the second push, after the first, in three sizes. Each has a store of its own.
fn work(name: &str, size: usize, pushes: fn(usize) -> [(Request, u16); 2]) {
    let work = [1, 2, 4].map(|factor| {
        let counter = Counter::start(&[]);
        let [(first, expected), (second, status)] = pushes(size * factor);
        counter.work(name, &first, expected);
        counter.work(name, &second, status)
    });
    assert_eq!(check_work(name, work), Ok(()));
}

#[test]
fn the_work_for_a_group_that_changes_all_its_types_is_linear() {
    work("own types", 2_500, |n| {
        let first = families("a", n, "gauge");
        [(first, 200), (families("a", n, "counter"), 200)]
    });
    work("own types, by POST", 2_500, |n| {
        let second = Request {
            method: "POST",
            ..families("a", n, "counter")
        };
        [(families("a", n, "gauge"), 200), (second, 200)]
    });
}

#[test]
fn the_work_for_a_push_that_contradicts_all_types_of_another_is_linear() {
    work("others' types", 2_500, |n| {
        let first = families("a", n, "gauge");
        [(first, 200), (families("b", n, "counter"), 400)]
    });
}

/// A push of so many series, each with other values of these labels, to a gateway with a group for each set of them.
fn strays(labels: &[&str], count: usize) -> u64 {
    let counter = Counter::start(&[]);
    for set in 1..1_usize << labels.len() {
        let names = labels.iter().enumerate();
        let names = names.filter(|(at, _)| set >> at & 1 == 1);
        let path: String = names.map(|(_, name)| format!("/{name}/1")).collect();
        let group = Request {
            target: format!("/metrics/job/stranger{path}"),
            ..Request::push("other 1\n")
        };
        counter.work("a group with other labels", &group, 200);
    }
    let push = Request::push(parts(count, |n| {
        let labels: String = labels
            .iter()
            .map(|name| format!("{name}=\"{n}\","))
            .collect();
        format!("m{{{labels}}} 1\n")
    }));
    counter.work("series that could be in other groups", &push, 200)
}

#[test]
fn the_work_for_series_that_could_be_in_other_groups_is_linear() {
    // One by one, all groups at once, and many sets of labels.
    let cases: [(&[&str], usize); 3] = [
        (&["instance", "zone"], 80),
        (&["instance", "zone"], 2_000),
        (&["a", "b", "c", "d", "e", "f"], 2_000),
    ];
    for (labels, size) in cases {
        let work = [1, 2, 4].map(|factor| strays(labels, size * factor));
        assert_eq!(check_work("series", work), Ok(()), "{labels:?}, {size}");
    }
}
