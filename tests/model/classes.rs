//! Classes of histories in which no promise may be broken, but for the stated exceptions.

use super::exceptions::Excuses;
use super::scenario::{Before, Kind};
use super::search::{Class, Clocks, search};

use Kind::{Delete, Post, Put, Reject, Scrape, ScrapeAndTidy};

/// How many histories of each class are tried.
const RUNS: u64 = 2500;

const NONE: Excuses = Excuses {
    clocks: false,
    stalls: false,
    broken_take_over: false,
};
const STALLS: Excuses = Excuses {
    stalls: true,
    ..NONE
};
const ALL: Excuses = Excuses {
    clocks: true,
    ..STALLS
};

const PLAIN: Class = Class {
    name: "",
    kinds: &[Post, Post, Put, Scrape, ScrapeAndTidy, Reject],
    sets: &["a", "b", "cd", "e"],
    own_sets: true,
    before: &[Before::Nothing],
    clocks: Clocks::Wrong,
    trouble: true,
    lag: false,
    one_by_one: false,
    operations: 7,
    excuses: NONE,
};

fn holds(class: &Class) {
    let number = |name, default| {
        std::env::var(name)
            .ok()
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    };
    let found = search(class, number("MODEL_RUNS", RUNS), number("MODEL_SEED", 1));
    println!(
        "{}: {} runs, {} excused",
        class.name, found.runs, found.excused
    );
    if let Some(violation) = found.violation {
        panic!("{}, after {} runs: {violation}", class.name, found.runs);
    }
}

const OVERLAPPING: &[&str] = &["a", "b", "ab", "c", "bc", ""];
const BOTH: &[Before] = &[Before::FullIndex, Before::FullIndexOnPut];

#[test]
fn disjoint_sets() {
    holds(&Class {
        name: "disjoint sets",
        ..PLAIN
    });
}

#[test]
fn the_same_set() {
    holds(&Class {
        name: "the same set",
        sets: &["ab"],
        ..PLAIN
    });
}

#[test]
fn overlapping_sets_exact_clocks() {
    holds(&Class {
        name: "overlapping sets, exact clocks",
        sets: OVERLAPPING,
        own_sets: false,
        clocks: Clocks::Exact,
        excuses: STALLS,
        ..PLAIN
    });
}

#[test]
fn overlapping_sets_wrong_clocks() {
    holds(&Class {
        name: "overlapping sets, wrong clocks",
        sets: OVERLAPPING,
        own_sets: false,
        excuses: ALL,
        ..PLAIN
    });
}

#[test]
fn one_by_one() {
    holds(&Class {
        name: "one by one",
        kinds: &[Post, Post, Put, Delete, ScrapeAndTidy, Reject],
        sets: OVERLAPPING,
        own_sets: false,
        one_by_one: true,
        operations: 9,
        before: &[
            Before::Nothing,
            Before::FullIndex,
            Before::FullIndexOnPut,
            Before::ManyRetired,
            Before::Mark,
            Before::MarkOverEntries,
        ],
        ..PLAIN
    });
}

#[test]
fn puts_and_deletes() {
    holds(&Class {
        name: "PUTs and DELETEs",
        kinds: &[Put, Put, Delete, Scrape, ScrapeAndTidy, Reject],
        sets: OVERLAPPING,
        own_sets: false,
        excuses: STALLS,
        ..PLAIN
    });
}

#[test]
fn deletes_disjoint() {
    holds(&Class {
        name: "DELETEs, disjoint sets",
        kinds: &[Post, Post, Put, Delete, Scrape, ScrapeAndTidy, Reject],
        excuses: STALLS,
        ..PLAIN
    });
}

#[test]
fn deletes_overlapping() {
    holds(&Class {
        name: "DELETEs, overlapping sets, exact clocks",
        kinds: &[Post, Post, Put, Delete, Scrape, ScrapeAndTidy, Reject],
        sets: OVERLAPPING,
        own_sets: false,
        clocks: Clocks::Exact,
        excuses: STALLS,
        ..PLAIN
    });
}

#[test]
fn more_sets_than_slots() {
    holds(&Class {
        name: "more sets than slots",
        sets: &["d", "e", "f", "de", "ef"],
        own_sets: false,
        clocks: Clocks::Exact,
        before: BOTH,
        excuses: STALLS,
        ..PLAIN
    });
}

#[test]
fn more_sets_than_slots_only_posts() {
    holds(&Class {
        name: "more sets than slots, only POSTs",
        kinds: &[Post, Post, Post, Scrape, ScrapeAndTidy],
        sets: &["d", "e", "f", "ad", "df"],
        own_sets: false,
        clocks: Clocks::Exact,
        before: BOTH,
        excuses: STALLS,
        ..PLAIN
    });
}

#[test]
fn more_sets_than_slots_deletes() {
    holds(&Class {
        name: "more sets than slots, DELETEs",
        kinds: &[Post, Post, Put, Delete, ScrapeAndTidy],
        sets: &["d", "e", "f", "ad"],
        own_sets: false,
        clocks: Clocks::Exact,
        before: BOTH,
        excuses: Excuses {
            broken_take_over: true,
            ..STALLS
        },
        ..PLAIN
    });
}

#[test]
fn many_retired() {
    holds(&Class {
        name: "many retired",
        kinds: &[Post, Post, Put, Delete, ScrapeAndTidy],
        before: &[Before::ManyRetired],
        excuses: STALLS,
        ..PLAIN
    });
}

#[test]
fn marks() {
    holds(&Class {
        name: "marks of broken off DELETEs",
        before: &[Before::Mark, Before::MarkOverEntries],
        kinds: &[Post, Post, Put, Delete, ScrapeAndTidy, ScrapeAndTidy],
        excuses: STALLS,
        ..PLAIN
    });
}

#[test]
fn listings_lag() {
    holds(&Class {
        name: "stale listings",
        kinds: &[Post, Post, Put, ScrapeAndTidy],
        lag: true,
        excuses: STALLS,
        ..PLAIN
    });
}
