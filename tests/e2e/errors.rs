//! What is refused, how it is said, and that it changes nothing.

use std::fs;

use crate::exposition::{samples, value};
use crate::shared_store::on_redis;
use crate::support::client::Body;
use crate::support::gateway::{Gateway, Options};
use crate::support::redis::Redis;

#[test]
fn mistakes_are_explained() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let inconsistent = "pushed metrics are invalid or inconsistent with existing metrics: ";
    let cases = [
        (
            "m 1",
            "text format parsing error in line 1: unexpected end of input stream".to_owned(),
            "--data-binary",
        ),
        (
            "a 1\nm 1\r\n",
            "text format parsing error in line 2: expected float as value, got \"1\\r\"".to_owned(),
            "carriage return",
        ),
        (
            "m 1 1234\n",
            format!("{inconsistent}pushed metrics must not have timestamps"),
            "remove the timestamps",
        ),
        (
            "go_goroutines 1\n",
            format!(
                "{inconsistent}gathered metric family go_goroutines has type UNTYPED but should have GAUGE"
            ),
            "",
        ),
    ];
    for (body, text, hint) in cases {
        let response = client.put("/metrics/job/j", body).expect("an answer");
        assert_eq!(response.status, 400, "{body:?}");
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        let answer = response.text();
        assert_eq!(answer.lines().next(), Some(text.as_str()), "{body:?}");
        assert!(answer.contains(hint), "{answer}");
    }
}

#[test]
fn a_rejected_push_changes_nothing_but_the_failure_time() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    client
        .put("/metrics/job/a", "# TYPE m counter\nm 1\n")
        .expect("an answer");
    let push_time = "push_time_seconds{instance=\"\",job=\"a\"}";
    let failure_time = "push_failure_time_seconds{instance=\"\",job=\"a\"}";
    let pushed = value(&mut client, push_time);

    // What cannot be parsed leaves no trace at all.
    assert_eq!(
        client
            .put("/metrics/job/a", "nonsense\n")
            .expect("an answer")
            .status,
        400
    );
    assert_eq!(value(&mut client, failure_time), Some(0.0));
    // What contradicts is remembered.
    let response = client
        .put("/metrics/job/a", "m{__x=\"1\"} 1\n")
        .expect("an answer");
    assert_eq!(response.status, 400);
    assert!(value(&mut client, failure_time).is_some_and(|time| time > 0.0));
    assert_eq!(value(&mut client, push_time), pushed);
    // Also for a group that was not there.
    let response = client
        .put("/metrics/job/b", "# TYPE m gauge\nm 1\n")
        .expect("an answer");
    assert_eq!(response.status, 400);
    assert!(response.text().contains("is not a COUNTER"), "{response:?}");
    assert_eq!(
        value(&mut client, "push_time_seconds{instance=\"\",job=\"b\"}"),
        Some(0.0)
    );
    assert_eq!(samples(&mut client), ["m{instance=\"\",job=\"a\"} 1"]);
    gateway.wait_for_log("level=warn msg=\"push rejected\"");
}

#[test]
fn contradictions_with_other_groups_are_refused_until_those_are_gone() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let mut put = |path: &str, body: &str| client.put(path, body).expect("an answer").status;
    assert_eq!(
        put(
            "/metrics/job/a",
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n"
        ),
        200
    );
    assert_eq!(put("/metrics/job/b", "h_count 1\n"), 400);
    assert_eq!(put("/metrics/job/b", "h 1\n"), 400);
    // The only group with the family may change its mind, again and again.
    for _ in 0..3 {
        assert_eq!(put("/metrics/job/a", "h 1\n"), 200);
        assert_eq!(put("/metrics/job/a", "# TYPE h summary\nh_count 1\n"), 200);
    }
    assert_eq!(put("/metrics/job/b", "h_bucket 1\n"), 200);
    assert_eq!(
        put("/metrics/job/a", "# TYPE h histogram\nh_count 1\n"),
        400
    );
    assert_eq!(
        client.delete("/metrics/job/b").expect("an answer").status,
        202
    );
    assert_eq!(
        client
            .put("/metrics/job/a", "# TYPE h histogram\nh_count 1\n")
            .expect("an answer")
            .status,
        200
    );
}

#[test]
fn a_series_can_be_in_one_group_only() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let mut put = |path: &str, body: &str| client.put(path, body).expect("an answer").status;
    assert_eq!(put("/metrics/job/j", "m{instance=\"i\"} 1\nm 2\n"), 200);
    assert_eq!(put("/metrics/job/j/instance/other", "m 1\n"), 200);
    assert_eq!(put("/metrics/job/j/instance/i", "m 1\n"), 400);
    assert_eq!(
        put("/metrics/job/j/zone/z", "m{zone=\"z\",instance=\"i\"} 1\n"),
        200
    );
    assert_eq!(
        put("/metrics/job/j", "m{zone=\"z\",instance=\"i\"} 1\n"),
        400
    );
    assert_eq!(put("/metrics/job/j", "m 2\n"), 200);
    assert_eq!(put("/metrics/job/j/instance/i", "m 1\n"), 200);
}

#[test]
fn a_store_that_fails_is_never_a_success() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let faults = folder.path().join("faults.toml");
    fs::write(&faults, "").expect("the fault file");
    let gateway = Options::new()
        .argument("--fault-file")
        .argument(faults.to_str().expect("UTF-8"))
        .start();
    let mut client = gateway.client();
    assert_eq!(client.get("/-/ready").expect("an answer").status, 200);
    fs::write(
        &faults,
        "fail = [\"get\", \"set\", \"delete\", \"list-keys\", \"get-many\", \"set-many\", \"delete-many\"]\n\
         message = \"disk on fire\"\n",
    )
    .expect("the fault file");
    for (method, path, body) in [
        ("PUT", "/metrics/job/j", "m 1\n"),
        ("POST", "/metrics/job/j", "m 1\n"),
        ("PUT", "/metrics/job/j", "m 1 1\n"),
        ("DELETE", "/metrics/job/j", ""),
        ("GET", "/metrics", ""),
        ("GET", "/-/ready", ""),
    ] {
        let response = client
            .send(method, path, &[], body.into())
            .expect("an answer");
        assert_eq!(response.status, 503, "{method} {path}");
        assert_eq!(response.header("retry-after"), Some("1"));
        assert!(response.text().contains("disk on fire"), "{response:?}");
    }
    assert_eq!(client.get("/-/healthy").expect("an answer").status, 200);
    fs::write(&faults, "").expect("the fault file");
    assert_eq!(samples(&mut client), [] as [&str; 0]);
    assert_eq!(
        client
            .put("/metrics/job/j", "m 1\n")
            .expect("an answer")
            .status,
        200
    );
}

#[test]
fn a_body_that_is_too_large_is_refused_while_it_is_read() {
    let gateway = Options::new().variable("max_push_bytes", "1000").start();
    let mut client = gateway.client();
    let line = b"some_metric 1234567890\n".as_slice();
    let fits: Vec<u8> = [b"# ".as_slice(), &[b'x'; 997], b"\n"].concat();
    assert_eq!(
        client
            .put("/metrics/job/j", &fits)
            .expect("an answer")
            .status,
        200
    );
    let announced = vec![b'x'; 1001];
    for body in [Body::Fixed(&announced), Body::Chunked(&[line; 50])] {
        let response = client
            .send("PUT", "/metrics/job/j", &[], body)
            .expect("an answer");
        assert_eq!(response.status, 413);
        assert!(
            response
                .text()
                .contains("max_push_bytes allows (1000 bytes"),
            "{response:?}"
        );
    }
    assert_eq!(samples(&mut client), [] as [&str; 0]);
}

#[test]
fn an_entry_that_is_too_large_for_the_store_is_refused() {
    let gateway = Options::new().variable("max_entry_bytes", "500").start();
    let mut client = gateway.client();
    assert_eq!(
        client
            .put("/metrics/job/j", "m 1\n")
            .expect("an answer")
            .status,
        200
    );
    let body: String = (0..20).map(|n| format!("m{{n=\"{n}\"}} 1\n")).collect();
    let response = client.put("/metrics/job/j", &body).expect("an answer");
    assert_eq!(response.status, 413);
    assert!(
        response.text().contains("max_entry_bytes allows 500"),
        "{response:?}"
    );
    assert_eq!(samples(&mut client), ["m{instance=\"\",job=\"j\"} 1"]);
}

#[test]
fn a_malformed_variable_is_a_clear_failure() {
    let gateway = Options::new().variable("max_push_bytes", "lots").start();
    let mut client = gateway.client();
    for path in ["/-/ready", "/metrics"] {
        let response = client.get(path).expect("an answer");
        assert_eq!(response.status, 500);
        assert_eq!(
            response.text(),
            "variable max_push_bytes is set to something else than a number of bytes above zero\n"
        );
    }
}

#[test]
fn what_is_damaged_in_the_store_is_skipped_and_counted() {
    let Some(redis) = Redis::start_or_skip() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gateway = on_redis(&redis, folder.path(), "0");
    let mut client = gateway.client();
    client.put("/metrics/job/a", "m 1\n").expect("an answer");
    // Cuts the entry short, and leaves a key of another program.
    let damage = "local key = redis.call('KEYS', 'pgw1:g:*')[1] \
                  redis.call('SET', key, string.sub(redis.call('GET', key), 1, 40)) \
                  redis.call('SET', 'somebody', 'else') \
                  return 'damaged'";
    assert!(
        redis
            .command(&format!("EVAL \"{damage}\" 0"))
            .contains("damaged")
    );
    client.put("/metrics/job/b", "m 2\n").expect("an answer");
    assert_eq!(samples(&mut client), ["m{instance=\"\",job=\"b\"} 2"]);
    assert_eq!(value(&mut client, "pushgateway_entries_skipped"), Some(1.0));
    gateway.wait_for_log("skipped entry pgw1:g:");
    assert_eq!(redis.command("GET somebody"), "$4\r\nelse\r\n");
}
