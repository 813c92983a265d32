//! Limits on groups concern who exceeds them, and looking for room costs little.

use std::env;
use std::time::Instant;

use super::{ORDINARY, Trace, put};
use crate::support::gateway::Options;

/// How many new groups are refused.
const REFUSED: usize = 2_000;

/// How many requests the host gives one instance in its life.
fn requests_per_instance() -> usize {
    let is_wasi02 = env::var_os("WASI").is_some_and(|version| version == "0.2");
    if is_wasi02 { 1 } else { 128 }
}

/// How often the store was listed.
fn listings(calls: &str) -> usize {
    calls.lines().filter(|call| *call == "list-keys").count()
}

/// How often it may be: an instance remembers for a second that there was no room.
fn allowed_listings(since: Instant) -> usize {
    let seconds = usize::try_from(since.elapsed().as_secs()).expect("a short time");
    REFUSED.div_ceil(requests_per_instance()) + seconds + 2
}

#[test]
fn a_job_that_is_full_leaves_other_jobs_their_room() {
    let (gateway, trace) = Trace::start(Options::new().variable("max_groups_per_job", "5"));
    let (mut client, mut greedy) = (gateway.client(), gateway.client());
    assert_eq!(put(&mut client, "/metrics/job/fine", "ok 1\n"), 200);
    let mut refuse = |from: usize| {
        for n in from..from + REFUSED / 2 {
            let path = format!("/metrics/job/greedy/instance/{n}");
            let want = if n < 5 { 200 } else { 429 };
            assert_eq!(put(&mut greedy, &path, "ok 1\n"), want, "{path}");
        }
    };
    refuse(0);
    let calls = trace.calls_of(|| {
        assert_eq!(put(&mut client, "/metrics/job/fine", "ok 2\n"), 200);
    });
    assert_eq!(calls, ORDINARY);
    // Groups that are new: of a job that has some, and of one that has none.
    for path in ["/metrics/job/fine/instance/1", "/metrics/job/new"] {
        assert_eq!(put(&mut client, path, "ok 1\n"), 200, "{path}");
    }
    let start = Instant::now();
    let calls = trace.calls_of(|| refuse(REFUSED / 2));
    let (listings, allowed) = (listings(&calls), allowed_listings(start));
    assert!(listings <= allowed, "{listings}, allowed are {allowed}");
    // The groups that the job has are its own still.
    let mut client = gateway.client();
    assert_eq!(
        put(&mut client, "/metrics/job/greedy/instance/4", "ok 2\n"),
        200
    );
}

#[test]
fn a_gateway_that_is_full_serves_the_groups_that_it_has() {
    let (gateway, trace) = Trace::start(Options::new().variable("max_groups", "3"));
    let mut client = gateway.client();
    for n in 0..3 {
        assert_eq!(
            put(&mut client, &format!("/metrics/job/{n}"), "ok 1\n"),
            200
        );
    }
    let start = Instant::now();
    let calls = trace.calls_of(|| {
        for n in 0..REFUSED {
            // Of ever other jobs, so that no memory of one job's refusal helps.
            let path = format!("/metrics/job/greedy{n}");
            assert_eq!(put(&mut client, &path, "ok 1\n"), 429, "{path}");
        }
    });
    let (listings, allowed) = (listings(&calls), allowed_listings(start));
    assert!(listings <= allowed, "{listings}, allowed are {allowed}");
    for n in 0..3 {
        let calls = trace.calls_of(|| {
            assert_eq!(
                put(&mut client, &format!("/metrics/job/{n}"), "ok 2\n"),
                200
            );
        });
        assert_eq!(calls, ORDINARY);
    }
    // Room that is made is found, at the latest when no instance remembers the refusals.
    let answer = client.delete("/metrics/job/0").expect("an answer");
    assert_eq!(answer.status, 202);
    let start = Instant::now();
    while put(&mut client, "/metrics/job/new", "ok 1\n") != 200 {
        assert!(start.elapsed().as_secs() < 30, "no room is found");
    }
}
