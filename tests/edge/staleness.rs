//! Reads that lag behind: what somebody sees in one region of what was pushed in another, and when.

use std::collections::BTreeMap;

use super::gateway::{Gateway, HERE, THERE, variables};
use super::platform::{FAR_LAG, NEAR_LAG, SECOND};

fn gateway() -> Gateway {
    Gateway::new()
}

/// Lets everything arrive everywhere.
fn settle(gateway: &Gateway) {
    gateway.platform.pass(FAR_LAG + SECOND);
}

/// Both regions, which must agree.
fn settled(gateway: &Gateway) -> Vec<String> {
    settle(gateway);
    let here = gateway.samples(HERE);
    assert_eq!(here, gateway.samples(THERE));
    here
}

#[test]
fn a_push_shows_in_its_region_first_and_elsewhere_later_and_never_in_half() {
    let gateway = gateway();
    assert_eq!(gateway.put(HERE, "j", "a 1\nb 1\n"), 200);
    settle(&gateway);
    assert_eq!(gateway.put(HERE, "j", "a 2\nc 2\n"), 200);
    let (old, new) = (["a{j} 1", "b{j} 1"], ["a{j} 2", "c{j} 2"]);
    assert_eq!(gateway.samples(HERE), old);
    gateway.platform.pass(NEAR_LAG);
    assert_eq!(gateway.samples(HERE), new);
    assert_eq!(gateway.samples(THERE), old);
    gateway.platform.pass(FAR_LAG - NEAR_LAG);
    assert_eq!(gateway.samples(THERE), new);
}

#[test]
fn of_puts_in_two_regions_the_later_stands_in_both() {
    let gateway = gateway();
    assert_eq!(gateway.put(HERE, "j", "a 1\n"), 200);
    gateway.platform.pass(SECOND / 2);
    assert_eq!(gateway.put(THERE, "j", "a 2\n"), 200);
    assert_eq!(settled(&gateway), ["a{j} 2"]);
}

#[test]
fn every_acknowledged_put_stands_until_the_next_whatever_regions_see_meanwhile() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let gateway = gateway();
        let mut last = BTreeMap::new();
        for step in 0..60 {
            gateway.platform.pass(random.u64(0..2 * SECOND));
            let job = format!("job{}", random.u8(0..4));
            // Bursts, now and then, that the platform refuses in part.
            for burst in 0..if random.u8(0..8) == 0 { 70 } else { 1 } {
                let value = step * 100 + burst;
                match gateway.put(random.usize(0..2), &job, &format!("m {value}\n")) {
                    200 => drop(last.insert(job.clone(), value)),
                    status => assert_eq!(status, 503),
                }
            }
            if random.bool() {
                gateway.send(random.usize(0..2), "GET", "/metrics", "");
            }
        }
        let want: Vec<_> = last
            .iter()
            .map(|(job, value)| format!("m{{{job}}} {value}"))
            .collect();
        assert_eq!(settled(&gateway), want, "seed {seed}");
    }
}

#[test]
fn posts_of_a_group_that_is_never_put_all_stay() {
    let gateway = gateway();
    assert_eq!(gateway.post(HERE, "j", "a 1\n"), 200);
    assert_eq!(gateway.post(THERE, "j", "b 1\n"), 200);
    assert_eq!(settled(&gateway), ["a{j} 1", "b{j} 1"]);
}

/// Exception (c) of `docs/guarantees.md`: why jobs on such a platform should PUT.
#[test]
fn a_post_that_is_shown_an_old_put_stays_invisible_until_the_next_push() {
    let gateway = gateway();
    assert_eq!(gateway.put(HERE, "j", "a 1\n"), 200);
    settle(&gateway);
    assert_eq!(gateway.put(HERE, "j", "a 2\n"), 200);
    assert_eq!(gateway.post(THERE, "j", "b 1\n"), 200);
    assert_eq!(settled(&gateway), ["a{j} 2"]);
    assert_eq!(gateway.post(THERE, "j", "b 2\n"), 200);
    assert_eq!(settled(&gateway), ["a{j} 2", "b{j} 2"]);
}

#[test]
fn a_deletion_takes_what_it_is_shown_and_may_have_to_be_repeated() {
    let gateway = gateway();
    let delete = |region| {
        gateway
            .send(region, "DELETE", "/metrics/job/j", "")
            .status()
    };
    assert_eq!(gateway.put(HERE, "j", "a 1\n"), 200);
    // Somebody elsewhere is told that it is done, but was shown no group.
    assert_eq!(delete(THERE), 202);
    assert_eq!(settled(&gateway), ["a{j} 1"]);
    assert_eq!(delete(THERE), 202);
    assert_eq!(settled(&gateway), [] as [&str; 0]);
}

#[test]
fn contradictions_from_two_regions_both_get_in_and_a_scrape_shows_one() {
    let gateway = gateway();
    assert_eq!(gateway.put(HERE, "a", "# TYPE m gauge\nm 1\n"), 200);
    assert_eq!(gateway.put(THERE, "b", "# TYPE m counter\nm 1\n"), 200);
    assert_eq!(settled(&gateway), ["m{a} 1"]);
    let text = gateway.send(HERE, "GET", "/metrics", "").into_body();
    let text = String::from_utf8(text).expect("text");
    assert!(text.contains("\npushgateway_series_left_out 1\n"), "{text}");
    // From now on one of them is told, until the other group is gone: the one whose record of the type came first.
    assert_eq!(gateway.put(THERE, "b", "# TYPE m counter\nm 2\n"), 200);
    assert_eq!(gateway.put(HERE, "a", "# TYPE m gauge\nm 2\n"), 400);
    assert_eq!(
        gateway.send(HERE, "DELETE", "/metrics/job/b", "").status(),
        202
    );
    settle(&gateway);
    assert_eq!(gateway.put(HERE, "a", "# TYPE m gauge\nm 2\n"), 200);
}

#[test]
fn regions_that_do_not_know_of_each_other_may_pass_the_limit_of_groups_together() {
    let mut variables = variables();
    variables.insert("max_groups".to_owned(), "1".to_owned());
    let gateway = Gateway::with(&variables);
    assert_eq!(gateway.put(HERE, "a", "m 1\n"), 200);
    assert_eq!(gateway.put(THERE, "b", "m 1\n"), 200);
    assert_eq!(settled(&gateway).len(), 2);
    assert_eq!(gateway.put(THERE, "c", "m 1\n"), 429);
    assert_eq!(gateway.put(THERE, "b", "m 2\n"), 200);
}

/// Why a lifetime there must be longer than the pauses between a job's pushes.
#[test]
fn a_region_that_lags_may_remove_a_group_as_long_over_that_has_just_been_pushed_again() {
    let mut variables = variables();
    variables.insert("group_ttl".to_owned(), "1h".to_owned());
    let gateway = Gateway::with(&variables);
    assert_eq!(gateway.put(HERE, "j", "m 1\n"), 200);
    // Longer than the lifetime and not twice: hidden, and safe to push again.
    gateway.platform.pass(90 * 60 * SECOND);
    assert_eq!(gateway.samples(THERE), [] as [&str; 0]);
    assert_eq!(gateway.put(HERE, "j", "m 2\n"), 200);
    assert_eq!(gateway.samples(THERE), [] as [&str; 0]);
    assert_eq!(settled(&gateway), ["m{j} 2"]);

    // Twice the lifetime: what a scrape elsewhere then removes is the new push, too.
    gateway.platform.pass(2 * 60 * 60 * SECOND);
    assert_eq!(gateway.put(HERE, "j", "m 3\n"), 200);
    assert_eq!(gateway.samples(THERE), [] as [&str; 0]);
    assert_eq!(settled(&gateway), [] as [&str; 0]);
}
