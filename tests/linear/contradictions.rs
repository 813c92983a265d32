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
