//! Several gateways on one store.

use std::fs;
use std::path::Path;
use std::thread;

use crate::exposition::samples;
use crate::support::gateway::{Gateway, Options};
use crate::support::redis::Redis;
use crate::support::wait;

/// Starts a gateway on this Redis whose clock is wrong by so many seconds.
pub(crate) fn on_redis(redis: &Redis, folder: &Path, clock: &str) -> Gateway {
    let config = folder.join("runtime-config.toml");
    let text = format!(
        "[key_value_store.default]\ntype = \"redis\"\nurl = \"{}\"\n",
        redis.url()
    );
    fs::write(&config, text).expect("the runtime configuration");
    Options::new()
        .argument("--runtime-config-file")
        .argument(config.to_str().expect("UTF-8"))
        .argument("--clock-offset")
        .argument(clock)
        .start()
}

/// Pushes from several clients to two gateways in turn: different families to one group by POST, and a group for each
/// by PUT. Everything acknowledged must be there, each group as its last push left it.
fn push_to_both(gateways: [&Gateway; 2]) {
    const PUSHERS: usize = 6;
    const ROUNDS: usize = 15;
    thread::scope(|scope| {
        for pusher in 0..PUSHERS {
            scope.spawn(move || {
                let mut clients = gateways.map(Gateway::client);
                for round in 0..ROUNDS {
                    let client = &mut clients[(pusher + round) % 2];
                    let body = format!("family_{pusher} {round}\n");
                    assert_eq!(
                        client
                            .post("/metrics/job/shared", &body)
                            .expect("an answer")
                            .status,
                        200
                    );
                    let own = format!("/metrics/job/own/pusher/{pusher}");
                    let body = format!("own {round}\n");
                    assert_eq!(client.put(&own, &body).expect("an answer").status, 200);
                }
            });
        }
    });
    let last = ROUNDS - 1;
    let mut want: Vec<_> = (0..PUSHERS)
        .map(|n| format!("family_{n}{{instance=\"\",job=\"shared\"}} {last}"))
        .collect();
    want.extend(
        (0..PUSHERS).map(|n| format!("own{{instance=\"\",job=\"own\",pusher=\"{n}\"}} {last}")),
    );
    for gateway in gateways {
        assert_eq!(samples(&mut gateway.client()), want);
    }
}

#[test]
fn two_gateways_on_one_redis_lose_nothing() {
    let Some(redis) = Redis::start_or_skip() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ahead = on_redis(&redis, folder.path(), "7");
    let mut behind = on_redis(&redis, folder.path(), "-7");
    push_to_both([&ahead, &behind]);

    // One is killed in the middle of a push. The other has everything, and goes on.
    let mut client = behind.client();
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if client
                    .put("/metrics/job/killed", &format!("m {n}\n"))
                    .is_err()
                {
                    return;
                }
            }
        });
        let mut client = ahead.client();
        wait::until("some of them are stored", || {
            let samples = samples(&mut client);
            samples.iter().any(|sample| sample.starts_with("m{"))
        });
        behind.kill();
    });
    let mut client = ahead.client();
    assert!(
        samples(&mut client)
            .iter()
            .any(|sample| sample.starts_with("m{"))
    );
    assert_eq!(
        client
            .delete("/metrics/job/killed")
            .expect("an answer")
            .status,
        202
    );
    assert!(
        !samples(&mut client)
            .iter()
            .any(|sample| sample.starts_with("m{"))
    );
}

#[test]
fn two_gateways_on_one_file_lose_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let start = |clock: &str| {
        Options::new()
            .state_dir(folder.path())
            .argument("--clock-offset")
            .argument(clock)
            .start()
    };
    let (ahead, behind) = (start("7"), start("-7"));
    push_to_both([&ahead, &behind]);
}

#[test]
fn a_push_made_by_a_machine_whose_clock_is_behind_still_comes_after() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let start = |clock: &str| {
        Options::new()
            .state_dir(folder.path())
            .argument("--clock-offset")
            .argument(clock)
            .start()
    };
    let (ahead, behind) = (start("10"), start("-10"));
    let push = |gateway: &Gateway, body: &str| {
        assert_eq!(
            gateway
                .client()
                .post("/metrics/job/j", body)
                .expect("an answer")
                .status,
            200
        );
    };
    let seen = |want: &[&str]| {
        let want: Vec<_> = want
            .iter()
            .map(|sample| sample.replacen(' ', "{instance=\"\",job=\"j\"} ", 1))
            .collect();
        assert_eq!(samples(&mut ahead.client()), want);
    };
    push(&ahead, "a 1\nb 1\n");
    push(&behind, "a 2\nc 2\n");
    seen(&["a 2", "b 1", "c 2"]);
    push(&behind, "a 3\n");
    seen(&["a 3", "b 1", "c 2"]);
    push(&ahead, "a 4\nb 4\n");
    push(&behind, "a 5\nc 5\n");
    seen(&["a 5", "b 4", "c 5"]);
    assert_eq!(
        ahead
            .client()
            .put("/metrics/job/j", "a 6\nb 6\n")
            .expect("an answer")
            .status,
        200
    );
    push(&behind, "a 7\n");
    seen(&["a 7", "b 6"]);
}

#[test]
fn redis_may_go_away_and_come_back() {
    let Some(mut redis) = Redis::start_or_skip() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gateway = on_redis(&redis, folder.path(), "0");
    let mut client = gateway.client();
    assert_eq!(
        client
            .put("/metrics/job/j", "m 1\n")
            .expect("an answer")
            .status,
        200
    );
    redis.stop();
    let response = client.put("/metrics/job/j", "m 2\n").expect("an answer");
    assert_eq!(response.status, 503, "{response:?}");
    gateway
        .wait_for_log("msg=\"store failed\" detail=\"PUT /metrics/job/j: key-value store failed");
    assert_eq!(client.get("/metrics").expect("an answer").status, 503);
    assert_eq!(client.get("/-/ready").expect("an answer").status, 503);
    assert_eq!(client.get("/-/healthy").expect("an answer").status, 200);
    redis.restart();
    wait::until("the gateway finds Redis again", || {
        client.get("/-/ready").expect("an answer").status == 200
    });
    assert_eq!(samples(&mut client), ["m{instance=\"\",job=\"j\"} 1"]);
    assert_eq!(
        client
            .put("/metrics/job/j", "m 3\n")
            .expect("an answer")
            .status,
        200
    );
    assert_eq!(samples(&mut client), ["m{instance=\"\",job=\"j\"} 3"]);
}
