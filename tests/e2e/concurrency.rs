//! Many pushes at once.

use std::sync::Barrier;
use std::thread;

use crate::exposition::samples;
use crate::support::gateway::Gateway;

#[test]
fn fifty_posts_of_different_families_to_one_group_all_count() {
    const PUSHERS: usize = 50;
    let gateway = Gateway::start();
    let barrier = Barrier::new(PUSHERS);
    thread::scope(|scope| {
        for n in 0..PUSHERS {
            let (gateway, barrier) = (&gateway, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let response = gateway
                    .client()
                    .post("/metrics/job/j", &format!("m{n:02} {n}\n"));
                assert_eq!(response.expect("an answer").status, 200);
            });
        }
    });
    let want: Vec<_> = (0..PUSHERS)
        .map(|n| format!("m{n:02}{{instance=\"\",job=\"j\"}} {n}"))
        .collect();
    assert_eq!(samples(&mut gateway.client()), want);
}

#[test]
fn more_sets_of_families_than_a_group_has_slots_for_all_count() {
    const PUSHERS: usize = 8;
    const ROUNDS: usize = 40;
    let gateway = Gateway::start();
    thread::scope(|scope| {
        for pusher in 0..PUSHERS {
            let gateway = &gateway;
            scope.spawn(move || {
                let mut client = gateway.client();
                for round in 0..ROUNDS {
                    let body = format!("m{pusher}_{round} 1\ncommon_{pusher} {round}\n");
                    assert_eq!(
                        client
                            .post("/metrics/job/j", &body)
                            .expect("an answer")
                            .status,
                        200
                    );
                }
            });
        }
    });
    let got = samples(&mut gateway.client());
    assert_eq!(got.len(), PUSHERS * ROUNDS + PUSHERS);
    for pusher in 0..PUSHERS {
        let last = format!("common_{pusher}{{instance=\"\",job=\"j\"}} {}", ROUNDS - 1);
        assert!(got.contains(&last), "{last} is not in {got:?}");
    }
}

#[test]
fn a_group_that_is_replaced_while_it_is_scraped_is_never_seen_in_half() {
    const PUTS: usize = 200;
    let gateway = Gateway::start();
    let mut client = gateway.client();
    client
        .put("/metrics/job/j", "a 0\nb 0\n")
        .expect("an answer");
    thread::scope(|scope| {
        let pusher = scope.spawn(|| {
            let mut client = gateway.client();
            for n in 1..=PUTS {
                let response = client.put("/metrics/job/j", &format!("a {n}\nb {n}\n"));
                assert_eq!(response.expect("an answer").status, 200);
            }
        });
        let mut last = 0;
        while !pusher.is_finished() {
            let got = samples(&mut client);
            let numbers: Vec<usize> = got
                .iter()
                .map(|sample| {
                    sample
                        .rsplit(' ')
                        .next()
                        .and_then(|value| value.parse().ok())
                        .expect("a number")
                })
                .collect();
            let [a, b] = numbers.as_slice() else {
                panic!("both families: {got:?}")
            };
            assert_eq!(a, b);
            assert!(*a >= last, "{a} after {last}");
            last = *a;
        }
    });
}
