//! Expiry: pushes that are shown for a limited time, as whoever pushes and whoever looks sees them.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::exposition::{samples, value};
use crate::support::client::Client;
use crate::support::gateway::{Gateway, Options};
use crate::support::wait;

const HEADER: &str = "X-Pushgateway-TTL";

fn put(client: &mut Client, path: &str, ttl: Option<&str>, body: &str) -> (u16, String) {
    let headers: Vec<_> = ttl.map(|ttl| (HEADER, ttl)).into_iter().collect();
    let response = client
        .send("PUT", path, &headers, body.into())
        .expect("an answer");
    (response.status, response.text())
}

fn seconds_from_now(time: f64) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    time - now.expect("a clock").as_secs_f64()
}

#[test]
fn what_has_expired_is_gone_everywhere() {
    let gateway = Options::new().variable("group_ttl", "1h").start();
    let mut client = gateway.client();
    let fine = (200, String::new());
    assert_eq!(put(&mut client, "/metrics/job/hour", None, "a 1\n"), fine);
    assert_eq!(
        put(&mut client, "/metrics/job/moment", Some("1s"), "b 1\n"),
        fine
    );
    let expiry = "pushgateway_group_expiry_time_seconds{instance=\"\",job=\"hour\"}";
    let time = value(&mut client, expiry).expect("is exposed");
    assert!(
        (3_500.0..3_601.0).contains(&seconds_from_now(time)),
        "{time}"
    );

    wait::until("the end of the moment", || {
        samples(&mut client) == ["a{instance=\"\",job=\"hour\"} 1"]
    });
    for path in ["/metrics", "/api/v1/metrics", "/api/v1/groups", "/"] {
        let text = client.get(path).expect("an answer").text();
        assert!(
            text.contains("hour") && !text.contains("moment"),
            "{path}: {text}"
        );
    }
    let groups = client.get("/api/v1/groups?expires_within=2h");
    let groups: serde_json::Value =
        serde_json::from_slice(&groups.expect("an answer").body).expect("JSON");
    assert_eq!(groups["data"]["total"], 1);
    let told = groups["data"]["groups"][0]["expiry_time"].as_f64();
    assert!(
        (told.expect("a time") - time).abs() < 0.001,
        "{told:?} {time}"
    );

    // The page counts what is hidden but still stored.
    let page = client.get("/").expect("a page").text();
    assert!(page.contains("1 expired"), "{page}");
    // A family of another type: nothing is left of the group that could contradict.
    assert_eq!(
        put(
            &mut client,
            "/metrics/job/other",
            None,
            "# TYPE b counter\nb 1\n"
        ),
        fine
    );
}

#[test]
fn an_expired_group_contradicts_nothing_while_it_is_stored() {
    let gateway = Options::new().variable("max_group_ttl", "1h").start();
    let mut client = gateway.client();
    let fine = (200, String::new());
    let other = "# TYPE b counter\nb 1\n";
    assert_eq!(
        put(&mut client, "/metrics/job/a?ttl=1s", None, "b 1\n"),
        fine
    );
    assert_eq!(put(&mut client, "/metrics/job/other", None, other).0, 400);
    wait::until("the end of the group", || {
        put(&mut client, "/metrics/job/other", None, other) == fine
    });
    // It comes back with what is pushed now, and nothing else.
    let response = client.post("/metrics/job/a", "c 1\n").expect("an answer");
    assert_eq!(response.status, 200);
    assert_eq!(
        samples(&mut client),
        [
            "b{instance=\"\",job=\"other\"} 1",
            "c{instance=\"\",job=\"a\"} 1"
        ]
    );
}

#[test]
fn a_rejected_push_expires_too() {
    let gateway = Options::new().variable("group_ttl", "1s").start();
    let mut client = gateway.client();
    let failure = "push_failure_time_seconds{instance=\"\",job=\"a\"}";
    assert_eq!(
        put(&mut client, "/metrics/job/a", None, "b{__x=\"1\"} 1\n").0,
        400
    );
    wait::until("the end of the group", || {
        value(&mut client, failure).is_none()
    });
}

#[test]
fn nobody_is_shown_for_longer_than_the_limit() {
    let gateway = Options::new()
        .variable("group_ttl", "30m")
        .variable("max_group_ttl", "1h")
        .start();
    let mut client = gateway.client();
    let cases = [
        ("/metrics/job/a", None, 1_800.0),
        ("/metrics/job/b", Some("10m"), 600.0),
        ("/metrics/job/c", Some("48h"), 3_600.0),
        ("/metrics/job/d?ttl=15m", None, 900.0),
        ("/metrics/job/e?ttl=15m", Some("20m"), 1_200.0),
    ];
    for (path, ttl, want) in cases {
        assert_eq!(put(&mut client, path, ttl, "a 1\n").0, 200);
        let job = path.split(['/', '?']).nth(3).expect("a job");
        let name = format!("pushgateway_group_expiry_time_seconds{{instance=\"\",job=\"{job}\"}}");
        let left = seconds_from_now(value(&mut client, &name).expect("is exposed"));
        assert!(
            (want - 60.0..=want).contains(&left),
            "{path} {ttl:?}: {left}"
        );
    }
}

#[test]
fn a_time_that_is_none_is_refused_and_changes_nothing() {
    let gateway = Options::new().variable("group_ttl", "1h").start();
    let mut client = gateway.client();
    for (path, ttl, place) in [
        (
            "/metrics/job/a",
            Some("soon"),
            "X-Pushgateway-TTL is \"soon\"",
        ),
        ("/metrics/job/a?ttl=60", None, "ttl is \"60\""),
    ] {
        let want = format!("{place}: expected a duration above zero, such as 90m, 48h or 1d12h\n");
        assert_eq!(put(&mut client, path, ttl, "a 1\n"), (400, want));
    }
    assert_eq!(samples(&mut client), [] as [String; 0]);
}

#[test]
fn without_the_variables_nothing_expires_as_in_the_pushgateway() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let path = "/metrics/job/a?ttl=nonsense";
    assert_eq!(
        put(&mut client, path, Some("1ms"), "a 1\n"),
        (200, String::new())
    );
    let text = client.get("/metrics").expect("a scrape").text();
    assert!(text.contains("a{instance=\"\",job=\"a\"} 1\n"), "{text}");
    assert!(!text.contains("expiry"), "{text}");
}
