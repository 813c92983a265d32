//! What the page sets stays within the limits of the platform.

use std::fmt::Write;

use super::gateway::{Gateway, HERE, variables};
use super::platform::{MAX_VALUE_BYTES, READS_PER_SECOND, SECOND, WRITES_PER_SECOND};

/// The largest body of an answer, in bytes.
const MAX_RESPONSE_BYTES: usize = 10 << 20;

fn variable(name: &str) -> usize {
    variables()[name].parse().expect("a number")
}

/// A push of one family with so many series.
fn series(count: usize) -> String {
    (0..count).fold(String::new(), |mut body, n| {
        writeln!(body, "size_bytes{{path=\"/var/lib/{n}\"}} {n}").expect("a String takes it");
        body
    })
}

/// A push of so many families of one series each.
fn families(count: usize, value: usize) -> String {
    (0..count).fold(String::new(), |mut body, n| {
        writeln!(body, "family_{n} {value}").expect("a String takes it");
        body
    })
}

#[test]
fn a_full_gateway_can_be_scraped_within_every_limit() {
    let gateway = Gateway::new();
    // Jobs whose names are equally long, since these stand in every series.
    let largest = (1..).find(|n| gateway.put(HERE, "job---", &series(n * 10)) == 413);
    let largest = series((largest.expect("some push is too large") - 1) * 10);
    gateway.platform.pass(2 * SECOND);
    assert_eq!(
        gateway
            .send(HERE, "DELETE", "/metrics/job/job---", "")
            .status(),
        202
    );

    let groups = variable("max_groups");
    for group in 0..groups {
        gateway.platform.pass(SECOND);
        assert_eq!(gateway.put(HERE, &format!("job{group:03}"), &largest), 200);
    }
    gateway.platform.pass(2 * SECOND);
    assert_eq!(gateway.put(HERE, "one_more", "m 1\n"), 429);
    // Who is there already may go on.
    assert_eq!(gateway.put(HERE, "job007", &largest), 200);

    // Two servers that scrape at the same moment.
    gateway.platform.pass(2 * SECOND);
    let before = gateway.platform.reads.all.get();
    for _ in 0..2 {
        let answer = gateway.send(HERE, "GET", "/metrics", "");
        assert_eq!(answer.status(), 200);
        let size = answer.body().len();
        assert!(size < MAX_RESPONSE_BYTES, "{size} bytes");
        // Not far below either: else the limits are for nothing.
        assert!(size > MAX_RESPONSE_BYTES / 2, "{size} bytes");
    }
    let reads = gateway.platform.reads.all.get() - before;
    assert_eq!(reads, 2 * (groups + 2));
    assert!(gateway.platform.largest_value.get() <= variable("max_entry_bytes"));
    assert!(gateway.platform.reads.most.get() <= READS_PER_SECOND);
    assert!(gateway.platform.writes.most.get() <= WRITES_PER_SECOND);
}

#[test]
fn the_limits_fit_together() {
    assert!(variable("max_entry_bytes") <= MAX_VALUE_BYTES);
    assert!(variable("max_groups") * variable("max_entry_bytes") < MAX_RESPONSE_BYTES);
    // The first push of a group may record each of its families, the labels, and itself.
    assert!(variable("max_families_per_push") + 2 < WRITES_PER_SECOND);
}

#[test]
fn a_push_costs_the_calls_that_the_page_counts() {
    let gateway = Gateway::new();
    gateway.platform.pass(SECOND);
    let cost = |job: &str, body: &str| {
        gateway.platform.pass(2 * SECOND);
        let before = (
            gateway.platform.reads.all.get(),
            gateway.platform.writes.all.get(),
        );
        assert_eq!(gateway.put(HERE, job, body), 200);
        (
            gateway.platform.reads.all.get() - before.0,
            gateway.platform.writes.all.get() - before.1,
        )
    };
    let ten = families(10, 1);
    // The group, its families and labels are new; listed for max_groups.
    assert_eq!(cost("first", &ten), (10 + 4 + 1, 10 + 2));
    assert_eq!(cost("first", &ten), (10 + 4, 1));
    // The group is new, nothing else. Its labels are those of the first: no other group can hold its series.
    assert_eq!(cost("second", &ten), (10 + 4 + 1, 1));
    let histogram = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
    assert_eq!(cost("second", histogram), (4 + 4, 2));
}

#[test]
fn fifty_pushes_a_second_and_a_scrape_go_through() {
    let gateway = Gateway::new();
    for second in 0..20 {
        for job in 0..WRITES_PER_SECOND {
            // Their first pushes write more, and come one by one.
            if second == 0 {
                gateway.platform.pass(SECOND);
            }
            let body = families(8, second);
            assert_eq!(
                gateway.put(HERE, &format!("job{job}"), &body),
                200,
                "{second}"
            );
        }
        if second > 0 && second % 5 == 0 {
            assert_eq!(gateway.send(HERE, "GET", "/metrics", "").status(), 200);
        }
        gateway.platform.pass(SECOND);
    }
    assert_eq!(gateway.platform.writes.most.get(), WRITES_PER_SECOND);
    assert!(gateway.platform.reads.most.get() <= READS_PER_SECOND);
}

#[test]
fn what_two_scrapes_leave_is_enough_for_33_pushes_of_eight_families() {
    let gateway = Gateway::new();
    for group in 0..variable("max_groups") {
        gateway.platform.pass(SECOND);
        assert_eq!(
            gateway.put(HERE, &format!("job{group}"), &families(8, 1)),
            200
        );
    }
    gateway.platform.pass(2 * SECOND);
    for _ in 0..2 {
        assert_eq!(gateway.send(HERE, "GET", "/metrics", "").status(), 200);
    }
    let mut pushes = (0..).map(|n| gateway.put(HERE, &format!("job{n}"), &families(8, 2)));
    assert_eq!(pushes.position(|status| status != 200), Some(33));
}

#[test]
fn without_a_token_nothing_of_it_is_spent() {
    let gateway = Gateway::new();
    for path in ["/metrics", "/metrics/job/j", "/api/v1/groups"] {
        for method in ["GET", "PUT", "DELETE"] {
            let status = gateway.send_unknown(HERE, method, path).status().as_u16();
            assert!(
                matches!(status, 401 | 404 | 405),
                "{method} {path}: {status}"
            );
        }
    }
    assert_eq!(gateway.platform.reads.all.get(), 0);
    assert_eq!(
        gateway.send_unknown(HERE, "GET", "/-/healthy").status(),
        200
    );
}
