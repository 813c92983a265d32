//! More than the platform allows: who is refused knows it, and what was acknowledged is there.

use std::collections::BTreeMap;

use super::gateway::{Gateway, HERE};
use super::platform::{MAX_VALUE_BYTES, NEAR_LAG, READS_PER_SECOND, SECOND, WRITES_PER_SECOND};

const JOBS: usize = 200;

/// A gateway to which each of so many jobs has pushed `m 0`.
fn with_jobs(jobs: usize) -> Gateway {
    let gateway = Gateway::new();
    for job in 0..jobs {
        gateway.platform.pass(SECOND);
        assert_eq!(gateway.put(HERE, &format!("job{job}"), "m 0\n"), 200);
    }
    gateway.platform.pass(2 * SECOND);
    gateway
}

/// What a scrape shows if each job has this value.
fn shown(values: &BTreeMap<usize, usize>) -> Vec<String> {
    let line = |(job, value): (&usize, &usize)| format!("m{{job{job}}} {value}");
    let mut lines: Vec<_> = values.iter().map(line).collect();
    lines.sort();
    lines
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn of_jobs_that_push_at_once_those_beyond_the_limit_are_told_to_come_again() {
    let gateway = with_jobs(JOBS);
    let mut values: BTreeMap<_, _> = (0..JOBS).map(|job| (job, 0)).collect();
    let mut waiting: Vec<usize> = (0..JOBS).collect();
    let mut rounds = 0;
    while !waiting.is_empty() {
        rounds += 1;
        waiting.retain(|job| {
            let answer = gateway.send(HERE, "PUT", &format!("/metrics/job/job{job}"), "m 1\n");
            if answer.status() == 200 {
                values.insert(*job, 1);
                return false;
            }
            assert_eq!(answer.status(), 503);
            assert_eq!(answer.headers()["retry-after"], "1");
            let text = String::from_utf8_lossy(answer.body());
            assert_eq!(text, "key-value store failed to write: too many requests\n");
            true
        });
        // Everything that was acknowledged is there, and of what was refused nothing.
        gateway.platform.pass(NEAR_LAG);
        assert_eq!(sorted(gateway.samples(HERE)), shown(&values));
        gateway.platform.pass(SECOND);
    }
    assert_eq!(rounds, JOBS / WRITES_PER_SECOND);
}

#[test]
fn a_first_push_that_breaks_off_leaves_no_half_of_a_group() {
    let gateway = with_jobs(WRITES_PER_SECOND);
    // Leaves room for some of the writes of the push, and not for its entry.
    for job in 0..WRITES_PER_SECOND - 2 {
        assert_eq!(gateway.put(HERE, &format!("job{job}"), "m 1\n"), 200);
    }
    assert_eq!(gateway.put(HERE, "new", "a 1\nb 1\nc 1\n"), 503);
    gateway.platform.pass(2 * SECOND);
    assert_eq!(gateway.samples(HERE).len(), WRITES_PER_SECOND);
    assert_eq!(gateway.put(HERE, "new", "a 1\nb 1\nc 1\n"), 200);
    gateway.platform.pass(2 * SECOND);
    assert_eq!(gateway.samples(HERE).len(), WRITES_PER_SECOND + 3);
}

#[test]
fn a_scrape_that_is_throttled_fails_as_a_whole_and_the_next_is_complete() {
    let gateway = with_jobs(JOBS);
    let scrape = || gateway.send(HERE, "GET", "/metrics", "").status().as_u16();
    let all: Vec<_> = (0..6).map(|_| scrape()).collect();
    assert_eq!(all, [200, 200, 200, 200, 503, 503]);
    // A push needs reads, too.
    assert_eq!(gateway.put(HERE, "job1", "m 1\n"), 200);
    gateway.platform.pass(SECOND);
    assert_eq!(gateway.samples(HERE).len(), JOBS);
}

#[test]
fn health_costs_nothing_and_readiness_says_when_the_store_refuses() {
    let gateway = with_jobs(JOBS);
    let ask = |path: &str| gateway.send(HERE, "GET", path, "").status().as_u16();
    for _ in 0..6 {
        ask("/metrics");
    }
    let asked = (0..=READS_PER_SECOND).find(|_| ask("/-/ready") != 200);
    assert!(asked.is_some());
    assert_eq!((ask("/-/healthy"), ask("/-/ready")), (200, 503));
    gateway.platform.pass(SECOND);
    assert_eq!(ask("/-/ready"), 200);
}

#[test]
fn without_the_limits_of_the_page_the_store_refuses_what_the_gateway_would_take() {
    let gateway = Gateway::with(&BTreeMap::new());
    let line = |n: usize| format!("m{{series=\"{n:06}\"}} 1\n");
    let body: String = (0..MAX_VALUE_BYTES / line(0).len() + 1).map(line).collect();
    gateway.platform.pass(SECOND);
    // Trying again would never help: hence the limit, which makes it a 413.
    assert_eq!(gateway.put(HERE, "j", &body), 503);
    assert_eq!(Gateway::new().put(HERE, "j", &body), 413);
    gateway.platform.pass(2 * SECOND);
    assert!(gateway.samples(HERE).is_empty());
}

#[test]
fn a_deletion_that_breaks_off_can_be_repeated() {
    let gateway = with_jobs(WRITES_PER_SECOND);
    for job in 0..WRITES_PER_SECOND {
        assert_eq!(gateway.put(HERE, &format!("job{job}"), "m 1\n"), 200);
    }
    let delete = || gateway.send(HERE, "DELETE", "/metrics/job/job0", "");
    assert_eq!(delete().status(), 503);
    gateway.platform.pass(2 * SECOND);
    assert_eq!(delete().status(), 202);
    gateway.platform.pass(2 * SECOND);
    assert_eq!(gateway.samples(HERE).len(), WRITES_PER_SECOND - 1);
}
