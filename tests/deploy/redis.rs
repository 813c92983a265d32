//! `deploy/redis`: the gateway with exactly that runtime configuration, on a Redis with exactly those settings.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::manifests::Secrets;
use crate::support::files;
use crate::support::gateway::{Gateway, Options};
use crate::support::redis::Redis;
use crate::support::wait;

/// A gateway with the shipped runtime configuration.
fn gateway(redis: &Redis, folder: &Path) -> Gateway {
    let shipped = files::read("deploy/redis/runtime-config.toml");
    configured(&shipped, "127.0.0.1:6379", redis, folder)
}

/// A gateway with that runtime configuration, but for the address of Redis.
fn configured(config: &str, address: &str, redis: &Redis, folder: &Path) -> Gateway {
    assert_eq!(
        config.matches(&format!("\"redis://{address}/3\"")).count(),
        1
    );
    let file = folder.join("runtime-config.toml");
    let config = config.replace(address, &redis.address().to_string());
    fs::write(&file, config).expect("the runtime configuration");
    Options::new()
        .argument("--runtime-config-file")
        .argument(file.to_str().expect("UTF-8"))
        .start()
}

fn samples_of(gateway: &Gateway, name: &str) -> Vec<String> {
    let text = gateway.client().get("/metrics").expect("a scrape").text();
    text.lines()
        .filter(|line| line.starts_with(name))
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_is_acknowledged_outlives_the_gateway_and_redis() {
    let config = files::path("deploy/redis/redis.conf");
    let Some(mut redis) = Redis::with_config_or_skip(&config) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut first = gateway(&redis, folder.path());
    let second = gateway(&redis, folder.path());
    let push = |gateway: &Gateway, path: &str, body: &str| {
        let response = gateway.client().post(path, body).expect("an answer");
        assert_eq!(response.status, 200, "{response:?}");
    };
    push(&first, "/metrics/job/backup", "size_bytes 1\n");
    push(&second, "/metrics/job/backup", "duration_seconds 2\n");

    first.kill();
    redis.kill();
    redis.restart();
    let mut client = second.client().with_timeout(Duration::from_secs(60));
    wait::until("the gateway finds Redis again", || {
        client
            .get("/-/ready")
            .is_ok_and(|ready| ready.status == 200)
    });
    let labels = "{instance=\"\",job=\"backup\"}";
    assert_eq!(
        samples_of(&second, "size_bytes"),
        [format!("size_bytes{labels} 1")]
    );
    assert_eq!(
        samples_of(&second, "duration_seconds"),
        [format!("duration_seconds{labels} 2")]
    );
}

#[test]
fn the_gateway_keeps_to_its_database_and_leaves_other_keys_alone() {
    let config = files::path("deploy/redis/redis.conf");
    let Some(redis) = Redis::with_config_or_skip(&config) else {
        return;
    };
    // On two databases: neighbours in its own, and everybody else's.
    assert_eq!(redis.command("SET theirs 1"), "+OK\r\n");
    assert_eq!(redis.command_in(3, "SET neighbour 1"), "+OK\r\n");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gateway = gateway(&redis, folder.path());
    let mut client = gateway.client();
    assert_eq!(
        client
            .put("/metrics/job/j", "m 1\n")
            .expect("an answer")
            .status,
        200
    );
    assert_eq!(redis.command("DBSIZE"), ":1\r\n");
    assert_ne!(redis.command_in(3, "DBSIZE"), ":1\r\n");
    assert_eq!(samples_of(&gateway, "m{"), ["m{instance=\"\",job=\"j\"} 1"]);

    assert_eq!(
        client.delete("/metrics/job/j").expect("an answer").status,
        202
    );
    assert_eq!(redis.command_in(3, "GET neighbour"), "$1\r\n1\r\n");
    assert_eq!(redis.command("GET theirs"), "$1\r\n1\r\n");
}

#[test]
fn a_full_redis_refuses_pushes_and_drops_no_group() {
    let config = files::path("deploy/redis/redis.conf");
    let Some(redis) = Redis::with_config_or_skip(&config) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gateway = gateway(&redis, folder.path());
    let mut client = gateway.client();
    assert_eq!(
        client
            .put("/metrics/job/j", "m 1\n")
            .expect("an answer")
            .status,
        200
    );
    assert_eq!(redis.command("CONFIG SET maxmemory 1"), "+OK\r\n");
    let refused = client.put("/metrics/job/j", "m 2\n").expect("an answer");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(samples_of(&gateway, "m{"), ["m{instance=\"\",job=\"j\"} 1"]);

    assert_eq!(redis.command("CONFIG SET maxmemory 1gb"), "+OK\r\n");
    assert_eq!(
        client
            .put("/metrics/job/j", "m 2\n")
            .expect("an answer")
            .status,
        200
    );
    assert_eq!(samples_of(&gateway, "m{"), ["m{instance=\"\",job=\"j\"} 2"]);
}

#[test]
fn the_runtime_configuration_in_the_secret_for_kubernetes_is_that_of_the_file() {
    let Some(redis) = Redis::start_or_skip() else {
        return;
    };
    let secrets = Secrets::of("deploy/kubernetes");
    let config = secrets.get("pushgateway", "runtime-config.toml");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gateway = configured(config, "redis:6379", &redis, folder.path());
    let pushed = gateway.client().put("/metrics/job/j", "m 1\n");
    assert_eq!(pushed.expect("an answer").status, 200);
    assert_ne!(redis.command_in(3, "DBSIZE"), ":0\r\n");
}
